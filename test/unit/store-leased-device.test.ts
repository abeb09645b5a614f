/** A mover that its supervisor may have given up touches no device. */
import t from 'tap'
import { RenewedLease } from '../../mover/lease.ts'
import type { BlockDevice, DeviceDone } from '../../mover/store/device.ts'
import { LeasedDevice } from '../../mover/store/leased-device.ts'

const LEASE_MS = 1000
const PAGE = new Uint8Array(4096)

/** A device that notes what it is asked for and answers when the test says so. */
class NotedDevice implements BlockDevice {
  readonly name = 'noted'
  readonly sizeBytes = 1 << 20
  readonly direct = true
  readonly asked: string[] = []
  readonly #pending: DeviceDone[] = []

  allocatePages(count: number): Uint8Array {
    return new Uint8Array(count * 4096)
  }
  read(offset: number, _: Uint8Array, done: DeviceDone): void {
    this.#note(`read ${offset}`, done)
  }
  write(offset: number, buffers: readonly Uint8Array[], lane: string, done: DeviceDone): void {
    this.#note(`write ${offset} ${buffers.length} ${lane}`, done)
  }
  writeDurable(offset: number, _: Uint8Array, lane: string, done: DeviceDone): void {
    this.#note(`durable ${offset} ${lane}`, done)
  }
  flush(done: DeviceDone): void {
    this.#note('flush', done)
  }
  close(done: DeviceDone): void {
    this.#note('close', done)
  }

  answer(): void {
    for (const done of this.#pending.splice(0)) done(null)
  }

  #note(what: string, done: DeviceDone): void {
    this.asked.push(what)
    this.#pending.push(done)
  }
}

function setUp() {
  const clock = { nowMs: 0 }
  const lease = new RenewedLease(LEASE_MS, () => clock.nowMs)
  const below = new NotedDevice()
  const ended: string[] = []
  const device = new LeasedDevice(below, lease)
  const requests: Record<string, () => void> = {
    'read 0': () => device.read(0, PAGE, () => ended.push('read 0')),
    'write 4096 2 data': () => device.write(4096, [PAGE, PAGE], 'data', () => ended.push('write 4096 2 data')),
    'durable 8192 log': () => device.writeDurable(8192, PAGE, 'log', () => ended.push('durable 8192 log')),
    flush: () => device.flush(() => ended.push('flush')),
  }
  return { clock, lease, below, device, ended, requests, names: Object.keys(requests) }
}

t.test('under the lease requests go to the device', async (t) => {
  const { clock, lease, below, ended, requests, names } = setUp()
  for (const ask of Object.values(requests)) ask()
  t.same(below.asked, names, 'one that was never renewed has no end')
  lease.renew(0)
  clock.nowMs = LEASE_MS - 1
  below.answer()
  t.same(ended, names)
})

t.test('the lease of who serves has an end before it is renewed for the first time', async (t) => {
  const { clock, lease } = setUp()
  clock.nowMs = 10 * LEASE_MS
  t.ok(lease.isHeld)
  lease.begin()
  clock.nowMs += LEASE_MS - 1
  t.ok(lease.isHeld)
  clock.nowMs++
  t.notOk(lease.isHeld)
  lease.renew(clock.nowMs)
  lease.begin()
  clock.nowMs += LEASE_MS - 1
  t.ok(lease.isHeld, 'who has been asked has it from the asking')
})

for (const name of setUp().names) {
  t.test(`past the lease, ${name} waits`, async (t) => {
    const { clock, lease, below, ended, requests } = setUp()
    lease.renew(0)
    clock.nowMs = LEASE_MS
    requests[name]?.()
    below.answer()
    t.same([below.asked, ended], [[], []])
    lease.renew(clock.nowMs - LEASE_MS)
    t.same(below.asked, [], 'what was asked a lease ago renews nothing')
    lease.renew(clock.nowMs - LEASE_MS + 1)
    t.same([below.asked, ended], [[name], []])
    below.answer()
    t.same(ended, [name])
  })
}

t.test('what was read is not shown past the lease; what was written is', async (t) => {
  const { clock, lease, below, ended, requests } = setUp()
  lease.renew(0)
  for (const ask of Object.values(requests)) ask()
  clock.nowMs = LEASE_MS
  below.answer()
  t.same(ended, ['write 4096 2 data', 'durable 8192 log', 'flush'])
  lease.renew(clock.nowMs)
  t.same(ended, ['write 4096 2 data', 'durable 8192 log', 'flush', 'read 0'])
})

t.test('it is what it lies over', async (t) => {
  const { device, below } = setUp()
  t.same([device.name, device.sizeBytes, device.direct], [below.name, below.sizeBytes, below.direct])
  t.equal(device.allocatePages(3).length, 3 * 4096)
  device.close(() => {})
  t.same(below.asked, ['close'])
})
