/** Client locks between a primary and its movers, message by message. */
import t from 'tap'
import { LOCK_LIMITS, type LockOwner, OPEN_READ, OPEN_WRITE, RANGE_END } from '../../mover/locks/client-lock.ts'
import { FileLocks } from '../../mover/locks/file-locks.ts'
import { GracePeriod } from '../../mover/locks/lock-grace.ts'
import { type HolderLockPort, LockHolder, MOST_QUIET } from '../../mover/locks/lock-holder.ts'
import { FILE, LockMovers, open, range } from './locks-support.ts'

const MOVERS_GRACE_MS = 1000
const QUIET_MS = 10_000

t.test('a file that one mover uses takes two messages, once', async (t) => {
  const movers = new LockMovers()
  const lock = range('a', 0, 10, true)
  t.equal(movers.lock(1, lock), 'granted')
  t.same(movers.told(), ['1 asks lock', 'to 1: answer granted and all'])
  for (let i = 0; i < 3; i++) {
    t.equal(movers.lock(1, range('b', 20, 30, true)), 'granted')
    t.equal(movers.lock(1, range('b', 5, 6, false)), 'denied by 1 a')
    t.equal(movers.unlock(1, range('b', 0, RANGE_END, true)), 'granted')
    t.equal(movers.unlock(1, lock), 'granted')
    t.equal(movers.lock(1, lock), 'granted')
  }
  t.same(movers.told(), [])
})

t.test('what an owner has, or has more', (t) => {
  const movers = new LockMovers()
  const holder = movers.holder(1)
  const holds = (name: string, start: number, end: number, isExclusive: boolean): boolean =>
    holder.holds(FILE, range(name, start, end, isExclusive))
  t.notOk(holds('a', 0, 10, true))
  movers.lock(1, range('a', 0, 5, true))
  t.notOk(holds('a', 0, 10, false))
  movers.lock(1, range('a', 5, 10, false))
  t.ok(holds('a', 0, 10, false))
  t.notOk(holds('a', 0, 10, true))
  t.ok(holds('a', 1, 5, true))
  t.notOk(holds('b', 0, 10, false))
  movers.unlock(1, range('a', 4, 5, true))
  t.notOk(holds('a', 0, 10, false))
  t.end()
})

t.test("of others' contention nothing is left after a while", async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.told()
  t.equal(movers.lock(2, range('a', 5, 6, true)), 'denied by 1 a', 'the same words at another mover are another owner')
  t.same(movers.told(), ['2 asks lock', 'to 1: recall none', '1 demotes 1 to none', 'to 2: answer denied'])
  t.equal(movers.lock(2, range('a', 10, 11, true)), 'granted')
  t.same(movers.told(), ['2 asks lock', 'to 2: answer granted'])
  t.equal(movers.unlock(2, range('a', 10, 11, true)), 'granted')
  t.equal(movers.unlock(1, range('a', 0, 10, true)), 'granted')
  t.same(movers.told(), ['2 asks unlock', 'to 2: answer granted', '1 asks unlock', 'to 1: answer granted'])
  movers.calm()
  movers.lock(2, range('a', 0, 1, true))
  t.same(movers.told(), ['2 asks lock', 'to 2: answer granted and all'])
  movers.unlock(2, range('a', 0, 1, true))
  movers.lock(2, range('a', 0, 1, true))
  t.same(movers.told(), [])
})

t.test('a lock that must wait is demoted to the primary, with all that was granted before', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(1, range('b', 20, 30, true))
  movers.told()
  t.equal(movers.lock(1, range('c', 0, 1, true), 'wait'), 'waiting')
  t.same(movers.told(), ['1 demotes 2 to none', '1 asks lock', 'to 1: answer waiting'])
  t.equal(movers.lock(1, range('c', 0, 1, true), 'wait'), 'waiting', 'who asks again waits as before')
  t.same(movers.told(), [])
  t.equal(movers.unlock(1, range('a', 0, 10, true)), 'granted')
  const told = ['1 asks unlock', 'to 1: answer granted', 'to 1: grant and all', '1 grants 2 to c']
  t.same(movers.told(), told)
  t.equal(movers.unlock(1, range('c', 0, 1, true)), 'granted')
  t.same(movers.told(), [], 'what the mover has alone again takes no message')
})

