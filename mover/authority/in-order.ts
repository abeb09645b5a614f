import { Suspend } from '../suspend.ts'

/**
 * Steps that may have to wait (`Suspend`), in order by file: a step of a file begins when those before it are over, and
 * those of other files do not wait for it.
 */
export class InOrder {
  readonly #waiting = new Map<number, (() => void)[]>()
  readonly #failed: (error: Error) => void

  /** `failed` is told what a step threw that is no `Suspend`; the steps behind it still come. */
  constructor(failed: (error: Error) => void) {
    this.#failed = failed
  }

  /** Runs a step now, or when it is its turn; again and again, until it need not wait. It changes nothing before that. */
  run(ino: number, step: () => void): void {
    const waiting = this.#waiting.get(ino)
    if (waiting !== undefined) waiting.push(step)
    else this.#attempt(ino, step)
  }

  /** Steps that are not over. */
  get size(): number {
    let count = 0
    for (const steps of this.#waiting.values()) count += steps.length
    return count
  }

  /** True when the step is over. */
  #attempt(ino: number, step: () => void): boolean {
    try {
      step()
    } catch (error) {
      if (error instanceof Suspend) {
        if (!this.#waiting.has(ino)) this.#waiting.set(ino, [step])
        error.wait(() => this.#resume(ino))
        return false
      }
      this.#failed(error as Error)
    }
    return true
  }

  #resume(ino: number): void {
    const steps = this.#waiting.get(ino)
    if (steps === undefined) return
    while (steps.length > 0) {
      if (!this.#attempt(ino, steps[0])) return
      steps.shift()
    }
    this.#waiting.delete(ino)
  }
}
