import { setTimeout as sleep } from 'node:timers/promises'
import { createmode3, type nfs_fh3, nfsstat3, stable_how } from '../../protocol/nfs3/nfs3.gen.ts'
import { NLM_PROG, NLM4_VERS, NLM4_VERS_codecs, type nlm4_lockargs, nlm4_stats } from '../../protocol/nlm4/nlm.gen.ts'
import { Random } from '../crash/random.ts'
import { Incoherence } from '../sim/history.ts'
import { bytes, nothingSet } from '../unit/nfs3-client.ts'
import { NfsClient } from './nfs-client.ts'
import type { Endpoint } from './shared-load.ts'

const OK = nfsstat3.NFS3_OK
const COUNTERS = 3
const COUNTER_BYTES = 8
/** Before a lock that others have, or that cannot be had yet, is asked for again. */
const AGAIN_MS = 20
/** A counter is locked for so long at most, beside what its calls take. */
const MOST_HELD_MS = 10

export interface LockLoadOptions {
  seed: number
  movers: readonly Endpoint[]
  /** Clients of each mover. */
  clients: number
  graceMs: number
}

/** A file with a number in it, which grows under an exclusive lock only. */
interface Counter {
  readonly handle: nfs_fh3
  value: number
  /** Somebody could not reclaim its lock in time: nobody knows what it says. */
  isUnsure: boolean
}

/** Clients of several movers that increment the same few counters, each in its turn: by NLM's locks. */
export class LockLoad {
  readonly counters: Counter[] = []
  readonly graceMs: number
  increments = 0
  /** What was locked when its mover died, and locked again in time. */
  reclaims = 0
  readonly #workers: LockWorker[]

