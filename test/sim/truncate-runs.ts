import { TruncateWorld } from './truncate-world.ts'

/** Worlds of a usual run. */
export const TRUNCATE_SEEDS = 18

export function truncateWorld(seed: number): TruncateWorld {
  return new TruncateWorld({ seed, secondaries: 1 + (seed % 3), clients: 1 + (seed % 3), operations: 150 })
}

/** Plays the worlds of the seeds from `first` to `last`, up to the first in which something goes wrong. */
export function playTruncate(first: number, last: number): { counts: Record<string, number>; failure: string | null } {
  const counts: Record<string, number> = {}
  for (let seed = first; seed <= last; seed++) {
    try {
      const world = truncateWorld(seed)
      world.run()
      for (const [name, count] of Object.entries(world.counts)) counts[name] = (counts[name] ?? 0) + count
    } catch (error) {
      return { counts, failure: `seed ${seed}: ${(error as Error).message}` }
    }
  }
  return { counts, failure: null }
}
