import type { Failure } from '../failure.ts'
import type { Barrier } from '../operation.ts'
import { DeviceError } from '../store/device.ts'
import { type Step, start, type Task, together, wait } from '../task.ts'
import { MAX_EXTENTS_PER_RECORD } from '../volume/records/schema.ts'
import { failureOf, URGENT_WITH_DATA } from '../volume/volume.ts'
import { changeTime, untilDone } from './context.ts'
import type { DataContext, DataVolume } from './data-volume.ts'
import type { DirtyBound } from './dirty-bound.ts'
import type { FileData } from './file-data.ts'
import type { LiveInode } from './live-inode.ts'
import type { PageCache } from './page-cache.ts'
import { foldRecord, UnloggedInodes } from './unlogged-inodes.ts'
import { EVERYTHING, gatherRound, isOneShortWrite, type Round, type WriteRequest } from './write-round.ts'

const PAGE_BYTES = 4096
/** Device writes of one file in flight. */
const WRITES_AT_ONCE = 16
/** A sequential writer is followed in steps of this, flushed in steps of that; its calls may be out of order by so much. */
const STREAM_PAGES = 512
const STREAM_FLUSH_PAGES = 1024
const STREAM_SLACK_PAGES = 2048
/** Dirty data is written after this time. */
const DIRTY_AGE_MS = 5000
const TICK_MS = 500
/** Files that are written out together when too much is dirty. */
const FILES_RELIEVED = 16

/** A file's data could not be written or logged. */
class WriteFailure extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(`file data could not be written: ${failure}`)
    this.failure = failure
  }
}

/**
 * Brings dirty pages to the device and what they change of the file (extents, size, times) into the log: data first,
 * flush, then the record. One round per file at a time; requests that come meanwhile share the next one.
 */
export class WriteBack {
  /** Changes whenever acknowledged unstable data may have been lost: clients then send it again (RFC 1813 §3.3.7). */
  verifier: Uint8Array
  readonly #volume: DataVolume
  readonly #pages: PageCache
  readonly #context: () => DataContext
  /** Null: nobody else can ask for what is dirty. */
  readonly #bound: DirtyBound | null
  readonly #queues = new Map<FileData, WriteRequest[]>()
  readonly #dirtyFiles = new Set<FileData>()
  readonly #unlogged: UnloggedInodes
  #stopTimer: () => void
  #stopped = false
  #relieving = 0
  /** Pages written behind sequential writers since the last flush for them. */
  #streamedPages = 0
  /** Told when data could not be written: file and reason. */
  onLoss: (inode: LiveInode, error: Error) => void = () => {}

  constructor(volume: DataVolume, pages: PageCache, context: () => DataContext, bound: DirtyBound | null) {
    this.#volume = volume
    this.#bound = bound
    this.#pages = pages
    this.#context = context
    this.#unlogged = new UnloggedInodes(volume, context)
    this.verifier = volume.env.randomBytes(8)
    pages.onPressure = () => this.#relieve()
    this.#stopTimer = volume.env.timer(TICK_MS, () => this.#tick())
  }

