import {
  addressOf,
  type ClientLock,
  type Delegation,
  type DelegationLevel,
  type Demotion,
  type GivenDelegation,
  LOCK_LIMITS,
  type LockAssertion,
  type LockEffect,
  type LockLimits,
  type LockOp,
  type LockOutcome,
  ownerOf,
  sameLock,
  type WaitingLock,
} from './client-lock.ts'
import { ContendedFiles } from './contended-files.ts'
import { hasShare } from './fair-share.ts'
import { giveUp, isGivenUp } from './give-up.ts'
import { conflict, isBehind, type Wanted } from './lock-conflict.ts'
import { type Asked, type Delegated, LockFile } from './lock-file.ts'
import { type GracePeriod, LockGrace } from './lock-grace.ts'
import { LockOwners, type Owner } from './lock-owners.ts'
import type { MoverId } from './token-table.ts'
import { orderOfWaiting, waitersFor } from './wait-graph.ts'

const GRANTED: LockOutcome = { type: 'granted' }
const NOT_HELD: LockOutcome = { type: 'notHeld' }
const GRACE: LockOutcome = { type: 'grace' }
const NO_GRACE: LockOutcome = { type: 'noGrace' }
const LIMIT: LockOutcome = { type: 'limit' }
const DEADLOCK: LockOutcome = { type: 'deadlock' }
const GONE: LockOutcome = { type: 'gone' }

/**
 * The primary's side of a volume's client locks: those of all movers' clients on files that are not delegated, who waits for
 * some, and which mover decides about a file by itself.
 */
export class LockTable {
  readonly #limits: LockLimits
  readonly #files = new Map<number, LockFile>()
  /** Files that are not there, since one mover decides about all of their locks: most. */
  readonly #delegated = new Map<number, Delegated>()
  /** Those in whose queues somebody waits. */
  readonly #waitedFor = new Set<LockFile>()
  readonly #owners = new Map<MoverId, LockOwners>()
  readonly #grace = new LockGrace()
  /** All movers have asserted what they have. */
  #isReady = false
  /** Files that are not delegated for a while. */
  readonly #contended = new ContendedFiles()
  #lastSerial = 0
  #effects: LockEffect[] = []
  #isTelling = false

  constructor(limits: LockLimits = LOCK_LIMITS) {
    this.#limits = limits
  }

