import {
  type lock_ask,
  type lock_assertion,
  type lock_demotion,
  type message,
  message_kind,
} from '../../protocol/moverlock/moverlock.gen.ts'
import type { Environment } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { ClientLock, LockEffect, LockOp, LockOutcome } from '../locks/client-lock.ts'
import { GracePeriod, MOST_GRACES } from '../locks/lock-grace.ts'
import { LockHolder } from '../locks/lock-holder.ts'
import { LockTable } from '../locks/lock-table.ts'
import type { MoverId } from '../locks/token-table.ts'
import { ALL_MOVERS } from '../volume/inode-value.ts'
import { InOrder } from './in-order.ts'
import { LockParts } from './lock-parts.ts'
import { delegationOfWire, lockOfWire, opOfWire, wireDelegation, wireGiven, wireOutcome } from './lock-words.ts'
import { MOST_EXCUSED, type Stuck } from './revocations.ts'
import { SessionError } from './session-error.ts'

const HOME: MoverId = 0
/** How often times of grace, and what has been quiet, are looked at. */
const TICK_MS = 1000
/** Files in one record at most that are not locked any more. */
const FORGOTTEN_AT_ONCE = 64
/** Bits of `ALL_MOVERS`. */
const PLACES = 32 - Math.clz32(ALL_MOVERS)

/** Which movers' clients may have locks on which files, durably: so that these, and no others, wait for reclaims after a crash. */
export interface LockNotes {
  /**
   * Makes sure that it is known of these movers (bits) and this file. Null, or why it cannot be: STALE when there is no such
   * file. May throw Suspend.
   */
  noteLocks(ino: number, movers: number): Failure | null
  /** It need not be known any more of these, as far as they are free when it is done. */
  forgetLocks(inos: readonly number[], isFree: (ino: number) => boolean): void
}

/** Told of the clients of one mover who have waited. */
export interface LockListener {
  /** What a client has waited for under this number is its own from now on. */
  granted(ino: number, waiter: number, lock: ClientLock): void
  /** A client waits for this no more: the file is gone, or what was asked for was given up. */
  gone(ino: number, waiter: number): void
  /** Somebody has taken it away from a client, who may have waited for it: it is not told of it (any more). */
  broken(ino: number, lock: ClientLock): void
}

export interface PrimaryLocksOptions {
  notes: LockNotes
  env: Environment
  /** How long files wait for the reclaims of clients whose mover is gone. */
  graceMs: number
  /** Movers by name: each has the bit of its place. */
  movers: readonly string[]
  /** This one. */
  self: string
  /** Files that clients may have locked in earlier reigns, and bits of the movers whose clients these are; emptied at last. */
  noted: Map<number, number>
}

/** A secondary, as far as client locks are concerned. */
interface LockPeer {
  readonly name: string
  send: (message: message) => void
  readonly demotion: LockParts
  readonly assertion: LockParts
  readonly waiting: { waiter: number; lock: ClientLock }[]
  /** Files of which it has been told something that it answers at once, whatever it waits for, and when. */
  readonly unanswered: Map<number, number>
  /** When it has last given something back: it says all that in one order. */
  progressMs: number
  /** Files of which it has given back what it managed, as often as that is not carried out yet. */
  readonly demoting: Map<number, number>
}

/**
 * The arbiter of a volume's client locks at its primary, and the holder of those of its own mover's clients. What is asked
 * of it about one file is carried out in the order of its coming; nobody has a lock before it is durable that the file may
 * be locked.
 */
