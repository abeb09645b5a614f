import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { VolumeConfig } from './config/schema.ts'
import type { VolumeStatus } from './control/status.ts'
import type { Environment } from './environment.ts'
import type { Failure } from './failure.ts'
import type { FileService, Operation } from './files/service.ts'
import { VolumeFiles } from './files/volume-files.ts'
import { readBootId } from './host/process-identity.ts'
import { RealEnvironment } from './real-environment.ts'
import type { ReplayMemory } from './rpc/runner.ts'
import { DeviceError } from './store/device.ts'
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
import { type OpenOptions, openVolume } from './volume/open.ts'
import { checkOwner, parseBootId, takeOwnership } from './volume/owner.ts'
import { MAGIC } from './volume/superblock.ts'

const PAGE_BYTES = 4096
/** Share of the cache for tree nodes; the rest holds file pages. */
const NODE_SHARE = 0.25
/** The node pool's hard limit over its share: unwritten nodes may exceed it between checkpoints. */
const NODE_OVERCOMMIT = 2
const LEAST_NODES = 4096
const LEAST_PAGES = 4096
/** Inodes kept in memory, at about 400 bytes each. */
const INODE_CAPACITY = 65_536

/** A volume of the configuration with the descriptor that claims its device. */
export interface ClaimedVolume {
  config: VolumeConfig
  fd: number
}

export interface OpenVolumesOptions {
  volumes: readonly ClaimedVolume[]
  /** Memory for file pages and tree nodes of all volumes together, bytes. */
  cacheBytes: number
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
  /** Answers of calls that changed the volume, as its log remembers them. */
  replayMemory: ReplayMemory
  status(): VolumeStatus
  /** Writes what is dirty, takes a checkpoint and lets the device go. */
  close(): Promise<void>
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

/** Opens the volumes; rejects with an Error that names the volume and says what is wrong with it. */
export async function openVolumes(options: OpenVolumesOptions): Promise<OpenedVolume[]> {
  const opened: OpenedVolume[] = []
  const cacheBytes = Math.floor(options.cacheBytes / Math.max(1, options.volumes.length))
  const lanes = new IoLanes()
  for (const volume of options.volumes) {
    try {
      opened.push(await openOne(volume, cacheBytes, lanes, options))
    } catch (error) {
      throw new Error(`volume ${volume.config.name}: ${(error as Error).message}`, { cause: error })
    }
  }
  return opened
}

async function openOne(
  claimed: ClaimedVolume,
  cacheBytes: number,
  lanes: IoLanes,
  options: OpenVolumesOptions,
): Promise<OpenedVolume> {
  const { name } = claimed.config
  const { environment: env, logger } = options
  const device = deviceOf(claimed, lanes, (line) => logger.warn(line))
  // Nothing is written on a device that holds no volume of ours.
  await whole(findSuperblock(device))
  const onLost = (error: Error): void => options.onFatal(`volume ${name}: ${error.message}`)
  const heartbeat = await whole(takeOwnership({ device, env, bootId: bootId(), host: hostname(), onLost }))
  const { readOnly } = heartbeat
  const volume = await whole(openVolume({ ...openOptions(device, env, cacheBytes * NODE_SHARE), readOnly }))
  if (volume.failure === null) heartbeat.term = volume.term
  const pageCount = Math.max(LEAST_PAGES, Math.floor((cacheBytes * (1 - NODE_SHARE)) / PAGE_BYTES))
  const files = new VolumeFiles({ volume, env, pagePool: new PagePool(pageCount), inodeCapacity: INODE_CAPACITY })
  volume.onFailure = (error) => {
    heartbeat.stop()
    options.onFatal(`volume ${name}: ${error.message}`)
  }
  volume.onReadOnly = (error) => logger.error(`volume ${name}: read-only from now on: ${readOnlyReason(error)}`)
  if (volume.failure !== null) logger.error(`volume ${name}: opened read-only: ${readOnlyReason(volume.failure)}`)
  files.context.writeBack.onLoss = (inode, error) =>
    logger.error(
      `volume ${name}: data of inode ${inode.ino} could not be written (${error.message}); clients send it again`,
    )
  return {
    name,
    service: files,
    inodeByNumber: (op, ino) => files.find(op, ino),
    replayMemory: { find: (tag) => files.findReplay(tag) },
    status: () => statusOf(name, device, files),
    close: async () => {
      // That a read-only volume cannot be written was told when it became one; what is acknowledged is in its log.
      await whole(files.close()).catch((error) => {
        if (error !== volume.failure || volume.isGivenUp) throw error
      })
      await whole(heartbeat.release())
      await new Promise<void>((resolve, reject) =>
        device.close((error) => (error === null ? resolve() : reject(error))),
      )
    },
  }
}

/** Why a volume has become read-only, and what to do, for people. */
function readOnlyReason(error: Error): string {
  const isFull = error instanceof DeviceError && error.code === 'NOSPC'
  return `${error.message}; ${isFull ? 'make room for the device on its host, then restart' : 'restart when the device is well'}`
}

function statusOf(name: string, device: FileDevice, files: VolumeFiles): VolumeStatus {
  const { pages, inodes } = files.context
  const { failure } = files.volume
  return {
    name,
    device: device.name,
    readOnly: failure === null ? null : readOnlyReason(failure),
    ...files.statistics(),
    counters: {
      ...files.volume.status(),
      cachedPages: pages.usedCount,
      dirtyPages: pages.dirtyCount,
      cachedInodes: inodes.size,
    },
  }
}

function deviceOf(claimed: ClaimedVolume, lanes: IoLanes, log: (line: string) => void): FileDevice {
  return openFileDevice(claimed.config.device, { claimFd: claimed.fd, lanes, log })
}

function openOptions(device: FileDevice, env: Environment, nodeBytes: number): OpenOptions {
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
    await new Promise<void>((resolve) => device.close(() => resolve()))
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
    await new Promise<void>((resolve) => device.close(() => resolve()))
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
    await new Promise<void>((resolve) => device.close(() => resolve()))
  }
}

/** Runs a task of a command: the environment's timers alone would not keep the process alive. */
async function whole<T>(task: Task<T>): Promise<T> {
  const alive = setInterval(() => {}, 60_000)
  try {
    return await promise(task)
  } finally {
    clearInterval(alive)
  }
}

function bootId(): Uint8Array {
  return parseBootId(readBootId())
}