  /** Tells what has to be told, in this order, and behind that what comes of it meanwhile. */
  tell(to: (effect: LockEffect) => void): void {
    if (this.#isTelling) return
    this.#isTelling = true
    try {
      while (this.#effects.length > 0) {
        const effects = this.#effects
        this.#effects = []
        for (const effect of effects) to(effect)
      }
    } finally {
      this.#isTelling = false
    }
  }

  /**
   * Takes the answer to what a mover has asked under this number, when it is what has to be told first: never while `tell`
   * has still something to tell that is older.
   */
  takeAnswer(mover: MoverId, id: number): Extract<LockEffect, { type: 'answer' }> | null {
    if (this.#isTelling) return null
    const [first] = this.#effects
    if (first?.type !== 'answer' || first.mover !== mover || first.id !== id) return null
    this.#effects.shift()
    return first
  }

  /** A mover asks for something; `id` is its own number of it. An `answer` or a `handBack` follows, at once or later. */
  ask(ino: number, mover: MoverId, id: number, op: LockOp): void {
    if (this.#delegatedTo(ino, mover) !== null) {
      this.#effects.push({ type: 'handBack', ino, mover, id })
      return
    }
    this.#contended.asked(ino, mover)
    const file = this.#open(ino)
    if (isGivenUp(op)) {
      const owner = this.#ownersOf(mover).find(ownerOf(op))
      const isDone = giveUp(file, owner, op)
      file.yields(owner)
      if (op.type === 'weaken') file.paid((one) => one.owner === owner && sameLock(one.lock, op.lock))
      this.#answer(ino, mover, id, isDone ? GRANTED : NOT_HELD, null)
    } else file.asked = [...file.asked, { mover, id, op }]
    this.#advance(ino, file)
  }

  /** A mover gives back a delegation, asked or not; one that it does not have (any more) changes nothing. */
  demote(ino: number, mover: MoverId, { serial, level, locks, more }: Demotion): void {
    const given = this.#delegatedTo(ino, mover)
    if (given?.serial !== serial) return
    const file = this.#open(ino)
    if (given.recalledTo !== null && locks.length > 0) this.#contended.met(ino)
    // Until the last of them has come, the delegation is in the way of what might meet them.
    if (!more) file.delegate(mover, level === 'none' ? null : { mover, serial, level, recalledTo: null })
    for (const lock of locks) this.#hold(file, mover, lock)
    file.yieldAll()
    this.#advance(ino, file)
  }

  /**
   * A mover has this since an earlier reign; false when another one has what cannot be together with that. Comes before
   * `ready`.
   */
  assert(ino: number, mover: MoverId, { delegation, locks, waiting }: LockAssertion): boolean {
    const file = this.#open(ino)
    const { serial, level } = delegation
    this.#lastSerial = Math.max(this.#lastSerial, serial)
    let isSound = true
    for (const lock of locks) isSound &&= file.locks.inTheWay(this.#ownersOf(mover).find(lock.owner), lock) === null
    for (const lock of locks) this.#hold(file, mover, lock)
    for (const { waiter, lock } of waiting) {
      file.enqueue({ mover, waiter, owner: this.#ownersOf(mover).find(lock.owner), lock }, file.queue.length)
    }
    if (level !== 'none') file.delegate(mover, { mover, serial, level, recalledTo: null })
    isSound &&= file.isSound
    this.#settle(ino, file)
    return isSound
  }

  /**
   * All movers have asserted what they have, or nobody has anything yet: only from now on something is granted. In which order
   * clients of different movers had asked, and who had let whom go first, is not known any more.
   */
  ready(): void {
    this.#isReady = true
    const order = orderOfWaiting(this.#waitedFor)
    for (const file of this.#waitedFor) file.arrange(order)
    this.#advanceAll()
  }

  /** A mover is gone, and fenced: its locks are free, and those files in grace for that time. */
  forget(mover: MoverId, grace: GracePeriod): void {
    const delegated = [...this.#delegated].filter(([, sole]) => sole.mover === mover)
    for (const ino of [...this.#files.keys(), ...delegated.map(([ino]) => ino)]) {
      const file = this.#open(ino)
      const hadLocks = file.release((owner) => owner.mover === mover)
      if (hadLocks || file.delegatedTo(mover) !== null) this.#grace.begin(ino, grace)
      file.delegate(mover, null)
      file.removeWaiters((waiter) => waiter.mover === mover)
      file.asked = file.asked.filter((asked) => asked.mover !== mover)
      file.yieldAll()
      this.#advance(ino, file)
    }
    this.#owners.delete(mover)
  }

  /** Only what was locked before is locked on this file, or on all (null), for that time. */
  beginGrace(ino: number | null, grace: GracePeriod): void {
    this.#grace.begin(ino, grace)
  }

  /** The mover of a place is there again: its clients may reclaim until then, as far as their time is not over. */
  prolongGrace(place: number, untilMs: number): void {
    this.#grace.prolong(place, untilMs)
  }

  /** Times of grace end, and files cease to be contended: to be called once a second while `needsTicks`. */
  tick(nowMs: number): void {
    this.#contended.tick()
    if (this.#grace.tick(nowMs)) this.#advanceAll()
  }

  /** The file is gone: nobody has any locks of it, or gets any. */
  drop(ino: number): void {
    const file = this.#open(ino)
    const movers = new Set([...file.locks.list().map(({ owner }) => owner.mover), ...file.queue.map((w) => w.mover)])
    for (const { mover } of file.delegated) movers.add(mover)
    for (const mover of movers) this.#effects.push({ type: 'drop', ino, mover })
    for (const { mover, id } of file.asked) this.#answer(ino, mover, id, GONE, null)
    file.release(() => true)
    file.removeWaiters(() => true)
    file.asked = []
    file.delegated = []
    this.#contended.drop(ino)
    this.#settle(ino, file)
  }

  /** True when somebody has or wants locks on the file, or may grant some. */
  has(ino: number): boolean {
    return this.#files.has(ino) || this.#delegated.has(ino)
  }

  /** True when one mover decides about the file alone: nobody else has any locks on it. */
  isDelegated(ino: number): boolean {
    return this.#delegated.get(ino)?.level === 'all'
  }

  /** True when several movers' clients have locked the file of late, and may again. */
  isContended(ino: number): boolean {
    return this.#contended.has(ino)
  }

  /** See `LockFile`. */
  waitsFor(ino: number, mover: MoverId): boolean {
    return this.#files.get(ino)?.waitsFor(mover) === true
  }

  get needsTicks(): boolean {
    return this.isInGrace || !this.#contended.isEmpty
  }

  /** True while there is any time of grace. */
  get isInGrace(): boolean {
    return !this.#grace.isOver
  }

  /** Who has what, and who waits for whom, for people and for checks. */
  describe(ino: number): {
    held: { mover: MoverId; lock: ClientLock }[]
    waiting: (WaitingLock & { mover: MoverId; inTheWay: { mover: MoverId; lock: ClientLock }[] })[]
    delegations: (Delegation & { mover: MoverId })[]
  } {
    const file = this.#files.get(ino)
    const sole = this.#delegated.get(ino)
    const delegated = file?.delegated ?? (sole === undefined ? [] : [sole])
    return {
      held: file?.locks.list().map(({ owner, lock }) => ({ mover: owner.mover, lock })) ?? [],
      waiting: this.queue(ino).map(({ mover, waiter, lock }, place) => {
        return { mover, waiter, lock, inTheWay: this.inTheWay(ino, place, Number.POSITIVE_INFINITY) }
      }),
      delegations: delegated.map(({ mover, serial, level }) => ({ mover, serial, level })),
    }
  }

  /** Who waits for locks of a file, in order. */
  queue(ino: number): readonly (WaitingLock & { mover: MoverId })[] {
    return this.#files.get(ino)?.queue ?? []
  }

  /** What the request at this place of a file's queue waits for: held first, then requests before it; at most so much. */
  inTheWay(ino: number, place: number, most: number): { mover: MoverId; lock: ClientLock }[] {
    const file = this.#files.get(ino)
    const one = file?.queue[place]
    if (file === undefined || one === undefined) return []
    const found = file.locks.allInTheWay(one.owner, one.lock, most)
    for (let before = 0; before < place && found.length < most; before++) {
      if (conflict(file.queue[before], one)) found.push(file.queue[before])
    }
    return found.map(({ owner, lock }) => ({ mover: owner.mover, lock }))
  }

  /** Files of which it knows anything. */
  *inos(): Iterable<number> {
    yield* this.#files.keys()
    yield* this.#delegated.keys()
  }

  #delegatedTo(ino: number, mover: MoverId): Delegated | null {
    const sole = this.#delegated.get(ino)
    if (sole !== undefined) return sole.mover === mover ? sole : null
    return this.#files.get(ino)?.delegatedTo(mover) ?? null
  }

  #open(ino: number): LockFile {
    let file = this.#files.get(ino)
    if (file !== undefined) return file
    const sole = this.#delegated.get(ino)
    file = new LockFile(ino, sole === undefined ? [] : [sole])
    this.#delegated.delete(ino)
    this.#files.set(ino, file)
    return file
  }

  #ownersOf(mover: MoverId): LockOwners {
    let owners = this.#owners.get(mover)
    if (owners === undefined) {
      owners = new LockOwners(mover)
      this.#owners.set(mover, owners)
    }
    return owners
  }

  #hold(file: LockFile, mover: MoverId, lock: ClientLock): void {
    file.hold(this.#ownersOf(mover).find(lock.owner), lock)
  }

  #answer(ino: number, mover: MoverId, id: number, outcome: LockOutcome, delegation: GivenDelegation | null): void {
    this.#effects.push({ type: 'answer', ino, mover, id, outcome, delegation })
  }

  #advanceAll(): void {
    for (const [ino, file] of [...this.#files]) {
      file.yieldAll()
      this.#advance(ino, file)
    }
  }

  /** Grants what can be granted and decides what can be decided, in order; recalls what is in the way of that. */
  #advance(ino: number, file: LockFile): void {
    if (this.#isReady) this.#decideAll(ino, file)
    this.#settle(ino, file)
  }

  #decideAll(ino: number, file: LockFile): void {
    if (!file.isBusy && !this.#grace.isOn(ino)) this.#grantWaiters(ino, file)
    while (!file.isBusy && file.asked.length > 0) {
      const asked = file.asked[0]
      const refusal = this.#graceRefuses(ino, asked)
      const inTheWay = refusal === null ? file.inTheWay(asked) : []
      for (const { delegated, level } of inTheWay) this.#recall(ino, file, delegated, level)
      if (inTheWay.some(({ level }) => level === 'none')) this.#contended.recalled(ino, asked.mover)
      if (inTheWay.length > 0) break
      file.asked = file.asked.slice(1)
      const { mover, id, op } = asked
      const outcome = refusal ?? this.#decide(file, asked)
      const isGrant = op.type === 'lock' && outcome.type === 'granted'
      this.#answer(ino, mover, id, outcome, isGrant ? this.#delegate(ino, file, mover) : null)
      if (file.owes(mover)) this.#effects.push({ type: 'owes', ino, mover })
    }
  }

  #grantWaiters(ino: number, file: LockFile): void {
    const granted = file.takeGrantable()
    granted.forEach(({ mover, waiter }, i) => {
      const delegation = i === granted.length - 1 ? this.#delegate(ino, file, mover) : null
      this.#effects.push({ type: 'grant', ino, mover, waiter, delegation })
      if (file.owes(mover)) this.#effects.push({ type: 'owes', ino, mover })
    })
  }

  #graceRefuses(ino: number, { op }: Asked): LockOutcome | null {
    const isReclaim = op.type === 'lock' && op.mode === 'reclaim'
    if (this.#grace.isOn(ino)) return isReclaim ? null : GRACE
    return isReclaim ? NO_GRACE : null
  }

  #recall(ino: number, file: LockFile, delegated: Delegated, level: DelegationLevel): void {
    const { mover, serial } = delegated
    file.delegate(mover, { ...delegated, recalledTo: level })
    this.#effects.push({ type: 'recall', ino, mover, serial, level })
  }

  #decide(file: LockFile, asked: Asked): LockOutcome {
    const { mover, op } = asked
    const { lock } = op
    const wanted = { owner: this.#ownersOf(mover).find(lock.owner), lock }
    const held = file.locks.inTheWay(wanted.owner, lock)
    const mayWait = op.type === 'lock' && op.mode === 'wait'
    if (mayWait && (held !== null || isBehind(file.queue, wanted))) return this.#wait(file, asked, wanted)
    if (held !== null) return { type: 'denied', mover: held.owner.mover, lock: held.lock }
    return op.type === 'test' ? GRANTED : this.#grant(file, wanted)
  }

  #grant(file: LockFile, wanted: Wanted): LockOutcome {
    if (file.locks.size >= this.#limits.perFile || !this.#hasRoomAt(addressOf(wanted.owner.client.name))) return LIMIT
    file.grant(wanted)
    return GRANTED
  }

  /** Room is shared between addresses here too: one may call at several movers. */
  #hasRoomAt(address: string): boolean {
    let [own, all] = [0, 0]
    for (const owners of this.#owners.values()) {
      own += owners.locksAt(address)
      all += owners.locks
    }
    return hasShare(own, all - own, this.#limits.perVolume)
  }

  /** A request that meets a lock, or an earlier request, gets its place in the queue, unless it would wait for itself. */
  #wait(file: LockFile, { mover, id }: Asked, wanted: Wanted): LockOutcome {
    const { owner, lock } = wanted
    const own = file.waitersFrom(addressOf(owner.client.name))
    if (!hasShare(own, file.queue.length - own, this.#limits.waitersPerFile)) return LIMIT
    const waitForIt = waitersFor(owner, this.#waitedForOf)
    const place = file.placeOf(wanted, waitForIt)
    if (!isBehind(file.queue.slice(0, place), wanted) && file.locks.inTheWay(owner, lock) === null) {
      return this.#grant(file, wanted)
    }
    file.enqueue({ mover, waiter: id, ...wanted }, place)
    this.#waitedFor.add(file)
    if (waitForIt.size === 1 || !this.#isInCycle(file, wanted, place)) return { type: 'waiting', waiter: id }
    file.removeWaiters((one) => one.mover === mover && one.waiter === id)
    return DEADLOCK
  }

  /** Of the files where an owner has or waits for something those where somebody waits. */
  readonly #waitedForOf = (owner: Owner): LockFile[] => {
    const files: LockFile[] = []
    for (const ino of owner.files) {
      const file = this.#files.get(ino)
      if (file !== undefined && this.#waitedFor.has(file)) files.push(file)
    }
    return files
  }

  /** True when somebody in the way of a request in the queue waits for its owner. */
  #isInCycle(file: LockFile, { owner, lock }: Wanted, place: number): boolean {
    const waitForIt = waitersFor(owner, this.#waitedForOf)
    for (const other of waitForIt) {
      if (other !== owner && other.isUsedMore && file.locks.blocks(other, owner, lock)) return true
    }
    const theirs = file.queue.slice(0, place).filter((one) => one.owner !== owner && waitForIt.has(one.owner))
    return isBehind(theirs, { owner, lock })
  }

  /** A mover whose client has been granted a lock may get a delegation with it: its locks are its own to know then. */
  #delegate(ino: number, file: LockFile, mover: MoverId): GivenDelegation | null {
    if (this.#grace.isOn(ino) || this.#contended.isCrowded(ino)) return null
    const level = file.levelFor(mover)
    const isBrief = this.#contended.has(ino)
    if (level === 'none' || (isBrief && level === 'shared')) return null
    const serial = ++this.#lastSerial
    file.release((owner) => owner.mover === mover)
    file.delegate(mover, { mover, serial, level, recalledTo: null })
    return { serial, level, isBrief }
  }

  /** Nothing more is remembered of a file than there is. */
  #settle(ino: number, file: LockFile): void {
    if (file.queue.length === 0) this.#waitedFor.delete(file)
    else this.#waitedFor.add(file)
    if (!file.isQuiet || file.delegated.length > 1) return
    const sole = file.delegated[0]
    this.#files.delete(ino)
    if (sole === undefined) this.#effects.push({ type: 'free', ino })
    else this.#delegated.set(ino, sole)
  }
}
