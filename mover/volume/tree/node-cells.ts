import { KEY_WORDS } from './key.ts'
import {
  CELL_CHILD,
  CELL_LENGTH,
  CELL_START,
  COUNT,
  GARBAGE,
  HEADER_BYTES,
  HIGH,
  INNER_CELL_BYTES,
  leafCellBytes,
  NODE_BYTES,
  NODE_HALVES,
  NODE_WORDS,
  type NodeMemory,
  OFFSETS,
  PAYLOAD_BYTES,
} from './node-layout.ts'

/** Index of the first cell of the node whose key is above `key`: 0 to the cell count. */
export function upperBound(memory: NodeMemory, slot: number, key: Uint32Array): number {
  const { words, halves } = memory
  const base = slot * NODE_WORDS
  const offsets = slot * NODE_HALVES + OFFSETS
  const k0 = key[0]
  const k1 = key[1]
  let low = 0
  let high = halves[slot * NODE_HALVES + COUNT]
  while (low < high) {
    const middle = (low + high) >>> 1
    const cell = base + (halves[offsets + middle] >>> 2)
    let mine = words[cell]
    let wanted = k0
    if (mine === wanted) {
      mine = words[cell + 1]
      wanted = k1
      for (let i = 2; mine === wanted && i < KEY_WORDS; i++) {
        mine = words[cell + i]
        wanted = key[i]
      }
    }
    if (mine <= wanted) low = middle + 1
    else high = middle
  }
  return low
}

/** True when cell `index` exists and has exactly `key`. */
export function isCellKey(memory: NodeMemory, slot: number, index: number, key: Uint32Array): boolean {
  if (index < 0) return false
  const words = memory.words
  const cell = memory.cell(slot, index)
  for (let i = KEY_WORDS - 1; i >= 0; i--) if (words[cell + i] !== key[i]) return false
  return true
}

/** Bytes of cell `index`. */
export function cellBytes(memory: NodeMemory, slot: number, index: number): number {
  if (memory.level(slot) > 0) return INNER_CELL_BYTES
  return leafCellBytes(memory.words[memory.cell(slot, index) + CELL_LENGTH])
}

/** Opens cell `index` of `size` bytes in a node with room for it; returns the word index of the cell. */
export function openCell(memory: NodeMemory, slot: number, index: number, size: number): number {
  const { halves } = memory
  const half = slot * NODE_HALVES
  const count = halves[half + COUNT]
  if (halves[half + CELL_START] - HEADER_BYTES - count * 2 < size + 2) compact(memory, slot)
  const start = halves[half + CELL_START] - size
  if (start < HEADER_BYTES + (count + 1) * 2) throw new Error('a cell was opened in a node without room for it')
  const offsets = half + OFFSETS
  if (index < count) halves.copyWithin(offsets + index + 1, offsets + index, offsets + count)
  halves[offsets + index] = start
  halves[half + COUNT] = count + 1
  halves[half + CELL_START] = start
  return slot * NODE_WORDS + (start >>> 2)
}

export function removeCell(memory: NodeMemory, slot: number, index: number): void {
  const { halves, words } = memory
  const half = slot * NODE_HALVES
  const offsets = half + OFFSETS
  const count = halves[half + COUNT]
  const size = cellBytes(memory, slot, index)
  const start = halves[offsets + index]
  if (start === halves[half + CELL_START]) halves[half + CELL_START] = start + size
  else words[slot * NODE_WORDS + GARBAGE] += size
  halves.copyWithin(offsets + index, offsets + index + 1, offsets + count)
  halves[half + COUNT] = count - 1
  if (count === 1) clearCells(memory, slot)
}

/** Makes the node empty. */
export function clearCells(memory: NodeMemory, slot: number): void {
  memory.halves[slot * NODE_HALVES + COUNT] = 0
  memory.halves[slot * NODE_HALVES + CELL_START] = NODE_BYTES
  memory.words[slot * NODE_WORDS + GARBAGE] = 0
}

/** Moves the cells together, so that all free bytes lie between offsets and cells. */
function compact(memory: NodeMemory, slot: number): void {
  let start = NODE_BYTES
  const count = memory.count(slot)
  const offsets = slot * NODE_HALVES + OFFSETS
  for (let i = 0; i < count; i++) {
    start = copyToScratch(memory, slot, i, start)
    memory.halves[offsets + i] = start
  }
  copyFromScratch(memory, slot, start)
}

/** Copies cell `index` into the scratch block so that it ends at byte `end`; returns where it starts. */
function copyToScratch(memory: NodeMemory, slot: number, index: number, end: number): number {
  const { words, scratch } = memory
  const start = end - cellBytes(memory, slot, index)
  let from = memory.cell(slot, index)
  for (let to = start >>> 2; to < end >>> 2; to++) scratch[to] = words[from++]
  return start
}

