import t from 'tap'
import type { BlockDevice } from '../../mover/store/device.ts'
import { start, type Task } from '../../mover/task.ts'
import { checkDevice } from '../../mover/volume/check/check.ts'
import { OWNER_BLOCK } from '../../mover/volume/layout.ts'
import {
  checkOwner,
  decodeOwner,
  encodeOwner,
  OwnerError,
  type OwnerHeartbeat,
  type OwnerRecord,
  parseBootId,
  readOwner,
  takeOwnership,
} from '../../mover/volume/owner.ts'
import type { FaultDevice } from '../crash/fault-device.ts'
import { Random } from '../crash/random.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { BusyVolume, finish, forgetDevices, newDevice } from './volume-busy.ts'

const OFFSET = OWNER_BLOCK * 4096
const BOOT_A = parseBootId('01234567-89ab-cdef-0123-456789abcdef')
const BOOT_B = parseBootId('11234567-89ab-cdef-0123-456789abcdef\n')

interface World {
  env: TestEnvironment
  device: FaultDevice
  /** What `onLost` was told, by host. */
  lost: string[]
}

function world(seed: number): World {
  forgetDevices()
  const env = new TestEnvironment(seed)
  return { env, device: newDevice(env), lost: [] }
}

function options(
  { env, device, lost }: Omit<World, 'device'> & { device: BlockDevice },
  host: string,
  bootId: Uint8Array,
) {
  return { env, device, host, bootId, onLost: (error: Error) => void lost.push(`${host}: ${error.message}`) }
}

function take(w: World, host: string, bootId: Uint8Array): OwnerHeartbeat {
  return finish(w.env, takeOwnership(options(w, host, bootId)))
}

