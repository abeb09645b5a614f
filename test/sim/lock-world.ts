import type { LockEffect } from '../../mover/locks/client-lock.ts'
import { GracePeriod } from '../../mover/locks/lock-grace.ts'
import { LockTable } from '../../mover/locks/lock-table.ts'
import { Random } from '../crash/random.ts'
import { LockClients, type LockCounts } from './lock-clients.ts'
import { type Message, SimMover, type Told, toText } from './lock-mover.ts'
import { describe, type SimOwner, Violation } from './lock-owner.ts'

const MOVERS = 3
const QUIET_STEPS = 20_000
const GRACE_MS = 400
/** Longer than a delegation of a file without locks is kept. */
const LONG_MS = 12_000

export interface LockWorldOptions {
  readonly seed: number
  readonly files: number
  /** Things that clients do before the world comes to rest. */
  readonly operations: number
  /** Of a hundred steps so many are something that a client does. */
  readonly begin: number
  /** Most clients use a file that clients of other movers seldom use. */
  readonly isApart: boolean
  /** Clients do not keep their locks for long: often nobody has any of a file. */
  readonly isInTurn: boolean
  /** See `LockLimits`. */
  readonly toldAtOnce: number
}

/** What was seen of movers and their messages. */
export interface LockWorldCounts extends LockCounts {
  recalls: number
  demotions: number
  handBacks: number
  delegatedAll: number
  delegatedShared: number
  lent: number
  crashes: number
  takeOvers: number
  dropped: number
}

/** The primary of a reign. */
interface Primary {
  readonly home: SimMover
  readonly table: LockTable
  /** Movers that have not asserted yet what they have. */
  readonly awaited: Set<number>
  isReady: boolean
}

/**
 * Clients of several movers that lock a few files, over messages that take any time; movers die, the primary too. What the
 * clients are told must fit together at every moment; in the end all are answered.
 */
export class LockWorld {
  readonly counts: LockWorldCounts
  /** Of all that has happened: the same for the same seed. */
  digest = 0
  readonly #options: LockWorldOptions
  readonly #random: Random
  readonly #clients: LockClients
  readonly #files: number[]
  readonly #gone = new Set<number>()
  #movers: SimMover[] = []
  /** Dead, and not fenced yet. */
  #dead: SimMover[] = []
  #primary: Primary | null = null
  /** Files that clients may have locked: durable. */
  readonly #noted = new Set<number>()
  /** Files that may have been noted, and that nobody has locks of any more. */
  readonly #free = new Set<number>()
  #lastId = -1
  #lastIno: number
  #nowMs = 0
  readonly #trace: string[] = []

  constructor(options: LockWorldOptions) {
    this.#options = options
    this.#random = new Random(options.seed)
    this.#clients = new LockClients(this.#random, (line) => this.#note(line))
    const more = { recalls: 0, demotions: 0, handBacks: 0, delegatedAll: 0, delegatedShared: 0, lent: 0 }
    this.counts = Object.assign(this.#clients.counts, { ...more, crashes: 0, takeOvers: 0, dropped: 0 })
    this.#files = Array.from({ length: options.files }, (_, i) => i + 1)
    this.#lastIno = options.files
    for (let i = 0; i < MOVERS; i++) this.#addMover()
    this.#reign(this.#movers[0])
  }

  /** Plays until everything is at rest. Throws a `Violation` with the last messages. */
  run(): void {
    try {
      while (this.counts.operations < this.#options.operations) this.#step(true)
      for (let i = 0; this.#isBusy(); i++) {
        if (i === QUIET_STEPS) throw new Violation(`somebody waits for ever: ${this.#describe()}`)
        this.#step(false)
      }
      this.#rest()
    } catch (error) {
      const trace = this.#trace.slice(-80).join('\n')
      throw new Violation(`${(error as Error).message}\n${trace}`, { cause: error })
    }
  }

  #step(mayBegin: boolean): void {
    const random = this.#random
    const mover = random.pick(this.#movers)
    this.#nowMs += random.below(5)
    const dice = random.below(1000)
    if (mayBegin && random.below(100) < this.#options.begin) this.#doSomething(mover)
    else if (mayBegin && dice < 4) this.#seldom(mover)
    else if (dice < 20) this.#tick()
    else if (dice < 60) this.#recover()
    else if (!mayBegin && dice < 300) this.#unlockOne()
    else if (dice < 620) this.#deliverUp(random.pick([...this.#movers, ...this.#dead]))
    else this.#deliverDown(mover)
    // What comes of what the primary's own clients ask is told a moment later.
    if (!mayBegin || random.chance(0.5)) this.#tell()
    this.#checkDelegations()
  }

  #doSomething(mover: SimMover): void {
    if (this.#options.isInTurn && this.#random.chance(0.7)) this.#unlockOne()
    else this.#act(mover)
  }

  #unlockOne(): void {
    this.#clients.unlockOne(({ mover }) => this.#movers.some(({ id }) => id === mover))
  }

  #act(mover: SimMover): void {
    const owner = this.#random.pick(this.#ownersAt(mover))
    const isAtHome = this.#options.isApart && this.#random.chance(0.9)
    const ino = isAtHome ? this.#files[mover.id % this.#files.length] : this.#random.pick(this.#files)
    this.#clients.act(owner, ino)
  }

  #ownersAt(mover: SimMover): SimOwner[] {
    return this.#clients.owners.filter((owner) => owner.mover === mover.id)
  }

