/**
 * Deliberate breaks of the product: the stories of stories-*.test.ts, which the product itself passes there, must notice
 * every one of them.
 */
import t from 'tap'
import { runMutant } from './mutant-runs.ts'
import { MUTANTS } from './mutants.ts'

const AT_ONCE = 2
const TIMEOUT_MS = 400_000
t.setTimeout(TIMEOUT_MS)
const waiting = [...MUTANTS]

async function work(): Promise<void> {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const { caught, message } = await runMutant(mutant)
    t.ok(caught, `${mutant.name}: ${message.slice(0, 200)}`)
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work))
const control = { name: 'none', file: 'package.json', find: '"name": "lockkeeper"', replace: '"name": "lockkeeper"' }
const { message } = await runMutant({ ...control, plot: 'reigns' })
t.equal(message, 'nothing noticed', 'a copy without a break passes')
