import { hostname } from 'node:os'
import type { VolumeTrace } from './authority/trace.ts'
import type { VolumeStatus } from './control/status.ts'
import { HeldClientLocks } from './files/client-locks.ts'
import { type LockedFiles, lockedFiles } from './files/lock-records.ts'
import { mostReserved } from './files/remote-volume.ts'
import { VolumeFiles } from './files/volume-files.ts'
import type { Incarnation } from './host/channel.ts'
import { PrimaryReign } from './primary-reign.ts'
import { DeviceError } from './store/device.ts'
import type { FileDevice } from './store/file-device.ts'
import { LeasedDevice } from './store/leased-device.ts'
import { PagePool } from './store/page-pool.ts'
import { findSuperblock } from './volume/device-io.ts'
import { openVolume } from './volume/open.ts'
import { type OwnerHeartbeat, takeOwnership } from './volume/owner.ts'
import type { Volume } from './volume/volume.ts'
import {
  bootId,
  type ClaimedVolume,
  closeDevice,
  describeDevice,
  deviceOf,
  INODE_CAPACITY,
  nodeBytesOf,
  type OpenedVolume,
  openOptions,
  ownLocks,
  pagesOf,
  type VolumeHost,
  whole,
} from './volumes.ts'

/** File pages of a primary that reads and writes for no clients: truncations need some. */
const FEW_PAGES = 64

export interface ReignOptions extends VolumeHost {
  claimed: ClaimedVolume
  /** As its movers have been told it; the volume's own may be a later one. */
  term: number
  /** Movers that may hold something of earlier reigns. */
  holders: readonly Incarnation[]
  /** See `Membership`. */
  isCalm: boolean
  /** This mover as a secondary, which serves its clients: what it says of the volume; null: the primary itself serves them. */
  beside: VolumeTrace | null
}

/** A volume that is open at its primary. */
export interface OpenedReign {
  name: string
  files: VolumeFiles
  reign: PrimaryReign
  status(): VolumeStatus
  /** Writes what is dirty, takes a checkpoint and lets the device go. */
  close(): Promise<void>
}

/** Opens a volume as its primary. Rejects with an Error that says what is wrong; nothing of it is open then. */
export async function openReign(options: ReignOptions): Promise<OpenedReign> {
  const { claimed, lanes, logger } = options
  const device = deviceOf(claimed, lanes, (line) => logger.warn(line))
  try {
    return await reignOn(device, options)
  } catch (error) {
    // What has been begun comes to its end, and no more can begin.
    await closeDevice(device).catch(() => {})
    throw error
  }
}

async function reignOn(file: FileDevice, options: ReignOptions): Promise<OpenedReign> {
  const { claimed, term, holders, cacheBytes, lease, environment: env, onFatal } = options
  const device = new LeasedDevice(file, lease)
  // Nothing is written on a device that holds no volume of ours.
  await whole(findSuperblock(device))
  let isOpen = false
  let lost: Error | null = null
  const onLost = (error: Error): void => {
    lost = error
    if (isOpen) onFatal(`volume ${claimed.config.name}: ${error.message}`)
  }
  const heartbeat = await whole(takeOwnership({ device, env, bootId: bootId(), host: hostname(), onLost }))
  try {
    const { readOnly } = heartbeat
    const volumeOptions = openOptions(device, env, nodeBytesOf(cacheBytes))
    const isHeld = holders.length > 0
    const volume = await whole(openVolume({ ...volumeOptions, isHeld, leastTerm: term, readOnly }))
    const noted = await whole(lockedFiles(volume))
    if (volume.isGivenUp) throw volume.failure
    if (lost !== null) throw lost
    isOpen = true
    return reignOver({ volume, noted, device: file, heartbeat }, options)
  } catch (error) {
    heartbeat.stop()
    throw error
  }
}

/** A volume that is open, and has not been shared yet. */
interface Opened {
  volume: Volume
  /** See `PrimaryLocks`. */
  noted: LockedFiles
  device: FileDevice
  heartbeat: OwnerHeartbeat
}

function reignOver({ volume, noted, device, heartbeat }: Opened, options: ReignOptions): OpenedReign {
  const { claimed, term, holders, isCalm, beside, cacheBytes, environment: env, logger, onFatal } = options
  const { name } = claimed.config
  if (volume.failure === null) heartbeat.term = volume.term
  const sharedLeaseMs = options.movers.length > 1 ? options.leaseMs : null
  const pagePool = new PagePool(beside === null ? pagesOf(cacheBytes) : FEW_PAGES)
  const files = new VolumeFiles({ volume, env, pagePool, inodeCapacity: INODE_CAPACITY, sharedLeaseMs })
  volume.onFailure = (error) => {
    heartbeat.stop()
    onFatal(`volume ${name}: ${error.message}`)
  }
  volume.onReadOnly = (error) => logger.error(`volume ${name}: read-only from now on: ${readOnlyReason(error)}`)
  if (volume.failure !== null) logger.error(`volume ${name}: opened read-only: ${readOnlyReason(volume.failure)}`)
  files.context.writeBack.onLoss = (inode, error) =>
    logger.error(
      `volume ${name}: data of inode ${inode.ino} could not be written (${error.message}); clients send it again`,
    )
  const { movers, self, graceMs } = options
  const locksOptions = { movers, self, graceMs, noted, isCalm }
  const shared = { name, term, device: describeDevice(device), files, env, logger, holders }
  // All movers have the same cache.
  const most = { mostReserved: mostReserved(pagesOf(cacheBytes)) }
  const answeredMs = (): number => heartbeat.answeredMs
  const reign = new PrimaryReign({ ...shared, ...locksOptions, ...most, answeredMs, trace: beside })
  const { locks } = reign.authority
  files.locks = new HeldClientLocks(locks.holder, locks, () => locks.arm())
  return {
    name,
    files,
    reign,
    status: () => statusOf(name, device, files, reign),
    close: async () => {
      // That a read-only volume cannot be written was told when it became one; what is acknowledged is in its log.
      await whole(files.close()).catch((error) => {
        if (error !== volume.failure || volume.isGivenUp) throw error
      })
      await whole(heartbeat.release())
      await closeDevice(device)
    },
  }
}

/** A volume whose clients are served by its primary itself, which `VolumeSet` closes. */
export function servedByPrimary({ name, files, reign, status }: OpenedReign): OpenedVolume {
  return {
    name,
    service: files,
    inodeByNumber: (op, ino) => files.find(op, ino),
    reign,
    replayMemory: { find: (tag) => files.findReplay(tag) },
    tokens: (self) => reign.tokens(self),
    ...ownLocks(reign.authority.locks),
    trace: reign.trace,
    status,
  }
}

/** Why a volume has become read-only, and what to do, for people. */
function readOnlyReason(error: Error): string {
  const isFull = error instanceof DeviceError && error.code === 'NOSPC'
  return `${error.message}; ${isFull ? 'make room for the device on its host, then restart' : 'restart when the device is well'}`
}

function statusOf(name: string, device: FileDevice, files: VolumeFiles, reign: PrimaryReign): VolumeStatus {
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
      ...reign.counters(),
    },
  }
}