t.test('several movers grant what is shared; an exclusive lock recalls that of all', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, false))
  movers.told()
  t.equal(movers.lock(2, range('b', 0, 10, false)), 'granted')
  const first = ['2 asks lock', 'to 1: recall shared', '1 demotes 0 to shared', 'to 2: answer granted and shared']
  t.same(movers.told(), first)
  for (const id of [1, 2]) {
    t.equal(movers.lock(id, range('c', 5, 7, false)), 'granted')
    t.equal(movers.lock(id, open('c', OPEN_READ, OPEN_WRITE)), 'granted')
    t.equal(movers.test(id, range('d', 5, 7, false)), 'granted')
    t.equal(movers.unlock(id, range('c', 5, 7, false)), 'granted')
  }
  t.same(movers.told(), [], 'shared ranges and opens that deny writing')
  t.equal(movers.lock(3, open('e', OPEN_READ | OPEN_WRITE, 0)), 'denied by 1 c')
  t.equal(movers.told().filter((line) => line.startsWith('to ')).length, 3)
  t.equal(movers.lock(3, range('e', 20, 30, true)), 'granted')
  t.same(movers.told(), ['3 asks lock', 'to 3: answer granted'])
  t.equal(movers.lock(1, range('a', 25, 26, false)), 'denied by 3 e')
  t.equal(movers.lock(2, range('b', 0, 30, true)), 'denied by 3 e')
})

t.test('who holds it shared and asks for it exclusively gives that up first', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, false))
  movers.lock(2, range('b', 20, 30, false))
  movers.told()
  t.equal(movers.lock(2, range('b', 20, 30, true)), 'granted')
  t.same(movers.told(), [
    '2 demotes 1 to none',
    '2 asks lock',
    'to 1: recall none',
    '1 demotes 1 to none',
    'to 2: answer granted',
  ])
})

t.test('what crosses a delegation is decided by who has it', async (t) => {
  const movers = new LockMovers()
  movers.isHeldUp = true
  t.equal(movers.lock(1, range('a', 0, 10, true)), 'not answered')
  t.equal(movers.lock(1, range('b', 20, 30, true)), 'not answered')
  t.equal(movers.unlock(1, range('a', 0, 10, true)), 'not answered', 'what an owner asks for is done in that order')
  movers.settle()
  t.same(movers.told(), [
    '1 asks lock',
    '1 asks lock',
    'to 1: answer granted and all',
    'to 1: handBack',
    'told granted',
    'told granted',
    'told granted',
  ])
  t.same(movers.holder(1).locksOf(FILE), [range('b', 20, 30, true)])
})

t.test('opens of all movers see each other', async (t) => {
  const movers = new LockMovers()
  t.equal(movers.lock(1, open('a', OPEN_READ, OPEN_WRITE)), 'granted')
  t.equal(movers.lock(2, open('b', OPEN_READ, 0)), 'granted')
  t.equal(movers.lock(2, open('b', OPEN_WRITE, 0, 2)), 'denied by 1 a')
  t.equal(movers.lock(2, open('b', OPEN_WRITE, 0, 2), 'wait'), 'denied by 1 a', 'they do not wait')
  t.equal(movers.lock(1, open('a', OPEN_READ, 0)), 'granted', 'a second one takes the place of the first')
  t.equal(movers.lock(2, open('b', OPEN_WRITE, 0, 2)), 'granted')
  t.equal(movers.unlock(2, open('b', 0, 0, 2)), 'granted')
  t.equal(movers.unlock(2, open('b', 0, 0, 2)), 'notHeld')
})

