import type { PagePool } from '../store/page-pool.ts'
import { Suspend } from '../suspend.ts'
import type { FileData } from './file-data.ts'

const PAGE_BYTES = 4096
const NOT_FREE = -1
/** Bits of a slot's flags. */
export const PAGE = { referenced: 1, dirty: 2, loading: 4, writing: 8 } as const

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
  dirtyLimit: number
  /** Pins for replies that have not reached their clients yet. */
  sendingCount = 0
  /** Replies beyond so many pins carry copies: clients that do not read must not keep the others from the cache. */
  readonly sendingLimit: number
  readonly #owner: (FileData | null)[]
  /** Free slots: a ring through the slots and an end of its own (`slotCount`), the one freed last before that. */
  readonly #next: Int32Array
  readonly #previous: Int32Array
  #freeCount = 0
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
    this.#next = new Int32Array(this.slotCount + 1).fill(NOT_FREE)
    this.#previous = new Int32Array(this.slotCount + 1).fill(NOT_FREE)
    this.#next[this.slotCount] = this.slotCount
    this.#previous[this.slotCount] = this.slotCount
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
    // Pages in a row go to the device and to clients as one piece.
    const before = owner.pages.get(block - 1)
    const slot = before !== undefined && this.#takeThis(before + 1) ? before + 1 : this.#take()
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

  setWriting(slot: number): void {
    this.flags[slot] |= PAGE.writing
    this.pin(slot)
  }

  setWritten(slot: number): void {
    this.flags[slot] &= ~PAGE.writing
    this.unpin(slot)
  }

  pin(slot: number): void {
    if (this.pins[slot]++ === 0 && (this.flags[slot] & PAGE.dirty) === 0) this.#held++
  }

  unpin(slot: number): void {
    if (--this.pins[slot] > 0) return
    if ((this.flags[slot] & PAGE.dirty) !== 0) return
    if (this.#owner[slot] === null) this.#addFree(slot)
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
      this.#addFree(slot)
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
    if (this.#freeCount > 0) {
      const slot = this.#next[this.slotCount]
      this.#removeFree(slot)
      return slot
    }
    for (let steps = 0; steps < 3 * this.slotCount; steps++) {
      const slot = this.#hand
      this.#hand = slot + 1 === this.slotCount ? 0 : slot + 1
      if (this.#evict(slot)) return slot
      if (this.pins[slot] === 0) this.flags[slot] &= ~PAGE.referenced
    }
    throw new Error('the page cache has no page to evict; ensure was not asked')
  }

  /** Takes this very slot, if it is free or its page may go; false otherwise. */
  #takeThis(slot: number): boolean {
    if (slot < this.#highWater) {
      if (this.#next[slot] === NOT_FREE) return this.#evict(slot)
      this.#removeFree(slot)
      return true
    }
    if (slot === this.slotCount || slot > this.#highWater) return false
    this.#highWater++
    return true
  }

  /** Lets the page of a slot go, unless it is in use, not on the device, or was referenced lately. */
  #evict(slot: number): boolean {
    const owner = this.#owner[slot]
    if (owner === null || this.pins[slot] > 0) return false
    if ((this.flags[slot] & (PAGE.dirty | PAGE.loading | PAGE.referenced)) !== 0) return false
    owner.pages.delete(this.block[slot])
    this.#owner[slot] = null
    return true
  }

  #addFree(slot: number): void {
    const last = this.#previous[this.slotCount]
    this.#next[last] = slot
    this.#previous[slot] = last
    this.#next[slot] = this.slotCount
    this.#previous[this.slotCount] = slot
    this.#freeCount++
  }

  #removeFree(slot: number): void {
    this.#next[this.#previous[slot]] = this.#next[slot]
    this.#previous[this.#next[slot]] = this.#previous[slot]
    this.#next[slot] = NOT_FREE
    this.#freeCount--
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
