import type { Random } from '../crash/random.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import type { SimulatedHost, Slot } from './failure-host.ts'
import type { SimulatedMover } from './failure-mover.ts'
import type { StreamEnd } from './stream-pair.ts'
import type { Trace } from './trace.ts'

/** Chance that a stopped process is never told to go on. */
const FOR_EVER_CHANCE = 0.3
/** Longer than anybody is waited for who could give back what he was asked for. */
const STALL_MS = 60_000

/** What can befall a mover, the primary, or all. */
type Trouble = (slot: Slot) => unknown

/** What troubles befall. */
export interface TroubledSite {
  readonly host: SimulatedHost
  readonly env: TestEnvironment
  readonly random: Random
  readonly trace: Trace
  readonly counts: Record<string, number>
  readonly leaseMs: number
  /** Ways of movers to the store may stall too. */
  readonly stalls: boolean
}

/** What befalls movers and their supervisor while clients use them. */
export class Troubles {
  readonly #p: TroubledSite

  constructor(site: TroubledSite) {
    this.#p = site
    const stalled = ['stalled stores', (slot: Slot) => this.#soon(slot, (mover) => this.#stallStore(mover))] as const
    if (site.stalls) this.#all.push(stalled, stalled, stalled)
  }

  /** One of them happens. */
  befall(): void {
    const { host, random, trace, counts } = this.#p
    const { slots, primarySlot } = host
    const slot = random.pick(slots.filter((one) => one !== primarySlot))
    const [what, befall] = random.pick(this.#all)
    if (slot.mover === null) return
    counts[what] = (counts[what] ?? 0) + 1
    trace.note(`trouble: ${what} (${slot.mover.name})`)
    befall(slot)
  }

  readonly #all: (readonly [string, Trouble])[] = [
    ['crashes', ({ mover }) => mover?.process.die()],
    ['crashes', (slot) => this.#soon(slot, (mover) => mover.process.die())],
    ['crashes', (slot) => this.#soon(slot, (mover) => mover.process.die())],
    ['short stops', (slot) => this.#stop(slot, 0.6)],
    ['short stops', (slot) => this.#soon(slot, () => this.#stop(slot, 0.6))],
    ['long stops', (slot) => this.#stop(slot, 4)],
    ['long stops', (slot) => this.#soon(slot, () => this.#stop(slot, 4))],
    ['stops of a lease', ({ mover }) => mover !== null && this.#stopFor(mover, 0.7, 1.4)],
    ['stops of a lease', (slot) => this.#soon(slot, (mover) => this.#stopFor(mover, 0.7, 1.4))],
    ['stutters', (slot) => this.#stutter(slot.mover, 3)],
    ['cut sessions', ({ mover }) => streamOf(mover)?.break()],
    ['cut sessions', ({ mover }) => streamOf(mover)?.break()],
    ['cut sessions', (slot) => this.#soon(slot, (mover) => streamOf(mover)?.break())],
    ['stalled sessions', ({ mover }) => this.#stall(mover)],
    ['stalled sessions', ({ mover }) => this.#stall(mover)],
    ['primary crashes', () => this.#p.host.primary?.process.die()],
    ['primary crashes', () => this.#soon(this.#p.host.primarySlot, (mover) => mover.process.die())],
    ['primary crashes', () => this.#soon(this.#p.host.primarySlot, (mover) => mover.process.die())],
    ['primary crashes again', () => this.#dieTwice()],
    ['primary crashes again', () => this.#dieTwice()],
    ['last words', (slot) => this.#speakLate(slot)],
    ['last words', (slot) => this.#speakLate(slot)],
    ['primary stops', () => this.#stop(this.#p.host.primarySlot, 2)],
    ['primary stops', () => this.#soon(this.#p.host.primarySlot, (mover) => this.#stopFor(mover, 0.7, 1.4))],
    ['primary stutters', () => this.#stutter(this.#p.host.primary, 3)],
    ['supervisor stops', () => this.#stopSupervisor()],
    ['supervisor crashes', () => this.#p.host.loseSupervisor()],
    ['power cuts', () => this.#p.host.cutPower()],
    ['clock jumps', () => this.#p.env.jumpWallClock(this.#p.random.float() * 10_000)],
  ]

  /** The primary dies, and so does the next one when it takes over. */
  #dieTwice(): void {
    this.#p.host.primary?.process.die()
    this.#p.env.work(this.#p.leaseMs * this.#p.random.float(), () => {
      this.#soon(this.#p.host.primarySlot, (mover) => mover.process.die())
    })
  }

  /** When the mover has done some more steps that others see. */
  #soon({ mover }: Slot, befall: (mover: SimulatedMover) => void): void {
    mover?.process.afterSteps(1 + this.#p.random.below(this.#p.random.pick([6, 40])), () => befall(mover))
  }

  #stop({ mover }: Slot, mostLeases: number): void {
    mover?.process.stop()
    if (mostLeases > 1 && this.#p.random.chance(FOR_EVER_CHANCE)) return
    this.#p.env.work(this.#p.random.float() * mostLeases * this.#p.leaseMs, () => mover?.process.resume())
  }

  /** A stop of so many leases. */
  #stopFor({ process }: Pick<SimulatedMover, 'process'>, least: number, most: number, then = (): void => {}): void {
    process.stop()
    this.#p.env.work((least + (most - least) * this.#p.random.float()) * this.#p.leaseMs, () => {
      process.resume()
      then()
    })
  }

  /** It goes on for a moment between stops, so that it answers late what the supervisor has asked long ago. */
  #stutter(mover: SimulatedMover | null, times: number): void {
    if (mover === null || times === 0) return
    this.#stopFor(mover, 0.3, 0.9, () => {
      this.#p.env.work(3 * this.#p.random.float(), () => this.#stutter(mover, times - 1))
    })
  }

  /** Movers that nobody asks for a lease do nothing, and end when that lasts. */
  #stopSupervisor(): void {
    this.#stopFor({ process: this.#p.host.supervisor }, 0.3, 2.5)
  }

  /** The primary hears what a mover has said last, and that it is gone, in one go. */
  #speakLate(slot: Slot): void {
    const primary = this.#p.host.primary?.process
    this.#soon(slot, (mover) => mover.process.die())
    primary?.stop()
    this.#p.env.work(this.#p.leaseMs * (0.1 + 0.5 * this.#p.random.float()), () => primary?.resume())
  }

  /** Of a primary its own clients are waited for without an end. */
  #stallStore(mover: SimulatedMover): void {
    if (this.#p.host.primary === mover) return
    mover.stall()
    this.#p.env.work(STALL_MS, () => mover.answer())
  }

  #stall(mover: SimulatedMover | null): void {
    const stream = streamOf(mover)
    for (const end of [stream, stream?.other ?? null]) {
      if (this.#p.random.chance(0.7)) end?.stall(this.#p.random.float() * 3 * this.#p.leaseMs)
    }
  }
}

function streamOf(mover: SimulatedMover | null): StreamEnd | null {
  return mover?.stream ?? null
}
