import { crc32 } from 'node:zlib'
import { clearBits, clearRun, firstClear, setBits } from './chunk-bitmap.ts'
import { ChunkBitmaps } from './chunk-bitmaps.ts'
import { FreedBlocks } from './freed-blocks.ts'
import {
  BLOCK_BYTES,
  bitmapBlock,
  bitmapBlocks,
  CHUNK_ENTRY_BYTES,
  CHUNK_TYPE,
  type ChunkType,
  chunkLength,
  chunkOverhead,
  firstMetaChunks,
  type Geometry,
  logChunks,
  metaReserveBlocks,
  type Run,
} from './layout.ts'

/** Bitmap slot of a chunk that has no bitmap on the device yet: wholly free. */
const NO_SLOT = 255
/** How far an allocation looks for a long run before it takes the best it has seen. */
const CHUNKS_TRIED = 4

/** What a checkpoint writes of the space: bitmaps into their other slots, then the table into its other slot. */
export interface FrozenSpace {
  bitmaps: { chunk: number; slot: number; block: number; bytes: Uint8Array }[]
  tableSlot: number
  table: Uint8Array
  tableChecksum: number
  /** Chunks whose type changes when the checkpoint is durable. */
  retyped: { chunk: number; type: ChunkType }[]
  /** Tree nodes dropped before the freeze: free again when the checkpoint is durable. */
  dropped: number[]
}

/** Why the space tables of a volume cannot be used. */
export class SpaceError extends Error {}

/**
 * Free space of a volume. Two bitmaps a chunk: `image` is what the log and the tree own now (what a checkpoint writes),
 * `busy` is what must not be handed out: the image, and blocks whose free is not durable yet, whose I/O is in flight or
 * that an older checkpoint still reaches.
 */
export class Space {
  readonly geometry: Geometry
  /** Blocks promised to data that is acknowledged but not written yet. */
  reservedBlocks = 0
  /** Free blocks of data chunks (promised ones included). */
  dataFree = 0
  /** Free blocks of metadata chunks. */
  metaFree = 0
  readonly metaReserve: number
  /** No chunk changes its type meanwhile: who has reserved which blocks is not known yet. */
  keepsTypes = false

  readonly #bitmaps: ChunkBitmaps
  readonly #freed = new FreedBlocks(({ start, length }) => this.#release(start, length))
  #type: Uint8Array
  #retyping: Uint8Array
  #free: Int32Array
  #slot: Uint8Array
  #checksum: Uint32Array
  #dirty: Uint8Array
  #tableSlot: number
  #dataChunk = 0
  #metaChunk = 0
  #metaBit = 0
  #lowest: Int32Array
  #droppedNodes: number[] = []

  constructor(geometry: Geometry, tableSlot: number) {
    const n = geometry.chunkCount
    this.geometry = geometry
    this.metaReserve = metaReserveBlocks(geometry)
    this.#tableSlot = tableSlot
    this.#type = new Uint8Array(n)
    this.#retyping = new Uint8Array(n)
    this.#bitmaps = new ChunkBitmaps(geometry)
    this.#free = new Int32Array(n)
    this.#slot = new Uint8Array(n).fill(NO_SLOT)
    this.#checksum = new Uint32Array(n)
    this.#dirty = new Uint8Array(n)
    this.#lowest = new Int32Array(n)
    for (let c = 0; c < n; c++) this.#free[c] = this.usable(c)
  }

  /** Space of a new volume: the log's chunks, metadata chunks for the reserve and a little more, the rest data. */
  static fresh(geometry: Geometry): Space {
    const space = new Space(geometry, 1)
    const log = logChunks(geometry)
    for (let c = log.first; c < log.end; c++) space.#type[c] = CHUNK_TYPE.log
    for (const c of firstMetaChunks(geometry)) space.#type[c] = CHUNK_TYPE.meta
    space.#countFree()
    return space
  }

  /** Decodes a chunk table; the bitmaps that it names must then be given to `install`. Throws SpaceError. */
  static load(geometry: Geometry, table: Uint8Array, tableSlot: number, tableChecksum: number): Space {
    if (crc32(table) !== tableChecksum) throw new SpaceError('the chunk table has a wrong checksum')
    const space = new Space(geometry, tableSlot)
    const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
    for (let c = 0; c < geometry.chunkCount; c++) {
      const at = c * CHUNK_ENTRY_BYTES
      const type = table[at]
      if (type > CHUNK_TYPE.log) throw new SpaceError(`chunk ${c} has the unknown type ${type}`)
      space.#type[c] = type
      space.#slot[c] = table[at + 1]
      space.#checksum[c] = view.getUint32(at + 8, true)
    }
    space.#countFree()
    return space
  }

