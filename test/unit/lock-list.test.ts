/** What people are shown of locks while there are very many, and that the mover has its turn for other things meanwhile. */
import t from 'tap'
import { PrimaryLocks } from '../../mover/authority/primary-locks.ts'
import { describe, describeBreak } from '../../mover/cli/locks.ts'
import { countClients, findLock, type LockedVolume, listLocks, MOST_OF_FILE } from '../../mover/lock-list.ts'
import { lockStatus } from '../../mover/lock-status.ts'
import type { Offset, RangeLock } from '../../mover/locks/client-lock.ts'
import { PrimaryReign } from '../../mover/primary-reign.ts'
import { inTurns, MOST_A_TURN, type Steps } from '../../mover/turns.ts'
import { ownLocks } from '../../mover/volumes.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { FilesWorld } from './files-support.ts'
import { memoryLogger } from './rpc-support.ts'

const FILE = 77
const MANY = 50_000

function range(client: string, owner: string, start: Offset, end: Offset): RangeLock {
  return { kind: 'range', flavour: 'posix', owner: { protocol: 'nlm', client, owner }, start, end, isExclusive: true }
}

/** A mover whose clients have many locks of one file, and one of each of some others. */
function crowded(files: number) {
  const env = new TestEnvironment(1)
  const notes = { noteLocks: () => null, forgetLocks: () => {} }
  const primary = new PrimaryLocks({
    ...{ notes, env, graceMs: 0 },
    ...{ movers: ['m'], self: 'm', noted: new Map<number, number>() },
  })
  primary.recovered([])
  const hold = (ino: number, lock: RangeLock): void => {
    primary.holder.lock(ino, lock, 'try', () => {})
    env.advance(0)
  }
  for (let i = 0; i < MANY; i++) hold(FILE, range(`host ${i % 2} 10.0.0.${i % 2}`, `${i}`, 2 * i, 2 * i + 1))
  for (let i = 0; i < files; i++) hold(FILE + 1 + i, range('other 10.0.0.1', 'x', 0, 1))
  const volume: LockedVolume = { name: 'share', ...ownLocks(primary), tokens: () => [], reign: null }
  return { holder: primary.holder, volume }
}

/** Takes all turns; `most` is how many statuses one of them may have made. */
async function turns<T>(steps: Steps<T>): Promise<{ value: T; turns: number; most: number }> {
  let [turns, most, steppedAt] = [1, 0, 0]
  let count = 0
  function* counted(): Steps<T> {
    for (;;) {
      const step = steps.next()
      if (step.done === true) return step.value
      count++
      most = Math.max(most, count - steppedAt)
      yield step.value
    }
  }
  const defer = (task: () => void): void => {
    turns++
    steppedAt = count
    setImmediate(task)
  }
  return { value: await inTurns({ defer }, counted()), turns, most }
}

t.test('of very many locks of a file the first are shown, and how many more there are', async (t) => {
  const { volume } = crowded(2)
  const { value: found, most } = await turns(listLocks('m', [volume]))
  t.ok(most <= MOST_A_TURN, `${most} in one turn`)
  t.equal(found.held.length, MOST_OF_FILE + 2)
  t.same(found.moreHeld, [{ mover: 'm', volume: 'share', ino: FILE, count: MANY - MOST_OF_FILE }])
  t.equal(describe(found).at(-1), `clients of mover m hold 49000 more locks of inode ${FILE} of volume share`)
})

t.test('of very many files with locks the first are shown, and how many locks others have', async (t) => {
  const { volume } = crowded(9005)
  const { value: found, turns: taken, most } = await turns(listLocks('m', [volume]))
  t.ok(most <= MOST_A_TURN && taken > 10, `${most} in one of ${taken} turns`)
  t.equal(found.held.length, 10_000)
  t.same(found.moreHeld.at(-1), { mover: 'm', volume: 'share', ino: null, count: 5 })
  t.equal(describe(found).at(-1), 'clients of mover m hold 5 more locks of other files of volume share')
})

