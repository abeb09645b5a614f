import fc from 'fast-check'
import t from 'tap'
import { OutWriter } from '../../mover/net/out-writer.ts'
import { BatchPool, OutputQueue } from '../../mover/net/output-queue.ts'
import { messagesOf } from './rpc-support.ts'

/** A socket whose writes end when told to. */
class Sink {
  bytes: Uint8Array[] = []
  pending: (() => void)[] = []
  writes = 0
  corked = 0

  cork(): void {
    this.corked++
  }

  uncork(): void {
    this.corked--
  }

  write(bytes: Uint8Array, written?: () => void): void {
    this.bytes.push(bytes)
    if (written === undefined) return
    this.writes++
    this.pending.push(written)
  }

  /** The write under way ends; what it wrote is read only now. */
  end(): void {
    for (const written of this.pending.splice(0)) {
      this.taken.push(Buffer.concat(this.bytes.splice(0)))
      written()
    }
  }

  readonly taken: Uint8Array[] = []
}

function setUp(): { sink: Sink; queue: OutputQueue; ended: number[] } {
  const sink = new Sink()
  const ended: number[] = []
  const queue = new OutputQueue(sink, new BatchPool(), () => ended.push(queue.byteCount))
  return { sink, queue, ended }
}

function send(
  queue: OutputQueue,
  value: number,
  data: Uint8Array | null = null,
  release: (() => void) | null = null,
): void {
  const writer = queue.begin()
  writer.u32(value)
  if (data !== null) writer.splice([data.subarray(0, 3), data.subarray(3)], 2, data.length)
  queue.end(release)
}

const BIG = Uint8Array.from({ length: 10_001 }, (_, i) => i % 253)

t.test('what gathers leaves in one write; what gathers meanwhile leaves in the next', (t) => {
  const { sink, queue, ended } = setUp()
  queue.flush()
  t.equal(sink.writes, 0, 'nothing to write')
  send(queue, 1)
  send(queue, 2)
  t.equal(queue.byteCount, 16)
  queue.flush()
  t.ok(queue.isWriting)
  send(queue, 3)
  queue.flush()
  send(queue, 4)
  queue.flush()
  t.equal(sink.writes, 1)
  sink.end()
  t.same(ended, [16])
  queue.flush()
  sink.end()
  t.same(
    sink.taken.map((bytes) => messagesOf(bytes).map((message) => Buffer.from(message).readUInt32BE(0))),
    [
      [1, 2],
      [3, 4],
    ],
  )
  t.equal(queue.byteCount, 0)
  t.equal(queue.writtenBatches, 2)
  t.notOk(queue.isWriting)
  t.end()
})

t.test('large data is not copied, small data is', (t) => {
  const { sink, queue } = setUp()
  send(queue, 1, BIG.subarray(0, 8192))
  send(queue, 2, BIG)
  send(queue, 3)
  queue.flush()
  t.equal(sink.corked, 0)
  t.equal(sink.bytes.length, 4, 'own bytes, two segments in place, own bytes')
  t.equal(sink.bytes[1].buffer, BIG.buffer)
  t.equal(sink.bytes[2].buffer, BIG.buffer)
  sink.end()
  const [first, second, third] = messagesOf(sink.taken[0])
  t.same(Buffer.from(first.subarray(4)), Buffer.from(BIG.subarray(0, 8192)))
  t.same(Buffer.from(second.subarray(4, 10_005)), Buffer.from(BIG))
  t.same(Buffer.from(second.subarray(10_005)), Buffer.alloc(3), 'padding')
  t.equal(Buffer.from(third).readUInt32BE(0), 3)
  t.end()
})

t.test('data is released when its write has ended, or when the connection is gone', (t) => {
  const { sink, queue } = setUp()
  const released: number[] = []
  send(queue, 1, BIG, () => released.push(1))
  queue.flush()
  send(queue, 2, BIG, () => released.push(2))
  t.same(released, [])
  sink.end()
  t.same(released, [1])
  queue.flush()
  send(queue, 3, BIG, () => released.push(3))
  queue.close()
  t.same(released, [1, 2, 3])
  t.equal(queue.byteCount, 0)
  sink.end()
  send(queue, 4, BIG, () => released.push(4))
  t.same(released, [1, 2, 3, 4], 'at once when it can never leave')
  queue.close()
  queue.flush()
  t.equal(sink.writes, 2)
  t.same(released, [1, 2, 3, 4])
  t.end()
})

