import type { Environment } from '../environment.ts'
import { inBackground } from '../files/background.ts'
import {
  type ClientLock,
  type ClientLocks,
  hasShare,
  type LockListener,
  type RangeLock,
} from '../files/client-locks.ts'
import type { Grant, GrantCall, Grants } from './grants.ts'
import { ownerInFile } from './owner.ts'

const MAX_WAITERS = 10_000
/** Of one address, of all files. */
const MAX_WAITERS_OF_HOST = 500
/** Grants that came before the call that waits had heard that it waits, or when its client had gone away. */
const MAX_EARLY = 1000

interface Waiting {
  readonly key: string
  readonly waiter: number
  readonly ino: number
  readonly lock: RangeLock
  readonly call: GrantCall
  /** Null: it waits; else it has its lock, and is told. */
  grant: Grant | null
}

/**
 * The clients that wait for locks of one volume, and those that have them and do not know yet. One that does not want its lock
 * any more, or cannot have been told, loses it.
 */
export class Waiters implements LockListener {
  readonly #environment: Environment
  readonly #locks: ClientLocks
  readonly #grants: Grants
  readonly #byKey = new Map<string, Waiting>()
  readonly #byWaiter = new Map<number, Waiting>()
  readonly #ofHost = new Map<string, number>()
  /** Those with a grant, by owner and file. */
  readonly #told = new Map<string, Set<Waiting>>()
  #toldCount = 0
  readonly #early = new Map<number, { ino: number; lock: RangeLock }>()

  constructor(environment: Environment, locks: ClientLocks, grants: Grants) {
    this.#environment = environment
    this.#locks = locks
    this.#grants = grants
  }

  get size(): number {
    return this.#byKey.size
  }

  /** Those who have their lock, and do not know. */
  get told(): number {
    return this.#toldCount
  }

  /** False: no client at this address may wait for anything more. Who waits for this already takes no more room. */
  hasRoomFor(host: string, ino: number, lock: RangeLock): boolean {
    const own = this.#ofHost.get(host) ?? 0
    const hasRoom = own < MAX_WAITERS_OF_HOST && hasShare(own, this.#byKey.size - own, MAX_WAITERS)
    return hasRoom || this.#byKey.has(keyOf(ino, lock))
  }

  /** A client waits for `lock` under this number; asked again, it is told as it has asked last. */
  add(waiter: number, ino: number, lock: RangeLock, call: GrantCall): void {
    const isEarly = this.#early.delete(waiter)
    this.answered(ino, lock)
    // Meanwhile its client has started anew, or somebody has taken that away.
    if (!isEarly && !this.#locks.isWaiting(ino, waiter)) return
    const waiting: Waiting = { key: keyOf(ino, lock), waiter, ino, lock, call, grant: null }
    this.#byKey.set(waiting.key, waiting)
    this.#byWaiter.set(waiter, waiting)
    this.#count(waiting, 1)
    if (isEarly) this.#tell(waiting)
  }

  /**
   * The client has been answered that it has the lock, or waits for it. It is not told any more of the same bytes' other kind
   * of lock, which it has, too: clients take what they are told, whatever kind it is, for what they wait for now; and what
   * they refuse then must not be taken away, since it is a part of what they have been answered.
   */
  answered(ino: number, lock: RangeLock): void {
    // Mostly: then not even keys are made.
    if (this.#byKey.size === 0 && this.#early.size === 0) return
    this.forget(ino, lock)
    const other = this.#byKey.get(keyOf(ino, { ...lock, isExclusive: !lock.isExclusive })) ?? null
    if (other !== null && other.grant !== null) this.#remove(other)
  }

  /** The client knows that it has the lock, or does not wait for it any more; true when it has it and does not know yet. */
  forget(ino: number, lock: RangeLock): boolean {
    const key = keyOf(ino, lock)
    const waiting = this.#byKey.get(key)
    if (waiting === undefined) return this.#forgetEarly((early) => keyOf(early.ino, early.lock) === key)
    this.#remove(waiting)
    return waiting.grant !== null
  }

  /** A client has unlocked all that it is being told of: it must not hear of that when it waits for it again. */
  unlocked(ino: number, { owner, start, end }: RangeLock): void {
    if (this.#toldCount === 0) return
    for (const waiting of this.#told.get(ownerInFile(ino, owner)) ?? []) {
      const { lock } = waiting
      if (start <= lock.start && lock.end <= end) this.#remove(waiting)
    }
  }

  /** Nothing is told to a client any more that has started anew. */
  forgetClient(client: string): void {
    for (const waiting of [...this.#byKey.values()]) if (waiting.lock.owner.client === client) this.#remove(waiting)
    this.#forgetEarly(({ lock }) => lock.owner.client === client)
  }

  granted(ino: number, waiter: number, lock: ClientLock): void {
    const waiting = this.#byWaiter.get(waiter)
    if (waiting !== undefined) {
      this.#tell(waiting)
      return
    }
    this.#early.set(waiter, { ino, lock: lock as RangeLock })
    for (const [oldest, { ino, lock }] of this.#early) {
      if (this.#early.size <= MAX_EARLY) break
      this.#early.delete(oldest)
      this.#environment.defer(() => this.#release(ino, lock))
    }
  }

  /** A client learns of it when it asks again. */
  gone(_ino: number, waiter: number): void {
    this.#early.delete(waiter)
    const waiting = this.#byWaiter.get(waiter)
    if (waiting !== undefined) this.#remove(waiting)
  }

  /** What it waited for is it alone; of what it has it may be told in smaller pieces. */
  broken(ino: number, lock: ClientLock): void {
    if (lock.kind !== 'range') return
    this.forget(ino, lock)
    this.unlocked(ino, lock)
  }

  /** False when there are none for which `matters` is true. */
  #forgetEarly(matters: (early: { ino: number; lock: RangeLock }) => boolean): boolean {
    const before = this.#early.size
    for (const [waiter, early] of this.#early) if (matters(early)) this.#early.delete(waiter)
    return this.#early.size < before
  }

  #tell(waiting: Waiting): void {
    const key = ownerInFile(waiting.ino, waiting.lock.owner)
    const told = this.#told.get(key) ?? new Set()
    this.#told.set(key, told.add(waiting))
    this.#toldCount++
    waiting.grant = this.#grants.tell(waiting.call, (isTaken) => {
      this.#remove(waiting)
      if (!isTaken) this.#release(waiting.ino, waiting.lock)
    })
  }

  #remove(waiting: Waiting): void {
    waiting.grant?.cancel()
    if (this.#byKey.get(waiting.key) === waiting) this.#count(waiting, -1)
    if (this.#toldCount > 0) this.#removeTold(waiting)
    this.#byKey.delete(waiting.key)
    this.#byWaiter.delete(waiting.waiter)
  }

  #removeTold(waiting: Waiting): void {
    const key = ownerInFile(waiting.ino, waiting.lock.owner)
    const told = this.#told.get(key)
    if (told?.delete(waiting) !== true) return
    this.#toldCount--
    if (told.size === 0) this.#told.delete(key)
  }

  #count({ call }: Waiting, change: 1 | -1): void {
    const { host } = call.address
    const count = (this.#ofHost.get(host) ?? 0) + change
    if (count > 0) this.#ofHost.set(host, count)
    else this.#ofHost.delete(host)
  }

  #release(ino: number, lock: ClientLock): void {
    inBackground((op) => this.#locks.unlock(op, ino, lock))
  }
}

function keyOf(ino: number, { owner, start, end, isExclusive }: RangeLock): string {
  return `${ino} ${start} ${end} ${isExclusive} ${owner.client} ${owner.owner}`
}
