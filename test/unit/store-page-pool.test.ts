import t from 'tap'
import { allocatePages, isPageAligned, PagePool } from '../../mover/store/page-pool.ts'

t.test('slots are cached views of one memory', async (t) => {
  const pool = new PagePool(33)
  t.equal(pool.bytes.length, 33 * 4096)
  t.equal(pool.slot(7), pool.slot(7))
  pool.slot(7)[5] = 9
  t.equal(pool.bytes[7 * 4096 + 5], 9)
  const run = pool.run(6, 3)
  t.equal(run.length, 3 * 4096)
  t.equal(run[4096 + 5], 9)
  t.ok(isPageAligned(run))
  t.notOk(isPageAligned(run.subarray(512)))
  t.notOk(isPageAligned(Buffer.alloc(4096)))
  t.ok(isPageAligned(allocatePages(2)))
  t.equal(allocatePages(2).length, 8192)
})

t.test('what does not fit is refused', async (t) => {
  t.throws(() => new PagePool(1_048_577), /more than the 4 GiB/)
  t.throws(() => allocatePages(1_048_577), /more than the 4 GiB/)
  for (const count of [0, -1, 1.5, Number.NaN]) t.throws(() => new PagePool(count), RangeError)
  const pool = new PagePool(4)
  for (const index of [-1, 4, 0.5]) t.throws(() => pool.slot(index), RangeError)
  t.throws(() => pool.run(3, 2), RangeError)
  t.throws(() => pool.run(0, 0), RangeError)
})

t.test('the largest pool costs only what is touched', async (t) => {
  const pool = new PagePool(1_048_576)
  pool.slot(1_048_575)[4095] = 1
  t.equal(pool.bytes[4 * 1024 ** 3 - 1], 1)
})
