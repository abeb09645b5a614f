/** Deliberate breaks of the product: the worlds of the simulations, in which the product itself is well, must notice each. */
import { join } from 'node:path'
import t from 'tap'
import { twoAtOnce } from '../crash/at-once.ts'
import { NO_BREAK, playMutant } from '../crash/mutant-runs.ts'
import { MUTANTS } from './mutants.ts'

const PLAYER = join(import.meta.dirname, 'worlds.ts')
t.setTimeout(1_500_000)

await twoAtOnce(MUTANTS, async (mutant) => {
  const { caught, message } = await playMutant(mutant, PLAYER, mutant.world)
  t.ok(caught, `${mutant.name}: ${message.split('\n')[0].slice(0, 200)}`)
})
// The worlds of `data` without a break are those of data.test.ts.
const { message } = await playMutant(NO_BREAK, PLAYER, 'tokens')
t.equal(message, 'nothing noticed', 'the product without a break passes')
