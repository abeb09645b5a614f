/**
 * Simulations from the command line: `npm run test:sim -- [--world tokens|data|truncate|names|locks|failure] [--seed N]
 * [--count C | --seconds S]` plays the worlds with the seeds N, N + 1, … and ends at the first in which something goes wrong,
 * with exit status 3.
 */
import { parseArgs } from 'node:util'
import { WORLDS, type WorldName } from './worlds.ts'

const FOUND_SOMETHING = 3

const { values } = parseArgs({
  options: {
    world: { type: 'string', default: 'data' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string' },
    seconds: { type: 'string' },
  },
})
if (!(values.world in WORLDS)) throw new Error(`there is no world '${values.world}'`)
const { plays, usual } = await WORLDS[values.world as WorldName]()
const first = Number(values.seed)
const untilMs = values.seconds === undefined ? null : performance.now() + 1000 * Number(values.seconds)
const end = first + Number(values.count ?? usual)
let seed = first
for (;;) {
  const { failure } = plays(seed, seed)
  if (failure !== null) {
    console.log(failure)
    process.exitCode = FOUND_SOMETHING
    break
  }
  seed++
  if (untilMs === null ? seed >= end : performance.now() >= untilMs) break
}
console.log(`${seed - first} worlds, seeds ${first} to ${seed - 1}`)
