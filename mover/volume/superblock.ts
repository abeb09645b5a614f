import { crc32 } from 'node:zlib'
import { BLOCK_BYTES, type Geometry } from './layout.ts'
import { NAME_SECRET_BYTES } from './names.ts'
import { get64, put64 } from './u64.ts'

export const MAGIC = 'LOCKKEEP'
const VERSION = 1
const CHECKSUM_CRC32 = 1
/** Known feature bits; an unknown incompat bit refuses to open, an unknown ro-compat bit refuses to write. */
const KNOWN_INCOMPAT = 0
const KNOWN_RO_COMPAT = 0
const MAX_TREES = 16
const MAX_REIGNS = 32
const MAX_SEGMENTS = 128

const AT = {
  checksum: 8,
  version: 12,
  uuid: 16,
  generation: 32,
  compat: 40,
  roCompat: 44,
  incompat: 48,
  checksumType: 52,
  deviceBlocks: 56,
  chunkBlocks: 64,
  chunkCount: 68,
  tableBlock: 72,
  tableBlocksPerSlot: 80,
  tableSlot: 84,
  tableChecksum: 88,
  nameFold: 96,
  systemBlocks: 100,
  label: 104,
  epoch: 168,
  lsn: 176,
  term: 184,
  logSegment: 192,
  logOffset: 196,
  logChecksum: 200,
  nextIno: 208,
  inodeCount: 216,
  replayBlock: 232,
  replayCount: 240,
  treeCount: 256,
  trees: 260,
  logRegionCount: 512,
  logRegions: 516,
  ownerBlock: 648,
  nameSecret: 656,
  reignCount: 704,
  reigns: 708,
  segmentCount: 1792,
  segments: 1796,
} as const

/** One entry of the reign list: how a reign began, and where its predecessor's log ends. */
export interface Reign {
  term: number
  firstSegment: number
  /** Last LSN of the predecessors that counts; replay follows them no further. */
  predecessorLsn: number
  /** Checksum of the batch that holds it. */
  predecessorChecksum: number
}

/** Which reign may write a log segment, and in which place of that reign's order. Term 0: nobody. */
export interface SegmentAssignment {
  term: number
  sequence: number
}

/** Where replay starts: behind the last batch that the checkpoint contains. `offset` counts blocks in the segment. */
export interface LogPosition {
  segment: number
  offset: number
  /** Checksum of the batch before: the first link of the chain. */
  checksum: number
}

/** The decoded superblock. */
export interface Superblock {
  generation: number
  uuid: Uint8Array
  label: string
  compat: number
  geometry: Geometry
  tableSlot: number
  tableChecksum: number
  nameFold: number
  /** Random: the key of the name index's hashes, known to nobody but the volume. */
  nameSecret: Uint8Array
  /** The last checkpoint: its number, the last LSN in it, the term that wrote it. */
  epoch: number
  lsn: number
  term: number
  log: LogPosition
  nextIno: number
  inodeCount: number
  /** First block of the chain of replay records, 0 when there is none; `replayCount` records in all. */
  replayBlock: number
  replayCount: number
  /** Tree roots by tree id; root 0 is an empty tree. */
  trees: { id: number; root: number }[]
  ownerBlock: number
  reigns: Reign[]
  segments: SegmentAssignment[]
}

/** Why a superblock cannot be used. */
export class SuperblockError extends Error {}

const textEncoder = new TextEncoder()
const textDecoder = new TextDecoder()

