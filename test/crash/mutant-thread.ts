/** The thread of one mutant: the product is loaded with one place changed, and played with. See mutant-runs.ts. */
import { registerHooks } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type { MutantOutcome, Play, ThreadTask } from './mutant-runs.ts'

const { url, source, player, what, seed } = workerData as ThreadTask
registerHooks({
  load(loaded, context, next) {
    return loaded === url ? { format: 'module-typescript', source, shortCircuit: true } : next(loaded, context)
  },
})
const { play } = (await import(player)) as { play: Play<string> }
const noticed = await play(what, seed)
const outcome: MutantOutcome = { caught: noticed !== null, message: noticed ?? 'nothing noticed' }
parentPort?.postMessage(outcome)
