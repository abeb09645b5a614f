import type { Environment } from '../environment.ts'
import type { BlockDevice, DeviceError } from '../store/device.ts'
import type { FlushGate } from '../store/flush-gate.ts'
import { Suspend } from '../suspend.ts'
import { BLOCK_BYTES, type Geometry } from './layout.ts'
import { BATCH_HEADER_BYTES, batchBlocks, RECORD_HEADER_BYTES, sealBatch } from './log-batch.ts'
import type { LogPosition } from './superblock.ts'

/** No record is longer; operations check that so much fits before they change anything. */
export const MAX_RECORD_BYTES = 8192
const MAX_BATCH_BYTES = 262_144
const BATCH_BUFFERS = 6
/** Batches on their way to the device at the same time. */
const WRITES_AT_ONCE = 4
/**
 * Segments that ordinary operations leave to extent commits, and that extent commits leave to a batch's alignment. Above 0,
 * too, so that a new reign, which has a single segment, logs nothing before its first checkpoint (reign.ts).
 */
const ORDINARY_LEAVE_SEGMENTS = 4
const URGENT_LEAVE_SEGMENTS = 2

/** Which records may use the last free segments: extent commits must not wait for a checkpoint that waits for them. */
export type LogPriority = 'ordinary' | 'urgent'

/** Told whether the log is durable up to the asked LSN, or why it never will be. */
export type DurableDone = (error: DeviceError | null) => void

/** How far changes are durable. */
export interface DurableLog {
  readonly lastLsn: number
  readonly durableLsn: number
  /** No more becomes durable. */
  readonly failed: boolean
  /** Calls `done` when the log is durable up to `lsn`; at once, in this call, when it already is. */
  whenDurable(lsn: number, done: DurableDone): void
}

/** A batch of records, and the memory that it is written from; used again for later ones. */
class Batch {
  readonly buffer: Uint8Array
  readonly view: DataView
  bytes = BATCH_HEADER_BYTES
  firstLsn = 0
  count = 0
  closed = false
  /** File data that a record of this batch makes visible must be durable first. */
  dataFirst = false
  /** On the device; it counts when those before it are. */
  written = false
  /** The first so many blocks of the buffer, made at their first use. */
  readonly #blocks: Uint8Array[] = []

  constructor(buffer: Uint8Array) {
    this.buffer = buffer
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  }

  begin(firstLsn: number): this {
    this.bytes = BATCH_HEADER_BYTES
    this.firstLsn = firstLsn
    this.count = 0
    this.closed = false
    this.dataFirst = false
    this.written = false
    return this
  }

  blocks(count: number): Uint8Array {
    this.#blocks[count] ??= this.buffer.subarray(0, count * BLOCK_BYTES)
    return this.#blocks[count]
  }
}

interface Waiter {
  lsn: number
  done: DurableDone
}

export interface LogOptions {
  device: BlockDevice
  env: Environment
  flushGate: FlushGate
  geometry: Geometry
  uuid: Uint8Array
  term: number
  /** Last LSN of the reigns before, and the checksum of the batch that holds it. */
  lastLsn: number
  lastChecksum: number
  /** The segment that this reign begins with; more come by `assign`. */
  segment: number
  /** Called once when a log write fails: the volume becomes read-only. */
  onFailure(error: DeviceError): void
  onDurable(lsn: number): void
}

/**
 * The redo log's writing side. The records of a tick go into one batch, whose waiters share one write. Batches are chained
 * by checksum; a few may be on their way at once, in any order: replay ends at the first one that is missing, and
 * nothing counts as durable before all that comes before it.
 */
export class Log {
  lastLsn: number
  durableLsn: number
  /** Batches written, for metrics. */
  batches = 0
  readonly #o: LogOptions
  readonly #idle: Batch[]
  readonly #batchBytes: number
  #queue: Batch[] = []
  /** Submitted, oldest first. */
  readonly #underWay: Batch[] = []
  #scheduled = false
  #failure: DeviceError | null = null
  #segment: number
  #offset = 0
  #checksum: number
  readonly #ahead: number[] = []
  /** Blocks of the log passed in this reign, and how many of them when replay's start and the sealed boundary were. */
  #passed = 0
  #passedAtCheckpoint = 0
  #passedAtBoundary = 0
  #waiters: Waiter[] = []
  #roomWaiters: (() => void)[] = []
  #boundaryLsn = -1
  #boundary: LogPosition | null = null

