import fs from 'node:fs'
import { dirname } from 'node:path'
import type { Logger } from 'pino'
import type { Config, VolumeConfig } from './config/schema.ts'
import { type ControlServer, startControl } from './control/server.ts'
import type { SupervisorStatus } from './control/status.ts'
import { syncFolder } from './host/durable-file.ts'
import { Fleet, type ServingMover } from './host/fleet.ts'
import { DurableRecords } from './host/fleet-records.ts'
import { endRecordedMovers, type MoverRecord, writeMoverRecords } from './host/mover-records.ts'
import { Refusal } from './host/refusal.ts'
import { StartStates } from './host/start-states.ts'
import { controlSocket, makeStateFolder, statePaths } from './host/state-folder.ts'
import { TermCounter } from './host/terms.ts'
import { RealEnvironment } from './real-environment.ts'
import { type Claim, ClaimRefused, claimDevice, claimFile } from './store/claim.ts'
import { createImage } from './store/image.ts'
import { lastTerm, makeVolume } from './volumes.ts'

/**
 * Starts, watches and restarts the movers of one host, and holds what must outlive them: the lock of the state folder
 * and the claims of the volumes' devices. Its movers end by themselves when it dies.
 */
export class Supervisor {
  readonly #config: Config
  readonly #logger: Logger
  readonly #version: string
  readonly #startedMs = performance.now()
  readonly #claims = new Map<string, Claim>()
  #stateLock: Claim | null = null
  #fleet: Fleet | null = null
  #control: ControlServer | null = null
  #starting: Promise<ServingMover[]> | null = null
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
      this.#starting = this.#start()
      return await this.#starting
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
      movers: this.#fleet?.status() ?? [],
    }
  }

  async #start(): Promise<ServingMover[]> {
    const { stateDir, volumes } = this.#config
    const paths = statePaths(stateDir)
    try {
      await makeStateFolder(stateDir)
    } catch (error) {
      throw new Refusal(1, `cannot make the state folder ${stateDir}: ${(error as Error).message}`)
    }
    this.#stateLock = await orInUse(
      claimFile(paths.lock),
      () => `another lockkeeper runs with the state folder ${stateDir}`,
    )
    await this.#endOldMovers(paths.movers)
    for (const volume of volumes) this.#claims.set(volume.name, await this.#take(volume))
    const terms = await this.#readTerms(paths.terms)
    const states = orRefused(() => new StartStates(paths.states))
    if (this.#stopping !== null) throw new Refusal(1, 'stopped before the movers were started')
    this.#fleet = new Fleet({
      config: this.#config,
      claims: new Map([...this.#claims].map(([name, { fd }]) => [name, fd])),
      records: new DurableRecords(terms, states, paths.movers),
      env: new RealEnvironment(),
      logger: this.#logger,
    })
    this.#control = await startControl(controlSocket(stateDir, 'supervisor'), {
      '/status': () => this.status(),
    })
    return this.#fleet.start()
  }

  async #stop(): Promise<void> {
    let failure: unknown = null
    try {
      await this.#fleet?.stop()
      if (this.#fleet !== null) await this.#forgetMovers()
    } catch (error) {
      failure = error
    }
    // What it was about to take must be let go too.
    await this.#starting?.catch(() => {})
    try {
      await this.#control?.close()
    } finally {
      for (const claim of this.#claims.values()) claim.release()
      this.#claims.clear()
      this.#stateLock?.release()
    }
    if (failure !== null) throw failure
  }

  /** Records of movers that have ended do no harm: whatever keeps them from being removed must not keep us from ending. */
  async #forgetMovers(): Promise<void> {
    try {
      await writeMoverRecords(statePaths(this.#config.stateDir).movers, [])
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

  /** The terms that are known here, and those that the volumes themselves have seen. */
  async #readTerms(path: string): Promise<TermCounter> {
    const terms = orRefused(() => new TermCounter(path))
    for (const config of this.#config.volumes) {
      const { name } = config
      const fd = this.#claims.get(name)?.fd ?? -1
      // What is no volume is refused, in better words, by the mover that opens it.
      terms.atLeast(name, await lastTerm({ config, fd }).catch(() => 0))
    }
    return terms
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
      await placeFile(draft, device)
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
async function placeFile(draft: string, path: string): Promise<void> {
  try {
    fs.linkSync(draft, path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (code === 'EEXIST') return
    // File systems without hard links (FAT, some of containers) have only the step that could replace a file.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error
    fs.renameSync(draft, path)
  }
  await syncFolder(dirname(path))
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

/** What `read` reads; what is damaged is a `Refusal`. */
function orRefused<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Refusal(1, (error as Error).message)
  }
}
