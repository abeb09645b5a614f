import type { Logger } from 'pino'
import type { VolumeTrace } from './authority/trace.ts'
import type { VolumeConfig } from './config/schema.ts'
import type { FileTokens, VolumeStatus } from './control/status.ts'
import type { Environment } from './environment.ts'
import type { Failure } from './failure.ts'
import type { LockListener } from './files/client-locks.ts'
import type { FileService, Operation } from './files/service.ts'
import { readBootId } from './host/process-identity.ts'
import type { Lease } from './lease.ts'
import type { ClientLock, LockOutcome } from './locks/client-lock.ts'
import type { LockHolder } from './locks/lock-holder.ts'
import type { PrimaryReign } from './primary-reign.ts'
import { RealEnvironment } from './real-environment.ts'
import type { ReplayMemory } from './rpc/runner.ts'
import type { SharedDevice } from './sessions/reception.ts'
import type { BlockDevice } from './store/device.ts'
import type { FileDevice } from './store/file-device.ts'
import { IoLanes } from './store/io-lanes.ts'
import { openFileDevice } from './store/open-device.ts'
import { PagePool } from './store/page-pool.ts'
import { detectSignature, signatureReader } from './store/signature.ts'
import { promise, type Task } from './task.ts'
import { checkDevice } from './volume/check/check.ts'
import { findSuperblock } from './volume/device-io.ts'
import { growVolume as enlargeVolume } from './volume/grow.ts'
import type { Inode } from './volume/inode.ts'
import { makeVolume as formatVolume } from './volume/mkfs.ts'
import type { OpenOptions } from './volume/open.ts'
import { checkOwner, parseBootId } from './volume/owner.ts'
import { lastTermOf } from './volume/reign.ts'
import { MAGIC } from './volume/superblock.ts'

const PAGE_BYTES = 4096
/** Share of the cache for tree nodes; the rest holds file pages, also at a secondary: it may become primary at any time. */
const NODE_SHARE = 0.25
/** The node pool's hard limit over its share: unwritten nodes may exceed it between checkpoints. */
const NODE_OVERCOMMIT = 2
const LEAST_NODES = 4096
const LEAST_PAGES = 4096
/** Inodes kept in memory, at about 400 bytes each. */
export const INODE_CAPACITY = 65_536

/** A volume of the configuration with the descriptor that claims its device. */
export interface ClaimedVolume {
  config: VolumeConfig
  fd: number
}

/** What the volumes of a mover have in common. */
export interface VolumeHost {
  /** Memory for file pages and tree nodes of one volume, bytes. */
  cacheBytes: number
  lanes: IoLanes
  /** Between movers, ms. */
  leaseMs: number
  /** How long clients have to reclaim locks that their mover has lost, ms. */
  graceMs: number
  /** All movers of the configuration, by name, and this one. */
  movers: readonly string[]
  self: string
  /** Nothing is read or written without it. */
  lease: Lease
  environment: Environment
  logger: Logger
  /** A volume cannot be served any more (failed flush, fenced): the mover must end, and start anew. */
  onFatal: (reason: string) => void
}

/** A volume that is being served. */
export interface OpenedVolume {
  name: string
  service: FileService
  /** An inode by its number alone, for exports and their directories; STALE when there is none. */
  inodeByNumber(op: Operation, ino: number): Inode | Failure
  /** What the volume is to the movers that share it when this one is its primary; null while another one is. */
  readonly reign: PrimaryReign | null
  /** Answers of calls that changed the volume, as its log remembers them. */
  replayMemory: ReplayMemory
  status(): VolumeStatus
  /** Which movers hold and await which tokens, `self` being this one; nothing while another mover is primary. */
  tokens(self: string): Iterable<FileTokens>
  readonly locks: OwnLocks
  /** Takes a client's lock away, or what it waits for; the client is not told. */
  breakLock(ino: number, lock: ClientLock): void
  /** What this mover says about files that somebody traces. */
  readonly trace: VolumeTrace
}

/** Locks of this mover's clients. What is iterated over may change in between. */
export interface OwnLocks {
  /** Files of which they hold or want any, now. */
  inos(): number[]
  /** How many they hold of a file. */
  held(ino: number): number
  /** Those that they hold of a file, then those that they wait for. */
  of(ino: number): Iterable<{ lock: ClientLock; isHeld: boolean }>
  /** Clients with how many locks each holds: by the name that `LockOwner.client` is. */
  clients(): Iterable<{ name: string; locks: number }>
}

/** What `check` found. */
export interface CheckReport {
  /** One line each; empty when the volume is whole. */
  problems: string[]
  /** Things worth knowing that are no damage. */
  notes: string[]
  /** What was counted: numbers by name. */
  counts: Record<string, number>
}

/** File pages of a cache of so many bytes. */
export function pagesOf(cacheBytes: number): number {
  return Math.max(LEAST_PAGES, Math.floor((cacheBytes * (1 - NODE_SHARE)) / PAGE_BYTES))
}

