import type { Play } from '../crash/mutant-runs.ts'

/** Plays worlds of one kind. */
export interface Worlds {
  /** Plays those of the seeds from `first` to `last`, up to the first in which something goes wrong: what, or null. */
  plays(first: number, last: number): { failure: string | null }
  /** Worlds of a usual run. */
  usual: number
}

/** The kinds of worlds. Each is loaded when it is asked for, because a break's thread plays one kind. */
export const WORLDS = {
  tokens: () => import('./token-runs.ts').then((m) => ({ plays: m.playTokens, usual: m.TOKEN_SEEDS })),
  data: () => import('./data-runs.ts').then((m) => ({ plays: m.playData, usual: m.DATA_SEEDS })),
  truncate: () => import('./truncate-runs.ts').then((m) => ({ plays: m.playTruncate, usual: m.TRUNCATE_SEEDS })),
  names: () => import('./names-runs.ts').then((m) => ({ plays: m.playNames, usual: m.NAMES_SEEDS })),
  locks: () => import('./lock-runs.ts').then((m) => ({ plays: m.playLocks, usual: m.LOCK_SEEDS })),
  failure: () => import('./failure-runs.ts').then((m) => ({ plays: m.playFailure, usual: m.FAILURE_SEEDS })),
  lockers: () => import('./locker-runs.ts').then((m) => ({ plays: m.playLockers, usual: m.LOCKER_SEEDS })),
} as const satisfies Record<string, () => Promise<Worlds>>

export type WorldName = keyof typeof WORLDS

/** Which worlds were played, without a failure: `npm test` shows a comment that says so (scripts/tap-count.ts). */
export function worldsPlayed(name: WorldName, first: number, last: number, others: readonly number[] = []): string {
  const seeds = [`${first} to ${last}`, ...others].join(', ')
  return `${name}: ${last - first + 1 + others.length} worlds, seeds ${seeds}`
}

export const load = (name: WorldName): Promise<Worlds> => WORLDS[name]()

/** The usual worlds of a kind. */
export const play: Play<WorldName> = async (name, first, isOnly) => {
  const { plays, usual } = await load(name)
  const failure = first === null ? null : plays(first, first).failure
  return isOnly ? failure : (failure ?? plays(1, usual).failure)
}
