import { countSet, setBits, testBit } from './chunk-bitmap.ts'
import { chunkLength, chunkOverhead, type Geometry } from './layout.ts'

/**
 * Two bitmaps of each chunk: `image` is what the log and the tree own now (what a checkpoint writes), `busy` is what must not
 * be handed out. Those of a chunk that nothing has been taken of are made when they are asked for.
 */
export class ChunkBitmaps {
  readonly #geometry: Geometry
  readonly #busy: (Uint32Array | null)[]
  readonly #image: (Uint32Array | null)[]

  constructor(geometry: Geometry) {
    this.#geometry = geometry
    this.#busy = new Array(geometry.chunkCount).fill(null)
    this.#image = new Array(geometry.chunkCount).fill(null)
  }

  /** Takes a chunk's image as the device has it; returns how many blocks are free. */
  install(chunk: number, bytes: Uint8Array): number {
    const { chunkBlocks } = this.#geometry
    const words = chunkBlocks / 32
    const image = new Uint32Array(words)
    new Uint8Array(image.buffer).set(bytes.subarray(0, words * 4))
    const busy = image.slice()
    this.#image[chunk] = image
    this.#busy[chunk] = busy
    const length = chunkLength(this.#geometry, chunk)
    const overhead = chunkOverhead(this.#geometry, chunk)
    const free = length - overhead - countSet(busy, overhead, length)
    setBits(busy, 0, overhead)
    setBits(busy, length, chunkBlocks - length)
    return free
  }

  busy(chunk: number): Uint32Array {
    let words = this.#busy[chunk]
    if (words === null) {
      const { chunkBlocks } = this.#geometry
      words = new Uint32Array(chunkBlocks / 32)
      const length = chunkLength(this.#geometry, chunk)
      setBits(words, 0, chunkOverhead(this.#geometry, chunk))
      setBits(words, length, chunkBlocks - length)
      this.#busy[chunk] = words
    }
    return words
  }

  image(chunk: number): Uint32Array {
    let words = this.#image[chunk]
    if (words === null) {
      words = new Uint32Array(this.#geometry.chunkBlocks / 32)
      setBits(words, 0, chunkOverhead(this.#geometry, chunk))
      this.#image[chunk] = words
    }
    return words
  }

  /** True when the log or the tree owns this block of a chunk. */
  owns(chunk: number, bit: number): boolean {
    const image = this.#image[chunk]
    return image !== null && testBit(image, bit)
  }

  /** Blocks of a chunk that are owned, its own tables aside. */
  ownedBlocks(chunk: number): number {
    const image = this.#image[chunk]
    if (image === null) return 0
    return countSet(image, chunkOverhead(this.#geometry, chunk), this.#geometry.chunkBlocks)
  }
}
