import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import t from 'tap'
import { type Lease, RenewedLease, UNLIMITED } from '../../mover/lease.ts'
import { AssemblyBuffers } from '../../mover/net/assembly-buffers.ts'
import { type CloseCause, Connection, type ConnectionHost, TURN_MESSAGES } from '../../mover/net/connection.ts'
import { DEFAULT_LIMITS, type NetLimits } from '../../mover/net/limits.ts'
import type { MessageConnection, MessageService } from '../../mover/net/message.ts'
import { BatchPool } from '../../mover/net/output-queue.ts'
import { Sequel } from '../../mover/net/sequel.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { messagesOf, record } from './rpc-support.ts'

/** A socket whose writes end when told to, and which may be paused as a real one. */
class FakeSocket extends EventEmitter {
  remoteAddress = '::ffff:10.0.0.9'
  remotePort = 900
  isPaused = false
  isDestroyed = false
  hasEnded = false
  written: Uint8Array[] = []
  #callbacks: (() => void)[] = []

  write(bytes: Uint8Array, written?: () => void): void {
    this.written.push(bytes.slice())
    if (written !== undefined) this.#callbacks.push(written)
  }

  cork(): void {}

  uncork(): void {}

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  end(): void {
    this.hasEnded = true
  }

  destroy(): void {
    this.isDestroyed = true
  }

  /** The client has read what was written. */
  drain(): void {
    for (const written of this.#callbacks.splice(0)) written()
  }

  get replies(): string[] {
    return messagesOf(Buffer.concat(this.written)).map((message) => Buffer.from(message).toString())
  }
}

class FakeHost implements ConnectionHost {
  readonly limits: NetLimits
  readonly buffers: AssemblyBuffers
  readonly batches = new BatchPool()
  lease: Lease = UNLIMITED
  totalBytes = 0
  readonly sequel = new Sequel(new TestEnvironment(1))
  awaited: Connection[] = []
  readonly closings: [CloseCause, string][] = []
  closedCount = 0

  constructor(limits: Partial<NetLimits>) {
    this.limits = { ...DEFAULT_LIMITS, ...limits }
    this.buffers = new AssemblyBuffers(this.limits.maxRecordBytes)
  }

  wakeLater(connection: Connection): void {
    this.awaited.push(connection)
  }

  makeRoom(): void {}

  shed(): void {}

  closing(_connection: Connection, cause: CloseCause, reason: string): void {
    this.closings.push([cause, reason])
  }

  closed(): void {
    this.closedCount++
  }

