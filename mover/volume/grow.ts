import { crc32 } from 'node:zlib'
import type { BlockDevice } from '../store/device.ts'
import { type Task, together, wait } from '../task.ts'
import { findSuperblock, readBlocks } from './device-io.ts'
import {
  BLOCK_BYTES,
  CHUNK_ENTRY_BYTES,
  CHUNK_TYPE,
  chunkCountFor,
  chunkLength,
  chunkOverhead,
  chunkTableCapacity,
  type Geometry,
  metaReserveBlocks,
} from './layout.ts'
import { loadSpace, type OpenOptions, openVolume } from './open.ts'
import type { Space } from './space.ts'
import { encodeSuperblock, type Superblock } from './superblock.ts'

/** Fewer new blocks than this would hold no chunk: the volume stays as it is. */
const LEAST_GROWTH_BLOCKS = 16
/** Bitmap slot of a chunk that has no bitmap on the device yet. */
const NO_SLOT = 255

/** A volume cannot use all of its device. */
export class GrowError extends Error {}

/** Sizes of a volume before and after it grew, in bytes; equal when its device has not grown. */
export interface Growth {
  beforeBytes: number
  afterBytes: number
}

/**
 * Makes a volume that nobody serves use all of its device, which has grown. The log is emptied first; after a crash at
 * any moment the volume has its old size or its new one. Throws GrowError, having changed nothing, when the chunk table
 * has no room; otherwise as `openVolume`.
 *
 * The new chunk table goes to the slot that is not in use. One write then makes the new size valid: the newest
 * superblock at the front, where it has the same place in both layouts. The end has none before that is durable, so that
 * it never tells of a size that the front does not know. Opening and closing the volume afterwards renews all four.
 */
export function* growVolume(options: OpenOptions): Task<Growth> {
  const { device } = options
  const found = yield* findSuperblock(device)
  const before = found.geometry
  const deviceBlocks = Math.floor(device.sizeBytes / BLOCK_BYTES)
  const beforeBytes = before.deviceBlocks * BLOCK_BYTES
  if (deviceBlocks - before.deviceBlocks < LEAST_GROWTH_BLOCKS) return { beforeBytes, afterBytes: beforeBytes }
  const after = grownGeometry(before, deviceBlocks)

  yield* openAndClose(options)
  const superblock = yield* findSuperblock(device)
  yield* clear(device, deviceBlocks - 2)
  const table = device.allocatePages(after.tableBlocksPerSlot)
  const tableSlot = 1 - superblock.tableSlot
  table.set(yield* readTable(device, superblock))
  fillTable(table, yield* loadSpace(device, superblock), after)
  const tableOffset = (after.tableBlock + tableSlot * after.tableBlocksPerSlot) * BLOCK_BYTES
  yield* wait((resume) => device.write(tableOffset, [table], 'data', resume))
  yield* wait((resume) => device.flush(resume))

  superblock.generation += 1
  superblock.geometry = after
  superblock.tableSlot = tableSlot
  superblock.tableChecksum = crc32(table)
  const page = device.allocatePages(1)
  encodeSuperblock(superblock, page)
  const slot = superblock.generation % 2
  yield* wait((resume) => device.writeDurable(slot * BLOCK_BYTES, page, 'log', resume))
  yield* wait((resume) => device.writeDurable((deviceBlocks - 2 + slot) * BLOCK_BYTES, page, 'log', resume))
  yield* clear(device, before.deviceBlocks - 2)
  yield* openAndClose(options)
  return { beforeBytes, afterBytes: deviceBlocks * BLOCK_BYTES }
}

/** The layout of a volume that has grown to `deviceBlocks`. Throws GrowError when its chunk table is too short. */
export function grownGeometry(before: Geometry, deviceBlocks: number): Geometry {
  const { chunkBlocks } = before
  const chunkCount = chunkCountFor(deviceBlocks, chunkBlocks)
  const capacity = chunkTableCapacity(before)
  if (chunkCount > capacity) {
    const mib = (blocks: number): string => `${Math.floor((blocks * BLOCK_BYTES) / 1024 ** 2)} MiB`
    throw new GrowError(
      `the device has ${mib(deviceBlocks)}, and this volume, made with ${chunkBlocks} blocks a chunk and a table of ${capacity} chunks, ` +
        `cannot use more than ${mib(capacity * chunkBlocks + 2)}: make the device no larger, or copy the files to a new volume`,
    )
  }
  return { ...before, deviceBlocks, chunkCount }
}

/**
 * Enters the new chunks. As many of them as the larger volume's metadata reserve asks for become metadata chunks at
 * once: until the first checkpoint there would be none to make files in.
 */
function fillTable(table: Uint8Array, space: Space, after: Geometry): void {
  const before = space.geometry
  const last = before.chunkCount - 1
  let metaBlocks = space.metaFree
  if (space.typeOf(last) === CHUNK_TYPE.meta) metaBlocks += chunkLength(after, last) - chunkLength(before, last)
  const wanted = metaReserveBlocks(after) + 2 * after.chunkBlocks
  for (let chunk = before.chunkCount; chunk < after.chunkCount; chunk++) {
    const isMeta = metaBlocks < wanted
    if (isMeta) metaBlocks += chunkLength(after, chunk) - chunkOverhead(after, chunk)
    const at = chunk * CHUNK_ENTRY_BYTES
    table.fill(0, at, at + CHUNK_ENTRY_BYTES)
    table[at] = isMeta ? CHUNK_TYPE.meta : CHUNK_TYPE.data
    table[at + 1] = NO_SLOT
  }
}

function readTable(device: BlockDevice, { geometry: g, tableSlot }: Superblock): Task<Uint8Array> {
  return readBlocks(device, g.tableBlock + tableSlot * g.tableBlocksPerSlot, g.tableBlocksPerSlot)
}

/** Empties the log and leaves a checkpoint. */
function* openAndClose(options: OpenOptions): Task<void> {
  const volume = yield* openVolume(options)
  yield* volume.close()
}

/** Writes zeros over two blocks that hold superblocks of another size. */
function* clear(device: BlockDevice, block: number): Task<void> {
  const zeros = device.allocatePages(1)
  const at = (i: number): number => (block + i) * BLOCK_BYTES
  yield* wait(
    together(
      [0, 1].map((i) => (resume) => device.write(at(i), [zeros], 'data', resume)),
      2,
    ),
  )
  yield* wait((resume) => device.flush(resume))
}
