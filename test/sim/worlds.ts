import type { Play } from '../crash/mutant-runs.ts'
import { DATA_SEEDS, playData } from './data-runs.ts'
import { FAILURE_SEEDS, playFailure } from './failure-runs.ts'
import { LOCK_SEEDS, playLocks } from './lock-runs.ts'
import { NAMES_SEEDS, playNames } from './names-runs.ts'
import { playTokens, TOKEN_SEEDS } from './token-runs.ts'
import { playTruncate, TRUNCATE_SEEDS } from './truncate-runs.ts'

/** The kinds of worlds: `plays` those of some seeds, up to the first in which something goes wrong, and the usual number. */
export const WORLDS = {
  tokens: { plays: playTokens, usual: TOKEN_SEEDS },
  data: { plays: playData, usual: DATA_SEEDS },
  truncate: { plays: playTruncate, usual: TRUNCATE_SEEDS },
  names: { plays: playNames, usual: NAMES_SEEDS },
  locks: { plays: playLocks, usual: LOCK_SEEDS },
  failure: { plays: playFailure, usual: FAILURE_SEEDS },
} as const

export type WorldName = keyof typeof WORLDS

/** The usual worlds of a kind. */
export const play: Play<WorldName> = (name, first) => {
  const { plays, usual } = WORLDS[name]
  const failure = first === null ? null : plays(first, first).failure
  return failure ?? plays(1, usual).failure
}
