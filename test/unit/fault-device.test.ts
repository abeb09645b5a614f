import t from 'tap'
import { allocatePages, PagePool } from '../../mover/store/page-pool.ts'
import { type CrashPoint, FaultDevice, type FaultDeviceOptions } from '../crash/fault-device.ts'
import { Random } from '../crash/random.ts'
import { TestEnvironment } from '../crash/test-environment.ts'

const SIZE = 16 * 4096
const page = allocatePages(1)

/** A page filled with `value`; a fresh one each, as writes in flight own theirs. */
function pageOf(value: number): Uint8Array {
  return allocatePages(1).fill(value)
}

function world(seed: number, options: FaultDeviceOptions = {}, sizeBytes = SIZE) {
  const environment = new TestEnvironment(seed)
  return { environment, device: new FaultDevice(environment, sizeBytes, options) }
}

function sectorsOf(device: FaultDevice, block = 0): number[] {
  const bytes = device.peek(block * 4096, 4096)
  const values: number[] = []
  for (let sector = 0; sector < 8; sector++) {
    const part = bytes.subarray(sector * 512, sector * 512 + 512)
    if (part.some((byte) => byte !== part[0])) throw new Error('a sector is torn')
    values.push(part[0] as number)
  }
  return values
}

/** The values that sectors of `block` take in many crash images. */
function outcomes(device: FaultDevice, block = 0, images = 400): Set<number> {
  const random = new Random(1)
  const seen = new Set<number>()
  for (let i = 0; i < images; i++) for (const value of sectorsOf(device.crashImage(random), block)) seen.add(value)
  return seen
}

function write(device: FaultDevice, offset: number, value: number): { ended: boolean; failed: boolean } {
  const state = { ended: false, failed: false }
  device.write(offset, [pageOf(value)], 'data', (error) => {
    state.ended = true
    state.failed = error !== null
  })
  return state
}

t.test('a write is asynchronous, readable when it has completed, durable after a flush', async (t) => {
  const { environment, device } = world(1)
  const first = write(device, 0, 1)
  t.equal(first.ended, false)
  t.same(outcomes(device), new Set([0, 1]), 'in flight: old or new')
  environment.runUntilIdle()
  t.equal(first.ended, true)
  t.same(outcomes(device), new Set([0, 1]), 'completed: still old or new')
  device.read(0, page, () => {})
  environment.runUntilIdle()
  t.equal(page[4095], 1)
  device.flush(() => {})
  t.same(outcomes(device), new Set([0, 1]), 'a flush in flight guarantees nothing')
  environment.runUntilIdle()
  t.same(outcomes(device), new Set([1]))
  t.equal(device.volatileBlockCount, 0)
})

t.test('a flush covers what completed before it was asked for, and nothing else', async (t) => {
  let uncovered = 0
  for (let seed = 1; seed <= 50; seed++) {
    const { environment, device } = world(seed)
    write(device, 0, 1)
    environment.runUntilIdle()
    let flushed = false
    device.flush(() => {
      flushed = true
    })
    const late = write(device, 4096, 2)
    environment.runUntil(() => flushed)
    t.same(outcomes(device, 0, 40), new Set([1]))
    if (late.ended) {
      uncovered++
      t.same(outcomes(device, 1), new Set([0, 2]))
    }
  }
  t.ok(uncovered > 5, `${uncovered} writes completed during the flush`)
})

t.test('of overlapping versions any may survive, after a flush only those from the flushed one on', async (t) => {
  const { environment, device } = world(2)
  for (const value of [1, 2]) {
    write(device, 0, value)
    environment.runUntilIdle()
  }
  t.same(outcomes(device), new Set([0, 1, 2]))
  device.flush(() => {})
  environment.runUntilIdle()
  write(device, 0, 3)
  environment.runUntilIdle()
  write(device, 0, 4)
  t.same(outcomes(device), new Set([2, 3, 4]))
})