t.test('the locks of a mover that is gone are free after a time of grace', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(2, range('b', 20, 30, true))
  movers.lock(3, range('c', 20, 30, true), 'wait')
  movers.table.tick(0)
  movers.table.forget(1, new GracePeriod(MOVERS_GRACE_MS))
  movers.tell()
  t.equal(movers.lock(2, range('d', 50, 60, true)), 'grace')
  t.equal(movers.test(2, range('d', 50, 60, true)), 'grace')
  t.equal(movers.unlock(2, range('b', 20, 30, true)), 'granted')
  t.notOk(
    movers.told().some((line) => line.includes('grants')),
    'who waits is granted nothing',
  )
  t.equal(movers.lock(3, range('a', 0, 10, true), 'reclaim'), 'granted')
  t.equal(movers.lock(2, range('x', 5, 6, true), 'reclaim'), 'denied by 3 a', 'what is there counts')
  movers.told()
  movers.table.tick(MOVERS_GRACE_MS - 1)
  t.equal(movers.lock(2, range('d', 50, 60, true)), 'grace')
  movers.table.tick(MOVERS_GRACE_MS)
  movers.tell()
  movers.settle()
  t.ok(movers.told().includes('3 grants 1 to c'))
  t.equal(movers.lock(2, range('d', 50, 60, true)), 'granted')
  t.equal(movers.lock(2, range('d', 70, 80, true), 'reclaim'), 'noGrace')
})

t.test('only files that a mover had locked are in grace when it is gone', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.table.forget(1, new GracePeriod(MOVERS_GRACE_MS))
  const outcomes: string[] = []
  movers.holder(2).lock(FILE, range('b', 0, 1, true), 'try', ({ type }) => outcomes.push(type))
  movers.holder(2).lock(FILE + 1, range('b', 0, 1, true), 'try', ({ type }) => outcomes.push(type))
  movers.settle()
  t.same(outcomes, ['grace', 'granted'], 'its delegation counts, whatever it had locked')
  movers.table.beginGrace(null, new GracePeriod(MOVERS_GRACE_MS))
  movers.holder(2).lock(FILE + 2, range('b', 0, 1, true), 'try', ({ type }) => outcomes.push(type))
  movers.settle()
  t.equal(outcomes[2], 'grace', 'all files')
})

t.test('there are limits for files, clients, the volume and queues', async (t) => {
  const perFile = new LockMovers({ perFile: 2 })
  t.equal(perFile.lock(1, range('a', 0, 10, true)), 'granted')
  t.equal(perFile.unlock(1, range('a', 4, 5, true)), 'granted')
  t.equal(perFile.unlock(1, range('a', 1, 2, true)), 'limit', 'one would become two')
  t.equal(perFile.lock(1, range('b', 20, 21, true)), 'limit')
  t.equal(perFile.lock(2, range('b', 20, 21, true)), 'limit', 'at the primary too')
  t.equal(perFile.lock(2, range('b', 0, 1, true)), 'denied by 1 a')
  const perClient = new LockMovers({ perClient: 1 })
  t.equal(perClient.lock(1, range('a', 0, 1, true)), 'granted')
  t.equal(perClient.lock(1, range('a2', 1, 2, true)), 'limit')
  t.equal(perClient.lock(1, range('b', 1, 2, true)), 'granted')
  const perVolume = new LockMovers({ perVolume: 2 })
  t.equal(perVolume.lock(1, range('a', 0, 1, true)), 'granted')
  t.equal(perVolume.lock(1, range('b', 1, 2, true)), 'granted')
  t.equal(perVolume.lock(1, range('c', 2, 3, true)), 'limit')
  t.equal(perVolume.unlock(1, range('b', 1, 2, true)), 'granted')
  t.equal(perVolume.lock(1, range('c', 2, 3, true)), 'granted')
  const queue = new LockMovers({ waitersPerFile: 1 })
  queue.lock(1, range('a', 0, 1, true))
  t.equal(queue.lock(1, range('b', 0, 1, true), 'wait'), 'waiting')
  t.equal(queue.lock(1, range('c', 0, 1, true), 'wait'), 'limit')
})