  /** Something of this file became dirty. */
  noteDirty(data: FileData): void {
    if (!this.#dirtyFiles.has(data)) {
      this.#dirtyFiles.add(data)
      data.dirtySinceMs = this.#volume.env.monotonicMs()
    }
    if (this.#pages.dirtyCount > this.#pages.dirtyLimit / 2) this.#relieve()
  }

  /** See `UnloggedInodes`. */
  noteUnlogged(inode: LiveInode): void {
    this.#unlogged.note(inode)
  }

  /** Forgets a file that has been removed. */
  forget(inode: LiveInode): void {
    this.#unlogged.forget(inode)
    if (inode.data !== null) this.#dirtyFiles.delete(inode.data)
  }

  /** A barrier that ends when all dirty pages in [first, end) are durable, with the file's size and extents. */
  barrier(data: FileData, first: number, end: number): Barrier {
    return { wait: (done) => this.#request(data, { first, end, durable: true, isPiece: false, done }) }
  }

  /**
   * Brings all dirty pages in [first, end) to the device, and logs their extents, and the file's size where they reach behind
   * the end that the log has: before what others want of the file, and without it. `done` is called also if that fails.
   */
  writePiece(data: FileData, first: number, end: number, done: () => void): void {
    this.#request(data, { first, end, durable: false, isPiece: true, done })
  }

  /** Blocks [first, last) were written: a sequential writer's megabytes go to the device before its COMMIT asks for them. */
  follow(data: FileData, first: number, last: number): void {
    const { streamEnd } = data
    const follows = first >= streamEnd - STREAM_SLACK_PAGES && first <= streamEnd + STREAM_SLACK_PAGES
    if (!follows) data.streamStart = first
    data.streamEnd = follows ? Math.max(streamEnd, last) : last
    this.#writeBehind(data)
  }

  #writeBehind(data: FileData): void {
    const { streamStart: first, streamEnd: end } = data
    if (data.writing || end - first < STREAM_PAGES) return
    data.streamStart = end
    this.#request(data, { first, end, durable: false, isPiece: false, done: () => this.#flushBehind(end - first) })
    // Not after this tick: it may go on for as long as the socket has more.
    this.#round(data)
  }

  /** What streams to the device is flushed as it goes: a device's own cache can hold more than a COMMIT should wait for. */
  #flushBehind(pages: number): void {
    this.#streamedPages += pages
    const { flushGate } = this.#volume
    if (this.#streamedPages < STREAM_FLUSH_PAGES || flushGate.isFlushing) return
    this.#streamedPages = 0
    if (flushGate.hasUnflushed) this.#flush(() => {})
  }

  /** Writes everything out and settles every mark: before a clean end. */
  *drain(): Task<void> {
    this.#stopped = true
    this.#unlogged.stop()
    this.#stopTimer()
    for (const data of [...this.#dirtyFiles]) {
      const failure = yield* wait<Failure | null>((resume) =>
        this.#request(data, { ...EVERYTHING, durable: true, done: (f) => resume(null, f) }),
      )
      if (failure !== null) throw new Error(`data of inode ${data.inode.ino} could not be written: ${failure}`)
    }
    yield* this.#unlogged.drain()
  }

  #request(data: FileData, request: WriteRequest): void {
    const queue = this.#queues.get(data)
    if (queue !== undefined) {
      queue.push(request)
      return
    }
    this.#queues.set(data, [request])
    if (!data.writing) this.#volume.env.defer(() => this.#round(data))
  }

  #round(data: FileData): void {
    if (data.writing) return
    const requests = this.#takeRound(data)
    if (requests.length === 0) return
    data.writing = true
    start(this.#serve(data, requests), (error) => {
      data.writing = false
      const failure = error === null ? null : error instanceof WriteFailure ? error.failure : 'IO'
      if (error !== null && !(error instanceof WriteFailure)) this.#volume.fail(error)
      // What came meanwhile waits for pages that were dropped with the others.
      if (failure !== null) requests.push(...this.#takeQueue(data))
      if (data.dirty.size === 0) this.#dirtyFiles.delete(data)
      else if (failure === null) data.dirtySinceMs = this.#volume.env.monotonicMs()
      for (const request of requests) request.done(failure)
      data.quietened()
      if (this.#queues.has(data)) this.#volume.env.defer(() => this.#round(data))
      else if (failure === null) this.#writeBehind(data)
      if (this.#pages.dirtyCount > this.#pages.dirtyLimit / 2) this.#relieve()
    })
  }

  /** What the next round is for: pieces that are given back do not wait for anything else. */
  #takeRound(data: FileData): WriteRequest[] {
    const queue = this.#takeQueue(data)
    const pieces = queue.filter(({ isPiece }) => isPiece)
    if (pieces.length === 0 || pieces.length === queue.length) return queue
    this.#queues.set(
      data,
      queue.filter(({ isPiece }) => !isPiece),
    )
    return pieces
  }

