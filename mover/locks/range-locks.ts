import { type Offset, RANGE_END, type RangeLock, sameBounds } from './client-lock.ts'
import { rangesMeet } from './lock-conflict.ts'
import type { Owner } from './lock-owners.ts'
import {
  allRanges,
  byOwner,
  byStart,
  firstOverlap,
  firstRange,
  type HeldRange,
  hasOwn,
  insert,
  lastRange,
  ownTouching,
  type RangeTree,
  rangeBehind,
  remove,
} from './range-tree.ts'
import type { MoverId } from './token-table.ts'

/** What an owner has of a byte under `posix` rules. */
type Strength = 0 | 1 | 2
const NOTHING = 0
const SHARED = 1
const EXCLUSIVE = 2

/** What an owner has of a byte afterwards, by what it had. */
type Change = (had: Strength) => Strength

const AT_LEAST_SHARED: Change = (had) => (had === EXCLUSIVE ? EXCLUSIVE : SHARED)
const ALL_EXCLUSIVE: Change = () => EXCLUSIVE
const AT_MOST_SHARED: Change = (had) => (had === NOTHING ? NOTHING : SHARED)
const NOT_HELD: Change = () => NOTHING

interface Piece {
  readonly start: Offset
  end: Offset
  readonly strength: Strength
}

/** The byte ranges that are locked of one file. */
export class RangeLocks {
  #exclusive: RangeTree = null
  #shared: RangeTree = null
  /** All of them. */
  #owned: RangeTree = null
  #size = 0
  #lastSerial = 0

  get size(): number {
    return this.#size
  }

  /** True when none is exclusive. */
  get isShared(): boolean {
    return this.#exclusive === null
  }

