/**
 * What has to be told to one listener, in order: at once, or behind a pause where somebody says that so much was told that
 * others must have their turn.
 */
export class Telling {
  readonly #pause: () => void
  readonly #later: (() => boolean)[] = []
  #at = 0
  #isPaused = false

  /** `pause` asks for a call of `goOn` a moment later. */
  constructor(pause: () => void) {
    this.#pause = pause
  }

  /** `tell` answers true when a pause is due behind it. */
  say(tell: () => boolean): void {
    if (this.#isPaused) this.#later.push(tell)
    else this.#tell(tell)
  }

  /** The pause is over; true when all has been told. */
  goOn(): boolean {
    this.#isPaused = false
    while (!this.#isPaused && this.#at < this.#later.length) this.#tell(this.#later[this.#at++])
    if (!this.#isPaused) this.forget()
    return !this.#isPaused
  }

  /** The listener is gone: what it has not been told it never is. */
  forget(): void {
    this.#later.length = 0
    this.#at = 0
    this.#isPaused = false
  }

  #tell(tell: () => boolean): void {
    if (!tell()) return
    this.#isPaused = true
    this.#pause()
  }
}
