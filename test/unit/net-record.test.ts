import fc from 'fast-check'
import t from 'tap'
import { AssemblyBuffers } from '../../mover/net/assembly-buffers.ts'
import { DEFAULT_LIMITS, type NetLimits } from '../../mover/net/limits.ts'
import { RecordAssembler } from '../../mover/net/record-assembler.ts'

const MAX_RECORD_BYTES = 100_000
const LIMITS: NetLimits = { ...DEFAULT_LIMITS, maxRecordBytes: MAX_RECORD_BYTES, maxFragments: 8 }

function assembler(limits = LIMITS): { input: RecordAssembler; buffers: AssemblyBuffers; asked: number[] } {
  const buffers = new AssemblyBuffers(limits.maxRecordBytes)
  const asked: number[] = []
  return { input: new RecordAssembler(limits, buffers, (byteCount) => asked.push(byteCount)), buffers, asked }
}

/** A fragment with its header. */
function fragment(data: Uint8Array, isLast: boolean): Uint8Array {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(data.length + (isLast ? 0x80000000 : 0))
  return Buffer.concat([header, data])
}

function header(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function counting(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (from + i) & 0xff)
}

/** Feeds the stream in pieces of the given lengths, over and over; returns copies of all records. */
function run(input: RecordAssembler, stream: Uint8Array, pieces: readonly number[]): Uint8Array[] {
  const records: Uint8Array[] = []
  let at = 0
  for (let i = 0; at < stream.length; i++) {
    const length = pieces[i % pieces.length]
    input.feed(stream.slice(at, at + length))
    at += length
    while (input.next()) {
      records.push(input.bytes.slice(input.start, input.end))
      input.release()
    }
  }
  return records
}

