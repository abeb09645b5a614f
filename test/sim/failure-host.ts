import type { Incarnation } from '../../mover/host/channel.ts'
import { AnswerWatch, startBeat } from '../../mover/host/lease.ts'
import { PagePool } from '../../mover/store/page-pool.ts'
import { PRIMARY, PrimaryMover, receive, SecondaryMover, type SimulatedMover, type Site } from './failure-mover.ts'
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

/** Pages of each mover: the primary's first. One world at a time: memory is used again. */
const POOLS = [new PagePool(256), new PagePool(64), new PagePool(256), new PagePool(96)]

/** A mover over all its processes: one at a time, or none. */
export class Slot {
  readonly name: string
  readonly isPrimary: boolean
  readonly pool: PagePool
  mover: SimulatedMover | null = null
  isServing = false
  watch = new AnswerWatch()
  /** Nothing that it is told arrives earlier than this: its channel keeps order. */
  channelMs = 0

  constructor(name: string, isPrimary: boolean, pool: PagePool) {
    this.name = name
    this.isPrimary = isPrimary
    this.pool = pool
  }
}

export interface HostOptions extends Site {
  secondaries: number
  volumeUuid: Uint8Array
  /** A mover's process has been made. */
  born: (mover: SimulatedMover) => void
  /** A mover's process has died. */
  died: (mover: SimulatedMover) => void
}

/** Movers and their supervisor, with the rules of the product's `Fleet` and `MoverProcess`. */
export class SimulatedHost {
  readonly slots: Slot[]
  readonly #o: HostOptions
  #term = 0
  #lastIncarnation = 0
  /** When the power fails, what the supervisor was about to do is gone with it. */
  #era = 0
  #endBeat: () => void = () => {}

  constructor(options: HostOptions) {
    this.#o = options
    this.slots = Array.from({ length: options.secondaries + 1 }, (_, i) => {
      return new Slot(i === 0 ? PRIMARY : `secondary ${i}`, i === 0, POOLS[i] as PagePool)
    })
  }

  get primary(): PrimaryMover | null {
    return this.slots[0]?.mover as PrimaryMover | null
  }

  get secondaries(): SecondaryMover[] {
    return this.slots.slice(1).flatMap(({ mover }) => (mover === null ? [] : [mover as SecondaryMover]))
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

  #launch(slots: readonly Slot[]): void {
    const { store } = this.#o
    if (slots.some(({ isPrimary }) => isPrimary)) {
      this.#term++
      store.forgetMemory()
    }
    for (const slot of slots) this.#spawn(slot)
    const movers = this.slots.flatMap(({ mover }) => (mover === null ? [] : [mover.incarnation]))
    const launched = slots.map(({ name }) => name)
    const holders = movers.filter(({ name }) => !launched.includes(name))
    if (launched.includes(PRIMARY)) {
      const term = this.#term
      for (const other of this.slots) if (!slots.includes(other)) this.#tell(other, (m) => m.reigns(term))
    }
    for (const slot of slots) {
      const mover = slot.mover as SimulatedMover
      for (const other of this.slots) if (!slots.includes(other)) this.#tell(other, (m) => m.started(mover.incarnation))
      const term = this.#term
      const connect = (from: Process): StreamEnd | null => this.#connect(from)
      const ready = (): void => this.#report(mover, () => this.#ready(slot))
      const silent = (other: Incarnation): void => this.#report(mover, () => this.#silent(other))
      this.#tell(slot, (m) => m.start({ term, movers, holders, connect, ready, silent }))
    }
  }

  #spawn(slot: Slot): void {
    const incarnation: Incarnation = {
      name: slot.name,
      incarnation: (++this.#lastIncarnation).toString(16).padStart(32, '0'),
    }
    const { volumeUuid } = this.#o
    const mover = slot.isPrimary
      ? new PrimaryMover(incarnation, this.#o, slot.pool)
      : new SecondaryMover(incarnation, this.#o, slot.pool, volumeUuid)
    this.#o.trace.note(`${mover.name} is started in term ${this.#term}`)
    slot.mover = mover
    slot.isServing = false
    slot.watch = new AnswerWatch()
    mover.process.onDeath.push(() => this.#died(slot, mover))
    this.#o.born(mover)
  }

  #connect(from: Process): StreamEnd | null {
    const { primary } = this
    const { env } = this.#o
    const reception = primary?.reception ?? null
    if (primary === null || reception === null || primary.process.isDead) return null
    const [near, far] = streamPair(from, primary.process, env)
    const acceptMs = env.random.float() * (env.random.chance(SLOW_ACCEPT_CHANCE) ? SLOW_ACCEPT_MS : CHANNEL_MS)
    near.stall(acceptMs)
    env.work(acceptMs, () => primary.process.deliver(() => receive(reception, far)))
    return near
  }

  #ready(slot: Slot): void {
    this.#o.trace.note(`${slot.mover?.name} serves`)
    slot.isServing = true
    // What it has not answered yet was asked while it could take its time.
    slot.watch.renew(this.#o.env.monotonicMs())
  }

  /** As `MoverProcess.beat`. */
  #beat(slot: Slot, nowMs: number, wasLate: boolean): void {
    const { mover, watch, isServing } = slot
    const { leaseMs, trace } = this.#o
    if (mover === null || mover.process.isDead) return
    if (wasLate) watch.renew(nowMs)
    if (watch.silentMs(nowMs) >= (isServing ? leaseMs : Math.max(leaseMs, START_LIMIT_MS))) {
      trace.note(`${mover.name} did not answer for a lease`)
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
    env.work(slot.channelMs - nowMs, () => mover.process.deliver(() => message(mover)))
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
    mover.initiator.whenQuiet(() => this.#later(fenceMs, () => this.#gone(slot, mover)))
  }

  /** As `Fleet.#gone`. */
  #gone(slot: Slot, mover: SimulatedMover): void {
    this.#o.trace.note(`nothing is left of ${mover.name}`)
    mover.process.isGone = true
    slot.mover = null
    slot.isServing = false
    for (const other of this.slots) this.#tell(other, (m) => m.gone(mover.incarnation))
    this.#restart(slot)
  }

  #restart(slot: Slot): void {
    this.#later(RESTART_MS, () => {
      if (slot.mover === null) this.#launch([slot])
    })
  }

  /** As `Fleet.#silent`. */
  #silent({ name, incarnation }: Incarnation): void {
    const slot = this.slots.find((one) => one.name === name)
    if (slot?.mover?.incarnation.incarnation !== incarnation || !slot.isServing) return
    this.#o.trace.note(`${slot.mover.name} does not say what it holds`)
    slot.mover.process.die()
  }
}
