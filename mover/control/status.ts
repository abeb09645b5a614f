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

/** `GET /locks` of a mover: of the volumes whose primary it is. */
export interface MoverLocks {
  files: FileTokens[]
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
  mounts: { host: string; path: string }[]
}
