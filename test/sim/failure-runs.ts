import { type FailureOptions, FailureWorld } from './failure-world.ts'

/** Bytes: hardly more than what one mover reserves. */
const LITTLE_ROOM = 10 * 2 ** 20

/** Bytes: for a write or two of each client. */
const HARDLY_ANY_ROOM = 2 ** 17

/** Worlds of a usual run. */
export const FAILURE_SEEDS = 20

/** Other worlds, in which things happen that few others have: faults were found there, or are noticed nowhere before. */
export const TELLING_SEEDS = [49, 79, 85, 97, 117, 145, 159, 485]

export function failureOptions(seed: number): FailureOptions {
  const [movers, files, clients] = [2 + (seed % 3), 1 + (seed % 2), 2 + (seed % 4)]
  return {
    seed,
    movers,
    files,
    clients,
    operations: 120,
    isTight: seed % 5 < 2,
    leftFree: seed % 4 === 3 ? LITTLE_ROOM : null,
    lists: seed % 11 === 6,
    strays: seed % 13 === 9,
    stalls: seed % 9 === 5,
    locks: null,
  }
}

/** Worlds in which clients are told that there is no room. */
export const FULL_SEEDS = [3, 5] as const

export function fullOptions(seed: number): FailureOptions {
  return { ...failureOptions(seed), leftFree: HARDLY_ANY_ROOM }
}

interface Played {
  counts: Record<string, number>
  failure: string | null
}

/** Plays the worlds of the seeds from `first` to `last`, up to the first in which something goes wrong. */
export function playFailure(first: number, last: number): Played {
  return playWorlds(failureOptions, first, last)
}

/** See `playFailure`: worlds as `optionsOf` makes them of their seeds. */
export function playWorlds(optionsOf: (seed: number) => FailureOptions, first: number, last: number): Played {
  const counts: Record<string, number> = {}
  for (let seed = first; seed <= last; seed++) {
    const world = new FailureWorld(optionsOf(seed))
    try {
      world.run()
    } catch (error) {
      return { counts, failure: `seed ${seed}: ${(error as Error).message}` }
    }
    for (const [name, count] of Object.entries(world.counts)) counts[name] = (counts[name] ?? 0) + count
  }
  return { counts, failure: null }
}
