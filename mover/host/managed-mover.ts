import type { Logger } from 'pino'
import type { Config, MoverConfig } from '../config/schema.ts'
import type { MoverAddresses, ServingState } from './channel.ts'
import { MoverProcess } from './mover-process.ts'
import type { ProcessIdentity } from './process-identity.ts'
import { Refusal } from './refusal.ts'

const FIRST_RESTART_MS = 100
const LAST_RESTART_MS = 10_000
/** A mover that has served this long has recovered from what it died of. */
const HEALTHY_MS = 30_000

/** A mover as its supervisor sees it. `starting`: not serving yet; `waiting`: it died, its next start is not due yet. */
export interface MoverState {
  name: string
  state: 'starting' | 'serving' | 'waiting' | 'stopping'
  /** Null while there is no process. */
  pid: number | null
  addresses: MoverAddresses | null
  /** Times it was started again after it had died. */
  restarts: number
}

export interface ManagedMoverOptions {
  mover: MoverConfig
  config: Config
  claims: ReadonlyMap<string, number>
  logger: Logger
  record: (identity: ProcessIdentity) => void
}

/** A mover that is kept running: a process that dies is replaced, once nothing of it is left. */
export class ManagedMover {
  readonly #options: ManagedMoverOptions
  #state: MoverState['state'] = 'starting'
  #process: MoverProcess | null = null
  #serving: ServingState | null = null
  #restarts = 0
  #restartMs = FIRST_RESTART_MS
  #servingSinceMs = 0
  #restartTimer: NodeJS.Timeout | undefined
  /** Outcome of the first start, and of stopping. */
  readonly #started = Promise.withResolvers<ServingState>()
  readonly #stopped = Promise.withResolvers<void>()
  #stopFailure: string | null = null

  constructor(options: ManagedMoverOptions) {
    this.#options = options
  }

  status(): MoverState {
    const { name } = this.#options.mover
    const pid = this.#process?.identity.pid ?? null
    return { name, state: this.#state, pid, addresses: this.#serving?.addresses ?? null, restarts: this.#restarts }
  }

  /** Starts the mover; resolves when it serves. Rejects with a `Refusal` when its first process ends before that. */
  start(): Promise<ServingState> {
    this.#spawn()
    return this.#started.promise
  }

  /** Resolves when nothing of the mover is left; rejects with a `Refusal` when it did not end cleanly. */
  async stop(): Promise<void> {
    const wasWaiting = this.#process === null
    this.#state = 'stopping'
    clearTimeout(this.#restartTimer)
    if (wasWaiting) return
    this.#process?.stop()
    await this.#stopped.promise
    if (this.#stopFailure !== null) throw new Refusal(1, `mover ${this.#options.mover.name}: ${this.#stopFailure}`)
  }

  #spawn(): void {
    const { mover, claims, record, logger } = this.#options
    this.#state = 'starting'
    this.#process = new MoverProcess({
      name: mover.name,
      config: this.#configWithPorts(),
      claims,
      record,
      onReady: (serving) => this.#ready(serving),
      onGone: (reason) => this.#gone(reason),
      onStuck: (pid) =>
        logger.warn(`mover ${mover.name} (pid ${pid}) has died, but some of its I/O has not ended; waiting`),
    })
  }

  /** Clients know the ports that the first process took: later ones must listen there too. */
  #configWithPorts(): Config {
    const { config, mover } = this.#options
    const known = this.#serving?.addresses
    if (known === undefined) return config
    const movers = config.movers.map((one) => (one.name === mover.name ? { ...one, nfs: known.nfs } : one))
    return { ...config, movers }
  }

  #ready(serving: ServingState): void {
    if (this.#state !== 'starting') return
    this.#state = 'serving'
    this.#serving = serving
    this.#servingSinceMs = performance.now()
    if (this.#restarts > 0) this.#options.logger.info(`mover ${this.#options.mover.name} serves again`)
    this.#started.resolve(serving)
  }

  #gone(reason: string): void {
    const { mover, logger } = this.#options
    const wasServing = this.#state === 'serving'
    this.#process = null
    if (this.#state === 'stopping') {
      if (reason !== 'stopped') this.#stopFailure = reason
      this.#stopped.resolve()
      this.#started.reject(new Refusal(1, `mover ${mover.name} was stopped`))
      return
    }
    if (this.#serving === null) {
      this.#state = 'stopping'
      this.#started.reject(new Refusal(1, `mover ${mover.name}: ${reason}`))
      return
    }
    if (wasServing && performance.now() - this.#servingSinceMs > HEALTHY_MS) this.#restartMs = FIRST_RESTART_MS
    logger.error(`mover ${mover.name}: ${reason}; starting it again in ${this.#restartMs} ms`)
    this.#state = 'waiting'
    this.#restartTimer = setTimeout(() => this.#restart(), this.#restartMs)
    this.#restartMs = Math.min(this.#restartMs * 2, LAST_RESTART_MS)
  }

  #restart(): void {
    this.#restarts++
    try {
      this.#spawn()
    } catch (error) {
      this.#gone((error as Error).message)
    }
  }
}
