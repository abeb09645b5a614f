import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkImports, importsOf, ROOMS, type Room } from './import-rules.ts'

const root = join(import.meta.dirname, '..', '..')

/** A project of some files, by path. */
function project(files: Record<string, string>): Map<string, string> {
  return new Map(Object.entries(files))
}

t.test('this project keeps to the rules', async (t) => {
  const paths = globSync('{protocol,mover}/**/*.ts', { cwd: root })
  t.ok(paths.length > 50, 'its files are found')
  const sources = new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
  const count = [...sources.values()].reduce((sum, source) => sum + importsOf(source).length, 0)
  t.ok(count > paths.length, 'their imports are found')
  t.strictSame(checkImports(sources), [])
})

t.test('imports are found in all their forms', async (t) => {
  const source = [
    "import a from './a.ts'",
    "import type { B } from './b.ts'",
    "import { c, type C } from './c.ts'",
    "import { type D, type E } from './d.ts'",
    'import {',
    '  one,',
    '  two,',
    "} from './long.ts'",
    "import './bare.ts'",
    "export { f } from './f.ts'",
    "export type { G } from './g.ts'",
    "export * from './h.ts'",
    "import * as everything from 'node:fs'",
    "const later = await import('./later.ts')",
    'import "./double.ts"',
    "export const text = 'from ./not-an-import.ts'",
    "// import nothing from './comment.ts'",
  ].join('\n')
  const found = importsOf(source).sort((x, y) => x.line - y.line)
  t.strictSame(
    found.map(({ specifier, typeOnly, line }) => [specifier, typeOnly, line]),
    [
      ['./a.ts', false, 1],
      ['./b.ts', true, 2],
      ['./c.ts', false, 3],
      ['./d.ts', true, 4],
      ['./long.ts', false, 5],
      ['./bare.ts', false, 9],
      ['./f.ts', false, 10],
      ['./g.ts', true, 11],
      ['./h.ts', false, 12],
      ['node:fs', false, 13],
      ['./later.ts', false, 14],
      ['./double.ts', false, 15],
    ],
  )
})

t.test('planted violations are seen', async (t) => {
  const planted: readonly [string, Record<string, string>, string][] = [
    [
      'a protocol that opens files',
      { 'protocol/x/a.ts': "import fs from 'node:fs'" },
      'protocol/x/a.ts:1: protocol must not import node:fs',
    ],
    [
      'a protocol that opens sockets',
      { 'protocol/x/a.ts': "\nimport { connect } from 'node:net'" },
      'protocol/x/a.ts:2: protocol must not import node:net',
    ],
    [
      'a type of the mover in a protocol',
      { 'protocol/x/a.ts': "import type { Failure } from '../../mover/failure.ts'", 'mover/failure.ts': '' },
      'protocol/x/a.ts:1: protocol must not import words (mover/failure.ts); it may import no other room',
    ],
    [
      'locks with a timer',
      { 'mover/locks/a.ts': "import { setTimeout } from 'node:timers/promises'" },
      'mover/locks/a.ts:1: locks must not import node:timers/promises',
    ],
    [
      'locks with a log',
      { 'mover/locks/a.ts': "import { pino } from 'pino'" },
      'mover/locks/a.ts:1: locks must not import the package pino',
    ],
    [
      'a server that uses another',
      { 'mover/mount/a.ts': "import { h } from '../nfs3/h.ts'", 'mover/nfs3/h.ts': '' },
      'mover/mount/a.ts:1: mount must not import nfs3 (mover/nfs3/h.ts); it may import protocol, files, volume, clients, identity, rpc, net, words',
    ],
    [
      'a volume that knows the file service',
      { 'mover/volume/a.ts': "import type { S } from '../files/s.ts'", 'mover/files/s.ts': '' },
      'mover/volume/a.ts:1: volume must not import files (mover/files/s.ts); it may import store, words',
    ],
    [
      'files that know a protocol',
      { 'mover/files/a.ts': "import type { C } from '../../protocol/nfs3/c.ts'", 'protocol/nfs3/c.ts': '' },
      'mover/files/a.ts:1: files must not import protocol (protocol/nfs3/c.ts); it may import locks, authority, moverlock, volume, store, words',
    ],
    [
      'a room that nobody named',
      { 'mover/attic/a.ts': '' },
      'mover/attic/a.ts: stands in no room; give it one in test/unit/import-rules.ts',
    ],
    [
      'a test in the product',
      { 'mover/files/a.ts': "import { x } from '../../test/x.ts'" },
      'mover/files/a.ts:1: test/x.ts does not exist, or is no part of the product',
    ],
    [
      'files in a cycle',
      { 'mover/net/a.ts': "import { b } from './b.ts'", 'mover/net/b.ts': "import { a } from './a.ts'" },
      'files import each other: mover/net/a.ts -> mover/net/b.ts -> mover/net/a.ts',
    ],
  ]
  for (const [name, files, problem] of planted) t.strictSame(checkImports(project(files)), [problem], name)
})

t.test('types may form a cycle in a room, not between rooms', async (t) => {
  const inside = { 'mover/net/a.ts': "import type { B } from './b.ts'", 'mover/net/b.ts': "import { a } from './a.ts'" }
  t.strictSame(checkImports(project(inside)), [])
  const room = (name: string, other: string): Room => ({
    name,
    paths: [`${name}/`],
    rooms: [other],
    node: [],
    packages: [],
  })
  const between = {
    'x/a.ts': "import type { B } from '../y/b.ts'",
    'y/b.ts': "import type { C } from '../x/c.ts'",
    'x/c.ts': '',
  }
  t.strictSame(checkImports(project(between), [room('x', 'y'), room('y', 'x')]), [
    'rooms import each other: x -> y -> x',
  ])
})

t.test('the table itself allows no cycle', async (t) => {
  const files = new Map<string, string>()
  const fileOf = (room: Room): string => (room.paths[0].endsWith('/') ? `${room.paths[0]}x.ts` : room.paths[0])
  for (const room of ROOMS) {
    const imports = room.rooms.map((name) => {
      const target = ROOMS.find((other) => other.name === name)
      if (target === undefined) throw new Error(`${room.name} may import ${name}, which is no room`)
      const up = '../'.repeat(fileOf(room).split('/').length - 1)
      return `import '${up}${fileOf(target)}'`
    })
    files.set(fileOf(room), imports.join('\n'))
  }
  t.strictSame(checkImports(files), [])
})
