import {
  type ClientLock,
  type LockMode,
  type LockOutcome,
  type LockOwner,
  sameLock,
} from '../../mover/locks/client-lock.ts'
import type { LockHolder } from '../../mover/locks/lock-holder.ts'
import type { Random } from '../crash/random.ts'
import { LostLocks } from './lock-lost.ts'
import { type ClientKind, describe, nameOf, type SimOwner, Violation } from './lock-owner.ts'
import { atomsOf, clash, LockView, lostBy, type Pending, PLACES, sameOwner, unlockedBy } from './lock-view.ts'

/** What was seen, to show that a run has met the interesting cases. */
export interface LockCounts {
  operations: number
  decidedAtOnce: number
  granted: number
  denied: number
  waiting: number
  grantedLater: number
  cancelled: number
  deadlock: number
  grace: number
  noGrace: number
  reclaimed: number
  released: number
}

export function noCounts(): LockCounts {
  const [operations, decidedAtOnce, granted, denied, waiting, grantedLater] = [0, 0, 0, 0, 0, 0]
  const [cancelled, deadlock, grace, noGrace, reclaimed, released] = [0, 0, 0, 0, 0, 0]
  const first = { operations, decidedAtOnce, granted, denied, waiting, grantedLater }
  return { ...first, cancelled, deadlock, grace, noGrace, reclaimed, released }
}

/**
 * The clients of all movers, what they have been told, and whether that can be. It is checked whenever something is told:
 * nobody has what cannot be together with what somebody else has; who is refused something was met by what is named; what
 * is held is what the mover's copy has.
 */
export class LockClients {
  readonly counts = noCounts()
  owners: SimOwner[] = []
  /** Those of movers that are gone. */
  readonly #past: SimOwner[] = []
  readonly lost = new LostLocks()
  readonly #random: Random
  readonly #note: (line: string) => void
  readonly #gone = new Set<number>()
  #lastMoved = 0
  #moment = 0

  constructor(random: Random, note: (line: string) => void) {
    this.#random = random
    this.#note = note
  }

  /** Two clients of a mover, with two owners each. */
  addMover(mover: number, holder: LockHolder): void {
    const kinds: ClientKind[] = ['posix', 'windows', 'posix', 'opens']
    kinds.forEach((kind, i) => {
      const who: LockOwner = { protocol: kind === 'posix' ? 'nlm' : 'smb', client: `c${i >> 1}`, owner: `o${i}` }
      this.owners.push({ mover, kind, who, holder, views: new Map() })
    })
  }

  viewOf(owner: SimOwner, ino: number): LockView {
    let view = owner.views.get(ino)
    if (view === undefined) {
      view = new LockView()
      owner.views.set(ino, view)
    }
    return view
  }

