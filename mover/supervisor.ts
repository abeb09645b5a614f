import fs from 'node:fs'
import { dirname } from 'node:path'
import type { Logger } from 'pino'
import type { Config, VolumeConfig } from './config/schema.ts'
import { type ControlServer, startControl } from './control/server.ts'
import type { SupervisorStatus } from './control/status.ts'
import type { ServingState } from './host/channel.ts'
import { syncFolder } from './host/durable-file.ts'
import { ManagedMover } from './host/managed-mover.ts'
import { endRecordedMovers, type MoverRecord, writeMoverRecords } from './host/mover-records.ts'
import { Refusal } from './host/refusal.ts'
import { controlSocket, makeStateFolder, statePaths } from './host/state-folder.ts'
import { type Claim, ClaimRefused, claimDevice, claimFile } from './store/claim.ts'
import { createImage } from './store/image.ts'
import { makeVolume } from './volumes.ts'

/** A mover that serves, and where. */
export interface ServingMover extends ServingState {
  name: string
}

/**
 * Starts, watches and restarts the movers of one host, and holds what must outlive them: the lock of the state folder
 * and the claims of the volumes' devices. Its movers end by themselves when it dies.
 */
export class Supervisor {
  readonly #config: Config
  readonly #logger: Logger
  readonly #version: string
  readonly #startedMs = performance.now()
  readonly #movers: ManagedMover[] = []
  readonly #records = new Map<string, MoverRecord>()
  readonly #claims = new Map<string, Claim>()
  #stateLock: Claim | null = null
  #control: ControlServer | null = null
  #stopping: Promise<void> | null = null

  constructor(config: Config, version: string, logger: Logger) {
    this.#config = config
    this.#version = version
    this.#logger = logger
  }

  /**
   * Takes the state folder and the volumes, ends movers that an earlier supervisor left, makes images that are not
   * there, and resolves when all movers serve. Rejects with a `Refusal`, having let everything go again.
   */
  async start(): Promise<ServingMover[]> {
    try {
      return await this.#start()
    } catch (error) {
      await this.stop().catch((failure: Error) => this.#logger.error(failure.message))
      throw error
    }
  }

  /** Movers write what is dirty and end; then everything is let go. Rejects with a `Refusal` when one did not. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  status(): SupervisorStatus {
    const { file, stateDir } = this.#config
    const uptimeSec = Math.floor((performance.now() - this.#startedMs) / 1000)
    return {
      supervisor: { version: this.#version, pid: process.pid, uptimeSec, config: file, stateDir },
      movers: this.#movers.map((mover) => mover.status()),
    }
  }

  async #start(): Promise<ServingMover[]> {
    const { stateDir, volumes, movers } = this.#config
    const paths = statePaths(stateDir)
    try {
      makeStateFolder(stateDir)
    } catch (error) {
      throw new Refusal(1, `cannot make the state folder ${stateDir}: ${(error as Error).message}`)
    }
    this.#stateLock = await orInUse(
      claimFile(paths.lock),
      () => `another lockkeeper runs with the state folder ${stateDir}`,
    )
    await this.#endOldMovers(paths.movers)
    for (const volume of volumes) this.#claims.set(volume.name, await this.#take(volume))
    this.#control = await startControl(controlSocket(stateDir, 'supervisor'), {
      '/status': () => this.status(),
    })
    const claims = new Map([...this.#claims].map(([name, { fd }]) => [name, fd]))
    for (const mover of movers) {
      const { name } = mover
      const managed = new ManagedMover({
        mover,
        config: this.#config,
        claims,
        logger: this.#logger,
        record: (identity) => {
          this.#records.set(name, { name, ...identity })
          try {
            writeMoverRecords(paths.movers, [...this.#records.values()])
          } catch (error) {
            throw new Refusal(1, (error as Error).message)
          }
        },
      })
      this.#movers.push(managed)
    }
    return Promise.all(this.#movers.map(async (mover) => ({ name: mover.status().name, ...(await mover.start()) })))
  }

  async #stop(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#movers.map((mover) => mover.stop()))
    if (this.#records.size > 0 && outcomes.every(({ status }) => status === 'fulfilled')) this.#forgetMovers()
    try {
      await this.#control?.close()
    } finally {
      for (const claim of this.#claims.values()) claim.release()
      this.#claims.clear()
      this.#stateLock?.release()
    }
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** Records of movers that have ended do no harm: whatever keeps them from being removed must not keep us from ending. */
  #forgetMovers(): void {
    try {
      writeMoverRecords(statePaths(this.#config.stateDir).movers, [])
    } catch (error) {
      this.#logger.warn(`the records of ended movers stay behind: ${(error as Error).message}`)
    }
  }

  async #endOldMovers(path: string): Promise<void> {
    let ended: MoverRecord[]
    try {
      ended = await endRecordedMovers(path)
    } catch (error) {
      throw new Refusal(1, (error as Error).message)
    }
    for (const { name, pid } of ended) this.#logger.warn(`ended mover ${name} (pid ${pid}) of an earlier run`)
  }

  /** Claims a volume's device; an image that is not there is made first. */
  async #take(volume: VolumeConfig): Promise<Claim> {
    const { name, device, sizeBytes } = volume
    if (!fs.existsSync(device)) {
      if (sizeBytes === null) throw new Refusal(1, `volume ${name}: there is no device ${device}`)
      await this.#makeImage(volume, sizeBytes)
    }
    return claimVolume(volume)
  }

  /**
   * Makes and formats an image under a name of its own, and gives it its real one last: what stands there is always a
   * whole volume, also when this ends half-way, and never one that somebody else has just made.
   */
  async #makeImage(volume: VolumeConfig, sizeBytes: number): Promise<void> {
    const { name, device } = volume
    const draft = `${device}.new-${process.pid}`
    try {
      fs.mkdirSync(dirname(device), { recursive: true })
      createImage(draft, sizeBytes)
    } catch (error) {
      throw new Refusal(1, `volume ${name}: cannot make the image ${device}: ${(error as Error).message}`)
    }
    try {
      const claim = await claimVolume({ ...volume, device: draft })
      try {
        await makeVolume({ config: { ...volume, device: draft }, fd: claim.fd }, { force: false })
      } finally {
        claim.release()
      }
      placeFile(draft, device)
      this.#logger.info(`volume ${name}: made the image ${device}`)
    } catch (error) {
      if (error instanceof Refusal) throw error
      throw new Refusal(1, `volume ${name}: cannot make the image ${device}: ${(error as Error).message}`)
    } finally {
      fs.rmSync(draft, { force: true })
    }
  }
}

/** Gives a whole file its name, durably; a file that has that name by now stays what it is. */
function placeFile(draft: string, path: string): void {
  try {
    fs.linkSync(draft, path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (code === 'EEXIST') return
    // File systems without hard links (FAT, some of containers) have only the step that could replace a file.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error
    fs.renameSync(draft, path)
  }
  syncFolder(dirname(path))
}

/** Claims a device for as long as the claim's descriptor is open anywhere; a `Refusal` when somebody else has it. */
export async function claimVolume(volume: VolumeConfig): Promise<Claim> {
  const { name, device } = volume
  return orInUse(claimDevice(device), (who) => `volume ${name}: ${who}`)
}

async function orInUse(claim: Promise<Claim>, inUse: (message: string) => string): Promise<Claim> {
  try {
    return await claim
  } catch (error) {
    const { message } = error as Error
    throw error instanceof ClaimRefused ? new Refusal(2, inUse(message)) : new Refusal(1, message)
  }
}
