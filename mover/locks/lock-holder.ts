import {
  type ClientLock,
  type DelegationLevel,
  type Demotion,
  type GivenDelegation,
  isShared,
  LOCK_LIMITS,
  type LockAssertion,
  type LockLimits,
  type LockMode,
  type LockOp,
  type LockOutcome,
  type LockProtocol,
  ownerOf,
  sameLock,
} from './client-lock.ts'
import { hasShare } from './fair-share.ts'
import { lockOf } from './file-locks.ts'
import { type GivenUp, giveUp, isGivenUp } from './give-up.ts'
import { HeldLocks, type HeldOp, type HeldWaiter, type LockAsk } from './held-locks.ts'
import { LockOwners, type Owner } from './lock-owners.ts'
import { Telling } from './telling.ts'
import type { MoverId } from './token-table.ts'

/** What a holder of client locks needs of its surroundings. None of these calls back before it returns, but `ask` may answer. */
export interface HolderLockPort {
  /** To the primary: `LockTable.ask`. What cannot be sent now need not be kept: `ready` asks again. */
  ask(ino: number, id: number, op: LockOp): void
  /** To the primary, in order with what is asked: `LockTable.demote`. */
  demote(ino: number, demotion: Demotion): void
  /** There is more to be told, behind what else has to be done: by `goOn`. */
  pause(): void
  /** To the next primary: `LockTable.assert`. */
  assert(ino: number, assertion: LockAssertion): void
  /** What a client has waited for is its own from now on. */
  granted(ino: number, waiter: number, lock: ClientLock): void
  /** A client waits for this no more: the file is gone, or the client has given it up. */
  gone(ino: number, waiter: number): void
}

/** Called once a request has been decided by the primary, perhaps before the call that it came with returns. */
export type LockDone = (outcome: LockOutcome) => void

/** A delegation of a file on which no locks are left is given back after so long. */
const QUIET_MS = 10_000
/** There are no more of those than this. */
export const MOST_QUIET = 10_000

const GRANTED: LockOutcome = { type: 'granted' }
const NOT_HELD: LockOutcome = { type: 'notHeld' }
const LIMIT: LockOutcome = { type: 'limit' }

/**
 * Each mover's own client locks: a copy of all of them, which of them it decides about alone, and what it has asked of the
 * primary. What its clients ask for is decided at once, and returned, or asked of the primary: then null is returned, and
 * `done` called later. What one owner asks for on one file is decided in that order.
 *
 * The copy of what the primary manages changes as the primary's answers come, which is the order of the table's changes.
 */
export class LockHolder {
  readonly #mover: MoverId
  readonly #port: HolderLockPort
  readonly #limits: LockLimits
  readonly #owners: LockOwners
  readonly #telling: Telling
  readonly #files = new Map<number, HeldLocks>()
  /** Delegated files without locks, and since when. */
  readonly #quiet = new Map<number, number>()
  #nowMs = 0
  #lastId = 0
  /** False between `assert` and `ready`. */
  #mayAsk = true

  constructor(mover: MoverId, port: HolderLockPort, limits: LockLimits = LOCK_LIMITS) {
    this.#mover = mover
    this.#port = port
    this.#limits = limits
    this.#owners = new LockOwners(mover)
    this.#telling = new Telling(() => port.pause())
  }

  lock(ino: number, lock: ClientLock, mode: LockMode, done: LockDone): LockOutcome | null {
    return this.#start(ino, { type: 'lock', mode: mode === 'wait' && lock.kind === 'open' ? 'try' : mode, lock }, done)
  }

  /** What would a lock meet? */
  test(ino: number, lock: ClientLock, done: LockDone): LockOutcome | null {
    return this.#start(ino, { type: 'test', lock }, done)
  }

  /** Of a range its owner, flavour and bounds count, of an open its owner and id. */
  unlock(ino: number, lock: ClientLock, done: LockDone): LockOutcome | null {
    return this.#start(ino, { type: 'unlock', lock }, done)
  }