  /** An owner does something on a file. */
  act(owner: SimOwner, ino: number): void {
    const view = this.viewOf(owner, ino)
    if (view.isLeaving) return
    const waits = [...view.pending].filter(({ waiter }) => waiter !== null)
    // Most do one thing after the other.
    const wanted = [...view.pending].filter((pending) => pending.wanted !== null)
    if (view.pending.size > waits.length) {
      if (!this.#random.chance(0.1)) return
      if (wanted.length > 0 && this.#random.chance(0.3)) {
        this.#cancel(owner, ino, this.#random.pick(wanted))
        return
      }
    }
    const dice = this.#random.below(100)
    if (waits.length > 0) {
      if (dice < 8) this.#cancel(owner, ino, waits[0])
      if (dice > 12) return
    }
    if (dice < 40) this.#unlockSomething(owner, ino)
    else if (dice < 50) this.#test(owner, ino)
    else this.lock(owner, ino, this.#someLock(owner, ino), this.#random.chance(0.5) ? 'try' : 'wait')
  }

  /** Somebody at a mover that lives unlocks something, even while it waits for something else. */
  unlockOne(lives: (owner: SimOwner) => boolean): void {
    const holding = this.owners
      .filter(lives)
      .flatMap((owner) =>
        [...owner.views]
          .filter(([, { held, isLeaving }]) => held.size > 0 && !isLeaving)
          .map(([ino]) => ({ owner, ino })),
      )
    if (holding.length === 0) return
    const { owner, ino } = this.#random.pick(holding)
    this.#unlockSomething(owner, ino)
  }

  lock(owner: SimOwner, ino: number, lock: ClientLock | null, mode: LockMode): void {
    if (lock === null) return
    const { view, pending, asked } = this.#ask(owner, ino, mode, lock, atomsOf(lock), lostBy(lock), mode === 'wait')
    const done = (outcome: LockOutcome): void => {
      this.#told(owner, ino, mode, outcome)
      // Who asks for the same again waits as before.
      const isAgain = outcome.type === 'waiting' && [...view.pending].some(({ waiter }) => waiter === outcome.waiter)
      if (outcome.type === 'waiting' && !isAgain) pending.waiter = outcome.waiter
      else view.answered(pending)
      if (outcome.type === 'granted') view.apply(pending)
      if (mode === 'reclaim') {
        this.lost.reclaimed(owner, ino, pending.adds, outcome)
        if (outcome.type === 'granted') this.counts.reclaimed++
      }
      this.#check(owner, ino, outcome.type === 'granted' && mode !== 'reclaim' ? lock : null)
      if (outcome.type === 'denied') this.#checkDenial(owner, ino, lock, outcome, asked)
    }
    this.#maybeAtOnce(ino, done, (told) => owner.holder.lock(ino, lock, mode, told))
  }

  /** A mover's client has what it has waited for. */
  granted(mover: number, ino: number, waiter: number): void {
    this.#note(`${mover} grants ${waiter} of ${ino}`)
    if (this.#gone.has(ino)) return
    for (const owner of this.owners) {
      const view = owner.views.get(ino)
      const pending = [...(view?.pending ?? [])].find((one) => one.waiter === waiter)
      if (owner.mover !== mover || view === undefined || pending === undefined) continue
      this.counts.grantedLater++
      view.pending.delete(pending)
      if (view.pending.size > 0) view.early = { moment: this.#moment, names: pending.removes }
      view.apply(pending)
      const [lock] = [...pending.adds.values()]
      this.#check(owner, ino, lock)
      return
    }
    throw new Violation(`mover ${mover} grants what nobody waits for: ${waiter} of file ${ino}`)
  }

  /** A client is gone, with all its owners. */
  release(owner: SimOwner): void {
    const { protocol, client } = owner.who
    const leaving = this.owners.filter(
      (o) => o.mover === owner.mover && o.who.client === client && o.who.protocol === protocol,
    )
    if (leaving.some(({ views }) => [...views.values()].some(({ isLeaving }) => isLeaving))) return
    this.#note(`${owner.mover} releases ${client}`)
    this.counts.released++
    const all = leaving.flatMap((one) => [...one.views].map(([ino, view]) => ({ one, ino, view })))
    for (const { view } of all) {
      view.isLeaving = true
      view.changed(++this.#moment)
    }
    owner.holder.releaseClient(protocol, client, () => {
      this.#note(`${owner.mover} has released ${client}`)
      for (const { one, ino, view } of all) {
        const lives = one.views.get(ino) === view
        if (!lives) continue
        for (const pending of view.pending) if (pending.waiter !== null) view.pending.delete(pending)
        if (view.pending.size > 0) throw new Violation(`${client} is released before it is answered`)
        view.held.clear()
        view.isLeaving = false
        this.#check(one, ino, null)
      }
    })
  }

  /** A mover is fenced. Its clients' locks stay protected for a while; they may reclaim them at another mover. */
  forget(mover: number, untilMs: number): void {
    for (const owner of this.owners.filter((one) => one.mover === mover)) {
      this.lost.add(owner, untilMs)
      for (const view of owner.views.values()) {
        view.held.clear()
        view.pending.clear()
        // It is still asked for what it perhaps had.
        view.changed(++this.#moment)
      }
      this.#past.push(owner)
    }
    this.owners = this.owners.filter((one) => one.mover !== mover)
  }

  /** An owner whose mover is gone asks another one for what it had. */
  reclaim(mover: number, holder: LockHolder, isGrace: boolean): void {
    const movedTo = ({ kind, who }: SimOwner): SimOwner => {
      const owner = { mover, kind, who: { ...who, owner: `m${++this.#lastMoved}` }, holder, views: new Map() }
      this.owners.push(owner)
      return owner
    }
    for (const { to, ino, lock } of this.lost.next(isGrace, movedTo)) this.lock(to, ino, lock, 'reclaim')
  }

  /** The file is gone. */
  drop(ino: number): void {
    this.#gone.add(ino)
    for (const { views } of this.owners) views.delete(ino)
    this.lost.drop(ino)
  }

  /** True when a client of the mover has asked for something of the file, and has not been answered. */
  isAsking(mover: number, ino: number): boolean {
    return this.owners.some((owner) => {
      const view = owner.mover === mover ? owner.views.get(ino) : undefined
      return view !== undefined && (view.pending.size > 0 || view.isLeaving)
    })
  }

  get isBusy(): boolean {
    return this.owners.some(({ views }) =>
      [...views.values()].some(({ pending, held, isLeaving }) => pending.size > 0 || held.size > 0 || isLeaving),
    )
  }

  /** Who still has something, or wants it. */
  describe(): string {
    const lines = this.owners.flatMap((owner) =>
      [...owner.views].map(([ino, { held, pending, isLeaving }]) =>
        held.size + pending.size === 0 && !isLeaving
          ? ''
          : `${nameOf(owner)} of ${ino} has ${[...held.keys()]} waits ${[...pending].map(({ waiter }) => waiter)} ${isLeaving}`,
      ),
    )
    return lines.filter((line) => line !== '').join('; ')
  }

  #unlockSomething(owner: SimOwner, ino: number): void {
    const view = this.viewOf(owner, ino)
    const held = [...view.held.values()]
    if (held.length === 0) return
    const one = this.#random.pick(held)
    const whole: ClientLock =
      one.kind === 'range' && one.flavour === 'posix' ? { ...one, start: 0, end: PLACES[PLACES.length - 1] } : one
    const lock = this.#random.chance(0.4) ? whole : one
    const { pending, isAlone } = this.#ask(owner, ino, 'unlock', lock, new Map(), unlockedBy(lock))
    const done = (outcome: LockOutcome): void => {
      this.#told(owner, ino, 'unlock', outcome)
      view.answered(pending)
      if (outcome.type === 'notHeld' && isAlone) throw new Violation(`what ${nameOf(owner)} has of ${ino} is not held`)
      if (outcome.type !== 'granted' && outcome.type !== 'notHeld') throw new Violation(`unlock: ${outcome.type}`)
      view.apply(pending)
      this.#check(owner, ino, null)
    }
    this.#maybeAtOnce(ino, done, (told) => owner.holder.unlock(ino, lock, told))
  }

  #test(owner: SimOwner, ino: number): void {
    const lock = this.#someLock(owner, ino)
    if (lock === null) return
    const { view, pending, asked } = this.#ask(owner, ino, 'test', lock, new Map(), [])
    const done = (outcome: LockOutcome): void => {
      this.#told(owner, ino, 'test', outcome)
      view.answered(pending)
      if (outcome.type === 'denied') this.#checkDenial(owner, ino, lock, outcome, asked)
      if (outcome.type === 'granted') this.#checkFree(owner, ino, lock, asked)
      this.#check(owner, ino, null)
    }
    this.#maybeAtOnce(ino, done, (told) => owner.holder.test(ino, lock, told))
  }

  #cancel(owner: SimOwner, ino: number, waiting: Pending): void {
    const view = this.viewOf(owner, ino)
    const { wanted } = waiting
    if (wanted === null) return
    const asked = ++this.#moment
    const pending: Pending = { adds: new Map(), removes: new Set(), asked, wanted: null, waiter: null }
    view.pending.add(pending)
    this.#note(`${nameOf(owner)} cancels ${describe(wanted)} of ${ino}`)
    const done = (outcome: LockOutcome): void => {
      this.#told(owner, ino, 'cancel', outcome)
      view.answered(pending)
      if (outcome.type === 'granted') {
        this.counts.cancelled++
        if (!this.#forgetWaiting(view, wanted))
          throw new Violation(`${nameOf(owner)} was granted it, and it is cancelled`)
      } else if (view.pending.has(waiting)) throw new Violation(`${nameOf(owner)} waits, and it is not cancelled`)
      this.#check(owner, ino, null)
    }
    this.#maybeAtOnce(ino, done, (told) => owner.holder.cancel(ino, wanted, told))
  }

  /** Whoever waits for it, since it may have been asked for again. */
  #forgetWaiting(view: LockView, wanted: ClientLock): boolean {
    const waiting = [...view.pending].filter(
      (one) => one.waiter !== null && one.wanted !== null && sameLock(one.wanted, wanted),
    )
    for (const one of waiting) view.pending.delete(one)
    return waiting.length > 0
  }

  #ask(
    owner: SimOwner,
    ino: number,
    what: string,
    lock: ClientLock,
    adds: ReadonlyMap<string, ClientLock>,
    removes: readonly string[],
    mayWait = false,
  ): { view: LockView; pending: Pending; asked: number; isAlone: boolean } {
    const view = this.viewOf(owner, ino)
    const isAlone = view.pending.size === 0
    this.counts.operations++
    this.#note(`${nameOf(owner)} asks ${what} ${ino} ${describe(lock)}`)
    const asked = ++this.#moment
    const pending: Pending = { adds, removes: new Set(removes), asked, wanted: mayWait ? lock : null, waiter: null }
    view.pending.add(pending)
    view.changed(asked)
    return { view, pending, asked, isAlone }
  }

  /** What is said of files that are gone does not matter. */
  #maybeAtOnce(
    ino: number,
    done: (outcome: LockOutcome) => void,
    ask: (done: (outcome: LockOutcome) => void) => LockOutcome | null,
  ): void {
    const outcome = ask((later) => {
      if (!this.#gone.has(ino)) done(later)
    })
    if (outcome === null) return
    this.counts.decidedAtOnce++
    done(outcome)
  }

  #told(owner: SimOwner, ino: number, what: string, outcome: LockOutcome): void {
    const lock = outcome.type === 'denied' ? ` ${outcome.mover} ${describe(outcome.lock)}` : ''
    this.#note(`${nameOf(owner)} is told ${what} ${ino}: ${outcome.type}${lock}`)
    if (outcome.type in this.counts) this.counts[outcome.type as 'granted']++
  }

  /** Something has changed for an owner; `got` is what it has been granted. */
  #check(owner: SimOwner, ino: number, got: ClientLock | null): void {
    const view = this.viewOf(owner, ino)
    view.changed(++this.#moment)
    const sure = view.sure
    for (const other of this.owners) {
      if (other === owner) continue
      const clashing = other.views.get(ino)?.sure.find((theirs) => sure.some((own) => clash(own, theirs)))
      if (clashing !== undefined) {
        throw new Violation(`${nameOf(owner)} and ${nameOf(other)} both have ${describe(clashing)} of ${ino}`)
      }
    }
    if (got !== null) this.lost.check(owner, ino, got)
    if (view.pending.size > 0 || view.isLeaving || view.early !== null) return
    const copy = owner.holder.locksOf(ino).filter((lock) => sameOwner(lock.owner, owner.who))
    const names = new Set(copy.flatMap((lock) => [...atomsOf(lock).keys()]))
    const missing = [...view.held.keys()].find((name) => !names.has(name))
    if (missing !== undefined) throw new Violation(`${nameOf(owner)} has lost ${missing} of ${ino}`)
    const more = [...names].find((name) => !view.held.has(name))
    if (more !== undefined) throw new Violation(`${nameOf(owner)} still has ${more} of ${ino}`)
  }

  /** What is named was in the way at some moment since it was asked. */
  #checkDenial(
    owner: SimOwner,
    ino: number,
    lock: ClientLock,
    { mover, lock: named }: Extract<LockOutcome, { type: 'denied' }>,
    asked: number,
  ): void {
    const isOwn = mover === owner.mover && sameOwner(named.owner, owner.who)
    const isOwnWindows = isOwn && lock.kind === 'range' && lock.flavour === 'windows'
    if (!clash(named, lock) || (isOwn && !isOwnWindows && lock.kind === 'range')) {
      throw new Violation(`${describe(named)} is not in the way of ${describe(lock)}`)
    }
    const others = [...this.owners, ...this.#past]
    const other = others.find((one) => one.mover === mover && sameOwner(one.who, named.owner))
    if (other?.views.get(ino)?.mayHaveHad(named, asked) !== true) {
      throw new Violation(`${mover} ${named.owner.owner} did not have ${describe(named)} of ${ino}`)
    }
  }

  /** Nobody has had all the time what cannot be together with a lock. */
  #checkFree(owner: SimOwner, ino: number, lock: ClientLock, asked: number): void {
    for (const other of this.owners) {
      if (other === owner) continue
      const held = other.views
        .get(ino)
        ?.sureSince(asked)
        .find((theirs) => clash(theirs, lock))
      if (held !== undefined) throw new Violation(`${describe(held)} of ${ino} was there, and was not seen by a test`)
    }
  }

  /** Of an owner's kind; null when it has it already, and that would make a second one. */
  #someLock(owner: SimOwner, ino: number): ClientLock | null {
    const random = this.#random
    if (owner.kind === 'opens') {
      const [access, deny] = random.chance(0.5)
        ? [random.below(2), random.below(2) * 2]
        : [random.below(8), random.below(8)]
      return { kind: 'open', owner: owner.who, id: random.below(2), access, deny }
    }
    // None is empty: whether an empty range is inside a `posix` one depends on how that has come to be.
    const from = random.below(PLACES.length - 1)
    const to = from + 1 + random.below(Math.min(4, PLACES.length - 1 - from))
    const isExclusive = random.chance(0.4)
    const bounds = { start: PLACES[from], end: PLACES[to] }
    const lock: ClientLock = { kind: 'range', owner: owner.who, flavour: owner.kind, ...bounds, isExclusive }
    const view = this.viewOf(owner, ino)
    const isThere = unlockedBy(lock).some(
      (name) => view.held.has(name) || [...view.pending].some(({ adds }) => adds.has(name)),
    )
    return owner.kind === 'windows' && isThere ? null : lock
  }
}