/** The error of a task that must fail. */
function failure(env: TestEnvironment, task: Task<unknown>): Error {
  try {
    finish(env, task)
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}

function onDevice(w: World): OwnerRecord {
  const record = decodeOwner(w.device.peek(OFFSET, 4096))
  if (record === null) throw new Error('the owner block holds no record')
  return record
}

t.test('boot ids', (t) => {
  t.equal(Buffer.from(BOOT_B).toString('hex'), '1123456789abcdef0123456789abcdef')
  for (const text of ['', '0123', '01234567-89ab-cdef-0123-456789abcdeg', `${'0'.repeat(33)}`]) {
    t.throws(() => parseBootId(text), /is no boot id/)
  }
  t.end()
})

t.test('a record on the device', (t) => {
  const record: OwnerRecord = {
    ownerId: Uint8Array.from({ length: 16 }, (_, i) => i + 1),
    bootId: BOOT_A,
    term: 2 ** 40 + 5,
    counter: 7,
    state: 'running',
    wallMs: 1_767_225_600_123,
    host: 'storage-2',
  }
  const block = new Uint8Array(4096)
  encodeOwner(record, block)
  const golden = [
    '4c4b4f57', // magic: "LKOW"
    '????????',
    '0102030405060708090a0b0c0d0e0f10', // owner id
    '0123456789abcdef0123456789abcdef', // boot id
    '0500000000010000', // term
    '0700000000000000', // counter
    '0100000000000000', // running
    '7ba8da769b010000', // wall time
    Buffer.from('storage-2').toString('hex').padEnd(128, '0'),
  ].join('')
  const hex = Buffer.from(block).toString('hex')
  t.equal(`${hex.slice(0, 8)}????????${hex.slice(16, golden.length)}`, golden)
  t.ok(block.subarray(golden.length / 2).every((byte) => byte === 0))
  t.strictSame(decodeOwner(block), record)
  for (const at of [0, 4, 8, 30, 45, 50, 56, 64, 70, 100, 4095]) {
    const spoiled = block.slice()
    spoiled[at] ^= 4
    t.equal(decodeOwner(spoiled), null, `byte ${at}`)
  }
  encodeOwner({ ...record, host: 'ü'.repeat(40), state: 'released' }, block)
  t.match(decodeOwner(block), { host: 'ü'.repeat(32), state: 'released' })
  t.end()
})

t.test('alone: a beat a second, released at the end', (t) => {
  const w = world(1)
  t.equal(finish(w.env, checkOwner(options(w, 'a', BOOT_A))), null)
  const heartbeat = take(w, 'a', BOOT_A)
  t.ok(w.env.monotonicMs() < 50, 'nothing was waited for')
  t.match(onDevice(w), { state: 'running', counter: 1, term: 0, host: 'a', bootId: BOOT_A })
  heartbeat.term = 9
  w.env.advance(10_500)
  const record = onDevice(w)
  t.match(record, { state: 'running', counter: 11, term: 9 })
  t.same(record.ownerId, heartbeat.ownerId)
  t.ok(w.env.wallMs() - record.wallMs < 1000)
  finish(w.env, heartbeat.release())
  t.match(onDevice(w), { state: 'released', counter: 12 })
  const durable = decodeOwner(w.device.crashImage(new Random(1)).peek(OFFSET, 4096))
  t.match(durable, { state: 'released' }, 'durably')
  const { writeCount } = w.device
  w.env.advance(5000)
  t.equal(w.device.writeCount, writeCount, 'the beat has ended')
  t.strictSame(w.lost, [])
  t.end()
})

t.test('a host that lives is seen at every moment of its beat', (t) => {
  for (let phase = 0; phase < 1000; phase += 90) {
    const w = world(phase)
    const heartbeat = take(w, 'storage-1', BOOT_A)
    heartbeat.term = 3
    w.env.advance(3000 + phase)
    const error = failure(w.env, checkOwner(options(w, 'storage-2', BOOT_B)))
    t.ok(error instanceof OwnerError, error.message)
    t.match(
      error.message,
      /^fault-device is being served by host storage-1 \(term 3, last sign of life at 2026-01-01T00:00:0\S*Z by its clock\)/,
    )
    t.ok(w.env.monotonicMs() < 3000 + phase + 1400, 'as soon as it can be')
    t.match(failure(w.env, takeOwnership(options(w, 'storage-2', BOOT_B))), OwnerError)
    w.env.advance(3000)
    t.strictSame(w.lost, [], 'the owner was not disturbed')
    heartbeat.stop()
  }
  t.end()
})

t.test('a host that is gone is waited for, once', (t) => {
  const w = world(3)
  const heartbeat = take(w, 'a', BOOT_A)
  w.env.advance(2000)
  heartbeat.stop()
  w.env.advance(60_000)
  const beforeMs = w.env.monotonicMs()
  const former = finish(w.env, checkOwner(options(w, 'b', BOOT_B)))
  t.match(former, { host: 'a', state: 'running', counter: 2 })
  const tookMs = w.env.monotonicMs() - beforeMs
  t.ok(tookMs >= 2500 && tookMs < 2800, `${tookMs} ms`)
  take(w, 'b', BOOT_B).stop()
  t.match(onDevice(w), { host: 'b', bootId: BOOT_B, counter: 1 })
  t.end()
})

t.test('after a crash on this host, or a release elsewhere, nothing is waited for', (t) => {
  const w = world(4)
  const first = take(w, 'a', BOOT_A)
  w.env.advance(1500)
  first.stop()
  const beforeMs = w.env.monotonicMs()
  const second = take(w, 'a', BOOT_A)
  t.ok(w.env.monotonicMs() - beforeMs < 50)
  t.notSame(second.ownerId, first.ownerId)
  finish(w.env, second.release())
  const releasedMs = w.env.monotonicMs()
  t.match(finish(w.env, checkOwner(options(w, 'b', BOOT_B))), { state: 'released', host: 'a' })
  t.ok(w.env.monotonicMs() - releasedMs < 50)
  t.end()
})

t.test('a release while it is being watched is taken', (t) => {
  const w = world(5)
  const heartbeat = take(w, 'a', BOOT_A)
  w.env.advance(100)
  w.env.timer(300, () => start(heartbeat.release(), () => {}))
  const former = finish(w.env, checkOwner(options(w, 'b', BOOT_B)))
  t.match(former, { state: 'released' })
  t.ok(w.env.monotonicMs() < 1000)
  t.end()
})

/** Lets two hosts write to one device: a real one takes writes of the same block at the same time, the test's does not. */
function inTurn(device: FaultDevice): BlockDevice {
  const waiting: (() => void)[] = []
  let isBusy = false
  const next = (): void => {
    isBusy = false
    waiting.shift()?.()
  }
  const write: BlockDevice['write'] = (offset, buffers, lane, done) => {
    if (isBusy) {
      waiting.push(() => write(offset, buffers, lane, done))
      return
    }
    isBusy = true
    device.write(offset, buffers, lane, (error) => {
      next()
      done(error)
    })
  }
  return {
    name: device.name,
    sizeBytes: device.sizeBytes,
    direct: device.direct,
    allocatePages: (count) => device.allocatePages(count),
    read: (offset, buffer, done) => device.read(offset, buffer, done),
    write,
    writeDurable: (offset, buffer, lane, done) => write(offset, [buffer], lane, done),
    flush: (done) => device.flush(done),
    close: (done) => device.close(done),
  }
}

t.test('two hosts that start together: one serves', (t) => {
  const refusals = new Map<string, number>()
  for (let seed = 10; seed < 110; seed++) {
    const w = world(seed)
    // Some third host has served it before.
    finish(w.env, take(w, 'c', parseBootId('f'.repeat(32))).release())
    const outcomes: string[] = []
    const shared = { ...w, device: inTurn(w.device) }
    const begin = (host: string, bootId: Uint8Array): void =>
      start(takeOwnership(options(shared, host, bootId)), (error) => {
        outcomes.push(error === null ? 'serves' : error.message)
      })
    begin('a', BOOT_A)
    w.env.timer((seed % 10) / 2, () => begin('b', BOOT_B))
    w.env.runUntil(() => outcomes.length === 2)
    t.strictSame(outcomes.filter((outcome) => outcome === 'serves').length, 1, `seed ${seed}: ${outcomes}`)
    for (const outcome of outcomes) {
      const how = /is being served|must not be served/.exec(outcome)
      if (how !== null) refusals.set(how[0], (refusals.get(how[0]) ?? 0) + 1)
    }
    w.env.advance(3000)
    t.strictSame(w.lost, [], `seed ${seed}`)
  }
  t.ok(refusals.size === 2 && [...refusals.values()].every((count) => count > 5), `${[...refusals]}`)
  t.end()
})

t.test('who finds another owner in its block stops', (t) => {
  const w = world(6)
  const heartbeat = take(w, 'a', BOOT_A)
  w.env.advance(1200)
  const record = { ...onDevice(w), ownerId: new Uint8Array(16).fill(9), bootId: BOOT_B, host: 'b', term: 12 }
  const block = new Uint8Array(4096)
  encodeOwner(record, block)
  w.device.poke(OFFSET, block)
  w.env.advance(1000)
  t.match(w.lost, [/^a: fault-device must not be served any longer: it has been taken over by host b \(term 12, last/])
  t.equal(onDevice(w).host, 'b', 'the new owner was not overwritten')
  w.env.advance(5000)
  t.equal(w.lost.length, 1, 'told once')
  finish(w.env, heartbeat.release())
  t.match(onDevice(w), { host: 'b', state: 'running' }, 'nor by the release')
  t.end()
})

t.test('a block that was wiped, and a device that fails, end it too', (t) => {
  const wiped = world(7)
  take(wiped, 'a', BOOT_A)
  wiped.device.poke(OFFSET, new Uint8Array(4096))
  wiped.env.advance(1500)
  t.match(wiped.lost, [/its owner block was overwritten/])

  for (const kind of ['read', 'write'] as const) {
    const failing = world(8)
    take(failing, 'a', BOOT_A)
    failing.env.advance(1500)
    failing.device.inject({ on: kind, code: 'IO' })
    failing.env.advance(1000)
    t.equal(failing.lost.length, 1, `${kind}: ${failing.lost}`)
    failing.device.clearFaults()
    const { writeCount } = failing.device
    failing.env.advance(5000)
    t.equal(failing.device.writeCount, writeCount, 'no further beat')
  }
  t.end()
})

t.test('a device that takes no record is only looked at', (t) => {
  const w = world(12)
  const former = take(w, 'a', BOOT_A)
  w.env.advance(1500)
  former.stop()
  w.device.inject({ on: 'write', code: 'NOSPC', times: Number.POSITIVE_INFINITY })
  const heartbeat = take(w, 'a', BOOT_A)
  t.match(heartbeat.readOnly, { code: 'NOSPC', message: /^fault-device: write \d+ of 4096 bytes at 8192: injected/ })
  w.device.clearFaults()
  const { writeCount } = w.device
  w.env.advance(10_000)
  t.strictSame(w.lost, [])
  t.equal(w.device.writeCount, writeCount, 'a failed write is not tried again')
  // Nobody sees it live: another host may take the volume, and is noticed.
  const other = take(w, 'b', BOOT_B)
  w.env.advance(2000)
  t.match(w.lost, [/^a: fault-device must not be served any longer: it has been taken over by host b/])
  finish(w.env, heartbeat.release())
  t.match(onDevice(w), { host: 'b', state: 'running' })

  finish(w.env, other.release())
  w.device.inject({ on: 'write', code: 'IO' })
  const last = take(w, 'a', BOOT_A)
  const left = w.device.peek(OFFSET, 4096)
  finish(w.env, last.release())
  t.same(w.device.peek(OFFSET, 4096), left, 'nor is a release written')
  t.end()
})

t.test('a release in the middle of a beat waits for it', (t) => {
  for (let seed = 0; seed < 20; seed++) {
    const w = world(seed)
    const heartbeat = take(w, 'a', BOOT_A)
    w.env.advance(1000 + seed / 5)
    finish(w.env, heartbeat.release())
    t.match(onDevice(w), { state: 'released' }, `seed ${seed}`)
    w.env.advance(3000)
    t.match(onDevice(w), { state: 'released' })
    t.strictSame(w.lost, [])
  }
  t.end()
})

t.test('a torn record is watched as a living one', (t) => {
  const w = world(9)
  const heartbeat = take(w, 'a', BOOT_A)
  w.env.advance(1000)
  const torn = w.device.peek(OFFSET, 4096)
  torn[200] = 1
  w.device.poke(OFFSET, torn)
  heartbeat.stop()
  const beforeMs = w.env.monotonicMs()
  t.equal(finish(w.env, checkOwner(options(w, 'b', BOOT_B))), null)
  t.ok(w.env.monotonicMs() - beforeMs >= 2500)

  w.env.timer(400, () => w.device.poke(OFFSET, torn.fill(3, 300, 400)))
  t.match(failure(w.env, checkOwner(options(w, 'b', BOOT_B))).message, /by another host, whose record is being written/)
  t.end()
})

t.test('the volume lives beside it, and the checker tells who did not end cleanly', (t) => {
  forgetDevices()
  const busy = BusyVolume.make(1)
  const w: World = { env: busy.env, device: busy.device, lost: [] }
  const heartbeat = take(w, 'a', BOOT_A)
  heartbeat.term = busy.volume.term
  for (let i = 0; i < 20; i++) {
    busy.file(2, `file ${i}`)
    w.env.advance(300)
  }
  busy.close()
  t.strictSame(w.lost, [])
  heartbeat.stop()
  const before = finish(w.env, checkDevice(w))
  t.strictSame(before.problems, [])
  t.match(before.notes, [
    /^nobody has released the volume: the last to serve it was host a \(term 2, last sign of life at/,
  ])
  const again = take(w, 'a', BOOT_A)
  t.equal(finish(w.env, readOwner(w.device))?.counter, 1)
  finish(w.env, again.release())
  t.strictSame(finish(w.env, checkDevice(w)).notes, [])
  t.end()
})
