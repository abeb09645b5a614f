import { isShared, type OpenLock } from './client-lock.ts'
import { opensMeet } from './lock-conflict.ts'
import type { Owner } from './lock-owners.ts'
import type { MoverId } from './token-table.ts'

/** An open that somebody has. */
export interface HeldOpen {
  readonly owner: Owner
  readonly id: number
  readonly access: number
  readonly deny: number
}

const BITS = 3

/** How many opens have each bit. */
class BitCounts {
  readonly #counts: number[] = new Array(BITS).fill(0)

  add(bits: number, change: 1 | -1): void {
    for (let i = 0; i < BITS; i++) if ((bits >> i) & 1) this.#counts[i] += change
  }

  hasAnyOf(bits: number): boolean {
    for (let i = 0; i < BITS; i++) if ((bits >> i) & 1 && this.#counts[i] > 0) return true
    return false
  }
}

/** The opens of one file. */
export class OpenLocks {
  readonly #opens = new Map<Owner, HeldOpen[]>()
  readonly #accesses = new BitCounts()
  readonly #denials = new BitCounts()
  #size = 0
  /** Opens that are more than `isShared` allows. */
  #notShared = 0

  get size(): number {
    return this.#size
  }

  get isShared(): boolean {
    return this.#notShared === 0
  }

  /** An open that is in the way of another one. They are looked through only where some may be. */
  inTheWay(owner: Owner, lock: OpenLock, isWanted?: (held: HeldOpen) => boolean): HeldOpen | null {
    if (!this.#denials.hasAnyOf(lock.access) && !this.#accesses.hasAnyOf(lock.deny)) return null
    return this.find((held) => opensMeet(held.owner, held, owner, lock) && isWanted?.(held) !== false)
  }

  find(matters: (open: HeldOpen) => boolean): HeldOpen | null {
    for (const opens of this.#opens.values()) for (const open of opens) if (matters(open)) return open
    return null
  }

  isHolder(owner: Owner): boolean {
    return this.#opens.has(owner)
  }

  blocks(holder: Owner, owner: Owner, lock: OpenLock): boolean {
    return this.#opens.get(holder)?.some((held) => opensMeet(holder, held, owner, lock)) === true
  }

  has(owner: Owner, lock: OpenLock): boolean {
    const held = this.#find(owner, lock.id)
    return held !== null && (held.access | lock.access) === held.access && (held.deny | lock.deny) === held.deny
  }

  hasMore(owner: Owner, lock: OpenLock): boolean {
    const held = this.#find(owner, lock.id)
    return held !== null && ((held.access | lock.access) !== lock.access || (held.deny | lock.deny) !== lock.deny)
  }

  hasAny(owner: Owner, lock: OpenLock): boolean {
    return this.#find(owner, lock.id) !== null
  }

  splits(): boolean {
    return false
  }

  hold(owner: Owner, { id, access, deny }: OpenLock): void {
    const held = this.#find(owner, id)
    if (held !== null) this.remove(held)
    this.#insert({ owner, id, access: access | (held?.access ?? 0), deny: deny | (held?.deny ?? 0) })
  }

  /** Of an open these bits are left. */
  weaken(owner: Owner, { id, access, deny }: OpenLock): void {
    const held = this.#find(owner, id)
    if (held === null) return
    this.remove(held)
    this.#insert({ owner, id, access: access & held.access, deny: deny & held.deny })
  }

  release(owner: Owner, { id }: OpenLock): boolean {
    const held = this.#find(owner, id)
    if (held !== null) this.remove(held)
    return held !== null
  }

  remove(open: HeldOpen): void {
    const left = (this.#opens.get(open.owner) ?? []).filter((other) => other !== open)
    if (left.length > 0) this.#opens.set(open.owner, left)
    else this.#opens.delete(open.owner)
    this.#count(open, -1)
    open.owner.lost()
  }

  removeAll(matters: (owner: Owner) => boolean): boolean {
    const leaving = this.list().filter(({ owner }) => matters(owner))
    for (const open of leaving) this.remove(open)
    return leaving.length > 0
  }

  list(): HeldOpen[] {
    return [...this.#opens.values()].flat()
  }

  /** As `list`, one at a time: some may come or go in between. */
  *each(): Iterable<HeldOpen> {
    for (const owner of [...this.#opens.keys()]) yield* this.listOf(owner)
  }

  /** All of one owner. */
  listOf(owner: Owner): readonly HeldOpen[] {
    return this.#opens.get(owner) ?? []
  }

  hasOthersThan(mover: MoverId): boolean {
    for (const owner of this.#opens.keys()) if (owner.mover !== mover) return true
    return false
  }

  #find(owner: Owner, id: number): HeldOpen | null {
    return this.#opens.get(owner)?.find((open) => open.id === id) ?? null
  }

  #insert(open: HeldOpen): void {
    const others = this.#opens.get(open.owner)
    if (others === undefined) this.#opens.set(open.owner, [open])
    else others.push(open)
    this.#count(open, 1)
    open.owner.gained()
  }

  #count(open: HeldOpen, change: 1 | -1): void {
    this.#accesses.add(open.access, change)
    this.#denials.add(open.deny, change)
    this.#size += change
    if (!isShared({ kind: 'open', ...open, owner: open.owner.who })) this.#notShared += change
  }
}
