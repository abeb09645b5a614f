/**
 * The thread of several mutants: for each, the product is loaded with one place changed, and played with. Modules that do not
 * depend on that place are loaded once, and V8 has compiled them then. See mutant-runs.ts.
 */
import { registerHooks } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type { MutantOutcome, Player, ThreadTask, ThreadTasks } from './mutant-runs.ts'

const { player, tasks } = workerData as ThreadTasks
/** By module, which others import it. */
const importers = new Map<string, Set<string>>()
/** What is loaded for the mutant that is being played: modules that are not as the others know them. */
let changed: ReadonlySet<string> = new Set()
let current: ThreadTask | null = null
let number = 0

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    if (!resolved.url.startsWith('file:')) return resolved
    const module = bare(resolved.url)
    if (context.parentURL !== undefined) importersOf(module).add(bare(context.parentURL))
    return changed.has(module) ? { ...resolved, url: `${module}?mutant=${number}` } : resolved
  },
  load(url, context, next) {
    return current !== null && bare(url) === current.url
      ? { format: 'module-typescript', source: current.source, shortCircuit: true }
      : next(url, context)
  },
})

/** Without what makes it a module of its own. */
function bare(url: string): string {
  return url.split('?', 1)[0]
}

function importersOf(module: string): Set<string> {
  let known = importers.get(module)
  if (known === undefined) {
    known = new Set()
    importers.set(module, known)
  }
  return known
}

/** A module, and all that import it, or others that do. */
function dependentOn(module: string): Set<string> {
  const found = new Set([module])
  for (const each of found) for (const importer of importersOf(each)) found.add(importer)
  return found
}

for (const task of tasks) {
  changed = new Set()
  current = null
  const whole = (await import(player)) as Player<string>
  await whole.load?.(task.what)
  number++
  changed = dependentOn(task.url)
  current = task
  const { play } = (await import(player)) as Player<string>
  const noticed = await play(task.what, task.seed, task.isOnly)
  const outcome: MutantOutcome = { caught: noticed !== null, message: noticed ?? 'nothing noticed' }
  parentPort?.postMessage(outcome)
}
