import type { ClientLock, DelegationLevel, GivenDelegation, LockOp, LockOutcome } from './client-lock.ts'
import { FileLocks } from './file-locks.ts'
import type { Wanted } from './lock-conflict.ts'
import type { Owner } from './lock-owners.ts'

/** `stopWaiting`: for this, under whichever number; what its owner has asked for before is to be answered first. */
export type HeldOp = LockOp | { readonly type: 'stopWaiting'; readonly lock: ClientLock }

/** What an owner has asked for, and has not been told about. */
export interface LockAsk {
  readonly id: number
  readonly owner: Owner
  op: HeldOp
  /** False while earlier requests of its owner come first. */
  isSent: boolean
  readonly done: (outcome: LockOutcome) => void
}

/** What an owner waits for in the primary's queue. */
export interface HeldWaiter extends Wanted {
  readonly waiter: number
  /** It has it, and gives up at the primary what it has more; it has not been told yet. */
  isGranted: boolean
}

/** In most files nothing is under way: one list for all of them. */
const NONE: readonly never[] = []

/** What is asked about one file: found by its number, and by its owner, however many ask. */
class LockAsks {
  readonly byId = new Map<number, LockAsk>()
  readonly #byOwner = new Map<Owner, LockAsk[]>()

  add(ask: LockAsk): void {
    this.byId.set(ask.id, ask)
    const others = this.#byOwner.get(ask.owner)
    if (others === undefined) this.#byOwner.set(ask.owner, [ask])
    else others.push(ask)
  }

  remove(ask: LockAsk): void {
    this.byId.delete(ask.id)
    const left = this.of(ask.owner).filter((other) => other !== ask)
    if (left.length > 0) this.#byOwner.set(ask.owner, left)
    else this.#byOwner.delete(ask.owner)
  }

  of(owner: Owner): readonly LockAsk[] {
    return this.#byOwner.get(owner) ?? NONE
  }
}

/** One mover's client locks on a file, and what is under way about them. */
export class HeldLocks {
  /** All that the mover's clients have, whoever decides about them: as the primary's table has it, or will. */
  readonly locks = new FileLocks()
  /** Of the delegation that the mover has, or had last. */
  serial = 0
  level: DelegationLevel = 'none'
  /** See `GivenDelegation`. */
  isBrief = false
  waiting: readonly HeldWaiter[] = NONE
  /** Null while nothing is asked, as of most files; of others it is one thing mostly. */
  #asks: LockAsk | LockAsks | null = null

  get isIdle(): boolean {
    return this.locks.size === 0 && this.waiting.length === 0 && this.#asks === null
  }

  /** In the order of the asking. */
  get asks(): LockAsk[] {
    const asks = this.#asks
    if (asks === null) return []
    return asks instanceof LockAsks ? [...asks.byId.values()] : [asks]
  }

  /** True when the primary decides about the file. */
  get isManaged(): boolean {
    return this.level === 'none'
  }

  delegate({ serial, level, isBrief }: GivenDelegation): void {
    this.serial = serial
    this.level = level
    this.isBrief = isBrief
  }

  findAsk(id: number): LockAsk | null {
    const asks = this.#asks
    if (asks instanceof LockAsks) return asks.byId.get(id) ?? null
    return asks?.id === id ? asks : null
  }

  /** An owner's, in the order of the asking. */
  asksOf(owner: Owner): readonly LockAsk[] {
    const asks = this.#asks
    if (asks instanceof LockAsks) return asks.of(owner)
    return asks?.owner === owner ? [asks] : NONE
  }

  addAsk(ask: LockAsk): void {
    const asks = this.#asks
    if (asks === null) this.#asks = ask
    else if (asks instanceof LockAsks) asks.add(ask)
    else {
      this.#asks = new LockAsks()
      this.#asks.add(asks)
      this.#asks.add(ask)
    }
    ask.owner.keep()
  }

  removeAsk(ask: LockAsk): void {
    const asks = this.#asks
    if (asks === ask) this.#asks = null
    else if (asks instanceof LockAsks) {
      asks.remove(ask)
      if (asks.byId.size === 0) this.#asks = null
    }
    ask.owner.drop()
  }

  addWaiter(waiter: HeldWaiter): void {
    this.waiting = [...this.waiting, waiter]
    waiter.owner.keep()
  }

  removeWaiters(matters: (waiter: HeldWaiter) => boolean): boolean {
    const removed = this.waiting.filter(matters)
    if (removed.length === 0) return false
    this.waiting = this.waiting.filter((waiter) => !matters(waiter))
    for (const { owner } of removed) owner.drop()
    return true
  }

  /** Owners that have something here, or want it. */
  owners(): Set<Owner> {
    return new Set([...this.locks.list(), ...this.waiting, ...this.asks].map(({ owner }) => owner))
  }

  /** True when the owner has something here, or wants it. */
  isUsedBy(owner: Owner): boolean {
    return (
      this.locks.isHolder(owner) || this.asksOf(owner).length > 0 || this.waiting.some((one) => one.owner === owner)
    )
  }

  list(): ClientLock[] {
    return this.locks.list().map(({ lock }) => lock)
  }
}
