import type { Incarnation, VolumeRole } from '../../mover/host/channel.ts'
import { Elections } from '../../mover/host/elections.ts'
import { AnswerWatch, startBeat } from '../../mover/host/lease.ts'
import { PagePool } from '../../mover/store/page-pool.ts'
import type { Resume } from '../../mover/task.ts'
import { SimulatedMover, type Site } from './failure-mover.ts'
import type { Process } from './process.ts'
import { type StreamEnd, streamPair } from './stream-pair.ts'

const CHANNEL_MS = 1
/** A mover that is not serving yet may be silent for so long. */
const START_LIMIT_MS = 30_000
const RESTART_MS = 100
/** A connection that is made may have to wait for so long until it is accepted. */
const SLOW_ACCEPT_CHANCE = 0.1
const SLOW_ACCEPT_MS = 1500
/** The kernel takes so long for a dead process' last thread. */
const FENCE_MS = 5
const SLOW_FENCE_CHANCE = 0.2
const SLOW_FENCE_MS = 800
/** Writing down a term takes so long. */
const TERM_MS = 4
const VOLUME = 'share'

/** Movers by name, with their file pages. One world at a time: memory is used again. */
const MOVERS = [
  ['a', new PagePool(256)],
  ['b', new PagePool(64)],
  ['c', new PagePool(256)],
  ['d', new PagePool(96)],
] as const

/** A mover over all its processes: one at a time, or none. */
export class Slot {
  readonly name: string
  readonly pool: PagePool
  mover: SimulatedMover | null = null
  isServing = false
  /** The supervisor has killed it, and waits until nothing of it is left. */
  isKilled = false
  watch = new AnswerWatch()
  /** Nothing that it is told arrives earlier than this: its channel keeps order. */
  channelMs = 0
  readonly underWay: (() => void)[] = []

  constructor(name: string, pool: PagePool) {
    this.name = name
    this.pool = pool
  }
}

export interface HostOptions extends Site {
  movers: number
  volumeUuid: Uint8Array
  /** A mover's process has been made. */
  born: (mover: SimulatedMover) => void
  /** A mover's process has died. */
  died: (mover: SimulatedMover) => void
  /** A mover that serves is to be the next primary. */
  elected: (mover: SimulatedMover) => void
}

/** Movers and their supervisor, with the rules of the product's `Fleet` and `MoverProcess`. */
export class SimulatedHost {
  readonly slots: Slot[]
  readonly #o: HostOptions
  #elections: Elections
  /** The last one that is written down. */
  #term = 0
  /** That of the last reign. */
  #toldTerm = 0
  #lastIncarnation = 0
  /** When the power fails, what the supervisor was about to do is gone with it. */
  #era = 0
  #endBeat: () => void = () => {}

  constructor(options: HostOptions) {
    this.#o = options
    this.slots = MOVERS.slice(0, options.movers).map(([name, pool]) => new Slot(name, pool))
    this.#elections = this.#newElections()
  }

  /** Of the mover that is, or was last, or is to be, the primary. */
  get primarySlot(): Slot {
    return this.#slot(this.#elections.primaries.get(VOLUME) as string)
  }

  get primary(): SimulatedMover | null {
    return this.primarySlot.mover
  }

  /** Movers that hold something for their clients; the primary, if it was elected, among them. */
  get holders(): SimulatedMover[] {
    return this.slots.flatMap(({ mover }) => (mover === null || mover.authority === null ? [] : [mover]))
  }

  /** True when all movers serve. */
  get isWhole(): boolean {
    return this.slots.every(({ mover, isServing }) => mover !== null && isServing && !mover.process.isDead)
  }

