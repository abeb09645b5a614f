/** Clients that wait for locks at a primary: their order, and who would wait for himself. */
import t from 'tap'
import { FILE, LockMovers, range } from './locks-support.ts'

t.test('waiters are served in order, and nobody passes who must wait', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  t.equal(movers.lock(2, range('b', 0, 5, true), 'wait'), 'waiting')
  t.equal(movers.lock(3, range('c', 3, 8, false), 'wait'), 'waiting')
  t.equal(movers.lock(2, range('d', 6, 7, false), 'wait'), 'waiting')
  t.equal(movers.lock(3, range('e', 50, 60, true), 'wait'), 'granted', 'nothing is in its way')
  movers.told()
  movers.unlock(1, range('a', 0, 10, true))
  t.same(
    movers.told().filter((line) => line.includes('grants')),
    ['2 grants 1 to b', '2 grants 2 to d'],
  )
  t.equal(movers.lock(1, range('f', 4, 5, false), 'wait'), 'waiting', 'behind an earlier one')
  movers.unlock(2, range('b', 0, 5, true))
  t.same(
    movers.told().filter((line) => line.includes('grants')),
    ['3 grants 1 to c', '1 grants 3 to f'],
  )
})

t.test('who waits behind somebody is not served before', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 3, false))
  movers.lock(1, range('x', 20, 30, true))
  t.equal(movers.lock(2, range('b', 0, 10, true), 'wait'), 'waiting')
  t.equal(movers.lock(3, range('c', 5, 25, false), 'wait'), 'waiting')
  movers.unlock(1, range('x', 20, 30, true))
  t.notOk(
    movers.told().some((line) => line.includes('grants')),
    'only the earlier one is in its way now',
  )
  t.equal(movers.cancel(2, range('b', 0, 10, true)), 'granted')
  t.ok(movers.told().includes('3 grants 1 to c'))
})

t.test('who does not wait is met by what is held, not by who waits', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, false))
  t.equal(movers.lock(2, range('b', 0, 10, true), 'wait'), 'waiting')
  t.equal(movers.lock(3, range('c', 0, 10, false), 'try'), 'granted')
  t.equal(movers.test(3, range('d', 0, 10, false)), 'granted')
  t.equal(movers.lock(3, range('d', 0, 10, false), 'wait'), 'waiting')
})

t.test('a waiter is cancelled once; who has it already is not', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(2, range('b', 0, 10, true), 'wait')
  movers.lock(3, range('c', 0, 10, true), 'wait')
  t.equal(movers.cancel(2, range('b', 0, 10, true)), 'granted')
  t.equal(movers.cancel(2, range('b', 0, 10, true)), 'notHeld')
  movers.calm()
  movers.isHeldUp = true
  movers.unlock(1, range('a', 0, 10, true))
  t.equal(movers.cancel(3, range('c', 0, 10, true)), 'not answered')
  movers.told()
  movers.settle()
  t.match(movers.told(), [
    'to 1: answer granted',
    'to 3: grant and all',
    'to 3: handBack',
    'told granted',
    '3 grants 1 to c',
    'told notHeld',
  ])
  t.same(movers.holder(3).locksOf(FILE), [range('c', 0, 10, true)])
})

t.test('two that hold it shared and both want it alone: the second is refused', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, false))
  movers.lock(2, range('b', 0, 10, false))
  t.equal(movers.lock(1, range('a', 0, 10, true), 'wait'), 'waiting')
  t.equal(movers.lock(2, range('b', 0, 10, true), 'wait'), 'deadlock')
  movers.unlock(2, range('b', 0, 10, false))
  t.same(movers.holder(1).locksOf(FILE), [range('a', 0, 10, true)])
})

t.test('over several files and movers a cycle is refused', async (t) => {
  const movers = new LockMovers()
  const outcomes: string[] = []
  const want = (id: number, ino: number, name: string): void => {
    const outcome = movers.holder(id).lock(ino, range(name, 0, 1, true), 'wait', ({ type }) => outcomes.push(type))
    if (outcome !== null) outcomes.push(outcome.type)
    movers.settle()
  }
  want(1, 1, 'a')
  want(2, 2, 'b')
  want(3, 3, 'c')
  want(1, 2, 'a')
  want(2, 3, 'b')
  want(3, 1, 'c')
  t.same(outcomes, ['granted', 'granted', 'granted', 'waiting', 'waiting', 'deadlock'])
})

