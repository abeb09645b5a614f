/**
 * Where everything lies on a volume (little-endian, 4 KiB blocks).
 *
 *   block 0, 1            superblock slots (first copy)
 *   2 …                   owner heartbeat block
 *   3 …                   chunk table, two slots
 *   …                     log region, when it fits into half of chunk 0; otherwise chunks of their own
 *   chunk c               its bitmap slots first (chunk 0: behind the areas above), then its blocks
 *   last two blocks       superblock slots (second copy)
 */
export const BLOCK_BYTES = 4096
/** Largest file: 16 TiB. */
export const MAX_FILE_BYTES = 17_592_186_044_416
/** Smallest volume: 64 MiB. */
export const MIN_VOLUME_BYTES = 67_108_864
export const MAX_NAME_BYTES = 255
export const MAX_SYMLINK_BYTES = 4096

const MIN_CHUNK_BLOCKS = 256
const USUAL_MAX_CHUNK_BLOCKS = 16384
/** Most chunks a volume may have at its birth: 16 TiB in 64 MiB chunks; larger volumes have larger chunks. */
const MAX_CHUNKS = 262_144
/** Bytes of a chunk table entry. */
export const CHUNK_ENTRY_BYTES = 16
/** Of a new volume's first metadata and of its bitmaps so much is written at once: see `firstBlocks`. */
const FIRST_META_BLOCKS = 16_384
const FIRST_BITMAPS = 2048
/** A volume may grow to this multiple of its first size. */
const GROWTH_FACTOR = 16
export const LOG_SEGMENTS = 16
const MAX_LOG_BYTES = 8 * 1024 * 1024

export const OWNER_BLOCK = 2
const CHUNK_TABLE_BLOCK = 3

/** A tree of the superblock's root table. */
export const TREE_ID = { main: 1 } as const

export const CHUNK_TYPE = { data: 0, meta: 1, log: 2 } as const
export type ChunkType = (typeof CHUNK_TYPE)[keyof typeof CHUNK_TYPE]

/** The fixed shape of a volume; all numbers count 4 KiB blocks unless named otherwise. */
export interface Geometry {
  deviceBlocks: number
  chunkBlocks: number
  chunkCount: number
  /** First block of chunk table slot 0; slot 1 follows. */
  tableBlock: number
  tableBlocksPerSlot: number
  logBlock: number
  logSegmentBlocks: number
  logSegmentCount: number
  /** Blocks at the front of chunk 0 that belong to no chunk's bitmap (superblocks, tables, maybe the log). */
  systemBlocks: number
}

/** Geometry for a new volume on a device of `sizeBytes`. */
export function geometryFor(sizeBytes: number): Geometry {
  const deviceBlocks = Math.floor(sizeBytes / BLOCK_BYTES)
  if (sizeBytes < MIN_VOLUME_BYTES) {
    throw new RangeError(`a volume needs at least 64 MiB; the device has ${sizeBytes} bytes`)
  }
  let chunkBlocks = MIN_CHUNK_BLOCKS
  while (chunkBlocks * 2 * 128 <= deviceBlocks && chunkBlocks < USUAL_MAX_CHUNK_BLOCKS) chunkBlocks *= 2
  while (chunkBlocks * MAX_CHUNKS < deviceBlocks) chunkBlocks *= 2
  const chunkCount = chunkCountFor(deviceBlocks, chunkBlocks)
  const entriesPerBlock = BLOCK_BYTES / CHUNK_ENTRY_BYTES
  const wanted = Math.ceil((chunkCount * GROWTH_FACTOR) / entriesPerBlock)
  const least = Math.ceil(chunkCount / entriesPerBlock)
  const tableBlocksPerSlot = Math.max(least, Math.min(wanted, Math.floor(chunkBlocks / 8)))
  const logSegmentBlocks = Math.floor(
    Math.min(MAX_LOG_BYTES, (deviceBlocks / 16) * BLOCK_BYTES) / LOG_SEGMENTS / BLOCK_BYTES,
  )
  const logBlocks = logSegmentBlocks * LOG_SEGMENTS
  const behindTable = CHUNK_TABLE_BLOCK + 2 * tableBlocksPerSlot
  const logInFront = behindTable + logBlocks <= chunkBlocks / 2
  return {
    deviceBlocks,
    chunkBlocks,
    chunkCount,
    tableBlock: CHUNK_TABLE_BLOCK,
    tableBlocksPerSlot,
    logBlock: logInFront ? behindTable : chunkBlocks,
    logSegmentBlocks,
    logSegmentCount: LOG_SEGMENTS,
    systemBlocks: logInFront ? behindTable + logBlocks : behindTable,
  }
}

