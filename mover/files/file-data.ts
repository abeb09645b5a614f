import type { Failure } from '../failure.ts'
import { Suspend } from '../suspend.ts'
import type { Stretch } from '../volume/records/extent-parts.ts'
import type { DataVolume } from './data-volume.ts'
import type { LiveInode } from './live-inode.ts'
import { PAGE, type PageCache } from './page-cache.ts'
import { PageTable } from './page-table.ts'

const PAGE_BYTES = 4096
/** Pages of one device read. */
const PAGES_PER_READ = 256

/**
 * The data of one file in memory: its pages, which of them are dirty, and what is under way on the device.
 */
export class FileData {
  readonly inode: LiveInode
  /** Slots by file block. */
  readonly pages = new PageTable()
  /** Dirty file blocks. */
  readonly dirty = new Set<number>()
  /** Dirty blocks that have no device block yet; each has one reserved. */
  delayedBlocks = 0
  /** A write-back of this file is under way. */
  writing = false
  /** Where the next new block of the file would best lie on the device; 0: anywhere. */
  nextGoal = 0
  /** Mark of the last completed device write (`FlushGate.wrote`). */
  writeMark: number
  /** Monotonic milliseconds since when something is dirty. */
  dirtySinceMs = 0
  /** Where the last read ended, to notice sequential ones; and how far has been read ahead. */
  readEnd = -1
  readAheadEnd = 0
  /** A sequential writer: the first file block not yet sent on its way, and where its last write ended. */
  streamStart = 0
  streamEnd = 0
  /** The file's size for which its last block is known to be zero behind it on the device. */
  cleanTailSize = -1
  #loads = 0
  readonly #failed = new Map<number, Failure>()
  readonly #volume: DataVolume
  readonly #cache: PageCache
  #loadWaiters: (() => void)[] = []
  #idleWaiters: (() => void)[] = []
  /** Who wants to read from the device, but not before the idle waiters have had their turn. */
  #lateLoaders: (() => void)[] = []

  constructor(volume: DataVolume, cache: PageCache, inode: LiveInode) {
    this.#volume = volume
    this.#cache = cache
    this.inode = inode
    this.writeMark = volume.forgottenMark
  }

  /** Nothing dirty and nothing under way: the pages can be dropped. */
  get idle(): boolean {
    return this.dirty.size === 0 && !this.writing && this.#loads === 0
  }

  /** Where file block `block` and those behind it lie, at most `max` blocks. May throw Suspend. */
  map(block: number, max: number, out: Stretch): Stretch {
    this.#volume.mapBlock(this.inode.ino, block, max, out)
    return out
  }

