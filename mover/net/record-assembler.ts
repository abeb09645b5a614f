import { FRAGMENT_HEADER_BYTES, fragmentLength, isLastFragment } from '../../protocol/rpc/record.ts'
import type { AssemblyBuffers } from './assembly-buffers.ts'
import type { NetLimits } from './limits.ts'

/** The peer's record marking is broken; the message completes "… closed: it …". */
export class RecordError extends Error {}

const NO_BYTES = new Uint8Array(0)
/** What a connection may claim unseen. More needs to arrive, or to have arrived before, to be allocated. */
const FIRST_CLAIM_BYTES = 4096
/** So much of a record is received in place rather than copied. */
const DIRECT_BYTES = 65_536

/**
 * Cuts a byte stream into records (RFC 5531 §11): each fragment has a header of 4 bytes, whose highest bit marks the
 * record's last fragment and whose other bits are its length. A record that lies in one chunk as one fragment is found
 * in place; any other is put together in a buffer.
 *
 * After `feed`, `next` is called until it answers false; each record is `bytes[start, end)` until `release` or `keep`.
 */
export class RecordAssembler {
  bytes: Uint8Array = NO_BYTES
  start = 0
  end = 0
  readonly #limits: NetLimits
  readonly #buffers: AssemblyBuffers
  /** Asked before a buffer is taken, with its size: makes room for it. */
  readonly #makeRoom: (byteCount: number) => void
  /** What is left to be cut: `#chunk[#position, #chunkEnd)`. */
  #chunk: Uint8Array = NO_BYTES
  #chunkEnd = 0
  #position = 0
  /** True when `detach` has made the chunk: it is kept until it is used up. */
  #isDetached = false
  /** Header bytes seen, 0 to 4, and their value. */
  #headerBytes = 0
  #header = 0
  #fragmentLeft = 0
  #fragmentCount = 0
  #isLast = false
  #buffer: Uint8Array | null = null
  #filled = 0
  /** The longest record that this peer has sent in full: that much it may claim at once. */
  #earnedBytes = FIRST_CLAIM_BYTES

  constructor(limits: NetLimits, buffers: AssemblyBuffers, makeRoom: (byteCount: number) => void) {
    this.#limits = limits
    this.#buffers = buffers
    this.#makeRoom = makeRoom
  }

  /** True while a record has begun to arrive. */
  get isPartial(): boolean {
    return this.#headerBytes > 0 || this.#buffer !== null
  }

  /** True while a buffer of the pool is in use. */
  get hasBuffer(): boolean {
    return this.#buffer !== null
  }

  /** True when the current record lies in a buffer that `keep` takes over. */
  get isKeepable(): boolean {
    return this.#buffer !== null && this.bytes === this.#buffer
  }

  /** Bytes of memory that `detach` has taken. */
  get detachedBytes(): number {
    return this.#isDetached ? this.#chunk.length : 0
  }