/** Encodes into a block of 4096 bytes. Throws when a table is over its limit. */
export function encodeSuperblock(sb: Superblock, block: Uint8Array): void {
  if (sb.trees.length > MAX_TREES || sb.reigns.length > MAX_REIGNS || sb.segments.length > MAX_SEGMENTS) {
    throw new SuperblockError('a superblock table is full')
  }
  block.fill(0)
  const view = new DataView(block.buffer, block.byteOffset, BLOCK_BYTES)
  const g = sb.geometry
  block.set(textEncoder.encode(MAGIC), 0)
  view.setUint32(AT.version, VERSION, true)
  block.set(sb.uuid, AT.uuid)
  put64(view, AT.generation, sb.generation)
  view.setUint32(AT.compat, sb.compat, true)
  view.setUint32(AT.checksumType, CHECKSUM_CRC32, true)
  put64(view, AT.deviceBlocks, g.deviceBlocks)
  view.setUint32(AT.chunkBlocks, g.chunkBlocks, true)
  view.setUint32(AT.chunkCount, g.chunkCount, true)
  put64(view, AT.tableBlock, g.tableBlock)
  view.setUint32(AT.tableBlocksPerSlot, g.tableBlocksPerSlot, true)
  view.setUint32(AT.tableSlot, sb.tableSlot, true)
  view.setUint32(AT.tableChecksum, sb.tableChecksum, true)
  view.setUint32(AT.nameFold, sb.nameFold, true)
  block.set(sb.nameSecret, AT.nameSecret)
  view.setUint32(AT.systemBlocks, g.systemBlocks, true)
  block.set(textEncoder.encode(sb.label).subarray(0, 63), AT.label)
  put64(view, AT.epoch, sb.epoch)
  put64(view, AT.lsn, sb.lsn)
  put64(view, AT.term, sb.term)
  view.setUint32(AT.logSegment, sb.log.segment, true)
  view.setUint32(AT.logOffset, sb.log.offset, true)
  view.setUint32(AT.logChecksum, sb.log.checksum, true)
  put64(view, AT.nextIno, sb.nextIno)
  put64(view, AT.inodeCount, sb.inodeCount)
  put64(view, AT.replayBlock, sb.replayBlock)
  view.setUint32(AT.replayCount, sb.replayCount, true)
  view.setUint32(AT.treeCount, sb.trees.length, true)
  for (const [i, tree] of sb.trees.entries()) {
    view.setUint16(AT.trees + i * 12, tree.id, true)
    put64(view, AT.trees + i * 12 + 4, tree.root)
  }
  view.setUint32(AT.logRegionCount, 1, true)
  put64(view, AT.logRegions, g.logBlock)
  view.setUint32(AT.logRegions + 8, g.logSegmentBlocks, true)
  view.setUint32(AT.logRegions + 12, g.logSegmentCount, true)
  put64(view, AT.ownerBlock, sb.ownerBlock)
  view.setUint32(AT.reignCount, sb.reigns.length, true)
  for (const [i, reign] of sb.reigns.entries()) {
    const at = AT.reigns + i * 32
    put64(view, at, reign.term)
    view.setUint32(at + 8, reign.firstSegment, true)
    put64(view, at + 16, reign.predecessorLsn)
    view.setUint32(at + 24, reign.predecessorChecksum, true)
  }
  view.setUint32(AT.segmentCount, sb.segments.length, true)
  for (const [i, segment] of sb.segments.entries()) {
    put64(view, AT.segments + i * 16, segment.term)
    view.setUint32(AT.segments + i * 16 + 8, segment.sequence, true)
  }
  view.setUint32(AT.checksum, crc32(block), true)
}

/**
 * Decodes a block. Null when it holds no valid superblock (wrong magic or checksum).
 * Throws SuperblockError when it is valid but of a version or with features that this program does not know.
 */
