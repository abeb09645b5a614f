import type { MoverStream, StreamReceiver } from '../../mover/sessions/stream.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import type { Process } from './process.ts'

const MOST_DELAY_MS = 2
const CLOSED = 'the other mover has closed it'

/** One end of a stream between two processes: in order, each piece after a delay of its own. */
export class StreamEnd implements MoverStream {
  other: StreamEnd | null = null
  readonly #process: Process
  readonly #env: TestEnvironment
  readonly #onSent: (bytes: Uint8Array) => void
  #receiver: StreamReceiver | null = null
  #isClosed = false
  #arrivesAtMs = 0
  /** Times of one moment may differ by a rounding: what arrives is always the first of these. */
  readonly #underWay: ((other: StreamEnd) => void)[] = []
  /** Nothing arrives at the other end before this. */
  #stalledUntilMs = 0

  constructor(process: Process, env: TestEnvironment, onSent: (bytes: Uint8Array) => void) {
    this.#process = process
    this.#onSent = onSent
    this.#env = env
    process.onDeath.push(() => this.#send((other) => other.cutOff(CLOSED)))
  }

  deliverTo(receiver: StreamReceiver): void {
    this.#receiver = receiver
  }

  write(bytes: Uint8Array): void {
    if (this.#isClosed) return
    const copy = bytes.slice()
    this.#onSent(copy)
    this.#process.emit(() => {
      this.#send((other) => {
        if (!other.#isClosed) other.#receiver?.received(copy, copy.length)
      })
    })
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#process.emit(() => this.#send((other) => other.cutOff(CLOSED)))
  }

  /** The stream is over for this end; what is under way to the other one is lost with it. */
  cutOff(reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#process.emit(() => this.#send((other) => other.cutOff(CLOSED)))
    this.#receiver?.end(reason)
  }

  /** For so long nothing arrives at the other end. */
  stall(ms: number): void {
    this.#stalledUntilMs = this.#env.monotonicMs() + ms
  }

  /** The connection breaks: both ends are told, and neither in the middle of what it does. */
  break(): void {
    for (const end of [this, this.other]) {
      if (end !== null) this.#env.work(0, () => end.#process.deliver(() => end.cutOff('it is broken')))
    }
  }

  #send(arrive: (other: StreamEnd) => void): void {
    const now = this.#env.monotonicMs()
    const soonest = now + this.#env.random.float() * MOST_DELAY_MS
    this.#arrivesAtMs = Math.max(this.#arrivesAtMs, this.#stalledUntilMs, soonest)
    this.#underWay.push(arrive)
    this.#env.work(this.#arrivesAtMs - now, () => {
      const { other } = this
      const first = this.#underWay.shift()
      if (other !== null) other.#process.deliver(() => first?.(other))
    })
  }
}

/** A stream between two processes, seen from the first and from the second. `onSent` is told what either writes. */
export function streamPair(
  first: Process,
  second: Process,
  env: TestEnvironment,
  onSent: (bytes: Uint8Array) => void,
): [StreamEnd, StreamEnd] {
  const [a, b] = [new StreamEnd(first, env, onSent), new StreamEnd(second, env, onSent)]
  a.other = b
  b.other = a
  return [a, b]
}