t.test('there is room to wait for whoever comes from another address', async (t) => {
  const movers = new LockMovers({ waitersPerFile: 16 })
  const waitFrom = (address: string, id = 1): number => {
    for (let count = 0; ; count++) {
      const owner: LockOwner = { protocol: 'nlm', client: `host ${count} ${address}`, owner: 'process' }
      const lock = { ...range('x', 0, 1, true), owner }
      if (movers.lock(id, lock, 'wait') === 'limit') return count
    }
  }
  movers.lock(1, range('a', 0, 1, true))
  t.equal(waitFrom('10.0.0.1'), 4)
  t.equal(waitFrom('10.0.0.1', 2), 0, 'the same at another mover')
  const others = Array.from({ length: 12 }, (_, i) => waitFrom(`10.0.1.${i}`))
  t.same(others, [3, 3, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0])
})

t.test('there is room for locks for whoever comes from another address', async (t) => {
  const movers = new LockMovers({ perVolume: 16 })
  let start = 0
  const lockFrom = (address: string, id = 1): number => {
    for (let count = 0; ; count++) {
      const owner: LockOwner = { protocol: 'nlm', client: `host ${count} ${address}`, owner: 'process' }
      start += 2
      if (movers.lock(id, { ...range('x', start, start + 1, true), owner }) === 'limit') return count
    }
  }
  t.equal(lockFrom('10.0.0.1'), 4)
  t.equal(lockFrom('10.0.0.1'), 0, 'whatever its name')
  t.same([lockFrom('10.0.0.2'), lockFrom('10.0.0.3')], [3, 3])
  t.equal(lockFrom('10.0.0.1', 2), 0, 'the same at another mover, where the primary decides')
  t.equal(lockFrom('10.0.0.4', 2), 2)
  movers.holder(1).releaseClient('nlm', 'host 1 10.0.0.1', () => {})
  movers.settle()
  t.equal(lockFrom('10.0.0.1'), 0, 'others have come')
  for (let i = 0; i < 4; i++) movers.holder(1).releaseClient('nlm', `host ${i} 10.0.0.1`, () => {})
  movers.settle()
  t.equal(lockFrom('10.0.0.1'), 2, 'of what is left')
})

t.test('a client that is gone has nothing any more, and waits for nothing', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a1', 0, 10, true))
  movers.lock(1, range('a2', 20, 30, true))
  movers.lock(2, range('b', 40, 50, true))
  movers.lock(1, range('a2', 40, 50, true), 'wait')
  movers.lock(2, range('b', 5, 6, true), 'wait')
  movers.holder(1).lock(FILE + 1, range('a1', 0, 1, true), 'try', () => {})
  movers.settle()
  movers.told()
  let isDone = false
  movers.holder(1).releaseClient('nlm', 'a', () => {
    isDone = true
  })
  t.equal(isDone, false)
  movers.settle()
  t.equal(isDone, true)
  t.ok(movers.told().includes('2 grants 2 to b'))
  t.same([movers.holder(1).locksOf(FILE), movers.holder(1).locksOf(FILE + 1)], [[], []])
  const held = movers.table.describe(FILE).held.map(({ lock }) => lock)
  t.same(held, [range('b', 5, 6, true), range('b', 40, 50, true)])
  movers.holder(1).releaseClient('nlm', 'x', () => {
    isDone = false
  })
  t.equal(isDone, false, 'who has nothing is done with at once')
})

