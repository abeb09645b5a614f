import { crc32 } from 'node:zlib'
import { TreeCorruption } from './corruption.ts'
import { compareWords, formatKey, KEY_WORDS } from './key.ts'
import {
  ADDRESS,
  BIRTH,
  CELL_CHILD,
  CELL_LENGTH,
  CELL_START,
  CHECKSUM,
  COUNT,
  GARBAGE,
  HEADER_BYTES,
  HIGH,
  INNER_CELL_BYTES,
  LOW,
  leafCellBytes,
  levelOf,
  MAX_ADDRESS,
  MAX_LEVELS,
  MAX_VALUE_BYTES,
  NODE_BYTES,
  NODE_HALVES,
  NODE_MAGIC,
  NODE_WORDS,
  type NodeMemory,
  OFFSETS,
  readLong,
  TAG,
  TERM,
  UUID,
  writeLong,
} from './node-layout.ts'

/** What the parent (for a root: the superblock) says about a node. */
export interface NodeExpectation {
  readonly address: number
  /** Tree id and level (`tagOf`); for a root, whose level nobody knows, that of level 0. */
  readonly tag: number
  readonly isRoot: boolean
  /** Low bound, then high bound: 12 words. */
  readonly bounds: Uint32Array
}

/** What holds for all nodes of a volume now. */
export interface VolumeExpectation {
  /** The four words of the volume's uuid. */
  readonly uuid: Uint32Array
  /** Blocks of the device: child addresses are below this. */
  readonly deviceBlocks: number
  /** Nodes on the device are of checkpoints before this one. */
  readonly epoch: number
  /** Nodes on the device were written in this term or before. */
  readonly term: number
}

/** The bounds of a whole tree, as `NodeExpectation.bounds`. */
export function rootBounds(): Uint32Array {
  return new Uint32Array(KEY_WORDS * 2).fill(0xffffffff, KEY_WORDS)
}

/** What the inner node in `slot` says about its child `index`. */
export function expectChild(memory: NodeMemory, slot: number, index: number): NodeExpectation {
  const { words } = memory
  const bounds = new Uint32Array(KEY_WORDS * 2)
  const low = memory.cell(slot, index)
  const high = index + 1 < memory.count(slot) ? memory.cell(slot, index + 1) : slot * NODE_WORDS + HIGH
  for (let i = 0; i < KEY_WORDS; i++) {
    bounds[i] = words[low + i]
    bounds[KEY_WORDS + i] = words[high + i]
  }
  return { address: memory.child(slot, index), tag: memory.tag(slot) - 65536, isRoot: false, bounds }
}

/** Makes the node ready for the device: term and checksum. */
export function sealNode(memory: NodeMemory, slot: number, term: number): void {
  writeLong(memory.words, slot * NODE_WORDS + TERM, term)
  memory.words[slot * NODE_WORDS + CHECKSUM] = checksumOf(memory, slot)
}

function checksumOf(memory: NodeMemory, slot: number): number {
  return crc32(memory.bytes.subarray(slot * NODE_BYTES + 8, (slot + 1) * NODE_BYTES))
}

/**
 * Checks a node that was just read: that it is the node its parent means, and that nothing in it leads outside of it.
 * @throws TreeCorruption naming what differs
 */
export function verifyNode(memory: NodeMemory, slot: number, volume: VolumeExpectation, node: NodeExpectation): void {
  const what = differingHeader(memory, slot, volume, node) ?? differingCells(memory, slot, volume)
  if (what !== null) throw new TreeCorruption(node.address, what)
}