t.test('who is waited for passes those who wait for it', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, false))
  t.equal(movers.lock(2, range('b', 0, 20, true), 'wait'), 'waiting')
  t.equal(movers.lock(1, range('a', 5, 15, false), 'wait'), 'granted', 'b waits for it anyhow')
  movers.lock(3, range('c', 30, 40, true))
  t.equal(movers.lock(1, range('a', 15, 35, false), 'wait'), 'waiting', 'for c, not for b')
  movers.told()
  movers.unlock(3, range('c', 30, 40, true))
  t.same(
    movers.told().filter((line) => line.includes('grants')),
    ['1 grants 3 to a'],
  )
})

t.test('what becomes weaker is given up when the rest is granted', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(2, range('b', 20, 30, true))
  movers.told()
  t.equal(movers.lock(1, range('a', 5, 25, false)), 'denied by 2 b')
  t.same(movers.holder(1).locksOf(FILE), [range('a', 0, 10, true)], 'nothing has changed')
  t.equal(movers.lock(1, range('a', 5, 15, false)), 'granted')
  t.same(movers.told().slice(2), ['1 asks lock', 'to 1: answer granted', '1 asks weaken', 'to 1: answer granted'])
  t.same(movers.holder(1).locksOf(FILE), [range('a', 0, 5, true), range('a', 5, 15, false)])
  t.equal(movers.lock(1, range('a', 0, 2, false)), 'granted')
  t.same(movers.told(), ['1 asks weaken', 'to 1: answer granted'])
  t.equal(movers.lock(1, range('a', 4, 22, false), 'wait'), 'waiting')
  movers.told()
  movers.calm()
  movers.unlock(2, range('b', 20, 30, true))
  t.same(movers.told().slice(-2), ['to 1: grant and all', '1 grants 5 to a'])
  t.same(movers.holder(1).locksOf(FILE), [range('a', 0, 2, false), range('a', 2, 4, true), range('a', 4, 22, false)])
})

t.test('nobody gets what an owner has made weaker before it knows that it has the rest', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(2, range('b', 20, 30, true))
  movers.isHeldUp = true
  movers.lock(1, range('a', 5, 15, false))
  movers.deliverOne()
  const held = movers.table.describe(FILE).held.map(({ lock }) => lock)
  t.same(held, [range('a', 0, 10, true), range('a', 10, 15, false), range('b', 20, 30, true)])
  movers.takeOver()
  t.same(movers.holder(1).locksOf(FILE), [range('a', 0, 5, true), range('a', 5, 15, false)])
})

t.test('who is granted what it has waited for is told before anything else that it has asked for', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(2, range('b', 20, 30, true))
  movers.lock(1, range('a', 5, 25, false), 'wait')
  movers.isHeldUp = true
  movers.unlock(2, range('b', 20, 30, true))
  movers.unlock(1, range('a', 20, 25, false))
  movers.unlock(1, range('a', 0, 1, true))
  movers.told()
  movers.settle()
  const told = movers.told().filter((line) => line.startsWith('told') || line.includes('grants'))
  t.same(told, ['told granted', '1 grants 2 to a', 'told granted'])
  t.same(movers.holder(1).locksOf(FILE), [range('a', 1, 5, true), range('a', 5, 25, false)])
})

t.test('what is given up for one lock is not taken from the next', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(2, range('b', 20, 30, true))
  t.equal(movers.lock(1, range('a', 5, 25, false), 'wait'), 'waiting')
  t.equal(movers.lock(1, range('a', 0, 30, true), 'wait'), 'waiting')
  t.equal(movers.lock(2, range('c', 40, 50, true)), 'granted')
  movers.told()
  movers.unlock(2, range('b', 20, 30, true))
  t.same(
    movers.told().filter((line) => line.includes('weaken') || line.includes('grants')),
    ['1 asks weaken', '1 grants 2 to a', '1 grants 3 to a'],
  )
  t.same(movers.holder(1).locksOf(FILE), [range('a', 0, 30, true)])
  t.equal(movers.test(2, range('b', 5, 6, false)), 'denied by 1 a')
})
