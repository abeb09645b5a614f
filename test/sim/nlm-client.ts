import {
  NLM4_VERS_codecs,
  type nlm4_lockargs,
  type nlm4_res,
  nlm4_stats,
  type nlm4_testargs,
} from '../../protocol/nlm4/nlm.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import type { Attempt, Id } from './failure-attempts.ts'
import { type CallSite, callUntilAnswered } from './failure-call.ts'
import { Violation } from './failure-checks.ts'
import type { SentCall } from './failure-door.ts'
import type { Slot } from './failure-host.ts'
import type { SimulatedMover } from './failure-mover.ts'
import { type Belief, type LockLedger, shown } from './lock-ledger.ts'
import type { LockingHost, LockServer } from './nlm-server.ts'
import { isAbout, lockArgs, STATS, type Wanted } from './nlm-words.ts'

const { NLM4_GRANTED, NLM4_BLOCKED, NLM4_DENIED_GRACE_PERIOD } = nlm4_stats
const { NLMPROC4_LOCK, NLMPROC4_UNLOCK, NLMPROC4_CANCEL } = NLM4_VERS_codecs
/** After an answer that it is a time of grace. */
const GRACE_RETRY_MS = 150
/** Chance that a client goes to another mover when its own has died, and how late it notices that. */
const MOVE_CHANCE = 0.25
const NOTICE_MS = 30

export interface LockingSite extends CallSite {
  readonly ledger: LockLedger
  readonly graceMs: number
  /** Of a mover that serves. */
  serverOf(mover: SimulatedMover): LockServer
}

/** A lock that a client has, or has lost with its mover and has not given up yet. */
export interface OwnLock extends Belief {
  readonly file: Id
  /** How often others may have had it meanwhile. */
  lapses: number
  lapsed: () => void
}

/** What a client waits for. */
interface Waiting {
  readonly wanted: Wanted
  readonly ask: () => void
  readonly done: (stat: nlm4_stats) => void
  /** Who has said that it must wait. */
  blockedAt: SimulatedMover | null
  /** Who has said that it has it, which may come before that. */
  grantedBy: SimulatedMover | null
  isCancelled: boolean
}

/**
 * The lock manager of a client, as Linux has it: its locks are at one mover, and it waits there until it is told. When it is
 * told that this mover has started anew, it reclaims what it had, one after the other, then asks again for what it waits for.
 * Sometimes it does so at another mover instead, as soon as its own has died.
 */
export class NlmClient implements LockingHost {
  readonly number: number
  readonly name: string
  readonly address: string
  readonly locks: OwnLock[] = []
  home: Slot
  /** Something is under way that is reclaimed. */
  isRecovering = false
  readonly #site: LockingSite
  #waiting: Waiting | null = null
  /** Its own number of this start, as lock managers have it: odd, and larger than before. */
  #state = 1
  #lastXid = 0
  /** The mover that its locks are to be at now, as far as it knows, is another one than where they were. */
  #hasMoved = false

  constructor(number: number, site: LockingSite) {
    this.number = number
    this.name = `client ${number}`
    this.address = `10.0.0.${number}`
    this.#site = site
    this.home = site.random.pick(site.host.slots)
  }

  /** A call of this client, which may be carried out twice. */
  sent<T>(attempt: Attempt<T>): SentCall<T> {
    return { client: this.number, xid: ++this.#lastXid, isOnce: false, attempt }
  }

  /** It waits for a lock that others have. */
  get isBlocked(): boolean {
    return this.#waiting !== null && this.#waiting.blockedAt !== null && !this.#waiting.isCancelled
  }

  /** Some of its locks are lost, unless it reclaims them. */
  get hasLost(): boolean {
    return this.isRecovering || this.locks.some(({ mover }) => mover.process.isDead)
  }

  /** `done` is told what has become of it, when that is no more BLOCKED; DENIED when it has been cancelled. */
  lock(wanted: Wanted, mayWait: boolean, done: (stat: nlm4_stats) => void): void {
    const { file } = wanted
    const own = this.#find(wanted)
    // Less than it has it has from now on.
    if (own !== undefined && !wanted.isExclusive) own.isExclusive = false
    const answered = (stat: nlm4_stats, mover: SimulatedMover): void => {
      if (stat === NLM4_BLOCKED && waiting !== null) {
        waiting.blockedAt = mover
        if (waiting.grantedBy === mover) this.#take(waiting)
        return
      }
      this.#waiting = null
      if (stat === NLM4_GRANTED) this.#have(wanted, mover)
      done(stat)
    }
    const ask = (): void =>
      this.#ask(
        `locks ${shown({ ...wanted, ...file })}`,
        file,
        NLMPROC4_LOCK,
        () => this.#args(wanted, mayWait),
        answered,
      )
    const waiting: Waiting | null = mayWait
      ? { wanted, ask, done, blockedAt: null, grantedBy: null, isCancelled: false }
      : null
    this.#waiting = waiting
    ask()
  }

