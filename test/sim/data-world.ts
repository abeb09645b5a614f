import type { Failure } from '../../mover/failure.ts'
import type { ReadResult, Stability, WriteResult } from '../../mover/files/service.ts'
import { Random } from '../crash/random.ts'
import { FileHistory } from './history.ts'
import { MoverWorld, Secondary, type SimulatedMover } from './mover-world.ts'
import { SECTOR_BYTES, valuesOf } from './sectors.ts'

/** Where operations begin, in sectors: near each other, and around the steps in which tokens grow. */
const PLACES = [0, 1, 7, 8, 9, 16, 20, 64, 2400, 2404, 2048 * 8 - 4, 2048 * 8, 2048 * 8 + 8]
const LONGEST = 24
/** Sectors that a sequential reader reads at a time. */
const SCAN = 32
/** Ten times as many as any world takes. */
const MOST_STEPS = 20_000

interface SharedFile {
  readonly ino: number
  readonly history: FileHistory
}

export interface DataWorldCounts {
  reads: number
  writes: number
  commits: number
  frames: number
  /** Operations that needed no message. */
  local: number
}

/** Clients of several movers read and write the same few files; what they see must be one history. */
export class DataWorld {
  readonly counts: DataWorldCounts = { reads: 0, writes: 0, commits: 0, frames: 0, local: 0 }
  readonly #world: MoverWorld
  readonly #random: Random
  readonly #files: SharedFile[]
  readonly #clients: number
  #left: number
  #running = 0

  constructor(options: { seed: number; secondaries: number; files: number; clients: number; operations: number }) {
    this.#world = new MoverWorld(options.seed, options.secondaries)
    this.#random = new Random(options.seed + 1000)
    this.#clients = options.clients
    this.#left = options.operations
    this.#files = Array.from({ length: options.files }, (_, i) => ({
      ino: this.#world.create(this.#random.pick(this.#world.movers), `file ${i}`),
      history: new FileHistory({ isWhole: true }),
    }))
  }

  /** Of all that has happened: the same for the same seed. */
  get digest(): number {
    return this.#world.trace.digest
  }

  /** Plays until every operation is answered. Throws what is wrong, with the last messages. */
  run(): void {
    this.#world.explaining(() => this.#play())
  }

  #play(): void {
    const { env, movers, secondaries } = this.#world
    for (const mover of movers) for (let i = 0; i < this.#clients; i++) this.#next(mover)
    env.runUntil(() => this.#running === 0, MOST_STEPS)
    if (this.#running > 0) throw new Error(`${this.#running} operations are never answered`)
    for (const { session } of secondaries) this.counts.frames += session.counts.framesSent
    // In the end everybody sees the same.
    for (const mover of movers) for (const file of this.#files) this.#read(mover, file, 0, 40)
    env.runUntil(() => this.#running === 0, MOST_STEPS)
  }

  #next(mover: SimulatedMover): void {
    if (this.#left === 0) return
    this.#left--
    const file = this.#random.pick(this.#files)
    const first = this.#random.pick(PLACES)
    const end = first + 1 + this.#random.below(LONGEST)
    const dice = this.#random.below(10)
    if (dice === 0) this.#read(mover, file, 0, SCAN, 2)
    else if (dice === 1) this.#write(mover, file, file.history.end, file.history.end + (end - first))
    else if (dice < 6) this.#read(mover, file, first, end)
    else if (dice < 9) this.#write(mover, file, first, end)
    else this.#commit(mover, file.ino)
  }

  #read(mover: SimulatedMover, { ino, history }: SharedFile, first: number, end: number, scan = 0): void {
    this.counts.reads++
    const answered = history.read(first, end)
    const result: ReadResult = { segments: [], segmentCount: 0, count: 0, eof: false, release: () => {} }
    let values: number[] = []
    this.#run(
      mover,
      (op) => {
        const [offset, count] = [first * SECTOR_BYTES, (end - first) * SECTOR_BYTES]
        const failure = mover.read(op, ino, offset, count, result)
        if (failure !== null) return failure
        values = valuesOf(Buffer.concat(result.segments.slice(0, result.segmentCount)))
        result.release()
        return null
      },
      () => {
        this.#world.trace.note(`reads ${values}`)
        answered(values, result.eof)
        // A sequential reader goes on at once.
        if (scan > 0 && !result.eof) this.#read(mover, { ino, history }, end, end + SCAN, scan - 1)
      },
    )
  }

  #write(mover: SimulatedMover, { ino, history }: SharedFile, first: number, end: number): void {
    this.counts.writes++
    const { value, answered } = history.write(first, end)
    const data = new Uint8Array((end - first) * SECTOR_BYTES)
    new Uint32Array(data.buffer).fill(value)
    const stability: Stability = this.#random.chance(0.3) ? 'fileSync' : 'unstable'
    const result: WriteResult = { count: 0, committed: 'unstable' }
    this.#run(mover, (op) => mover.write(op, ino, first * SECTOR_BYTES, data, stability, result), answered)
  }

  #commit(mover: SimulatedMover, ino: number): void {
    this.counts.commits++
    this.#run(
      mover,
      (op) => mover.commit(op, ino),
      () => {},
    )
  }

  #run(mover: SimulatedMover, attempt: Parameters<MoverWorld['run']>[1], answered: () => void): void {
    this.#running++
    const { env } = this.#world
    const session = mover instanceof Secondary ? mover.session : null
    const sent = session?.counts.messagesSent
    this.#world.run(mover, attempt, (failure: Failure | null) => {
      this.#running--
      if (failure !== null) throw new Error(`${mover.name}: an operation has failed: ${failure}`)
      answered()
      if (session !== null && session.counts.messagesSent === sent) this.counts.local++
      const pauseMs = this.#random.chance(0.1) ? this.#random.float() * 5000 : this.#random.float()
      if (this.#left > 0) {
        this.#running++
        env.work(pauseMs, () => {
          this.#running--
          this.#next(mover)
        })
      }
    })
  }
}
