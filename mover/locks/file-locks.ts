import type { ClientLock, Offset } from './client-lock.ts'
import type { Wanted } from './lock-conflict.ts'
import type { Owner } from './lock-owners.ts'
import { type HeldOpen, OpenLocks } from './open-locks.ts'
import { RangeLocks } from './range-locks.ts'
import type { HeldRange } from './range-tree.ts'
import type { MoverId } from './token-table.ts'

export type HeldLock = HeldRange | HeldOpen

/** What ranges and opens have in common; a lock given to one is of its kind. */
interface LockSet {
  inTheWay(
    owner: Owner,
    lock: ClientLock,
    isWanted?: (held: HeldRange | HeldOpen) => boolean,
  ): HeldRange | HeldOpen | null
  blocks(holder: Owner, owner: Owner, lock: ClientLock): boolean
  has(owner: Owner, lock: ClientLock): boolean
  hasMore(owner: Owner, lock: ClientLock): boolean
  hasAny(owner: Owner, lock: ClientLock): boolean
  splits(owner: Owner, lock: ClientLock): boolean
  hold(owner: Owner, lock: ClientLock): void
  weaken(owner: Owner, lock: ClientLock): void
  release(owner: Owner, lock: ClientLock): boolean
}

/** The locks of one file, ranges and opens. What the methods mean is said at `RangeLocks`. */
export class FileLocks {
  readonly #ranges = new RangeLocks()
  #opens: OpenLocks | null = null

  get size(): number {
    return this.#ranges.size + (this.#opens?.size ?? 0)
  }

  /** True when all are what several movers may grant at once (`isShared`). */
  get isShared(): boolean {
    return this.#ranges.isShared && this.#opens?.isShared !== false
  }

  inTheWay(owner: Owner, lock: ClientLock): Wanted | null {
    const held = this.#set(lock).inTheWay(owner, lock)
    return held === null ? null : told(held)
  }

  /** What is in the way, at most so much of it. */
  allInTheWay(owner: Owner, lock: ClientLock, most: number): Wanted[] {
    const found: Wanted[] = []
    this.#set(lock).inTheWay(owner, lock, (held) => found.push(told(held)) >= most)
    return found
  }

  /** True when the owner has anything of the file. */
  isHolder(owner: Owner): boolean {
    return this.#ranges.isHolder(owner) || this.#opens?.isHolder(owner) === true
  }

  blocks(holder: Owner, owner: Owner, lock: ClientLock): boolean {
    return this.#set(lock).blocks(holder, owner, lock)
  }

  has(owner: Owner, lock: ClientLock): boolean {
    return this.#set(lock).has(owner, lock)
  }

  hasMore(owner: Owner, lock: ClientLock): boolean {
    return this.#set(lock).hasMore(owner, lock)
  }

  hasAny(owner: Owner, lock: ClientLock): boolean {
    return this.#set(lock).hasAny(owner, lock)
  }

  splits(owner: Owner, lock: ClientLock): boolean {
    return this.#set(lock).splits(owner, lock)
  }

  hold(owner: Owner, lock: ClientLock): void {
    this.#set(lock).hold(owner, lock)
  }

  weaken(owner: Owner, lock: ClientLock): void {
    this.#set(lock).weaken(owner, lock)
  }

  release(owner: Owner, lock: ClientLock): boolean {
    return this.#set(lock).release(owner, lock)
  }

  /** Releases all locks of the owners for which `matters` is true; false when there are none. */
  releaseAll(matters: (owner: Owner) => boolean): boolean {
    const hadRanges = this.#ranges.removeAll(matters)
    return this.#opens?.removeAll(matters) === true || hadRanges
  }

  /** Releases all locks of one owner. */
  releaseOwner(owner: Owner): void {
    for (const range of this.#ranges.listOf(owner)) this.#ranges.remove(range)
    for (const open of this.#opens?.listOf(owner) ?? []) this.#opens?.remove(open)
  }

  list(): Wanted[] {
    return this.held().map(told)
  }

  /** All of them as they are now; `lockOf` says what one is. */
  held(): HeldLock[] {
    const ranges: HeldLock[] = this.#ranges.list()
    return this.#opens === null ? ranges : [...ranges, ...this.#opens.list()]
  }

  /** As `held`, one at a time: some may come or go in between. */
  *each(): Iterable<HeldLock> {
    yield* this.#ranges.each()
    if (this.#opens !== null) yield* this.#opens.each()
  }

  hasOthersThan(mover: MoverId): boolean {
    return this.#ranges.hasOthersThan(mover) || this.#opens?.hasOthersThan(mover) === true
  }

  /** A range that overlaps [start, end) and for which `matters` is true. */
  findRange(start: Offset, end: Offset, matters: (range: HeldRange) => boolean): Wanted | null {
    const range = this.#ranges.find(start, end, matters)
    return range === null ? null : told(range)
  }

  findOpen(matters: (open: HeldOpen) => boolean): Wanted | null {
    const open = this.#opens?.find(matters) ?? null
    return open === null ? null : told(open)
  }

  #set({ kind }: ClientLock): LockSet {
    if (kind === 'range') return this.#ranges
    this.#opens ??= new OpenLocks()
    return this.#opens
  }
}

/** See `FileLocks.held`. */
export function lockOf(held: HeldLock): ClientLock {
  return told(held).lock
}

function told(held: HeldLock): Wanted {
  const { owner } = held
  if ('access' in held) return { owner, lock: { kind: 'open', ...held, owner: owner.who } }
  const { flavour, start, end, isExclusive } = held
  return { owner, lock: { kind: 'range', owner: owner.who, flavour, start, end, isExclusive } }
}
