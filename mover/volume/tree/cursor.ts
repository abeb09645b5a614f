import { Key } from './key.ts'
import { isCellKey, upperBound } from './node-cells.ts'
import { CELL_LENGTH, levelOf, MAX_LEVELS, type NodeMemory } from './node-layout.ts'
import { expectChild } from './node-verify.ts'
import type { Tree } from './tree.ts'

/** Leaves that a long scan has read ahead at most. */
const READ_AHEAD = 8

/**
 * A place in a tree, at a record or at none. Valid until the tree is changed or another operation begins: moving it
 * after that is a bug and throws. After `Suspend` the operation starts again with a seek.
 */
export class Cursor {
  /** Key of the record at which the cursor stands. */
  readonly key = new Key()
  /** The memory in which `valueOffset` lies. */
  readonly bytes: Uint8Array
  /** Where the record's value is in `bytes`. */
  valueOffset = 0
  valueLength = 0
  readonly #tree: Tree
  readonly #memory: NodeMemory
  readonly #slots = new Int32Array(MAX_LEVELS)
  readonly #cells = new Int32Array(MAX_LEVELS)
  #top = 0
  #version = -1
  #operation = -1
  /** Leaves that `next` has entered since the seek: a longer scan reads further ahead. */
  #leaves = 0

  constructor(tree: Tree) {
    this.#tree = tree
    this.#memory = tree.cache.memory
    this.bytes = tree.bytes
  }

  /** Goes to the first record whose key is `key` or above; false when there is none. */
  seek(key: Key): boolean {
    if (!this.#descend(key)) return false
    const slot = this.#slots[0]
    const above = this.#cells[0]
    if (isCellKey(this.#memory, slot, above - 1, key.words)) this.#cells[0] = above - 1
    return this.#cells[0] < this.#memory.count(slot) ? this.#read() : this.#nextLeaf()
  }

  /** Goes to the last record whose key is below `key`; false when there is none. */
  seekBefore(key: Key): boolean {
    if (!this.#descend(key)) return false
    const above = this.#cells[0]
    this.#cells[0] = above - (isCellKey(this.#memory, this.#slots[0], above - 1, key.words) ? 2 : 1)
    return this.#cells[0] >= 0 ? this.#read() : this.#previousLeaf()
  }

  /** Goes to the record behind this one; false when it was the last, and the cursor then stands nowhere. */
  next(): boolean {
    this.#checkValid()
    this.#cells[0] += 1
    return this.#cells[0] < this.#memory.count(this.#slots[0]) ? this.#read() : this.#nextLeaf()
  }

  /** Goes to the record before this one; false when it was the first, and the cursor then stands nowhere. */
  prev(): boolean {
    this.#checkValid()
    this.#cells[0] -= 1
    return this.#cells[0] >= 0 ? this.#read() : this.#previousLeaf()
  }

  #checkValid(): void {
    if (this.#version === this.#tree.version && this.#operation === this.#tree.cache.operation) return
    throw new Error('a tree cursor was moved that stands nowhere, or after its tree or the operation had changed')
  }

  /** Takes key and value of the record from the leaf; the cursor is valid from here on. */
  #read(): true {
    const memory = this.#memory
    const cell = memory.cell(this.#slots[0], this.#cells[0])
    this.key.load(memory.words, cell)
    this.valueLength = memory.words[cell + CELL_LENGTH]
    this.valueOffset = cell * 4 + 28
    this.#version = this.#tree.version
    this.#operation = this.#tree.cache.operation
    return true
  }

  /** Goes down to the leaf of `key`, behind its last record that is not above; false when the tree is empty. */
  #descend(key: Key): boolean {
    const tree = this.#tree
    const memory = this.#memory
    this.#version = -1
    this.#leaves = 0
    if (tree.root === 0) return false
    let slot = tree.rootSlot()
    this.#top = levelOf(memory.tag(slot))
    for (let level = this.#top; level > 0; level--) {
      const cell = upperBound(memory, slot, key.words) - 1
      this.#slots[level] = slot
      this.#cells[level] = cell
      slot = tree.childSlot(slot, cell)
    }
    this.#slots[0] = slot
    this.#cells[0] = upperBound(memory, slot, key.words)
    return true
  }

  /** Goes to the first record behind this leaf. */
  #nextLeaf(): boolean {
    const memory = this.#memory
    this.#version = -1
    for (;;) {
      let level = 1
      while (level <= this.#top && this.#cells[level] + 1 >= memory.count(this.#slots[level])) level += 1
      if (level > this.#top) return false
      this.#cells[level] += 1
      for (; level > 0; level--) {
        if (level === 1) this.#readAhead()
        this.#slots[level - 1] = this.#tree.childSlot(this.#slots[level], this.#cells[level])
        this.#cells[level - 1] = 0
      }
      // An empty leaf has nothing to stand on.
      if (memory.count(this.#slots[0]) > 0) return this.#read()
    }
  }

  /** Starts to read the leaf to be entered and some behind it, if it is not in memory. */
  #readAhead(): void {
    const memory = this.#memory
    const { cache } = this.#tree
    const parent = this.#slots[1]
    const first = this.#cells[1]
    this.#leaves += 1
    if (cache.slotOf(memory.child(parent, first)) >= 0) return
    const ahead = Math.min(this.#leaves, READ_AHEAD, cache.capacityNodes >>> 3)
    for (let cell = first; cell < first + ahead && cell < memory.count(parent); cell++) {
      cache.loader.prefetch(expectChild(memory, parent, cell))
    }
  }

  /** Goes to the last record before this leaf. */
  #previousLeaf(): boolean {
    const memory = this.#memory
    this.#version = -1
    for (;;) {
      let level = 1
      while (level <= this.#top && this.#cells[level] === 0) level += 1
      if (level > this.#top) return false
      this.#cells[level] -= 1
      for (; level > 0; level--) {
        this.#slots[level - 1] = this.#tree.childSlot(this.#slots[level], this.#cells[level])
        this.#cells[level - 1] = memory.count(this.#slots[level - 1]) - 1
      }
      if (memory.count(this.#slots[0]) > 0) return this.#read()
    }
  }
}
