import { Suspend } from '../../suspend.ts'
import { TreeCorruption } from './corruption.ts'
import { Cursor } from './cursor.ts'
import { KEY_WORDS, Key } from './key.ts'
import type { NodeCache } from './node-cache.ts'
import { NO_INSERT } from './node-cache.ts'
import {
  isCellKey,
  joinCells,
  moveCells,
  openCell,
  removeCell,
  splitPoint,
  upperBound,
  writeInnerCell,
  writeLeafCell,
} from './node-cells.ts'
import {
  CELL_LENGTH,
  HIGH,
  INNER_CELL_BYTES,
  LOW,
  leafCellBytes,
  levelOf,
  MAX_LEVELS,
  MAX_VALUE_BYTES,
  NODE_WORDS,
  type NodeMemory,
  PAYLOAD_BYTES,
  tagOf,
} from './node-layout.ts'
import type { NodeSpace } from './node-space.ts'
import { expectChild, type NodeExpectation, rootBounds } from './node-verify.ts'

/** Blocks that one `put` may allocate: a copy and a split at each level, and a new root. */
export const NODES_PER_PUT = 2 * MAX_LEVELS + 1
/** Blocks that one `delete` may allocate: a copy at each level. */
export const NODES_PER_DELETE = MAX_LEVELS

/** Two neighbours become one node when they fill less than this together. */
const JOINED_BYTES = (PAYLOAD_BYTES * 3) / 4
/** A node that deletes have brought below this looks for a neighbour to join. */
const SPARSE_BYTES = PAYLOAD_BYTES / 2
/** Below this a delete is worth a read of the neighbour (`touchForDelete`). */
const LONELY_BYTES = PAYLOAD_BYTES / 4

/**
 * A copy-on-write B+tree whose nodes live in a `NodeCache`. Every method may throw `Suspend` when a node is not in
 * memory (nothing has been changed then), `TreeCorruption` or `DeviceError` when it cannot be had; `put` and `delete`
 * need nothing but the path to the key, so after `touch` of all its keys an operation runs through.
 *
 * How nodes go away. A delete joins a sparse node with a neighbour under the same parent, if that is in memory and the
 * two fit well, or either is empty: the node on the path takes over the neighbour's cells and range, the neighbour is
 * dropped, the parent loses a cell. So bounds always touch, no other node changes, and nothing is read. An empty leaf
 * without such a neighbour stays, with its range; later deletes (or inserts) beside it find it. A root with one child
 * gives way to it; an empty root leaf to no tree at all (root 0).
 */
export class Tree {
  readonly id: number
  readonly cache: NodeCache
  /** The memory in which `valueOffset` lies. */
  readonly bytes: Uint8Array
  /** Block number of the root, 0 while the tree is empty. */
  root: number
  /** After `find` was true, until the next call to this tree: where the value is in `bytes`. */
  valueOffset = 0
  valueLength = 0
  /** Grows with every change; cursors are valid while it stays. */
  version = 0
  readonly #memory: NodeMemory
  readonly #space: NodeSpace
  /** The path to the key, by level: slot of the node, in inner nodes the cell taken. */
  readonly #slots = new Int32Array(MAX_LEVELS)
  readonly #cells = new Int32Array(MAX_LEVELS)
  #top = 0
  /** Lowest keys of the nodes being split off, by level. */
  readonly #separators = Array.from({ length: MAX_LEVELS }, () => new Key())
  readonly #value = new Uint8Array(MAX_VALUE_BYTES)
  /** Where `#makeRoom` wants the new cell. */
  #targetSlot = 0
  #targetCell = 0

  constructor(cache: NodeCache, space: NodeSpace, id: number, root: number) {
    this.cache = cache
    this.id = id
    this.root = root
    this.bytes = cache.memory.bytes
    this.#memory = cache.memory
    this.#space = space
  }

  /** The checkpoint to which changes belong now. */
  get epoch(): number {
    return this.cache.epoch
  }

