import type { TokenHolder } from '../locks/token-holder.ts'
import { Suspend, SuspendForAnother } from '../suspend.ts'

/**
 * An operation that holds all tokens it needs has thrown `error`. If it has to wait, for pages say, it keeps the tokens of
 * these files until it has run again, or two movers would take them from each other for ever; unless it waits for another
 * mover. Returns what to throw on.
 */
export function keepTokens(holder: TokenHolder, error: unknown, inos: readonly number[]): unknown {
  if (!(error instanceof Suspend) || error instanceof SuspendForAnother) return error
  for (const ino of inos) holder.keep(ino)
  return new Suspend((resume) => error.wait(() => holder.runAgain(inos, resume)))
}