t.test('a message that is cancelled leaves no trace, nor does its data', (t) => {
  const { sink, queue } = setUp()
  send(queue, 1, BIG)
  const writer = queue.begin()
  writer.u32(99)
  writer.splice([BIG], 1, BIG.length)
  queue.cancel()
  send(queue, 2)
  queue.flush()
  sink.end()
  const messages = messagesOf(sink.taken[0])
  t.same(
    messages.map((message) => [Buffer.from(message).readUInt32BE(0), message.length]),
    [
      [1, 10_008],
      [2, 4],
    ],
  )
  t.end()
})

t.test('full batches are written one at a time, so that progress shows', (t) => {
  const { sink, queue } = setUp()
  const megabyte = new Uint8Array(1024 * 1024)
  for (let i = 0; i < 5; i++) send(queue, i, megabyte)
  t.equal(queue.byteCount, 5 * (megabyte.length + 8))
  queue.flush()
  for (let left = 4; left >= 0; left--) {
    sink.end()
    t.equal(queue.byteCount, left * (megabyte.length + 8))
    queue.flush()
  }
  t.equal(sink.writes, 5)
  t.end()
})

t.test('what a release sends goes behind, not into the middle', (t) => {
  const { sink, queue } = setUp()
  send(queue, 1, BIG, () => send(queue, 3))
  queue.flush()
  send(queue, 2)
  sink.end()
  queue.flush()
  sink.end()
  const values = sink.taken.flatMap((bytes) => messagesOf(bytes).map((message) => Buffer.from(message).readUInt32BE(0)))
  t.same(values, [1, 2, 3])
  t.end()
})

t.test('any mixture arrives in order, whole', (t) => {
  const message = fc.record({
    length: fc.integer({ min: 0, max: 30_000 }),
    isSplice: fc.boolean(),
    flush: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(message, { maxLength: 20 }), (list) => {
      const { sink, queue } = setUp()
      let released = 0
      for (const [i, { length, isSplice, flush }] of list.entries()) {
        const data = new Uint8Array(length).fill(i + 1)
        const writer = queue.begin()
        if (isSplice) writer.splice([data], 1, length)
        else writer.opaqueFixed(data)
        queue.end(() => released++)
        if (flush) queue.flush()
        if (flush && length % 3 === 0) sink.end()
      }
      while (queue.byteCount > 0) {
        queue.flush()
        sink.end()
      }
      const found = sink.taken.flatMap((bytes) => messagesOf(bytes))
      if (found.length !== list.length || released !== list.length) return false
      return found.every((bytes, i) => {
        const { length } = list[i]
        const isPadded = bytes.length === Math.ceil(length / 4) * 4
        return isPadded && bytes.every((byte, at) => byte === (at < length ? i + 1 : 0))
      })
    }),
  )
  t.pass('holds for all')
  t.end()
})

t.test('a splice whose segments are not as long as it says is a fault', (t) => {
  t.throws(() => new OutWriter(1000).splice([BIG.subarray(0, 5)], 1, 8), /splice of 8 bytes is 5 bytes long/)
  t.end()
})

t.test('what another writer wrote is appended with its data', (t) => {
  const source = new OutWriter(1000)
  source.copyBytes = 4
  source.u32(1)
  source.splice([BIG.subarray(0, 5)], 1, 5)
  source.u32(2)
  const writer = new OutWriter(1000)
  writer.u32(0)
  writer.append(source.bytes.subarray(0, source.position), source.splices)
  t.equal(writer.length, 4 + 4 + 8 + 4)
  t.same(
    writer.splices.map(({ position, byteCount }) => [position, byteCount]),
    [[8, 5]],
  )
  t.end()
})