  /** Looks `key` up; when true, `valueOffset` and `valueLength` say where its value is in `bytes`. */
  find(key: Key): boolean {
    if (this.root === 0) return false
    const memory = this.#memory
    const words = key.words
    let slot = this.rootSlot()
    for (let level = levelOf(memory.tag(slot)); level > 0; level--) {
      slot = this.childSlot(slot, upperBound(memory, slot, words) - 1)
    }
    const cell = upperBound(memory, slot, words) - 1
    if (!isCellKey(memory, slot, cell, words)) return false
    const at = memory.cell(slot, cell)
    this.valueLength = memory.words[at + CELL_LENGTH]
    this.valueOffset = at * 4 + 28
    return true
  }

  /** A new cursor over this tree; make few and use them again. */
  cursor(): Cursor {
    return new Cursor(this)
  }

  /** Makes sure that a `put` or `delete` of `key` finds all that it needs in memory. */
  touch(key: Key): void {
    if (this.root !== 0) this.#descend(key)
  }

  /**
   * Starts to read what of the path to `key` is missing, without waiting for it; true when all of it is in memory. An
   * operation on several keys calls this for each and then `touch` for each, so that their reads go side by side.
   */
  prefetch(key: Key): boolean {
    if (this.root === 0) return true
    const { cache } = this
    const memory = this.#memory
    let slot = cache.slotOf(this.root)
    if (slot < 0) {
      cache.loader.prefetch(this.#expectRoot())
      return false
    }
    slot = this.rootSlot()
    for (let level = levelOf(memory.tag(slot)); level > 0; level--) {
      const cell = upperBound(memory, slot, key.words) - 1
      if (cell >= 0 && cache.slotOf(memory.child(slot, cell)) < 0) {
        cache.loader.prefetch(expectChild(memory, slot, cell))
        return false
      }
      slot = this.childSlot(slot, cell)
    }
    return true
  }

  /**
   * As `touch`, and has a neighbour read when the leaf is so sparse that a delete should join the two: leaves that are
   * left empty are in the way of every cursor. A neighbour that cannot be had does not stop the delete.
   */
  touchForDelete(key: Key): void {
    if (this.root === 0) return
    this.#descend(key)
    if (this.#top === 0 || this.#memory.usedBytes(this.#slots[0]) >= LONELY_BYTES) return
    const parent = this.#slots[1]
    const cell = this.#cells[1]
    const other = cell > 0 ? cell - 1 : cell + 1
    if (other >= this.#memory.count(parent)) return
    try {
      this.childSlot(parent, other)
    } catch (error) {
      if (error instanceof Suspend) throw error
    }
  }

  /**
   * Inserts or replaces the record of `key` with `length` (at most 1024) bytes of `source` from `offset` on; they may
   * be a value in `bytes`.
   */
  put(key: Key, source: Uint8Array, offset: number, length: number): void {
    if (!(length >= 0 && length <= MAX_VALUE_BYTES)) throw new RangeError(`a value of ${length} bytes`)
    if (key.isInfinite) throw new RangeError('the key of all ones stands for infinity')
    if (source === this.bytes) {
      // The value may move, or be overwritten, while room is made for its copy.
      this.#value.set(source.subarray(offset, offset + length))
      source = this.#value
      offset = 0
    }
    const { cache } = this
    const memory = this.#memory
    let index = 0
    let isFound = false
    if (this.root === 0) {
      cache.reserve(1)
      this.#top = 0
      this.#slots[0] = this.#createRoot(0)
    } else {
      index = this.#descend(key)
      isFound = isCellKey(memory, this.#slots[0], index - 1, key.words)
      cache.reserve(2 * this.#top + 3)
      this.#copyPath()
    }
    this.version += 1
    const size = leafCellBytes(length)
    const leaf = this.#slots[0]
    if (isFound) {
      index -= 1
      const cell = memory.cell(leaf, index)
      if (leafCellBytes(memory.words[cell + CELL_LENGTH]) === size) {
        writeLeafCell(memory, cell, key.words, source, offset, length)
        return
      }
      removeCell(memory, leaf, index)
    }
    this.#makeRoom(0, index, size, key)
    const cell = openCell(memory, this.#targetSlot, this.#targetCell, size)
    writeLeafCell(memory, cell, key.words, source, offset, length)
  }

  /** Removes the record of `key`; false when there is none. */
  delete(key: Key): boolean {
    if (this.root === 0) return false
    const index = this.#descend(key) - 1
    if (!isCellKey(this.#memory, this.#slots[0], index, key.words)) return false
    this.cache.reserve(this.#top + 1)
    this.#copyPath()
    this.version += 1
    const leaf = this.#slots[0]
    removeCell(this.#memory, leaf, index)
    if (this.#memory.usedBytes(leaf) < SPARSE_BYTES) this.#joinPath()
    return true
  }

  /** Slot of the root, which must exist. */
  rootSlot(): number {
    const { cache, root } = this
    const slot = cache.slotOf(root)
    if (slot < 0) cache.loader.miss(this.#expectRoot())
    if ((this.#memory.tag(slot) & 0xffff) !== this.id) throw new TreeCorruption(root, 'it belongs to another tree')
    cache.touched[slot] = cache.operation
    return slot
  }

  #expectRoot(): NodeExpectation {
    return { address: this.root, tag: tagOf(this.id, 0), isRoot: true, bounds: rootBounds() }
  }

  /** Slot of child `index` of the inner node in `parent`. */
  childSlot(parent: number, index: number): number {
    const { cache } = this
    const memory = this.#memory
    if (index < 0) throw new TreeCorruption(cache.addressOf(parent), 'a key below its low bound has led here')
    const slot = cache.slotOf(memory.child(parent, index))
    if (slot < 0) cache.loader.miss(expectChild(memory, parent, index))
    if (!this.#isChild(slot, parent, index)) {
      const what = `its tree, level or low bound are not those that block ${cache.addressOf(parent)} expects`
      throw new TreeCorruption(cache.addressOf(slot), what)
    }
    cache.touched[slot] = cache.operation
    return slot
  }

  /** A resident node was verified for the parent that had it read: two parents of one node must not go unseen. */
  #isChild(slot: number, parent: number, index: number): boolean {
    const memory = this.#memory
    const { words } = memory
    const low = slot * NODE_WORDS + LOW
    const cell = memory.cell(parent, index)
    for (let i = 0; i < KEY_WORDS; i++) if (words[low + i] !== words[cell + i]) return false
    return memory.tag(slot) === memory.tag(parent) - 65536
  }

  /** Fills the path to `key`; returns the index behind the last cell of the leaf that is not above `key`. */
  #descend(key: Key): number {
    const memory = this.#memory
    let slot = this.rootSlot()
    const top = levelOf(memory.tag(slot))
    this.#top = top
    for (let level = top; level > 0; level--) {
      const cell = upperBound(memory, slot, key.words) - 1
      this.#slots[level] = slot
      this.#cells[level] = cell
      slot = this.childSlot(slot, cell)
    }
    this.#slots[0] = slot
    return upperBound(memory, slot, key.words)
  }

  /** Makes the nodes of the path writable, from the root down. */
  #copyPath(): void {
    const { cache } = this
    for (let level = this.#top; level >= 0; level--) {
      const slot = this.#slots[level]
      const writable = cache.makeWritable(slot, this.#space)
      const address = cache.addressOf(writable)
      this.#slots[level] = writable
      if (level === this.#top) this.root = address
      else this.#memory.setChild(this.#slots[level + 1], this.#cells[level + 1], address)
    }
  }

  /** A new root node without cells; returns its slot. */
  #createRoot(level: number): number {
    const address = this.#space.allocate()
    const slot = this.cache.create(this.id, level, address)
    const bounds = rootBounds()
    this.#memory.setBound(slot, LOW, bounds, 0)
    this.#memory.setBound(slot, HIGH, bounds, KEY_WORDS)
    this.root = address
    return slot
  }

  /**
   * Finds room for a cell of `size` bytes with `key` at `index` of the path's node at `level`, splitting it if need be;
   * leaves in `#targetSlot` and `#targetCell` where the cell is to be opened.
   */
  #makeRoom(level: number, index: number, size: number, key: Key): void {
    const memory = this.#memory
    const { lastInsert } = this.cache
    const left = this.#slots[level]
    let target = left
    let cell = index
    if (memory.freeBytes(left) < size + 2) {
      const point = splitPoint(memory, left, index, size, lastInsert[left])
      const right = this.#split(level, point, index, key)
      if (index >= point) {
        target = right
        cell = index - point
      }
    }
    lastInsert[target] = cell
    this.#targetSlot = target
    this.#targetCell = cell
  }

  /** Splits so that `point` cells, the one to be added at `index` included, stay left; returns the right node's slot. */
  #split(level: number, point: number, index: number, key: Key): number {
    const { cache } = this
    const memory = this.#memory
    const { words } = memory
    const left = this.#slots[level]
    const address = this.#space.allocate()
    const right = cache.create(this.id, level, address)
    moveCells(memory, left, index < point ? point - 1 : point, right)
    cache.lastInsert[left] = NO_INSERT
    const separator = this.#separators[level]
    if (index === point) separator.copyFrom(key)
    else separator.load(words, memory.cell(right, 0))
    memory.setBound(right, LOW, separator.words, 0)
    memory.setBound(right, HIGH, words, left * NODE_WORDS + HIGH)
    memory.setBound(left, HIGH, separator.words, 0)
    if (level === this.#top) this.#growRoot(left)
    this.#makeRoom(level + 1, this.#cells[level + 1] + 1, INNER_CELL_BYTES, separator)
    const cell = openCell(memory, this.#targetSlot, this.#targetCell, INNER_CELL_BYTES)
    writeInnerCell(memory, cell, separator.words, address)
    return right
  }

  /** Puts a new root over the old one, which is in slot `child`. */
  #growRoot(child: number): void {
    const level = this.#top + 1
    if (level >= MAX_LEVELS) throw new Error(`tree ${this.id} would get more than ${MAX_LEVELS} levels`)
    const memory = this.#memory
    const slot = this.#createRoot(level)
    const separator = this.#separators[level].load(memory.words, child * NODE_WORDS + LOW)
    const cell = openCell(memory, slot, 0, INNER_CELL_BYTES)
    writeInnerCell(memory, cell, separator.words, this.cache.addressOf(child))
    this.#top = level
    this.#slots[level] = slot
    this.#cells[level] = 0
  }

  /** Joins the sparse nodes of the path with neighbours, from the leaf up, and takes away a root that is not needed. */
  #joinPath(): void {
    const { cache } = this
    const memory = this.#memory
    for (let level = 0; level < this.#top; level++) {
      if (memory.usedBytes(this.#slots[level]) >= SPARSE_BYTES) return
      const cell = this.#cells[level + 1]
      if (!this.#join(level, cell - 1)) this.#join(level, cell + 1)
    }
    while (this.#top > 0 && memory.count(this.#slots[this.#top]) === 1) {
      const child = memory.child(this.#slots[this.#top], 0)
      cache.discard(this.#slots[this.#top], this.#space)
      this.root = child
      this.#top -= 1
    }
    if (this.#top === 0 && memory.count(this.#slots[0]) === 0) {
      cache.discard(this.#slots[0], this.#space)
      this.root = 0
    }
  }

  /** Joins the path's node at `level` with its parent's child `other`, a direct neighbour, if that is possible. */
  #join(level: number, other: number): boolean {
    const { cache } = this
    const memory = this.#memory
    const parent = this.#slots[level + 1]
    if (other < 0 || other >= memory.count(parent)) return false
    const sibling = cache.slotOf(memory.child(parent, other))
    // A neighbour that is not what the parent says is left for whoever needs it to stumble over: this change does not.
    if (sibling < 0 || !this.#isChild(sibling, parent, other)) return false
    const slot = this.#slots[level]
    const used = memory.usedBytes(slot) + memory.usedBytes(sibling)
    if (used >= JOINED_BYTES && memory.count(slot) > 0 && memory.count(sibling) > 0) return false
    const own = this.#cells[level + 1]
    if (other < own) {
      joinCells(memory, sibling, slot, slot)
      memory.setBound(slot, LOW, memory.words, sibling * NODE_WORDS + LOW)
      memory.setChild(parent, other, cache.addressOf(slot))
    } else {
      joinCells(memory, slot, sibling, slot)
      memory.setBound(slot, HIGH, memory.words, sibling * NODE_WORDS + HIGH)
    }
    removeCell(memory, parent, Math.max(own, other))
    cache.discard(sibling, this.#space)
    return true
  }
}
