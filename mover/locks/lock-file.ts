import {
  addressOf,
  type ClientLock,
  type DelegationLevel,
  isShared as isSharedLock,
  type LockOp,
} from './client-lock.ts'
import { FileLocks } from './file-locks.ts'
import { conflict, type Wanted } from './lock-conflict.ts'
import type { Owner } from './lock-owners.ts'
import type { MoverId } from './token-table.ts'

/** A mover decides about the file's locks by itself. */
export interface Delegated {
  readonly mover: MoverId
  readonly serial: number
  readonly level: DelegationLevel
  /** What it has been asked to go down to, and has not yet. */
  readonly recalledTo: DelegationLevel | null
}

/** A request in the queue. */
export interface Waiter extends Wanted {
  readonly mover: MoverId
  readonly waiter: number
}

/** A request in the queue, and an owner of something in its way when it was last looked at; null: look. */
interface Queued extends Waiter {
  blocker: Owner | null
}

/** A request that is not decided yet: delegations that are in its way have been recalled, or earlier requests have. */
export interface Asked {
  readonly mover: MoverId
  readonly id: number
  readonly op: Extract<LockOp, { type: 'lock' | 'test' }>
}

const RANKS: Readonly<Record<DelegationLevel, number>> = { none: 0, shared: 1, all: 2 }

/**
 * What the primary knows of one file's client locks: those of movers without a delegation, the delegations, who waits, in
 * one FIFO: first `queue`, then `asked`. As long as somebody waits in the queue nobody has a delegation.
 */
export class LockFile {
  readonly ino: number
  readonly locks = new FileLocks()
  delegated: readonly Delegated[]
  #queue: readonly Queued[] = []
  asked: readonly Asked[] = []
  /** Granted to owners that have more than that, and are about to give up the rest: see `isBusy`. */
  #owed: readonly Wanted[] = []
  /** Owners who may have less in the way of others than before; null: perhaps all. */
  #yielded: Set<Owner> | null = null

  constructor(ino: number, delegated: readonly Delegated[]) {
    this.ino = ino
    this.delegated = delegated
  }

  /** Who waits, in order. */
  get queue(): readonly Waiter[] {
    return this.#queue
  }

