import { type BlockDevice, type DeviceDone, DeviceError, type Lane } from '../../mover/store/device.ts'
import { isPageAligned } from '../../mover/store/page-pool.ts'
import { Arena } from './arena.ts'
import { describeRequest, type FaultRule, FaultRules, type RequestInfo, type RequestKind } from './fault-rules.ts'
import type { Random } from './random.ts'
import { BLOCK_BYTES, SECTOR_BYTES, SparseImage, ZERO_BLOCK } from './sparse-image.ts'
import { blockAt, type CrashMode, drawDealer, drawFate, type Fate, gather, mixSectors, tear } from './tearing.ts'
import type { TestEnvironment } from './test-environment.ts'

export type { FaultRule, RequestInfo, RequestKind } from './fault-rules.ts'
export type { CrashMode } from './tearing.ts'

/**
 * A moment at which the power may fail, around each write and flush: before the device has got the request, right
 * after it, when it ends but has had no effect yet, and when it has taken effect but nobody has been told.
 */
export type PointKind = 'beforeSubmit' | 'afterSubmit' | 'beforeCompletion' | 'afterCompletion'

export interface CrashPoint {
  /** From 1, in the order of the run: the same seed and workload give the same points. */
  readonly number: number
  readonly kind: PointKind
  readonly request: RequestInfo
}

export interface FaultDeviceOptions {
  readonly name?: string
  readonly direct?: boolean
  /** Delays of requests, virtual milliseconds, drawn evenly: [shortest, longest]. */
  readonly latencyMs?: readonly [number, number]
  /** Names the write site of a write, so that runs can count how often each was hit. */
  readonly classify?: (offset: number, bytes: Uint8Array) => string
  /** Where `allocatePages` takes memory from; by default an arena of its own. */
  readonly arena?: Arena
}

/** One content that a block was given and that may or may not survive. */
interface Version {
  readonly bytes: Uint8Array
  /** Place in the order of completions. */
  readonly sequence: number
  readonly request: Request
  /** After a failed write or a failed flush: no later flush makes it durable. */
  doubtful: boolean
}

interface Request {
  readonly info: RequestInfo
  readonly done: DeviceDone
  /** The caller's memory. */
  readonly buffers: readonly Uint8Array[]
  /** Writes: the bytes at submission. */
  readonly copy: Uint8Array
  /** Flushes: the last completion that they cover. */
  readonly coversSequence: number
  /** Reads: already answered at submission. */
  sampled: boolean
  /** Scratch of the crash image being made: its number, and what happens to this write in it. */
  imageNumber: number
  fate: Fate
}

const POISON = 0xdb
const DEFAULT_LATENCY_MS = [0.02, 2] as const
const READ_EARLY_CHANCE = 0.3
const NOTHING = new Uint8Array(0)
const DEFAULT_ARENA_PAGES = 32_768

/**
 * A block device in memory that keeps exactly the promises of `BlockDevice` and breaks every other: requests end in any
 * order, completed writes sit in a volatile cache, and `crashImage` gives one of the disks that a power cut could leave.
 * It throws on misuse: unaligned requests, overlapping writes in flight, a buffer changed while it is being written.
 */
export class FaultDevice implements BlockDevice {
  readonly name: string
  readonly sizeBytes: number
  readonly direct: boolean
  /** Called at every crash point; may call `crashImage` or `cutPower`. */
  onPoint: ((point: CrashPoint) => void) | null = null
  /** Called when a write has been submitted. */
  onWrite: ((info: RequestInfo) => void) | null = null
  pointCount = 0
  writeCount = 0
  readCount = 0
  flushCount = 0
  bytesWritten = 0
  /** Writes by classifier label. */
  readonly labelCounts = new Map<string, number>()
  private readonly environment: TestEnvironment
  private readonly options: FaultDeviceOptions
  private readonly stable: SparseImage
  private readonly visible: SparseImage
  /** Completed writes that are not durable, by block, oldest first. */
  private readonly versions = new Map<number, Version[]>()
  private readonly writing = new Map<number, Request>()
  private readonly inFlight = new Set<Request>()
  private readonly rules = new FaultRules()
  private sequence = 0
  private imageCount = 0
  private stopPoint = 0
  private powerIsOff = false
  private isClosed = false
  private closeDone: DeviceDone | null = null
  private arena: Arena | null = null