export class PrimaryLocks {
  /** This mover's own clients. */
  readonly holder: LockHolder
  listener: LockListener | null = null
  readonly #o: PrimaryLocksOptions
  readonly #table = new LockTable()
  readonly #peers = new Map<MoverId, LockPeer>()
  readonly #asked = new InOrder((error) => {
    throw error
  })
  /** Files that nobody has locks on any more, and that may still be noted. */
  readonly #free = new Set<number>()
  /** Of files that were noted at the opening, until those who may reclaim are told to: see `serving`. */
  #held: GracePeriod[] = []
  #isServing = false
  /** Until it is known what movers have of earlier reigns: what would change who may have what. */
  #postponed: (() => void)[] | null = []
  #isScheduled = false
  #cancelTick: (() => void) | null = null
  #freshMs = Number.NEGATIVE_INFINITY

  constructor(options: PrimaryLocksOptions) {
    this.#o = options
    this.holder = new LockHolder(HOME, {
      ask: (ino, id, op) => this.#ask(HOME, ino, id, op),
      demote: (ino, demotion) => {
        this.#table.demote(ino, HOME, demotion)
        this.#schedule()
      },
      pause: () => options.env.defer(() => void this.holder.goOn()),
      assert: () => {},
      granted: (ino, waiter, lock) => this.listener?.granted(ino, waiter, lock),
      gone: (ino, waiter) => this.listener?.gone(ino, waiter),
    })
  }

  /** Locks that are managed here, who waits, and which movers manage the file's locks by themselves. */
  describe(ino: number): ReturnType<LockTable['describe']> {
    return this.#table.describe(ino)
  }

  /** See `LockTable`. */
  queue(ino: number): ReturnType<LockTable['queue']> {
    return this.#table.queue(ino)
  }

  /** See `LockTable`. */
  inTheWay(ino: number, place: number, most: number): ReturnType<LockTable['inTheWay']> {
    return this.#table.inTheWay(ino, place, most)
  }

  /** True when clients have or want locks of the file, or a mover decides about them. */
  has(ino: number): boolean {
    return this.#table.has(ino)
  }

  inos(): Iterable<number> {
    return this.#table.inos()
  }

  /** A secondary has come. Clients of one of its name that is gone hear of that from now on: they may still reclaim. */
  admit(mover: MoverId, name: string, send: (message: message) => void): void {
    const place = this.#placeOf(name)
    if (place !== null) this.#table.prolongGrace(place, this.#graceEndMs())
    const [demotion, assertion] = [new LockParts(), new LockParts()]
    this.#peers.set(mover, {
      name,
      send,
      demotion,
      assertion,
      waiting: [],
      unanswered: new Map(),
      progressMs: 0,
      demoting: new Map(),
    })
  }

  /** Nothing of a secondary is left: its clients' locks wait to be reclaimed. */
  gone(mover: MoverId): void {
    const peer = this.#peers.get(mover)
    if (peer === undefined) return
    this.#peers.delete(mover)
    this.#whenRecovered(() => this.#table.forget(mover, this.#grace(this.#placeOf(peer.name))))
  }

  /**
   * This mover has begun to serve, and to tell its clients: only now have they time to reclaim what was noted when the volume was
   * opened, since much may have been waited for.
   */
  serving(): void {
    this.#isServing = true
    for (const period of this.#held) {
      period.isHeld = false
      period.prolong(this.#graceEndMs())
    }
    this.#held = []
  }

  /**
   * All movers have said what they have: who may have lost some in earlier reigns may reclaim it, but nobody of the clients of
   * `survivors`.
   */
  recovered(survivors: readonly string[]): void {
    const { noted } = this.#o
    const periods = Array.from({ length: PLACES }, (_, place) => this.#grace(place))
    let lost = ALL_MOVERS
    for (const name of survivors) lost &= ~(this.#bitOf(name) ?? 0)
    // What was removed is noted no more, and that has perhaps not been told.
    for (const ino of [...this.#table.inos()]) if (!noted.has(ino)) this.#table.drop(ino)
    for (const [ino, movers] of noted) {
      if (!this.#table.isDelegated(ino)) {
        for (const [place, period] of periods.entries())
          if ((movers & lost & (1 << place)) !== 0) this.#table.beginGrace(ino, period)
      }
      if (!this.#table.has(ino)) this.#free.add(ino)
    }
    noted.clear()
    if (!this.#isServing) {
      for (const period of periods) period.isHeld = true
      this.#held = periods
    }
    const postponed = this.#postponed ?? []
    this.#postponed = null
    for (const action of postponed) action()
    this.#table.ready()
    this.#pump()
  }

  /** The file is gone. */
  dropped(ino: number): void {
    if (!this.#table.has(ino)) return
    this.#table.drop(ino)
    this.#schedule()
  }

  /** Carries out what a secondary says; false when it is not about client locks. Throws `SessionError`. */
  received(mover: MoverId, message: message): boolean {
    switch (message.kind) {
      case message_kind.LOCK_ASK:
        this.#askedBy(mover, message.lock_ask)
        return true
      case message_kind.LOCK_DEMOTE:
        this.#demoted(mover, message.lock_demotion)
        return true
      case message_kind.LOCK_ASSERT:
        this.#asserted(mover, message.lock_assertion)
        return true
      default:
        return false
    }
  }

  /** A file that waits for a secondary that has not answered what it was told of it for so long; null: there is none. */
  stuck(mover: MoverId, limitMs: number): Stuck | null {
    const peer = this.#peers.get(mover)
    if (peer === undefined) return null
    const { unanswered, progressMs } = peer
    const nowMs = this.#o.env.monotonicMs()
    for (const [ino, sinceMs] of unanswered) {
      const forMs = nowMs - Math.max(sinceMs, this.#freshMs)
      const isLate = forMs >= limitMs && nowMs - progressMs >= limitMs
      if (!this.#table.waitsFor(ino, mover)) unanswered.delete(ino)
      else if (isLate || forMs >= MOST_EXCUSED * limitMs) return { ino, forMs }
    }
    return null
  }

  /** Nothing before counts for `stuck`: this mover was held up. */
  refresh(): void {
    this.#freshMs = this.#o.env.monotonicMs()
  }

  #askedBy(mover: MoverId, { ino, id, what }: lock_ask): void {
    const op = opOfWire(what)
    if (op.type === 'weaken') this.#peer(mover).unanswered.delete(ino)
    this.#ask(mover, ino, id, op)
  }

  #demoted(mover: MoverId, { ino, given, locks, more }: lock_demotion): void {
    const peer = this.#peer(mover)
    const { demoting, unanswered } = peer
    peer.progressMs = this.#o.env.monotonicMs()
    // What it is carried out behind is not the mover's doing, nor is what it is told meanwhile.
    if (!more) unanswered.delete(ino)
    demoting.set(ino, (demoting.get(ino) ?? 0) + 1)
    const demotion = { ...delegationOfWire(given), locks: peer.demotion.part(ino, locks, more), more }
    this.#asked.run(ino, () => {
      const left = (demoting.get(ino) ?? 0) - 1
      if (left > 0) demoting.set(ino, left)
      else demoting.delete(ino)
      if (this.#peers.has(mover)) this.#whenRecovered(() => this.#table.demote(ino, mover, demotion))
    })
  }

  #asserted(mover: MoverId, { ino, held, locks, waiting, more }: lock_assertion): void {
    const peer = this.#peer(mover)
    for (const { waiter, what } of waiting) peer.waiting.push({ waiter, lock: lockOfWire(what) })
    const all = peer.assertion.take(ino, locks, more)
    if (all === null) return
    const assertion = { delegation: delegationOfWire(held), locks: all, waiting: peer.waiting.splice(0) }
    if (!this.#table.assert(ino, mover, assertion))
      throw new SessionError(`its clients have locks on inode ${ino} that cannot be beside those of others`)
    this.#pump()
  }

  #whenRecovered(action: () => void): void {
    if (this.#postponed !== null) this.#postponed.push(action)
    else {
      action()
      this.#pump()
    }
  }

  /** See `LockNotes`. Who has no place of its own may be any of the movers. */
  #note(ino: number, mover: MoverId): Failure | null {
    const { notes, self } = this.#o
    return notes.noteLocks(ino, this.#bitOf(mover === HOME ? self : this.#peer(mover).name) ?? ALL_MOVERS)
  }

  #bitOf(name: string): number | null {
    const place = this.#placeOf(name)
    return place === null ? null : 1 << place
  }

  #placeOf(name: string): number | null {
    const place = this.#o.movers.indexOf(name)
    return place < 0 ? null : place
  }

  #peer(mover: MoverId): LockPeer {
    return this.#peers.get(mover) as LockPeer
  }

  #ask(mover: MoverId, ino: number, id: number, op: LockOp): void {
    this.#asked.run(ino, () => {
      if (mover !== HOME && !this.#peers.has(mover)) return
      const failure = op.type === 'lock' ? this.#note(ino, mover) : null
      if (failure === null) this.#table.ask(ino, mover, id, op)
      else this.#answer(mover, ino, id, { type: failure === 'STALE' ? 'gone' : 'limit' })
      if (mover !== HOME) this.#pump()
      else {
        // Other news may be for those that this mover's client has still to be done with.
        const answer = this.#table.takeAnswer(HOME, id)
        if (answer !== null) this.#tell(answer)
        this.#schedule()
      }
    })
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#o.env.defer(() => {
      this.#isScheduled = false
      this.#pump()
    })
  }

  #pump(): void {
    this.#table.tell((effect) => this.#tell(effect))
    this.arm()
  }

  #tell(effect: LockEffect): void {
    const { ino } = effect
    if (effect.type === 'free') this.#free.add(ino)
    else if (effect.mover === HOME) this.#tellHome(effect)
    else this.#tellPeer(effect)
  }

  #tellPeer(effect: Exclude<LockEffect, { type: 'free' }>): void {
    const peer = this.#peers.get(effect.mover)
    if (peer === undefined) return
    if (effect.type !== 'owes') peer.send(messageOf(effect))
    const isAnswered = effect.type === 'recall' || effect.type === 'owes'
    if (isAnswered && !peer.demoting.has(effect.ino)) peer.unanswered.set(effect.ino, this.#o.env.monotonicMs())
  }

  #tellHome(effect: Exclude<LockEffect, { type: 'free' }>): void {
    const { holder } = this
    const { ino } = effect
    if (effect.type === 'answer') holder.answered(ino, effect.id, effect.outcome, effect.delegation)
    else if (effect.type === 'handBack') holder.handedBack(ino, effect.id)
    else if (effect.type === 'grant') holder.granted(ino, effect.waiter, effect.delegation)
    else if (effect.type === 'recall') holder.recalled(ino, effect.serial, effect.level)
    else if (effect.type === 'drop') holder.dropped(ino)
  }

  /** Behind what the table has decided before. */
  #answer(mover: MoverId, ino: number, id: number, outcome: LockOutcome): void {
    this.#o.env.defer(() => this.#tell({ type: 'answer', ino, mover, id, outcome, delegation: null }))
  }

  #grace(place: number | null): GracePeriod {
    const { env, graceMs } = this.#o
    return new GracePeriod(this.#graceEndMs(), env.monotonicMs() + MOST_GRACES * graceMs, place)
  }

  #graceEndMs(): number {
    return this.#o.env.monotonicMs() + this.#o.graceMs
  }

  /** Time is looked at while something depends on it: called when locks may have been given up. */
  arm(): void {
    const isNeeded = this.#table.needsTicks || this.holder.hasQuiet || this.#free.size > 0
    if (!isNeeded || this.#cancelTick !== null) return
    this.#cancelTick = this.#o.env.timer(TICK_MS, () => {
      this.#cancelTick = null
      const nowMs = this.#o.env.monotonicMs()
      this.#table.tick(nowMs)
      this.holder.tick(nowMs)
      if (!this.#table.isInGrace) this.#forget()
      this.#pump()
    })
  }

  /** While anybody may reclaim anything all notes are kept; those of files that are locked again and again are, too. */
  #forget(): void {
    const isFree = (ino: number): boolean => !this.#table.has(ino)
    const quiet = [...this.#free].filter((ino) => !this.#table.isContended(ino))
    for (const ino of quiet) this.#free.delete(ino)
    const inos = quiet.filter(isFree)
    for (let at = 0; at < inos.length; at += FORGOTTEN_AT_ONCE)
      this.#o.notes.forgetLocks(inos.slice(at, at + FORGOTTEN_AT_ONCE), isFree)
  }
}

function messageOf(effect: Exclude<LockEffect, { type: 'free' | 'owes' }>): message {
  const { ino } = effect
  switch (effect.type) {
    case 'answer': {
      const { id, outcome, delegation } = effect
      const lock_answer = { ino, id, outcome: wireOutcome(outcome), given: wireGiven(delegation) }
      return { kind: message_kind.LOCK_ANSWER, lock_answer }
    }
    case 'handBack':
      return { kind: message_kind.LOCK_BACK, lock_back: { ino, id: effect.id } }
    case 'grant': {
      const { waiter, delegation } = effect
      return { kind: message_kind.LOCK_GRANT, lock_grant: { ino, waiter, given: wireGiven(delegation) } }
    }
    case 'recall': {
      const { serial, level } = effect
      return { kind: message_kind.LOCK_RECALL, lock_recall: { ino, to: wireDelegation({ serial, level }) } }
    }
    case 'drop':
      return { kind: message_kind.LOCK_DROP, lock_drop: { ino } }
  }
}