  /** An owner has given up something: see `takeGrantable`. */
  yields(owner: Owner): void {
    if (this.#queue.length > 0) this.#yielded?.add(owner)
    if (owner.isUsed) owner.uses(this.ino, this.locks.isHolder(owner) || this.#queue.some((one) => one.owner === owner))
  }

  /** Any of them may have given up something. */
  yieldAll(): void {
    this.#yielded = null
  }

  /**
   * True while nothing is granted: delegations have been recalled; or an owner has been granted what makes something weaker,
   * and has not given that up: what it were granted meanwhile it would give up too.
   */
  get isBusy(): boolean {
    return this.#owed.length > 0 || this.delegated.some(({ recalledTo }) => recalledTo !== null)
  }

  /** True while nothing is granted because of what this mover has been told to give back, or is about to give up. */
  waitsFor(mover: MoverId): boolean {
    const recalledTo = this.delegatedTo(mover)?.recalledTo ?? null
    return recalledTo !== null || this.owes(mover)
  }

  /** It has been granted what makes something weaker, and has not given that up. */
  owes(mover: MoverId): boolean {
    return this.#owed.some(({ owner }) => owner.mover === mover)
  }

  /** True when nothing is left to be known but delegations. */
  get isQuiet(): boolean {
    return this.locks.size === 0 && this.queue.length === 0 && this.asked.length === 0 && !this.isBusy
  }

  /** False when movers have asserted what they cannot have at the same time. */
  get isSound(): boolean {
    const isShared = this.locks.isShared && this.queue.every(({ lock }) => isSharedLock(lock))
    const isFree = this.locks.size === 0 && this.queue.length === 0 && this.delegated.length === 1
    return this.delegated.every(({ level }) => (level === 'all' ? isFree : isShared))
  }

  delegatedTo(mover: MoverId): Delegated | null {
    return this.delegated.find((one) => one.mover === mover) ?? null
  }

  /** Another level for a mover, or none. */
  delegate(mover: MoverId, delegated: Delegated | null): void {
    const others = this.delegated.filter((one) => one.mover !== mover)
    this.delegated = delegated === null ? others : [...others, delegated]
  }

  /** Delegations that are in the way of a request, and what they would have to go down to. */
  inTheWay({ op }: Asked): { delegated: Delegated; level: DelegationLevel }[] {
    const level = isSharedLock(op.lock) ? 'shared' : 'none'
    return this.delegated
      .filter((delegated) => RANKS[delegated.level] > RANKS[level])
      .map((delegated) => ({ delegated, level }))
  }

  /** What a mover whose client has just been granted a lock may decide about by itself from now on. */
  levelFor(mover: MoverId): DelegationLevel {
    if (this.queue.length > 0 || this.asked.length > 0) return 'none'
    if (this.delegated.length === 0 && !this.locks.hasOthersThan(mover)) return 'all'
    return this.locks.isShared ? 'shared' : 'none'
  }

  /**
   * Takes those from the queue who need not wait any more: nothing held is in their way, and nobody's earlier request. Only
   * those are looked at in whose way is somebody who has given up something since: many may wait while many let go. Who was
   * behind a request that is granted is behind its lock.
   */
  takeGrantable(): Waiter[] {
    if (this.#queue.length === 0) return []
    const yielded = this.#yielded
    this.#yielded = new Set()
    if (yielded?.size === 0) return []
    const [only = null] = yielded?.size === 1 ? yielded : []
    const mayHaveRoom = ({ blocker }: Queued): boolean =>
      blocker === null || blocker === only || (only === null && yielded?.has(blocker) !== false)
    if (!this.#queue.some(mayHaveRoom)) return []
    const granted: Waiter[] = []
    const left: Queued[] = []
    for (const waiter of this.#queue) {
      const { owner } = waiter
      if (mayHaveRoom(waiter)) {
        waiter.blocker = null
        if (!this.isBusy) {
          waiter.blocker = this.#blockerOf(waiter, left)
          if (waiter.blocker === null) {
            this.grant(waiter)
            owner.drop()
            granted.push(waiter)
            continue
          }
        }
      }
      left.push(waiter)
    }
    if (granted.length > 0) this.#queue = left
    return granted
  }

  /** Who has something in the way of a request: what is held, which is found without a look at all of it, or was asked earlier. */
  #blockerOf(waiter: Wanted, earlier: readonly Wanted[]): Owner | null {
    const inTheWay =
      this.locks.inTheWay(waiter.owner, waiter.lock) ?? earlier.find((one) => conflict(one, waiter)) ?? null
    return inTheWay?.owner ?? null
  }

  /** An owner has a lock from now on. */
  grant({ owner, lock }: Wanted): void {
    this.hold(owner, lock)
    if (!this.locks.hasMore(owner, lock)) return
    this.#owed = [...this.#owed, { owner, lock }]
    owner.keep()
  }

  /** An owner has had a lock. */
  hold(owner: Owner, lock: ClientLock): void {
    this.locks.hold(owner, lock)
    owner.uses(this.ino, true)
  }

  /** It has given up what it had more than a lock that it was granted, or will not. */
  paid(isPaid: (granted: Wanted) => boolean): void {
    const paid = this.#owed.filter(isPaid)
    this.#owed = this.#owed.filter((granted) => !isPaid(granted))
    for (const { owner } of paid) owner.drop()
  }

  /** All locks of some owners are gone; false when there were none. */
  release(matters: (owner: Owner) => boolean): boolean {
    this.paid(({ owner }) => matters(owner))
    for (const { owner } of this.locks.held()) if (matters(owner)) owner.uses(this.ino, false)
    return this.locks.releaseAll(matters)
  }

  /**
   * Where a request has its place in the queue: at the end; but somebody in whose way it would be, and who waits for its
   * owner anyhow, need not be waited for.
   */
  placeOf(wanted: Wanted, waitForIt: ReadonlySet<Owner>): number {
    const passed = this.#queue.findIndex((waiter) => waitForIt.has(waiter.owner) && conflict(waiter, wanted))
    return passed < 0 ? this.queue.length : passed
  }

  /** How many wait who call from an address. */
  waitersFrom(address: string): number {
    return this.queue.filter(({ owner }) => addressOf(owner.client.name) === address).length
  }

  enqueue(waiter: Waiter, place: number): void {
    this.#queue = [...this.#queue.slice(0, place), { ...waiter, blocker: null }, ...this.#queue.slice(place)]
    waiter.owner.keep()
    waiter.owner.uses(this.ino, true)
  }

  /** Brings the queue into an order of the owners in it. */
  arrange(order: ReadonlyMap<Owner, number>): void {
    const placeOf = ({ owner }: Waiter): number => order.get(owner) ?? 0
    this.#queue = [...this.#queue].sort((a, b) => placeOf(a) - placeOf(b))
  }

  /** Takes those out of the queue for whom `matters` is true; false when there are none. */
  removeWaiters(matters: (waiter: Waiter) => boolean): boolean {
    if (!this.#queue.some(matters)) return false
    const removed = this.#queue.filter(matters)
    this.#queue = this.#queue.filter((waiter) => !matters(waiter))
    for (const { owner } of removed) owner.drop()
    return true
  }
}