  constructor(environment: TestEnvironment, sizeBytes: number, options: FaultDeviceOptions = {}, image?: SparseImage) {
    if (sizeBytes < BLOCK_BYTES || sizeBytes % BLOCK_BYTES !== 0) throw new RangeError(`device size ${sizeBytes}`)
    this.environment = environment
    this.options = options
    this.name = options.name ?? 'fault-device'
    this.direct = options.direct ?? true
    this.sizeBytes = sizeBytes
    this.stable = image ?? new SparseImage(sizeBytes / BLOCK_BYTES)
    this.visible = this.stable.clone()
  }

  allocatePages(count: number): Uint8Array {
    this.arena ??= this.options.arena ?? new Arena(DEFAULT_ARENA_PAGES)
    return this.arena.take(count)
  }

  read(offset: number, buffer: Uint8Array, done: DeviceDone): void {
    if (this.powerIsOff) return
    this.checkRange('read', offset, buffer.length)
    this.checkBuffer('read', buffer)
    this.readCount++
    const request = this.begin(
      this.info('read', offset, buffer.length, null, '', this.readCount),
      [buffer],
      NOTHING,
      done,
    )
    // A read may see the medium as it is at any moment between its submission and its end.
    request.sampled = this.environment.random.chance(READ_EARLY_CHANCE)
    if (request.sampled) this.sample(request)
    else poison(buffer)
  }

  write(offset: number, buffers: readonly Uint8Array[], lane: Lane, done: DeviceDone): void {
    this.submitWrite('write', offset, buffers.slice(), lane, done)
  }

  writeDurable(offset: number, buffer: Uint8Array, lane: Lane, done: DeviceDone): void {
    this.submitWrite('durable', offset, [buffer], lane, done)
  }

  flush(done: DeviceDone): void {
    if (this.powerIsOff) return
    this.flushCount++
    const info = this.info('flush', 0, 0, null, '', this.flushCount)
    this.point('beforeSubmit', info)
    if (this.powerIsOff) return
    this.begin(info, [], NOTHING, done)
    this.point('afterSubmit', info)
  }

  close(done: DeviceDone): void {
    if (this.powerIsOff) return
    if (this.isClosed) throw this.misuse('closed twice')
    this.isClosed = true
    this.closeDone = done
    this.endClose()
  }

  /** Makes matching requests fail. */
  inject(rule: FaultRule): void {
    this.rules.add(rule)
  }

  clearFaults(): void {
    this.rules.clear()
  }

  /** Cuts the power at crash point `number` (as counted by `pointCount` of an earlier run with the same seed). */
  stopAt(number: number): void {
    this.stopPoint = number
  }

  /** The power is gone: the world is halted, nothing under way ends, requests are ignored. `crashImage` still works. */
  cutPower(): void {
    this.powerIsOff = true
    this.environment.halt()
  }

  get poweredOff(): boolean {
    return this.powerIsOff
  }

  /** True when no request is in flight. */
  get quiet(): boolean {
    return this.inFlight.size === 0
  }

  /** 4 KiB blocks with completed writes that a crash could still take back. */
  get volatileBlockCount(): number {
    return this.versions.size
  }

  /**
   * A disk that a power cut at this moment could leave, as a new device with nothing in flight; this one is not changed.
   * Each sector of a write that is not durable holds its old content or any of the newer ones.
   */
  crashImage(
    random: Random,
    environment: TestEnvironment = this.environment,
    mode: CrashMode = 'mixed',
    options: FaultDeviceOptions = this.options,
  ): FaultDevice {
    const image = this.stable.clone()
    const dealer = drawDealer(mode, random)
    const imageNumber = ++this.imageCount
    const fated = (bytes: Uint8Array, request: Request) => {
      if (request.imageNumber !== imageNumber) {
        request.imageNumber = imageNumber
        request.fate = drawFate(dealer, random)
      }
      return { bytes, fate: request.fate }
    }
    const settle = (block: number, versions: readonly Version[]): void => {
      const candidates = versions.map((version) => fated(version.bytes, version.request))
      const writer = this.writing.get(block)
      if (writer !== undefined) candidates.push(fated(blockOf(writer, block), writer))
      const bytes = mixSectors(image.get(block), candidates, random)
      if (bytes !== null) image.set(block, bytes)
    }
    for (const [block, versions] of this.versions) settle(block, versions)
    for (const block of this.writing.keys()) if (!this.versions.has(block)) settle(block, [])
    return new FaultDevice(environment, this.sizeBytes, options, image)
  }

  /** The disk after the process was killed while the machine lives on: every completed write is there. */
  survivingImage(
    environment: TestEnvironment = this.environment,
    options: FaultDeviceOptions = this.options,
  ): FaultDevice {
    return new FaultDevice(environment, this.sizeBytes, options, this.visible.clone())
  }

