import type { ReplayTag } from '../operation.ts'
import { InodeValue } from './inode-value.ts'
import { KIND, setKey } from './keys.ts'
import type { Run } from './layout.ts'
import type { NameHasher } from './names.ts'
import type { ReplayTable } from './replay-table.ts'
import type { Space } from './space.ts'
import type { Cursor } from './tree/cursor.ts'
import { Key } from './tree/key.ts'
import type { Tree } from './tree/tree.ts'

/** Numbers of the volume that records change. */
export interface Counters {
  /** The next inode number to hand out. */
  nextIno: number
  /** Inodes in the tree. */
  inodeCount: number
}

interface Change {
  key: Key
  /** Length -1: delete. */
  value: Uint8Array
  length: number
}

const MAX_VALUE_BYTES = 1024
/** Node slots that must be to be had before a transaction is carried out: changes mostly share their paths. */
const SLOTS_PER_CHANGE = 4
const SLOTS_PER_PATH = 24

/**
 * What one log record does to the tree and the space, gathered before anything is changed: reads see the changes made
 * so far, `prepare` makes sure that all can be carried out (or throws Suspend), `carryOut` does it. Reused.
 */
export class Transaction {
  readonly tree: Tree
  /** For reads while the record is applied: shows the tree without this transaction's changes. */
  readonly cursor: Cursor
  readonly counters: Counters
  /** For records that are applied: a key, a value under construction. */
  readonly key = new Key()
  readonly scratch = new Uint8Array(MAX_VALUE_BYTES)
  readonly names: NameHasher
  /** Inodes that this transaction wrote, for whoever keeps copies of them. */
  readonly changedInodes: { ino: number; value: InodeValue }[] = []
  /** Inodes that this transaction removed. */
  readonly removedInodes: number[] = []
  readonly #space: Space
  readonly #replays: ReplayTable
  readonly #key = new Key()
  #changes: Change[] = []
  #used = 0
  #values: InodeValue[] = []
  readonly #owned: Run[] = []
  readonly #disowned: Run[] = []
  #nextIno = 0
  #inodeChange = 0
  #replay: { tag: ReplayTag; timeSec: number; ino: number } | null = null

  constructor(tree: Tree, space: Space, counters: Counters, replays: ReplayTable, names: NameHasher) {
    this.tree = tree
    this.cursor = tree.cursor()
    this.#space = space
    this.counters = counters
    this.#replays = replays
    this.names = names
  }

  begin(): void {
    for (const { value } of this.changedInodes) this.#values.push(value)
    this.changedInodes.length = 0
    this.removedInodes.length = 0
    this.#used = 0
    this.#owned.length = 0
    this.#disowned.length = 0
    this.#nextIno = 0
    this.#inodeChange = 0
    this.#replay = null
  }

  /** The inode's value, to be changed in place; null when there is no such inode. */
  inode(ino: number): InodeValue | null {
    for (const changed of this.changedInodes) if (changed.ino === ino) return changed.value
    const key = setKey(this.#key, ino, KIND.inode, 0, 0, 0)
    if (!this.tree.find(key)) return null
    const value = this.#take().load(this.tree.bytes, this.tree.valueOffset, this.tree.valueLength)
    this.changedInodes.push({ ino, value })
    return value
  }

  /** As `inode`, where the record could not have been written without that inode. */
  existingInode(ino: number): InodeValue {
    const value = this.inode(ino)
    if (value === null) throw new Error(`a log record names inode ${ino}, which does not exist`)
    return value
  }

  /** A new inode; its value is zero. */
  newInode(ino: number): InodeValue {
    const value = this.#take()
    value.bytes.fill(0)
    this.changedInodes.push({ ino, value })
    this.#nextIno = Math.max(this.#nextIno, ino + 1)
    this.#inodeChange++
    return value
  }

  removeInode(ino: number): void {
    const index = this.changedInodes.findIndex((changed) => changed.ino === ino)
    if (index >= 0) this.#values.push(...this.changedInodes.splice(index, 1).map((changed) => changed.value))
    this.removedInodes.push(ino)
    this.#inodeChange--
    this.delete(setKey(this.#key, ino, KIND.inode, 0, 0, 0))
  }

  /** Sets a record to the first `length` bytes of `value`, which are copied. */
  put(key: Key, value: Uint8Array, length: number): void {
    const change = this.#change(key)
    const { value: copy } = change
    for (let i = 0; i < length; i++) copy[i] = value[i]
    change.length = length
  }

  delete(key: Key): void {
    this.#change(key).length = -1
  }

  own(start: number, length: number): void {
    this.#owned.push({ start, length })
  }

  disown(start: number, length: number): void {
    this.#disowned.push({ start, length })
  }

  /** Remembers the call that this record answers. */
  remember(tag: ReplayTag | null, timeSec: number, ino: number): void {
    if (tag !== null) this.#replay = { tag, timeSec, ino }
  }

  /** Records that will be put or deleted. */
  get changeCount(): number {
    return this.#used + this.changedInodes.length
  }

  /** Throws Suspend unless every change can be carried out now. */
  prepare(): void {
    try {
      for (const { ino } of this.changedInodes) this.tree.touch(setKey(this.#key, ino, KIND.inode, 0, 0, 0))
      for (let i = 0; i < this.#used; i++) {
        const { key, length } = this.#changes[i]
        if (length < 0) this.tree.touchForDelete(key)
        else this.tree.touch(key)
      }
    } catch (error) {
      // What the other changes miss is read at the same time.
      for (let i = 0; i < this.#used; i++) this.tree.prefetch(this.#changes[i].key)
      throw error
    }
    this.tree.cache.reserve(this.changeCount * SLOTS_PER_CHANGE + SLOTS_PER_PATH)
  }

  /** Carries out what was prepared in this tick, under the record's LSN. */
  carryOut(lsn: number): void {
    for (const { ino, value } of this.changedInodes) {
      this.tree.put(setKey(this.#key, ino, KIND.inode, 0, 0, 0), value.bytes, 0, value.bytes.length)
    }
    for (let i = 0; i < this.#used; i++) {
      const change = this.#changes[i]
      if (change.length < 0) this.tree.delete(change.key)
      else this.tree.put(change.key, change.value, 0, change.length)
    }
    for (const run of this.#owned) this.#space.own(run.start, run.length)
    for (const run of this.#disowned) this.#space.disown(run.start, run.length, lsn)
    this.counters.nextIno = Math.max(this.counters.nextIno, this.#nextIno)
    this.counters.inodeCount += this.#inodeChange
    if (this.#replay !== null) this.#replays.add(this.#replay.tag, this.#replay.timeSec, this.#replay.ino)
  }

  #take(): InodeValue {
    return this.#values.pop() ?? new InodeValue()
  }

  #change(key: Key): Change {
    for (let i = this.#used - 1; i >= 0; i--) if (this.#changes[i].key.compare(key) === 0) return this.#changes[i]
    if (this.#used === this.#changes.length) {
      this.#changes.push({ key: new Key(), value: new Uint8Array(MAX_VALUE_BYTES), length: -1 })
    }
    const change = this.#changes[this.#used++]
    change.key.copyFrom(key)
    return change
  }
}
