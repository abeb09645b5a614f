import { NamesWorld } from './names-world.ts'

/** Worlds of a usual run. */
export const NAMES_SEEDS = 20

export function namesWorld(seed: number): NamesWorld {
  return new NamesWorld({ seed, secondaries: 1 + (seed % 3), clients: 1 + (seed % 3), operations: 240 })
}

/** Plays the worlds of the seeds from `first` to `last`, up to the first in which something goes wrong. */
export function playNames(first: number, last: number): { counts: Record<string, number>; failure: string | null } {
  const counts: Record<string, number> = {}
  for (let seed = first; seed <= last; seed++) {
    try {
      const world = namesWorld(seed)
      world.run()
      for (const [name, count] of Object.entries(world.counts)) counts[name] = (counts[name] ?? 0) + count
    } catch (error) {
      return { counts, failure: `seed ${seed}: ${(error as Error).message}` }
    }
  }
  return { counts, failure: null }
}