  constructor(options: LogOptions) {
    this.#o = options
    this.lastLsn = options.lastLsn
    this.durableLsn = options.lastLsn
    this.#checksum = options.lastChecksum
    this.#segment = options.segment
    this.#batchBytes = Math.min(MAX_BATCH_BYTES, options.geometry.logSegmentBlocks * BLOCK_BYTES)
    const pages = options.device.allocatePages((this.#batchBytes / BLOCK_BYTES) * BATCH_BUFFERS)
    this.#idle = Array.from(
      { length: BATCH_BUFFERS },
      (_, i) => new Batch(pages.subarray(i * this.#batchBytes, (i + 1) * this.#batchBytes)),
    )
  }

  get failed(): boolean {
    return this.#failure !== null
  }

  /** Blocks of the log that replay would have to read now. */
  get usedBlocks(): number {
    return this.#passed - this.#passedAtCheckpoint
  }

  /** Throws Suspend unless one more record of any size can be appended now. */
  checkRoom(priority: LogPriority): void {
    const leave = priority === 'ordinary' ? ORDINARY_LEAVE_SEGMENTS : URGENT_LEAVE_SEGMENTS
    const open = this.#queue.at(-1)
    const fits = open !== undefined && !open.closed && open.bytes + MAX_RECORD_BYTES <= this.#batchBytes
    if ((fits || this.#idle.length > 0) && this.#ahead.length >= leave) return
    throw new Suspend((resume) => this.#roomWaiters.push(resume))
  }

  /** Appends one record and returns its LSN. `checkRoom` must have succeeded in this tick. */
  append(type: number, payload: Uint8Array, length: number, dataFirst: boolean): number {
    let batch = this.#queue.at(-1)
    const padded = RECORD_HEADER_BYTES + Math.ceil(length / 4) * 4
    if (length > MAX_RECORD_BYTES) throw new RangeError(`a log record of ${length} bytes`)
    if (batch === undefined || batch.closed || batch.bytes + padded > this.#batchBytes) {
      if (batch !== undefined) batch.closed = true
      batch = this.#openBatch()
    }
    const at = batch.bytes
    batch.view.setUint32(at, length, true)
    batch.view.setUint32(at + 4, type, true)
    batch.buffer.set(length === payload.length ? payload : payload.subarray(0, length), at + RECORD_HEADER_BYTES)
    batch.buffer.fill(0, at + RECORD_HEADER_BYTES + length, at + padded)
    batch.bytes = at + padded
    batch.count++
    if (dataFirst) batch.dataFirst = true
    this.lastLsn++
    if (!this.#scheduled) {
      this.#scheduled = true
      this.#o.env.defer(() => {
        this.#scheduled = false
        this.#write()
      })
    }
    return this.lastLsn
  }

  /** Calls `done` when the log is durable up to `lsn`; at once, in this call, when it already is. */
  whenDurable(lsn: number, done: DurableDone): void {
    if (lsn <= this.durableLsn) done(null)
    else if (this.#failure !== null) done(this.#failure)
    else this.#waiters.push({ lsn, done })
  }

  /** Ends the batch under construction: a checkpoint contains all up to the returned LSN, the next batch none of it. */
  seal(): number {
    const open = this.#queue.at(-1)
    if (open !== undefined) open.closed = true
    this.#boundaryLsn = this.lastLsn
    this.#boundary = null
    if (this.#queue.length === 0) this.#reachBoundary()
    return this.lastLsn
  }

  /** Where replay starts after the sealed LSN. Only once the log is durable up to it. */
  get boundary(): LogPosition {
    if (this.#boundary === null) throw new Error('the log is not durable up to the checkpoint yet')
    return this.#boundary
  }

  /** Segments still to come, in order. */
  get assigned(): readonly number[] {
    return this.#ahead
  }

  get currentSegment(): number {
    return this.#segment
  }

  /** A durable superblock moved replay's start to the last boundary and gave these further segments to this reign. */
  assign(segments: readonly number[]): void {
    this.#ahead.push(...segments)
    this.#passedAtCheckpoint = this.#passedAtBoundary
    this.wakeRoomWaiters()
    this.#write()
  }

  #reachBoundary(): void {
    this.#boundary = { segment: this.#segment, offset: this.#offset, checksum: this.#checksum }
    this.#passedAtBoundary = this.#passed
  }

  #openBatch(): Batch {
    const batch = this.#idle.pop()
    if (batch === undefined) throw new Error('the log has no room; checkRoom was not asked')
    this.#queue.push(batch.begin(this.lastLsn + 1))
    return batch
  }

  #write(): void {
    while (this.#queue.length > 0 && this.#underWay.length < WRITES_AT_ONCE && this.#failure === null) {
      const [batch] = this.#queue
      const blocks = batchBlocks(batch.bytes)
      if (!this.#findRoom(blocks)) return
      batch.closed = true
      this.#queue.shift()
      this.#underWay.push(batch)
      this.#submit(batch, blocks)
    }
  }

  /** Moves to the next segment if this one has not so many blocks left; false when there is none. */
  #findRoom(blocks: number): boolean {
    if (this.#offset + blocks <= this.#o.geometry.logSegmentBlocks) return true
    const next = this.#ahead.shift()
    if (next === undefined) return false
    this.#passed += this.#o.geometry.logSegmentBlocks - this.#offset
    this.#segment = next
    this.#offset = 0
    return true
  }

  #submit(batch: Batch, blocks: number): void {
    const checksum = sealBatch(batch.buffer, batch.view, this.#o.uuid, {
      term: this.#o.term,
      firstLsn: batch.firstLsn,
      count: batch.count,
      bytes: batch.bytes,
      previousChecksum: this.#checksum,
      durableLsn: this.durableLsn,
    })
    const end = blocks * BLOCK_BYTES
    batch.buffer.fill(0, batch.bytes, end)
    const block = this.#o.geometry.logBlock + this.#segment * this.#o.geometry.logSegmentBlocks + this.#offset
    this.#offset += blocks
    this.#passed += blocks
    this.#checksum = checksum
    if (batch.firstLsn + batch.count - 1 === this.#boundaryLsn) this.#reachBoundary()
    const written = (error: DeviceError | null): void => {
      if (error !== null) this.#fail(error)
      else this.#written(batch)
    }
    const write = (error: DeviceError | null): void => {
      if (error !== null) this.#fail(error)
      else this.#o.device.writeDurable(block * BLOCK_BYTES, batch.blocks(blocks), 'log', written)
    }
    if (batch.dataFirst && this.#o.flushGate.hasUnflushed) this.#o.flushGate.flush(write)
    else write(null)
  }

  #written(batch: Batch): void {
    batch.written = true
    if (this.#underWay[0] !== batch || this.#failure !== null) return
    while (this.#underWay.length > 0 && this.#underWay[0].written) {
      const durable = this.#underWay.shift() as Batch
      this.batches++
      this.durableLsn = durable.firstLsn + durable.count - 1
      this.#idle.push(durable)
    }
    this.#write()
    this.#settle(null)
    this.#o.onDurable(this.durableLsn)
    this.wakeRoomWaiters()
  }

  #fail(error: DeviceError): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#o.onFailure(error)
    this.#settle(error)
    this.wakeRoomWaiters()
  }

  #settle(error: DeviceError | null): void {
    const waiters = this.#waiters
    if (waiters.length === 0) return
    this.#waiters = error === null ? waiters.filter((w) => w.lsn > this.durableLsn) : []
    for (const waiter of waiters)
      if (waiter.lsn <= this.durableLsn) waiter.done(null)
      else if (error !== null) waiter.done(error)
  }

  /** Runs again who waits for room: there is some, or none will come. */
  wakeRoomWaiters(): void {
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const resume of waiters) resume()
  }
}
