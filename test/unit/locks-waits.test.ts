/** Who waits for whom: all are found, and those who have nothing to do with it are not looked at. */
import t from 'tap'
import type { LockEffect, LockOp, RangeLock } from '../../mover/locks/client-lock.ts'
import { FileLocks } from '../../mover/locks/file-locks.ts'
import { conflict, type Wanted } from '../../mover/locks/lock-conflict.ts'
import { LockOwners, type Owner } from '../../mover/locks/lock-owners.ts'
import { LockTable } from '../../mover/locks/lock-table.ts'
import { orderOfWaiting, type WaitingFile, waitersFor } from '../../mover/locks/wait-graph.ts'
import { Random } from '../crash/random.ts'

const ROUNDS = 2000
const FILES = 3
const FLOOD = 1000

/** Files with locks and queues, and how often they have been looked at, for one owner and for one owner and a request. */
class Waits {
  readonly files: (WaitingFile & { locks: FileLocks; queue: Wanted[] })[] = []
  looks = 0
  visits = 0
  readonly #owners = new LockOwners(1)

  owner(name: string): Owner {
    return this.#owners.find({ protocol: 'nlm', client: 'c', owner: name })
  }

  file(): this['files'][number] {
    const file = { locks: new FileLocks(), queue: [] }
    this.files.push(file)
    return file
  }

