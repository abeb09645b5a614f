/**
 * Deliberate breaks of the product: the stories of stories.test.ts, which the product itself passes there, must notice
 * every one of them.
 */
import { join } from 'node:path'
import t from 'tap'
import { NO_BREAK, playMutants } from './mutant-runs.ts'
import { MUTANTS } from './mutants.ts'

const TIMEOUT_MS = 400_000
const PLAYER = join(import.meta.dirname, 'plot-stories.ts')
t.setTimeout(TIMEOUT_MS)

const attempts = [...MUTANTS, { ...NO_BREAK, plot: 'steady' }].map((change) => ({ change, what: change.plot }))
await playMutants(attempts, PLAYER, ({ change }, { caught, message }) => {
  if (change.name === NO_BREAK.name) t.equal(message, 'nothing noticed', 'the product without a break passes')
  else t.ok(caught, `${change.name}: ${message.split('\n', 3).join(' | ').slice(0, 200)}`)
})
