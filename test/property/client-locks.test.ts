/** Byte ranges of both flavours against a model that is looked through: bytes for `posix` owners, a list for `windows` ones. */
import fc from 'fast-check'
import t from 'tap'
import {
  type LockFlavour,
  type Offset,
  offsetOf,
  RANGE_END,
  type RangeLock,
  sameBounds,
} from '../../mover/locks/client-lock.ts'
import { LockOwners, type Owner } from '../../mover/locks/lock-owners.ts'
import { RangeLocks } from '../../mover/locks/range-locks.ts'
import { byStart, type HeldRange, insert, type RangeTree, remove } from '../../mover/locks/range-tree.ts'
import { Random } from '../crash/random.ts'

const RUNS = { numRuns: 300 }
/** Where ranges begin and end: so that exactness counts. */
const PLACES: readonly Offset[] = [
  0,
  1,
  7,
  2 ** 31,
  2 ** 53 - 2,
  ...[2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 2n, 2n ** 64n - 1n].map(offsetOf),
  RANGE_END,
]
const LAST = PLACES.length - 1
const FLAVOURS: readonly LockFlavour[] = ['posix', 'posix', 'windows', 'windows']
/** Of the run at hand. */
let registry = new LockOwners(1)
let owners: Owner[] = []

function makeOwners(): void {
  registry = new LockOwners(1)
  owners = FLAVOURS.map((_, i) => registry.find({ protocol: 'nlm', client: 'c', owner: `${i}` }))
  for (const owner of owners) owner.keep()
}

makeOwners()

/** A range by its places. */
interface Asked {
  readonly by: number
  readonly from: number
  readonly to: number
  readonly isExclusive: boolean
}

function lockOf({ by, from, to, isExclusive }: Asked): RangeLock {
  const bounds = { start: PLACES[from], end: PLACES[to] }
  return { kind: 'range', owner: owners[by].who, flavour: FLAVOURS[by], ...bounds, isExclusive }
}

/** What each owner has: of `posix` owners each place's strength, of others the ranges as they were asked for. */
class Model {
  readonly bytes = FLAVOURS.map(() => new Array<number>(LAST).fill(0))
  readonly ranges: Asked[] = []

  meets(asked: Asked): boolean {
    for (let by = 0; by < owners.length; by++) if (this.blocks(by, asked)) return true
    return false
  }

  blocks(by: number, asked: Asked): boolean {
    const isOwn = by === asked.by
    if (FLAVOURS[by] === 'posix') {
      if (isOwn) return false
      // An empty range overlaps what has the bytes on both sides of it.
      const from = asked.from === asked.to ? asked.from - 1 : asked.from
      const [bytes, to] = [this.bytes[by], asked.from === asked.to ? asked.to + 1 : asked.to]
      const parts = bytes.slice(Math.max(0, from), to)
      if (asked.from === asked.to) {
        return parts.length === 2 && parts[0] > 0 && parts[0] === parts[1] && (asked.isExclusive || parts[0] === 2)
      }
      return parts.some((strength) => strength === 2 || (strength === 1 && asked.isExclusive))
    }
    return this.ranges.some((held) => {
      if (held.by !== by || !overlapping(held, asked)) return false
      if (held.isExclusive) return !isOwn || asked.isExclusive
      return asked.isExclusive
    })
  }

  own({ by, from, to }: Asked): number[] {
    return this.bytes[by].slice(from, to)
  }

  exact({ by, from, to }: Asked): Asked | undefined {
    const equal = this.ranges.filter((held) => held.by === by && held.from === from && held.to === to)
    return equal.find(({ isExclusive }) => isExclusive) ?? equal[0]
  }

  change({ by, from, to }: Asked, change: (had: number) => number): void {
    for (let at = from; at < to; at++) this.bytes[by][at] = change(this.bytes[by][at])
  }
}

/** MS-FSA 2.1.4.10, in its own words. */
function overlapping(a: Asked, b: Asked): boolean {
  const [startA, startB] = [BigInt(PLACES[a.from]), BigInt(PLACES[b.from])]
  const [lengthA, lengthB] = [BigInt(PLACES[a.to]) - startA, BigInt(PLACES[b.to]) - startB]
  if ((startA === 0n && lengthA === 0n) || (startB === 0n && lengthB === 0n)) return false
  return startA <= startB + lengthB - 1n && startA + lengthA - 1n >= startB
}

const allAsked: Asked[] = FLAVOURS.flatMap((flavour, by) => {
  const found: Asked[] = []
  for (let from = 0; from <= LAST; from++) {
    for (let to = flavour === 'windows' ? from : from + 1; to <= LAST; to++) {
      found.push({ by, from, to, isExclusive: false }, { by, from, to, isExclusive: true })
    }
  }
  return found
})

const step = fc.record({
  asked: fc.constantFrom(...allAsked),
  what: fc.constantFrom('hold', 'hold', 'hold', 'weaken', 'release', 'release'),
})

function same(what: string, asked: Asked, is: boolean, expected: boolean): void {
  if (is !== expected) throw new Error(`${what} of ${JSON.stringify(asked)} is ${is}`)
}