t.test('a lock is found that is not shown', async (t) => {
  const { holder, volume } = crowded(0)
  const last = range('host 1 10.0.0.1', `${MANY - 1}`, 2 * MANY - 2, 2 * MANY - 1)
  const status = lockStatus('m', 'share', FILE, last)
  const { value: found, turns: taken, most } = await turns(findLock('m', [volume], status.id))
  t.ok(most <= MOST_A_TURN && taken >= MANY / MOST_A_TURN, `${most} in one of ${taken} turns`)
  t.same(found?.status, status)
  t.ok(found !== null && holder.holds(FILE, last))
  found?.volume.breakLock(found.ino, found.lock)
  t.notOk(holder.holds(FILE, last))
  t.equal(holder.sizeOf(FILE), MANY - 1)
  t.equal((await turns(findLock('m', [volume], status.id))).value, null)
})

t.test('locks that come and go while all are looked at do no harm', async (t) => {
  const { holder, volume } = crowded(0)
  const steps = findLock('m', [volume], lockStatus('m', 'share', FILE, range('new 10.0.0.7', 'n', 7, 8)).id)
  for (let i = 0; i < 100; i++) steps.next()
  for (const lock of holder.locksOf(FILE).slice(50, 40_000)) holder.unlock(FILE, lock, () => {})
  holder.lock(FILE, range('new 10.0.0.7', 'n', 7, 8), 'try', () => {})
  const { value: found, turns: taken } = await turns(steps)
  t.equal(found?.status.client, 'new 10.0.0.7')
  t.ok(taken < 15, `${taken} turns`)
})

t.test("clients' locks are counted without a look at each", async (t) => {
  const { volume } = crowded(3)
  const { value, turns: taken } = await turns(countClients('m', [volume]))
  t.same(value.waiting, [])
  t.same(
    value.held.map(({ address, names, count }) => [address, names, count]),
    [
      ['10.0.0.0', ['host 0'], MANY / 2],
      ['10.0.0.1', ['host 1', 'other'], MANY / 2 + 3],
    ],
  )
  t.equal(taken, 1)
})

t.test('who waits for another range of the same owner does not wait for this one', async (t) => {
  const world = new FilesWorld()
  const { files, env } = world
  const reign = new PrimaryReign({
    ...{ name: 'share', term: 1, device: { identity: 'file 1:2', direct: true }, files, mostReserved: 0, env },
    ...{ answeredMs: () => env.monotonicMs(), logger: memoryLogger().logger, holders: [] },
    ...{ movers: ['m'], self: 'm', noted: new Map(), graceMs: 30_000, isCalm: false, trace: null },
  })
  const ino = world.create('f')
  const { locks } = reign.authority
  const lock = (one: RangeLock): void => {
    let isAnswered = false
    const answered = (): void => {
      isAnswered = true
    }
    if (locks.holder.lock(ino, one, 'wait', answered) !== null) answered()
    env.runUntil(() => isAnswered)
  }
  const [low, high] = [range('a 10.0.0.1', 'x', 0, 10), range('a 10.0.0.1', 'x', 20, 30)]
  for (const one of [low, high]) lock(one)
  lock(range('b 10.0.0.2', 'low', 0, 1))
  lock(range('b 10.0.0.2', 'high', 20, 21))
  for (let i = 0; i < 120; i++) lock(range('c 10.0.0.3', `${i}`, 25, 26))
  const volume: LockedVolume = { name: 'share', ...ownLocks(locks), tokens: () => [], reign }
  const { value: all } = await turns(listLocks('m', [volume]))
  const shown = (one: RangeLock): string[] => {
    const { id } = lockStatus('m', 'share', ino, one)
    const found = all.held.find((held) => held.id === id)
    return found === undefined ? [] : describeBreak(found, all).slice(1)
  }
  t.same(shown(low).slice(0, 1), ['b 10.0.0.2 (low) at mover m waits for it'])
  t.notOk(shown(low).some((line) => line.includes('high')))
  t.equal(shown(high)[0], 'b 10.0.0.2 (high) at mover m waits for it')
  t.equal(shown(high).length, 1 + 98 + 1, 'those who are shown')
  t.equal(shown(high).at(-1), '22 more may wait for it')
  const { value: counts } = await turns(countClients('m', [volume]))
  t.same(
    counts.waiting.map(({ address, count }) => [address, count]),
    [
      ['10.0.0.2', 2],
      ['10.0.0.3', 120],
    ],
  )
})
