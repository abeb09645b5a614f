/**
 * Simulations from the command line: `npm run test:sim -- [--world tokens|data|truncate|failure] [--seed N] [--count C | --seconds S]` plays
 * the worlds with the seeds N, N + 1, … and ends at the first in which something goes wrong, with exit status 3.
 */
import { parseArgs } from 'node:util'
import { FOUND_SOMETHING } from '../crash/mutant-runs.ts'
import { DATA_SEEDS, playData } from './data-runs.ts'
import { FAILURE_SEEDS, playFailure } from './failure-runs.ts'
import { playTokens, TOKEN_SEEDS } from './token-runs.ts'
import { playTruncate, TRUNCATE_SEEDS } from './truncate-runs.ts'

const WORLDS = {
  tokens: { play: playTokens, usual: TOKEN_SEEDS },
  data: { play: playData, usual: DATA_SEEDS },
  truncate: { play: playTruncate, usual: TRUNCATE_SEEDS },
  failure: { play: playFailure, usual: FAILURE_SEEDS },
} as const

const { values } = parseArgs({
  options: {
    world: { type: 'string', default: 'data' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string' },
    seconds: { type: 'string' },
  },
})
if (!(values.world in WORLDS)) throw new Error(`there is no world '${values.world}'`)
const { play, usual } = WORLDS[values.world as keyof typeof WORLDS]
const first = Number(values.seed)
const untilMs = values.seconds === undefined ? null : performance.now() + 1000 * Number(values.seconds)
const end = first + Number(values.count ?? usual)
let seed = first
for (;;) {
  const { failure } = play(seed, seed)
  if (failure !== null) {
    console.log(failure)
    process.exitCode = FOUND_SOMETHING
    break
  }
  seed++
  if (untilMs === null ? seed >= end : performance.now() >= untilMs) break
}
console.log(`${seed - first} worlds, seeds ${first} to ${seed - 1}`)
