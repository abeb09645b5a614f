/**
 * `node test/sim/find-seeds.ts [PART OF A NAME...]`: for each deliberate break (of those names) the seed that is to be written
 * beside it: its own where the world of that seed still notices it soon, else the cheapest of the first that do. A change of
 * what movers say or of how worlds are made shifts all worlds.
 */
import { type Play, playMutants } from '../crash/mutant-runs.ts'
import { MUTANTS } from './mutants.ts'
import { WORLDS, type WorldName } from './worlds.ts'

const MOST_SEEDS = 1000
/** Seconds of CPU: a seed of its own stays below, one that was found ends the search below, and so does the search. */
const SOON_S = 0.8
const CHEAP_S = 0.4
const SEARCH_S = 15
const GIVE_UP_S = 200

/** In a break's thread. What it returns is the seed, and what noticing takes. */
export const play: Play<WorldName> = async (name, own) => {
  const { plays } = await WORLDS[name]()
  const begunS = cpuS()
  if (own !== null && plays(own, own).failure !== null && cpuS() - begunS < SOON_S) return `seed ${own} as before`
  let best = { seed: 0, seconds: Number.POSITIVE_INFINITY }
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const fromS = cpuS()
    const { failure } = plays(seed, seed)
    const seconds = cpuS() - fromS
    if (failure !== null && seconds < best.seconds) best = { seed, seconds }
    const limitS = best.seed === 0 ? GIVE_UP_S : SEARCH_S
    if (best.seconds < CHEAP_S || cpuS() - begunS > limitS) break
  }
  return best.seed === 0 ? 'no seed was found' : `seed ${best.seed} (${best.seconds.toFixed(2)} s)`
}

function cpuS(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1e6
}

if (import.meta.main) {
  const names = process.argv.slice(2)
  for (const mutant of MUTANTS) {
    if (names.length > 0 && !names.some((name) => mutant.name.includes(name))) continue
    await playMutants([{ change: mutant, what: mutant.world }], import.meta.filename, (_, { message }) => {
      console.log(`${mutant.world}: ${mutant.name}: ${message}`)
    })
  }
}