/** Takes the cells over that were assembled in the scratch block from byte `start` on. */
function copyFromScratch(memory: NodeMemory, slot: number, start: number): void {
  const { words, scratch } = memory
  const base = slot * NODE_WORDS
  for (let at = start >>> 2; at < NODE_WORDS; at++) words[base + at] = scratch[at]
  memory.halves[slot * NODE_HALVES + CELL_START] = start
  words[base + GARBAGE] = 0
}

/** Fills node `into` with the cells of `left` and then those of `right`; `into` is one of the two. They must fit. */
export function joinCells(memory: NodeMemory, left: number, right: number, into: number): void {
  const { halves } = memory
  const leftCount = memory.count(left)
  const rightCount = memory.count(right)
  const size = memory.usedBytes(left) + memory.usedBytes(right)
  if (size > PAYLOAD_BYTES) throw new Error('two nodes were joined that do not fit into one')
  const offsets = into * NODE_HALVES + OFFSETS
  let start = NODE_BYTES
  // Kept aside until both nodes have been read: `into` is one of them.
  const starts = memory.scratchOffsets
  for (let i = 0; i < leftCount; i++) starts[i] = start = copyToScratch(memory, left, i, start)
  for (let i = 0; i < rightCount; i++) starts[leftCount + i] = start = copyToScratch(memory, right, i, start)
  for (let i = 0; i < leftCount + rightCount; i++) halves[offsets + i] = starts[i]
  halves[into * NODE_HALVES + COUNT] = leftCount + rightCount
  copyFromScratch(memory, into, start)
}

/** Moves the cells from `index` on to the empty node `right`. */
export function moveCells(memory: NodeMemory, left: number, index: number, right: number): void {
  const { words, halves } = memory
  const count = memory.count(left)
  let moved = 0
  for (let i = index; i < count; i++) {
    const size = cellBytes(memory, left, i)
    let from = memory.cell(left, i)
    let to = openCell(memory, right, i - index, size)
    for (const end = to + (size >>> 2); to < end; to++) words[to] = words[from++]
    moved += size
  }
  halves[left * NODE_HALVES + COUNT] = index
  words[left * NODE_WORDS + GARBAGE] += moved
  if (index === 0) clearCells(memory, left)
}

/**
 * Where to split a node to which a cell of `size` bytes is to be added at `index`: how many cells of the sequence with
 * the new one stay in the left node. Ascending inserts (the tree's right edge, or behind the cell inserted last) leave
 * the left node full, all others halves.
 */
export function splitPoint(memory: NodeMemory, slot: number, index: number, size: number, lastInsert: number): number {
  const count = memory.count(slot)
  const isSequential = lastInsert === index - 1
  if (index === count && memory.isBoundInfinite(slot, HIGH)) return index
  if (isSequential) {
    let left = size + 2
    for (let i = 0; i < index; i++) left += cellBytes(memory, slot, i) + 2
    return left <= PAYLOAD_BYTES ? index + 1 : index
  }
  const half = (memory.usedBytes(slot) + size + 2) / 2
  let left = 0
  let point = 0
  while (left < half) {
    const cell = point < index ? point : point - 1
    left += (point === index ? size : cellBytes(memory, slot, cell)) + 2
    point += 1
  }
  return point
}

/** Writes an inner cell: key from `source[at]`, child `address`. */
export function writeInnerCell(memory: NodeMemory, cell: number, key: Uint32Array, address: number): void {
  const words = memory.words
  for (let i = 0; i < KEY_WORDS; i++) words[cell + i] = key[i]
  words[cell + CELL_CHILD] = address % 2 ** 32
  words[cell + CELL_CHILD + 1] = Math.floor(address / 2 ** 32)
}

/** Writes a leaf cell: key, length and value with zero padding. */
export function writeLeafCell(
  memory: NodeMemory,
  cell: number,
  key: Uint32Array,
  source: Uint8Array,
  offset: number,
  length: number,
): void {
  const words = memory.words
  for (let i = 0; i < KEY_WORDS; i++) words[cell + i] = key[i]
  words[cell + CELL_LENGTH] = length
  const size = leafCellBytes(length)
  if (size > 28) words[cell + (size >>> 2) - 1] = 0
  const bytes = memory.bytes
  const to = cell * 4 + 28
  if (length > 128) bytes.set(source.subarray(offset, offset + length), to)
  else for (let i = 0; i < length; i++) bytes[to + i] = source[offset + i]
}
