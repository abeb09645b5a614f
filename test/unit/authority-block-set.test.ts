import t from 'tap'
import { BlockSet } from '../../mover/authority/block-set.ts'

/** Looks at the runs: takes them all, and puts them back. */
function runsOf(set: BlockSet): { start: number; length: number }[] {
  const runs = set.takeAll().sort((a, b) => a.start - b.start)
  if (set.count !== 0) throw new Error('something is left')
  for (const { start, length } of runs) set.add(start, length)
  return runs
}

t.test('runs that touch are one, in whatever order they come', async (t) => {
  for (const order of [
    [10, 20, 30],
    [30, 20, 10],
    [10, 30, 20],
    [20, 10, 30],
  ]) {
    const set = new BlockSet()
    for (const start of order) set.add(start, 10)
    t.strictSame(runsOf(set), [{ start: 10, length: 30 }], `${order}`)
    t.ok(set.take(15, 20), 'blocks of three additions at once')
    t.strictSame(runsOf(set), [
      { start: 10, length: 5 },
      { start: 35, length: 5 },
    ])
    t.equal(set.count, 10)
  }
})

t.test('what is not there in whole is not taken', async (t) => {
  const set = new BlockSet()
  set.add(10, 10)
  set.add(21, 10)
  for (const [start, length] of [
    [9, 2],
    [19, 2],
    [15, 10],
    [30, 2],
    [40, 1],
  ]) {
    t.notOk(set.take(start, length), `${start}+${length}`)
  }
  t.equal(set.count, 20)
  t.ok(set.take(10, 10))
  t.notOk(set.take(10, 1), 'twice')
  set.add(20, 1)
  t.strictSame(runsOf(set), [{ start: 20, length: 11 }])
})
