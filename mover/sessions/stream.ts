import type { Socket } from 'node:net'
import type { SessionStream } from '../authority/session.ts'
import type { Environment } from '../environment.ts'

/** A peer for whom more than this waits is cut off. */
const MAX_QUEUED_BYTES = 64 * 2 ** 20
/** A peer that takes none of our writes for so long while one waits is cut off. */
const STALL_MS = 10_000

/** Who is told what a stream brings: a `Session`. */
export interface StreamReceiver {
  /** The first `count` bytes have come; they are the stream's again when this returns. */
  received(bytes: Uint8Array, count: number): void
  /** The stream is over, for this reason. */
  end(reason: string): void
}

/** A stream between two movers, whatever it goes through. What it brings is told to whoever was named last. */
export interface MoverStream extends SessionStream {
  deliverTo(receiver: StreamReceiver): void
  /** Ends the stream at once; what has not left is lost. The receiver is told why. */
  cutOff(reason: string): void
}

/** What who has closed a stream, or is dead, lets the other end know. */
export const CLOSED_BY_OTHER = 'the other mover has closed it'

/** Limits of a stream, for tests. */
export interface StreamLimits {
  maxQueuedBytes?: number
  stallMs?: number
}

/** A session's stream over a Unix socket. */
export class SocketStream implements MoverStream {
  readonly #socket: Socket
  readonly #env: Environment
  readonly #maxQueuedBytes: number
  readonly #stallMs: number
  #receiver: StreamReceiver | null = null
  #isClosed = false
  /** Why it is over, as long as nobody has been told. */
  #untold: string | null = null
  #cancelStall: (() => void) | null = null

  constructor(socket: Socket, env: Environment, limits: StreamLimits = {}) {
    this.#socket = socket
    this.#env = env
    this.#maxQueuedBytes = limits.maxQueuedBytes ?? MAX_QUEUED_BYTES
    this.#stallMs = limits.stallMs ?? STALL_MS
    socket.on('end', () => this.cutOff(CLOSED_BY_OTHER))
    socket.on('error', (error) => this.cutOff(problemOf(error)))
    socket.on('close', () => this.cutOff('it was closed'))
  }

  /** From now on, `receiver` is told what comes. */
  deliverTo(receiver: StreamReceiver): void {
    this.#receiver = receiver
    const reason = this.#untold
    this.#untold = null
    if (reason !== null) receiver.end(reason)
  }

  /** True while something has not left the process. */
  get isWaiting(): boolean {
    return !this.#socket.destroyed && this.#socket.writableLength > 0
  }

  write(bytes: Uint8Array): void {
    if (this.#isClosed) return
    this.#socket.write(Buffer.from(bytes))
    // Not now: who is writing does not expect to be told of an end.
    if (this.isWaiting) process.nextTick(this.#look)
  }

  /** What was written still leaves, as long as the peer takes it. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#look()
    this.#socket.end(() => this.#socket.destroy())
  }

  cutOff(reason: string): void {
    this.#cancelStall?.()
    this.#cancelStall = null
    this.#socket.destroy()
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#receiver === null) this.#untold = reason
    else this.#receiver.end(reason)
  }

  /** The socket has brought `count` bytes. */
  received(bytes: Uint8Array, count: number): void {
    if (!this.#isClosed) this.#receiver?.received(bytes, count)
  }

  readonly #look = (): void => {
    if (this.#socket.writableLength > this.#maxQueuedBytes) {
      this.cutOff(`the other mover has left more than ${this.#maxQueuedBytes} bytes unread`)
    } else if (this.isWaiting) this.#watch()
  }

  /** Bytes that have left the process. */
  get #leftBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength
  }

  /** Looks whether what waits gets less. */
  #watch(): void {
    if (this.#cancelStall !== null) return
    const before = this.#leftBytes
    this.#cancelStall = this.#env.timer(this.#stallMs, () => {
      this.#cancelStall = null
      if (!this.isWaiting) return
      if (this.#leftBytes === before) this.cutOff(`the other mover has taken nothing for ${this.#stallMs} ms`)
      else this.#watch()
    })
  }
}

/** A mover that was killed closes its sockets too, whatever was still under way. */
function problemOf({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ECONNRESET' || code === 'EPIPE' ? CLOSED_BY_OTHER : message
}
