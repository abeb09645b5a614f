import { XdrError } from './error.ts'
import { padded } from './reader.ts'

const TWO_32 = 4294967296
const FIRST_BYTES = 1024
/** Up to so many bytes a loop copies faster than a call of `set`. */
const LOOP_BYTES = 32

/** Data that belongs into the output but lies elsewhere: it follows the first `position` bytes of the writer. */
export interface Splice {
  /** Where in the writer's own bytes the data goes. */
  position: number
  /** The data, in order. */
  segments: Uint8Array[]
  /** Bytes of all segments. */
  byteCount: number
}

/**
 * Builds XDR data (RFC 4506) in `bytes[0, position)`, growing up to the bound given at construction; beyond it every
 * method throws `XdrError` (spliced data does not count). `bytes` is another object after it has grown: read it when
 * done, do not hold it.
 *
 * Bulk data need not be copied: `splice` notes it and the owner of the writer sends it in place. The length of the
 * output is `position + splicedBytes`.
 */
export class XdrWriter {
  bytes: Uint8Array
  position = 0
  /** Out-of-line data in the order of the output; positions never fall. */
  splices: Splice[] = []
  /** Bytes of all splices; their padding is inline. */
  splicedBytes = 0
  readonly maxBytes: number
  /** Of `bytes`, and another one whenever they are. */
  view: DataView

  constructor(maxBytes: number, initialBytes: number = Math.min(maxBytes, FIRST_BYTES)) {
    this.maxBytes = maxBytes
    this.bytes = new Uint8Array(initialBytes)
    this.view = new DataView(this.bytes.buffer)
  }

  /**
   * Forgets what was written from `position` on and all but the first `spliceCount` splices. A splice without padding
   * has the position at which the next item starts, so the count cannot be told from the position.
   */
  reset(position = 0, spliceCount = 0): this {
    if (position > this.position) throw new RangeError(`reset to ${position}, written ${this.position}`)
    this.position = position
    while (this.splices.length > spliceCount) this.splicedBytes -= (this.splices.pop() as Splice).byteCount
    return this
  }

  /** Bytes of the whole output, inline and out of line. */
  get length(): number {
    return this.position + this.splicedBytes
  }

  /** Unsigned integer (RFC 4506 §4.2). The value must be a whole number in [0, 2^32). */
  u32(value: number): void {
    const at = this.#advance(4)
    this.view.setUint32(at, value)
  }

  /** Integer (RFC 4506 §4.1). */
  i32(value: number): void {
    const at = this.#advance(4)
    this.view.setInt32(at, value)
  }

  /** Unsigned hyper integer (RFC 4506 §4.5). */
  u64(value: bigint): void {
    const at = this.#advance(8)
    this.view.setBigUint64(at, value)
  }

  /** Hyper integer (RFC 4506 §4.5). */
  i64(value: bigint): void {
    const at = this.#advance(8)
    this.view.setBigInt64(at, value)
  }

  /** Unsigned hyper integer from a whole Number in [0, 2^64). */
  number64(value: number): void {
    const at = this.#advance(8)
    putNumber64(this.view, at, value)
  }

  /** Boolean (RFC 4506 §4.4). */
  bool(value: boolean): void {
    const at = this.#advance(4)
    this.view.setUint32(at, value ? 1 : 0)
  }

  /** Single-precision floating point (RFC 4506 §4.6). */
  float(value: number): void {
    const at = this.#advance(4)
    this.view.setFloat32(at, value)
  }

  /** Double-precision floating point (RFC 4506 §4.7). */
  double(value: number): void {
    const at = this.#advance(8)
    this.view.setFloat64(at, value)
  }

  /** Fixed-length opaque data (RFC 4506 §4.9): the bytes, `length` of them, and zero padding. */
  opaqueFixed(data: Uint8Array, length: number = data.length): void {
    if (data.length !== length) throw new XdrError(`${data.length} bytes given where ${length} belong`)
    const at = this.#advance(padded(length))
    const { bytes } = this
    if (length > LOOP_BYTES) bytes.set(data, at)
    else for (let i = 0; i < length; i++) bytes[at + i] = data[i]
    for (let i = at + length; i < this.position; i++) bytes[i] = 0
  }

  /** Variable-length opaque data or string of at most `max` bytes (RFC 4506 §4.10, §4.11): length, bytes, zero padding. */
  opaque(data: Uint8Array, max = 0xffffffff): void {
    this.count(data.length, max)
    this.opaqueFixed(data)
  }

  /** As `opaque`, of `bytes[start, end)`. */
  opaquePart(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start
    const at = this.#advance(4 + padded(length))
    this.view.setUint32(at, length)
    const to = this.bytes
    const from = at + 4 - start
    if (length > LOOP_BYTES) to.set(bytes.subarray(start, end), at + 4)
    else for (let i = start; i < end; i++) to[from + i] = bytes[i]
    for (let i = from + end; i < this.position; i++) to[i] = 0
  }

  /** The length in front of variable-length data or of an array (RFC 4506 §4.13) of at most `max` elements. */
  count(length: number, max: number): void {
    if (length > max) throw new XdrError(`length ${length} is above the limit of ${max}`)
    this.u32(length)
  }

  /** Room for `length` bytes to be filled in later (`patchU32`); returns its position. The content is undefined. */
  reserve(length: number): number {
    return this.#advance(length)
  }

  /** Overwrites four bytes that have been written or reserved. */
  patchU32(position: number, value: number): void {
    if (position + 4 > this.position) throw new RangeError(`patch at ${position}, written ${this.position}`)
    this.view.setUint32(position, value)
  }

  /**
   * Notes that the first `segmentCount` segments, `byteCount` bytes in all, belong here as opaque data, and writes
   * their zero padding inline. The length in front of variable-length data is the caller's. The list is copied, the
   * data is not: it must stay as it is until it has been sent.
   */
  splice(segments: readonly Uint8Array[], segmentCount: number, byteCount: number): void {
    if (byteCount > 0) {
      this.splices.push({ position: this.position, segments: segments.slice(0, segmentCount), byteCount })
      this.splicedBytes += byteCount
    }
    const at = this.#advance(padded(byteCount) - byteCount)
    for (let i = at; i < this.position; i++) this.bytes[i] = 0
  }

  #advance(length: number): number {
    const at = this.position
    const next = at + length
    if (next > this.bytes.length) this.#grow(next)
    this.position = next
    return at
  }

  #grow(needed: number): void {
    if (needed > this.maxBytes) throw new XdrError(`output is longer than ${this.maxBytes} bytes`)
    const bytes = new Uint8Array(Math.min(this.maxBytes, Math.max(needed, this.bytes.length * 2)))
    bytes.set(this.bytes.subarray(0, this.position))
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }
}

/** Puts a whole number as an unsigned hyper integer. */
export function putNumber64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / TWO_32)
  view.setUint32(at, high)
  view.setUint32(at + 4, value - high * TWO_32)
}
