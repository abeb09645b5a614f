import type { Failure } from '../failure.ts'
import type { Barrier } from '../operation.ts'
import { DeviceError } from '../store/device.ts'
import { type Step, start, type Task, together, wait } from '../task.ts'
import { type ExtentRun, type LogRecord, MAX_EXTENTS_PER_RECORD } from '../volume/records/schema.ts'
import { failureOf, URGENT_WITH_DATA } from '../volume/volume.ts'
import { changeTime, untilDone } from './context.ts'
import type { DataContext, DataVolume } from './data-volume.ts'
import type { FileData } from './file-data.ts'
import type { LiveInode } from './live-inode.ts'
import { PAGE, type PageCache } from './page-cache.ts'

const PAGE_BYTES = 4096
/** Pages of one device write. */
const PAGES_PER_WRITE = 256
/** So many clean pages between dirty ones are written with them: that costs less than a write more. */
const GAP_PAGES = 4
/** Device writes of one file in flight. */
const WRITES_AT_ONCE = 16
/** Pages of one round of a file's write-back. */
const PAGES_PER_ROUND = 16_384
/** A single short write is made durable by itself; otherwise a flush serves all. */
const DURABLE_WRITE_PAGES = 32
/** A sequential writer is followed in steps of this, flushed in steps of that; its calls may be out of order by so much. */
const STREAM_PAGES = 512
const STREAM_FLUSH_PAGES = 1024
const STREAM_SLACK_PAGES = 2048
/** Dirty data is written after this time, and a quiet file's write mark is cleared after that. */
const DIRTY_AGE_MS = 5000
const QUIET_MS = 3000
const TICK_MS = 500
/** Files looked at in one go, marks cleared by one record, and marks beyond which files need not be quiet first. */
const MARKS_AT_ONCE = 512
const MARKS_PER_RECORD = 64
const MARKS_KEPT = 4096

/** Files that are written out together when too much is dirty. */
const FILES_RELIEVED = 16
const EVERYTHING = { first: 0, end: Number.MAX_SAFE_INTEGER, durable: false }

type Done = (failure: Failure | null) => void

interface Request {
  first: number
  /** Behind the last block. */
  end: number
  /** Wait until the data is durable; otherwise until it is on its way out of the cache. */
  durable: boolean
  done: Done
}

interface DeviceWrite {
  deviceBlock: number
  buffers: Uint8Array[]
  pages: number
}

/** What one round of a file's write-back has put on the device. */
interface Round {
  slots: number[]
  writes: DeviceWrite[]
  /** New extents, of which the first `logged` are in the log. */
  runs: ExtentRun[]
  logged: number
  /** A record must tell of new extents or a new size. */
  fold: boolean
  /** All that was asked for is in this round. */
  complete: boolean
  /** The file's size that its pages reach up to. */
  size: number
}

/** A file's data could not be written or logged. */
class WriteFailure extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(`file data could not be written: ${failure}`)
    this.failure = failure
  }
}

/** A record of extents and size, with the times and the change number that the inode has now. */
function foldRecord(inode: LiveInode, size: number, runs: ExtentRun[], clearMark: number): LogRecord<'fold'> {
  return {
    ino: inode.ino,
    size,
    atime: { sec: inode.atimeSec, nsec: inode.atimeNsec },
    mtime: { sec: inode.mtimeSec, nsec: inode.mtimeNsec },
    ctime: { sec: inode.ctimeSec, nsec: inode.ctimeNsec },
    change: inode.change,
    clearMark,
    runs,
  }
}

/** The dirty blocks that requests ask for: by their ranges where those are short, by a look at all where they are not. */
function wantedBlocks(data: FileData, requests: readonly Request[]): Iterable<number> {
  let asked = 0
  for (const { first, end } of requests) asked += end - first
  if (asked >= data.dirty.size) {
    if (requests.some(({ first, end }) => first === 0 && end === EVERYTHING.end)) return data.dirty
    return [...data.dirty].filter((block) => requests.some(({ first, end }) => block >= first && block < end))
  }
  const wanted = new Set<number>()
  for (const { first, end } of requests) {
    for (let block = first; block < end; block++) if (data.dirty.has(block)) wanted.add(block)
  }
  return wanted
}

