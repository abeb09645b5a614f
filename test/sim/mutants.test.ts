/** Deliberate breaks of the product: the worlds of the simulations, in which the product itself is well, must notice each. */
import { join } from 'node:path'
import t from 'tap'
import { FOUND_SOMETHING, mutatedCopy, runProgram } from '../crash/mutant-runs.ts'
import { MUTANTS, type SimMutant } from './mutants.ts'

const AT_ONCE = 2
t.setTimeout(400_000)

async function outcome(mutant: SimMutant): Promise<{ code: number; output: string }> {
  const copy = mutatedCopy(mutant)
  try {
    const args = [join(copy.path, 'test/sim/run.ts'), '--world', mutant.world]
    if (mutant.seed !== undefined) {
      const found = await runProgram([...args, '--seed', `${mutant.seed}`, '--count', '1'])
      if (found.code !== 0) return found
    }
    return await runProgram(args)
  } finally {
    copy.remove()
  }
}

const waiting = [...MUTANTS]
async function work(): Promise<void> {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const { code, output } = await outcome(mutant)
    t.equal(code, FOUND_SOMETHING, `${mutant.name}: ${output.split('\n')[0].slice(0, 200)}`)
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work))
const name = '"name": "lockkeeper"'
for (const world of ['tokens', 'data'] as const) {
  const { code } = await outcome({ name: 'none', file: 'package.json', find: name, replace: name, world })
  t.equal(code, 0, `a copy without a break passes in the world of ${world}`)
}
