import type { MoverState } from '../host/managed-mover.ts'
import type { TracePage } from '../trace-event.ts'

/** `GET /status` of the supervisor. */
export interface SupervisorStatus {
  supervisor: {
    version: string
    pid: number
    uptimeSec: number
    /** The file; null for the built-in defaults. */
    config: string | null
    stateDir: string
  }
  movers: MoverState[]
}

/** A token that a mover holds or waits for. */
export interface TokenStatus {
  mover: string
  kind: 'WF_R' | 'BR_R' | 'BR_W' | 'WF_X'
  /** Blocks of 4 KiB, half-open; an end of null is that of the file, and null the whole file. */
  blocks: [first: number, end: number | null] | null
}

/** The tokens of one file that movers share now. */
export interface FileTokens {
  volume: string
  ino: number
  held: TokenStatus[]
  /** In the order of their asking. */
  waiting: TokenStatus[]
}

/** Who has or wants a client lock. */
export interface LockOwnerStatus {
  mover: string
  protocol: string
  /** As it calls itself, and where it calls from. */
  client: string
  /** Who of the client, as far as it can be read. */
  owner: string
}

/** Who has, or wants before another one, the lock that this one waits for: `id` is that of this lock. */
export interface LockInTheWay extends LockOwnerStatus {
  id: string
}

/** A client's lock, or what it waits for. */
export interface ClientLockStatus extends LockOwnerStatus {
  /** Names it for `locks break`, for as long as it stays as it is. */
  id: string
  volume: string
  ino: number
  /** Of an open: what it does and what it denies to others (bits: 1 read, 2 write, 4 delete). */
  lock: 'exclusive' | 'shared' | { access: number; deny: number }
  /** Half-open, in decimal; an end of null is 2^64. Null for an open. */
  bytes: [start: string, end: string | null] | null
  /** Null: it is held. */
  waitsFor: LockInTheWay[] | null
  /** It waits for more than these. */
  waitsForMore: boolean
}

/** Requests for locks of a file that wait behind those that are shown: of one client, so many. */
export interface MoreWaiting extends Omit<LockOwnerStatus, 'owner'> {
  volume: string
  ino: number
  count: number
}

/** Locks that clients of a mover hold besides those that are shown: of a file, or of all files that are not shown (null). */
export interface MoreHeld {
  mover: string
  volume: string
  ino: number | null
  count: number
}

/**
 * `GET /locks` of a mover: tokens of the volumes whose primary it is and who waits for client locks there; client locks that
 * its own clients hold. Of each file the first requests and the first locks are shown, and how many more there are; of a
 * volume so many locks together.
 */
export interface MoverLocks {
  files: FileTokens[]
  held: ClientLockStatus[]
  moreHeld: MoreHeld[]
  waiting: ClientLockStatus[]
  moreWaiting: MoreWaiting[]
}

/** `GET /locks/find?id=` of a mover: a lock of one of its own clients, shown or not. */
export interface LockFound {
  lock: ClientLockStatus | null
}

/** Clients at one address: how many locks they have, or wait for. */
export interface ClientCount {
  mover: string
  address: string
  /** As they call themselves. */
  names: string[]
  /** There are more names than these. */
  moreNames: boolean
  count: number
}

/** `GET /clients` of a mover: locks of its own clients; whose clients wait where it is primary. */
export interface MoverClients {
  held: ClientCount[]
  waiting: ClientCount[]
}

/** `POST /locks/break?id=` of a mover: whether the lock was there. */
export interface LockBroken {
  broken: boolean
}

/** `GET /find?file=` of a mover: what it says of a file of a volume whose primary it is; null for any other. */
export interface MoverFound {
  file: FoundFile | null
}

export type FoundFile = { volume: string; ino: number } | { problem: string }

/** `GET /trace?volume=&ino=&trace=&after=` of a mover: what it has said about a file since that event of that trace. */
export type MoverTrace = TracePage | { problem: string }

/** One procedure's counters; `micros` is the time from arrival to answer of all calls together. */
export interface ProcedureStatus {
  program: string
  version: number
  procedure: string
  calls: number
  errors: number
  micros: number
}

/** Bytes of one volume, and whatever its engine counts (log, checkpoints, cache): numbers by name. */
export interface VolumeStatus {
  name: string
  device: string
  /** Why the volume is read-only, and what to do; null while it can be written. */
  readOnly: string | null
  totalBytes: number
  freeBytes: number
  totalFiles: number
  freeFiles: number
  counters: Record<string, number>
}

/** `GET /status` of a mover. */
export interface MoverStatus {
  mover: {
    name: string
    pid: number
    uptimeSec: number
    rssBytes: number
    heapUsedBytes: number
    externalBytes: number
  }
  volumes: VolumeStatus[]
  procedures: ProcedureStatus[]
  /** Counters of connections and RPC: numbers by name. */
  network: Record<string, number>
  rpc: Record<string, number>
  /** What the lock server remembers of clients: see `NlmStatistics`; and calls to clients that are under way. */
  locks: Record<string, number>
  mounts: { host: string; path: string }[]
}
