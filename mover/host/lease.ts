import type { Environment } from '../environment.ts'

/** How often in a lease each side shows that it lives. */
const BEATS = 3

/**
 * Calls `beat` three times in a lease, each time when what has arrived by then has been handled: who was held up does not
 * take what waits for him for silence. `wasLate`: nothing was looked at for two beats, so that silence proves nothing.
 * Returns a function that ends it.
 */
export function startBeat(
  leaseMs: number,
  env: Environment,
  beat: (nowMs: number, wasLate: boolean) => void,
): () => void {
  const periodMs = leaseMs / BEATS
  let lastMs = env.monotonicMs()
  let isOver = false
  let cancel = env.timer(periodMs, due)
  function due(): void {
    env.defer(() => {
      if (isOver) return
      const nowMs = env.monotonicMs()
      const wasLate = nowMs - lastMs > 2 * periodMs
      lastMs = nowMs
      cancel = env.timer(periodMs, due)
      beat(nowMs, wasLate)
    })
  }
  return () => {
    isOver = true
    cancel()
  }
}

/**
 * How long a process has not answered its pings; it is told the time. A channel keeps order, so that an answer is always
 * that to the oldest ping.
 */
export class AnswerWatch {
  /** When those were sent that are not answered. */
  readonly #sentMs: number[] = []

  sent(nowMs: number): void {
    this.#sentMs.push(nowMs)
  }

  answered(): void {
    this.#sentMs.shift()
  }

  /** For how long the oldest ping has had no answer. */
  silentMs(nowMs: number): number {
    return this.#sentMs.length === 0 ? 0 : nowMs - this.#sentMs[0]
  }

  /** All that is not answered counts as if it were sent now. */
  renew(nowMs: number): void {
    this.#sentMs.fill(nowMs)
  }
}