t.test('a durable write stays, supersedes what was cached, and may be partial in flight', async (t) => {
  const { environment, device } = world(3)
  write(device, 0, 1)
  write(device, 4096, 7)
  environment.runUntilIdle()
  device.writeDurable(0, pageOf(2), 'log', () => {})
  t.same(outcomes(device), new Set([0, 1, 2]))
  environment.runUntilIdle()
  t.same(outcomes(device), new Set([2]))
  t.same(outcomes(device, 1), new Set([0, 7]), 'says nothing about other writes')
  write(device, 0, 3)
  environment.runUntilIdle()
  t.same(outcomes(device), new Set([2, 3]))
})

t.test('writes reach the medium in any order, whole or torn by sector', async (t) => {
  const { environment, device } = world(4)
  for (let block = 0; block < 4; block++) write(device, block * 4096, block + 1)
  environment.runUntilIdle()
  const random = new Random(9)
  let torn = 0
  let laterWithoutEarlier = 0
  let none = 0
  let all = 0
  for (let i = 0; i < 500; i++) {
    const image = device.crashImage(random)
    const present = [0, 1, 2, 3].map((block) => sectorsOf(image, block).filter((value) => value !== 0).length)
    if (present.some((count) => count > 0 && count < 8)) torn++
    if (present[0] === 0 && present[3] === 8) laterWithoutEarlier++
    if (present.every((count) => count === 0)) none++
    if (present.every((count) => count === 8)) all++
  }
  for (const count of [torn, laterWithoutEarlier, none, all])
    t.ok(count > 20, `${torn} ${laterWithoutEarlier} ${none} ${all}`)
  t.same(device.crashImage(random, environment, 'keepAll').peek(0, 4096), pageOf(1))
  t.same(device.crashImage(random, environment, 'loseAll').peek(0, 4096), pageOf(0))
})

t.test('images, their device and one another do not touch each other', async (t) => {
  const { environment, device } = world(5)
  write(device, 0, 1)
  environment.runUntilIdle()
  const random = new Random(1)
  const image = device.crashImage(random, environment, 'keepAll')
  const other = device.crashImage(random, environment, 'keepAll')
  const empty = device.crashImage(random, environment, 'loseAll')
  write(image, 0, 2)
  write(image, 4096, 2)
  write(device, 8192, 3)
  environment.runUntilIdle()
  t.same([image.peek(0, 1)[0], image.peek(4096, 1)[0], image.peek(8192, 1)[0]], [2, 2, 0])
  t.same([device.peek(0, 1)[0], device.peek(4096, 1)[0], device.peek(8192, 1)[0]], [1, 0, 3])
  device.flush(() => {})
  image.flush(() => {})
  environment.runUntilIdle()
  t.same([other.peek(0, 1)[0], other.peek(4096, 1)[0], other.peek(8192, 1)[0]], [1, 0, 0])
  t.same(
    [0, 1, 2].map((block) => sectorsOf(device.crashImage(random), block)[0]),
    [1, 0, 3],
  )
  t.same(
    [0, 1, 2].map((block) => sectorsOf(image.crashImage(random), block)[0]),
    [2, 2, 0],
  )
  t.same(
    [0, 1, 2].map((block) => sectorsOf(other.crashImage(random), block)[0]),
    [1, 0, 0],
  )
  t.same([empty.peek(0, 1)[0], empty.peek(8192, 1)[0]], [0, 0])
  t.same(
    [0, 1, 2].map((block) => sectorsOf(empty.crashImage(random), block)[0]),
    [0, 0, 0],
  )
  t.same(outcomes(other), new Set([1]), 'what an image holds is on its medium')
  t.same(sectorsOf(device.survivingImage(), 2), Array(8).fill(3))
})

