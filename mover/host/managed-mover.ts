import type { Config, MoverConfig } from '../config/schema.ts'
import type { Environment } from '../environment.ts'
import type { MoverAddresses, ServingState, VolumeRole } from './channel.ts'
import type { MoverProcess } from './mover-process.ts'

/** The first start after a death is at once. */
const SECOND_RESTART_MS = 100
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
  /** What it is, or will be, to each volume. */
  roles: VolumeRole[]
}

/** What is needed of a mover's process. */
export type RunningMover = Pick<
  MoverProcess,
  'identity' | 'incarnation' | 'isEnding' | 'start' | 'tell' | 'beat' | 'stop' | 'close' | 'kill'
>

/** A mover over all its processes: one at a time, or none. */
export class ManagedMover {
  readonly config: MoverConfig
  state: MoverState['state'] = 'starting'
  process: RunningMover | null = null
  /** Where it serves, or served last; null when it never did. */
  serving: ServingState | null = null
  readonly #env: Environment
  #starts = 0
  #restartMs = 0
  #servingSinceMs = 0
  #cancelWait: () => void = () => {}

  constructor(config: MoverConfig, env: Environment) {
    this.config = config
    this.#env = env
  }

  get name(): string {
    return this.config.name
  }

  status(roles: VolumeRole[]): MoverState {
    const { name, state, serving } = this
    const pid = this.process?.identity.pid ?? null
    const restarts = Math.max(0, this.#starts - 1)
    return { name, state, pid, addresses: serving?.addresses ?? null, restarts, roles }
  }

  /** True when it serves, and nothing has been done to end it. */
  get isServing(): boolean {
    return this.state === 'serving' && this.process?.isEnding === false
  }

  /** Has the mover's next process made. Throws a `Refusal` when there cannot be one. */
  spawn(make: () => RunningMover): RunningMover {
    this.#starts++
    this.state = 'starting'
    this.process = make()
    return this.process
  }

  /** It serves; false when it did already, or is not to any more. */
  ready(serving: ServingState): boolean {
    if (this.state !== 'starting') return false
    this.state = 'serving'
    this.serving = serving
    this.#servingSinceMs = this.#env.monotonicMs()
    return true
  }

  /** Nothing of its process is left. */
  gone(): void {
    if (this.state === 'serving' && this.#env.monotonicMs() - this.#servingSinceMs > HEALTHY_MS) {
      this.#restartMs = 0
    }
    this.process = null
    if (this.state !== 'stopping') this.state = 'waiting'
  }

  /** How long to wait before it is started again: longer each time. */
  nextDelayMs(): number {
    const delayMs = this.#restartMs
    this.#restartMs = Math.min(Math.max(delayMs * 2, SECOND_RESTART_MS), LAST_RESTART_MS)
    return delayMs
  }

  /** Calls `restart` when it is due. */
  wait(delayMs: number, restart: () => void): void {
    this.#cancelWait = this.#env.timer(delayMs, restart)
  }

  /** It will not be started again on its own account. */
  cancelRestart(): void {
    this.#cancelWait()
  }

  /** Clients know the port that the first process took: later ones must listen there too. */
  withKnownPort(config: Config): Config {
    const known = this.serving?.addresses
    if (known === undefined) return config
    const movers = config.movers.map((one) => (one.name === this.name ? { ...one, nfs: known.nfs } : one))
    return { ...config, movers }
  }
}
