import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { CompileError } from '../../protocol/xdr/compiler/ast.ts'
import { compile } from '../../protocol/xdr/compiler/emit.ts'
import { parse } from '../../protocol/xdr/compiler/parser.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import * as zoo from './xdr-zoo.gen.ts'

t.test('the committed files are what their sources give', (t) => {
  const script = fileURLToPath(new URL('../../scripts/gen.ts', import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  t.equal(status, 0, stdout + stderr)
  t.end()
})

t.test('what the compiler refuses', (t) => {
  const REFUSED: readonly [what: string, source: string, message: RegExp][] = [
    ['a missing semicolon', 'struct a { int b; }', /line 1: expected ;, found the end/],
    ['an unknown type', 'struct a { nothing b; };', /type nothing is not defined/],
    ['an unknown constant', 'typedef opaque a<MAX>;', /MAX is not a constant/],
    ['a type twice', 'typedef int a; typedef int a;', /type a is defined twice/],
    ['a constant twice', 'const A = 1; enum b { A = 1 };', /constant A is defined twice/],
    ['a struct inside itself', 'struct a { int b; a c; };', /a contains itself/],
    [
      'a circle',
      'struct a { b c<>; }; union b switch (bool d) { case TRUE: a e; case FALSE: void; };',
      /contains itself/,
    ],
    ['a tree', 'struct a { a *left; a *right; };', /a contains itself/],
    ['an array of nothing', 'struct a { opaque b[0]; }; typedef a c<>;', /array of empty elements/],
    [
      'several arguments',
      'program A { version B { void C(int, int) = 1; } = 1; } = 1;',
      /put several arguments into a struct/,
    ],
    ['an unknown pragma', '%hello\nconst A = 1;', /line 1: unknown pragma %hello/],
    ['a Number that is none', '%number a\ntypedef int a;', /%number a: not an unsigned hyper/],
    ['a keyword as a name', 'const\ncase = 1;', /line 2: expected a name, found case/],
    ["TypeScript's names", 'typedef hyper bigint;', /bigint cannot be a type's name/],
    ['a large constant', 'const A = 0xffffffffffffffff;', /is too large/],
    ['a strange character', 'const A = 1;\n$', /line 2: unexpected character/],
    ['a union without FALSE', 'union a switch (bool b) { case TRUE: int c; };', /an arm for TRUE or FALSE is missing/],
    ['a union over a hyper', 'union a switch (hyper b) { case 1: int c; };', /a hyper cannot be a discriminant/],
    ['quadruple', 'typedef quadruple a;', /expected a type, found quadruple/],
  ]
  for (const [what, source, message] of REFUSED) {
    t.throws(() => compile(source, 'test.x', '.'), { name: 'CompileError', message }, what)
  }
  t.throws(() => parse('union'), CompileError)
  t.end()
})

t.test('comments become docstrings, but not those that stand apart', (t) => {
  const code = compile('/* Apart. */\n\n/* Of a. */\nconst A = 1;\n', 'test.x', '.')
  t.match(code, '/** Of a. */\nexport const A = 1')
  t.notMatch(code, /Apart/)
  t.end()
})

t.test('constants in all notations', (t) => {
  t.same([zoo.SMALL, zoo.HEX, zoo.OCTAL, zoo.NEGATIVE, zoo.ZOO], [3, 16, 8, -5, 0x20000001])
  t.same(zoo.sparse, { BELOW: -5, ABOVE: 100 })
  t.end()
})

t.test('a list of a hundred thousand nodes does not recurse', (t) => {
  const chain: zoo.chain[] = Array.from({ length: 100_000 }, () => ({ what: { code: 7 } }))
  const writer = new XdrWriter(1 << 21)
  zoo.writechain_ptr(writer, chain)
  t.equal(zoo.sizechain_ptr(chain), writer.position)
  t.equal(zoo.readchain_ptr(new XdrReader().reset(writer.bytes, 0, writer.position)).length, 100_000)
  t.end()
})

t.test('a value that does not fit is not written', (t) => {
  const writer = new XdrWriter(1000)
  t.throws(() => zoo.writenumbers(writer, [1, 2]), { name: 'XdrError' })
  t.throws(() => zoo.writeoffsets(writer, new Array(17).fill(0)), { name: 'XdrError' })
  t.throws(() => zoo.writewords(writer, new Uint8Array(9)), { name: 'XdrError' })
  t.throws(() => zoo.writeblock(writer, new Uint8Array(6)), { name: 'XdrError' })
  t.throws(() => zoo.writeby_signed(writer, { code: 4 } as unknown as zoo.by_signed), { name: 'XdrError' })
  t.end()
})
