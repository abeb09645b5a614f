import fc from 'fast-check'
import t from 'tap'
import { padded, XdrError, XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'

/** Reads what `write` wrote. */
function pass<T>(write: (w: XdrWriter) => void, read: (r: XdrReader) => T): T {
  const writer = new XdrWriter(1 << 16, 1)
  write(writer)
  const reader = new XdrReader().reset(writer.bytes, 0, writer.position)
  const value = read(reader)
  reader.expectEnd()
  return value
}

function readerOf(hex: string): XdrReader {
  const bytes = new Uint8Array(Buffer.from(hex, 'hex'))
  return new XdrReader().reset(bytes, 0, bytes.length)
}

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

t.test('scalars come back as they were', (t) => {
  const property = <T>(values: fc.Arbitrary<T>, write: (w: XdrWriter, v: T) => void, read: (r: XdrReader) => T) =>
    fc.assert(
      fc.property(values, (v) =>
        Object.is(
          pass((w) => write(w, v), read),
          v,
        ),
      ),
    )
  property(
    fc.nat(0xffffffff),
    (w, v) => w.u32(v),
    (r) => r.u32(),
  )
  property(
    fc.integer(),
    (w, v) => w.i32(v),
    (r) => r.i32(),
  )
  property(
    uint64,
    (w, v) => w.u64(v),
    (r) => r.u64(),
  )
  property(
    uint64,
    (w, v) => w.i64(v - 2n ** 63n),
    (r) => r.i64() + 2n ** 63n,
  )
  property(
    fc.maxSafeNat(),
    (w, v) => w.number64(v),
    (r) => r.number64(),
  )
  property(
    fc.boolean(),
    (w, v) => w.bool(v),
    (r) => r.bool(),
  )
  property(
    fc.double(),
    (w, v) => w.double(v),
    (r) => r.double(),
  )
  property(
    fc.float(),
    (w, v) => w.float(v),
    (r) => r.float(),
  )
  t.end()
})

t.test('number64 is the nearest Number of every unsigned hyper, and writes the same bytes as u64', (t) => {
  fc.assert(
    fc.property(
      uint64,
      (v) =>
        pass(
          (w) => w.u64(v),
          (r) => r.number64(),
        ) === Number(v),
    ),
  )
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      (v) =>
        pass(
          (w) => w.number64(v),
          (r) => r.u64(),
        ) === BigInt(v),
    ),
  )
  for (const v of [2 ** 53, 2 ** 63, 2 ** 64 - 2048]) {
    t.equal(
      pass(
        (w) => w.number64(v),
        (r) => r.u64(),
      ),
      BigInt(v),
    )
  }
  t.end()
})

t.test('opaque data: padding is zero, views are exact, bounds come first', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (data) => {
      const writer = new XdrWriter(1 << 10, 128)
      writer.bytes.fill(0xff)
      writer.opaque(data)
      const padding = writer.bytes.subarray(4 + data.length, writer.position)
      const view = new XdrReader().reset(writer.bytes, 0, writer.position).opaque(data.length)
      return (
        writer.position === 4 + padded(data.length) && padding.every((b) => b === 0) && Buffer.compare(view, data) === 0
      )
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 90 }), fc.nat(90), fc.nat(90), (data, start, length) => {
      const end = Math.min(data.length, start + length)
      const from = Math.min(start, end)
      const [part, whole] = [new XdrWriter(1 << 10, 8), new XdrWriter(1 << 10)]
      part.bool(true)
      part.opaquePart(data, from, end)
      whole.bool(true)
      whole.opaque(data.slice(from, end))
      return Buffer.compare(part.bytes.subarray(0, part.position), whole.bytes.subarray(0, whole.position)) === 0
    }),
  )
  t.throws(() => readerOf('00000005 6162636465000000'.replace(' ', '')).opaque(4), XdrError, 'above the limit')
  t.throws(() => readerOf('000000056162636465').opaque(8), XdrError, 'the padding is missing')
  t.throws(() => readerOf('ffffffff61626364').opaque(0xffffffff), XdrError, 'far more than there is')
  t.throws(() => readerOf('61626364').skip(5), XdrError)
  t.equal(readerOf('6162636465000000').opaqueFixed(5).length, 5)
  t.throws(() => new XdrWriter(100).opaque(new Uint8Array(5), 4), XdrError)
  t.throws(() => new XdrWriter(100).opaqueFixed(new Uint8Array(5), 8), XdrError)
  t.end()
})

