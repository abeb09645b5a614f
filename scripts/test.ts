/**
 * `npm test`: type check, lint and format, generated code, then every test file. Runs all steps even when one fails,
 * shows what each says, and ends with `N passed, N failed`: assertions, and one for each step before the tests.
 */
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { closingLine, TapCounter } from './tap-count.ts'
import { reportsOf, wholeReport } from './tap-report.ts'

const root = join(import.meta.dirname, '..')
const tools = join(root, 'node_modules', '.bin')
/** Test files that run at the same time. */
const AT_ONCE = 2
/** A test says itself when it has waited too long: this is for those that cannot say anything any more. */
const TIMEOUT_MS = 1_800_000
/** What takes longest comes first, so that the last file does not run alone for long; by the beginnings of paths. */
const FIRST = [
  'test/crash/stories',
  'test/sim/mutants',
  'test/crash/',
  'test/unit/movers.',
  'test/faults/shared',
  'test/unit/supervisor',
  'test/sim/failure',
  'test/unit/movers-protocol',
  'test/sim/',
  'test/property/',
  'test/faults/',
  'test/unit/cli',
  'test/unit/files-scans',
  'test/unit/volume-',
]

/** Which test files are small, unless they are among the first; and how many of them one process runs: starting it takes longer. */
const SMALL = /^test\/(unit|golden|property)\//
const GROUP = 12
const SEVERAL = join('scripts', 'several-tests.ts')

const environment = {
  // Hundreds of processes and threads of the same sources are started.
  NODE_COMPILE_CACHE: join(root, 'node_modules', '.compile-cache'),
  // Seconds; of a test that sets no time of its own.
  TAP_TIMEOUT: '1800',
  ...process.env,
  PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}`,
}

interface Step {
  name: string
  command: readonly string[]
}

const checks: readonly Step[] = [
  { name: 'types', command: ['tsc', '--noEmit', '-p', '.'] },
  { name: 'lint and format', command: ['biome', 'check', '.'] },
  { name: 'generated code', command: ['node', 'scripts/gen.ts', '--check'] },
]

/** Runs a command to its end: its exit status or signal. `onLine` takes its standard output line by line, else it goes to ours. */
function run(command: readonly string[], onLine: ((line: string) => void) | null): Promise<number | string> {
  const [program = '', ...rest] = command
  const child = spawn(program, rest, {
    cwd: root,
    env: environment,
    stdio: ['ignore', onLine === null ? 'inherit' : 'pipe', 'inherit'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  const lines = onLine === null || child.stdout === null ? null : createInterface({ input: child.stdout })
  if (lines !== null && onLine !== null) lines.on('line', onLine)
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.log(`${program}: ${error.message}`)
      resolve(1)
    })
    child.on('close', (code, signal) => resolve(code ?? signal ?? 1))
  })
}

const counter = new TapCounter((line) => console.log(line))
const steps = { passed: 0, failed: 0 }
const failedSteps: string[] = []

function record(name: string, code: number | string): void {
  if (code === 0) {
    steps.passed++
    console.log(`ok   ${name}`)
    return
  }
  steps.failed++
  failedSteps.push(name)
  console.log(`FAIL ${name} (exit ${code})`)
}

/** Test files in the order in which they are begun. */
function testFiles(): string[] {
  const rank = (file: string): number => {
    const at = FIRST.findIndex((beginning) => file.startsWith(beginning))
    return at < 0 ? FIRST.length : at
  }
  return globSync('test/**/*.test.ts', { cwd: root }).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
}

/** Those that are run in one process: a large one alone, small ones together. */
function inGroups(files: readonly string[]): string[][] {
  const isSmall = (file: string): boolean => SMALL.test(file) && !FIRST.some((beginning) => file.startsWith(beginning))
  const [small, large] = [files.filter(isSmall), files.filter((file) => !isSmall(file))]
  const groups = large.map((file) => [file])
  for (let at = 0; at < small.length; at += GROUP) groups.push(small.slice(at, at + GROUP))
  return groups
}

/** Runs groups of test files until none is left; what a process says is counted when it has ended. */
async function runTests(groups: string[][]): Promise<void> {
  for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
    const said: string[] = []
    const begun = performance.now()
    const [file = ''] = group
    const isAlone = group.length === 1
    const end = await run(['node', ...(isAlone ? [file] : [SEVERAL, ...group])], (line) => said.push(line))
    const report = isAlone ? wholeReport(file, said, end, performance.now() - begun) : reportsOf(group, said, end)
    for (const line of report) counter.line(line)
  }
}

for (const step of checks) record(step.name, await run(step.command, null))
const given = process.argv.slice(2)
const groups = inGroups(given.length > 0 ? given : testFiles())
await Promise.all(Array.from({ length: AT_ONCE }, () => runTests(groups)))
if (counter.counts.failed > 0) failedSteps.push('tests')

if (failedSteps.length > 0) console.log(`\nfailed: ${failedSteps.join(', ')}`)
const { passed, failed, skipped } = counter.counts
console.log(`\n${closingLine({ passed: passed + steps.passed, failed: failed + steps.failed, skipped })}`)
process.exitCode = failedSteps.length > 0 ? 1 : 0
