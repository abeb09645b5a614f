import { addressOf, type DelegationLevel, isShared as isSharedLock, type LockOp } from './client-lock.ts'
import { FileLocks } from './file-locks.ts'
import { conflict, isBehind, type Wanted } from './lock-conflict.ts'
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
  readonly locks = new FileLocks()
  delegated: readonly Delegated[]
  queue: readonly Waiter[] = []
  asked: readonly Asked[] = []
  /** Granted to owners that have more than that, and are about to give up the rest: see `isBusy`. */
  #owed: readonly Wanted[] = []

  constructor(delegated: readonly Delegated[]) {
    this.delegated = delegated
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

  /** Takes those from the queue who need not wait any more: nothing held is in their way, and nobody's earlier request. */
  takeGrantable(): Waiter[] {
    const granted: Waiter[] = []
    const left: Waiter[] = []
    for (const waiter of this.queue) {
      const { owner, lock } = waiter
      // What is held is found without a look at all of it; the queue is long where many wait for different things.
      const mustWait = this.isBusy || this.locks.inTheWay(owner, lock) !== null || isBehind(left, waiter)
      if (mustWait) left.push(waiter)
      else {
        this.grant(waiter)
        owner.drop()
        granted.push(waiter)
      }
    }
    if (granted.length > 0) this.queue = left
    return granted
  }

  /** An owner has a lock from now on. */
  grant({ owner, lock }: Wanted): void {
    this.locks.hold(owner, lock)
    if (!this.locks.hasMore(owner, lock)) return
    this.#owed = [...this.#owed, { owner, lock }]
    owner.keep()
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
    return this.locks.releaseAll(matters)
  }

  /**
   * Where a request has its place in the queue: at the end; but somebody in whose way it would be, and who waits for its
   * owner anyhow, need not be waited for.
   */
  placeOf(wanted: Wanted, waitForIt: ReadonlySet<Owner>): number {
    const passed = this.queue.findIndex((waiter) => waitForIt.has(waiter.owner) && conflict(waiter, wanted))
    return passed < 0 ? this.queue.length : passed
  }

  /** How many wait who call from an address. */
  waitersFrom(address: string): number {
    return this.queue.filter(({ owner }) => addressOf(owner.client.name) === address).length
  }

  enqueue(waiter: Waiter, place: number): void {
    this.queue = [...this.queue.slice(0, place), waiter, ...this.queue.slice(place)]
    waiter.owner.keep()
  }

  /** Brings the queue into an order of the owners in it. */
  arrange(order: ReadonlyMap<Owner, number>): void {
    const placeOf = ({ owner }: Waiter): number => order.get(owner) ?? 0
    this.queue = [...this.queue].sort((a, b) => placeOf(a) - placeOf(b))
  }

  /** Takes those out of the queue for whom `matters` is true; false when there are none. */
  removeWaiters(matters: (waiter: Waiter) => boolean): boolean {
    const removed = this.queue.filter(matters)
    if (removed.length === 0) return false
    this.queue = this.queue.filter((waiter) => !matters(waiter))
    for (const { owner } of removed) owner.drop()
    return true
  }
}
