/**
 * Simulations from the command line: `npm run test:sim -- [--world tokens|data|truncate|names|locks|failure|lockers] [--seed N]
 * [--count C | --seconds S]` plays the worlds with the seeds N, N + 1, … and ends at the first in which something goes wrong,
 * with exit status 3. Without `--world` it plays all kinds in turn: those of seed N, then those of the next; C of each kind,
 * or for S seconds in all.
 */
import { parseArgs } from 'node:util'
import { WORLDS, type WorldName, worldsPlayed } from './worlds.ts'

const FOUND_SOMETHING = 3
const NAMES = Object.keys(WORLDS) as WorldName[]

const { values } = parseArgs({
  options: {
    world: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string' },
    seconds: { type: 'string' },
  },
})

function number(option: 'seed' | 'count' | 'seconds'): number | null {
  const text = values[option]
  if (text === undefined) return null
  const value = Number(text)
  if (!Number.isFinite(value)) throw new Error(`--${option} is a number, not '${text}'`)
  return value
}

const names = NAMES.filter((name) => values.world === undefined || name === values.world)
if (names.length === 0) throw new Error(`there is no world '${values.world}', only ${NAMES.join(', ')}`)
const kinds = await Promise.all(names.map(async (name) => ({ name, ...(await WORLDS[name]()), played: 0 })))
const [first, count, seconds] = [number('seed') ?? 1, number('count'), number('seconds')]
const untilMs = seconds === null ? null : performance.now() + 1000 * seconds

/** Plays the next world of each kind that has one left, until none has; what has gone wrong, or null. */
function playAll(): string | null {
  for (;;) {
    let isOver = true
    for (const kind of kinds) {
      if (untilMs === null ? kind.played >= (count ?? kind.usual) : performance.now() >= untilMs) continue
      const seed = first + kind.played
      const { failure } = kind.plays(seed, seed)
      if (failure !== null) return `${kind.name}: ${failure}`
      kind.played++
      isOver = false
    }
    if (isOver) return null
  }
}

const failure = playAll()
if (failure !== null) {
  console.log(failure)
  process.exitCode = FOUND_SOMETHING
}
for (const { name, played } of kinds) if (played > 0) console.log(worldsPlayed(name, first, first + played - 1))
