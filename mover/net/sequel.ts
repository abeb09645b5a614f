import type { Environment } from '../environment.ts'

/** Who calls again sooner after an answer is waited for awake: to be woken would take half of that. */
const PROMPT_MS = 0.05
/**
 * For so long: when clients of two movers hand a lock to each other, the other one has it, and lets it go, in that time, and what
 * the other mover asks finds this one awake.
 */
const AWAKE_MS = 0.2

/**
 * Watches how soon calls follow answers. A client that has one call under way at a time and is near, as another process of this
 * host, sends the next one before the event loop has gone to sleep and been woken: while that is so, the loop stays awake for a
 * moment after each answer.
 */
export class Sequel {
  /** Arrivals of data so far. */
  arrivals = 0
  readonly #env: Pick<Environment, 'monotonicMs' | 'stayAwake'>
  #answeredMs = Number.NEGATIVE_INFINITY
  /** `arrivals` when the last answers left; -1 before. */
  #arrivalsThen = -1
  #isPrompt = false

  constructor(env: Pick<Environment, 'monotonicMs' | 'stayAwake'>) {
    this.#env = env
  }

  /** Data has come; returns its number. */
  arrived(): number {
    if (this.#isExpected()) this.#isPrompt = this.#env.monotonicMs() - this.#answeredMs < PROMPT_MS
    return ++this.arrivals
  }

  /** Answers have left. */
  answered(): void {
    this.#answeredMs = this.#env.monotonicMs()
    this.#arrivalsThen = this.arrivals
    if (this.#isPrompt) this.#env.stayAwake(this.#isExpected, AWAKE_MS)
  }

  /** Nothing has come since the last answers. */
  readonly #isExpected = (): boolean => this.arrivals === this.#arrivalsThen
}