  /** The first range that is in the way of a lock, and for which `isWanted` is true. */
  inTheWay(owner: Owner, lock: RangeLock, isWanted?: (held: HeldRange) => boolean): HeldRange | null {
    const matters = (held: HeldRange): boolean =>
      rangesMeet(held.owner, held, owner, lock) && isWanted?.(held) !== false
    if (!lock.isExclusive) return firstOverlap(this.#exclusive, lock.start, lock.end, matters)
    return this.find(lock.start, lock.end, matters)
  }

  /** A range that overlaps [start, end) and for which `matters` is true. */
  find(start: Offset, end: Offset, matters: (range: HeldRange) => boolean): HeldRange | null {
    return firstOverlap(this.#exclusive, start, end, matters) ?? firstOverlap(this.#shared, start, end, matters)
  }

  isHolder(owner: Owner): boolean {
    return hasOwn(this.#owned, owner)
  }

  /** True when one certain owner has something in the way of a lock. */
  blocks(holder: Owner, owner: Owner, lock: RangeLock): boolean {
    return this.#overlapping(holder, lock).some((held) => rangesMeet(holder, held, owner, lock))
  }

  /** True when the owner needs nothing more to have a lock. */
  has(owner: Owner, lock: RangeLock): boolean {
    if (lock.flavour === 'windows') return false
    let at = lock.start
    for (const held of this.#overlapping(owner, lock)) {
      if (held.start > at || (lock.isExclusive && !held.isExclusive)) return false
      at = held.end
    }
    return at >= lock.end
  }

  /** True when the owner has more of the bytes than a lock would give it. */
  hasMore(owner: Owner, lock: RangeLock): boolean {
    if (lock.flavour === 'windows' || lock.isExclusive) return false
    return this.#overlapping(owner, lock).some(({ isExclusive }) => isExclusive)
  }

  /** True when unlocking it would change something. */
  hasAny(owner: Owner, lock: RangeLock): boolean {
    if (lock.flavour === 'windows') return this.#exactly(owner, lock) !== null
    return this.#overlapping(owner, lock).length > 0
  }

  /** True when unlocking it would leave two ranges of one. */
  splits(owner: Owner, lock: RangeLock): boolean {
    if (lock.flavour === 'windows') return false
    return this.#overlapping(owner, lock).some(({ start, end }) => start < lock.start && lock.end < end)
  }

  /** The owner has the lock from now on, beside what it has already. */
  hold(owner: Owner, lock: RangeLock): void {
    if (lock.flavour === 'posix') this.#change(owner, lock, lock.isExclusive ? ALL_EXCLUSIVE : AT_LEAST_SHARED)
    else this.#insert(owner, lock)
  }

  /** What is exclusive of it is shared from now on. */
  weaken(owner: Owner, lock: RangeLock): void {
    if (lock.flavour === 'posix') this.#change(owner, lock, AT_MOST_SHARED)
  }

  /** False when nothing of it was held. */
  release(owner: Owner, lock: RangeLock): boolean {
    if (!this.hasAny(owner, lock)) return false
    if (lock.flavour === 'posix') this.#change(owner, lock, NOT_HELD)
    else this.remove(this.#exactly(owner, lock) as HeldRange)
    return true
  }

  remove(range: HeldRange): void {
    this.#owned = remove(this.#owned, range, byOwner)
    if (range.isExclusive) this.#exclusive = remove(this.#exclusive, range, byStart)
    else this.#shared = remove(this.#shared, range, byStart)
    this.#size--
    range.owner.lost()
  }

  /** Removes those of the owners for which `matters` is true; false when there are none. */
  removeAll(matters: (owner: Owner) => boolean): boolean {
    const leaving = this.list().filter(({ owner }) => matters(owner))
    if (leaving.length < this.#size) for (const range of leaving) this.remove(range)
    else {
      this.#owned = null
      this.#exclusive = null
      this.#shared = null
      this.#size = 0
      for (const { owner } of leaving) owner.lost()
    }
    return leaving.length > 0
  }

  /** All, those of one owner and of one mover together. */
  list(): HeldRange[] {
    return allRanges(this.#owned, [])
  }

  /** As `list`, one at a time: some may come or go in between. */
  *each(): Iterable<HeldRange> {
    let next = firstRange(this.#owned)?.range ?? null
    while (next !== null) {
      yield next
      next = rangeBehind(this.#owned, next, byOwner)
    }
  }

  /** All of one owner. */
  listOf(owner: Owner): HeldRange[] {
    return ownTouching(this.#owned, owner, 0, RANGE_END, [])
  }

  /** True when other movers' clients have some. */
  hasOthersThan(mover: MoverId): boolean {
    const [first, last] = [firstRange(this.#owned), lastRange(this.#owned)]
    return first !== null && last !== null && (first.range.owner.mover !== mover || last.range.owner.mover !== mover)
  }

  #overlapping(owner: Owner, { start, end }: RangeLock): HeldRange[] {
    return ownTouching(this.#owned, owner, start, end, []).filter((held) => held.start < end && start < held.end)
  }

  /** Of equal ranges the exclusive one comes first (MS-FSA 2.1.5.9). */
  #exactly(owner: Owner, lock: RangeLock): HeldRange | null {
    const equal = ownTouching(this.#owned, owner, lock.start, lock.end, []).filter((held) => sameBounds(held, lock))
    return equal.find(({ isExclusive }) => isExclusive) ?? equal[0] ?? null
  }

  #insert(owner: Owner, { flavour, start, end, isExclusive }: Omit<RangeLock, 'kind' | 'owner'>): void {
    const range: HeldRange = { owner, flavour, start, end, isExclusive, serial: ++this.#lastSerial }
    this.#owned = insert(this.#owned, range, byOwner)
    if (isExclusive) this.#exclusive = insert(this.#exclusive, range, byStart)
    else this.#shared = insert(this.#shared, range, byStart)
    this.#size++
    owner.gained()
  }

  /**
   * Changes what an owner has of [start, end): its ranges there and beside it are cut, changed and joined again, so that
   * they stay apart, and as few as possible. An exclusive lock of what was shared in part, then unlocking in the middle:
   *
   *         |sss|  |sss|    |eee|                |eeeeeeeeeeeeee|
   *           [eeeeeeeeeeeee)                        [-----)
   *         |s|eeeeeeeeeeeeeeeee|                |eeee|    |eeee|
   */
  #change(owner: Owner, { start, end }: RangeLock, change: Change): void {
    const pieces: Piece[] = []
    const touched = ownTouching(this.#owned, owner, start, end, [])
    let at = start
    for (const held of touched) {
      const had = held.isExclusive ? EXCLUSIVE : SHARED
      add(pieces, held.start, least(held.end, start), had)
      add(pieces, at, least(held.start, end), change(NOTHING))
      add(pieces, most(held.start, start), least(held.end, end), change(had))
      at = most(at, least(held.end, end))
      add(pieces, most(held.start, end), held.end, had)
    }
    add(pieces, at, end, change(NOTHING))
    for (const held of touched) this.remove(held)
    for (const { start, end, strength } of pieces) {
      this.#insert(owner, { flavour: 'posix', start, end, isExclusive: strength === EXCLUSIVE })
    }
  }
}

/** A piece more behind the others; one that touches the last and is like it becomes part of that. */
function add(pieces: Piece[], start: Offset, end: Offset, strength: Strength): void {
  if (start >= end || strength === NOTHING) return
  const last = pieces.at(-1)
  if (last !== undefined && last.strength === strength && last.end >= start) last.end = end
  else pieces.push({ start, end, strength })
}

function least(a: Offset, b: Offset): Offset {
  return a < b ? a : b
}

function most(a: Offset, b: Offset): Offset {
  return a > b ? a : b
}