t.test('a read sees old or new of a write in flight, the newest of completed ones', async (t) => {
  const seen = new Set<number>()
  let mixed = 0
  for (let seed = 1; seed <= 60; seed++) {
    const { environment, device } = world(seed)
    write(device, 0, 1)
    environment.runUntilIdle()
    write(device, 0, 2)
    const buffer = allocatePages(1)
    device.read(0, buffer, () => {
      for (let sector = 0; sector < 8; sector++) seen.add(buffer[sector * 512])
      if (buffer.includes(1) && buffer.includes(2)) mixed++
    })
    environment.runUntilIdle()
    device.read(0, buffer, () => t.same(buffer, pageOf(2)))
    environment.runUntilIdle()
  }
  t.same(seen, new Set([1, 2]))
  t.ok(mixed > 10, `${mixed} reads saw a write in part`)
})

t.test('completions come in another order for another seed, in the same order for the same', async (t) => {
  const order = (seed: number): string => {
    const { environment, device } = world(seed)
    const ended: number[] = []
    for (let block = 0; block < 8; block++) device.write(block * 4096, [pageOf(1)], 'data', () => ended.push(block))
    environment.runUntilIdle()
    return ended.join()
  }
  const orders = new Set(Array.from({ length: 20 }, (_, seed) => order(seed)))
  t.ok(orders.size > 15)
  for (let seed = 0; seed < 5; seed++) t.equal(order(seed), order(seed))
})

t.test('every crash point of a workload can be reached again by number', async (t) => {
  const run = (stopAt: number) => {
    const { environment, device } = world(6, { classify: (offset) => (offset === 0 ? 'head' : 'rest') })
    const points: CrashPoint[] = []
    device.onPoint = (point) => points.push(point)
    device.stopAt(stopAt)
    let acknowledged = 0
    const next = (value: number): void => {
      if (value === 4) return
      device.write(4096, [pageOf(value)], 'data', () => {
        device.flush(() =>
          device.writeDurable(0, pageOf(value), 'log', () => {
            acknowledged = value
            next(value + 1)
          }),
        )
      })
    }
    next(1)
    environment.runUntilIdle()
    return { device, points, acknowledged }
  }
  const whole = run(0)
  t.equal(whole.acknowledged, 3)
  t.equal(whole.points.length, 3 * 3 * 4)
  t.same(
    [...whole.device.labelCounts],
    [
      ['rest', 3],
      ['head', 3],
    ],
  )
  const random = new Random(3)
  for (let stop = 1; stop <= whole.points.length; stop++) {
    const { device, points, acknowledged } = run(stop)
    t.equal(device.poweredOff, true)
    t.same(points, whole.points.slice(0, stop))
    for (let i = 0; i < 10; i++) {
      const image = device.crashImage(random)
      const heads = sectorsOf(image, 0)
      t.ok(
        heads.every((value) => value === acknowledged || value === acknowledged + 1),
        `${heads} after ${acknowledged}`,
      )
      t.ok(
        sectorsOf(image, 1).every((value) => value >= Math.max(...heads)),
        'flushed before the durable write',
      )
    }
  }
})

t.test('injected faults: by range, count and kind; a failed write leaves anything, a failed flush doubt', async (t) => {
  const { environment, device } = world(7)
  device.inject({ on: 'anyWrite', code: 'IO', fromOffset: 4096, toOffset: 8192, skip: 1, times: 1 })
  device.inject({ on: 'flush', code: 'NOSPC' })
  const results: (string | null)[] = []
  const put = (offset: number, value: number) => {
    device.write(offset, [pageOf(value)], 'data', (error) => results.push(error?.code ?? null))
    environment.runUntilIdle()
  }
  put(0, 1)
  put(4096, 1)
  put(4096, 2)
  put(4096, 3)
  t.same(results, [null, null, 'IO', null])
  t.same(outcomes(device, 1), new Set([0, 1, 2, 3]))
  const flush = () => {
    device.flush((error) => results.push(error?.code ?? null))
    environment.runUntilIdle()
  }
  flush()
  flush()
  t.same(results.slice(4), ['NOSPC', null])
  t.same(outcomes(device, 0), new Set([0, 1]), 'the flush after a failed one makes nothing durable')
  put(0, 5)
  flush()
  t.same(outcomes(device, 0), new Set([5]))
  device.inject({ on: 'read', code: 'IO', times: Number.POSITIVE_INFINITY })
  device.read(0, page, (error) => results.push(error?.code ?? null))
  environment.runUntilIdle()
  t.equal(results.at(-1), 'IO')
  device.clearFaults()
  device.read(0, page, (error) => results.push(error?.code ?? null))
  environment.runUntilIdle()
  t.equal(results.at(-1), null)
})