  /** The end of a tick. */
  wake(): void {
    for (const connection of this.awaited.splice(0)) connection.wake()
  }
}

/** A service that answers each message with itself, or keeps it when it starts with "k". */
function setUp(limits: Partial<NetLimits> = {}) {
  const host = new FakeHost(limits)
  const socket = new FakeSocket()
  const seen: string[] = []
  const kept: string[] = []
  const service: MessageService = {
    open: (connection) => ({
      batch: () => seen.push('|'),
      message: (bytes, start, end) => {
        const text = Buffer.from(bytes.subarray(start, end)).toString()
        seen.push(text)
        if (text.startsWith('k')) {
          kept.push(text)
          connection.hold(text.length)
        } else {
          answer(connection, text)
        }
        return false
      },
      closed: () => seen.push('closed'),
    }),
  }
  const connection = new Connection(host, socket as unknown as Socket, service, 0)
  // As the listener does it: what arrived is overwritten as soon as the connection has had it.
  socket.on('data', (bytes: Uint8Array) => {
    const shared = new Uint8Array(bytes)
    connection.received(shared, shared.length)
    shared.fill(0xdb)
  })
  const receive = (...texts: string[]): void => {
    socket.emit('data', Buffer.concat(texts.map((text) => record(Buffer.from(text)))))
  }
  /** The first kept message is answered. */
  const finish = (): void => {
    const text = kept.shift() as string
    answer(connection, text)
    connection.unhold(text.length)
  }
  return { host, socket, seen, kept, connection, receive, finish }
}

/** What the kernel has sent is not known. */
const unknown = (): null => null

function answer(connection: MessageConnection, text: string): void {
  connection.beginMessage().opaqueFixed(Buffer.from(text))
  connection.endMessage(null)
}

t.test('all answers to one chunk leave in one write', (t) => {
  const { socket, seen, connection, receive } = setUp()
  t.equal(connection.address, '10.0.0.9')
  t.equal(connection.port, 900)
  receive('one.', 'two.', 'tres')
  t.same(seen, ['|', 'one.', 'two.', 'tres'])
  t.equal(socket.written.length, 1)
  t.same(socket.replies, ['one.', 'two.', 'tres'])
  t.end()
})

t.test('answers outside of a chunk leave together: at the end of the tick, or when none is due any more', (t) => {
  const { socket, host, receive, finish } = setUp()
  receive('k001', 'k002', 'k003', 'k004')
  finish()
  finish()
  t.equal(socket.written.length, 0)
  t.equal(host.awaited.length, 1)
  host.wake()
  t.equal(socket.written.length, 1)
  t.same(socket.replies, ['k001', 'k002'])
  socket.drain()
  finish()
  t.equal(socket.written.length, 1)
  finish()
  t.equal(socket.written.length, 2, 'nothing to wait for')
  t.same(socket.replies, ['k001', 'k002', 'k003', 'k004'])
  t.end()
})

t.test('too many bytes: the rest of the chunk and the socket wait until half has left', (t) => {
  const { socket, seen, connection, host, receive } = setUp({ maxConnectionBytes: 40 })
  receive('aaaa', 'bbbb')
  t.notOk(connection.isResting)
  receive('cccccccc', 'dddd', 'eeee', 'ffff')
  t.ok(connection.isResting)
  t.ok(socket.isPaused)
  t.same(seen, ['|', 'aaaa', 'bbbb', '|', 'cccccccc', 'dddd', 'eeee'])
  t.equal(connection.queuedBytes, 44)
  connection.wake()
  t.ok(connection.isResting, 'waking does not help')
  socket.drain()
  t.same(seen.slice(-1), ['eeee'], 'the second write is under way, 28 bytes wait')
  socket.drain()
  t.same(seen.slice(-2), ['|', 'ffff'])
  t.notOk(socket.isPaused)
  socket.drain()
  t.same(socket.replies, ['aaaa', 'bbbb', 'cccccccc', 'dddd', 'eeee', 'ffff'])
  t.equal(host.totalBytes, 0)
  t.end()
})

t.test('thousands of messages in one chunk are handled in turns with the others', (t) => {
  const { socket, seen, connection, host, receive } = setUp()
  const count = 100_000
  const texts = Array.from({ length: count }, (_, i) => `${i}`.padStart(8, '0'))
  receive(...texts)
  const handled = (): number => seen.filter((text) => text !== '|').length
  t.equal(handled(), TURN_MESSAGES)
  t.equal(socket.replies.length, TURN_MESSAGES, 'their answers have left')
  t.equal(socket.written.length, 1, 'in one write')
  t.ok(connection.isResting)
  t.ok(socket.isPaused)
  socket.drain()
  t.equal(
    handled(),
    TURN_MESSAGES,
    'the end of a write, which the same tick may bring, is not the end of the others turn',
  )
  for (let turn = 2; handled() < count; turn++) {
    host.wake()
    t.equal(host.awaited.length <= 1, true)
    if (handled() !== Math.min(turn * TURN_MESSAGES, count)) t.fail(`${handled()} messages after ${turn} turns`)
    socket.drain()
  }
  host.wake()
  socket.drain()
  t.notOk(socket.isPaused)
  t.same(socket.replies, texts)
  t.equal(host.totalBytes, 0)
  t.end()
})

t.test('who sends a few messages at a time need not rest', (t) => {
  const { socket, connection } = setUp()
  const chunk = new Uint8Array(64)
  const message = record(Buffer.from('aaaa'))
  chunk.set(message)
  for (let i = 0; i < 3 * TURN_MESSAGES; i++) {
    connection.received(chunk, message.length)
    if (socket.isPaused) t.fail(`rests after ${i} messages`)
    socket.drain()
  }
  t.equal(socket.replies.length, 3 * TURN_MESSAGES)
  t.end()
})

t.test('input that rests is counted until it is used up', (t) => {
  const { connection, host, receive, finish } = setUp({ maxInFlight: 1 })
  receive('k001', 'k002'.padEnd(400, 'x'))
  t.ok(connection.isResting)
  const callBytes = connection.keptBytes - 4 - 404
  t.ok(callBytes > 0 && callBytes < 4096, 'a call that waits is not for nothing either')
  t.equal(host.totalBytes, connection.keptBytes)
  finish()
  host.wake()
  finish()
  host.wake()
  t.notOk(connection.isResting)
  connection.close('crowded', 'is of no use any more')
  t.equal(host.totalBytes, 0)
  t.end()
})

t.test('the room that a batch has left is counted too', (t) => {
  const { connection, host, receive, socket } = setUp()
  receive('a'.repeat(1_000_000))
  socket.drain()
  t.equal(host.totalBytes, 0)
  receive('bbbb')
  t.ok(connection.keptBytes >= 1_000_000, 'it has the batch of before')
  t.equal(connection.queuedBytes, 8)
  connection.close('crowded', 'is of no use any more')
  t.equal(host.totalBytes, 0, 'what is about to be free counts as free')
  t.end()
})

t.test('who reads a little now and then is not cut off, though no write of ours ends', (t) => {
  const { connection, host, receive } = setUp({ stallMs: 60_000 })
  let unacknowledged: number | null = 3_000_000
  const look = (): number | null => unacknowledged
  receive('aaaa')
  receive('bbbb')
  connection.sweep(0, look)
  for (let nowMs = 15_000; nowMs <= 600_000; nowMs += 15_000) {
    if (nowMs % 45_000 === 0) unacknowledged -= 100_000
    connection.sweep(nowMs, look)
  }
  t.same(host.closings, [])
  unacknowledged = null
  connection.sweep(615_000, look)
  unacknowledged = 1_000_000
  connection.sweep(630_000, look)
  t.same(host.closings, [])
  connection.sweep(644_999, look)
  t.same(host.closings, [])
  connection.sweep(645_000, look)
  t.same(host.closings, [['stalled', 'has not read its replies for 60 s (16 bytes wait)']])
  t.end()
})

t.test('too many calls in flight: the same', (t) => {
  const { socket, seen, connection, host, receive, finish } = setUp({ maxInFlight: 2 })
  receive('k001', 'k002', 'k003', 'k004')
  t.same(seen, ['|', 'k001', 'k002'])
  t.ok(socket.isPaused)
  t.equal(connection.inFlight, 2)
  finish()
  host.wake()
  t.same(seen.slice(3), ['|', 'k003'])
  t.ok(socket.isPaused)
  finish()
  finish()
  host.wake()
  t.same(seen.slice(5), ['|', 'k004'])
  t.notOk(socket.isPaused)
  finish()
  host.wake()
  for (let i = 0; i < 4; i++) socket.drain()
  t.same(socket.replies, ['k001', 'k002', 'k003', 'k004'])
  t.equal(host.totalBytes, 0)
  t.end()
})

t.test('who reads slowly is not cut off, who reads nothing is', (t) => {
  const { socket, connection, host, receive } = setUp({ stallMs: 60_000 })
  let nowMs = 0
  const sweepAfter = (ms: number): void => {
    nowMs += ms
    connection.sweep(nowMs, unknown)
  }
  sweepAfter(1_000_000)
  receive('aaaa')
  sweepAfter(59_000)
  for (let i = 0; i < 10; i++) {
    receive('bbbb')
    socket.drain()
    sweepAfter(50_000)
  }
  t.ok(connection.open)
  sweepAfter(59_999)
  t.same(host.closings, [])
  sweepAfter(1)
  t.same(host.closings, [['stalled', 'has not read its replies for 60 s (8 bytes wait)']])
  t.ok(socket.isDestroyed)
  sweepAfter(1_000_000)
  t.equal(host.closings.length, 1)
  t.end()
})

t.test('a record that does not go on is given up; one that rests, or goes on, is not', (t) => {
  const { socket, connection, host } = setUp({ stallMs: 60_000, maxInFlight: 1 })
  const call = record(Buffer.from('k001'))
  connection.sweep(0, unknown)
  socket.emit('data', call.subarray(0, 5))
  connection.sweep(50_000, unknown)
  socket.emit('data', call.subarray(5, 6))
  connection.sweep(105_000, unknown)
  connection.sweep(164_000, unknown)
  t.same(host.closings, [])
  socket.emit('data', Buffer.concat([call.subarray(6), call.subarray(0, 5)]))
  t.ok(connection.isResting)
  connection.sweep(1_000_000, unknown)
  connection.sweep(2_000_000, unknown)
  t.same(host.closings, [], 'our own pause is not its fault')
  connection.unhold(4)
  host.wake()
  connection.sweep(2_000_001, unknown)
  connection.sweep(2_059_999, unknown)
  t.same(host.closings, [])
  connection.sweep(2_060_000, unknown)
  t.same(host.closings, [['stalled', 'has not completed a record for 60 s']])
  t.equal(host.buffers.inUseBytes, 0)
  t.end()
})

t.test('half closed: ended once everything is answered and has left', (t) => {
  const { socket, host, receive, finish } = setUp()
  receive('k001', 'aaaa')
  socket.emit('end')
  t.notOk(socket.hasEnded)
  finish()
  host.wake()
  t.notOk(socket.hasEnded)
  socket.drain()
  t.notOk(socket.hasEnded, 'the second write is under way')
  socket.drain()
  t.ok(socket.hasEnded)
  t.same(socket.replies, ['aaaa', 'k001'])
  t.end()
})

t.test('a broken record after good ones: those are answered, the connection is closed', (t) => {
  const { socket, host, connection, seen } = setUp()
  socket.emit('data', Buffer.concat([record(Buffer.from('aaaa')), Buffer.from('ffffffff', 'hex')]))
  t.same(socket.replies, ['aaaa'])
  t.match(host.closings, [['refused', /sent a record of 2147483647 bytes/]])
  t.ok(socket.isDestroyed)
  socket.emit('data', record(Buffer.from('bbbb')))
  t.same(seen, ['|', 'aaaa'], 'what still comes is not looked at')
  socket.emit('error', new Error('read ECONNRESET'))
  socket.emit('close')
  t.same(seen, ['|', 'aaaa', 'closed'])
  t.equal(host.closedCount, 1)
  t.notOk(connection.open)
  t.equal(host.totalBytes, 0)
  t.end()
})

t.test('calls that end after their connection are not counted for ever', (t) => {
  const { socket, host, receive, finish, connection } = setUp()
  receive('k001', 'k002')
  t.ok(host.totalBytes >= 8)
  socket.emit('close')
  finish()
  finish()
  host.wake()
  t.equal(host.totalBytes, 0)
  t.equal(connection.inFlight, 0)
  t.same(socket.written, [])
  t.end()
})

t.test('past the lease of its mover nothing is answered, until it is renewed', async (t) => {
  let nowMs = 0
  const lease = new RenewedLease(1000, () => nowMs)
  const { host, socket, receive } = setUp()
  host.lease = lease
  lease.renew(0)
  nowMs = 999
  receive('once')
  socket.drain()
  t.same(socket.replies, ['once'])
  nowMs = 1000
  receive('held', 'more')
  host.wake()
  t.same(socket.replies, ['once'])
  lease.renew(0)
  host.wake()
  t.same(socket.replies, ['once'], 'what was asked long ago renews nothing')
  lease.renew(900)
  host.wake()
  t.same(socket.replies, ['once', 'held', 'more'])
})