  /** Chunks that have a bitmap on the device: where it lies. */
  bitmapsToLoad(): { chunk: number; block: number }[] {
    const list = []
    for (let chunk = 0; chunk < this.geometry.chunkCount; chunk++) {
      if (this.#slot[chunk] === NO_SLOT) continue
      list.push({ chunk, block: bitmapBlock(this.geometry, chunk, this.#slot[chunk]) })
    }
    return list
  }

  /** Takes a chunk's bitmap as read from the device. Throws SpaceError when its checksum is not the table's. */
  install(chunk: number, bytes: Uint8Array): void {
    if (crc32(bytes) !== this.#checksum[chunk])
      throw new SpaceError(`the bitmap of chunk ${chunk} has a wrong checksum`)
    this.#account(chunk, this.#bitmaps.install(chunk, bytes) - this.#free[chunk])
  }

  /** Blocks of `chunk` that can ever be handed out. */
  usable(chunk: number): number {
    return chunkLength(this.geometry, chunk) - chunkOverhead(this.geometry, chunk)
  }

  typeOf(chunk: number): ChunkType {
    return this.#type[chunk] as ChunkType
  }

  chunkOf(block: number): number {
    return Math.floor(block / this.geometry.chunkBlocks)
  }

  /** True when the log or the tree owns `block` (for the checker). */
  owned(block: number): boolean {
    return this.#bitmaps.owns(this.chunkOf(block), block % this.geometry.chunkBlocks)
  }

  /** Blocks of `chunk` that the log or the tree owns, the volume's own tables aside. */
  ownedBlocks(chunk: number): number {
    return this.#bitmaps.ownedBlocks(chunk)
  }

  // Data blocks

  /** Promises `count` data blocks; false when there are not so many. */
  reserve(count: number): boolean {
    if (this.dataFree - this.reservedBlocks < count) return false
    this.reservedBlocks += count
    return true
  }

  unreserve(count: number): void {
    this.reservedBlocks -= count
    if (this.reservedBlocks < 0) throw new Error('more data blocks unreserved than reserved')
  }

  /**
   * Hands out up to `want` data blocks in one run, at `goal` if that is free, else the best run near by. Null when no
   * data block is free. The blocks are busy, but not owned before `own`.
   */
  allocateData(want: number, goal: number): Run | null {
    if (goal > 0) {
      const chunk = this.chunkOf(goal)
      if (this.#usableAs(chunk, CHUNK_TYPE.data) && this.#free[chunk] > 0) {
        const bit = goal % this.geometry.chunkBlocks
        const length = clearRun(this.#bitmaps.busy(chunk), bit, this.geometry.chunkBlocks, want)
        if (length > 0) return this.#take(chunk, bit, length)
      }
    }
    let best: { chunk: number; bit: number; length: number } | null = null
    let tried = 0
    for (let i = 0; i < this.geometry.chunkCount && tried < CHUNKS_TRIED; i++) {
      const chunk = (this.#dataChunk + i) % this.geometry.chunkCount
      if (!this.#usableAs(chunk, CHUNK_TYPE.data) || this.#free[chunk] === 0) continue
      tried++
      const run = this.#bestRun(chunk, want)
      if (run !== null && (best === null || run.length > best.length)) best = { chunk, ...run }
      if (best !== null && best.length >= want) break
    }
    if (best === null) return null
    if (best.length >= want || tried === 1) this.#dataChunk = best.chunk
    return this.#take(best.chunk, best.bit, best.length)
  }

  /** As `allocateData`, for blocks that were handed out in an earlier reign; false when they are not free data blocks. */
  takeData(start: number, length: number): boolean {
    const chunk = this.chunkOf(start)
    const bit = start % this.geometry.chunkBlocks
    if (length < 1 || chunk >= this.geometry.chunkCount || bit + length > this.geometry.chunkBlocks) return false
    if (!this.#usableAs(chunk, CHUNK_TYPE.data)) return false
    if (clearRun(this.#bitmaps.busy(chunk), bit, this.geometry.chunkBlocks, length) < length) return false
    this.#take(chunk, bit, length)
    return true
  }

  /** Gives back blocks that `allocateData` handed out and nothing ever owned. */
  returnData(start: number, length: number): void {
    this.#release(start, length)
  }

  /** A log record made these data blocks a file's. During replay they become busy here. */
  own(start: number, length: number): void {
    const chunk = this.chunkOf(start)
    const bit = start % this.geometry.chunkBlocks
    if (setBits(this.#bitmaps.image(chunk), bit, length) !== length)
      throw new SpaceError(`block ${start}+${length} has two owners`)
    this.#account(chunk, -setBits(this.#bitmaps.busy(chunk), bit, length))
    this.#dirty[chunk] = 1
  }

  /** A log record with `lsn` freed these data blocks; they are reused when it is durable and older I/O has ended. */
  disown(start: number, length: number, lsn: number): void {
    const chunk = this.chunkOf(start)
    if (clearBits(this.#bitmaps.image(chunk), start % this.geometry.chunkBlocks, length) !== length) {
      throw new SpaceError(`block ${start}+${length} is freed but was not owned`)
    }
    this.#dirty[chunk] = 1
    this.#freed.add(start, length, lsn)
  }

  /** Blocks freed but not reusable yet. */
  get pendingBlocks(): number {
    return this.#freed.count
  }

  /** See `FreedBlocks`, as the next ones. */
  ioBegin(): number {
    return this.#freed.ioBegin()
  }

  ioEnd(epoch: number): void {
    this.#freed.ioEnd(epoch)
  }

  releaseFreed(durableLsn: number): void {
    this.#freed.release(durableLsn)
  }

  wakeReleaseWaiters(): void {
    this.#freed.wakeWaiters()
  }

  onRelease(resume: () => void): void {
    this.#freed.onRelease(resume)
  }

  /** True when a checkpoint would turn free metadata chunks into data chunks. */
  get retypeable(): boolean {
    const margin = Math.max(2 * this.geometry.chunkBlocks, Math.floor(this.geometry.deviceBlocks / 64))
    if (this.metaFree <= this.metaReserve + margin + 2 * this.geometry.chunkBlocks) return false
    for (let chunk = 1; chunk < this.geometry.chunkCount; chunk++) {
      if (this.#usableAs(chunk, CHUNK_TYPE.meta) && this.#free[chunk] === this.usable(chunk)) return true
    }
    return false
  }

  // Tree nodes

  /** Blocks that operations may still use for tree nodes without touching the reserve. */
  get metaHeadroom(): number {
    return this.metaFree - this.metaReserve
  }

  /** Tree nodes dropped and waiting for a checkpoint. */
  get droppedNodes(): number {
    return this.#droppedNodes.length
  }

  /** A block for a tree node. Throws SpaceError when even the reserve is used up. */
  allocate(): number {
    const g = this.geometry
    for (let i = 0; i <= g.chunkCount; i++) {
      const chunk = (this.#metaChunk + i) % g.chunkCount
      if (!this.#usableAs(chunk, CHUNK_TYPE.meta) || this.#free[chunk] === 0) continue
      let bit = i === 0 ? firstClear(this.#bitmaps.busy(chunk), this.#metaBit, g.chunkBlocks) : -1
      if (bit < 0) bit = firstClear(this.#bitmaps.busy(chunk), 0, g.chunkBlocks)
      if (bit < 0) continue
      this.#metaChunk = chunk
      this.#metaBit = bit + 1
      setBits(this.#bitmaps.image(chunk), bit, 1)
      this.#dirty[chunk] = 1
      return this.#take(chunk, bit, 1).start
    }
    throw new SpaceError('no block is left for metadata')
  }

  /** The current tree does not reach this node any more; the last checkpoint may. */
  drop(block: number): void {
    this.#disownNode(block)
    this.#droppedNodes.push(block)
  }

  /** As `drop`, for a node that was never written. */
  dropUnwritten(block: number): void {
    this.#disownNode(block)
    this.#release(block, 1)
  }

  // Checkpoints

  /** Fixes what the checkpoint writes. One at a time; `thaw` ends it. */
  freeze(): FrozenSpace {
    const retyped = this.#retype()
    const g = this.geometry
    const bitmaps: FrozenSpace['bitmaps'] = []
    for (let chunk = 0; chunk < g.chunkCount; chunk++) {
      if (this.#dirty[chunk] === 0) continue
      this.#dirty[chunk] = 0
      const bytes = new Uint8Array(bitmapBlocks(g) * BLOCK_BYTES)
      bytes.set(new Uint8Array(this.#bitmaps.image(chunk).buffer))
      const slot = this.#slot[chunk] === 0 ? 1 : 0
      this.#slot[chunk] = slot
      this.#checksum[chunk] = crc32(bytes)
      bitmaps.push({ chunk, slot, block: bitmapBlock(g, chunk, slot), bytes })
    }
    const table = new Uint8Array(g.tableBlocksPerSlot * BLOCK_BYTES)
    const view = new DataView(table.buffer)
    for (let chunk = 0; chunk < g.chunkCount; chunk++) {
      const at = chunk * CHUNK_ENTRY_BYTES
      table[at] = this.#retyping[chunk] > 0 ? this.#retyping[chunk] - 1 : this.#type[chunk]
      table[at + 1] = this.#slot[chunk]
      view.setUint32(at + 8, this.#checksum[chunk], true)
    }
    this.#tableSlot = 1 - this.#tableSlot
    const dropped = this.#droppedNodes
    this.#droppedNodes = []
    return { bitmaps, tableSlot: this.#tableSlot, table, tableChecksum: crc32(table), retyped, dropped }
  }

  /** The checkpoint is durable: its retyped chunks and dropped nodes can be used. */
  thaw(frozen: FrozenSpace): void {
    for (const { chunk, type } of frozen.retyped) {
      this.#account(chunk, -this.#free[chunk])
      this.#type[chunk] = type
      this.#retyping[chunk] = 0
      this.#account(chunk, this.usable(chunk))
    }
    for (const block of frozen.dropped) this.#release(block, 1)
  }

  /** Chooses wholly free chunks to change their type, so that neither kind runs short before the next checkpoint. */
  #retype(): FrozenSpace['retyped'] {
    const g = this.geometry
    const retyped: FrozenSpace['retyped'] = []
    if (this.keepsTypes) return retyped
    const turn = (from: ChunkType, to: ChunkType): number => {
      for (let chunk = g.chunkCount - 1; chunk > 0; chunk--) {
        if (this.#type[chunk] !== from || this.#retyping[chunk] !== 0) continue
        if (this.#free[chunk] !== this.usable(chunk)) continue
        this.#account(chunk, -this.#free[chunk])
        this.#retyping[chunk] = to + 1
        retyped.push({ chunk, type: to })
        return this.usable(chunk)
      }
      return 0
    }
    const margin = Math.max(2 * g.chunkBlocks, Math.floor(g.deviceBlocks / 64))
    let meta = this.metaFree
    while (meta < this.metaReserve + margin && this.dataFree - this.reservedBlocks > 2 * g.chunkBlocks) {
      const gained = turn(CHUNK_TYPE.data, CHUNK_TYPE.meta)
      if (gained === 0) break
      meta += gained
    }
    while (
      this.dataFree - this.reservedBlocks < g.chunkBlocks &&
      this.metaFree > this.metaReserve + margin + 2 * g.chunkBlocks &&
      retyped.length < 2
    ) {
      if (turn(CHUNK_TYPE.meta, CHUNK_TYPE.data) === 0) break
    }
    return retyped
  }

  #usableAs(chunk: number, type: ChunkType): boolean {
    return this.#type[chunk] === type && this.#retyping[chunk] === 0
  }

  #disownNode(block: number): void {
    const chunk = this.chunkOf(block)
    if (clearBits(this.#bitmaps.image(chunk), block % this.geometry.chunkBlocks, 1) !== 1) {
      throw new SpaceError(`tree node ${block} is dropped but was not owned`)
    }
    this.#dirty[chunk] = 1
  }

  #take(chunk: number, bit: number, length: number): Run {
    setBits(this.#bitmaps.busy(chunk), bit, length)
    this.#account(chunk, -length)
    return { start: chunk * this.geometry.chunkBlocks + bit, length }
  }

  #release(start: number, length: number): void {
    const chunk = this.chunkOf(start)
    const bit = start % this.geometry.chunkBlocks
    if (clearBits(this.#bitmaps.busy(chunk), bit, length) !== length)
      throw new SpaceError(`block ${start}+${length} was free already`)
    this.#account(chunk, length)
    if (bit < this.#lowest[chunk]) this.#lowest[chunk] = bit
  }

  #bestRun(chunk: number, want: number): { bit: number; length: number } | null {
    const busy = this.#bitmaps.busy(chunk)
    const end = this.geometry.chunkBlocks
    let best: { bit: number; length: number } | null = null
    let bit = firstClear(busy, this.#lowest[chunk], end)
    this.#lowest[chunk] = bit < 0 ? end : bit
    while (bit >= 0) {
      const length = clearRun(busy, bit, end, want)
      if (best === null || length > best.length) best = { bit, length }
      if (length >= want) break
      bit = firstClear(busy, bit + length, end)
    }
    return best
  }

  #account(chunk: number, change: number): void {
    this.#free[chunk] += change
    if (this.#retyping[chunk] !== 0) return
    if (this.#type[chunk] === CHUNK_TYPE.data) this.dataFree += change
    else if (this.#type[chunk] === CHUNK_TYPE.meta) this.metaFree += change
  }

  #countFree(): void {
    this.dataFree = 0
    this.metaFree = 0
    for (let c = 0; c < this.geometry.chunkCount; c++) {
      if (this.#type[c] === CHUNK_TYPE.data) this.dataFree += this.#free[c]
      else if (this.#type[c] === CHUNK_TYPE.meta) this.metaFree += this.#free[c]
    }
  }
}