  /** Nobody waits for this any more; `notHeld`: its owner has it, or has not waited. */
  cancel(ino: number, lock: ClientLock, done: LockDone): LockOutcome | null {
    return this.#start(ino, { type: 'stopWaiting', lock }, done)
  }

  /** All locks of a client, on all files, and all that it waits for; `done` is called when none is left, perhaps at once. */
  releaseClient(protocol: LockProtocol, client: string, done: () => void): void {
    let left = 1
    const oneLess = (): void => {
      if (--left === 0) done()
    }
    // Clients say at will that they have started anew: nobody else's locks are looked at.
    for (const owner of this.#owners.of(protocol, client)) {
      for (const ino of owner.files) {
        if (this.#files.get(ino)?.isUsedBy(owner) !== true) continue
        left++
        if (this.#start(ino, { type: 'release', owner: owner.who }, oneLess) !== null) oneLess()
      }
    }
    oneLess()
  }

  /** The primary has decided. */
  answered(ino: number, id: number, outcome: LockOutcome, delegation: GivenDelegation | null): void {
    const file = this.#files.get(ino)
    const ask = file?.findAsk(id) ?? null
    if (file === undefined || ask === null) return
    const { owner, op } = ask
    if (outcome.type === 'granted') {
      if (isGivenUp(op)) this.#giveUp(ino, file, owner, op)
      else if (op.type === 'lock') file.locks.hold(owner, op.lock)
    }
    if (delegation !== null) file.delegate(delegation)
    if (outcome.type === 'waiting' && op.type === 'lock') {
      file.addWaiter({ waiter: outcome.waiter, owner, lock: op.lock, isGranted: false })
    }
    const hasMore = outcome.type === 'granted' && op.type === 'lock' && file.locks.hasMore(owner, op.lock)
    if (hasMore) this.#begin(ino, file, ask)
    else this.#finish(ino, file, ask, outcome)
  }

  /** The primary has left it to this mover to decide. */
  handedBack(ino: number, id: number): void {
    const file = this.#files.get(ino)
    const ask = file?.findAsk(id) ?? null
    if (file !== undefined && ask !== null) this.#begin(ino, file, ask)
  }

  /** The primary has granted what somebody has waited for. */
  granted(ino: number, waiter: number, delegation: GivenDelegation | null): void {
    const file = this.#files.get(ino)
    const one = file?.waiting.find((other) => other.waiter === waiter)
    if (file === undefined || one === undefined) return
    const { owner, lock } = one
    file.locks.hold(owner, lock)
    if (delegation !== null) file.delegate(delegation)
    one.isGranted = true
    if (!file.locks.hasMore(owner, lock)) this.#tellGranted(ino, file, owner)
    else if (file.isManaged)
      this.#send(
        ino,
        file,
        this.#ask(file, owner, { type: 'weaken', lock }, () => {}),
      )
    else {
      file.locks.weaken(owner, lock)
      this.#tellGranted(ino, file, owner)
    }
  }

  /** The primary asks for a delegation. */
  recalled(ino: number, serial: number, level: DelegationLevel): void {
    const file = this.#files.get(ino)
    if (file === undefined || file.isManaged || file.serial !== serial) return
    this.#demote(ino, file, level === 'shared' && file.locks.isShared ? 'shared' : 'none')
    this.#settle(ino, file)
  }

  /** The file is gone; what is asked about it will still be answered. */
  dropped(ino: number): void {
    const file = this.#files.get(ino)
    if (file === undefined) return
    const owners = file.owners()
    const waiting = file.waiting
    file.removeWaiters(() => true)
    file.locks.releaseAll(() => true)
    file.level = 'none'
    for (const owner of owners) noteUse(ino, file, owner)
    for (const { waiter } of waiting) this.#port.gone(ino, waiter)
    this.#settle(ino, file)
  }

  /**
   * There is another primary: it is told of all that this mover has, and nothing is asked of it until `ready`. What has been
   * given up, and nobody has answered, is not asserted: the last primary may have let others have it.
   */
  assert(): void {
    this.#mayAsk = false
    this.#telling.forget()
    for (const [ino, file] of [...this.#files]) {
      for (const ask of file.asks) {
        if (ask.isSent && isGivenUp(ask.op)) {
          this.#finish(ino, file, ask, this.#giveUp(ino, file, ask.owner, ask.op) ? GRANTED : NOT_HELD)
        }
      }
      const { serial, level, waiting, isManaged } = file
      const locks = isManaged ? file.list() : []
      if (isManaged && locks.length === 0 && waiting.length === 0) continue
      const queue = waiting.map(({ waiter, lock }) => ({ waiter, lock }))
      this.#port.assert(ino, { delegation: { serial, level }, locks, waiting: queue })
    }
  }

  /** The new primary may be asked: for what the last one has not answered, first. */
  ready(): void {
    this.#mayAsk = true
    const unanswered: (() => void)[] = []
    for (const [ino, file] of this.#files) {
      for (const ask of file.asks) if (ask.isSent) unanswered.push(() => this.#begin(ino, file, ask))
    }
    for (const begin of unanswered) begin()
  }

  /** Tells what is due of what there is to be told; true when nothing is left. */
  goOn(): boolean {
    return this.#telling.goOn()
  }

  /** Delegations of files without locks are given back after a while. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs
    for (const [ino, sinceMs] of this.#quiet) {
      if (sinceMs + QUIET_MS > nowMs) break
      this.#giveBack(ino)
    }
  }

  /** True while something is to be given back after a while: see `tick`. */
  get hasQuiet(): boolean {
    return this.#quiet.size > 0
  }

  /** All locks of a file, for people and for checks. */
  locksOf(ino: number): ClientLock[] {
    return this.#files.get(ino)?.list() ?? []
  }

  /** How many locks of a file its clients have. */
  sizeOf(ino: number): number {
    return this.#files.get(ino)?.locks.size ?? 0
  }

  /** As `locksOf`, one at a time: each as it is then, whatever has changed in between. */
  *eachLock(ino: number): Iterable<ClientLock> {
    for (const held of this.#files.get(ino)?.locks.each() ?? []) yield lockOf(held)
  }

  /** Clients that are known, with how many locks each has. */
  clients(): Iterable<{ readonly name: string; readonly locks: number }> {
    return this.#owners.clients()
  }

  /** What its clients wait for, of a file. */
  waitingOf(ino: number): ClientLock[] {
    return this.#files.get(ino)?.waiting.map(({ lock }) => lock) ?? []
  }

  /** True when the lock's owner has it, or more: it could ask for it, and nothing would change. */
  holds(ino: number, lock: ClientLock): boolean {
    const file = this.#files.get(ino)
    return file?.locks.has(this.#owners.find(lock.owner), lock) === true
  }

  /** True while a client waits under this number. */
  isWaiting(ino: number, waiter: number): boolean {
    return this.#files.get(ino)?.waiting.some((one) => one.waiter === waiter) === true
  }

  /** True when a client has locks, waits for some, or has asked for some. */
  isUsed(protocol: LockProtocol, client: string): boolean {
    return this.#owners.has(protocol, client)
  }

  /** What the mover decides about the file alone. */
  levelOf(ino: number): DelegationLevel {
    return this.#files.get(ino)?.level ?? 'none'
  }

  /** Files of which it has anything. */
  inos(): Iterable<number> {
    return this.#files.keys()
  }

  #start(ino: number, op: HeldOp, done: LockDone): LockOutcome | null {
    const owner = this.#owners.find(ownerOf(op))
    const file = this.#file(ino)
    const isFirst = file.asksOf(owner).length === 0
    const outcome = isFirst ? this.#decide(ino, file, owner, op) : null
    if (outcome === null) {
      const ask = this.#ask(file, owner, op, done)
      if (isFirst) this.#send(ino, file, ask)
    }
    noteUse(ino, file, owner)
    this.#settle(ino, file)
    return outcome
  }

  #file(ino: number): HeldLocks {
    let file = this.#files.get(ino)
    if (file === undefined) {
      file = new HeldLocks()
      this.#files.set(ino, file)
    }
    return file
  }

  #ask(file: HeldLocks, owner: Owner, op: HeldOp, done: LockDone): LockAsk {
    const ask: LockAsk = { id: ++this.#lastId, owner, op, isSent: false, done }
    file.addAsk(ask)
    return ask
  }

  /** What an owner has asked for is decided here, or asked of the primary. */
  #begin(ino: number, file: HeldLocks, ask: LockAsk): void {
    const outcome = this.#decide(ino, file, ask.owner, ask.op)
    if (outcome === null) this.#send(ino, file, ask)
    else this.#finish(ino, file, ask, outcome)
  }

  /** Who decides alone about other things gives that up first: so the primary knows all that there is. */
  #send(ino: number, file: HeldLocks, ask: LockAsk): void {
    if (!file.isManaged) this.#demote(ino, file, 'none')
    const { owner, op } = ask
    const sent = toAsk(file, owner, op)
    ask.op = sent
    ask.isSent = true
    if (!this.#mayAsk) return
    this.#telling.say(() => {
      this.#port.ask(ino, ask.id, sent)
      return false
    })
  }