t.test('a failed write, durable or not, is there in part for reads and for no flush to count on', async (t) => {
  for (const kind of ['write', 'durable'] as const) {
    const { environment, device } = world(12)
    device.inject({ on: kind, code: 'IO' })
    if (kind === 'write') write(device, 0, 1)
    else device.writeDurable(0, pageOf(1), 'log', () => {})
    environment.runUntilIdle()
    t.same(new Set(sectorsOf(device)), new Set([0, 1]), 'reads see a mixture')
    device.flush(() => {})
    environment.runUntilIdle()
    const torn = sectorsOf(device).indexOf(1)
    const random = new Random(2)
    const sector = new Set(Array.from({ length: 60 }, () => sectorsOf(device.crashImage(random))[torn]))
    t.same(sector, new Set([0, 1]))
  }
})

t.test('misuse throws, with the seed', async (t) => {
  const { environment, device } = world(8)
  const done = () => {}
  t.throws(() => device.read(512, page, done), /misuse: read .* \(seed 8/)
  t.throws(() => device.read(SIZE, page, done), /misuse/)
  t.throws(() => device.read(0, Buffer.alloc(4096), done), /not pages of a PagePool/)
  t.throws(() => device.write(0, [page.subarray(0, 512)], 'data', done), /misuse/)
  t.throws(() => device.write(0, [], 'data', done), /misuse/)
  device.write(0, [pageOf(1), pageOf(2)], 'data', done)
  t.throws(() => device.writeDurable(4096, page, 'log', done), /durable 2 of .* overlaps write 1 of 8192 bytes at 0/)
  environment.runUntilIdle()
  const buffers = [pageOf(1), pageOf(2)]
  device.write(0, buffers, 'data', done)
  buffers[1][4095] = 0
  t.throws(() => environment.runUntilIdle(), /changed while its write was in flight \(seed 8/)
})

t.test('close waits for what is in flight and later requests fail', async (t) => {
  const { environment, device } = world(9)
  const ends: string[] = []
  device.write(0, [pageOf(1)], 'data', () => ends.push('write'))
  device.close(() => ends.push('close'))
  device.read(0, page, (error) => ends.push(`read ${error?.code}`))
  t.same(ends, [])
  environment.runUntilIdle()
  t.ok(ends.indexOf('close') > ends.indexOf('write'), `${ends}`)
  t.same(ends.sort(), ['close', 'read IO', 'write'])
  t.throws(() => device.close(() => {}), /closed twice/)
})

t.test('a sparse device of 16 TiB is cheap, in writes and in images', async (t) => {
  const size = 16 * 1024 ** 4
  const { environment, device } = world(10, {}, size)
  const pool = new PagePool(64)
  for (const offset of [0, 2 ** 31, 2 ** 32, 2 ** 41 + 4096, size - 64 * 4096]) {
    device.write(
      offset,
      Array.from({ length: 64 }, (_, i) => pool.slot(i)),
      'data',
      () => {},
    )
    environment.runUntilIdle()
  }
  device.flush(() => {})
  environment.runUntilIdle()
  device.poke(2 ** 41 + 4095, new Uint8Array([1, 2]))
  t.same(device.peek(2 ** 41 + 4094, 4), new Uint8Array([0, 1, 2, 0]))
  let blocks = 0
  device.forEachBlock(() => blocks++)
  t.equal(blocks, 5 * 64 + 1)
  const random = new Random(1)
  for (let i = 0; i < 2000; i++) {
    const image = device.crashImage(random)
    write(image, 0, i % 256)
  }
})