  #takeQueue(data: FileData): WriteRequest[] {
    const requests = this.#queues.get(data) ?? []
    this.#queues.delete(data)
    return requests
  }

  *#serve(data: FileData, requests: WriteRequest[]): Task<void> {
    const durable = requests.some((request) => request.durable)
    const { flushGate } = this.#volume
    for (let complete = false; !complete; ) {
      const round = gatherRound(this.#context(), data, requests)
      complete = round.complete
      const alone = durable && complete && !round.fold && isOneShortWrite(round) && flushGate.isFlushed(data.writeMark)
      try {
        // Bytes must not change in place before the write mark is durable: the change number would name two contents.
        yield* this.#afterLog(data.inode.markLsn)
        yield* this.#write(data, round, alone)
        if (round.fold) yield* this.#fold(data, round)
      } catch (error) {
        this.#lose(data, round, error as Error)
        throw error instanceof DeviceError ? new WriteFailure(failureOf(error)) : error
      } finally {
        // Until the log has their extents, only the pages themselves know where they lie.
        for (const slot of round.slots) this.#pages.setWritten(slot)
      }
      if (!complete || !durable) continue
      if (!round.fold && !flushGate.isFlushed(data.writeMark)) yield* wait<void>((resume) => this.#flush(resume))
      // Not only this round's record: an earlier round's, or of a truncation or removal that has dropped pages meanwhile.
      yield* this.#afterLog(data.inode.lastLsn)
    }
  }

  /** A flush that fails leaves no way to know what is durable: the volume is given up. */
  #flush(resume: (error: Error | null) => void): void {
    this.#volume.flushGate.flush((error) => {
      if (error !== null) this.#volume.fail(error)
      resume(error === null ? null : new WriteFailure(failureOf(error)))
    })
  }

  /** Waits until the log is durable up to `lsn`. */
  *#afterLog(lsn: number): Task<void> {
    const { log, env } = this.#volume
    if (lsn <= log.durableLsn) return
    yield* wait<void>((resume) =>
      log.whenDurable(lsn, (error) =>
        env.defer(() => resume(error === null ? null : new WriteFailure(failureOf(error)))),
      ),
    )
  }

  *#write(data: FileData, round: Round, durable: boolean): Task<void> {
    if (round.writes.length === 0) return
    const { device, space } = this.#volume
    const io = space.ioBegin()
    let written = 0
    this.#bound?.writes()
    try {
      if (durable) {
        const [write] = round.writes
        yield* wait((resume) => device.writeDurable(write.deviceBlock * PAGE_BYTES, write.buffers[0], 'data', resume))
      } else {
        const steps: Step<unknown>[] = round.writes.map(
          (write) => (resume) => device.write(write.deviceBlock * PAGE_BYTES, write.buffers, 'data', resume),
        )
        yield* wait(together(steps, WRITES_AT_ONCE))
        data.writeMark = this.#volume.flushGate.wrote()
      }
      written = round.slots.length
    } finally {
      this.#bound?.wrote(written)
      space.ioEnd(io)
      space.releaseFreed(this.#volume.log.durableLsn)
    }
  }

  /** Logs new extents, size and times. The data is on the device; the log flushes before it writes the record. */
  *#fold(data: FileData, round: Round): Task<void> {
    const { inode } = data
    const { runs, size } = round
    do {
      const part = runs.slice(round.logged, round.logged + MAX_EXTENTS_PER_RECORD)
      const log = (): number | Failure => {
        // Another mover may have lengthened the file since the round began.
        const end = Math.max(size, inode.loggedSize)
        const lsn = this.#volume.submit('fold', foldRecord(inode, end, part, 0), URGENT_WITH_DATA)
        if (typeof lsn === 'number' && inode.size === end) inode.unlogged = false
        return lsn
      }
      const lsn = yield* wait<number | Failure>((resume) => this.#untilDone(log, resume))
      if (typeof lsn === 'string') throw new WriteFailure(lsn)
      round.logged += part.length
    } while (round.logged < runs.length)
  }

  #untilDone<T>(attempt: () => T, resume: (error: Error | null, value?: T) => void): void {
    untilDone(this.#context(), attempt, (error, value) => this.#volume.env.defer(() => resume(error, value)))
  }

  /** Data could not be written: it is dropped, clients are made to send it again. The file is as the log has it. */
  #lose(data: FileData, round: Round, error: Error): void {
    const { inode } = data
    for (const run of round.runs.slice(round.logged)) this.#volume.space.returnData(run.deviceBlock, run.length)
    data.dropAll()
    this.verifier = this.#volume.env.randomBytes(8)
    if (!inode.removed && inode.nlink > 0) {
      // A size behind which nothing was written would show what the last block holds behind the old one.
      if (this.#context().mayGrow(inode.ino, inode.size)) inode.size = inode.loggedSize
      data.cleanTailSize = -1
      const now = changeTime(this.#context(), inode)
      inode.setMtime(now.sec, now.nsec)
      inode.setCtime(now.sec, now.nsec)
      inode.change += 1
      inode.unlogged = true
      this.noteUnlogged(inode)
    }
    this.onLoss(inode, error)
  }

  /** Too much is dirty: writes out the files that have been dirty longest. */
  #relieve(): void {
    if (this.#relieving > 0) return
    for (const data of this.#dirtyFiles) {
      if (this.#queues.has(data) || data.writing) continue
      this.#relieving++
      this.#request(data, { ...EVERYTHING, done: () => this.#relieving-- })
      if (this.#relieving === FILES_RELIEVED) return
    }
  }

  #tick(): void {
    if (this.#stopped || this.#volume.failure !== null) return
    const now = this.#volume.env.monotonicMs()
    for (const data of this.#dirtyFiles) {
      if (now - data.dirtySinceMs < DIRTY_AGE_MS || this.#queues.has(data) || data.writing) continue
      this.#request(data, { ...EVERYTHING, done: () => {} })
    }
    this.#unlogged.settleQuiet()
    this.#stopTimer = this.#volume.env.timer(TICK_MS, () => this.#tick())
  }
}