  #finish(ino: number, file: HeldLocks, ask: LockAsk, outcome: LockOutcome): void {
    const { owner } = ask
    file.removeAsk(ask)
    this.#tellGranted(ino, file, owner)
    noteUse(ino, file, owner)
    ask.done(outcome)
    const asks = file.asksOf(owner)
    if (asks.length > 0 && !asks.some(({ isSent }) => isSent)) this.#begin(ino, file, asks[0])
    else this.#settle(ino, file)
  }

  /**
   * Who has been granted what it has waited for is told when what it has more is given up; at the latest before anything else
   * that it has asked for is answered.
   */
  #tellGranted(ino: number, file: HeldLocks, owner: Owner): void {
    for (const one of file.waiting) {
      if (!one.isGranted || one.owner !== owner) continue
      file.removeWaiters((other) => other === one)
      // It goes, with all that its client has, before anybody has heard of it.
      const isLeaving = file.asksOf(owner).some(({ op }) => op.type === 'release')
      if (isLeaving) this.#port.gone(ino, one.waiter)
      else this.#port.granted(ino, one.waiter, one.lock)
    }
  }

  /** False when there was nothing to give up. */
  #giveUp(ino: number, file: HeldLocks, owner: Owner, op: GivenUp): boolean {
    const before = file.waiting
    const hadAny = giveUp(file, owner, op)
    if (file.waiting === before) return hadAny
    for (const one of before) if (!file.waiting.includes(one)) this.#port.gone(ino, one.waiter)
    return hadAny
  }

  /** Null: the primary must be asked. */
  #decide(ino: number, file: HeldLocks, owner: Owner, op: HeldOp): LockOutcome | null {
    if (op.type === 'stopWaiting') return findWaiter(file, owner, op.lock) === null ? NOT_HELD : null
    if (op.type === 'lock') return this.#decideLock(file, owner, op.mode, op.lock)
    if (op.type === 'test') return this.#met(file, owner, op.lock) ?? (covers(file, op.lock) ? GRANTED : null)
    return this.#decideGivenUp(ino, file, owner, op)
  }

  #decideLock(file: HeldLocks, owner: Owner, mode: LockMode, lock: ClientLock): LockOutcome | null {
    const { locks } = file
    if (!locks.has(owner, lock)) {
      const waiter = mode === 'wait' ? findWaiter(file, owner, lock) : null
      if (waiter !== null) return { type: 'waiting', waiter: waiter.waiter }
      const met = this.#met(file, owner, lock)
      if (met !== null && mode === 'try') return met
      if (this.#isFull(file, owner)) return LIMIT
      if (met !== null || mode === 'reclaim' || !covers(file, lock)) return null
      locks.hold(owner, lock)
    }
    if (!locks.hasMore(owner, lock)) return GRANTED
    if (file.isManaged) return null
    locks.weaken(owner, lock)
    return GRANTED
  }

  #decideGivenUp(ino: number, file: HeldLocks, owner: Owner, op: GivenUp): LockOutcome | null {
    if (op.type === 'cancel' && !file.waiting.some((one) => one.owner === owner && one.waiter === op.waiter)) {
      return NOT_HELD
    }
    if (op.type === 'unlock') {
      if (!file.locks.hasAny(owner, op.lock)) return NOT_HELD
      if (file.locks.splits(owner, op.lock) && this.#isFull(file, owner)) return LIMIT
    }
    if (file.isManaged) return null
    this.#giveUp(ino, file, owner, op)
    return GRANTED
  }

  /** What is in the way at this mover. */
  #met(file: HeldLocks, owner: Owner, lock: ClientLock): LockOutcome | null {
    const held = file.locks.inTheWay(owner, lock)
    return held === null ? null : { type: 'denied', mover: this.#mover, lock: held.lock }
  }

  #isFull(file: HeldLocks, { client }: Owner): boolean {
    const { perFile, perClient, perVolume } = this.#limits
    if (file.locks.size >= perFile || client.locks >= perClient) return true
    const { address, all } = client
    return !hasShare(address.locks, all.locks - address.locks, perVolume)
  }

  #demote(ino: number, file: HeldLocks, level: DelegationLevel): void {
    const { serial } = file
    const { toldAtOnce } = this.#limits
    file.level = level
    const held = level === 'none' ? file.locks.held() : []
    for (let at = 0; at === 0 || at < held.length; at += toldAtOnce) {
      const end = at + toldAtOnce
      this.#telling.say(() => {
        const more = end < held.length
        this.#port.demote(ino, { serial, level, locks: held.slice(at, end).map(lockOf), more })
        return more
      })
    }
  }

  #giveBack(ino: number): void {
    const file = this.#files.get(ino)
    this.#quiet.delete(ino)
    if (file === undefined) return
    this.#demote(ino, file, 'none')
    this.#settle(ino, file)
  }

  /** A file of which nothing is left is forgotten, given back, or quiet. */
  #settle(ino: number, file: HeldLocks): void {
    if (this.#files.get(ino) !== file) return
    if (file.isIdle && file.isBrief && !file.isManaged) this.#demote(ino, file, 'none')
    if (!file.isIdle || file.isManaged) {
      this.#quiet.delete(ino)
      if (file.isIdle) this.#files.delete(ino)
    } else if (!this.#quiet.has(ino)) {
      this.#quiet.set(ino, this.#nowMs)
      const [oldest] = this.#quiet.keys()
      if (this.#quiet.size > MOST_QUIET) this.#giveBack(oldest)
    }
  }
}

/** An owner's files are known by the owner; who uses nothing any more knows none. */
function noteUse(ino: number, file: HeldLocks, owner: Owner): void {
  if (owner.isUsed) owner.uses(ino, file.isUsedBy(owner))
}

/** True when the mover decides alone whether the lock can be had. */
function covers({ level }: HeldLocks, lock: ClientLock): boolean {
  return level === 'all' || (level === 'shared' && isShared(lock))
}

/** What is to be asked of the primary. */
function toAsk(file: HeldLocks, owner: Owner, op: HeldOp): LockOp {
  if (op.type === 'lock' && file.locks.has(owner, op.lock)) return { type: 'weaken', lock: op.lock }
  if (op.type !== 'stopWaiting') return op
  return { type: 'cancel', owner: owner.who, waiter: findWaiter(file, owner, op.lock)?.waiter ?? 0 }
}

function findWaiter(file: HeldLocks, owner: Owner, lock: ClientLock): HeldWaiter | null {
  return file.waiting.find((one) => one.owner === owner && sameLock(one.lock, lock)) ?? null
}
