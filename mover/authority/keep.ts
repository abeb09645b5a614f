import type { TokenHolder } from '../locks/token-holder.ts'
import { Suspend, SuspendForAnother } from '../suspend.ts'

/**
 * An operation that holds all tokens it needs has thrown `error`. If it has to wait, for pages say, it keeps the tokens of
 * these files until it has run again, or two movers would take them from each other for ever; unless it waits for another
 * mover. Returns what to throw on.
 */
export function keepTokens(holder: TokenHolder, error: unknown, inos: readonly number[]): unknown {
  if (!(error instanceof Suspend) || error instanceof SuspendForAnother) return error
  return new SuspendKeeping(error, holder, inos)
}

/** What is kept is kept until the operation has run again. */
class SuspendKeeping extends Suspend {
  readonly #cause: Suspend
  readonly #runAgain: (run: () => void) => void

  constructor(cause: Suspend, holder: TokenHolder, inos: readonly number[]) {
    super((resume) => cause.wait(() => this.#runAgain(resume)))
    this.#cause = cause
    this.#runAgain = (run) => holder.runAgain(inos, run)
    for (const ino of inos) holder.keep(ino)
  }

  override waitDeferred(defer: (task: () => void) => void, resume: () => void): void {
    this.#cause.wait(() => defer(() => this.#runAgain(resume)))
  }
}
