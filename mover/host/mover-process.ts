import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Config } from '../config/schema.ts'
import {
  CHANNEL_FD,
  Channel,
  type InheritedClaim,
  type MoverMessage,
  type ServingState,
  type SupervisorMessage,
} from './channel.ts'
import { identifyProcess, type ProcessIdentity, waitUntilGone } from './process-identity.ts'
import { Refusal } from './refusal.ts'

const MAIN = join(import.meta.dirname, '..', 'main.ts')
/** A mover that wrote all its dirty data and a checkpoint has had time enough; its log is replayed otherwise. */
const STOP_LIMIT_MS = 60_000
/** How long the kernel may take to end a dead mover's I/O before we say that we wait for it. */
const GONE_LIMIT_MS = 5000

export interface MoverProcessOptions {
  name: string
  config: Config
  /** Descriptors in this process, by volume. */
  claims: ReadonlyMap<string, number>
  /** Writes down, durably, who the mover is: before it is told to start. */
  record: (identity: ProcessIdentity) => void
  onReady: (serving: ServingState) => void
  /** Nothing of the process is left. `reason` says why it ended, in words. */
  onGone: (reason: string) => void
  /** Called while a dead process's I/O keeps it from being gone. */
  onStuck: (pid: number) => void
}

/** One process of a mover, from its start until nothing of it is left. */
export class MoverProcess {
  readonly identity: ProcessIdentity
  readonly #options: MoverProcessOptions
  readonly #child: ChildProcess
  readonly #channel: Channel<MoverMessage, SupervisorMessage>
  #failure: string | null = null
  #stopping = false

  /** Throws a `Refusal` when the process cannot be started. */
  constructor(options: MoverProcessOptions) {
    this.#options = options
    const { name, config, claims } = options
    const inherited: InheritedClaim[] = [...claims.keys()].map((volume, at) => ({ volume, fd: CHANNEL_FD + 1 + at }))
    this.#child = spawn(process.execPath, [MAIN, name], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', ...claims.values()],
      // Reads and writes of devices, with a lane for the log; io_uring's I/O may outlive its process.
      env: { ...process.env, UV_THREADPOOL_SIZE: '32', UV_USE_IO_URING: '0' },
    })
    this.#child.on('error', (error) => {
      this.#failure ??= error.message
    })
    const { pid } = this.#child
    const identity = pid === undefined ? null : identifyProcess(pid)
    if (identity === null) {
      this.kill()
      throw new Refusal(1, `cannot start mover ${name}`)
    }
    this.identity = identity
    const stream = this.#child.stdio[CHANNEL_FD] as Duplex
    this.#channel = new Channel<MoverMessage, SupervisorMessage>(
      stream,
      (message) => this.#received(message),
      () => {},
    )
    try {
      options.record(identity)
    } catch (error) {
      // It has not been told to start and has touched nothing.
      this.kill()
      throw error
    }
    this.#child.on('exit', (code, signal) => void this.#exited(code, signal))
    this.#channel.send({ type: 'start', config, claims: inherited })
  }

  /** Asks the mover to write everything and end; kills it when it takes too long. */
  stop(): void {
    if (this.#stopping) return
    this.#stopping = true
    this.#channel.send({ type: 'stop' })
    const timeout = setTimeout(() => {
      this.#failure ??= `did not stop within ${STOP_LIMIT_MS / 1000} s and was killed`
      this.kill()
    }, STOP_LIMIT_MS)
    this.#child.once('exit', () => clearTimeout(timeout))
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #received(message: MoverMessage): void {
    if (message.type === 'ready') this.#options.onReady(message.serving)
    else if (message.type === 'failed') this.#failure = message.message
  }

  async #exited(code: number | null, signal: string | null): Promise<void> {
    const { identity } = this
    while (!(await waitUntilGone(identity, GONE_LIMIT_MS))) this.#options.onStuck(identity.pid)
    const status = signal === null ? `exit status ${code}` : `signal ${signal}`
    const clean = this.#stopping && code === 0
    this.#options.onGone(this.#failure ?? (clean ? 'stopped' : `ended with ${status}`))
  }
}
