import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mutant } from './mutants.ts'
import type { PlotName } from './plots.ts'
import { ROUNDS, usualSeeds } from './usual-stories.ts'

const ROOT = join(import.meta.dirname, '..', '..')
/** What a run needs of the repository. */
const NEEDED = ['mover', 'protocol', 'test/crash', 'test/sim', 'test/unit', 'package.json']
const TIMEOUT_MS = 100_000
/** What run.ts exits with when a crash test has found something wrong. */
export const FOUND_SOMETHING = 3

export interface MutantOutcome {
  readonly mutant: Mutant
  /** True when the crash tests have noticed. */
  readonly caught: boolean
  /** What they said, or why they could not run. */
  readonly message: string
}

/** One place of the product to be changed: see `Mutant`. */
export type Break = Pick<Mutant, 'name' | 'file' | 'find' | 'replace'>

/** A copy of the product with one place changed; gone with `remove`. */
export function mutatedCopy(mutant: Break): { readonly path: string; remove(): void } {
  const source = readFileSync(join(ROOT, mutant.file), 'utf8')
  const places = source.split(mutant.find).length - 1
  if (places !== 1) throw new Error(`mutant '${mutant.name}': its text is found ${places} times in ${mutant.file}`)
  const path = mkdtempSync(join(tmpdir(), 'lockkeeper-mutant-'))
  for (const name of NEEDED) cpSync(join(ROOT, name), join(path, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'))
  writeFileSync(
    join(path, mutant.file),
    source.replace(mutant.find, () => mutant.replace),
  )
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Runs the stories of the mutant's plot on a mutated copy, until one of them notices. */
export async function runMutant(mutant: Mutant): Promise<MutantOutcome> {
  const copy = mutatedCopy(mutant)
  try {
    const { code, output } = await runStories(copy.path, mutant.plot)
    const message = output.split('\n').slice(0, 3).join(' | ')
    return { mutant, caught: code === FOUND_SOMETHING, message: code === 0 ? 'nothing noticed' : message }
  } finally {
    copy.remove()
  }
}

/** Plays those of the usual stories that have this plot, in a process of its own, on the copy of the repository at `path`. */
function runStories(path: string, plot: PlotName): Promise<{ code: number; output: string }> {
  const { seed, step } = usualSeeds(plot)
  const numbers = ['--seed', `${seed}`, '--step', `${step}`, '--count', `${ROUNDS}`]
  return runProgram([join(path, 'test/crash/run.ts'), '--plots', plot, ...numbers])
}

/** Runs one of this project's programs to its end. */
export function runProgram(args: readonly string[]): Promise<{ code: number; output: string }> {
  // What is compiled of a copy is of no use to others.
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' }
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString()
    })
  }
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 1, output: error.message }))
    child.on('close', (code, signal) =>
      resolve({ code: code ?? 1, output: signal === null ? output : `${signal}: ${output}` }),
    )
  })
}