t.test("a client's restart costs no look at the locks of others", async (t) => {
  const movers = new LockMovers()
  const holder = movers.holder(1)
  const others = 200
  for (let i = 0; i < others; i++) {
    const owner: LockOwner = { protocol: 'nlm', client: `host ${i} 10.0.0.1`, owner: 'process' }
    for (const ino of [FILE, FILE + i]) holder.lock(ino, { ...range('x', i, i + 1, true), owner }, 'try', () => {})
    movers.settle()
  }
  const files = [FILE, FILE + 3, FILE + 5]
  for (const ino of files) holder.lock(ino, range('a1', 500, 600, true), 'try', () => {})
  holder.lock(FILE, range('a2', 700, 800, true), 'try', () => {})
  holder.unlock(FILE + 5, range('a1', 500, 600, true), () => {})
  movers.settle()
  const { list, isHolder } = FileLocks.prototype
  let looks = 0
  t.teardown(() => Object.assign(FileLocks.prototype, { list, isHolder }))
  FileLocks.prototype.list = function (this: FileLocks) {
    looks += this.size
    return list.call(this)
  }
  FileLocks.prototype.isHolder = function (this: FileLocks, owner) {
    looks++
    return isHolder.call(this, owner)
  }
  let isDone = false
  holder.releaseClient('nlm', 'x', () => {
    isDone = true
  })
  t.ok(isDone)
  t.equal(looks, 0, 'who has nothing is done with at once')
  holder.releaseClient('nlm', 'a', () => {})
  t.ok(looks > 0 && looks <= 2 * files.length, `${looks} looks`)
  t.notOk(holder.isUsed('nlm', 'a'))
  t.equal(holder.locksOf(FILE).length, others)
  t.equal(holder.locksOf(FILE + 3).length, 1)
})

t.test('what a client has waited for, and is granted while all goes that it has, it is not told of', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('b', 0, 10, true))
  movers.lock(2, range('a', 0, 10, true), 'wait')
  movers.told()
  movers.isHeldUp = true
  movers.unlock(1, range('b', 0, 10, true))
  t.ok(movers.holder(2).isUsed('nlm', 'a'))
  movers.holder(2).releaseClient('nlm', 'a', () => {})
  movers.settle()
  const told = movers.told()
  t.ok(told.includes('2 gives up 1'), `${told}`)
  t.notOk(told.some((line) => line.startsWith('2 grants')))
  t.same(movers.holder(2).locksOf(FILE), [])
  t.notOk(movers.holder(2).isUsed('nlm', 'a'))
})

t.test('delegations go back when no lock has been left for a while', async (t) => {
  const movers = new LockMovers()
  const lock = range('a', 0, 10, true)
  movers.holder(1).tick(1)
  movers.lock(1, lock)
  movers.holder(1).tick(1 + QUIET_MS)
  movers.unlock(1, lock)
  movers.told()
  movers.holder(1).tick(2 * QUIET_MS)
  movers.settle()
  t.same(movers.told(), [])
  movers.holder(1).tick(1 + 2 * QUIET_MS)
  movers.settle()
  t.same(movers.told(), ['1 demotes 0 to none'])
  t.same([[...movers.table.inos()], [...movers.holder(1).inos()]], [[], []])
  for (let ino = 1; ino <= MOST_QUIET + 5; ino++) {
    movers.holder(1).lock(ino, lock, 'try', () => {})
    movers.settle()
    movers.holder(1).unlock(ino, lock, () => {})
  }
  movers.settle()
  t.equal([...movers.table.inos()].length, MOST_QUIET, 'no more than so many are kept')
})

t.test(
  'many locks are given back in parts, others have their turn between them, and nobody has anything too soon',
  async (t) => {
    const movers = new LockMovers({ toldAtOnce: 4 })
    for (let i = 0; i < 10; i++) movers.lock(1, range('a', 10 * i, 10 * i + 5, true))
    movers.told()
    movers.isHeldUp = true
    t.equal(movers.lock(2, range('b', 95, 96, true)), 'not answered')
    t.equal(movers.lock(2, range('b', 90, 91, true)), 'not answered')
    for (let i = 0; i < 4; i++) movers.deliverOne()
    t.equal(movers.lock(1, range('a', 200, 201, true)), 'not answered', 'it is asked behind all parts')
    t.equal(movers.unlock(1, range('a', 90, 95, true)), 'not answered')
    movers.settle()
    const told = movers.told()
    const placeOf = (line: string): number => told.indexOf(line)
    t.same(
      told.filter((line) => /^1 (demotes|goes)/.test(line)),
      ['1 demotes 4 to none', '1 goes on', '1 demotes 4 to none', '1 goes on', '1 demotes 2 to none'],
    )
    t.notOk(told.includes('to 1: handBack'), `${told}`)
    t.ok(placeOf('1 demotes 2 to none') < placeOf('to 2: answer granted'))
    t.ok(placeOf('1 demotes 2 to none') < placeOf('1 asks lock'), `${told}`)
    t.ok(placeOf('to 2: answer denied') > 0, `${told}`)
    t.same(movers.holder(1).locksOf(FILE).length, 10)
    t.equal(movers.table.describe(FILE).held.length, 11)
  },
)