export function decodeSuperblock(block: Uint8Array): Superblock | null {
  const view = new DataView(block.buffer, block.byteOffset, BLOCK_BYTES)
  if (textDecoder.decode(block.subarray(0, 8)) !== MAGIC) return null
  const copy = block.slice(0, BLOCK_BYTES)
  new DataView(copy.buffer).setUint32(AT.checksum, 0, true)
  if (crc32(copy) !== view.getUint32(AT.checksum, true)) return null
  const version = view.getUint32(AT.version, true)
  if (version !== VERSION)
    throw new SuperblockError(`the volume's format version is ${version}, this program knows ${VERSION}`)
  const incompat = view.getUint32(AT.incompat, true) & ~KNOWN_INCOMPAT
  const roCompat = view.getUint32(AT.roCompat, true) & ~KNOWN_RO_COMPAT
  if (incompat !== 0 || roCompat !== 0) {
    throw new SuperblockError(
      `the volume uses features that this program does not know (incompat 0x${incompat.toString(16)}, ro-compat 0x${roCompat.toString(16)})`,
    )
  }
  if (view.getUint32(AT.checksumType, true) !== CHECKSUM_CRC32) throw new SuperblockError('unknown checksum type')
  const counts = {
    trees: view.getUint32(AT.treeCount, true),
    reigns: view.getUint32(AT.reignCount, true),
    segments: view.getUint32(AT.segmentCount, true),
    regions: view.getUint32(AT.logRegionCount, true),
  }
  if (
    counts.trees > MAX_TREES ||
    counts.reigns > MAX_REIGNS ||
    counts.segments > MAX_SEGMENTS ||
    counts.regions !== 1
  ) {
    throw new SuperblockError('a superblock table is longer than this program allows')
  }
  const label = block.subarray(AT.label, AT.label + 64)
  const labelEnd = label.indexOf(0)
  return {
    generation: get64(view, AT.generation),
    uuid: block.slice(AT.uuid, AT.uuid + 16),
    label: textDecoder.decode(label.subarray(0, labelEnd < 0 ? 64 : labelEnd)),
    compat: view.getUint32(AT.compat, true),
    geometry: {
      deviceBlocks: get64(view, AT.deviceBlocks),
      chunkBlocks: view.getUint32(AT.chunkBlocks, true),
      chunkCount: view.getUint32(AT.chunkCount, true),
      tableBlock: get64(view, AT.tableBlock),
      tableBlocksPerSlot: view.getUint32(AT.tableBlocksPerSlot, true),
      logBlock: get64(view, AT.logRegions),
      logSegmentBlocks: view.getUint32(AT.logRegions + 8, true),
      logSegmentCount: view.getUint32(AT.logRegions + 12, true),
      systemBlocks: view.getUint32(AT.systemBlocks, true),
    },
    tableSlot: view.getUint32(AT.tableSlot, true),
    tableChecksum: view.getUint32(AT.tableChecksum, true),
    nameFold: view.getUint32(AT.nameFold, true),
    nameSecret: block.slice(AT.nameSecret, AT.nameSecret + NAME_SECRET_BYTES),
    epoch: get64(view, AT.epoch),
    lsn: get64(view, AT.lsn),
    term: get64(view, AT.term),
    log: {
      segment: view.getUint32(AT.logSegment, true),
      offset: view.getUint32(AT.logOffset, true),
      checksum: view.getUint32(AT.logChecksum, true),
    },
    nextIno: get64(view, AT.nextIno),
    inodeCount: get64(view, AT.inodeCount),
    replayBlock: get64(view, AT.replayBlock),
    replayCount: view.getUint32(AT.replayCount, true),
    trees: Array.from({ length: counts.trees }, (_, i) => ({
      id: view.getUint16(AT.trees + i * 12, true),
      root: get64(view, AT.trees + i * 12 + 4),
    })),
    ownerBlock: get64(view, AT.ownerBlock),
    reigns: Array.from({ length: counts.reigns }, (_, i) => ({
      term: get64(view, AT.reigns + i * 32),
      firstSegment: view.getUint32(AT.reigns + i * 32 + 8, true),
      predecessorLsn: get64(view, AT.reigns + i * 32 + 16),
      predecessorChecksum: view.getUint32(AT.reigns + i * 32 + 24, true),
    })),
    segments: Array.from({ length: counts.segments }, (_, i) => ({
      term: get64(view, AT.segments + i * 16),
      sequence: view.getUint32(AT.segments + i * 16 + 8, true),
    })),
  }
}
