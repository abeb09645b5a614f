import type { Environment } from '../environment.ts'
import { CLOSED_BY_OTHER, type MoverStream, type StreamReceiver } from './stream.ts'

/** One end of a stream between a mover's two sides of a volume whose primary it has become. */
class LocalStream implements MoverStream {
  readonly #env: Environment
  #other: LocalStream | null = null
  #receiver: StreamReceiver | null = null
  #isClosed = false
  /** Why it is over, as long as nobody has been told. */
  #untold: string | null = null

  constructor(env: Environment) {
    this.#env = env
  }

  /** Two ends of one stream. */
  static pair(env: Environment): [LocalStream, LocalStream] {
    const [near, far] = [new LocalStream(env), new LocalStream(env)]
    near.#other = far
    far.#other = near
    return [near, far]
  }

  deliverTo(receiver: StreamReceiver): void {
    this.#receiver = receiver
    const reason = this.#untold
    this.#untold = null
    if (reason !== null) receiver.end(reason)
  }

  write(bytes: Uint8Array): void {
    if (this.#isClosed) return
    const copy = new Uint8Array(bytes)
    this.#tell((other) => {
      if (!other.#isClosed) other.#receiver?.received(copy, copy.length)
    })
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#tell((other) => other.cutOff(CLOSED_BY_OTHER))
  }

  cutOff(reason: string): void {
    if (this.#isClosed) return
    this.close()
    if (this.#receiver === null) this.#untold = reason
    else this.#receiver.end(reason)
  }

  /** Never in this very call, and in order: who writes does not expect an answer yet. */
  #tell(arrive: (other: LocalStream) => void): void {
    const other = this.#other as LocalStream
    this.#env.defer(() => arrive(other))
  }
}

/** A stream within one process, seen from both of its ends. */
export function localStreams(env: Environment): [MoverStream, MoverStream] {
  return LocalStream.pair(env)
}
