import { PAGE_BYTES, PagePool } from '../../mover/store/page-pool.ts'

/** Page-aligned memory for one world after the other: address ranges of WebAssembly memories are scarce. */
export class Arena {
  readonly #pool: PagePool
  #used = 0

  /** `pages` × 4096 bytes in all. */
  constructor(pages: number) {
    this.#pool = new PagePool(pages)
  }

  /** Zeroed memory of `count` pages. */
  take(count: number): Uint8Array {
    const first = this.#used
    this.#used += count
    return this.#pool.run(first, count)
  }

  /** Everything that was taken is free again, and zero. */
  reset(): void {
    this.#pool.bytes.fill(0, 0, this.#used * PAGE_BYTES)
    this.#used = 0
  }
}
