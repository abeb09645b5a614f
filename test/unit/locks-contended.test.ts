/** Which mover decides alone about a file whose locks clients of several movers want. */
import t from 'tap'
import { FILE, LockMovers, range } from './locks-support.ts'

t.test('a lock that goes from mover to mover is asked back once, then lent as long as it is held', async (t) => {
  const movers = new LockMovers()
  const turn = (mover: number): string[] => {
    t.equal(movers.lock(mover, range('a', 0, 10, true)), 'granted')
    t.equal(movers.unlock(mover, range('a', 0, 10, true)), 'granted')
    movers.settle()
    return movers.told()
  }
  t.same(turn(1), ['1 asks lock', 'to 1: answer granted and all'])
  t.same(turn(2), [
    '2 asks lock',
    'to 1: recall none',
    '1 demotes 0 to none',
    'to 2: answer granted and all, briefly',
    '2 demotes 0 to none',
  ])
  for (let i = 0; i < 10; i++) {
    const mover = 1 + (i % 2)
    t.same(turn(mover), [
      `${mover} asks lock`,
      `to ${mover}: answer granted and all, briefly`,
      `${mover} demotes 0 to none`,
    ])
    if (i % 3 === 0) movers.table.tick(i)
  }
})

t.test('what is lent is not given back while something is held, waited for or asked for', async (t) => {
  const movers = new LockMovers()
  for (const mover of [1, 2]) {
    movers.lock(mover, range('a', 0, 10, true))
    movers.unlock(mover, range('a', 0, 10, true))
  }
  movers.settle()
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(1, range('b', 20, 30, true))
  movers.told()
  t.equal(movers.unlock(1, range('a', 0, 10, true)), 'granted')
  movers.settle()
  t.same(movers.told(), [], 'b is held')
  t.equal(movers.unlock(1, range('b', 20, 30, true)), 'granted')
  movers.settle()
  t.same(movers.told(), ['1 demotes 0 to none'])
  movers.isHeldUp = true
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(1, range('b', 20, 30, true))
  movers.settle()
  t.equal(movers.unlock(1, range('a', 0, 10, true)), 'granted')
  movers.settle()
  t.equal(movers.holder(1).levelOf(FILE), 'all')
  t.same(movers.holder(1).locksOf(FILE).length, 1, 'b was asked for when it was lent, and handed back')
})

t.test('nothing is lent of a file that clients of several movers have locks of at the same time', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  t.equal(movers.lock(2, range('b', 0, 10, true)), 'denied by 1 a')
  t.same(movers.told().slice(-3), ['to 1: recall none', '1 demotes 1 to none', 'to 2: answer denied'])
  movers.unlock(1, range('a', 0, 10, true))
  for (let i = 0; i < 6; i++) {
    const mover = 1 + (i % 2)
    movers.told()
    movers.lock(mover, range('c', 0, 10, true))
    movers.unlock(mover, range('c', 0, 10, true))
    t.same(movers.told(), [
      `${mover} asks lock`,
      `to ${mover}: answer granted`,
      `${mover} asks unlock`,
      `to ${mover}: answer granted`,
    ])
    if (i % 3 === 0) movers.table.tick(i)
  }
  movers.calm()
  movers.lock(1, range('c', 0, 10, true))
  t.match(movers.told(), ['1 asks lock', 'to 1: answer granted and all'], 'it is forgotten with the rest')
})

t.test('what is given back as it is asked back was not in the way', async (t) => {
  const movers = new LockMovers()
  for (const mover of [1, 2]) {
    movers.lock(mover, range('a', 0, 10, true))
    movers.unlock(mover, range('a', 0, 10, true))
  }
  movers.settle()
  movers.lock(1, range('a', 0, 10, true))
  movers.isHeldUp = true
  movers.lock(2, range('a', 0, 10, true))
  movers.deliverOne()
  movers.unlock(1, range('a', 0, 10, true))
  movers.settle()
  t.same(movers.told().slice(-3), ['1 demotes 0 to none', 'to 2: answer granted and all, briefly', 'told granted'])
})

t.test('when only one mover has asked for a while it decides alone for long', async (t) => {
  const movers = new LockMovers()
  const turn = (mover: number): string => {
    movers.lock(mover, range('a', 0, 10, true))
    const given = movers.told().find((line) => line.startsWith(`to ${mover}: answer`)) ?? ''
    movers.unlock(mover, range('a', 0, 10, true))
    movers.settle()
    return given
  }
  turn(1)
  t.equal(turn(2), 'to 2: answer granted and all, briefly')
  movers.table.tick(1)
  t.equal(turn(2), 'to 2: answer granted and all, briefly', 'not yet')
  t.ok(movers.table.isContended(FILE))
  movers.table.tick(2)
  t.notOk(movers.table.isContended(FILE))
  t.notOk(movers.table.needsTicks)
  t.equal(turn(2), 'to 2: answer granted and all')
  t.equal(turn(2), '', 'and asks no more')
})

t.test('movers whose clients all share a lock do not keep each other from deciding', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, false))
  movers.lock(2, range('b', 0, 10, false))
  t.equal(movers.told().at(-1), 'to 2: answer granted and shared')
  t.notOk(movers.table.isContended(FILE))
})

t.test('a file that is gone is not remembered', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(2, range('b', 0, 10, true))
  movers.table.drop(FILE)
  t.notOk(movers.table.isContended(FILE))
  t.notOk(movers.table.needsTicks)
})
