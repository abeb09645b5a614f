import { SecondaryAuthority } from './authority/secondary.ts'
import { VolumeTrace } from './authority/trace.ts'
import type { Environment } from './environment.ts'
import { TracedCalls } from './files/call-trace.ts'
import { HeldClientLocks } from './files/client-locks.ts'
import { HeldVolume } from './files/held-volume.ts'
import { SecondaryFiles } from './files/secondary-files.ts'
import type { OpenedReign } from './primary.ts'
import type { PrimaryLink } from './primary-link.ts'
import { LeasedDevice } from './store/leased-device.ts'
import { PagePool } from './store/page-pool.ts'
import { type Task, wait } from './task.ts'
import { findSuperblock } from './volume/device-io.ts'
import {
  type ClaimedVolume,
  closeDevice,
  describeDevice,
  deviceOf,
  INODE_CAPACITY,
  type OpenedVolume,
  ownLocks,
  pagesOf,
  type VolumeHost,
  whole,
} from './volumes.ts'

/** How long a mover that ends waits for what it holds to be given back; what is dirty has been written before. */
const RELEASE_LIMIT_MS = 2000

export interface SecondaryOptions extends VolumeHost {
  claimed: ClaimedVolume
  /** The way to its primary, not opened yet. */
  link: PrimaryLink
  /** The volume as this mover has opened it besides, since it is its own primary; null while another one is. */
  own: () => OpenedReign | null
}

/** A volume that is served by a secondary. */
export interface OpenedSecondary extends OpenedVolume {
  /** Writes what is dirty through the primary, gives everything back, and lets the device go. */
  close(): Promise<void>
}

/**
 * Opens a volume as a secondary, whose primary is waited for: the device is used without being owned. Rejects with an Error
 * that says why that cannot be.
 */
export async function openSecondary(options: SecondaryOptions): Promise<OpenedSecondary> {
  const { claimed, link, own, environment: env, lanes, logger } = options
  const { name } = claimed.config
  const file = deviceOf(claimed, lanes, (line) => logger.warn(line))
  const device = new LeasedDevice(file, options.lease)
  const { uuid } = await whole(findSuperblock(device))
  const fail = (error: Error): void => options.onFatal(`volume ${name}: ${error.message}`)
  const held: HeldVolume = new HeldVolume({
    device,
    env,
    authority: () => authority,
    pagePool: new PagePool(pagesOf(options.cacheBytes)),
    inodeCapacity: INODE_CAPACITY,
    leaseMs: options.leaseMs,
    onFailure: fail,
  })
  const authority = new SecondaryAuthority(held, env)
  const files = new SecondaryFiles({ volumeUuid: uuid, held, authority })
  const { locks } = authority
  files.locks = new HeldClientLocks(locks.holder, locks, () => locks.arm())
  const trace: VolumeTrace = new VolumeTrace({
    env,
    tokens: () => authority.tokens,
    turned: (isOn) => {
      files.trace = isOn ? new TracedCalls(trace) : null
    },
  })
  link.observe = (primary) => trace.session(primary)
  // The first look at the status is to find something.
  files.latestStatistics()
  await new Promise<void>((resolve, reject) => {
    link.open({ volume: uuid, device: describeDevice(file) }, authority, (error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
  held.context.writeBack.onLoss = (inode, error) =>
    logger.error(
      `volume ${name}: data of inode ${inode.ino} could not be written (${error.message}); clients send it again`,
    )
  return {
    name,
    service: files,
    inodeByNumber: (op, ino) => files.find(op, ino),
    get reign() {
      return own()?.reign ?? null
    },
    replayMemory: { find: () => null },
    tokens: (self) => own()?.reign.tokens(self) ?? [],
    ...ownLocks(locks),
    trace,
    status: () => {
      const reign = own()?.status() ?? null
      const { cachedPages = 0, dirtyPages = 0, cachedInodes = 0 } = reign?.counters ?? {}
      return {
        name,
        device: device.name,
        readOnly: reign?.readOnly ?? held.volume.failure?.message ?? null,
        ...files.latestStatistics(),
        counters: {
          // Those of all sessions at a primary.
          ...(reign?.counters ?? link.session?.counters()),
          cachedPages: cachedPages + held.context.pages.usedCount,
          dirtyPages: dirtyPages + held.context.pages.dirtyCount,
          cachedInodes: cachedInodes + held.inodeCount,
        },
      }
    },
    close: async () => {
      // Without a primary nothing more can be written: clients send again what was not committed.
      await Promise.race([writeOut(held, authority, env), link.closing()])
      link.close()
      await closeDevice(file)
    },
  }
}

async function writeOut(held: HeldVolume, authority: SecondaryAuthority, env: Environment): Promise<void> {
  await whole(held.context.writeBack.drain())
  await whole(letGo(authority, env))
}

/** Gives everything back, so that the primary knows the times of what was written last. */
function* letGo({ tokens }: SecondaryAuthority, env: Environment): Task<void> {
  for (const ino of [...tokens.inos()]) tokens.giveUp(ino)
  for (let i = 0; i < RELEASE_LIMIT_MS && !tokens.inos()[Symbol.iterator]().next().done; i++) {
    yield* wait<void>((resume) => env.timer(1, () => resume(null)))
  }
}
