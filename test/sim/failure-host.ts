import pino from 'pino'
import type { Config } from '../../mover/config/schema.ts'
import type { VolumeRole } from '../../mover/host/channel.ts'
import { Fleet } from '../../mover/host/fleet.ts'
import type { FleetRecords } from '../../mover/host/fleet-records.ts'
import type { MoverProcessOptions } from '../../mover/host/mover-process.ts'
import { PagePool } from '../../mover/store/page-pool.ts'
import { SimulatedMover, type Site } from './failure-mover.ts'
import { SimulatedProcess } from './failure-process.ts'
import { Process } from './process.ts'
import { type StreamEnd, streamPair } from './stream-pair.ts'

const CHANNEL_MS = 1
/** A connection that is made may have to wait for so long until it is accepted. */
const SLOW_ACCEPT_CHANCE = 0.1
const SLOW_ACCEPT_MS = 1500
/** The kernel takes so long for a dead process' last thread. */
const FENCE_MS = 5
const SLOW_FENCE_CHANCE = 0.2
const SLOW_FENCE_MS = 800
/** Writing something down takes so long. */
const RECORD_MS = 4
/** Who has lost its supervisor is ended by the next one after so long. */
const NEXT_UP_MS = 1000
const VOLUME = 'share'

/** Movers by name, with their file pages. One world at a time: memory is used again. */
const MOVERS = [
  ['a', new PagePool(256)],
  ['b', new PagePool(64)],
  ['c', new PagePool(256)],
  ['d', new PagePool(96)],
] as const

/** Names of so many movers. */
export function moverNames(count: number): readonly string[] {
  return MOVERS.slice(0, count).map(([name]) => name)
}

/** A mover over all its processes: one at a time, or none. */
export class Slot {
  readonly name: string
  readonly pool: PagePool
  mover: SimulatedMover | null = null
  isServing = false

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
  /** The supervisor is told of a mover that does not give back what others wait for. */
  held: () => void
}

/** Movers and their supervisor: the product's `Fleet`, over processes and files that are simulated. */
export class SimulatedHost {
  readonly slots: Slot[]
  /** A process too: it can be stopped, and die. */
  supervisor: Process
  /** All movers have served since the supervisor was started. */
  isUp = false
  readonly #o: HostOptions
  #fleet: Fleet | null = null
  /** Of the mover that is, or was last, or is to be, the primary. */
  #primary = 0
  /** The last term that is written down. */
  #term = 0
  /** Who has been told to be primary last, and in which term. */
  #reigning: { mover: SimulatedMover; term: number } | null = null
  #lastIncarnation = 0
  /** When the power fails, what was about to happen is gone with it. */
  #era = 0

  constructor(options: HostOptions) {
    this.#o = options
    this.slots = MOVERS.slice(0, options.movers).map(([name, pool]) => new Slot(name, pool))
    this.supervisor = new Process('supervisor', options.env)
  }

  /** Of the mover that is, or was last, or is to be, the primary. */
  get primarySlot(): Slot {
    return this.slots[this.#primary] as Slot
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

  /** As `lockkeeper up`. */
  start(): void {
    const { env, trace } = this.#o
    const supervisor = new Process('supervisor', env)
    this.supervisor = supervisor
    this.isUp = false
    this.#primary = 0
    this.#reigning = null
    this.#fleet = new Fleet({
      config: this.#config,
      claims: new Map(),
      records: this.#recordsOf(supervisor),
      env: supervisor,
      logger: pino({}, { write: (line: string) => trace.note(JSON.parse(line).msg) }),
      makeProcess: (options) => this.#spawn(options),
    })
    void this.#fleet.start()
  }

  /** The power fails, for all that is on the host; it comes back at once. */
  cutPower(): void {
    const { store, env } = this.#o
    this.supervisor.die()
    this.#era++
    for (const slot of this.slots) {
      slot.mover?.process.die()
      slot.mover = null
      slot.isServing = false
    }
    store.cutPower(env.random)
    this.start()
  }

  /** The supervisor dies; its movers notice, or are ended by the next one. */
  loseSupervisor(): void {
    const { supervisor } = this
    supervisor.die()
    for (const { mover } of this.slots) this.later(CHANNEL_MS, () => mover?.process.deliver(() => mover.orphaned()))
    this.later(NEXT_UP_MS, () => {
      if (this.supervisor === supervisor) this.#endAll()
    })
  }