/** Chunks on a device: the last one may be short; a rest of fewer than 16 blocks is left unused. */
export function chunkCountFor(deviceBlocks: number, chunkBlocks: number): number {
  const usable = deviceBlocks - 2
  const whole = Math.floor(usable / chunkBlocks)
  return usable - whole * chunkBlocks >= 16 ? whole + 1 : whole
}

/** Number of chunks that the chunk table has room for. */
export function chunkTableCapacity(geometry: Geometry): number {
  return (geometry.tableBlocksPerSlot * BLOCK_BYTES) / CHUNK_ENTRY_BYTES
}

/** Length of chunk `chunk` in blocks. */
export function chunkLength(geometry: Geometry, chunk: number): number {
  return Math.min(geometry.chunkBlocks, geometry.deviceBlocks - 2 - chunk * geometry.chunkBlocks)
}

/** Blocks of one bitmap slot. */
export function bitmapBlocks(geometry: Geometry): number {
  return Math.ceil(geometry.chunkBlocks / 8 / BLOCK_BYTES)
}

/** First block of bitmap slot `slot` of `chunk`. */
export function bitmapBlock(geometry: Geometry, chunk: number, slot: number): number {
  const front = chunk === 0 ? geometry.systemBlocks : chunk * geometry.chunkBlocks
  return front + slot * bitmapBlocks(geometry)
}

/** Blocks at the front of `chunk` that are never handed out. */
export function chunkOverhead(geometry: Geometry, chunk: number): number {
  return (chunk === 0 ? geometry.systemBlocks : 0) + 2 * bitmapBlocks(geometry)
}

/** The log's chunks when it does not lie at the front of chunk 0: [first, end). */
export function logChunks(geometry: Geometry): { first: number; end: number } {
  if (geometry.logBlock < geometry.chunkBlocks) return { first: 1, end: 1 }
  const blocks = geometry.logSegmentBlocks * geometry.logSegmentCount
  return { first: 1, end: 1 + Math.ceil(blocks / geometry.chunkBlocks) }
}

/** Metadata chunks of a new volume, lowest first: as many as hold the reserve and two chunks more. */
export function firstMetaChunks(geometry: Geometry): number[] {
  const log = logChunks(geometry)
  const wanted = metaReserveBlocks(geometry) + 2 * geometry.chunkBlocks
  const chunks: number[] = []
  let blocks = 0
  for (let chunk = 0; chunk < geometry.chunkCount && blocks < wanted; chunk++) {
    if (chunk >= log.first && chunk < log.end) continue
    chunks.push(chunk)
    blocks += chunkLength(geometry, chunk) - chunkOverhead(geometry, chunk)
  }
  return chunks
}

/**
 * What is written once when a volume is made, so that a sparse image or a thin device has the blocks for it: superblocks,
 * tables, log, the metadata chunks that are used first (64 MiB, of larger ones the front), the bitmaps of the chunks that
 * are used first. When the host runs full, it is file data that finds no room, as long as the metadata fits in there.
 */
export function firstBlocks(geometry: Geometry): { start: number; length: number }[] {
  const { chunkCount, deviceBlocks, systemBlocks, logBlock } = geometry
  const ranges = [{ start: 0, length: systemBlocks }]
  if (logBlock >= systemBlocks) {
    ranges.push({ start: logBlock, length: geometry.logSegmentBlocks * geometry.logSegmentCount })
  }
  const log = logChunks(geometry)
  const metaChunks = new Set(firstMetaChunks(geometry))
  let left = FIRST_META_BLOCKS
  for (let chunk = 0; chunk < Math.min(chunkCount, FIRST_BITMAPS); chunk++) {
    if (chunk >= log.first && chunk < log.end) continue
    const usable = chunkLength(geometry, chunk) - chunkOverhead(geometry, chunk)
    const meta = metaChunks.has(chunk) ? Math.min(usable, left) : 0
    ranges.push({ start: bitmapBlock(geometry, chunk, 0), length: 2 * bitmapBlocks(geometry) + meta })
    left -= meta
  }
  ranges.push({ start: deviceBlocks - 2, length: 2 })
  return ranges
}

/** The larger of 2 chunks and 1/32 of the volume: kept free for metadata, so that deleting works on a full volume. */
export function metaReserveBlocks(geometry: Geometry): number {
  return Math.max(2 * geometry.chunkBlocks, Math.floor(geometry.deviceBlocks / 32))
}

/** A run of blocks. */
export interface Run {
  start: number
  length: number
}
