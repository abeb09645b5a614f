import { DATA_SEEDS, playData } from './data-runs.ts'
import { playTokens, TOKEN_SEEDS } from './token-runs.ts'
import { playTruncate, TRUNCATE_SEEDS } from './truncate-runs.ts'

/** The kinds of worlds: `plays` those of some seeds, up to the first in which something goes wrong, and the usual number. */
export const WORLDS = {
  tokens: { plays: playTokens, usual: TOKEN_SEEDS },
  data: { plays: playData, usual: DATA_SEEDS },
  truncate: { plays: playTruncate, usual: TRUNCATE_SEEDS },
} as const

export type WorldName = keyof typeof WORLDS

/** Plays the usual worlds of a kind: what went wrong in one of them, or null. */
export function play(name: WorldName): string | null {
  const { plays, usual } = WORLDS[name]
  return plays(1, usual).failure
}
