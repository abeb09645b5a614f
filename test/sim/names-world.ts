import { QUIET_MS } from '../../mover/authority/quiet.ts'
import type { SimulatedMover } from './mover-world.ts'
import { NameChanges } from './names-changes.ts'
import { NameLooks, type Reader } from './names-looks.ts'
import { DIRECTORIES, NamesPlay } from './names-play.ts'

/** Ten times as many as any world takes. */
const MOST_STEPS = 20_000
/** Entries that clients have room for. */
const ROOMS = [1, 2, 3, 100, 100]
/** Of so many operations the last ones change names a lot. The first ones are slow: directories are not busy any more. */
const PERIOD = 80
const BUSY = 16
const RESTING = 24

/**
 * Clients of several movers change, look up and list the same names, and look at what they lead to; what they are told must
 * be one history of the names, and one of each object's attributes.
 */
export class NamesWorld {
  readonly #p: NamesPlay
  readonly #changes: NameChanges
  readonly #looks: NameLooks
  readonly #clients: number
  #left: number

  constructor(options: { seed: number; secondaries: number; clients: number; operations: number }) {
    this.#p = new NamesPlay(options.seed, options.secondaries)
    this.#changes = new NameChanges(this.#p)
    this.#looks = new NameLooks(this.#p)
    this.#clients = options.clients
    this.#left = options.operations
  }

  /** What clients have done, and how often. */
  get counts(): NamesPlay['counts'] {
    return this.#p.counts
  }

  /** Of all that has happened: the same for the same seed. */
  get digest(): number {
    return this.#p.world.trace.digest
  }

  /** Plays until every operation is answered. Throws what is wrong, with the last messages. */
  run(): void {
    this.#p.world.explaining(() => this.#play())
  }

  #play(): void {
    const { env, movers } = this.#p.world
    for (const mover of movers) {
      for (let i = 0; i < this.#clients; i++) this.#next(mover, { dir: this.#p.random.below(DIRECTORIES), cookie: 0 })
    }
    env.runUntil(() => this.#p.running === 0, MOST_STEPS)
    if (this.#p.running > 0) throw new Error(`${this.#p.running} operations are never answered`)
    for (const mover of movers)
      for (let dir = 0; dir < DIRECTORIES; dir++) this.#looks.list(mover, { dir, cookie: 0 }, 100)
    env.runUntil(() => this.#p.running === 0, MOST_STEPS)
    this.#p.history.check()
  }

  #next(mover: SimulatedMover, reader: Reader): void {
    if (this.#left === 0) return
    this.#left--
    const random = this.#p.random
    const again = (): void => {
      const isResting = this.#left % PERIOD >= PERIOD - RESTING
      const pauseMs = isResting ? QUIET_MS : random.chance(0.04) ? random.float() * 4000 : random.float() * 3
      this.#p.running++
      this.#p.world.env.work(pauseMs, () => {
        this.#p.running--
        this.#next(mover, reader)
      })
    }
    if (random.chance(this.#left % PERIOD < BUSY ? 0.5 : 0.03)) this.#changes.change(mover, again)
    else if (random.chance(0.2)) this.#changes.write(mover, again)
    else if (random.chance(0.7)) this.#looks.list(mover, reader, random.pick(ROOMS), again)
    else this.#looks.look(mover, again)
  }
}
