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

/** What plays the stories or worlds of a test. */
export interface Player<Kind extends string> {
  /** Loads all that `play` loads for a kind: without it, only one break of a thread is sure to be loaded whole. */
  load?: (what: Kind) => unknown
  play: Play<Kind>
}

/**
 * Plays the usual stories or worlds of a kind, that of `seed` first, until something is wrong: what, or null. `isOnly`: no others
 * than that of `seed`.
 */
export type Play<Kind extends string> = (
  what: Kind,
  seed: number | null,
  isOnly: boolean,
) => string | null | Promise<string | null>

/** A break, and what is to notice it. */
export interface Attempt {
  readonly change: Break
  readonly what: string
  /** See `Play`. */
  readonly isOnly?: boolean
}

/** A break as a thread is told of it. */
export interface ThreadTask {
  /** The module that is not as it is on the disk, and what it is instead. */
  readonly url: string
  readonly source: string
  readonly what: string
  readonly seed: number | null
  readonly isOnly: boolean
}

/** What a thread is told. */
export interface ThreadTasks {
  /** A module that is a `Player`. */
  readonly player: string
  readonly tasks: readonly ThreadTask[]
}

/** Nothing is changed by it: whatever is noticed then is no merit of the tests. */
export const NO_BREAK: Break = {
  name: 'none',
  file: 'mover/suspend.ts',
  find: 'export class Suspend {',
  replace: 'export class Suspend {',
}

/**
 * Plays one break after the other, in a thread of their own: for each one the modules are loaded anew that are changed, or that
 * depend on what is. `told` is called with each outcome, in their order.
 */
export async function playMutants(
  attempts: readonly Attempt[],
  player: string,
  told: (attempt: Attempt, outcome: MutantOutcome) => void,
): Promise<void> {
  const tasks = attempts.map(({ change, what, isOnly = false }) => {
    const path = join(ROOT, change.file)
    const source = mutate(change, readFileSync(path, 'utf8'))
    return { url: pathToFileURL(path).href, source, what, seed: change.seed ?? null, isOnly }
  })
  const worker = new Worker(THREAD, { workerData: { player, tasks } satisfies ThreadTasks })
  const waiting = [...attempts]
  let why = 'ended without an outcome, or took too long'
  let timer: NodeJS.Timeout | undefined
  const wait = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => worker.terminate(), TIMEOUT_MS)
  }
  wait()
  await new Promise<void>((resolve) => {
    worker.on('message', (outcome: MutantOutcome) => {
      wait()
      const attempt = waiting.shift()
      if (attempt !== undefined) told(attempt, outcome)
    })
    worker.on('error', (error) => {
      why = `cannot run: ${error}`
    })
    worker.on('exit', () => resolve())
  })
  clearTimeout(timer)
  for (const attempt of waiting) told(attempt, { caught: false, message: why })
}

function mutate({ name, file, find, replace }: Break, source: string): string {
  const places = source.split(find).length - 1
  if (places !== 1) throw new Error(`mutant '${name}': its text is found ${places} times in ${file}`)
  return source.replace(find, () => replace)
}
