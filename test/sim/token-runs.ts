import { TokenWorld, type TokenWorldCounts, type TokenWorldOptions, Violation } from './token-world.ts'

/** Worlds of a usual run. */
export const TOKEN_SEEDS = 120

/** Few or many movers and files, crowded or with time between operations. */
export function tokenOptions(seed: number): TokenWorldOptions {
  const [movers, files, mostTokens, begin] = [2 + (seed % 3), 1 + (seed % 2), 2 + (seed % 5), [2, 10, 40][seed % 3]]
  return { seed, movers, files, mostTokens, operations: 400, begin }
}

export interface PlayedTokens {
  counts: TokenWorldCounts
  /** Of the first world that went wrong: its seed, what was wrong, and its last messages. */
  failure: string | null
}

/** Plays the worlds of the seeds from `first` to `last`, up to the first failure. */
export function playTokens(first: number, last: number): PlayedTokens {
  const grants = { WF_R: 0, BR_R: 0, BR_W: 0, WF_X: 0 }
  const counts: TokenWorldCounts = {
    operations: 0,
    localGrants: 0,
    grants,
    reduced: 0,
    looks: 0,
    revokes: 0,
    holds: 0,
    crashes: 0,
  }
  for (let seed = first; seed <= last; seed++) {
    const world = new TokenWorld(tokenOptions(seed))
    try {
      world.run()
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      return { counts, failure: `seed ${seed}: ${error.message}` }
    }
    add(counts, world.counts)
  }
  return { counts, failure: null }
}

function add(sum: TokenWorldCounts, more: TokenWorldCounts): void {
  for (const kind of ['WF_R', 'BR_R', 'BR_W', 'WF_X'] as const) sum.grants[kind] += more.grants[kind]
  for (const name of ['operations', 'localGrants', 'reduced', 'looks', 'revokes', 'holds', 'crashes'] as const)
    sum[name] += more[name]
}