  unlock(lock: OwnLock, done: () => void): void {
    this.#end(lock)
    this.#unlock(lock, done)
  }

  /** It does not wait any longer, if it still does; what it may have got meanwhile it gives back. */
  cancel(): void {
    const waiting = this.#waiting
    if (waiting === null || !this.isBlocked) return
    const { wanted, done } = waiting
    this.#count('cancels')
    waiting.isCancelled = true
    this.#ask(
      'cancels',
      wanted.file,
      NLMPROC4_CANCEL,
      () => this.#args(wanted, true),
      () => {
        this.#waiting = null
        const own = this.#find(wanted)
        if (own !== undefined) this.#end(own)
        this.#unlock(wanted, () => done(nlm4_stats.NLM4_DENIED))
      },
    )
  }

  /** The client starts anew: it has nothing any more, and says so to its mover. Nothing may be under way but waiting. */
  restart(done: () => void): void {
    for (const lock of [...this.locks]) this.#end(lock)
    this.#waiting = null
    this.#state += 2
    const attemptAt = (server: LockServer) => (): boolean => {
      server.nlm.restarts.heard(this.name, this.#state, server.callFrom(this.address))
      return true
    }
    this.#call('has started anew', 0, attemptAt, done)
  }

  // What it is told

  granted({ alock }: nlm4_testargs, mover: SimulatedMover): boolean {
    const waiting = this.#waiting
    // Of which kind it is nobody looks.
    const isIts =
      waiting !== null && isAbout(alock, this.#state, waiting.wanted) && (waiting.blockedAt ?? mover) === mover
    this.#site.trace.note(`${this.name} is told by ${mover.name} that it has a lock: ${isIts}`)
    if (!isIts) return false
    const isNews = waiting.grantedBy !== mover
    waiting.grantedBy = mover
    if (isNews && waiting.blockedAt === mover && !waiting.isCancelled) this.#take(waiting)
    return true
  }

  notified(mover: SimulatedMover): void {
    this.#site.trace.note(`${this.name} is told that ${mover.name} has started`)
    this.#count('notices')
    if (this.home.name !== mover.incarnation.name) return
    this.#hasMoved = false
    this.#recover()
  }

  /** A mover has died. What it had granted is protected for a while. */
  died(mover: SimulatedMover): void {
    const { env, random, graceMs, host } = this.#site
    if (this.home.mover !== mover) return
    env.work(graceMs, () => this.#timeIsOver(mover))
    if (!random.chance(MOVE_CHANCE)) return
    const home = random.pick(host.slots)
    env.work(random.float() * NOTICE_MS, () => {
      if (this.home.mover !== null && this.home.mover !== mover) return
      this.#hasMoved = this.home !== home
      this.home = home
      if (this.#hasMoved) this.#recover()
    })
  }

  // Reclaiming

  #recover(): void {
    if (this.isRecovering) return
    const lost = this.locks.find(({ mover }) => mover.process.isDead)
    if (lost !== undefined) {
      this.isRecovering = true
      this.#reclaim(lost)
      return
    }
    // Who has been told to wait by a mover that is dead waits for nothing.
    const waiting = this.#waiting
    if (waiting === null || waiting.isCancelled || waiting.blockedAt?.process.isDead !== true) return
    waiting.blockedAt = null
    waiting.grantedBy = null
    waiting.ask()
  }

  #reclaim(lock: OwnLock): void {
    const { ledger, env, random } = this.#site
    const { file, lapses } = lock
    const args = (): nlm4_lockargs => ({ ...this.#args(lock, false), reclaim: true })
    const next = (): void => {
      this.isRecovering = false
      this.#recover()
    }
    const answered = (stat: nlm4_stats, mover: SimulatedMover): void => {
      const isInTime = ledger.isValid(lock) && lock.lapses === lapses
      if (!this.locks.includes(lock)) {
        // It has unlocked it meanwhile: that comes behind.
        next()
      } else if (stat === NLM4_GRANTED) {
        this.#count(this.#hasMoved ? 'reclaims elsewhere' : 'reclaims')
        lock.mover = mover
        ledger.got(lock, !isInTime)
        next()
      } else if (isInTime && this.#hasMoved && stat === NLM4_DENIED_GRACE_PERIOD) {
        // Nobody may have noticed yet that its mover is gone.
        env.work(random.float() * GRACE_RETRY_MS, () => this.#reclaim(lock))
      } else if (isInTime) {
        throw new Violation(`${this.name} may reclaim ${shown(lock)}, and is told ${STATS[stat]}`, lock.ino)
      } else {
        this.#count('failed reclaims')
        this.#end(lock)
        next()
      }
    }
    this.#ask(`reclaims ${shown(lock)}`, file, NLMPROC4_LOCK, args, answered, true)
  }

  /** What it has not reclaimed by now others may have; what it is reclaiming may still come back. */
  #timeIsOver(mover: SimulatedMover): void {
    for (const lock of [...this.locks]) {
      if (lock.mover !== mover) continue
      lock.lapse()
      if (this.isRecovering) continue
      this.#count('lost locks')
      this.#end(lock)
    }
  }

  // Calls

  #have({ file, first, end, isExclusive }: Wanted, mover: SimulatedMover): void {
    const { ledger } = this.#site
    let lock = this.#find({ file, first, end })
    if (lock === undefined) {
      const made: OwnLock = {
        client: this.number,
        ino: file.ino,
        file,
        first,
        end,
        isExclusive,
        mover,
        untilMs: 0,
        lapses: 0,
        lapsed: () => {},
        lapse: () => {
          made.lapses++
          made.lapsed()
        },
      }
      lock = made
      this.locks.push(lock)
    }
    lock.isExclusive = isExclusive
    lock.mover = mover
    this.#count('granted')
    ledger.got(lock, false)
  }

  #take(waiting: Waiting): void {
    this.#waiting = null
    this.#count('granted later')
    this.#have(waiting.wanted, waiting.grantedBy as SimulatedMover)
    waiting.done(NLM4_GRANTED)
  }

  #find({ file, first, end }: Pick<Wanted, 'file' | 'first' | 'end'>): OwnLock | undefined {
    return this.locks.find((one) => one.file === file && one.first === first && one.end === end)
  }

  /** It believes no more to have it. */
  #end(lock: OwnLock): void {
    lock.lapse()
    this.#site.ledger.ended(lock)
    this.locks.splice(this.locks.indexOf(lock), 1)
  }

  #unlock(range: Pick<Wanted, 'file' | 'first' | 'end'>, done: () => void): void {
    const { file, first, end } = range
    const args = (): nlm4_lockargs => this.#args({ ...range, isExclusive: false }, false)
    this.#ask(`unlocks [${first}, ${end}) of ${file.ino}`, file, NLMPROC4_UNLOCK, args, (stat) => {
      if (stat !== NLM4_GRANTED) throw new Violation(`${this.name} unlocks, and is told ${STATS[stat]}`, file.ino)
      done()
    })
  }

  /** A call about a file; in times of grace again and again. */
  #ask<Args>(
    what: string,
    file: Id,
    codec: ProcedureCodec<string, Args, nlm4_res>,
    args: () => Args,
    answered: (stat: nlm4_stats, mover: SimulatedMover) => void,
    takesGrace = false,
  ): void {
    const { env, random, trace } = this.#site
    const state = this.#state
    const begin = (): void => {
      if (state !== this.#state) return
      this.#call(
        what,
        file.ino,
        (server) => server.asking(codec, args(), this.address),
        ({ stat }, mover) => {
          trace.note(`${this.name} is answered ${STATS[stat]}`, file.ino)
          if (state !== this.#state) return
          if (stat === NLM4_DENIED_GRACE_PERIOD && !takesGrace) env.work(GRACE_RETRY_MS * (0.5 + random.float()), begin)
          else answered(stat, mover)
        },
      )
    }
    begin()
  }

  #call<T>(
    what: string,
    ino: number,
    attemptAt: (server: LockServer) => Attempt<T>,
    done: (value: T, mover: SimulatedMover) => void,
  ): void {
    const site = this.#site
    let at: LockServer | null = null
    callUntilAnswered<T>(site, {
      who: this.name,
      what,
      ino,
      call: this.sent((service, op) => attemptAt(at as LockServer)(service, op)),
      slot: () => this.home,
      away: () => {},
      sent: (mover) => {
        at = site.serverOf(mover)
      },
      answered: ({ failure, value }, mover) => {
        if (failure !== null) throw new Violation(`${this.name} ${what} at ${mover.name}: ${failure}`, ino)
        done(value as T, mover)
      },
    })
  }

  #args(wanted: Wanted, block: boolean): nlm4_lockargs {
    return lockArgs(this.name, this.#state, wanted, block)
  }

  #count(what: string): void {
    const { counts } = this.#site
    counts[what] = (counts[what] ?? 0) + 1
  }
}