  /**
   * Starts reading the pages of [first, end) that are neither cached nor holes. Returns how many it had to start or are
   * being read already; `onLoaded` tells when to look again.
   */
  load(first: number, end: number): number {
    const stretch: Stretch = { deviceBlock: 0, length: 0 }
    const runs: { block: number; deviceBlock: number; length: number }[] = []
    let missing = 0
    let wanted = 0
    for (let block = first; block < end; ) {
      const slot = this.pages.get(block)
      if (slot !== undefined) {
        if ((this.#cache.flags[slot] & PAGE.loading) !== 0) missing++
        block++
        continue
      }
      this.map(block, Math.min(end - block, PAGES_PER_READ), stretch)
      let length = 1
      while (length < stretch.length && !this.pages.has(block + length)) length++
      if (stretch.deviceBlock !== 0) {
        runs.push({ block, deviceBlock: stretch.deviceBlock, length })
        wanted += length
      }
      block += length
    }
    if (wanted > 0) {
      this.#giveWay()
      this.#cache.ensure(wanted)
    }
    for (const run of runs) this.#read(run.block, run.deviceBlock, run.length)
    return missing + wanted
  }

  /** Throws the Suspend that ends when some pages of this file have been read. */
  waitForLoads(): Suspend {
    return new Suspend((resume) => this.#loadWaiters.push(resume))
  }

  /** A page could not be read, or not be written in time for an operation that waits for it. */
  noteFailure(block: number, failure: Failure): void {
    this.#failed.set(block, failure)
  }

  /** The failure of a page of [first, end), told once. */
  takeFailure(first: number, end: number): Failure | null {
    if (this.#failed.size === 0) return null
    for (const [block, failure] of this.#failed) {
      if (block < first || block >= end) continue
      this.#failed.delete(block)
      return failure
    }
    return null
  }

  /** True when a file block of [first, end) is dirty. */
  hasDirtyIn(first: number, end: number): boolean {
    if (end - first < this.dirty.size) {
      for (let block = first; block < end; block++) if (this.dirty.has(block)) return true
      return false
    }
    for (const block of this.dirty) if (block >= first && block < end) return true
    return false
  }

  /** Adds the blocks of [first, end) that are dirty, or under way on the device. */
  noteUnwritten(first: number, end: number, blocks: Set<number>): void {
    if (end - first < this.dirty.size) {
      for (let block = first; block < end; block++) if (this.dirty.has(block)) blocks.add(block)
    } else for (const block of this.dirty) if (block >= first && block < end) blocks.add(block)
    if (!this.writing && this.#loads === 0) return
    for (const [block, slot] of this.pages.within(first, end)) {
      if ((this.#cache.flags[slot] & (PAGE.loading | PAGE.writing)) !== 0) blocks.add(block)
    }
  }

  /** True when any page of the file is in memory. */
  get hasPages(): boolean {
    return !this.pages.isEmpty
  }

  /** Throws Suspend while anything of this file is under way on the device. */
  checkQuiet(): void {
    if (!this.writing && this.#loads === 0) return
    throw new Suspend((resume) => this.#idleWaiters.push(resume))
  }

  /** The same, while anything of these blocks is. */
  checkQuietIn(first: number, end: number): void {
    if (!this.writing && this.#loads === 0) return
    for (const [, slot] of this.pages.within(first, end)) {
      if ((this.#cache.flags[slot] & (PAGE.loading | PAGE.writing)) !== 0) this.checkQuiet()
    }
  }

  /** Called when a write-back has ended. */
  quietened(): void {
    if (this.writing || this.#loads > 0 || this.#idleWaiters.length === 0) return
    const waiters = [...this.#idleWaiters, ...this.#lateLoaders]
    this.#idleWaiters = []
    this.#lateLoaders = []
    for (const resume of waiters) resume()
  }

  /** With ever new reads under way the file would never be quiet: they come after who waits for that. */
  #giveWay(): void {
    if (this.#idleWaiters.length === 0) return
    throw new Suspend((resume) => this.#lateLoaders.push(resume))
  }

  /** Forgets all pages from file block `from` on, dirty ones included. Nothing of the file is under way. */
  dropFrom(from: number): void {
    for (const [block, slot] of this.pages.within(from, Number.POSITIVE_INFINITY)) {
      if (this.dirty.delete(block) && this.#cache.deviceBlock[slot] === 0) this.#unreserve()
      this.#cache.drop(slot)
    }
  }

  /** Forgets the clean pages of [first, end) that may not stay. Nothing of them is under way, nor dirty. */
  dropClean(first: number, end: number, mayStay: (block: number) => boolean): void {
    for (const [block, slot] of this.pages.within(first, end)) if (!mayStay(block)) this.#cache.drop(slot)
  }

  dropAll(): void {
    this.dropFrom(0)
  }

  /** A dirty block without a device block: one must have been reserved by the caller. */
  countDelayed(): void {
    this.delayedBlocks++
  }

  #unreserve(): void {
    this.delayedBlocks--
    this.#volume.space.unreserve(1)
  }

  #read(block: number, deviceBlock: number, length: number): void {
    const cache = this.#cache
    const slots: number[] = []
    for (let i = 0; i < length; i++) {
      const slot = cache.allocate(this, block + i)
      cache.deviceBlock[slot] = deviceBlock + i
      cache.setLoading(slot)
      slots.push(slot)
    }
    for (let i = 0; i < length; ) {
      let run = 1
      while (i + run < length && slots[i + run] === slots[i] + run) run++
      this.#readRun(slots[i], deviceBlock + i, run)
      i += run
    }
  }

  #readRun(slot: number, deviceBlock: number, length: number): void {
    const { space } = this.#volume
    const io = space.ioBegin()
    this.#loads++
    this.#volume.device.read(deviceBlock * PAGE_BYTES, this.#cache.pool.run(slot, length), (error) => {
      space.ioEnd(io)
      this.#loads--
      for (let i = 0; i < length; i++) this.#loaded(slot + i, error === null ? null : 'IO')
      space.releaseFreed(this.#volume.log.durableLsn)
      const waiters = this.#loadWaiters
      this.#loadWaiters = []
      for (const resume of waiters) resume()
      this.quietened()
    })
  }

  #loaded(slot: number, failure: Failure | null): void {
    const cache = this.#cache
    const block = cache.block[slot]
    if (failure !== null) {
      this.#failed.set(block, failure)
      cache.setLoaded(slot)
      cache.drop(slot)
      return
    }
    // Bytes behind the end of the file may be anything on the device, and zero in memory.
    const end = this.inode.size - block * PAGE_BYTES
    if (end < PAGE_BYTES) {
      const from = slot * PAGE_BYTES + Math.max(0, end)
      cache.pool.bytes.fill(0, from, (slot + 1) * PAGE_BYTES)
    }
    cache.setLoaded(slot)
  }
}
