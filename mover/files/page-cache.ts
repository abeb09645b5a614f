import type { PagePool } from '../store/page-pool.ts'
import { Suspend } from '../suspend.ts'
import type { FileData } from './file-data.ts'

const PAGE_BYTES = 4096
/** Bits of a slot's flags. */
export const PAGE = { referenced: 1, dirty: 2, loading: 4 } as const

/**
 * The pages of file data in memory: slots of one page-aligned pool, found through their file. Evicted by a clock with a
 * second chance; dirty, loading and pinned pages stay. A page is pinned while its bytes are being sent or written;
 * whoever changes a pinned page changes a copy.
 */
export class PageCache {
  readonly pool: PagePool
  readonly slotCount: number
  readonly flags: Uint8Array
  readonly pins: Uint16Array
  /** File block of each slot. */
  readonly block: Float64Array
  /** Device block of each slot; 0 while it has none. */
  readonly deviceBlock: Float64Array
  dirtyCount = 0
  /** A write that would make more pages dirty than this waits. */
  readonly dirtyLimit: number
  /** Pins for replies that have not reached their clients yet. */
  sendingCount = 0
  /** Replies beyond so many pins carry copies: clients that do not read must not keep the others from the cache. */
  readonly sendingLimit: number
  readonly #owner: (FileData | null)[]
  readonly #free: Int32Array
  #freeCount: number
  #highWater = 0
  #hand = 0
  #held = 0
  #waiters: (() => void)[] = []
  #waking = false
  readonly #defer: (task: () => void) => void
  /** Asked for when nobody can be evicted: the write-back engine. */
  onPressure: () => void = () => {}

  /** `defer`: `Environment.defer`. */
  constructor(pool: PagePool, defer: (task: () => void) => void) {
    this.pool = pool
    this.#defer = defer
    this.slotCount = pool.slotCount
    this.flags = new Uint8Array(this.slotCount)
    this.pins = new Uint16Array(this.slotCount)
    this.block = new Float64Array(this.slotCount)
    this.deviceBlock = new Float64Array(this.slotCount)
    this.#owner = new Array(this.slotCount).fill(null)
    this.#free = new Int32Array(this.slotCount)
    this.#freeCount = 0
    this.dirtyLimit = Math.floor(this.slotCount / 2)
    this.sendingLimit = Math.floor(this.slotCount / 4)
  }

  /** Pages in use. */
  get usedCount(): number {
    return this.#highWater - this.#freeCount
  }

