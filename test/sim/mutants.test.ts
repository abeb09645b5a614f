/** Deliberate breaks of the product: the worlds of the simulations, in which the product itself is well, must notice each. */
import { join } from 'node:path'
import t from 'tap'
import { NO_BREAK, playMutants } from '../crash/mutant-runs.ts'
import { MUTANTS, type SimMutant } from './mutants.ts'
import { WORLDS } from './worlds.ts'

const PLAYER = join(import.meta.dirname, 'worlds.ts')
/** Breaks of a thread. */
const TOGETHER = 15
t.setTimeout(1_500_000)

const groups: SimMutant[][] = []
for (const world of Object.keys(WORLDS)) {
  const mutants = MUTANTS.filter((mutant) => mutant.world === world)
  for (let at = 0; at < mutants.length; at += TOGETHER) groups.push(mutants.slice(at, at + TOGETHER))
}
for (const mutants of groups) {
  const [{ world, seed = 1 }] = mutants
  const attempts = mutants.map((change) => ({ change, what: world }))
  const unbroken = { change: { ...NO_BREAK, seed }, what: world, isOnly: true }
  await playMutants([...attempts, unbroken], PLAYER, ({ change }, { caught, message }) => {
    if (change.name === NO_BREAK.name)
      t.equal(message, 'nothing noticed', `${world}: the product without a break passes after them`)
    else t.ok(caught, `${change.name}: ${message.split('\n')[0].slice(0, 200)}`)
  })
}