  constructor({ seed, movers, clients, graceMs }: LockLoadOptions) {
    const random = new Random(seed)
    this.graceMs = graceMs
    this.#workers = movers.flatMap((mover) =>
      Array.from({ length: clients }, (_, i) => new LockWorker(this, mover, `${mover.host} ${i}`, random.fork())),
    )
  }

  async prepare(): Promise<void> {
    const [worker] = this.#workers
    for (let i = 0; i < COUNTERS; i++) {
      this.counters.push({ handle: await worker.make(`counter ${i}`), value: 0, isUnsure: false })
    }
  }

  /** Every client increments so many times; `during` gets going with them. Throws `Incoherence` when an increment is lost. */
  async run(each: number, during: () => Promise<void>): Promise<void> {
    await Promise.all([...this.#workers.map((worker) => worker.work(each)), during()])
  }

  /** This mover is about to be killed. */
  dies(mover: Endpoint): void {
    for (const worker of this.#workers) if (worker.mover === mover) worker.moverDies()
  }

  /** It serves again, as another process: its clients reclaim what they had. */
  async lives(mover: Endpoint): Promise<void> {
    await Promise.all(this.#workers.map((worker) => (worker.mover === mover ? worker.moverLives() : null)))
  }

  close(): void {
    for (const { client } of this.#workers) client.close()
  }
}

class LockWorker {
  readonly mover: Endpoint
  readonly client: NfsClient
  readonly #load: LockLoad
  readonly #name: Uint8Array
  readonly #random: Random
  /** What it has locked, until it asks to be without it. */
  #held: Counter | null = null
  /** The connection, counted, over which it was told so: to a process that may be dead. */
  #heldOver = 0
  #reclaim: Promise<void> = Promise.resolve()
  #diedMs = 0

  constructor(load: LockLoad, mover: Endpoint, name: string, random: Random) {
    this.#load = load
    this.mover = mover
    this.#name = bytes(name)
    this.#random = random
    this.client = new NfsClient(mover.host, mover.port, random.fork())
  }

  async make(name: string): Promise<nfs_fh3> {
    const dir = await this.client.mount('/share')
    const how = { mode: createmode3.GUARDED, obj_attributes: nothingSet() } as const
    const answer = await this.client.call('NFSPROC3_CREATE', { where: { dir, name: bytes(name) }, how })
    if (answer.status !== OK || !answer.resok.obj.handle_follows) throw new Error(`CREATE: ${answer.status}`)
    return { data: answer.resok.obj.handle.data.slice() }
  }

  async work(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#increment(this.#random.pick(this.#load.counters))
  }

  moverDies(): void {
    this.#diedMs = performance.now()
  }

  async moverLives(): Promise<void> {
    // Whoever answers this is the next process.
    await this.client.mount('/share')
    const counter = this.#held
    if (counter === null || this.#heldOver === this.client.connections) return
    this.#reclaim = this.#reclaimed(counter)
    await this.#reclaim
  }

  async #reclaimed(counter: Counter): Promise<void> {
    const stat = await this.#ask(counter, true)
    if (stat === nlm4_stats.NLM4_GRANTED) {
      this.#load.reclaims++
      return
    }
    const isInTime = performance.now() - this.#diedMs < this.#load.graceMs
    if (isInTime) throw new Incoherence(`what was locked cannot be reclaimed in time: ${stat}`)
    counter.isUnsure = true
  }

  async #increment(counter: Counter): Promise<void> {
    while ((await this.#ask(counter, false)) !== nlm4_stats.NLM4_GRANTED) await sleep(AGAIN_MS)
    this.#held = counter
    this.#heldOver = this.client.connections
    await sleep(this.#random.below(MOST_HELD_MS))
    const value = await this.#read(counter)
    if (value !== counter.value && !counter.isUnsure)
      throw new Incoherence(`a counter says ${value} instead of ${counter.value} to who has locked it`)
    await this.#write(counter, value + 1)
    counter.value = value + 1
    this.#load.increments++
    await sleep(this.#random.below(MOST_HELD_MS))
    await this.#reclaim
    this.#held = null
    const args = { cookie: this.#name, alock: this.#lockArgs(counter, false).alock }
    const { stat } = (await this.client.ask(NLM_PROG, NLM4_VERS, NLM4_VERS_codecs.NLMPROC4_UNLOCK, args)).stat
    if (stat !== nlm4_stats.NLM4_GRANTED) throw new Error(`UNLOCK: ${stat}`)
  }

  /** Anything but GRANTED, DENIED and the times of grace would be wrong. */
  async #ask(counter: Counter, reclaim: boolean): Promise<nlm4_stats> {
    const args = this.#lockArgs(counter, reclaim)
    const { stat } = (await this.client.ask(NLM_PROG, NLM4_VERS, NLM4_VERS_codecs.NLMPROC4_LOCK, args)).stat
    const { NLM4_GRANTED, NLM4_DENIED, NLM4_DENIED_GRACE_PERIOD } = nlm4_stats
    if (stat !== NLM4_GRANTED && stat !== NLM4_DENIED && stat !== NLM4_DENIED_GRACE_PERIOD) {
      throw new Error(`LOCK: ${stat}`)
    }
    return stat
  }

  #lockArgs({ handle }: Counter, reclaim: boolean): nlm4_lockargs {
    const range = { l_offset: 0n, l_len: BigInt(COUNTER_BYTES) }
    const alock = { caller_name: this.#name, fh: handle.data, oh: this.#name, svid: 1, ...range }
    return { cookie: this.#name, block: false, exclusive: true, alock, reclaim, state: 1 }
  }

  async #read({ handle }: Counter): Promise<number> {
    const answer = await this.client.call('NFSPROC3_READ', { file: handle, offset: 0, count: COUNTER_BYTES })
    if (answer.status !== OK) throw new Error(`READ: ${answer.status}`)
    const { data } = answer.resok
    return data.length === 0 ? 0 : Buffer.from(data).readDoubleBE()
  }

  async #write({ handle }: Counter, value: number): Promise<void> {
    const data = Buffer.alloc(COUNTER_BYTES)
    data.writeDoubleBE(value)
    const args = { file: handle, offset: 0, count: COUNTER_BYTES, stable: stable_how.FILE_SYNC, data }
    const answer = await this.client.call('NFSPROC3_WRITE', args)
    if (answer.status !== OK) throw new Error(`WRITE: ${answer.status}`)
  }
}
