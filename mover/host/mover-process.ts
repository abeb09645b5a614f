import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { hostMs } from '../real-environment.ts'
import {
  CHANNEL_FD,
  Channel,
  type Incarnation,
  type InheritedClaim,
  type MoverMessage,
  type ServingState,
  type StartMessage,
  type StuckMover,
  type SupervisorMessage,
} from './channel.ts'
import { MoverWatch } from './lease.ts'
import { identifyProcess, type ProcessIdentity, waitUntilGone } from './process-identity.ts'
import { Refusal } from './refusal.ts'

const MAIN = join(import.meta.dirname, '..', 'main.ts')
/** What is short-lived has 16 MiB from the start, which it grows to under load anyhow. */
const V8_OPTIONS = ['--min-semi-space-size=16']
/** Node keeps here what it has made of the sources: a mover that is started again serves half a second sooner. */
const COMPILE_CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.compile-cache')
const INCARNATION_BYTES = 16
/** A mover that wrote all its dirty data and a checkpoint has had time enough; its log is replayed otherwise. */
const STOP_LIMIT_MS = 60_000
/** How long the kernel may take to end a dead mover's I/O before we say that we wait for it. */
const GONE_LIMIT_MS = 5000

export interface MoverProcessOptions {
  name: string
  /** Descriptors in this process, by volume. */
  claims: ReadonlyMap<string, number>
  leaseMs: number
  onReady: (serving: ServingState) => void
  /** The mover waits in vain for another one: see `MoverMessage`. */
  onSilent: (other: Incarnation) => void
  /** The mover has asked another one for something in vain. */
  onHolding: (other: StuckMover) => void
  /** The mover has let its clients and primaries go, because it was told to stop or for reasons of its own. */
  onQuiet: () => void
  /** Nothing of the process is left. `reason` says why it ended, in words. */
  onGone: (reason: string) => void
  /** Called while a dead process's I/O keeps it from being gone. */
  onStuck: (pid: number) => void
  /** In the place of a look at real processes, for tests. */
  untilGone?: typeof waitUntilGone
}

/** One process of a mover, from its start until nothing of it is left. */
export class MoverProcess {
  readonly identity: ProcessIdentity
  readonly incarnation = randomBytes(INCARNATION_BYTES).toString('hex')
  readonly #options: MoverProcessOptions
  readonly #child: ChildProcess
  readonly #channel: Channel<MoverMessage, SupervisorMessage>
  readonly #claims: InheritedClaim[]
  readonly #watch: MoverWatch
  #isKilled = false
  #isClosing = false
  #failure: string | null = null
  readonly #quiet = Promise.withResolvers<void>()
  readonly #gone = Promise.withResolvers<void>()

  /** The process does nothing before `start`. Throws a `Refusal` when there cannot be one. */
  constructor(options: MoverProcessOptions) {
    this.#options = options
    const { name, claims, leaseMs } = options
    this.#watch = new MoverWatch(leaseMs)
    this.#claims = [...claims.keys()].map((volume, at) => ({ volume, fd: CHANNEL_FD + 1 + at }))
    this.#child = spawn(process.execPath, [...V8_OPTIONS, MAIN, name], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', ...claims.values()],
      // Reads and writes of devices, with a lane for the log; io_uring's I/O may outlive its process.
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, UV_THREADPOOL_SIZE: '32', UV_USE_IO_URING: '0' },
    })
    this.#child.on('error', (error) => {
      this.#failure ??= error.message
    })
    const { pid } = this.#child
    const identity = pid === undefined ? null : identifyProcess(pid)
    if (identity === null) {
      this.#child.kill('SIGKILL')
      throw new Refusal(1, `cannot start mover ${name}`)
    }
    this.identity = identity
    const stream = this.#child.stdio[CHANNEL_FD] as Duplex
    this.#channel = new Channel<MoverMessage, SupervisorMessage>(
      stream,
      (message) => this.#received(message),
      () => {},
    )
    this.#child.on('exit', (code, signal) => void this.#exited(code, signal))
  }

  /** True when it was killed, or told to end: it is not to be counted on. */
  get isEnding(): boolean {
    return this.#isKilled || this.#isClosing
  }

  /** Tells the mover to begin: who it is has been recorded. */
  start(message: Omit<StartMessage, 'type' | 'claims' | 'incarnation'>): void {
    this.#channel.send({ type: 'start', claims: this.#claims, incarnation: this.incarnation, ...message })
  }

  tell(message: SupervisorMessage): void {
    this.#channel.send(message)
  }

  /** Time has passed: kills the mover when it has not answered for a lease, else asks it to. */
  beat(nowMs: number, wasLate: boolean): void {
    if (this.#isKilled) return
    const silentMs = this.#watch.beat(nowMs, wasLate)
    if (silentMs === null) this.#channel.send({ type: 'ping', atMs: hostMs() })
    else this.kill(`did not answer for ${silentMs} ms and was killed`)
  }

  /** Asks the mover to let clients and primaries go; kills it when it takes too long. Resolves when it has, or is gone. */
  stop(): Promise<void> {
    this.#channel.send({ type: 'stop' })
    return this.#limited(Promise.race([this.#quiet.promise, this.#gone.promise]))
  }

  /** Asks the mover to write everything and end; kills it when it takes too long. Resolves when it is gone. */
  close(): Promise<void> {
    this.#isClosing = true
    this.#channel.send({ type: 'close' })
    return this.#limited(this.#gone.promise)
  }

  /** Kills the mover, for this reason. */
  kill(reason: string): void {
    if (this.#isKilled) return
    this.#isKilled = true
    this.#failure ??= reason
    this.#child.kill('SIGKILL')
  }

  #limited(done: Promise<void>): Promise<void> {
    const timeout = setTimeout(
      () => this.kill(`did not stop within ${STOP_LIMIT_MS / 1000} s and was killed`),
      STOP_LIMIT_MS,
    )
    return done.finally(() => clearTimeout(timeout))
  }

  #received(message: MoverMessage): void {
    if (message.type === 'pong') {
      this.#watch.answered()
    } else if (message.type === 'ready') {
      this.#watch.serves(performance.now())
      this.#options.onReady(message.serving)
    } else if (message.type === 'silent') {
      this.#options.onSilent(message)
    } else if (message.type === 'stuck') {
      this.#options.onHolding(message)
    } else if (message.type === 'failed') {
      this.#failure ??= message.message
    } else if (message.type === 'quiet') {
      this.#quiet.resolve()
      this.#options.onQuiet()
    }
  }

  async #exited(code: number | null, signal: string | null): Promise<void> {
    const { identity } = this
    const { untilGone = waitUntilGone, onStuck } = this.#options
    while (!(await untilGone(identity, GONE_LIMIT_MS))) onStuck(identity.pid)
    const status = signal === null ? `exit status ${code}` : `signal ${signal}`
    const clean = this.#isClosing && code === 0
    this.#isKilled = true
    this.#gone.resolve()
    this.#options.onGone(this.#failure ?? (clean ? 'stopped' : `ended with ${status}`))
  }
}