  #seldom(mover: SimMover): void {
    const dice = this.#random.below(10)
    if (dice < 3) this.#crash(mover)
    else if (dice < 5) this.#drop(this.#random.below(this.#files.length))
    else if (dice < 8) this.#clients.release(this.#random.pick(this.#ownersAt(mover)))
    else this.#nowMs += LONG_MS
  }

  /** A mover dies with all its clients; another one takes its place. */
  #crash(mover: SimMover): void {
    this.counts.crashes++
    this.#note(`${mover.id} crashes`)
    this.#movers = this.#movers.filter((one) => one !== mover)
    this.#dead.push(mover)
    if (mover === this.#primary?.home) {
      this.#primary = null
      for (const one of [...this.#movers, ...this.#dead]) one.cut()
    }
    this.#addMover()
  }

  #addMover(): void {
    const id = ++this.#lastId
    const mover = new SimMover(id, this.#options.toldAtOnce, (ino, waiter) => this.#clients.granted(id, ino, waiter))
    this.#clients.addMover(id, mover.holder)
    this.#movers.push(mover)
    if (this.#primary === null) mover.cut()
    else if (!this.#primary.isReady) {
      this.#primary.awaited.add(id)
      mover.join()
    }
  }

  /** What is to be done after a death is done some time later. */
  #recover(): void {
    if (this.#primary === null) this.#reign(this.#random.pick(this.#movers))
    else if (this.#dead.length > 0) this.#fence(this.#dead[0], this.#primary)
    else {
      const { id, holder } = this.#random.pick(this.#movers)
      this.#clients.reclaim(id, holder, !this.#primary.isReady || this.#primary.table.isInGrace)
    }
  }

  #fence(mover: SimMover, { table, awaited }: Primary): void {
    // What is still to be told to it is from before that.
    this.#tell()
    this.#note(`${mover.id} is gone`)
    this.#dead = this.#dead.filter((one) => one !== mover)
    const untilMs = this.#nowMs + GRACE_MS
    this.#clients.forget(mover.id, untilMs)
    awaited.delete(mover.id)
    table.forget(mover.id, new GracePeriod(untilMs))
    this.#tell()
    this.#beginReign()
  }

  /** A mover is the primary from now on: all say what they have. */
  #reign(home: SimMover): void {
    this.#note(`${home.id} is the primary`)
    this.#clients.lost.end(this.#nowMs)
    if (this.#dead.length > 0) this.counts.takeOvers++
    for (const { id } of this.#dead) this.#clients.forget(id, this.#nowMs + GRACE_MS)
    this.#dead = []
    const awaited = new Set(this.#movers.map(({ id }) => id))
    this.#primary = { home, table: new LockTable(), awaited, isReady: false }
    home.atHome = (message) => this.#atHome(home, message)
    for (const mover of this.#movers) mover.join()
  }

  /** All have said what they have: what others may have lost waits to be reclaimed. */
  #beginReign(): void {
    const primary = this.#primary
    if (primary === null || primary.isReady || primary.awaited.size > 0) return
    const { table } = primary
    primary.isReady = true
    const grace = new GracePeriod(this.#nowMs + GRACE_MS)
    for (const ino of this.#noted) {
      if (!table.isDelegated(ino)) table.beginGrace(ino, grace)
      if (!table.has(ino)) this.#free.add(ino)
    }
    table.ready()
    for (const mover of this.#movers) this.#send(mover, { type: 'ready' })
    this.#tell()
  }

  #tick(): void {
    for (const { holder } of this.#movers) holder.tick(this.#nowMs)
    if (this.#primary === null) return
    const { table } = this.#primary
    this.#clients.lost.end(this.#nowMs)
    table.tick(this.#nowMs)
    this.#tell()
    // While anybody may reclaim anything all notes are kept.
    if (!this.#primary.isReady || table.isInGrace) return
    for (const ino of this.#free) if (!table.has(ino)) this.#noted.delete(ino)
    this.#free.clear()
  }

  #drop(at: number): void {
    if (this.#primary?.isReady !== true) return
    const ino = this.#files[at]
    this.counts.dropped++
    this.#note(`${ino} is removed`)
    this.#gone.add(ino)
    this.#clients.drop(ino)
    this.#files[at] = ++this.#lastIno
    this.#primary.table.drop(ino)
    this.#tell()
  }

  #deliverUp(mover: SimMover): void {
    // What is told in parts is told by and by.
    if (mover.isPaused && this.#random.chance(0.5)) mover.goOn()
    const message = this.#primary === null ? undefined : mover.toPrimary.shift()
    if (message !== undefined) this.#hear(mover, message)
  }

  #hear(mover: SimMover, message: Message): void {
    this.#note(`${mover.id} -> ${toText(message)}`)
    const { table, awaited, home } = this.#primary as Primary
    if (message.type === 'asserted') {
      awaited.delete(mover.id)
      this.#beginReign()
      return
    }
    const { ino } = message
    if (this.#gone.has(ino)) this.#refuse(mover, message)
    else if (message.type === 'ask') this.#ask(mover, message)
    else if (message.type === 'demote') {
      this.counts.demotions++
      table.demote(ino, mover.id, message.demotion)
    } else if (!table.assert(ino, mover.id, message.assertion)) {
      throw new Violation(`mover ${mover.id} asserts of file ${ino} what others have`)
    }
    if (mover !== home) this.#tell()
  }

  /**
   * The primary's own holder says something: carried out at once, but for what must wait until it is durable that the file
   * is locked, and what is asked behind that.
   */
  #atHome(home: SimMover, message: Message): void {
    const isBehind = home.toPrimary.some((other) => 'ino' in other && 'ino' in message && other.ino === message.ino)
    const mustWait = message.type === 'ask' && (isBehind || (message.op.type === 'lock' && this.#random.chance(0.3)))
    if (mustWait) home.toPrimary.push(message)
    else this.#hear(home, message)
  }

  #ask(mover: SimMover, { ino, id, op }: Extract<Message, { type: 'ask' }>): void {
    const { table, home } = this.#primary as Primary
    if (op.type === 'lock') this.#noted.add(ino)
    table.ask(ino, mover.id, id, op)
    const answer = mover === home ? table.takeAnswer(mover.id, id) : null
    if (answer !== null) this.#tellOne(answer)
  }

  /** The file is gone. */
  #refuse(mover: SimMover, message: Message): void {
    if (message.type === 'assert') this.#send(mover, { type: 'drop', ino: message.ino, mover: mover.id })
    if (message.type !== 'ask') return
    const { ino, id } = message
    const outcome = { type: 'gone' } as const
    this.#send(mover, { type: 'answer', ino, mover: mover.id, id, outcome, delegation: null })
  }

  #tell(): void {
    this.#primary?.table.tell((effect) => this.#tellOne(effect))
  }

  #tellOne(effect: LockEffect): void {
    if (effect.type === 'free') {
      this.#free.add(effect.ino)
      return
    }
    // Only who watches over answers has to know.
    if (effect.type === 'owes') return
    if (effect.type === 'recall') this.counts.recalls++
    if (effect.type === 'handBack') this.counts.handBacks++
    if ((effect.type === 'answer' || effect.type === 'grant') && effect.delegation !== null) {
      const { level, isBrief } = effect.delegation
      if (isBrief) this.counts.lent++
      this.counts[level === 'all' ? 'delegatedAll' : 'delegatedShared']++
    }
    const mover = this.#movers.find(({ id }) => id === effect.mover)
    if (mover !== undefined) this.#send(mover, effect)
    else if (this.#dead.every(({ id }) => id !== effect.mover)) {
      throw new Violation(`mover ${effect.mover} is gone, and is told something`)
    }
  }

  /** To the primary's own mover nothing is under way. */
  #send(mover: SimMover, told: Told): void {
    if (mover === this.#primary?.home) this.#hearDown(mover, told)
    else mover.fromPrimary.push(told)
  }

  #deliverDown(mover: SimMover): void {
    const told = mover.fromPrimary.shift()
    if (told !== undefined) this.#hearDown(mover, told)
  }

  #hearDown(mover: SimMover, told: Told): void {
    this.#note(`${mover.id} <- ${toText(told)}`)
    mover.hear(told)
  }

  /** Who decides about all of a file's locks does so alone; what was lent is given back with the last lock. */
  #checkDelegations(): void {
    const movers = [...this.#movers, ...this.#dead]
    for (const ino of this.#files) {
      const levels = movers.map(({ holder }) => holder.levelOf(ino)).filter((level) => level !== 'none')
      if (levels.length > 1 && levels.includes('all'))
        throw new Violation(`several movers decide about ${ino}: ${levels}`)
    }
    for (const { id, holder, lent } of this.#movers) {
      for (const ino of lent) {
        if (this.#gone.has(ino)) continue
        const isIdle =
          holder.locksOf(ino).length + holder.waitingOf(ino).length === 0 && !this.#clients.isAsking(id, ino)
        if (isIdle && holder.levelOf(ino) !== 'none')
          throw new Violation(`mover ${id} keeps file ${ino}, which was lent`)
      }
    }
  }

  #isBusy(): boolean {
    if (this.#dead.length > 0 || this.#primary?.isReady !== true || this.#clients.isBusy) return true
    return this.#movers.some(
      ({ toPrimary, fromPrimary, isPaused }) => isPaused || toPrimary.length + fromPrimary.length > 0,
    )
  }

  /** When nobody has or wants a lock, all delegations go back, and nothing is remembered. */
  #rest(): void {
    for (let i = 0; i < 3; i++) {
      this.#nowMs += LONG_MS
      this.#tick()
      while (this.#isBusy()) {
        this.#deliverUp(this.#random.pick(this.#movers))
        this.#deliverDown(this.#random.pick(this.#movers))
        this.#tell()
      }
    }
    const left = [...(this.#primary as Primary).table.inos()]
    if (left.length > 0) throw new Violation(`the primary still knows of file ${left[0]}`)
    for (const { id, holder } of this.#movers) {
      const [ino] = holder.inos()
      if (ino !== undefined) throw new Violation(`mover ${id} still knows of file ${ino}`)
    }
    const [noted] = [...this.#noted].filter((ino) => !this.#gone.has(ino))
    if (noted !== undefined) throw new Violation(`file ${noted} is still noted`)
  }

  #describe(): string {
    const { table } = this.#primary as Primary
    const waiting = [...table.inos()].map(
      (ino) => `${ino}: ${table.describe(ino).waiting.map(({ mover, lock }) => `${mover} ${describe(lock)}`)}`,
    )
    return [...waiting, this.#clients.describe()].join('; ')
  }

  #note(line: string): void {
    for (let i = 0; i < line.length; i++) this.digest = (Math.imul(this.digest, 31) + line.charCodeAt(i)) >>> 0
    this.#trace.push(line)
    if (this.#trace.length > 400) this.#trace.splice(0, 200)
  }
}
