/** Blocks per page of the set. */
const PAGE_BLOCKS = 32_768

/** A set of block numbers: bits in pages that exist only where blocks were added. */
export class BlockSet {
  readonly #pages = new Map<number, Uint32Array>()
  #size = 0

  get size(): number {
    return this.#size
  }

  has(block: number): boolean {
    const page = this.#pages.get(Math.floor(block / PAGE_BLOCKS))
    const bit = block % PAGE_BLOCKS
    return page !== undefined && (page[bit >>> 5] & (1 << (bit & 31))) !== 0
  }

  /** Adds a block; false when it was there already. */
  add(block: number): boolean {
    const index = Math.floor(block / PAGE_BLOCKS)
    let page = this.#pages.get(index)
    if (page === undefined) {
      page = new Uint32Array(PAGE_BLOCKS / 32)
      this.#pages.set(index, page)
    }
    const bit = block % PAGE_BLOCKS
    const mask = 1 << (bit & 31)
    if ((page[bit >>> 5] & mask) !== 0) return false
    page[bit >>> 5] |= mask
    this.#size += 1
    return true
  }
}