function isOneShortWrite(round: Round): boolean {
  const [write] = round.writes
  return round.writes.length === 1 && write.buffers.length === 1 && write.pages <= DURABLE_WRITE_PAGES
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
  readonly #queues = new Map<FileData, Request[]>()
  readonly #dirtyFiles = new Set<FileData>()
  readonly #marked = new Set<LiveInode>()
  #stopTimer: () => void
  #stopped = false
  #relieving = 0
  #settling = false
  /** Pages written behind sequential writers since the last flush for them. */
  #streamedPages = 0
  /** Told when data could not be written: file and reason. */
  onLoss: (inode: LiveInode, error: Error) => void = () => {}

  constructor(volume: DataVolume, pages: PageCache, context: () => DataContext) {
    this.#volume = volume
    this.#pages = pages
    this.#context = context
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

  /** The inode has a write mark, or times that the log does not have: both are settled when it has been quiet. */
  noteUnlogged(inode: LiveInode): void {
    this.#marked.add(inode)
    if (this.#marked.size <= MARKS_KEPT || this.#settling) return
    this.#settling = true
    this.#volume.env.defer(() => this.#settleSome(0))
  }

  /** Forgets a file that has been removed. */
  forget(inode: LiveInode): void {
    this.#marked.delete(inode)
    if (inode.data !== null) this.#dirtyFiles.delete(inode.data)
  }

  /** A barrier that ends when all dirty pages in [first, end) are durable, with the file's size and extents. */
  barrier(data: FileData, first: number, end: number): Barrier {
    return { wait: (done) => this.#request(data, { first, end, durable: true, done }) }
  }

  /** Brings all dirty pages in [first, end) to the device, and logs extents and size; `done` is called also if that fails. */
  writeOut(data: FileData, first: number, end: number, done: () => void): void {
    this.#request(data, { first, end, durable: false, done })
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
    this.#request(data, { first, end, durable: false, done: () => this.#flushBehind(end - first) })
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
    this.#stopTimer()
    for (const data of [...this.#dirtyFiles]) {
      const failure = yield* wait<Failure | null>((resume) =>
        this.#request(data, { ...EVERYTHING, durable: true, done: (f) => resume(null, f) }),
      )
      if (failure !== null) throw new Error(`data of inode ${data.inode.ino} could not be written: ${failure}`)
    }
    for (const inode of [...this.#marked]) {
      yield* wait<void>((resume) => this.#untilDone(() => this.#settle(inode), resume))
    }
  }

  #request(data: FileData, request: Request): void {
    const queue = this.#queues.get(data)
    if (queue !== undefined) {
      queue.push(request)
      return
    }
    this.#queues.set(data, [request])
    if (!data.writing) this.#volume.env.defer(() => this.#round(data))
  }

  #round(data: FileData): void {
    const requests = this.#queues.get(data)
    if (requests === undefined || data.writing) return
    this.#queues.delete(data)
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

  #takeQueue(data: FileData): Request[] {
    const requests = this.#queues.get(data) ?? []
    this.#queues.delete(data)
    return requests
  }

  *#serve(data: FileData, requests: Request[]): Task<void> {
    const durable = requests.some((request) => request.durable)
    const { flushGate } = this.#volume
    for (let complete = false; !complete; ) {
      const round = this.#gather(data, requests)
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

  /** Chooses the pages of a round, gives device blocks to those that have none, pins them all. */
  #gather(data: FileData, requests: readonly Request[]): Round {
    const { inode } = data
    let size = this.#context().mayGrow(inode.ino, inode.size) ? inode.size : inode.loggedSize
    let blocks: number[] = []
    // A file may lose its last name between the request and the round: then nothing is left to write or to log.
    const isGone = inode.removed || inode.nlink === 0
    let fold = !isGone && size !== inode.loggedSize
    for (const block of fold ? [] : wantedBlocks(data, requests)) {
      blocks.push(block)
      if (this.#pages.deviceBlock[data.pages.get(block) as number] === 0) fold = true
    }
    // A record with a new size or extents must not pass older data of the same file, its old last block above all.
    if (fold) blocks = [...data.dirty]
    blocks.sort((a, b) => a - b)
    const complete = blocks.length <= PAGES_PER_ROUND
    if (!complete) {
      blocks.length = PAGES_PER_ROUND
      const written = (blocks[PAGES_PER_ROUND - 1] + 1) * PAGE_BYTES
      size = Math.min(size, Math.max(inode.loggedSize, written))
    }
    const round: Round = { slots: [], writes: [], runs: [], logged: 0, fold, complete, size }
    for (let i = 0; i < blocks.length; i++) {
      const slot = data.pages.get(blocks[i]) as number
      if (this.#pages.deviceBlock[slot] === 0) this.#allocate(data, round, blocks, i)
      if (i > 0 && this.#canBridge(data, blocks[i - 1], blocks[i])) {
        for (let gap = blocks[i - 1] + 1; gap < blocks[i]; gap++) {
          this.#take(data, round, gap, data.pages.get(gap) as number)
        }
      }
      this.#take(data, round, blocks[i], slot)
    }
    return round
  }

  /** Device blocks for the run of delayed pages that starts at `blocks[i]`, as far as one free run reaches. */
  #allocate(data: FileData, round: Round, blocks: readonly number[], i: number): void {
    const cache = this.#pages
    let length = 1
    while (
      i + length < blocks.length &&
      blocks[i + length] === blocks[i] + length &&
      cache.deviceBlock[data.pages.get(blocks[i + length]) as number] === 0
    ) {
      length++
    }
    const before = data.pages.get(blocks[i] - 1)
    const behind = before === undefined ? 0 : cache.deviceBlock[before]
    const goal = behind === 0 ? data.nextGoal : behind + 1
    const run = this.#volume.space.allocateData(length, goal)
    if (run === null) throw new Error('no data block is free although some are reserved')
    this.#volume.space.unreserve(run.length)
    data.delayedBlocks -= run.length
    data.nextGoal = run.start + run.length
    for (let k = 0; k < run.length; k++) cache.deviceBlock[data.pages.get(blocks[i] + k) as number] = run.start + k
    const last = round.runs.at(-1)
    const follows =
      last !== undefined && last.fileBlock + last.length === blocks[i] && last.deviceBlock + last.length === run.start
    if (follows) last.length += run.length
    else round.runs.push({ fileBlock: blocks[i], deviceBlock: run.start, length: run.length })
  }

  /** True when one write can reach from file block `from` to `to`: what lies between is at hand, and beside them. */
  #canBridge(data: FileData, from: number, to: number): boolean {
    if (to - from - 1 > GAP_PAGES) return false
    const { deviceBlock, flags } = this.#pages
    const first = deviceBlock[data.pages.get(from) as number] - from
    for (let block = from + 1; block <= to; block++) {
      const slot = data.pages.get(block)
      if (slot === undefined || (flags[slot] & PAGE.loading) !== 0 || deviceBlock[slot] - block !== first) return false
    }
    return true
  }

  #take(data: FileData, round: Round, block: number, slot: number): void {
    const cache = this.#pages
    const deviceBlock = cache.deviceBlock[slot]
    cache.setWriting(slot)
    cache.setClean(slot)
    data.dirty.delete(block)
    round.slots.push(slot)
    const write = round.writes.at(-1)
    if (write !== undefined && write.deviceBlock + write.pages === deviceBlock && write.pages < PAGES_PER_WRITE) {
      const lastSlot = round.slots[round.slots.length - 2]
      const tail = write.buffers[write.buffers.length - 1]
      if (lastSlot + 1 === slot) {
        write.buffers[write.buffers.length - 1] = new Uint8Array(tail.buffer, tail.byteOffset, tail.length + PAGE_BYTES)
      } else write.buffers.push(cache.pool.slot(slot))
      write.pages++
    } else round.writes.push({ deviceBlock, buffers: [cache.pool.slot(slot)], pages: 1 })
  }

  *#write(data: FileData, round: Round, durable: boolean): Task<void> {
    if (round.writes.length === 0) return
    const { device, space } = this.#volume
    const io = space.ioBegin()
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
    } finally {
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
        const lsn = this.#volume.submit('fold', foldRecord(inode, size, part, 0), URGENT_WITH_DATA)
        if (typeof lsn === 'number' && inode.size === size) inode.unlogged = false
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

  /** Logs what a quiet file's writes left and clears its mark. */
  #settle(inode: LiveInode): void {
    this.#marked.delete(inode)
    if (inode.removed || (!inode.marked && !inode.unlogged)) return
    if (!inode.isCurrent || (inode.data !== null && !inode.data.idle)) {
      this.#marked.add(inode)
      return
    }
    const lsn = this.#volume.submit('fold', foldRecord(inode, inode.size, [], 1), URGENT_WITH_DATA)
    if (typeof lsn === 'string') {
      this.#marked.add(inode)
      return
    }
    inode.unlogged = false
    inode.marked = false
  }

  /** Clears the marks of files of which the log has everything, many in one record. */
  #clearMarks(inodes: readonly LiveInode[]): void {
    const settled = inodes.filter(
      (inode) => inode.marked && !inode.removed && !inode.unlogged && inode.isCurrent && inode.data?.idle !== false,
    )
    if (settled.length === 0) return
    const lsn = this.#volume.submit('clearMarks', { inos: settled.map((inode) => inode.ino) }, URGENT_WITH_DATA)
    if (typeof lsn === 'string') return
    for (const inode of settled) {
      inode.marked = false
      this.#marked.delete(inode)
    }
  }

  /** Settles some of the files that have been quiet for `quietMs`, those marked first first. */
  #settleSome(quietMs: number): void {
    this.#settling = false
    if (this.#stopped || this.#volume.failure !== null) return
    const now = this.#volume.env.monotonicMs()
    const whole: LiveInode[] = []
    let looked = 0
    for (const inode of this.#marked) {
      if (looked++ >= MARKS_AT_ONCE) break
      if (now - inode.lastWriteMs < quietMs) continue
      if (inode.unlogged) this.#run(() => this.#settle(inode))
      else if (inode.data?.idle !== false) whole.push(inode)
      if (inode.data?.idle === false) {
        // Comes round again behind the others.
        this.#marked.delete(inode)
        this.#marked.add(inode)
      }
    }
    for (let at = 0; at < whole.length; at += MARKS_PER_RECORD) {
      const part = whole.slice(at, at + MARKS_PER_RECORD)
      this.#run(() => this.#clearMarks(part))
    }
  }

  /** Runs something in the background until it need not wait any more. */
  #run(attempt: () => void): void {
    untilDone(this.#context(), attempt, (error) => {
      if (error !== null) this.#volume.fail(error)
    })
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
    this.#settleSome(QUIET_MS)
    this.#stopTimer = this.#volume.env.timer(TICK_MS, () => this.#tick())
  }
}
