import type { block_map } from '../../protocol/moverlock/moverlock.gen.ts'
import { BlockSet } from '../authority/block-set.ts'
import { ExtentCache } from '../authority/extent-cache.ts'
import type { SecondaryAuthority } from '../authority/secondary.ts'
import type { Environment } from '../environment.ts'
import type { Failure } from '../failure.ts'
import { FILE_END, type Span } from '../locks/token.ts'
import { type BlockDevice, DeviceError } from '../store/device.ts'
import { FlushGate } from '../store/flush-gate.ts'
import { Suspend } from '../suspend.ts'
import type { Run } from '../volume/layout.ts'
import { BLOCK_BYTES } from '../volume/layout.ts'
import type { DurableDone, DurableLog } from '../volume/log.ts'
import type { Stretch } from '../volume/records/extent-parts.ts'
import type { LogRecord } from '../volume/records/schema.ts'
import type { DataRecordName, DataSpace, DataVolume } from './data-volume.ts'
import type { Unanswered } from './drain.ts'
import { MAX_TRANSFER_BYTES } from './transfer.ts'
import { UnansweredCommits } from './unanswered-commits.ts'
import type { WrittenFile } from './written.ts'

/** Blocks that are asked for at least, so that few writes have to wait for some. */
const RESERVE_BLOCKS = 2048
/** Reserved blocks go back when for so long no write has asked for any. */
const SPACE_QUIET_MS = 5000
/** Blocks that one write may touch, which begins and ends within some. */
const BLOCKS_OF_WRITE = MAX_TRANSFER_BYTES / BLOCK_BYTES + 1

/**
 * Blocks that a mover with so many file pages has reserved at most: each for a page that is dirty or on its way to the
 * device, and what is asked for beforehand when a write finds too few.
 */
export function mostReserved(pages: number): number {
  return pages + BLOCKS_OF_WRITE + Math.max(RESERVE_BLOCKS, BLOCKS_OF_WRITE)
}

/** Commits that have been sent, and which of them the primary has durably. Numbers are this mover's own. */
class CommitLog implements DurableLog {
  lastLsn = 0
  durableLsn = 0
  /** Answered, but not those before them. */
  readonly #answered = new Set<number>()
  #waiters: { lsn: number; done: DurableDone }[] = []
  #failure: DeviceError | null = null

  get failed(): boolean {
    return this.#failure !== null
  }