  /** Throws Suspend unless `count` slots can be had now. */
  ensure(count: number): void {
    if (this.#available() >= count) return
    if (count > this.slotCount / 4) throw new RangeError(`a request for ${count} pages of a cache of ${this.slotCount}`)
    this.onPressure()
    throw this.waitForRoom()
  }

  /** A Suspend that ends when pages have become clean or unpinned. */
  waitForRoom(): Suspend {
    return new Suspend((resume) => this.#waiters.push(resume))
  }

  /** Takes a slot for a page of `owner`; `ensure` has made sure that there is one. */
  allocate(owner: FileData, block: number): number {
    const slot = this.#take()
    this.#owner[slot] = owner
    this.block[slot] = block
    this.deviceBlock[slot] = 0
    this.flags[slot] = PAGE.referenced
    owner.pages.set(block, slot)
    return slot
  }

  setDirty(slot: number): boolean {
    if ((this.flags[slot] & PAGE.dirty) !== 0) return false
    this.flags[slot] |= PAGE.dirty
    this.dirtyCount++
    if (this.pins[slot] === 0) this.#held++
    return true
  }

  setClean(slot: number): void {
    if ((this.flags[slot] & PAGE.dirty) === 0) return
    this.flags[slot] &= ~PAGE.dirty
    this.dirtyCount--
    if (this.pins[slot] === 0) this.#release()
  }

  setLoading(slot: number): void {
    this.flags[slot] |= PAGE.loading
    this.pin(slot)
  }

  setLoaded(slot: number): void {
    this.flags[slot] &= ~PAGE.loading
    this.unpin(slot)
  }

  pin(slot: number): void {
    if (this.pins[slot]++ === 0 && (this.flags[slot] & PAGE.dirty) === 0) this.#held++
  }

  unpin(slot: number): void {
    if (--this.pins[slot] > 0) return
    if ((this.flags[slot] & PAGE.dirty) !== 0) return
    if (this.#owner[slot] === null) this.#free[this.#freeCount++] = slot
    this.#release()
  }

  /** The page leaves the cache; if pinned, its memory is reused after that. */
  drop(slot: number): void {
    const owner = this.#owner[slot]
    if (owner === null) return
    if (owner.pages.get(this.block[slot]) === slot) owner.pages.delete(this.block[slot])
    this.#owner[slot] = null
    if ((this.flags[slot] & PAGE.dirty) !== 0) {
      this.flags[slot] &= ~PAGE.dirty
      this.dirtyCount--
      if (this.pins[slot] === 0) this.#held--
    }
    this.flags[slot] = 0
    if (this.pins[slot] === 0) {
      this.#free[this.#freeCount++] = slot
      this.#wake()
    }
  }

  /**
   * A slot for the page that may be changed: the slot itself, or another one in its place if it is pinned, with its
   * contents unless all of them are about to be overwritten (`isWhole`).
   */
  writable(slot: number, owner: FileData, isWhole = false): number {
    if (this.pins[slot] === 0) return slot
    const block = this.block[slot]
    const deviceBlock = this.deviceBlock[slot]
    const wasDirty = (this.flags[slot] & PAGE.dirty) !== 0
    // The old slot keeps its bytes for whoever has pinned it; it must not count as the file's page any more.
    if (wasDirty) {
      this.flags[slot] &= ~PAGE.dirty
      this.dirtyCount--
    }
    this.#owner[slot] = null
    this.flags[slot] = 0
    const copy = this.allocate(owner, block)
    this.deviceBlock[copy] = deviceBlock
    if (wasDirty) this.setDirty(copy)
    if (!isWhole) this.pool.bytes.copyWithin(copy * PAGE_BYTES, slot * PAGE_BYTES, (slot + 1) * PAGE_BYTES)
    return copy
  }

  #available(): number {
    return this.slotCount - this.#highWater + this.#freeCount + this.#evictable()
  }

  /** Pages in use that are neither dirty nor pinned. `#held` counts the others. */
  #evictable(): number {
    return this.#highWater - this.#freeCount - this.#held
  }

  #take(): number {
    if (this.#highWater < this.slotCount) return this.#highWater++
    if (this.#freeCount > 0) return this.#free[--this.#freeCount]
    for (let steps = 0; steps < 3 * this.slotCount; steps++) {
      const slot = this.#hand
      this.#hand = slot + 1 === this.slotCount ? 0 : slot + 1
      if (this.pins[slot] > 0 || this.#owner[slot] === null) continue
      const flags = this.flags[slot]
      if ((flags & (PAGE.dirty | PAGE.loading)) !== 0) continue
      if ((flags & PAGE.referenced) !== 0) {
        this.flags[slot] = flags & ~PAGE.referenced
        continue
      }
      this.#owner[slot]?.pages.delete(this.block[slot])
      this.#owner[slot] = null
      return slot
    }
    throw new Error('the page cache has no page to evict; ensure was not asked')
  }

  #release(): void {
    this.#held--
    this.#wake()
  }

  /** Not in this tick: pages are let go in the middle of records and rounds, where no other operation may run. */
  #wake(): void {
    if (this.#waiters.length === 0 || this.#waking) return
    this.#waking = true
    this.#defer(() => {
      this.#waking = false
      const waiters = this.#waiters
      this.#waiters = []
      for (const resume of waiters) resume()
    })
  }
}
