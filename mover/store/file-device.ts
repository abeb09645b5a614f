import fs from 'node:fs'
import { type BlockDevice, type DeviceDone, DeviceError, type Lane } from './device.ts'
import { FileRequest } from './file-request.ts'
import { InlineWrites } from './inline-writes.ts'
import { IoLanes } from './io-lanes.ts'
import { allocatePages, isPageAligned, PAGE_BYTES } from './page-pool.ts'

/** The calls of `node:fs` that requests are made of; tests put failing ones in their place. */
export type FileIo = Pick<typeof fs, 'read' | 'write' | 'writeSync' | 'writev' | 'fdatasync' | 'close'>

/** What `openFileDevice` has found out, and the descriptors that the device owns from now on. */
export interface OpenedFile {
  readonly name: string
  /** Says which file or device this is on this host: equal for two openings of one thing. */
  readonly identity: string
  readonly sizeBytes: number
  readonly direct: boolean
  readonly fd: number
  /** Opened with O_DSYNC besides; null where a durable write is a write and a flush. */
  readonly durableFd: number | null
  /** Unit that the medium writes without a read-modify-write, where it is known; else 4096. */
  readonly physicalBlockBytes: number
}

/**
 * An image file or a block special file as a `BlockDevice`, through libuv's thread pool. A flush is fdatasync, which
 * writes the device's own cache back as well, and so covers the writes of every process and host adapter on it. A durable
 * write of an image file is one write on a descriptor that is open with O_DSYNC; of a block special file it is a write
 * and an fdatasync, as Linux makes two flushes of an O_DSYNC write there. Made by `openFileDevice`.
 */
export class FileDevice implements BlockDevice {
  readonly name: string
  readonly identity: string
  readonly sizeBytes: number
  readonly direct: boolean
  readonly physicalBlockBytes: number
  private readonly file: OpenedFile
  private readonly lanes: IoLanes
  private readonly io: FileIo
  /** Ended requests, kept for reuse. */
  private spare: FileRequest | null = null
  private readonly inlineWrites = new InlineWrites()
  private pending = 0
  private isClosed = false
  private closeDone: DeviceDone | null = null

  constructor(file: OpenedFile, lanes: IoLanes = new IoLanes(), io: FileIo = fs) {
    this.file = file
    this.name = file.name
    this.identity = file.identity
    this.sizeBytes = file.sizeBytes
    this.direct = file.direct
    this.physicalBlockBytes = file.physicalBlockBytes
    this.lanes = lanes
    this.io = io
  }

  allocatePages(count: number): Uint8Array {
    return allocatePages(count)
  }

  read(offset: number, buffer: Uint8Array, done: DeviceDone): void {
    this.checkBuffer('read', buffer)
    this.checkRange('read', offset, buffer.length)
    const request = this.begin(done)
    if (request === null) return
    request.aim('read', this.file.fd, offset, this.lanes.data)
    request.addBuffer(buffer)
    request.submit()
  }

  /** The list `buffers` may be reused as soon as this has returned, the bytes only after `done`. */
  write(offset: number, buffers: readonly Uint8Array[], lane: Lane, done: DeviceDone): void {
    let length = 0
    for (const buffer of buffers) {
      this.checkBuffer('write', buffer)
      length += buffer.length
    }
    this.checkRange('write', offset, length)
    const request = this.begin(done)
    if (request === null) return
    request.aim('write', this.file.fd, offset, lane === 'log' ? this.lanes.log : this.lanes.data)
    for (const buffer of buffers) request.addBuffer(buffer)
    request.submit()
  }

  writeDurable(offset: number, buffer: Uint8Array, lane: Lane, done: DeviceDone): void {
    this.checkBuffer('durable write', buffer)
    this.checkRange('durable write', offset, buffer.length)
    if (this.writeInline(offset, buffer, done)) return
    const request = this.begin(done)
    if (request === null) return
    const { fd, durableFd } = this.file
    request.aim('durable write', durableFd ?? fd, offset, lane === 'log' ? this.lanes.log : this.lanes.data)
    request.flushAfter = durableFd === null
    request.addBuffer(buffer)
    request.submit()
  }

  /** Writes in this very call when nothing else is under way and the medium is quick; false: it was not done. */
  private writeInline(offset: number, buffer: Uint8Array, done: DeviceDone): boolean {
    const { durableFd } = this.file
    if (durableFd === null || this.pending > 0 || this.isClosed) return false
    if (!this.inlineWrites.shouldTry(buffer.length)) return false
    const startMs = performance.now()
    try {
      // A failed or short one is done again by a thread, which knows how to go on and what to report.
      if (this.io.writeSync(durableFd, buffer, 0, buffer.length, offset) !== buffer.length) return false
    } catch {
      return false
    }
    this.inlineWrites.took((performance.now() - startMs) * 1000)
    this.pending++
    process.nextTick(this.endInline, done)
    return true
  }

  private readonly endInline = (done: DeviceDone): void => {
    this.pending--
    if (this.isClosed && this.pending === 0) this.closeFiles()
    done(null)
  }

  flush(done: DeviceDone): void {
    const request = this.begin(done)
    if (request === null) return
    request.aim('flush', this.file.fd, 0, this.lanes.flush)
    request.submit()
  }

  close(done: DeviceDone): void {
    if (this.isClosed) throw new Error(`${this.name}: closed twice`)
    this.isClosed = true
    this.closeDone = done
    if (this.pending === 0) this.closeFiles()
  }

  private begin(done: DeviceDone): FileRequest | null {
    if (this.isClosed) {
      process.nextTick(done, new DeviceError('IO', `${this.name}: the device is closed`))
      return null
    }
    this.pending++
    const request = this.spare ?? new FileRequest(this.name, this.io, this.recycle)
    this.spare = request.nextSpare
    request.done = done
    return request
  }

  /** Runs before the request's `done`. */
  private readonly recycle = (request: FileRequest): void => {
    request.nextSpare = this.spare
    this.spare = request
    this.pending--
    if (this.isClosed && this.pending === 0) this.closeFiles()
  }

  private closeFiles(): void {
    const done = this.closeDone as DeviceDone
    const { fd, durableFd } = this.file
    const end = (error: Error | null): void =>
      done(error === null ? null : new DeviceError('IO', `${this.name}: close: ${error.message}`))
    this.io.close(fd, (error) => {
      if (durableFd === null) end(error ?? null)
      else this.io.close(durableFd, (durableError) => end(error ?? durableError ?? null))
    })
  }

  private checkRange(what: string, offset: number, length: number): void {
    if (offset % PAGE_BYTES === 0 && length > 0 && offset >= 0 && offset + length <= this.sizeBytes) return
    throw new RangeError(
      `${this.name}: ${what} of ${length} bytes at ${offset}: not blocks inside ${this.sizeBytes} bytes`,
    )
  }

  private checkBuffer(what: string, buffer: Uint8Array): void {
    if (buffer.length % PAGE_BYTES === 0 && isPageAligned(buffer)) return
    throw new RangeError(`${this.name}: ${what}: a buffer of ${buffer.length} bytes is not pages of a PagePool`)
  }
}
