/** How much may be dirty at a mover whose files others may ask for. */
import t from 'tap'
import { DirtyBound } from '../../mover/files/dirty-bound.ts'
import type { WriteResult } from '../../mover/files/service.ts'
import type { BlockDevice } from '../../mover/store/device.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { MoverWorld, type Secondary } from '../sim/mover-world.ts'
import { filled } from './files-support.ts'

const LEASE_MS = 5000
const HALF_OF_CACHE = 24_576

function bounded(half = HALF_OF_CACHE) {
  const env = new TestEnvironment(1)
  const pages = { dirtyLimit: half }
  const bound = new DirtyBound(pages, env, LEASE_MS)
  const write = (count: number, ms: number): number => {
    bound.writes()
    env.advance(ms)
    bound.wrote(count)
    return pages.dirtyLimit
  }
  return { env, pages, bound, write }
}

t.test('32 MiB, and never more than half the cache', async (t) => {
  t.equal(bounded().pages.dirtyLimit, 8192)
  t.equal(bounded(100).pages.dirtyLimit, 100)
  t.equal(bounded(100).write(64, 100_000), 100, 'of a small cache half is little enough')
})

t.test('where the device is slow, what it writes in half a lease', async (t) => {
  const { write } = bounded()
  for (let i = 0; i < 30; i++) write(400, 1000)
  t.equal(write(400, 1000), 1000, '400 pages a second for 2.5 seconds')
  for (let i = 0; i < 30; i++) write(100, 10_000)
  t.equal(write(100, 10_000), 257, 'but one write of any length')
  for (let i = 0; i < 30; i++) write(512, 0)
  t.equal(write(512, 0), 8192, 'and it comes back')
})

t.test('a lone short write says nothing', async (t) => {
  const { write } = bounded()
  for (let i = 0; i < 1000; i++) write(1, 1000)
  t.equal(write(63, 100_000), 8192)
})

t.test('many short writes at a time do, for the time that any of them takes', async (t) => {
  const { env, pages, bound } = bounded()
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 100; i++) bound.writes()
    env.advance(100)
    for (let i = 0; i < 100; i++) bound.wrote(1)
    env.advance(10_000)
  }
  // The last 36 of each hundred are too few to count.
  t.equal(pages.dirtyLimit, 1600, '64 pages in 100 ms')
})

t.test('a secondary is bounded by how long its own writes take', async (t) => {
  const world = new MoverWorld(1, 3)
  const limitOf = ({ held }: Secondary): number => held.context.pages.dirtyLimit
  const writer = world.secondaries.reduce((most, one) => (limitOf(one) > limitOf(most) ? one : most))
  const { pages } = writer.held.context
  const most = pages.dirtyLimit
  const ino = world.create(writer, 'file')
  const device: BlockDevice = world.files.device
  const { write } = device
  device.write = (...args) => {
    if (args[2] === 'data') world.env.work(1000, () => write.apply(device, args))
    else write.apply(device, args)
  }
  const data = filled(2 ** 20, 1)
  for (let at = 0; at < 8; at++) {
    const result: WriteResult = { count: 0, committed: 'unstable' }
    world.answer(writer, (op) => writer.write(op, ino, at * data.length, data, 'fileSync', result))
  }
  t.ok(pages.dirtyLimit < most, `${pages.dirtyLimit} pages of ${most}`)
  t.ok(pages.dirtyLimit >= 257)
})
