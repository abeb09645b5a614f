/** What it takes to stay awake. */
export interface VigilHost {
  nowMs(): number
  /** Runs `task` in the next turn of the event loop, which does not sleep before. */
  nextTurn(task: () => void): void
}

/**
 * Keeps an event loop from going to sleep while an answer is expected in some microseconds: turning it over costs less than
 * being woken. It ends by itself, soon.
 */
export class Vigil {
  readonly #host: VigilHost
  #isWaiting = (): boolean => false
  #untilMs = 0
  #isKept = false

  constructor(host: VigilHost) {
    this.#host = host
  }

  /** From now on, for as long as `isWaiting` says so, and no longer than `mostMs`. */
  keep(isWaiting: () => boolean, mostMs: number): void {
    this.#isWaiting = isWaiting
    this.#untilMs = this.#host.nowMs() + mostMs
    if (this.#isKept) return
    this.#isKept = true
    this.#host.nextTurn(this.#turn)
  }

  readonly #turn = (): void => {
    this.#isKept = this.#isWaiting() && this.#host.nowMs() < this.#untilMs
    if (this.#isKept) this.#host.nextTurn(this.#turn)
  }
}