  /** For tests: copies what a read would see now, without a request. Any offset and length. */
  peek(offset: number, length: number): Uint8Array {
    const out = new Uint8Array(length)
    eachPiece(offset, length, (block, from, count, at) => {
      out.set(this.visible.get(block).subarray(from, from + count), at)
    })
    return out
  }

  /** For tests: changes bytes behind everybody's back, durably. Any offset and length. */
  poke(offset: number, bytes: Uint8Array): void {
    eachPiece(offset, bytes.length, (block, from, count, at) => {
      const changed = this.visible.get(block).slice()
      changed.set(bytes.subarray(at, at + count), from)
      this.visible.set(block, changed)
      this.stable.set(block, changed)
      this.versions.delete(block)
    })
  }

  /** For tests: every block that was ever written and completed, ascending. */
  forEachBlock(visit: (offset: number, bytes: Uint8Array) => void): void {
    this.visible.forEachBlock((block, bytes) => visit(block * BLOCK_BYTES, bytes))
  }

  private submitWrite(
    kind: 'write' | 'durable',
    offset: number,
    buffers: readonly Uint8Array[],
    lane: Lane,
    done: DeviceDone,
  ): void {
    if (this.powerIsOff) return
    let length = 0
    for (const buffer of buffers) {
      this.checkBuffer(kind, buffer)
      length += buffer.length
    }
    this.checkRange(kind, offset, length)
    this.writeCount++
    const copy = gather(buffers, length)
    const label = this.options.classify?.(offset, copy) ?? ''
    this.labelCounts.set(label, (this.labelCounts.get(label) ?? 0) + 1)
    const info = this.info(kind, offset, length, lane, label, this.writeCount)
    this.checkOverlap(info)
    this.point('beforeSubmit', info)
    if (this.powerIsOff) return
    const request = this.begin(info, buffers, copy, done)
    if (this.isClosed) return
    this.bytesWritten += length
    const end = (offset + length) / BLOCK_BYTES
    for (let block = offset / BLOCK_BYTES; block < end; block++) this.writing.set(block, request)
    this.onWrite?.(info)
    this.point('afterSubmit', info)
  }

  private begin(info: RequestInfo, buffers: readonly Uint8Array[], copy: Uint8Array, done: DeviceDone): Request {
    const coversSequence = this.sequence
    const request: Request = { info, done, buffers, copy, coversSequence, sampled: false, imageNumber: 0, fate: 'lose' }
    if (this.isClosed) {
      const error = new DeviceError('IO', `${this.name}: ${describeRequest(info)}: the device is closed`)
      this.environment.work(0, () => done(error))
      return request
    }
    this.inFlight.add(request)
    const [shortest, longest] = this.options.latencyMs ?? DEFAULT_LATENCY_MS
    const delayMs = shortest + this.environment.random.float() * (longest - shortest)
    this.environment.work(delayMs, () => this.complete(request))
    return request
  }

  private complete(request: Request): void {
    if (this.powerIsOff) return
    const { info } = request
    const changes = info.kind !== 'read'
    if (changes) this.point('beforeCompletion', info)
    if (this.powerIsOff) return
    this.inFlight.delete(request)
    const error = this.rules.errorOf(this.name, info)
    if (info.kind === 'flush') this.completeFlush(request, error)
    else if (changes) this.completeWrite(request, error)
    else if (error === null && !request.sampled) this.sample(request)
    if (changes) this.point('afterCompletion', info)
    if (this.powerIsOff) return
    request.done(error)
    this.endClose()
  }

  private completeWrite(request: Request, error: DeviceError | null): void {
    this.checkUnchanged(request)
    const { info, copy } = request
    const sequence = ++this.sequence
    for (let i = 0; i * BLOCK_BYTES < info.length; i++) {
      const block = info.offset / BLOCK_BYTES + i
      let bytes = blockAt(copy, i)
      this.writing.delete(block)
      // What a failed write has left on the medium is anyone's guess.
      if (error !== null) bytes = tear(this.visible.get(block), bytes, this.environment.random)
      this.visible.set(block, bytes)
      if (info.kind === 'durable' && error === null) {
        this.stable.set(block, bytes)
        this.versions.delete(block)
        continue
      }
      const version = { bytes, sequence, request, doubtful: error !== null }
      const versions = this.versions.get(block)
      if (versions === undefined) this.versions.set(block, [version])
      else versions.push(version)
    }
  }

