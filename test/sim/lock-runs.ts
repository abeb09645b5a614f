import { Violation } from './lock-owner.ts'
import { LockWorld, type LockWorldCounts, type LockWorldOptions } from './lock-world.ts'

/** Worlds of a usual run. */
export const LOCK_SEEDS = 140

/** One file or several, crowded or with time between what is done, used by clients of all movers or most by those of one. */
export function lockOptions(seed: number): LockWorldOptions {
  const [files, isApart] = [1 + (seed % 4), seed % 2 === 1]
  return {
    seed,
    files,
    operations: 300,
    begin: [4, 12, 40][seed % 3],
    isApart,
    isInTurn: seed % 5 === 0,
    toldAtOnce: 1000,
  }
}

export interface PlayedLocks {
  counts: Partial<LockWorldCounts>
  /** Of the first world that went wrong: its seed, what was wrong, and its last messages. */
  failure: string | null
}

/** Plays the worlds of the seeds from `first` to `last`, up to the first failure. */
export function playLocks(first: number, last: number, how: Partial<LockWorldOptions> = {}): PlayedLocks {
  const counts: Partial<LockWorldCounts> = {}
  for (let seed = first; seed <= last; seed++) {
    const world = new LockWorld({ ...lockOptions(seed), ...how })
    try {
      world.run()
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      return { counts, failure: `seed ${seed}: ${error.message}` }
    }
    for (const name of Object.keys(world.counts) as (keyof LockWorldCounts)[]) {
      counts[name] = (counts[name] ?? 0) + world.counts[name]
    }
  }
  return { counts, failure: null }
}