t.test('booleans are 0 or 1, counts are covered by what remains', (t) => {
  t.throws(() => readerOf('00000002').bool(), XdrError)
  t.throws(() => readerOf('ffffffff').bool(), XdrError)
  t.equal(readerOf('000000020000000000000000').count(2, 4), 2)
  t.throws(() => readerOf('000000030000000000000000').count(3, 4), XdrError)
  t.throws(() => readerOf('00000003').count(2, 0), XdrError)
  t.end()
})

t.test('a reader stays inside its range', (t) => {
  const bytes = new Uint8Array(16)
  const reader = new XdrReader().reset(bytes, 4, 12)
  t.equal(reader.remaining, 8)
  reader.u64()
  t.throws(() => reader.u32(), XdrError)
  t.throws(() => new XdrReader().reset(bytes, 4, 12).opaqueFixed(9), XdrError)
  t.throws(() => new XdrReader().reset(bytes, 4, 12).expectEnd(), XdrError)
  t.throws(() => reader.reset(bytes, 4, 17), RangeError)
  const part = new Uint8Array(Buffer.from('ffffffff00000007', 'hex')).subarray(4)
  t.equal(new XdrReader().reset(part, 0, 4).u32(), 7, 'a view into a larger buffer')
  t.end()
})

t.test('a writer grows to its bound and not beyond', (t) => {
  const writer = new XdrWriter(20, 4)
  for (let i = 0; i < 5; i++) writer.u32(i)
  t.equal(writer.position, 20)
  t.throws(() => writer.u32(5), XdrError)
  t.equal(writer.position, 20, 'nothing was written')
  t.same(
    new XdrReader().reset(writer.bytes, 0, 20).opaqueFixed(20),
    Buffer.from('0000000000000001000000020000000300000004', 'hex'),
  )
  const at = writer.reset(4).reserve(8)
  writer.patchU32(at + 4, 9)
  t.equal(new XdrReader().reset(writer.bytes, 8, 12).u32(), 9)
  t.throws(() => writer.patchU32(at + 8, 1), RangeError)
  t.throws(() => writer.reset(13), RangeError)
  t.end()
})

t.test('splices: the output with the data put in place is the output of a copy', (t) => {
  const part = fc.record({ before: fc.uint8Array({ maxLength: 9 }), data: fc.array(fc.uint8Array({ maxLength: 9 })) })
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const copying = new XdrWriter(1 << 16)
      const splicing = new XdrWriter(1 << 16, 4)
      for (const { before, data } of parts) {
        const whole = Buffer.concat(data)
        copying.opaque(before)
        copying.opaque(whole)
        splicing.opaque(before)
        splicing.u32(whole.length)
        splicing.splice([...data, new Uint8Array(3)], data.length, whole.length)
      }
      const pieces: Uint8Array[] = []
      let from = 0
      for (const { position, segments } of splicing.splices) {
        pieces.push(splicing.bytes.subarray(from, position), ...segments)
        from = position
      }
      pieces.push(splicing.bytes.subarray(from, splicing.position))
      const output = Buffer.concat(pieces)
      return output.length === splicing.length && output.equals(copying.bytes.subarray(0, copying.position))
    }),
  )
  t.end()
})

t.test('reset forgets splices, all or all but the first ones', (t) => {
  const writer = new XdrWriter(100)
  writer.splice([new Uint8Array(4)], 1, 4)
  writer.splice([new Uint8Array(5)], 1, 5)
  t.equal(writer.length, 12)
  writer.reset(0, 1)
  t.equal(writer.splices.length, 1)
  t.equal(writer.length, 4)
  writer.reset()
  t.equal(writer.splices.length, 0)
  t.equal(writer.length, 0)
  t.end()
})
