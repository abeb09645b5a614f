import type { BlockDevice, DeviceDone, Lane } from '../../mover/store/device.ts'
import { PAGE_BYTES, PagePool } from '../../mover/store/page-pool.ts'
import { Arena } from '../crash/arena.ts'
import type { FaultDevice } from '../crash/fault-device.ts'
import type { Random } from '../crash/random.ts'
import { tear } from '../crash/tearing.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import type { Process } from './process.ts'

/** Most requests leave soon, some after a while. Milliseconds. */
const SOON_MS = 0.3
const LATE_MS = 40
const LATE_CHANCE = 0.04
/** Of what a process that is killed was about to write so much is written all the same, and so much of that in part. */
const SURVIVES_CHANCE = 0.5
const PART_CHANCE = 0.5

/** Memory that requests are carried out in: what becomes of a mover's own is its business once it is dead. */
class BouncePages {
  readonly #pool = new PagePool(8192)
  readonly #used = new Uint8Array(8192)
  #next = 0

  take(count: number): number {
    for (let tried = 0; tried < 2; tried++, this.#next = 0) {
      for (let first = this.#next; first + count <= this.#used.length; ) {
        const taken = this.#used.indexOf(1, first)
        if (taken < 0 || taken >= first + count) {
          this.#used.fill(1, first, first + count)
          this.#next = first + count
          return first
        }
        first = taken + 1
      }
    }
    throw new Error('too much is in flight for the simulated store')
  }

  bytes(first: number, count: number): Uint8Array {
    return this.#pool.run(first, count)
  }

  give(first: number, count: number): void {
    this.#used.fill(0, first, first + count)
  }

  clear(): void {
    this.#used.fill(0)
  }
}

/** One for all worlds: there is one at a time. */
const bounce = new BouncePages()
const arena = new Arena(16_384)

/** The store that the movers of a host share, each through an initiator of its own. Its cache is volatile, one for all. */
export class SharedStore {
  device: FaultDevice
  readonly env: TestEnvironment
  /** Which power supply requests depend on: those of an earlier one never end. */
  era = 0

  constructor(device: FaultDevice, env: TestEnvironment) {
    this.device = device
    this.env = env
    bounce.clear()
    this.forgetMemory()
  }

  /** Nobody is left who has memory of `allocatePages`. */
  forgetMemory(): void {
    arena.reset()
  }

  /** The power fails: what is in flight or not durable may be there or not, by sector. Everybody must be dead. */
  cutPower(random: Random): void {
    this.era++
    this.device = this.device.crashImage(random, this.env)
    bounce.clear()
  }
}

/** A request under way: also what the kernel has taken from a process that is dead. */
export interface Flight {
  readonly isWrite: boolean
  readonly offset: number
  /** 0 for a flush. */
  readonly length: number
}

interface Request extends Flight {
  /** The kernel has it: it is carried out although its process is dead. */
  isLoose: boolean
  /** Only parts of it are. */
  isTorn: boolean
  isSubmitted: boolean
  /** Pages that it uses. */
  first: number
  count: number
}

/** A process' way to the store. What it has submitted when it dies still lands, until nothing of it is left. */
export class Initiator implements BlockDevice {
  readonly name = 'store'
  readonly direct = true
  readonly sizeBytes: number
  /** Called when the process begins a request: before it may be stopped, or die, on its way to the store. */
  onRequest: () => void = () => {}
  /** Called when a write has landed. */
  onLanding: (offset: number, length: number) => void = () => {}
  readonly #store: SharedStore
  readonly #process: Process
  readonly #requests = new Set<Request>()
  readonly #era: number
  #quiet: (() => void) | null = null
  /** What waits until the store answers this one again; null: it does. */
  #stalled: (() => void)[] | null = null

