import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

const ROOT = join(import.meta.dirname, '..', '..')
const THREAD = join(import.meta.dirname, 'mutant-thread.ts')
const TIMEOUT_MS = 400_000

/** One place of the product to be changed. */
export interface Break {
  readonly name: string
  /** Below the repository. */
  readonly file: string
  /** Must occur exactly once. */
  readonly find: string
  readonly replace: string
  /** Seed of the story or world that notices it, where that is not one of the first: it is played before the others. */
  readonly seed?: number
}

export interface MutantOutcome {
  /** True when the tests have noticed. */
  readonly caught: boolean
  /** What they said, or why they could not run. */
  readonly message: string
}

/** Plays the usual stories or worlds of a kind, that of `seed` first, until something is wrong: what, or null. */
export type Play<Kind extends string> = (what: Kind, seed: number | null) => string | null | Promise<string | null>

/** What a mutant's thread is told. */
export interface ThreadTask {
  /** The module that is not as it is on the disk, and what it is instead. */
  readonly url: string
  readonly source: string
  /** A module with a `Play` of that name. */
  readonly player: string
  readonly what: string
  readonly seed: number | null
}

/** Nothing is changed by it: whatever is noticed then is no merit of the tests. */
export const NO_BREAK: Break = {
  name: 'none',
  file: 'mover/suspend.ts',
  find: 'export class Suspend {',
  replace: 'export class Suspend {',
}

/** Calls `play` of the module `player`, in a thread that has modules of its own, one of them changed. */
export function playMutant(change: Break, player: string, what: string): Promise<MutantOutcome> {
  const path = join(ROOT, change.file)
  const source = mutate(change, readFileSync(path, 'utf8'))
  const seed = change.seed ?? null
  const workerData: ThreadTask = { url: pathToFileURL(path).href, source, player, what, seed }
  const worker = new Worker(THREAD, { workerData })
  const timer = setTimeout(() => worker.terminate(), TIMEOUT_MS)
  return new Promise<MutantOutcome>((resolve) => {
    worker.on('message', resolve)
    worker.on('error', (error) => resolve({ caught: false, message: `cannot run: ${error}` }))
    worker.on('exit', () => resolve({ caught: false, message: 'ended without an outcome, or took too long' }))
  }).finally(() => clearTimeout(timer))
}

function mutate({ name, file, find, replace }: Break, source: string): string {
  const places = source.split(find).length - 1
  if (places !== 1) throw new Error(`mutant '${name}': its text is found ${places} times in ${file}`)
  return source.replace(find, () => replace)
}