  /** Unless the power fails before. */
  later(mostMs: number, task: () => void): void {
    const { env } = this.#o
    const era = this.#era
    env.work(env.random.float() * mostMs, () => {
      if (era === this.#era) task()
    })
  }

  get #config(): Config {
    const places = { address: '', nfs: 0, portmap: 0 }
    return {
      ...{ file: null, stateDir: '', exports: [], cache: { perMoverBytes: 0 } },
      volumes: [{ name: VOLUME, device: '', isSpecialFile: false, sizeBytes: null }],
      movers: this.slots.map(({ name }) => ({ name, ...places })),
      timing: { leaseMs: this.#o.leaseMs, graceMs: 30_000 },
    }
  }

  #recordsOf(supervisor: Process): FleetRecords {
    const written = (resume: () => void): void => this.later(RECORD_MS, () => supervisor.deliver(resume))
    return {
      termOf: () => this.#term,
      raiseTerms: (_, resume) =>
        written(() => {
          this.#term++
          // The last primary is gone.
          this.#o.store.forgetMemory()
          resume(null)
          this.#findPrimary()
        }),
      noteStarts: (count, _wallMs, _movers, resume) => written(() => resume(null, Array(count).fill(1))),
    }
  }

  #findPrimary(): void {
    const [mover] = this.#fleet?.status() ?? []
    this.#primary = this.slots.findIndex(({ name }) => name === mover?.roles[0]?.primary)
    this.#o.trace.note(`${this.primarySlot.name} is primary in term ${this.#term}`)
  }

  #spawn(options: MoverProcessOptions): SimulatedProcess {
    const { volumeUuid, trace, env, leaseMs, born, elected, held } = this.#o
    const slot = this.slots.find(({ name }) => name === options.name) as Slot
    const incarnation = (++this.#lastIncarnation).toString(16).padStart(32, '0')
    const mover = new SimulatedMover({ name: slot.name, incarnation }, this.#o, slot.pool, volumeUuid)
    trace.note(`${mover.name} is started`)
    const process = new SimulatedProcess(mover, {
      ...{ env, leaseMs, trace, supervisor: this.supervisor, options },
      connect: (from, role) => this.#connect(from, role),
      ready: () => {
        slot.isServing = true
        this.isUp ||= this.isWhole
      },
      reigns: (term) => {
        this.#checkReign(mover, term)
        elected(mover)
      },
      held,
    })
    slot.mover = mover
    slot.isServing = false
    mover.process.onDeath.push(() => this.#died(slot, mover, process))
    born(mover)
    return process
  }

  /** A mover is told to be primary: nothing is left of the last one, and the term is its own. */
  #checkReign(mover: SimulatedMover, term: number): void {
    const { wrong } = this.#o
    const last = this.#reigning
    this.#reigning = { mover, term }
    if (last === null || last.mover === mover) return
    if (last.term >= term) wrong(`${mover.name} is to be primary in term ${term}, behind that of term ${last.term}`)
    if (!last.mover.process.isGone)
      wrong(`${mover.name} takes over from ${last.mover.name}, of which something is left`)
  }

  /** To the socket of one reign. */
  #connect(from: Process, { primary, term }: VolumeRole): StreamEnd | null {
    const { env } = this.#o
    const mover = this.slots.find(({ name }) => name === primary)?.mover ?? null
    const reception = mover?.reception ?? null
    if (mover === null || reception?.volume.reign.term !== term || mover.process.isDead) return null
    const [near, far] = streamPair(from, mover.process, env, (bytes) => this.#o.trace.sent(bytes))
    const acceptMs = env.random.float() * (env.random.chance(SLOW_ACCEPT_CHANCE) ? SLOW_ACCEPT_MS : CHANNEL_MS)
    near.stall(acceptMs)
    env.work(acceptMs, () => mover.process.deliver(() => reception.receive(far)))
    return near
  }

  /** A process has died: when nothing of it is left, and not before, the supervisor is told. */
  #died(slot: Slot, mover: SimulatedMover, process: SimulatedProcess): void {
    const { env, trace, died } = this.#o
    trace.note(`${mover.name} dies`)
    died(mover)
    const fenceMs = env.random.chance(SLOW_FENCE_CHANCE) ? SLOW_FENCE_MS : FENCE_MS
    mover.whenQuiet(() => this.later(fenceMs, () => this.#gone(slot, mover, process)))
  }

  #gone(slot: Slot, mover: SimulatedMover, process: SimulatedProcess): void {
    this.#o.trace.note(`nothing is left of ${mover.name}`)
    mover.process.isGone = true
    if (slot.mover === mover) {
      slot.mover = null
      slot.isServing = false
    }
    if (this.supervisor.isDead) this.#startWhenGone()
    else if (this.isUp) process.gone()
    // A supervisor whose movers do not come up ends.
    else this.#endAll()
  }

  /** As the next `up` finds what the last one has left. */
  #endAll(): void {
    this.supervisor.die()
    for (const { mover } of this.slots) mover?.process.die()
    this.#startWhenGone()
  }

  #startWhenGone(): void {
    if (this.slots.every(({ mover }) => mover === null)) this.start()
  }
}