  /** A failed flush leaves what it covered in doubt for good: a host may drop its dirty pages, and later flushes succeed. */
  private completeFlush(request: Request, error: DeviceError | null): void {
    for (const [block, versions] of this.versions) {
      let last = -1
      for (let i = 0; i < versions.length && versions[i].sequence <= request.coversSequence; i++) {
        if (error !== null) versions[i].doubtful = true
        if (!versions[i].doubtful) last = i
      }
      if (last < 0) continue
      this.stable.set(block, versions[last].bytes)
      if (last === versions.length - 1) this.versions.delete(block)
      else versions.splice(0, last + 1)
    }
  }

  /** Fills a read's buffer from the newest completed writes; a sector that is being written may be old or new. */
  private sample(request: Request): void {
    const buffer = request.buffers[0]
    for (let i = 0; i * BLOCK_BYTES < buffer.length; i++) {
      const block = request.info.offset / BLOCK_BYTES + i
      let bytes = this.visible.get(block)
      const writer = this.writing.get(block)
      if (writer !== undefined) bytes = tear(bytes, blockOf(writer, block), this.environment.random)
      // Most of what is read is the empty rest of the log: filling is quicker than copying.
      if (bytes === ZERO_BLOCK) buffer.fill(0, i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES)
      else buffer.set(bytes, i * BLOCK_BYTES)
    }
  }

  private point(kind: PointKind, request: RequestInfo): void {
    this.pointCount++
    this.onPoint?.({ number: this.pointCount, kind, request })
    if (this.pointCount === this.stopPoint) this.cutPower()
  }

  private endClose(): void {
    const done = this.closeDone
    if (done === null || this.inFlight.size > 0) return
    this.closeDone = null
    this.environment.work(0, () => done(null))
  }

  private info(kind: RequestKind, offset: number, length: number, lane: Lane | null, label: string, number: number) {
    return { kind, offset, length, lane, label, number }
  }

  private checkRange(kind: RequestKind, offset: number, length: number): void {
    const aligned = offset % BLOCK_BYTES === 0 && length % BLOCK_BYTES === 0
    if (aligned && length > 0 && offset >= 0 && offset + length <= this.sizeBytes) return
    throw this.misuse(
      `${kind} of ${length} bytes at ${offset}: not whole 4096-byte blocks inside ${this.sizeBytes} bytes`,
    )
  }

  private checkBuffer(kind: RequestKind, buffer: Uint8Array): void {
    if (buffer.length % BLOCK_BYTES === 0 && isPageAligned(buffer)) return
    throw this.misuse(`${kind}: a buffer of ${buffer.length} bytes at ${buffer.byteOffset} is not pages of a PagePool`)
  }

  private checkOverlap(info: RequestInfo): void {
    const end = (info.offset + info.length) / BLOCK_BYTES
    for (let block = info.offset / BLOCK_BYTES; block < end; block++) {
      const other = this.writing.get(block)
      if (other === undefined) continue
      throw this.misuse(`${describeRequest(info)} overlaps ${describeRequest(other.info)}, which is in flight`)
    }
  }

  private checkUnchanged(request: Request): void {
    let at = 0
    for (const buffer of request.buffers) {
      if (Buffer.compare(buffer, request.copy.subarray(at, at + buffer.length)) !== 0) {
        throw this.misuse(`${describeRequest(request.info)}: a buffer was changed while its write was in flight`)
      }
      at += buffer.length
    }
  }

  private misuse(message: string): Error {
    return this.environment.failure(`${this.name}: misuse: ${message}`)
  }
}

/** What a buffer holds before its read has ended. The first sector of each block is enough: nothing makes sense without it. */
function poison(buffer: Uint8Array): void {
  for (let at = 0; at < buffer.length; at += BLOCK_BYTES) buffer.fill(POISON, at, at + SECTOR_BYTES)
}

function blockOf(request: Request, block: number): Uint8Array {
  return blockAt(request.copy, block - request.info.offset / BLOCK_BYTES)
}

/** Cuts a byte range into its parts within blocks; `at` is a part's place within the range. */
function eachPiece(
  offset: number,
  length: number,
  visit: (block: number, from: number, count: number, at: number) => void,
): void {
  for (let at = 0; at < length; ) {
    const from = (offset + at) % BLOCK_BYTES
    const count = Math.min(BLOCK_BYTES - from, length - at)
    visit((offset + at - from) / BLOCK_BYTES, from, count, at)
    at += count
  }
}
