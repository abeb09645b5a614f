import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import * as mount from '../../protocol/mount/mount.gen.ts'
import * as moverlock from '../../protocol/moverlock/moverlock.gen.ts'
import * as nfs3 from '../../protocol/nfs3/nfs3.gen.ts'
import * as portmap from '../../protocol/portmap/portmap.gen.ts'
import * as rpc from '../../protocol/rpc/rpc.gen.ts'
import type { Schema } from '../../protocol/xdr/compiler/schema.ts'
import { XdrError, XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import { schemaOf } from '../golden/annotate.ts'
import { type Codec, codecOf, type GeneratedModule } from '../golden/codecs.ts'
import * as rfc4506 from '../golden/rfc4506.gen.ts'
import { arbitraryOf } from './xdr-arbitrary.ts'
import * as zoo from './xdr-zoo.gen.ts'

const RUNS = 40

/** Small numbers make lengths, discriminants and markers that are nearly right; huge ones ask for allocations. */
const word = fc.oneof(fc.nat(3), fc.nat(80), fc.constantFrom(0x7fffffff, 0x80000000, 0xffffffff), fc.nat(0xffffffff))

const FILES: readonly [specification: string, module: GeneratedModule][] = [
  ['../golden/rfc4506.x', rfc4506],
  ['./xdr-zoo.x', zoo],
  ['../../protocol/rpc/rpc.x', rpc],
  ['../../protocol/portmap/portmap.x', portmap],
  ['../../protocol/mount/mount.x', mount],
  ['../../protocol/nfs3/nfs3.x', nfs3],
  ['../../protocol/moverlock/moverlock.x', moverlock],
]

for (const [specification, module] of FILES) {
  t.test(specification, (t) => {
    const schema = schemaOf(readFileSync(new URL(specification, import.meta.url), 'utf8'))
    for (const name of schema.types.keys()) {
      const codec = codecOf(schema, module, name)
      t.doesNotThrow(() => roundTrip(schema, codec), `${name}: round trip, size, truncation, trailing bytes`)
      t.doesNotThrow(() => garbage(codec), `${name}: garbage is decoded or refused with an XdrError`)
    }
    checkInto(t, schema, module)
    t.end()
  })
}

/** Fails with fast-check's report, which has the seed. */
function roundTrip(schema: Schema, codec: Codec): void {
  fc.assert(
    fc.property(arbitraryOf(schema, codec.type), fc.nat(), fc.nat(3), (value, cut, start) => {
      const writer = new XdrWriter(1 << 20, start)
      for (let i = 0; i < start; i++) writer.u32(0xdeadbeef)
      codec.write(writer, value)
      const bytes = writer.bytes.subarray(0, writer.position)
      const length = bytes.length - start * 4
      if (codec.size?.(value) !== length) throw new Error(`size ${codec.size?.(value)}, written ${length}`)
      if (length % 4 !== 0) throw new Error(`${length} bytes are no whole units`)

      const reader = new XdrReader().reset(bytes, start * 4, bytes.length)
      const copy = codec.read(reader)
      reader.expectEnd()
      if (!same(copy, value)) throw new Error('decoded another value')

      const short = new XdrReader().reset(bytes, start * 4, start * 4 + (cut % Math.max(length, 1)))
      if (length > 0 && !refused(() => codec.read(short))) throw new Error('truncated, and taken')
    }),
    { numRuns: RUNS },
  )
}

function garbage(codec: Codec): void {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (words) => {
      const bytes = new Uint8Array(words.length * 4)
      const view = new DataView(bytes.buffer)
      for (const [i, value] of words.entries()) view.setUint32(i * 4, value)
      refused(() => codec.read(new XdrReader().reset(bytes, 0, bytes.length)))
    }),
    { numRuns: RUNS },
  )
}

function refused(action: () => void): boolean {
  try {
    action()
    return false
  } catch (error) {
    if (error instanceof XdrError) return true
    throw error
  }
}

/** Compares through JSON: views and arrays of bytes count as equal, bigint and -0 keep what they are. */
function same(a: unknown, b: unknown): boolean {
  return text(a) === text(b)
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, part) => {
    if (part instanceof Uint8Array) return `bytes ${Buffer.from(part).toString('hex')}`
    if (typeof part === 'bigint') return `bigint ${part}`
    return Object.is(part, -0) ? '-0' : part
  })
}

/** readXInto gives what readX gives, whatever was in the object before. */
function checkInto(t: Test, schema: Schema, module: GeneratedModule): void {
  for (const name of schema.types.keys()) {
    const codec = codecOf(schema, module, name)
    const { readInto } = codec
    if (readInto === null) continue
    t.doesNotThrow(
      () =>
        fc.assert(
          fc.property(arbitraryOf(schema, codec.type), arbitraryOf(schema, codec.type), (value, old) => {
            const writer = new XdrWriter(1 << 20)
            codec.write(writer, value)
            const reader = new XdrReader().reset(writer.bytes, 0, writer.position)
            readInto(reader, old)
            reader.expectEnd()
            if (!same(old, value)) throw new Error('decoded another value')
          }),
          { numRuns: RUNS },
        ),
      `${name}: into a used object`,
    )
  }
}