  whenDurable(lsn: number, done: DurableDone): void {
    if (lsn <= this.durableLsn) done(null)
    else if (this.#failure !== null) done(this.#failure)
    else this.#waiters.push({ lsn, done })
  }

  answered(lsn: number): void {
    this.#answered.add(lsn)
    while (this.#answered.delete(this.durableLsn + 1)) this.durableLsn++
    const waiters = this.#waiters
    this.#waiters = waiters.filter((waiter) => waiter.lsn > this.durableLsn)
    for (const waiter of waiters) if (waiter.lsn <= this.durableLsn) waiter.done(null)
  }

  fail(error: DeviceError): void {
    this.#failure = error
    const waiters = this.#waiters
    this.#waiters = []
    for (const { done } of waiters) done(error)
  }
}

/** Blocks that the primary has reserved for this mover: promised to dirty pages, then handed out to be written. */
class ReservedSpace implements DataSpace {
  #runs: Run[] = []
  /** Handed out, and not committed. */
  readonly #out = new BlockSet()
  #free = 0
  #promised = 0
  /** How often blocks have been promised. */
  promises = 0

  /** All blocks that are reserved for this mover and not committed. */
  get count(): number {
    return this.#free + this.#out.count
  }

  get unpromised(): number {
    return this.#free - this.#promised
  }

  /** Promises blocks; false when there are not so many. */
  promise(count: number): boolean {
    if (this.unpromised < count) return false
    this.#promised += count
    this.promises++
    return true
  }

  /** Takes out what is neither promised nor handed out. */
  takeUnpromised(): Run[] {
    const taken: Run[] = []
    while (this.unpromised > 0) {
      const run = this.#runs.at(-1) as Run
      const length = Math.min(run.length, this.unpromised)
      run.length -= length
      this.#free -= length
      taken.push({ start: run.start + run.length, length })
      if (run.length === 0) this.#runs.pop()
    }
    return taken
  }

  add(runs: readonly Run[]): void {
    for (const { start, length } of runs) {
      this.#runs.push({ start, length })
      this.#free += length
    }
  }

  unreserve(count: number): void {
    this.#promised -= count
    if (this.#promised < 0) throw new Error('more data blocks unreserved than promised')
  }

  allocateData(want: number, goal: number): Run | null {
    let best = this.#runs.findIndex(({ start }) => start === goal)
    if (best < 0) {
      for (const [i, { length }] of this.#runs.entries()) {
        if (best < 0 || length > this.#runs[best].length) best = i
        if (length >= want) break
      }
    }
    if (best < 0) return null
    const run = this.#runs[best]
    const length = Math.min(want, run.length)
    const taken = { start: run.start, length }
    run.start += length
    run.length -= length
    if (run.length === 0) this.#runs.splice(best, 1)
    this.#free -= length
    this.#out.add(taken.start, length)
    return taken
  }

  returnData(start: number, length: number): void {
    this.#takeBack(start, length)
    this.add([{ start, length }])
  }

  /** Blocks that were handed out become a file's: the primary is told. */
  committed(start: number, length: number): void {
    this.#takeBack(start, length)
  }

  /** Where they lie. */
  all(): Run[] {
    return [...this.#runs.map(({ start, length }) => ({ start, length })), ...this.#out.runs()]
  }

  #takeBack(start: number, length: number): void {
    if (!this.#out.take(start, length)) throw new Error(`blocks ${start}+${length} were not handed out`)
  }

  // Whose blocks are freed is the primary's business; it has asked for the file's tokens before.
  ioBegin(): number {
    return 0
  }
  ioEnd(): void {}
  releaseFreed(): void {}
}

export interface RemoteVolumeOptions {
  device: BlockDevice
  env: Environment
  authority: () => SecondaryAuthority
  /** A file of which something is held. */
  file: (ino: number) => WrittenFile | undefined
  nextSequence: () => number
  onFailure: (error: Error) => void
}

/**
 * A volume as a secondary uses it for the data of files: blocks are read and written on the shared device; where they lie,
 * which are free, and what becomes a file's is the primary's to say.
 */
export class RemoteVolume implements DataVolume {
  readonly device: BlockDevice
  readonly env: Environment
  readonly flushGate: FlushGate
  forgottenMark = 0
  readonly log = new CommitLog()
  readonly space = new ReservedSpace()
  readonly #o: RemoteVolumeOptions
  readonly #extents = new Map<number, ExtentCache>()
  readonly #unanswered = new UnansweredCommits()
  #failure: Error | null = null
  /** Who waits for the reservation that is under way. */
  #reserving: (() => void)[] | null = null
  /** The last reservation brought nothing: so many are not there; told once to who has waited for it. */
  #missing = Number.POSITIVE_INFINITY
  #isWatched = false

  constructor(options: RemoteVolumeOptions) {
    this.#o = options
    this.device = options.device
    this.env = options.env
    this.flushGate = new FlushGate(options.device, (task) => options.env.defer(task))
  }

  get failure(): Error | null {
    return this.#failure
  }

  begin(): void {}

  fail(error: Error): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.log.fail(new DeviceError('IO', error.message))
    this.#o.onFailure(error)
  }

  submit<N extends DataRecordName>(name: N, record: LogRecord<N>): number | Failure {
    if (this.#failure !== null) return 'ROFS'
    if (name === 'fold') return this.#commit(record as LogRecord<'fold'>)
    // The primary marks a file before it lets others write to it, and clears the mark.
    return this.log.durableLsn
  }

  mapBlock(ino: number, block: number, max: number, out: Stretch): void {
    if (this.#extents.get(ino)?.find(block, max, out) === true) return
    const authority = this.#o.authority()
    throw new Suspend((resume) =>
      authority.map(ino, block, (map) => {
        // What the tokens do not cover (any more) may be another mover's to change.
        const near = map === null ? undefined : authority.tokens.held(ino)?.near({ start: block, end: block + max })
        for (const token of near ?? []) this.learn(ino, token, map as block_map)
        resume()
      }),
    )
  }

  reserveData(count: number): boolean {
    if (this.space.promise(count)) return true
    if (count >= this.#missing) return false
    throw new Suspend((resume) => this.#reserve(count, resume))
  }

  /** Where some blocks lie, as far as a token that is held covers them. */
  learn(ino: number, covered: Span, { seen, first, end, extents }: block_map): void {
    const file = this.#o.file(ino)
    file?.seen(seen)
    // Blocks that this mover has committed since are not holes, as the primary thought when it told this.
    if (file === undefined || file.isAhead) return
    const from = Math.max(first, covered.start)
    const to = Math.min(end, covered.end)
    if (from >= to) return
    let cache = this.#extents.get(ino)
    if (cache === undefined) {
      cache = new ExtentCache()
      this.#extents.set(ino, cache)
    }
    cache.learn(
      from,
      to,
      extents.map(({ file_block, device_block, length }) => ({
        fileBlock: file_block,
        deviceBlock: device_block,
        length,
      })),
    )
  }

  /** Nothing is known any more of where these blocks lie. */
  forget(ino: number, { start, end }: Span): void {
    const cache = this.#extents.get(ino)
    if (cache === undefined) return
    if (start === 0 && end === FILE_END) this.#extents.delete(ino)
    else cache.forget(start, end)
  }

  /** What has been committed of these blocks, and not been answered. */
  unanswered(ino: number, span: Span): Unanswered {
    return this.#unanswered.of(ino, span)
  }

  /**
   * Calls `done` when all is answered that has been committed of these blocks: at once where there is nothing, and never when
   * the primary has refused some of it, since this mover ends then.
   */
  whenAnswered(ino: number, span: Span, done: () => void): void {
    const lsn = this.#unanswered.lastOf(ino, span)
    if (lsn === 0) done()
    else
      this.log.whenDurable(lsn, (error) => {
        if (error === null) this.env.defer(done)
      })
  }

  #commit({ ino, size, runs }: LogRecord<'fold'>): number {
    const file = this.#o.file(ino)
    if (file === undefined) throw new Error(`inode ${ino} is written out, but not held`)
    const { inode } = file
    const changes = file.commit(this.#o.nextSequence())
    const lsn = ++this.log.lastLsn
    inode.lastLsn = lsn
    const growsFrom = size > inode.loggedSize ? Math.floor(inode.loggedSize / BLOCK_BYTES) : null
    this.#unanswered.sent(ino, lsn, runs, growsFrom)
    inode.loggedSize = size
    for (const { fileBlock, deviceBlock, length } of runs) {
      inode.blocks += length
      this.space.committed(deviceBlock, length)
      this.#extents.get(ino)?.learn(fileBlock, fileBlock + length, [{ fileBlock, deviceBlock, length }])
    }
    const extents = runs.map(({ fileBlock, deviceBlock, length }) => ({
      file_block: fileBlock,
      device_block: deviceBlock,
      length,
    }))
    this.#o.authority().commit(ino, Math.min(size, changes.size), changes, extents, (outcome) => {
      // The session has ended, and nobody knows: this mover is about to end too, and its clients ask another one.
      if (outcome === null) return
      if (outcome === 'OK') {
        file.seen(changes.sequence)
        this.#unanswered.answered(ino, lsn)
        this.log.answered(lsn)
      }
      // The primary has room for what it has promised room for, and the file cannot have gone while it was held.
      else this.fail(new Error(`the primary has not taken over what was written to inode ${ino}: ${outcome}`))
    })
    return lsn
  }

  #reserve(count: number, resume: () => void): void {
    if (this.#reserving !== null) {
      this.#reserving.push(resume)
      return
    }
    this.#reserving = [resume]
    this.#o
      .authority()
      .reserve(Math.max(count, RESERVE_BLOCKS), (runs) => this.#reserved(runs, count, count >= RESERVE_BLOCKS))
  }

  #reserved(runs: readonly Run[] | null, count: number, isLeast: boolean): void {
    // The session has ended: that nothing came says nothing of the volume.
    if (runs === null) return
    const waiters = this.#reserving ?? []
    this.#reserving = null
    if (runs.length === 0 && !isLeast) {
      // Perhaps there is as much as is needed.
      this.#reserving = waiters
      this.#o.authority().reserve(count, (less) => this.#reserved(less, count, true))
      return
    }
    this.space.add(runs)
    if (runs.length === 0) this.#missing = count
    for (const resume of waiters) resume()
    this.#missing = Number.POSITIVE_INFINITY
    this.#watchSpace()
  }

  /** What is reserved and not used is lost to the clients of other movers. */
  #watchSpace(): void {
    if (this.#isWatched) return
    this.#isWatched = true
    const { promises } = this.space
    this.env.timer(SPACE_QUIET_MS, () => {
      this.#isWatched = false
      const authority = this.#o.authority()
      // Who has asked for more waits for as much as it has asked for.
      const isQuiet = this.space.promises === promises && this.#reserving === null
      if (isQuiet && authority.isReady) authority.giveBack(this.space.takeUnpromised())
      if (this.space.count > 0) this.#watchSpace()
    })
  }
}