t.test('records come out whole, however they are cut into fragments and chunks', (t) => {
  const recordOf = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(
      fc.array(recordOf, { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
      (records, pieces) => {
        const { input, buffers } = assembler()
        const stream = records.flatMap((fragments) =>
          fragments.map((data, i) => fragment(data, i === fragments.length - 1)),
        )
        const found = run(input, Buffer.concat(stream), pieces)
        const expected = records.map((fragments) => Buffer.concat(fragments).toString('hex'))
        if (found.map((bytes) => Buffer.from(bytes).toString('hex')).join() !== expected.join()) return false
        return buffers.inUseBytes === 0 && !input.isPartial
      },
    ),
  )
  t.pass('holds for all')
  t.end()
})

t.test('a record in one chunk is found in place', (t) => {
  const { input, buffers } = assembler()
  const chunk = Buffer.concat([fragment(counting(40), true), fragment(counting(60, 40), true)])
  input.feed(chunk)
  t.ok(input.next())
  t.equal(input.bytes, chunk)
  t.same([input.start, input.end], [4, 44])
  t.notOk(input.isKeepable)
  input.release()
  t.ok(input.next())
  t.equal(input.bytes, chunk)
  t.same([input.start, input.end], [48, 108])
  input.release()
  t.notOk(input.next())
  t.equal(buffers.inUseBytes, 0)
  t.not(input.bytes, chunk, 'an idle connection does not hold on to the chunk')
  t.end()
})

t.test('a header alone costs no buffer, and the body after it is found in place', (t) => {
  const { input, buffers } = assembler()
  const bytes = fragment(counting(40), true)
  input.feed(bytes.subarray(0, 4))
  t.notOk(input.next())
  t.ok(input.isPartial)
  t.equal(buffers.inUseBytes, 0)
  const body = bytes.slice(4)
  input.feed(body)
  t.ok(input.next())
  t.equal(input.bytes, body)
  input.release()
  t.notOk(input.isPartial)
  t.end()
})

t.test('what is allocated stays in proportion to what has arrived', (t) => {
  const { input, buffers, asked } = assembler()
  const bytes = fragment(counting(90_000), true)
  input.feed(bytes.subarray(0, 5))
  t.notOk(input.next())
  t.equal(buffers.inUseBytes, 4096, 'one byte of 90,000 has arrived')
  input.feed(bytes.subarray(5, 4100))
  t.notOk(input.next())
  t.equal(buffers.inUseBytes, 4096)
  input.feed(bytes.subarray(4100, 4101))
  t.notOk(input.next())
  t.equal(buffers.inUseBytes, 65_536)
  input.feed(bytes.subarray(4101))
  t.ok(input.next())
  t.equal(buffers.inUseBytes, MAX_RECORD_BYTES)
  t.same(Buffer.from(input.bytes.slice(input.start, input.end)), Buffer.from(counting(90_000)))
  input.release()
  t.equal(buffers.inUseBytes, 0)
  t.same(asked, [4096, 65_536, MAX_RECORD_BYTES], 'room is asked for each buffer')

  input.feed(bytes.subarray(0, 5))
  t.notOk(input.next())
  t.equal(buffers.inUseBytes, MAX_RECORD_BYTES, 'a peer that has sent such a record may claim one at once')
  input.close()
  t.equal(buffers.inUseBytes, 0, 'nothing is left after the end')
  t.end()
})

t.test('a buffer that is kept is not used again before it is given back', (t) => {
  const { input, buffers } = assembler()
  const bytes = fragment(counting(200), true)
  const first = (): Uint8Array => {
    input.feed(bytes.slice(0, 100))
    t.notOk(input.next())
    input.feed(bytes.slice(100))
    t.ok(input.next())
    t.ok(input.isKeepable)
    return input.bytes
  }
  const kept = first()
  input.keep()
  t.equal(buffers.inUseBytes, 0)
  const other = first()
  t.not(other, kept)
  input.release()
  buffers.reuse(kept)
  t.equal(first(), kept)
  input.release()
  t.end()
})

t.test('broken record marking is refused', (t) => {
  const cases: [string, Uint8Array[], RegExp][] = [
    ['2 GiB in one fragment', [header(0xffffffff)], /record of 2147483647 bytes or more, the limit is 100000/],
    ['one byte too many', [header(0x80000000 + MAX_RECORD_BYTES + 1)], /record of 100001 bytes/],
    ['too many in all', [fragment(counting(60_000), false), header(0x80000000 + 40_001)], /record of 100001 bytes/],
    ['no byte at all', [header(0x80000000)], /empty/],
    ['no byte in two fragments', [header(0), header(0x80000000)], /empty/],
    ['endless empty fragments', Array(9).fill(header(0)), /more than 8 fragments/],
    ['endless fragments', Array(9).fill(fragment(counting(1), false)), /more than 8 fragments/],
    ['HTTP', [Buffer.from('GET / HTTP/1.1\r\n\r\n')], /record of 1195725856 bytes/],
  ]
  for (const [name, stream, message] of cases) {
    for (const pieces of [[1_000_000], [1], [3, 5]]) {
      const { input, buffers } = assembler()
      t.throws(() => run(input, Buffer.concat(stream), pieces), { message }, `${name} in chunks of ${pieces}`)
      input.close()
      t.equal(buffers.inUseBytes, 0)
    }
  }
  t.end()
})

t.test('fragments without a byte are fragments', (t) => {
  for (const pieces of [[1000], [1], [3, 5]]) {
    const { input } = assembler()
    const parts = [header(0), fragment(counting(4), false), header(0), header(0x80000000), fragment(counting(3), true)]
    t.same(run(input, Buffer.concat(parts), pieces), [counting(4), counting(3)], `in chunks of ${pieces}`)
  }
  t.end()
})

t.test('much of a long record is received in place', (t) => {
  const { input, buffers } = assembler()
  const long = counting(MAX_RECORD_BYTES)
  t.equal(input.room(), null)
  t.same(run(input, fragment(long, true), [40_000]), [long], 'once it has sent one, a peer may claim so much at once')
  const stream = Buffer.concat([fragment(long.subarray(0, 5000), false), fragment(long.subarray(5000), true)])
  input.feed(stream.subarray(0, 6000))
  t.notOk(input.next())
  let at = 6000
  while (at < stream.length) {
    const room = input.room()
    const count = Math.min(room === null ? 20_000 : 20_001, stream.length - at)
    if (room === null) input.feed(stream.subarray(at, at + count))
    else room.set(stream.subarray(at, at + count))
    if (room !== null) input.filled(count)
    at += count
    t.equal(input.next(), at === stream.length)
  }
  t.same(input.bytes.subarray(input.start, input.end), long)
  input.release()
  t.equal(input.room(), null)
  t.equal(buffers.inUseBytes, 0)
  t.end()
})

t.test('the longest record and the largest number of fragments are accepted', (t) => {
  const { input } = assembler()
  t.same(
    run(input, fragment(counting(MAX_RECORD_BYTES), true), [7000]).map((bytes) => bytes.length),
    [MAX_RECORD_BYTES],
  )
  const fragments = Array.from({ length: 8 }, (_, i) => fragment(counting(1, i), i === 7))
  t.same(run(input, Buffer.concat(fragments), [1000]), [counting(8)])
  t.end()
})
