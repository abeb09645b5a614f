import type { Failure } from '../../mover/failure.ts'
import type { ReadResult, WriteResult } from '../../mover/files/service.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { Random } from '../crash/random.ts'
import { AttributeHistory } from './attribute-history.ts'
import { read, sized, truncated, UNIT_BYTES, type Units, wrote } from './file-model.ts'
import { LinearHistory } from './linear.ts'
import { MoverWorld, type SimulatedMover } from './mover-world.ts'

const MOST_UNITS = 16
/** Ten times as many as any world takes. */
const MOST_STEPS = 20_000

/** Clients of several movers read, write and truncate one small file; what they see of it must be one history. */
export class TruncateWorld {
  readonly counts = { reads: 0, writes: 0, truncations: 0, looks: 0 }
  readonly #world: MoverWorld
  readonly #random: Random
  readonly #ino: number
  readonly #history = new LinearHistory<Units>('the file', [])
  readonly #attributes = new AttributeHistory('the file')
  readonly #clients: number
  #left: number
  #running = 0
  #time = 0
  #lastValue = 0

  constructor(options: { seed: number; secondaries: number; clients: number; operations: number }) {
    this.#world = new MoverWorld(options.seed, options.secondaries)
    this.#random = new Random(options.seed + 2000)
    this.#clients = options.clients
    this.#left = options.operations
    this.#ino = this.#world.create(this.#random.pick(this.#world.movers), 'file')
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
    const { env, movers } = this.#world
    for (const mover of movers) for (let i = 0; i < this.#clients; i++) this.#next(mover)
    env.runUntil(() => this.#running === 0, MOST_STEPS)
    if (this.#running > 0) throw new Error(`${this.#running} operations are never answered`)
    for (const mover of movers) {
      this.#look(mover)
      this.#read(mover, 0, MOST_UNITS)
    }
    env.runUntil(() => this.#running === 0, MOST_STEPS)
    this.#history.check()
  }

  #next(mover: SimulatedMover): void {
    if (this.#left === 0) return
    this.#left--
    const random = this.#random
    const at = random.below(MOST_UNITS)
    const count = 1 + random.below(MOST_UNITS - at)
    const dice = random.below(8)
    if (dice < 3) this.#read(mover, at, count)
    else if (dice < 5) this.#write(mover, at, count)
    else if (dice < 6) this.#truncate(mover, at)
    else this.#look(mover)
  }

  #read(mover: SimulatedMover, at: number, count: number): void {
    this.counts.reads++
    const answered = this.#history.begin(`read ${at}+${count}`)
    const result: ReadResult = { segments: [], segmentCount: 0, count: 0, eof: false, release: () => {} }
    let values: number[] = []
    this.#run(
      mover,
      (op) => {
        const failure = mover.read(op, this.#ino, at * UNIT_BYTES, count * UNIT_BYTES, result)
        if (failure !== null) return failure
        const bytes = Buffer.concat(result.segments.slice(0, result.segmentCount))
        values = Array.from({ length: bytes.length / UNIT_BYTES }, (_, i) => bytes.readUInt32LE(i * UNIT_BYTES))
        result.release()
        return null
      },
      () => {
        this.#world.trace.note(`reads ${values}`)
        answered(`${values}${result.eof ? ' eof' : ''}`, read(at, count, values, result.eof))
      },
    )
  }

  #write(mover: SimulatedMover, at: number, count: number): void {
    this.counts.writes++
    const value = ++this.#lastValue
    const data = new Uint8Array(count * UNIT_BYTES)
    new Uint32Array(data.buffer).fill(value)
    const stability = this.#random.chance(0.4) ? 'fileSync' : 'unstable'
    const result: WriteResult = { count: 0, committed: 'unstable' }
    const answered = this.#history.begin(`write ${value} to ${at}+${count} at ${mover.name}`)
    const askedAt = ++this.#time
    this.#run(
      mover,
      (op) => mover.write(op, this.#ino, at * UNIT_BYTES, data, stability, result),
      () => {
        answered('done', wrote(at, count, value))
        this.#attributes.changed(askedAt, ++this.#time)
      },
    )
  }

  #truncate(mover: SimulatedMover, units: number): void {
    this.counts.truncations++
    const answered = this.#history.begin(`truncate to ${units} at ${mover.name}`)
    const askedAt = ++this.#time
    this.#run(
      mover,
      (op) => mover.truncate(op, this.#ino, units * UNIT_BYTES),
      () => {
        answered('done', truncated(units))
        this.#attributes.changed(askedAt, ++this.#time)
      },
    )
  }

  #look(mover: SimulatedMover): void {
    this.counts.looks++
    const answered = this.#history.begin(`size at ${mover.name}`)
    const askedAt = ++this.#time
    let shown = { ctime: 0n, size: 0, nlink: 0 }
    this.#run(
      mover,
      (op) => {
        shown = stateOf(mover.look(op, this.#ino))
        return null
      },
      () => {
        answered(`${shown.size / UNIT_BYTES}`, sized(shown.size / UNIT_BYTES))
        this.#attributes.shown(shown, mover.name, askedAt, ++this.#time)
      },
    )
  }

  #run(mover: SimulatedMover, attempt: Parameters<MoverWorld['run']>[1], answered: () => void): void {
    this.#running++
    this.#world.run(mover, attempt, (failure: Failure | null) => {
      if (failure !== null) throw new Error(`${mover.name}: an operation has failed: ${failure}`)
      answered()
      const pauseMs = this.#random.chance(0.1) ? this.#random.float() * 5000 : this.#random.float()
      this.#world.env.work(pauseMs, () => {
        this.#running--
        this.#next(mover)
      })
    })
  }
}

function stateOf({ ctimeSec, ctimeNsec, size, nlink }: Inode): { ctime: bigint; size: number; nlink: number } {
  return { ctime: BigInt(ctimeSec) * 1_000_000_000n + BigInt(ctimeNsec), size, nlink }
}