t.test(
  'what has many parts is told by and by, what comes behind it not before, and nothing to who is gone',
  async (t) => {
    for (const isReplaced of [false, true]) {
      const said: string[] = []
      const port: HolderLockPort = {
        ask: () => said.push('ask'),
        demote: (_, { locks, more }) => said.push(`demote ${locks.length}${more ? ' and more' : ''}`),
        assert: (_, { locks }) => said.push(`assert ${locks.length}`),
        pause: () => said.push('pause'),
        granted: () => {},
        gone: () => {},
      }
      const holder = new LockHolder(1, port, { ...LOCK_LIMITS, toldAtOnce: 4 })
      for (let i = 0; i < 10; i++) {
        holder.lock(FILE, range('a', 10 * i, 10 * i + 5, true), 'try', () => {})
        if (i === 0) holder.answered(FILE, 1, { type: 'granted' }, { serial: 1, level: 'all', isBrief: false })
      }
      holder.recalled(FILE, 1, 'none')
      t.same(said.splice(0), ['ask', 'demote 4 and more', 'pause'])
      holder.lock(FILE, range('a', 200, 201, true), 'try', () => {})
      t.same(said, [])
      if (isReplaced) {
        holder.assert()
        t.ok(holder.goOn())
        t.same(said, ['assert 10'])
        holder.ready()
        t.same(said, ['assert 10', 'ask'])
      } else {
        t.notOk(holder.goOn())
        t.same(said.splice(0), ['demote 4 and more', 'pause'])
        t.ok(holder.goOn())
        t.same(said, ['demote 2', 'ask'])
      }
    }
  },
)

t.test('of a file that is gone nobody has anything, and nobody waits', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.lock(2, range('b', 0, 10, true), 'wait')
  movers.told()
  movers.table.drop(FILE)
  movers.tell()
  movers.settle()
  t.same(movers.told(), ['to 1: drop', 'to 2: drop', '2 gives up 1'])
  t.same([...movers.table.inos(), ...movers.holder(1).inos(), ...movers.holder(2).inos()], [])
})

t.test('it is told when nobody has any locks on a file', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  t.ok(movers.table.has(FILE) && movers.table.isDelegated(FILE))
  movers.lock(2, range('b', 20, 30, true))
  movers.unlock(1, range('a', 0, 10, true))
  t.ok(movers.table.has(FILE) && !movers.table.isDelegated(FILE))
  t.same(movers.free, [])
  movers.unlock(2, range('b', 20, 30, true))
  t.same(movers.free, [FILE])
  t.notOk(movers.table.has(FILE))
})

t.test('what is asked for is cancelled although nobody knows yet what becomes of it', async (t) => {
  const movers = new LockMovers()
  movers.lock(1, range('a', 0, 10, true))
  movers.isHeldUp = true
  t.equal(movers.lock(2, range('b', 0, 10, true), 'wait'), 'not answered')
  t.equal(movers.cancel(2, range('b', 0, 10, true)), 'not answered')
  movers.told()
  movers.settle()
  const last = ['told waiting', '2 asks cancel', 'to 2: answer granted', '2 gives up 1', 'told granted']
  t.same(movers.told().slice(-5), last)
  t.same(movers.table.describe(FILE).waiting, [])
})
