/**
 * Deliberate breaks of the product: the stories of stories.test.ts, which the product itself passes there, must notice
 * every one of them.
 */
import { join } from 'node:path'
import t from 'tap'
import { twoAtOnce } from './at-once.ts'
import { NO_BREAK, playMutant } from './mutant-runs.ts'
import { MUTANTS } from './mutants.ts'

const TIMEOUT_MS = 400_000
const PLAYER = join(import.meta.dirname, 'plot-stories.ts')
t.setTimeout(TIMEOUT_MS)

await twoAtOnce(MUTANTS, async (mutant) => {
  const { caught, message } = await playMutant(mutant, PLAYER, mutant.plot)
  t.ok(caught, `${mutant.name}: ${message.split('\n', 3).join(' | ').slice(0, 200)}`)
})
const { message } = await playMutant(NO_BREAK, PLAYER, 'steady')
t.equal(message, 'nothing noticed', 'the product without a break passes')