  /** The first `count` bytes of `chunk` are more of the stream. The chunk before must be used up. */
  feed(chunk: Uint8Array, count: number = chunk.length): void {
    if (this.#position < this.#chunkEnd) throw new RangeError('fed before the last chunk was used up')
    this.#chunk = chunk
    this.#isDetached = false
    this.#chunkEnd = count
    this.#position = 0
  }

  /** Where more of the stream may be received instead of a chunk: in place, when much of a record is still to come. */
  room(): Uint8Array | null {
    if (this.#buffer === null || this.#position < this.#chunkEnd) return null
    const end = Math.min(this.#buffer.length, this.#filled + this.#fragmentLeft)
    return end - this.#filled < DIRECT_BYTES ? null : this.#buffer.subarray(this.#filled, end)
  }

  /** The first `count` bytes of what `room` gave are more of the stream. */
  filled(count: number): void {
    this.#filled += count
    this.#fragmentLeft -= count
  }

  /** Keeps a copy of what is not used up of the chunk, which is about to be overwritten. */
  detach(): void {
    if (this.#position === this.#chunkEnd || this.#isDetached) return
    this.#isDetached = true
    this.#chunk = this.#chunk.slice(this.#position, this.#chunkEnd)
    this.#chunkEnd -= this.#position
    this.#position = 0
  }

  /** Finds the next record; false when more bytes are needed. Throws `RecordError`. */
  next(): boolean {
    for (;;) {
      if (this.#headerBytes < FRAGMENT_HEADER_BYTES && !this.#readHeader()) return false
      if (this.#isLast && this.#buffer === null && this.#fragmentLeft <= this.#chunkEnd - this.#position) {
        this.bytes = this.#chunk
        this.start = this.#position
        this.#position += this.#fragmentLeft
        this.end = this.#position
        this.#nextRecord()
        return true
      }
      if (this.#fragmentLeft > 0 && !this.#copy()) return false
      if (this.#fragmentLeft === 0) {
        this.#headerBytes = 0
        if (this.#isLast) {
          this.bytes = this.#buffer as Uint8Array
          this.start = 0
          this.end = this.#filled
          if (this.#filled > this.#earnedBytes) this.#earnedBytes = this.#filled
          return true
        }
      }
    }
  }

  /** The current record has been dealt with. */
  release(): void {
    if (this.#buffer !== null) this.#buffers.release(this.#buffer)
    this.bytes = NO_BYTES
    this.#nextRecord()
  }

  /** The current record's buffer belongs to the caller from now on. */
  keep(): void {
    if (this.#buffer !== null) this.#buffers.transfer(this.#buffer)
    this.bytes = NO_BYTES
    this.#nextRecord()
  }

  /** The stream has ended: gives up what was not complete. */
  close(): void {
    this.release()
    this.#dropChunk()
  }

  #nextRecord(): void {
    this.#buffer = null
    this.#filled = 0
    this.#fragmentCount = 0
    this.#fragmentLeft = 0
    this.#headerBytes = 0
    this.#header = 0
    this.#dropUsedChunk()
  }

  /** Lets go of a chunk that is used up, so that an idle connection keeps no memory. `bytes` may still show it. */
  #dropUsedChunk(): void {
    if (this.#position === this.#chunkEnd) this.#dropChunk()
  }

  #dropChunk(): void {
    this.#isDetached = false
    this.#chunk = NO_BYTES
    this.#chunkEnd = 0
    this.#position = 0
  }

  #readHeader(): boolean {
    const chunk = this.#chunk
    while (this.#headerBytes < FRAGMENT_HEADER_BYTES) {
      if (this.#position === this.#chunkEnd) {
        this.#dropUsedChunk()
        return false
      }
      this.#header = ((this.#header << 8) | chunk[this.#position++]) >>> 0
      this.#headerBytes++
    }
    this.#isLast = isLastFragment(this.#header)
    const length = fragmentLength(this.#header)
    this.#header = 0
    this.#fragmentCount++
    if (length === 0 && this.#isLast && this.#buffer === null) throw new RecordError('sent an empty record')
    if (this.#filled + length > this.#limits.maxRecordBytes) {
      const limit = this.#limits.maxRecordBytes
      throw new RecordError(`sent a record of ${this.#filled + length} bytes or more, the limit is ${limit}`)
    }
    if (this.#fragmentCount > this.#limits.maxFragments) {
      throw new RecordError(`sent a record in more than ${this.#limits.maxFragments} fragments`)
    }
    this.#fragmentLeft = length
    return true
  }

  /** Moves what there is of the fragment into the buffer; false when that was nothing. */
  #copy(): boolean {
    const count = Math.min(this.#fragmentLeft, this.#chunkEnd - this.#position)
    if (count === 0) {
      this.#dropUsedChunk()
      return false
    }
    const buffer = this.#room(count)
    buffer.set(this.#chunk.subarray(this.#position, this.#position + count), this.#filled)
    this.#position += count
    this.#filled += count
    this.#fragmentLeft -= count
    return true
  }

  /** The record's buffer, with room for `count` more bytes. */
  #room(count: number): Uint8Array {
    const old = this.#buffer
    const needed = this.#filled + count
    if (old !== null && needed <= old.length) return old
    const claimed = Math.min(this.#filled + this.#fragmentLeft, this.#earnedBytes)
    const wanted = Math.max(needed, claimed)
    this.#makeRoom(this.#buffers.sizeFor(wanted))
    const buffer = this.#buffers.take(wanted)
    this.#buffer = buffer
    if (old !== null) {
      buffer.set(old.subarray(0, this.#filled))
      this.#buffers.release(old)
    }
    return buffer
  }
}