  start(): void {
    const { leaseMs, env } = this.#o
    this.#endBeat = startBeat(leaseMs, env, (nowMs, wasLate) => {
      for (const slot of this.slots) this.#beat(slot, nowMs, wasLate)
    })
    this.#elections = this.#newElections()
    this.#launch(this.slots)
  }

  /** The power fails, for all that is on the host; it comes back at once. */
  cutPower(): void {
    const { store, env } = this.#o
    this.#endBeat()
    for (const slot of this.slots) {
      slot.mover?.process.die()
      slot.mover = null
      slot.isServing = false
    }
    this.#era++
    store.cutPower(env.random)
    this.start()
  }

  #slot(name: string): Slot {
    return this.slots.find((slot) => slot.name === name) as Slot
  }

  /** As `Fleet`. */
  #newElections(): Elections {
    return new Elections({
      volumes: [VOLUME],
      movers: this.slots.map(({ name }) => name),
      serving: () => this.slots.filter(({ isServing, isKilled }) => isServing && !isKilled).map(({ name }) => name),
      lives: (name) => this.#slot(name).mover !== null,
      raise: (_, resume) => this.#raise(resume),
      elected: () => this.#elected(),
    })
  }

  #raise(resume: Resume<void>): void {
    this.#later(TERM_MS, () => {
      this.#term++
      resume(null)
    })
  }

  /** As `Fleet.#elected`. */
  #elected(): void {
    const { store, trace, elected, wrong } = this.#o
    const { primarySlot: slot } = this
    trace.note(`${slot.name} is primary in term ${this.#term}`)
    if (this.#term === this.#toldTerm) wrong('a reign is told of in the term of the last one')
    this.#toldTerm = this.#term
    // That was the last primary's alone.
    store.forgetMemory()
    const holders = this.#incarnations()
    for (const one of this.slots) {
      const role = this.#role(one)
      this.#tell(one, (m) => m.reigns(role, holders))
    }
    if (slot.mover !== null) elected(slot.mover)
  }

  #role({ name }: Slot): VolumeRole {
    const primary = this.primarySlot.name
    return { volume: VOLUME, role: name === primary ? 'primary' : 'secondary', primary, term: this.#toldTerm }
  }

  #incarnations(): Incarnation[] {
    return this.slots.flatMap(({ mover }) => (mover === null ? [] : [mover.incarnation]))
  }

  /** As `Fleet.#launch`. */
  #launch(slots: readonly Slot[]): void {
    this.#elections.elect(
      slots.map(({ name }) => name),
      (error) => {
        if (error !== null) throw error
        this.#start(slots)
      },
    )
  }

  #start(slots: readonly Slot[]): void {
    for (const slot of slots) this.#spawn(slot)
    const movers = this.#incarnations()
    const holders = movers.filter(({ name }) => !slots.some((slot) => slot.name === name))
    for (const slot of slots) {
      const mover = slot.mover as SimulatedMover
      for (const other of this.slots) if (!slots.includes(other)) this.#tell(other, (m) => m.started(mover.incarnation))
      // It takes longer to come than the news of it.
      slot.channelMs = Math.max(...this.slots.map(({ channelMs }) => channelMs))
      const role = this.#role(slot)
      const connect = (from: Process, to: VolumeRole): StreamEnd | null => this.#connect(from, to)
      const ready = (): void => this.#report(mover, () => this.#ready(slot))
      const silent = (other: Incarnation): void => this.#report(mover, () => this.#silent(slot.name, other))
      this.#tell(slot, (m) => m.start({ role, movers, holders, connect, ready, silent }))
    }
  }

  #spawn(slot: Slot): void {
    const { volumeUuid, trace, born } = this.#o
    const incarnation: Incarnation = {
      name: slot.name,
      incarnation: (++this.#lastIncarnation).toString(16).padStart(32, '0'),
    }
    const mover = new SimulatedMover(incarnation, this.#o, slot.pool, volumeUuid)
    trace.note(`${mover.name} is started`)
    slot.mover = mover
    slot.isServing = false
    slot.isKilled = false
    slot.watch = new AnswerWatch()
    mover.process.onDeath.push(() => this.#died(slot, mover))
    born(mover)
  }

  /** To the socket of one reign. */
  #connect(from: Process, { primary, term }: VolumeRole): StreamEnd | null {
    const { env } = this.#o
    const mover = this.#slot(primary).mover
    const reception = mover?.reception ?? null
    if (mover === null || reception?.volume.reign.term !== term || mover.process.isDead) return null
    const [near, far] = streamPair(from, mover.process, env)
    const acceptMs = env.random.float() * (env.random.chance(SLOW_ACCEPT_CHANCE) ? SLOW_ACCEPT_MS : CHANNEL_MS)
    near.stall(acceptMs)
    env.work(acceptMs, () => mover.process.deliver(() => reception.receive(far)))
    return near
  }

  #ready(slot: Slot): void {
    this.#o.trace.note(`${slot.mover?.name} serves`)
    slot.isServing = true
    // What it has not answered yet was asked while it could take its time.
    slot.watch.renew(this.#o.env.monotonicMs())
    this.#replace()
  }

  /** As `Fleet.#replace`. */
  #replace(): void {
    this.#elections.elect([], (error) => {
      if (error !== null) throw error
    })
  }

  /** As `MoverProcess.beat`. */
  #beat(slot: Slot, nowMs: number, wasLate: boolean): void {
    const { mover, watch, isServing } = slot
    const { leaseMs, trace } = this.#o
    if (mover === null || mover.process.isDead) return
    if (wasLate) watch.renew(nowMs)
    if (watch.silentMs(nowMs) >= (isServing ? leaseMs : Math.max(leaseMs, START_LIMIT_MS))) {
      trace.note(`${mover.name} did not answer for a lease`)
      slot.isKilled = true
      mover.process.die()
      return
    }
    watch.sent(nowMs)
    this.#tell(slot, (m) => this.#report(m, () => watch.answered()))
  }

  /** Tells a mover something: in order, a little later. */
  #tell(slot: Slot, message: (mover: SimulatedMover) => void): void {
    const { mover } = slot
    const { env } = this.#o
    if (mover === null) return
    const nowMs = env.monotonicMs()
    slot.channelMs = Math.max(slot.channelMs, nowMs + env.random.float() * CHANNEL_MS)
    slot.underWay.push(() => mover.process.deliver(() => message(mover)))
    env.work(slot.channelMs - nowMs, () => slot.underWay.shift()?.())
  }

  /** A mover tells the supervisor something. */
  #report(mover: SimulatedMover, message: () => void): void {
    mover.process.emit(() => {
      this.#later(CHANNEL_MS, () => {
        if (!mover.process.isDead) message()
      })
    })
  }

  #later(mostMs: number, task: () => void): void {
    const { env } = this.#o
    const era = this.#era
    env.work(env.random.float() * mostMs, () => {
      if (era === this.#era) task()
    })
  }

  /** A process has died: when nothing of it is left, and not before, the others are told. */
  #died(slot: Slot, mover: SimulatedMover): void {
    const { env, trace, died } = this.#o
    trace.note(`${mover.name} dies`)
    died(mover)
    const fenceMs = env.random.chance(SLOW_FENCE_CHANCE) ? SLOW_FENCE_MS : FENCE_MS
    mover.whenQuiet(() => this.#later(fenceMs, () => this.#gone(slot, mover)))
  }

  /** As `Fleet.#gone`. */
  #gone(slot: Slot, mover: SimulatedMover): void {
    this.#o.trace.note(`nothing is left of ${mover.name}`)
    mover.process.isGone = true
    slot.mover = null
    slot.isServing = false
    for (const other of this.slots) this.#tell(other, (m) => m.gone(mover.incarnation))
    this.#replace()
    this.#later(RESTART_MS, () => {
      if (slot.mover === null) this.#launch([slot])
    })
  }

  /** As `Fleet.#silent`. */
  #silent(waiting: string, { name, incarnation }: Incarnation): void {
    if (waiting === name) this.#o.wrong(`${name} does not tell itself what it holds`)
    const slot = this.slots.find((one) => one.name === name)
    if (slot?.mover?.incarnation.incarnation !== incarnation || !slot.isServing) return
    this.#o.trace.note(`${slot.mover.name} does not say what it holds`)
    slot.isKilled = true
    slot.mover.process.die()
  }
}
