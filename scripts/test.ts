/**
 * `npm test`: type check, lint and format, generated code, then every test file. Runs all steps even when one fails,
 * shows what each says, and ends with `N passed, N failed`: assertions, and one for each step before the tests.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { closingLine, TapCounter } from './tap-count.ts'

const root = join(import.meta.dirname, '..')
const tools = join(root, 'node_modules', '.bin')
const environment = {
  // Hundreds of processes of the same sources are started.
  NODE_COMPILE_CACHE: join(root, 'node_modules', '.compile-cache'),
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

/** Runs a command to its end; `onLine` takes its standard output line by line, else it goes to ours. */
function run(command: readonly string[], onLine: ((line: string) => void) | null): Promise<number> {
  const [program = '', ...rest] = command
  const child = spawn(program, rest, {
    cwd: root,
    env: environment,
    stdio: ['ignore', onLine === null ? 'inherit' : 'pipe', 'inherit'],
  })
  const lines = onLine === null || child.stdout === null ? null : createInterface({ input: child.stdout })
  if (lines !== null && onLine !== null) lines.on('line', onLine)
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.log(`${program}: ${error.message}`)
      resolve(1)
    })
    child.on('close', (code) => resolve(code ?? 1))
  })
}

/** tap is built for its set of plugins, once for each install; a run before that would use the wrong ones. */
async function buildTap(): Promise<number> {
  const stamp = join(root, 'node_modules', '.tap-built')
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, '.taprc')))
    .digest('hex')
  if (readStamp(stamp) === wanted) return 0
  const code = await run(['tap', 'build'], null)
  if (code === 0) writeFileSync(stamp, wanted)
  return code
}

function readStamp(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const counter = new TapCounter((line) => console.log(line))
const steps = { passed: 0, failed: 0 }
const failedSteps: string[] = []

function record(name: string, code: number): void {
  if (code === 0) {
    steps.passed++
    console.log(`ok   ${name}`)
    return
  }
  steps.failed++
  failedSteps.push(name)
  console.log(`FAIL ${name} (exit ${code})`)
}

for (const step of checks) record(step.name, await run(step.command, null))

const built = await buildTap()
if (built !== 0) record('tap build', built)
const files = process.argv.slice(2)
const tapCode = await run(['tap', 'run', '--reporter=tap', ...files], (line) => counter.line(line))
if (counter.counts.failed > 0) failedSteps.push('tests')
else if (tapCode !== 0) record('tap', tapCode)

if (failedSteps.length > 0) console.log(`\nfailed: ${failedSteps.join(', ')}`)
const { passed, failed, skipped } = counter.counts
console.log(`\n${closingLine({ passed: passed + steps.passed, failed: failed + steps.failed, skipped })}`)
process.exitCode = failedSteps.length > 0 ? 1 : 0
