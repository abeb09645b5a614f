import { type DeviceDone, DeviceError } from './device.ts'
import type { FileIo } from './file-device.ts'
import type { IoLane, LaneTask } from './io-lanes.ts'

export type FileRequestKind = 'read' | 'write' | 'durable write' | 'flush'

type ErrnoError = NodeJS.ErrnoException | null

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT'])

/**
 * One request on a file, from its lane to its end; used again for later ones. It goes on where the kernel stopped short,
 * and takes an end of file for an error: a device's size is fixed, so the file was cut under it.
 */
export class FileRequest implements LaneTask {
  next: LaneTask | null = null
  nextSpare: FileRequest | null = null
  done: DeviceDone | null = null
  /** Makes a write durable by an fdatasync once it is whole. */
  flushAfter = false
  private readonly deviceName: string
  private readonly io: FileIo
  private readonly recycle: (request: FileRequest) => void
  private kind: FileRequestKind = 'read'
  private fd = -1
  private offset = 0
  private lane: IoLane | null = null
  private buffers: Uint8Array[] = []
  private length = 0
  private transferred = 0

  constructor(deviceName: string, io: FileIo, recycle: (request: FileRequest) => void) {
    this.deviceName = deviceName
    this.io = io
    this.recycle = recycle
  }

  aim(kind: FileRequestKind, fd: number, offset: number, lane: IoLane): void {
    this.kind = kind
    this.fd = fd
    this.offset = offset
    this.lane = lane
    this.length = 0
    this.transferred = 0
    this.flushAfter = false
  }

  addBuffer(buffer: Uint8Array): void {
    this.buffers.push(buffer)
    this.length += buffer.length
  }

  submit(): void {
    ;(this.lane as IoLane).submit(this)
  }

  start(): void {
    if (this.kind === 'flush') this.io.fdatasync(this.fd, this.onFlushed)
    else this.transfer()
  }

  private transfer(): void {
    const { buffers, transferred } = this
    const position = this.offset + transferred
    if (this.kind === 'read') {
      this.io.read(this.fd, buffers[0], transferred, this.length - transferred, position, this.onTransferred)
    } else if (buffers.length === 1) {
      this.io.write(this.fd, buffers[0], transferred, this.length - transferred, position, this.onTransferred)
    } else {
      this.io.writev(this.fd, transferred === 0 ? buffers : rest(buffers, transferred), position, this.onTransferred)
    }
  }

  private readonly onTransferred = (error: ErrnoError, count: number): void => {
    if (error !== null) {
      this.end(error)
      return
    }
    this.transferred += count
    if (this.transferred === this.length) {
      if (this.flushAfter) this.io.fdatasync(this.fd, this.onFlushed)
      else this.end(null)
    } else if (count > 0) this.transfer()
    else
      this.end(
        new Error(this.kind === 'read' ? 'end of file inside the device: it was truncated' : 'nothing was written'),
      )
  }

  private readonly onFlushed = (error: ErrnoError): void => {
    this.end(error)
  }

  private end(error: ErrnoError): void {
    const done = this.done as DeviceDone
    const failure = error === null ? null : this.failure(error)
    this.buffers.length = 0
    this.done = null
    ;(this.lane as IoLane).release()
    this.recycle(this)
    done(failure)
  }

  private failure(error: NodeJS.ErrnoException): DeviceError {
    const where = this.kind === 'flush' ? '' : ` of ${this.length} bytes at ${this.offset}`
    const code = NO_SPACE.has(error.code ?? '') ? 'NOSPC' : 'IO'
    return new DeviceError(code, `${this.deviceName}: ${this.kind}${where}: ${error.message}`)
  }
}

/** What is left of `buffers` after their first `skip` bytes. */
function rest(buffers: readonly Uint8Array[], skip: number): Uint8Array[] {
  const left: Uint8Array[] = []
  for (const buffer of buffers) {
    if (skip < buffer.length) left.push(buffer.subarray(skip))
    skip = Math.max(0, skip - buffer.length)
  }
  return left
}