function differingHeader(
  memory: NodeMemory,
  slot: number,
  volume: VolumeExpectation,
  node: NodeExpectation,
): string | null {
  const { words } = memory
  const base = slot * NODE_WORDS
  if (words[base] !== NODE_MAGIC) return `its magic number is 0x${words[base].toString(16)}`
  const checksum = checksumOf(memory, slot)
  if (words[base + CHECKSUM] !== checksum) {
    return `its checksum is 0x${checksum.toString(16)}, and it says 0x${words[base + CHECKSUM].toString(16)}`
  }
  for (let i = 0; i < 4; i++) {
    if (words[base + UUID + i] !== volume.uuid[i]) return 'it carries the uuid of another volume'
  }
  const address = readLong(words, base + ADDRESS)
  if (address !== node.address) return `it was written for block ${address}`
  const tag = words[base + TAG]
  if ((tag & 0xffff) !== (node.tag & 0xffff)) return `it belongs to tree ${tag & 0xffff}, not to ${node.tag & 0xffff}`
  if (node.isRoot ? tag >>> 16 >= MAX_LEVELS : tag !== node.tag) {
    return `its level is ${tag >>> 16}${node.isRoot ? '' : `, and its parent expects ${levelOf(node.tag)}`}`
  }
  for (const [name, field, at] of [
    ['low', LOW, 0],
    ['high', HIGH, KEY_WORDS],
  ] as const) {
    if (compareWords(words, base + field, node.bounds, at) === 0) continue
    const expected = formatKey(node.bounds, at)
    return `its ${name} bound is ${formatKey(words, base + field)}, and its parent says ${expected}`
  }
  const birth = readLong(words, base + BIRTH)
  if (birth >= volume.epoch) return `it is of checkpoint ${birth}, and the current one is ${volume.epoch}`
  const term = readLong(words, base + TERM)
  if (term > volume.term) return `it was written in term ${term}, after this mover's term ${volume.term}`
  return null
}

/** Finds a cell outside of the block, over another, out of order or out of bounds; null when all is well. */
function differingCells(memory: NodeMemory, slot: number, volume: VolumeExpectation): string | null {
  const { words, halves } = memory
  const base = slot * NODE_WORDS
  const half = slot * NODE_HALVES
  const count = halves[half + COUNT]
  const start = halves[half + CELL_START]
  const isLeaf = memory.level(slot) === 0
  if (start > NODE_BYTES || start % 4 !== 0 || start < HEADER_BYTES + count * 2) {
    return `${count} cells and a cell start of ${start} do not go together`
  }
  if (count === 0 && !isLeaf) return 'it is an inner node without children'
  const taken = memory.scratch.fill(0)
  let before = base + LOW
  let total = words[base + GARBAGE]
  for (let i = 0; i < count; i++) {
    const offset = halves[half + OFFSETS + i]
    if (offset < start || offset % 4 !== 0 || offset > NODE_BYTES - 28) return `cell ${i} starts at byte ${offset}`
    const cell = base + offset / 4
    const length = isLeaf ? words[cell + CELL_LENGTH] : 0
    if (length > MAX_VALUE_BYTES) return `the value of cell ${i} has ${length} bytes`
    const size = isLeaf ? leafCellBytes(length) : INNER_CELL_BYTES
    if (offset + size > NODE_BYTES) return `cell ${i} at byte ${offset} with ${size} bytes leaves the block`
    for (let at = offset / 4; at < (offset + size) / 4; at++) {
      if (taken[at] !== 0) return `cell ${i} lies over another one`
      taken[at] = 1
    }
    total += size
    const order = compareWords(words, before, words, cell)
    if (i === 0 ? (isLeaf ? order > 0 : order !== 0) : order >= 0) return `the key of cell ${i} is out of order`
    before = cell
    if (isLeaf) continue
    const child = readLong(words, cell + CELL_CHILD)
    if (child === 0 || child >= MAX_ADDRESS || child >= volume.deviceBlocks) return `child ${i} is at block ${child}`
  }
  if (count > 0 && compareWords(words, before, words, base + HIGH) >= 0) return 'its last key is beyond its high bound'
  if (total !== NODE_BYTES - start) return `its cells and its garbage add up to ${total}, not to ${NODE_BYTES - start}`
  return null
}
