import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from '../protocol/xdr/compiler/emit.ts'

/**
 * Regenerates every NAME.gen.ts from the NAME.x beside it. With --check it writes nothing and exits 1
 * when a committed file differs from what its source gives.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const check = process.argv.includes('--check')
const TREES = ['protocol', 'test']
const stale: string[] = []

for (const path of TREES.flatMap(files)) {
  if (!path.endsWith('.x')) continue
  const source = join(root, path)
  const target = source.replace(/\.x$/, '.gen.ts')
  const folder = relative(dirname(source), join(root, 'protocol/xdr')).replaceAll('\\', '/')
  const code = compileFile(source, folder)
  if (readOrEmpty(target) === code) continue
  stale.push(relative(root, target))
  if (!check) writeFileSync(target, code)
}

if (stale.length > 0) console.log(`${check ? 'out of date' : 'written'}: ${stale.join(', ')}`)
if (check && stale.length > 0) {
  console.error('run: node scripts/gen.ts')
  process.exitCode = 1
}

function compileFile(source: string, folder: string): string {
  const name = relative(dirname(source), source)
  try {
    return compile(readFileSync(source, 'utf8'), name, folder.startsWith('.') ? folder : `./${folder}`)
  } catch (error) {
    throw new Error(`${relative(root, source)}: ${(error as Error).message}`, { cause: error })
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function files(tree: string): string[] {
  const paths = readdirSync(join(root, tree), { recursive: true, encoding: 'utf8' })
  return paths.map((path) => join(tree, path)).sort()
}
