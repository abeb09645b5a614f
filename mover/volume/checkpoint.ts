import { crc32 } from 'node:zlib'
import type { BlockDevice } from '../store/device.ts'
import { type Step, type Task, together, wait } from '../task.ts'
import { BLOCK_BYTES } from './layout.ts'
import { putReplayEntry, REPLAY_ENTRY_BYTES, type ReplayEntry } from './replay-table.ts'
import type { FrozenSpace } from './space.ts'
import type { NodeCache } from './tree/node-cache.ts'

/** Nodes sealed and submitted in one tick: the event loop is never held longer than some milliseconds. */
const NODES_PER_SLICE = 256
const WRITES_AT_ONCE = 8
const BLOCKS_PER_WRITE = 64

/**
 * A block of the chain of replay entries: magic, checksum from offset 8 on, next block (f64), count, then entries at 32.
 */
export const REPLAY_BLOCK_HEADER_BYTES = 32
const REPLAY_MAGIC = 0x50524b4c
export const REPLAY_ENTRIES_PER_BLOCK = Math.floor((BLOCK_BYTES - REPLAY_BLOCK_HEADER_BYTES) / REPLAY_ENTRY_BYTES)

/** Page-aligned memory used again and again by one user at a time; grows to the most that was asked for. */
export class ScratchPages {
  readonly #device: BlockDevice
  #pages: Uint8Array

  constructor(device: BlockDevice) {
    this.#device = device
    this.#pages = device.allocatePages(16)
  }

  /** `count` pages, zeroed; the pages given before are given again. */
  take(count: number): Uint8Array {
    const bytes = count * BLOCK_BYTES
    if (this.#pages.length < bytes) this.#pages = this.#device.allocatePages(count * 2)
    return this.#pages.subarray(0, bytes).fill(0)
  }
}

/** Writes all nodes of the frozen set, some hundred a tick. */
export function* writeNodes(cache: NodeCache): Task<void> {
  for (;;) {
    const remaining = yield* wait<number>((resume) =>
      cache.writeFrozen(NODES_PER_SLICE, (error, left) => resume(error, left)),
    )
    if (remaining === 0) return
  }
}

/** Writes the frozen bitmaps and the chunk table into their other slots. */
export function* writeSpace(
  device: BlockDevice,
  scratch: ScratchPages,
  frozen: FrozenSpace,
  tableBlock: number,
): Task<void> {
  const steps: Step<unknown>[] = []
  const blocks = frozen.bitmaps.reduce((sum, bitmap) => sum + bitmap.bytes.length / BLOCK_BYTES, 0)
  const tableBlocks = frozen.table.length / BLOCK_BYTES
  const pages = scratch.take(blocks + tableBlocks)
  let at = 0
  for (const bitmap of frozen.bitmaps) {
    const bytes = pages.subarray(at, at + bitmap.bytes.length)
    bytes.set(bitmap.bytes)
    at += bitmap.bytes.length
    steps.push((resume) => device.write(bitmap.block * BLOCK_BYTES, [bytes], 'data', resume))
  }
  const table = pages.subarray(at)
  table.set(frozen.table)
  const start = tableBlock + frozen.tableSlot * tableBlocks
  for (let block = 0; block < tableBlocks; block += BLOCKS_PER_WRITE) {
    const part = table.subarray(block * BLOCK_BYTES, Math.min(tableBlocks, block + BLOCKS_PER_WRITE) * BLOCK_BYTES)
    steps.push((resume) => device.write((start + block) * BLOCK_BYTES, [part], 'data', resume))
  }
  yield* wait(together(steps, WRITES_AT_ONCE))
}

/** Writes replay entries into the chain of `blocks` (first to last). */
export function* writeReplays(
  device: BlockDevice,
  scratch: ScratchPages,
  entries: readonly ReplayEntry[],
  blocks: readonly number[],
): Task<void> {
  if (blocks.length === 0) return
  const pages = scratch.take(blocks.length)
  const steps: Step<unknown>[] = []
  for (const [i, block] of blocks.entries()) {
    const bytes = pages.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES)
    const view = new DataView(bytes.buffer, bytes.byteOffset, BLOCK_BYTES)
    const mine = entries.slice(i * REPLAY_ENTRIES_PER_BLOCK, (i + 1) * REPLAY_ENTRIES_PER_BLOCK)
    view.setUint32(0, REPLAY_MAGIC, true)
    view.setFloat64(8, blocks[i + 1] ?? 0, true)
    view.setUint32(16, mine.length, true)
    for (const [j, entry] of mine.entries())
      putReplayEntry(view, REPLAY_BLOCK_HEADER_BYTES + j * REPLAY_ENTRY_BYTES, entry)
    view.setUint32(4, crc32(bytes.subarray(8)), true)
    steps.push((resume) => device.write(block * BLOCK_BYTES, [bytes], 'data', resume))
  }
  yield* wait(together(steps, WRITES_AT_ONCE))
}

/** Reads one block of the chain: its entries' bytes, how many, and the next block. Null when it is damaged. */
export function readReplayBlock(bytes: Uint8Array): { view: DataView; count: number; next: number } | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, BLOCK_BYTES)
  if (view.getUint32(0, true) !== REPLAY_MAGIC || crc32(bytes.subarray(8, BLOCK_BYTES)) !== view.getUint32(4, true))
    return null
  const count = view.getUint32(16, true)
  return count > REPLAY_ENTRIES_PER_BLOCK ? null : { view, count, next: view.getFloat64(8, true) }
}