/** Bytes of a cache for tree nodes. */
export function nodeBytesOf(cacheBytes: number): number {
  return cacheBytes * NODE_SHARE
}

/** Opens a volume's device through its claim, for reading and writing; takes nothing for its own. */
export function deviceOf(claimed: ClaimedVolume, lanes: IoLanes, log: (line: string) => void): FileDevice {
  return openFileDevice(claimed.config.device, { claimFd: claimed.fd, lanes, log })
}

/** Lets a device go when all requests have ended. */
export function closeDevice(device: FileDevice): Promise<void> {
  return new Promise((resolve, reject) => device.close((error) => (error === null ? resolve() : reject(error))))
}

/** What a device is to this mover, for others to compare with what it is to them. */
export function describeDevice({ identity, direct }: FileDevice): SharedDevice {
  return { identity, direct }
}

export function openOptions(device: BlockDevice, env: Environment, nodeBytes: number): OpenOptions {
  const nodeCapacity = Math.max(LEAST_NODES, Math.floor(nodeBytes / PAGE_BYTES))
  const nodePool = new PagePool(nodeCapacity * NODE_OVERCOMMIT)
  return { device, env, nodePool, nodeCapacity, leastTerm: 1 }
}

/**
 * Makes an empty volume on a claimed device, giving up what was there. Without `force` it refuses a device that holds a
 * known signature or anything but zeros in its first MiB, and names what it found.
 */
export async function makeVolume(claimed: ClaimedVolume, options: { force: boolean }): Promise<void> {
  const device = deviceOf(claimed, new IoLanes(), () => {})
  try {
    if (!options.force) refuseOccupied(claimed, device.sizeBytes)
    const env = new RealEnvironment()
    await whole(checkOwner({ device, env, bootId: bootId() }))
    await whole(formatVolume({ ...openOptions(device, env, 0), label: claimed.config.name }))
  } finally {
    await closeDevice(device).catch(() => {})
  }
}

function refuseOccupied({ config, fd }: ClaimedVolume, sizeBytes: number): void {
  const found = detectSignature(signatureReader(fd, sizeBytes), {
    magic: Buffer.from(MAGIC),
    name: 'a Lockkeeper volume',
  })
  if (found === null) return
  throw new Error(`${config.device} holds ${found}; mkfs --force gives it up`)
}

/** Reads everything of a volume that nobody serves and says what is wrong with it; changes nothing. */
export async function checkVolume(claimed: ClaimedVolume): Promise<CheckReport> {
  const device = deviceOf(claimed, new IoLanes(), () => {})
  try {
    return await whole(checkDevice({ device, env: new RealEnvironment() }))
  } finally {
    await closeDevice(device).catch(() => {})
  }
}

/** The term of the last reign that a volume knows of. Rejects when the device holds no volume. */
export async function lastTerm(claimed: ClaimedVolume): Promise<number> {
  const device = deviceOf(claimed, new IoLanes(), () => {})
  try {
    return lastTermOf(await whole(findSuperblock(device)))
  } finally {
    await closeDevice(device).catch(() => {})
  }
}

/** Makes a volume use all of its device, which has grown. Returns the sizes before and after, bytes. */
export async function growVolume(claimed: ClaimedVolume): Promise<{ beforeBytes: number; afterBytes: number }> {
  const device = deviceOf(claimed, new IoLanes(), () => {})
  try {
    const env = new RealEnvironment()
    await whole(checkOwner({ device, env, bootId: bootId() }))
    return await whole(enlargeVolume(openOptions(device, env, 0)))
  } finally {
    await closeDevice(device).catch(() => {})
  }
}

/** Runs a task of a command: the environment's timers alone would not keep the process alive. */
export async function whole<T>(task: Task<T>): Promise<T> {
  const alive = setInterval(() => {}, 60_000)
  try {
    return await promise(task)
  } finally {
    clearInterval(alive)
  }
}

export function bootId(): Uint8Array {
  return parseBootId(readBootId())
}

/** Client locks of this mover, and who is told of them. */
interface LockSource {
  readonly holder: LockHolder
  readonly listener: LockListener | null
}

/** See `OpenedVolume`. */
export function ownLocks(source: LockSource): Pick<OpenedVolume, 'locks' | 'breakLock'> {
  const { holder } = source
  return {
    locks: {
      inos: () => [...holder.inos()],
      held: (ino) => holder.sizeOf(ino),
      *of(ino) {
        for (const lock of holder.eachLock(ino)) yield { lock, isHeld: true }
        for (const lock of holder.waitingOf(ino)) yield { lock, isHeld: false }
      },
      clients: () => holder.clients(),
    },
    breakLock: (ino, lock) => {
      // Who does not wait (any more) has it.
      const cancelled = ({ type }: LockOutcome): void => {
        if (type === 'notHeld') holder.unlock(ino, lock, () => {})
        source.listener?.broken(ino, lock)
      }
      const outcome = holder.cancel(ino, lock, cancelled)
      if (outcome !== null) cancelled(outcome)
    },
  }
}
