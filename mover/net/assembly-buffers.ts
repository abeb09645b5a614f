const KIB = 1024

/** How many buffers of a size are kept for reuse. */
const KEPT = [256, 64, 16] as const

/**
 * Buffers for records that do not lie in one received chunk, in three sizes, so that what is allocated stays in
 * proportion to what has arrived. A bound on their sum is the owner's to enforce: `inUseBytes`.
 */
export class AssemblyBuffers {
  /** Bytes of all buffers that hold a part of a record. */
  inUseBytes = 0
  readonly #sizes: readonly number[]
  readonly #free: Uint8Array[][]

  constructor(maxRecordBytes: number) {
    const sizes = [4 * KIB, 64 * KIB, maxRecordBytes].filter((size) => size <= maxRecordBytes)
    this.#sizes = sizes
    this.#free = sizes.map(() => [])
  }

  /** The size of the buffer that `take` gives for `byteCount` bytes. */
  sizeFor(byteCount: number): number {
    return this.#sizes[this.#classOf(byteCount)]
  }

  /** A buffer of at least `byteCount` bytes, at most the longest record. Its content is undefined. */
  take(byteCount: number): Uint8Array {
    const index = this.#classOf(byteCount)
    const buffer = this.#free[index].pop() ?? new Uint8Array(this.#sizes[index])
    this.inUseBytes += buffer.length
    return buffer
  }

  /** The end of a buffer's use. */
  release(buffer: Uint8Array): void {
    this.transfer(buffer)
    this.reuse(buffer)
  }

  /** The record in this buffer is complete and somebody else keeps it. */
  transfer(buffer: Uint8Array): void {
    this.inUseBytes -= buffer.length
  }

  /** Takes back a buffer that had been transferred. */
  reuse(buffer: Uint8Array): void {
    const index = this.#sizes.indexOf(buffer.length)
    if (this.#free[index].length < KEPT[index]) this.#free[index].push(buffer)
  }

  #classOf(byteCount: number): number {
    for (let i = 0; i < this.#sizes.length; i++) if (byteCount <= this.#sizes[i]) return i
    throw new RangeError(`record buffer of ${byteCount} bytes`)
  }
}