  constructor(store: SharedStore, process: Process) {
    this.#store = store
    this.#process = process
    this.#era = store.era
    this.sizeBytes = store.device.sizeBytes
    process.onDeath.push((wasStopped) => this.#abandon(wasStopped))
  }

  /** What is under way. */
  get flights(): Iterable<Flight> {
    return this.#requests
  }

  /** Calls `done` once nothing of a dead process is under way any more. */
  whenQuiet(done: () => void): void {
    this.#quiet = done
    this.#checkQuiet()
  }

  /** The store carries out nothing more for this process, until `answer`, or until it is dead. */
  stall(): void {
    this.#stalled ??= []
  }

  answer(): void {
    const stalled = this.#stalled ?? []
    this.#stalled = null
    for (const start of stalled) start()
  }

  allocatePages(count: number): Uint8Array {
    return arena.take(count)
  }

  read(offset: number, buffer: Uint8Array, done: DeviceDone): void {
    this.#begin(offset, buffer.length, [], (pages, ended) => {
      this.#store.device.read(offset, pages, (error) => {
        const bytes = pages.slice()
        ended(() => {
          buffer.set(bytes)
          done(error)
        })
      })
    })
  }

  write(offset: number, buffers: readonly Uint8Array[], lane: Lane, done: DeviceDone): void {
    this.#write(offset, buffers, done, (pages, landed) => this.#store.device.write(offset, [pages], lane, landed))
  }

  writeDurable(offset: number, buffer: Uint8Array, lane: Lane, done: DeviceDone): void {
    this.#write(offset, [buffer], done, (pages, landed) => this.#store.device.writeDurable(offset, pages, lane, landed))
  }

  flush(done: DeviceDone): void {
    this.#begin(0, 0, [], (_, ended) => this.#store.device.flush((error) => ended(() => done(error))))
  }

  close(done: DeviceDone): void {
    this.#store.env.work(0, () => this.#process.deliver(() => done(null)))
  }

  #write(
    offset: number,
    buffers: readonly Uint8Array[],
    done: DeviceDone,
    submit: (pages: Uint8Array, landed: DeviceDone) => void,
  ): void {
    const kept = buffers.slice()
    const length = kept.reduce((sum, bytes) => sum + bytes.length, 0)
    this.#begin(offset, length, kept, (pages, ended, request) => {
      if (request.isTorn) this.#tear(offset, pages)
      submit(pages, (error) => {
        if (this.#process.isGone) throw new Error(`a write of ${this.#process.name} lands, of which nothing was left`)
        if (!this.#process.isDead) checkUnchanged(kept, pages)
        if (this.#store.era === this.#era) this.onLanding(offset, pages.length)
        ended(() => done(error))
      })
    })
  }

  /** `submit` gives a request to the store, and calls `ended` with what to tell the process. */
  #begin(
    offset: number,
    length: number,
    content: readonly Uint8Array[],
    submit: (pages: Uint8Array, ended: (tell: () => void) => void, request: Request) => void,
  ): void {
    const { env } = this.#store
    this.onRequest()
    this.#process.emit(() => {
      const count = length / PAGE_BYTES
      const first = count === 0 ? 0 : bounce.take(count)
      const flight = { isWrite: content.length > 0, offset, length }
      const request: Request = { ...flight, isLoose: false, isTorn: false, isSubmitted: false, first, count }
      const pages = count === 0 ? new Uint8Array(0) : bounce.bytes(first, count)
      let at = 0
      for (const bytes of content) {
        pages.set(bytes, at)
        at += bytes.length
      }
      this.#requests.add(request)
      const start = (): void => {
        if (!this.#requests.has(request) || this.#store.era !== this.#era) return
        request.isSubmitted = true
        submit(
          pages,
          (tell) => {
            if (this.#store.era !== this.#era) return
            this.#end(request)
            this.#process.deliver(tell)
          },
          request,
        )
      }
      const delayMs = env.random.float() * (env.random.chance(LATE_CHANCE) ? LATE_MS : SOON_MS)
      const due = (): void => {
        if (request.isLoose) start()
        else if (this.#stalled !== null) this.#stalled.push(due)
        else this.#process.deliver(start)
      }
      env.work(delayMs, due)
    })
  }

  /** The process is dead. What it was about to do is not done; what the kernel had taken from it is. */
  #abandon(wasStopped: boolean): void {
    const { random } = this.#store.env
    for (const request of [...this.#requests]) {
      if (request.isSubmitted) continue
      if (!request.isWrite || wasStopped || !random.chance(SURVIVES_CHANCE)) this.#end(request)
      else {
        request.isLoose = true
        request.isTorn = random.chance(PART_CHANCE)
      }
    }
    this.answer()
  }

  /** Of a write that was cut short, some sectors are written. */
  #tear(offset: number, pages: Uint8Array): void {
    const { device, env } = this.#store
    for (let at = 0; at < pages.length; at += PAGE_BYTES) {
      const old = device.peek(offset + at, PAGE_BYTES)
      const fresh = pages.subarray(at, at + PAGE_BYTES)
      const dice = env.random.below(3)
      if (dice === 0) fresh.set(old)
      else if (dice === 1) fresh.set(tear(old, fresh, env.random))
    }
  }

  #end(request: Request): void {
    if (!this.#requests.delete(request)) return
    bounce.give(request.first, request.count)
    this.#checkQuiet()
  }

  #checkQuiet(): void {
    if (this.#requests.size > 0 && this.#store.era === this.#era) return
    const quiet = this.#quiet
    this.#quiet = null
    quiet?.()
  }
}

function checkUnchanged(buffers: readonly Uint8Array[], pages: Uint8Array): void {
  let at = 0
  for (const buffer of buffers) {
    if (Buffer.compare(buffer, pages.subarray(at, at + buffer.length)) !== 0) {
      throw new Error('a buffer was changed while its write was in flight')
    }
    at += buffer.length
  }
}