/** All that can be asked about a range. */
function compare(locks: RangeLocks, model: Model, asked: Asked): void {
  const lock = lockOf(asked)
  const owner = owners[asked.by]
  const own = model.own(asked)
  same('inTheWay', asked, locks.inTheWay(owner, lock) !== null, model.meets(asked))
  for (let by = 0; by < owners.length; by++) {
    same(`blocks by ${by}`, asked, locks.blocks(owners[by], owner, lock), model.blocks(by, asked))
  }
  if (lock.flavour === 'windows') {
    same('hasAny', asked, locks.hasAny(owner, lock), model.exact(asked) !== undefined)
    return
  }
  const bytes = model.bytes[asked.by]
  const around = [bytes[asked.from - 1] ?? 0, ...own, bytes[asked.to] ?? 0]
  same(
    'has',
    asked,
    locks.has(owner, lock),
    own.every((had) => had >= (asked.isExclusive ? 2 : 1)),
  )
  same('hasMore', asked, locks.hasMore(owner, lock), !asked.isExclusive && own.includes(2))
  same(
    'hasAny',
    asked,
    locks.hasAny(owner, lock),
    own.some((had) => had > 0),
  )
  same('splits', asked, locks.splits(owner, lock), around[0] > 0 && around.every((had) => had === around[0]))
}

t.test('ranges of both flavours, as bytes and lists would have them', async () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40 }),
      fc.array(fc.constantFrom(...allAsked), { minLength: 60 }),
      (steps, looks) => {
        makeOwners()
        const locks = new RangeLocks()
        const model = new Model()
        for (const { asked, what } of steps) {
          const lock = lockOf(asked)
          const owner = owners[asked.by]
          compare(locks, model, asked)
          if (what === 'hold' && !model.meets(asked)) {
            locks.hold(owner, lock)
            if (lock.flavour === 'windows') model.ranges.push(asked)
            else model.change(asked, (had) => (asked.isExclusive ? 2 : Math.max(had, 1)))
          } else if (what === 'weaken') {
            locks.weaken(owner, lock)
            if (lock.flavour === 'posix') model.change(asked, (had) => Math.min(had, 1))
          } else if (what === 'release') {
            const exact = model.exact(asked)
            const hadAny = lock.flavour === 'windows' ? exact !== undefined : model.own(asked).some((had) => had > 0)
            same('release', asked, locks.release(owner, lock), hadAny)
            if (lock.flavour === 'posix') model.change(asked, () => 0)
            else if (exact !== undefined) model.ranges.splice(model.ranges.indexOf(exact), 1)
          }
          const runs = model.bytes.flatMap((bytes) => bytes.filter((had, i) => had > 0 && had !== bytes[i - 1]))
          if (locks.size !== runs.length + model.ranges.length) throw new Error(`${locks.size} ranges after ${what}`)
          const isShared = !runs.includes(2) && !model.ranges.some(({ isExclusive }) => isExclusive)
          if (locks.isShared !== isShared) throw new Error(`isShared is ${locks.isShared}`)
        }
        for (const asked of looks) compare(locks, model, asked)
        if (registry.locks !== locks.size) throw new Error('owners have not as many as there are')
        for (const held of locks.list()) locks.remove(held)
        if (registry.locks !== 0 || owners[0].client.locks !== 0) throw new Error('some are left')
      },
    ),
    RUNS,
  )
})

t.test('many ranges are found, as a list would have them', async () => {
  makeOwners()
  const random = new Random(11)
  const locks = new RangeLocks()
  const list: RangeLock[] = []
  const some = (by: number): RangeLock => {
    const start = random.below(10_000)
    const bounds = { start, end: start + random.below(40) }
    return { kind: 'range', owner: owners[by].who, flavour: 'windows', ...bounds, isExclusive: random.chance(0.3) }
  }
  for (let round = 0; round < 3000; round++) {
    const by = 2 + random.below(2)
    if (round < 1000 || random.chance(0.4)) {
      const lock = some(by)
      locks.hold(owners[by], lock)
      list.push(lock)
    } else if (list.length > 0) {
      const [lock] = list.splice(random.below(list.length), 1)
      const owner = owners.find(({ name }) => name === lock.owner.owner) as Owner
      // Of equal ones the exclusive one is unlocked.
      const equal = list.findIndex(
        (one) => one.owner.owner === lock.owner.owner && sameBounds(one, lock) && one.isExclusive,
      )
      if (equal >= 0 && !lock.isExclusive) list[equal] = lock
      if (!locks.release(owner, lock)) throw new Error('it is not there')
    }
    const asked = some(by)
    const met = list.some(
      (held) =>
        held.start < asked.end &&
        asked.start < held.end &&
        (held.owner.owner === asked.owner.owner ? asked.isExclusive : held.isExclusive || asked.isExclusive),
    )
    if ((locks.inTheWay(owners[by], asked) !== null) !== met) throw new Error(`round ${round}: ${!met}`)
    if (locks.size !== list.length) throw new Error(`${locks.size} ranges instead of ${list.length}`)
  }
})

t.test('a tree of 100,000 ranges is looked through in its height', async (t) => {
  const count = 100_000
  for (const order of ['ascending', 'random'] as const) {
    const random = new Random(7)
    let comparisons = 0
    const counted = (a: HeldRange, b: HeldRange): number => {
      comparisons++
      return byStart(a, b)
    }
    let tree: RangeTree = null
    const ranges: HeldRange[] = []
    for (let serial = 1; serial <= count; serial++) {
      const start = order === 'ascending' ? serial * 10 : random.below(2 ** 30)
      ranges.push({ owner: owners[0], flavour: 'posix', start, end: start + 1, isExclusive: true, serial })
      tree = insert(tree, ranges[serial - 1], counted)
    }
    t.ok(comparisons < 20 * count, `${order}: ${comparisons / count} comparisons for each that is added`)
    comparisons = 0
    for (let i = 0; i < count; i++) tree = remove(tree, ranges[(i * 7919) % count], counted)
    t.ok(comparisons < 25 * count, `${order}: ${comparisons / count} comparisons for each that is removed`)
    t.equal(tree, null)
  }
})
