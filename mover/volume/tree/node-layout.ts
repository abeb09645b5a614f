import { KEY_WORDS } from './key.ts'

/*
 * A node is one 4096-byte block, little-endian:
 *
 *     0  magic u32            4  checksum u32 (CRC-32 of bytes 8 to 4096)
 *     8  volume uuid (16)    24  own block number u64
 *    32  tree id u16         34  level u8 (0 is a leaf)      35  zero
 *    36  cell count u16      38  cell start u16 (lowest byte of a cell; 4096 when there is none)
 *    40  garbage u32 (bytes of removed cells above the cell start)                    44  zero
 *    48  birth u64 (checkpoint epoch)                        56  term u64 (of the mover that wrote it)
 *    64  low bound (24)      88  high bound (24)            112  zero (16)
 *   128  cell offsets u16, in key order, growing up          ...  cells, growing down from 4096
 *
 * Every key k in the node or below it satisfies low <= k < high; all ones stand for infinity. Cells are 4-byte aligned:
 *
 *   leaf   key (24), value length u32 (0 to 1024), value, zero padding to 4 bytes
 *   inner  key (24), child block number u64; the key is the child's low bound, and the first is the node's own
 */
export const NODE_BYTES = 4096
export const NODE_WORDS = NODE_BYTES / 4
export const NODE_HALVES = NODE_BYTES / 2
export const NODE_MAGIC = 0x4e54_4b4c
export const HEADER_BYTES = 128
/** What cells and their offsets share. */
export const PAYLOAD_BYTES = NODE_BYTES - HEADER_BYTES
/** Largest value of a record. */
export const MAX_VALUE_BYTES = 1024
/** Levels that a tree may have: far more than 2^48 blocks can fill. */
export const MAX_LEVELS = 12
/** Block numbers are below this. */
export const MAX_ADDRESS = 2 ** 48
export const INNER_CELL_BYTES = 32

/** Word indexes in the header. */
export const CHECKSUM = 1
export const UUID = 2
export const ADDRESS = 6
export const TAG = 8
export const GARBAGE = 10
export const BIRTH = 12
export const TERM = 14
export const LOW = 16
export const HIGH = 22
/** Half-word indexes in the header. */
export const COUNT = 18
export const CELL_START = 19
export const OFFSETS = HEADER_BYTES / 2
/** Word indexes in a cell. */
export const CELL_LENGTH = 6
export const CELL_CHILD = 6
export const CELL_VALUE = 7

const TWO32 = 2 ** 32

if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1) {
  throw new Error('tree nodes are little-endian, and this machine is not')
}

/** Memory that nodes live in: page-aligned, slot i at byte i * 4096. `PagePool` is one. */
export interface NodePool {
  readonly bytes: Uint8Array
}

/** Views of the nodes' memory. Slot i is block i of it. */
export class NodeMemory {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  readonly halves: Uint16Array
  readonly slotCount: number
  /** One block to assemble a node in. */
  readonly scratch = new Uint32Array(NODE_WORDS)
  /** Cell offsets of the node being assembled. */
  readonly scratchOffsets = new Uint16Array(NODE_HALVES)

  constructor(pool: NodePool) {
    const { bytes } = pool
    this.bytes = bytes
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    this.halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2)
    this.slotCount = Math.floor(bytes.byteLength / NODE_BYTES)
  }

  /** The block of `slot`, to hand to a device. */
  block(slot: number): Uint8Array {
    return this.bytes.subarray(slot * NODE_BYTES, (slot + 1) * NODE_BYTES)
  }

  count(slot: number): number {
    return this.halves[slot * NODE_HALVES + COUNT]
  }

  /** Tree id and level in one word, as `tagOf` makes it. */
  tag(slot: number): number {
    return this.words[slot * NODE_WORDS + TAG]
  }

  level(slot: number): number {
    return levelOf(this.tag(slot))
  }

  /** Word index of the first word of cell `index`. */
  cell(slot: number, index: number): number {
    return slot * NODE_WORDS + (this.halves[slot * NODE_HALVES + OFFSETS + index] >>> 2)
  }

  child(slot: number, index: number): number {
    return readLong(this.words, this.cell(slot, index) + CELL_CHILD)
  }

  setChild(slot: number, index: number, address: number): void {
    writeLong(this.words, this.cell(slot, index) + CELL_CHILD, address)
  }

  /** Bytes that cells and offsets can still take, after compaction. */
  freeBytes(slot: number): number {
    const half = slot * NODE_HALVES
    const gap = this.halves[half + CELL_START] - HEADER_BYTES - this.halves[half + COUNT] * 2
    return gap + this.words[slot * NODE_WORDS + GARBAGE]
  }

  usedBytes(slot: number): number {
    return PAYLOAD_BYTES - this.freeBytes(slot)
  }

  /** Copies the key at `source[at]` to word `field` of the node's header (`LOW` or `HIGH`). */
  setBound(slot: number, field: number, source: Uint32Array, at: number): void {
    const words = this.words
    const to = slot * NODE_WORDS + field
    for (let i = 0; i < KEY_WORDS; i++) words[to + i] = source[at + i]
  }

  isBoundInfinite(slot: number, field: number): boolean {
    const at = slot * NODE_WORDS + field
    for (let i = 0; i < KEY_WORDS; i++) if (this.words[at + i] !== 0xffffffff) return false
    return true
  }
}

/** The header word that holds tree id and level. */
export function tagOf(treeId: number, level: number): number {
  return treeId + level * 65536
}

export function levelOf(tag: number): number {
  return (tag >>> 16) & 0xff
}

/** An unsigned 64-bit field as a Number; exact below 2^53. */
export function readLong(words: Uint32Array, at: number): number {
  return words[at] + words[at + 1] * TWO32
}

export function writeLong(words: Uint32Array, at: number, value: number): void {
  words[at] = value % TWO32
  words[at + 1] = Math.floor(value / TWO32)
}

/** Bytes of a leaf cell with a value of `length` bytes. */
export function leafCellBytes(length: number): number {
  return 28 + ((length + 3) & ~3)
}
