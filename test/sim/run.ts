/**
 * Simulations from the command line: `npm run test:sim -- [--seed N] [--count C | --seconds S]` plays the worlds with the
 * seeds N, N + 1, … and ends at the first in which something goes wrong, with its last messages and exit status 3.
 */
import { parseArgs } from 'node:util'
import { FOUND_SOMETHING } from '../crash/mutant-runs.ts'
import { playTokens, TOKEN_SEEDS } from './token-runs.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: `${TOKEN_SEEDS}` },
    seconds: { type: 'string' },
  },
})
const first = Number(values.seed)
const untilMs = values.seconds === undefined ? null : performance.now() + 1000 * Number(values.seconds)
let seed = first
for (;;) {
  const { failure } = playTokens(seed, seed)
  if (failure !== null) {
    console.log(failure)
    process.exitCode = FOUND_SOMETHING
    break
  }
  seed++
  if (untilMs === null ? seed >= first + Number(values.count) : performance.now() >= untilMs) break
}
console.log(`${seed - first} worlds, seeds ${first} to ${seed - 1}`)
