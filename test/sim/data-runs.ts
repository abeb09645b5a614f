import { DataWorld, type DataWorldCounts } from './data-world.ts'

/** Worlds of a usual run. */
export const DATA_SEEDS = 70

export function dataWorld(seed: number): DataWorld {
  const [secondaries, files, clients] = [1 + (seed % 3), 1 + (seed % 2), 1 + (seed % 4)]
  return new DataWorld({ seed, secondaries, files, clients, operations: 200 })
}

/** Plays the worlds of the seeds from `first` to `last`, up to the first in which something goes wrong. */
export function playData(first: number, last: number): { counts: DataWorldCounts; failure: string | null } {
  const counts: DataWorldCounts = { reads: 0, writes: 0, commits: 0, frames: 0, local: 0 }
  for (let seed = first; seed <= last; seed++) {
    try {
      const world = dataWorld(seed)
      world.run()
      for (const name of Object.keys(counts) as (keyof DataWorldCounts)[]) counts[name] += world.counts[name]
    } catch (error) {
      return { counts, failure: `seed ${seed}: ${(error as Error).message}` }
    }
  }
  return { counts, failure: null }
}
