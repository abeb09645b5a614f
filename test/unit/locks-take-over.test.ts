/** Client locks when there is another primary, message by message. */
import t from 'tap'
import { GracePeriod } from '../../mover/locks/lock-grace.ts'
import { LockTable } from '../../mover/locks/lock-table.ts'
import { FILE, LockMovers, range } from './locks-support.ts'

t.test('what survives its primary is asserted, in order', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(2, range('b', 0, 10, true), 'wait')
  movers.lock(3, range('c', 0, 10, false), 'wait')
  movers.holder(2).lock(FILE + 1, range('b', 0, 1, true), 'try', () => {})
  movers.settle()
  movers.told()
  movers.takeOver()
  t.same(
    movers.told().filter((line) => line.includes('asserts')),
    [
      '1 asserts none, 1 locks, 0 waiting',
      '2 asserts none, 0 locks, 1 waiting',
      '2 asserts all, 0 locks, 0 waiting',
      '3 asserts none, 0 locks, 1 waiting',
    ],
  )
  t.equal(movers.lock(3, range('c', 0, 1, true)), 'denied by 1 a')
  t.equal(movers.unlock(1, range('a', 0, 10, true)), 'granted')
  t.ok(movers.told().includes('2 grants 1 to b'))
  movers.holder(3).lock(FILE + 2, range('c', 0, 1, true), 'try', () => {})
  movers.settle()
  const [asserted, later] = [1, 2].map((more) => movers.table.describe(FILE + more).delegations[0].serial)
  t.ok(later > asserted, 'serials go on')
})

t.test('what was asked of a dead primary is asked again; what was given up is given up', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(1, range('w', 20, 30, true))
  t.equal(movers.lock(2, range('b', 40, 50, true)), 'granted')
  movers.isHeldUp = true
  movers.unlock(1, range('a', 0, 5, true))
  movers.lock(1, range('w', 20, 30, false))
  movers.lock(2, range('b', 60, 70, true))
  movers.told()
  movers.takeOver()
  const told = movers.told()
  t.ok(told.includes('1 asserts none, 2 locks, 0 waiting'))
  t.equal(told.filter((line) => line === 'told granted').length, 3)
  t.notOk(told.some((line) => line.includes('cannot be')))
  t.same(
    movers.table.describe(FILE).held.map(({ lock }) => lock),
    [range('a', 5, 10, true), range('w', 20, 30, false), range('b', 40, 50, true), range('b', 60, 70, true)],
  )
})

t.test('nothing is decided before all have asserted what they have', async (t) => {
  const movers = new LockMovers()
  movers.lock(2, range('b', 0, 10, true))
  movers.lock(1, range('a', 0, 1, true), 'wait')
  movers.table = new LockTable()
  movers.holder(1).assert()
  movers.told()
  movers.settle()
  t.equal(movers.lock(3, range('c', 50, 60, true)), 'not answered')
  movers.table.beginGrace(FILE + 1, new GracePeriod(1))
  movers.table.tick(1)
  movers.table.forget(4, new GracePeriod(1))
  movers.tell()
  t.same(movers.told(), ['3 asks lock'], 'whatever ends meanwhile')
  movers.holder(2).assert()
  movers.settle()
  movers.table.ready()
  movers.tell()
  movers.settle()
  t.same(movers.told(), ['2 asserts none, 1 locks, 0 waiting', 'to 3: answer granted'])
})

t.test('what cannot be together is not asserted together', async (t) => {
  const movers = new LockMovers()
  const none = { serial: 0, level: 'none' } as const
  const assertion = (name: string) => ({ delegation: none, locks: [range(name, 0, 10, true)], waiting: [] })
  t.ok(movers.table.assert(FILE, 1, assertion('a')))
  t.notOk(movers.table.assert(FILE, 2, assertion('b')))
  t.ok(movers.table.assert(FILE + 1, 1, { delegation: { serial: 3, level: 'all' }, locks: [], waiting: [] }))
  t.notOk(movers.table.assert(FILE + 1, 2, { delegation: { serial: 2, level: 'shared' }, locks: [], waiting: [] }))
})