  hold(file: this['files'][number], name: string, start: number, end: number, isExclusive = true): void {
    file.locks.hold(this.owner(name), this.#lock(name, start, end, isExclusive))
  }

  wait(file: this['files'][number], name: string, start: number, end: number, isExclusive = true): void {
    const owner = this.owner(name)
    owner.keep()
    file.queue.push({ owner, lock: this.#lock(name, start, end, isExclusive) })
  }

  #lock(owner: string, start: number, end: number, isExclusive: boolean): RangeLock {
    return { kind: 'range', owner: { protocol: 'nlm', client: 'c', owner }, flavour: 'posix', start, end, isExclusive }
  }

  /** The same files, where it is counted how often somebody's locks are looked through. */
  counted(): WaitingFile[] {
    return this.files.map(({ locks, queue }) => ({
      queue,
      locks: {
        isHolder: (owner) => {
          this.visits++
          return locks.isHolder(owner)
        },
        blocks: (holder, owner, lock) => {
          this.looks++
          return locks.blocks(holder, owner, lock)
        },
      },
    }))
  }

  found(name: string): string[] {
    return [...waitersFor(this.owner(name), () => this.counted())].map(({ who }) => who.owner).sort()
  }

  /** As it is defined. */
  expected(name: string): string[] {
    const found = new Set([this.owner(name)])
    for (const one of found) {
      for (const { locks, queue } of this.files) {
        queue.forEach((waiter, i) => {
          if (waiter.owner === one) return
          const isBehind = queue.slice(0, i).some((earlier) => earlier.owner === one && conflict(earlier, waiter))
          if (isBehind || locks.blocks(one, waiter.owner, waiter.lock)) found.add(waiter.owner)
        })
      }
    }
    return [...found].map(({ who }) => who.owner).sort()
  }
}

t.test('all who wait for somebody are found, however they do', async (t) => {
  const random = new Random(1)
  let most = 0
  for (let round = 0; round < ROUNDS; round++) {
    const waits = new Waits()
    const span = (): [string, number, number, boolean] => {
      const start = random.below(8)
      return [`${random.below(7)}`, start, start + 1 + random.below(3), random.below(3) > 0]
    }
    for (let i = 0; i < FILES; i++) {
      const file = waits.file()
      for (let lock = random.below(4); lock > 0; lock--) waits.hold(file, ...span())
      for (let waiter = random.below(4); waiter > 0; waiter--) waits.wait(file, ...span())
    }
    for (let i = 0; i < 7; i++) {
      const expected = waits.owner(`${i}`).isUsed ? waits.expected(`${i}`) : [`${i}`]
      most = Math.max(most, expected.length)
      const found = waits.found(`${i}`)
      if (found.join() !== expected.join()) t.same(found, expected, `for ${i} in round ${round}`)
    }
  }
  t.ok(most > 5, 'some are waited for by nearly all')
})

t.test('in the order of those who wait nobody waits for itself', async (t) => {
  const random = new Random(2)
  /** True when somebody waits for itself; `isHeldOnly`: were there no requests before its own. */
  const hasCycle = (waits: Waits, isHeldOnly: boolean): boolean => {
    const names = waits.files.flatMap(({ queue }) => queue.map(({ owner }) => owner))
    const meets = (one: Owner, other: Owner): boolean =>
      waits.files.some(({ locks, queue }) => {
        const at = queue.findIndex(({ owner }) => owner === one)
        if (at < 0 || one === other) return false
        const isBehind = queue.slice(0, at).some((earlier) => earlier.owner === other && conflict(earlier, queue[at]))
        return (isBehind && !isHeldOnly) || locks.blocks(other, one, queue[at].lock)
      })
    const left = new Set(names)
    for (let size = -1; size !== left.size; ) {
      size = left.size
      for (const one of left) if (![...left].some((other) => meets(one, other))) left.delete(one)
    }
    return left.size > 0
  }
  let mended = 0
  for (let round = 0; round < ROUNDS; round++) {
    const waits = new Waits()
    const files = Array.from({ length: FILES }, () => waits.file())
    for (let i = 0; i < 7; i++) {
      const held = 4 * i
      waits.hold(files[random.below(FILES)], `${i}`, held, held + 4)
      const start = random.below(28)
      if (random.below(4) > 0) waits.wait(files[random.below(FILES)], `${i}`, start, start + 1 + random.below(12))
    }
    if (hasCycle(waits, true)) continue
    const had = hasCycle(waits, false)
    const order = orderOfWaiting(waits.counted())
    for (const { queue } of files) queue.sort((a, b) => (order.get(a.owner) ?? 0) - (order.get(b.owner) ?? 0))
    if (hasCycle(waits, false)) t.fail(`somebody waits for itself in round ${round}`)
    if (had) mended++
  }
  t.ok(mended > 20, `${mended} queues in which somebody had waited for itself`)
})

t.test('who waits for others is looked at once, if at all', async (t) => {
  const waits = new Waits()
  const [flooded, other] = [waits.file(), waits.file()]
  waits.hold(flooded, 'holder', 0, 10)
  for (let i = 0; i < FLOOD; i++) waits.wait(flooded, `waiter ${i}`, 0, 10)
  waits.hold(other, 'somebody', 0, 10)
  waits.wait(other, 'waiter 0', 0, 10)
  t.equal(waits.found('nobody').length, 1)
  t.equal(waits.looks, 0)
  t.equal(waits.found('somebody').length, FLOOD + 1, 'those behind who waits for it, too')
  t.equal(waits.looks, 1)
  t.equal(waits.found('holder').length, FLOOD + 1)
  t.equal(waits.visits, 8, 'at both files, for those who have anything besides the request that they were found by')
  t.equal(waits.looks, 1 + FLOOD, 'each has been compared with what is held, and with nothing more')
})

/** A table at the beginning of a reign, and who has been granted what they waited for. */
function takeOver() {
  const table = new LockTable()
  const lock = (owner: string, start: number, end: number, isExclusive: boolean): RangeLock => {
    return { kind: 'range', owner: { protocol: 'nlm', client: 'c', owner }, flavour: 'posix', start, end, isExclusive }
  }
  let id = 0
  const assert = (ino: number, mover: number, locks: RangeLock[], waiting: RangeLock[]): void => {
    const delegation = { serial: 0, level: 'none' } as const
    t.ok(table.assert(ino, mover, { delegation, locks, waiting: waiting.map((lock) => ({ waiter: ++id, lock })) }))
  }
  const unlock = (ino: number, mover: number, lock: RangeLock): number[] => {
    const granted: number[] = []
    table.ask(ino, mover, 100 + ++id, { type: 'unlock', lock })
    table.tell((effect) => void (effect.type === 'grant' && granted.push(effect.waiter)))
    return granted
  }
  return { table, lock, assert, unlock }
}

t.test('nobody waits for itself behind a take-over: who has let another one go first does so again', async (t) => {
  const { table, lock, assert, unlock } = takeOver()
  const [first, second] = [lock('first', 0, 10, false), lock('second', 0, 10, false)]
  // The second one waits for both; the first, which it waits for anyhow, has not been put behind it.
  assert(1, 1, [first, second], [lock('third', 0, 10, true), lock('first', 0, 10, true)])
  table.ready()
  t.same(unlock(1, 1, second), [2])
  t.same(unlock(1, 1, lock('first', 0, 10, true)), [1])
})

t.test('nobody waits for itself behind a take-over, whoever says first what it waits for', async (t) => {
  const { table, lock, assert, unlock } = takeOver()
  const free = lock('d', 20, 30, true)
  // It had asked later than `a`, whose lock of another file `c` waits for; it waits for `c`.
  assert(1, 1, [lock('c', 0, 10, true), free], [lock('b', 0, 20, true)])
  assert(2, 1, [], [lock('c', 0, 1, true)])
  assert(2, 2, [lock('a', 0, 1, true)], [])
  assert(1, 2, [], [lock('a', 15, 30, true)])
  table.ready()
  t.same(unlock(1, 1, free), [3], 'a')
  t.same(unlock(2, 2, lock('a', 0, 1, true)), [2], 'c')
  t.same(unlock(1, 1, lock('c', 0, 10, true)), [], 'b is behind a, which it meets')
  t.same(unlock(1, 2, lock('a', 15, 30, true)), [1], 'b')
})

/** How often `what` of a file's locks is asked while `run` runs. */
function asksOf(what: 'inTheWay' | 'isHolder', run: () => void): number {
  const original = FileLocks.prototype[what] as (...args: never[]) => unknown
  let asks = 0
  Object.assign(FileLocks.prototype, {
    [what](this: FileLocks, ...args: never[]): unknown {
      asks++
      return original.apply(this, args)
    },
  })
  try {
    run()
  } finally {
    Object.assign(FileLocks.prototype, { [what]: original })
  }
  return asks
}

/** A table that decides about so many files: another mover's client has the last byte of each. */
function deciding(files = 1) {
  const { table, lock, assert } = takeOver()
  for (let ino = 1; ino <= files; ino++) assert(ino, 2, [lock('another', 2 ** 60, 2 ** 61, true)], [])
  table.ready()
  let id = 0
  const ask = (ino: number, op: LockOp): LockEffect[] => {
    const told: LockEffect[] = []
    table.ask(ino, 1, ++id, op)
    table.tell((effect) => void told.push(effect))
    return told
  }
  const wait = (ino: number, owner: string, start: number, end: number): string | undefined => {
    const told = ask(ino, { type: 'lock', mode: 'wait', lock: lock(owner, start, end, true) })
    return told.map((effect) => (effect.type === 'answer' ? effect.outcome.type : effect.type))[0]
  }
  return { table, lock, ask, wait }
}

t.test('many who let go are not compared with all who wait for somebody else', async (t) => {
  const { lock, ask, wait } = deciding()
  const [many, waiters] = [500, 100]
  wait(1, 'holder', 0, 1)
  for (let i = 1; i <= many; i++) t.equal(wait(1, `owner ${i}`, i, i + 1), 'granted')
  for (let i = 0; i < waiters; i++) t.equal(wait(1, `waiter ${i}`, 0, 1), 'waiting')
  ask(1, { type: 'unlock', lock: lock('nobody', 0, 1, true) })
  const looks = asksOf('inTheWay', () => {
    for (let i = 1; i <= many; i++) ask(1, { type: 'release', owner: lock(`owner ${i}`, 0, 1, true).owner })
  })
  t.equal(looks, 0)
  const told = ask(1, { type: 'unlock', lock: lock('holder', 0, 1, true) })
  t.equal(told.filter(({ type }) => type === 'grant').length, 1, 'and who was in the way lets one of them go on')
})

t.test('a long chain of waiters is looked through once', async (t) => {
  const length = 200
  const { wait } = deciding(length + 1)
  for (let i = 0; i <= length; i++) {
    t.equal(wait(i + 1, `link ${i}`, 0, 1), 'granted')
  }
  for (let i = length; i > 0; i--) t.equal(wait(i, `link ${i}`, 0, 1), 'waiting')
  const looks = asksOf('isHolder', () => t.equal(wait(length + 1, 'link 0', 0, 1), 'deadlock'))
  t.ok(looks <= 4 * length + 4, `${looks} looks at files for ${length} links, from both ends`)
})

t.test('who waits gets a lock at the very moment when nothing is in the way any more', async (t) => {
  let granted = 0
  for (let seed = 1; seed <= 40; seed++) {
    const { table, lock, ask } = deciding()
    const random = new Random(seed)
    for (let step = 0; step < 150; step++) {
      const [start, who] = [random.below(6), random.below(6)]
      // Nobody makes weaker what it has.
      const one = lock(`${who}`, start, start + 1 + random.below(3), who % 2 > 0)
      const waiter = table.queue(1).at(random.below(4))
      const cancel: LockOp[] = waiter === undefined ? [] : [{ type: 'cancel', ...waiter, owner: waiter.lock.owner }]
      const wait: LockOp = { type: 'lock', mode: 'wait', lock: one }
      const op = random.pick([
        wait,
        wait,
        { type: 'unlock', lock: one },
        { type: 'release', owner: one.owner },
        ...cancel,
      ])
      granted += ask(1, op as LockOp).filter(({ type }) => type === 'grant').length
      table.queue(1).forEach((_, place) => {
        if (table.inTheWay(1, place, 1).length === 0)
          t.fail(`seed ${seed}, step ${step}: place ${place} waits for nobody`)
      })
    }
  }
  t.ok(granted > 300, `${granted} have been granted what they waited for`)
})
