import { INODE_FLAG, type InodeValue, TYPE_NUMBER } from '../inode-value.ts'
import { KIND, keyB, keyIno, keyKind, MAX_B, setKey, setKeyOf } from '../keys.ts'
import { BLOCK_BYTES, MAX_SYMLINK_BYTES } from '../layout.ts'
import type { Transaction } from '../transaction.ts'
import type { Cursor } from '../tree/cursor.ts'
import { Key } from '../tree/key.ts'
import { dropLockers } from './locker-parts.ts'
import type { ExtentRun } from './schema.ts'

/** Bytes of an extent's value: device block (8), length (4), zero (4). */
const EXTENT_BYTES = 16
/** Bytes of a symbolic link's target in one record. */
export const SYMLINK_PIECE_BYTES = 1024
const WORD = 4294967296
const NO_BYTES = new Uint8Array(0)

/** An extent as found in the tree; reused. */
export interface Extent {
  fileBlock: number
  deviceBlock: number
  length: number
}

function putExtent(txn: Transaction, ino: number, extent: Extent): void {
  const value = new Uint8Array(EXTENT_BYTES)
  const view = new DataView(value.buffer)
  view.setUint32(0, extent.deviceBlock % WORD, true)
  view.setUint32(4, Math.floor(extent.deviceBlock / WORD), true)
  view.setUint32(8, extent.length, true)
  txn.put(setKey(new Key(), ino, KIND.extent, 0, 0, extent.fileBlock), value, EXTENT_BYTES)
}

/** The last extent of `ino` that starts before file block `before`; false when there is none. */
export function extentBefore(cursor: Cursor, key: Key, ino: number, before: number, out: Extent): boolean {
  if (!cursor.seekBefore(setKey(key, ino, KIND.extent, 0, 0, before))) return false
  return readExtent(cursor, ino, out)
}

/** The first extent of `ino` that starts at or behind file block `from`; false when there is none. */
export function extentFrom(cursor: Cursor, key: Key, ino: number, from: number, out: Extent): boolean {
  if (!cursor.seek(setKey(key, ino, KIND.extent, 0, 0, from))) return false
  return readExtent(cursor, ino, out)
}

function readExtent(cursor: Cursor, ino: number, out: Extent): boolean {
  const { words } = cursor.key
  if (keyIno(words, 0) !== ino || keyKind(words, 0) !== KIND.extent) return false
  const { bytes } = cursor
  let at = cursor.valueOffset
  out.fileBlock = keyB(words, 0)
  const low = bytes[at] + bytes[at + 1] * 0x100 + bytes[at + 2] * 0x10000 + bytes[at + 3] * 0x1000000
  const high = bytes[at + 4] + bytes[at + 5] * 0x100
  out.deviceBlock = high * WORD + low
  at += 8
  out.length = bytes[at] + bytes[at + 1] * 0x100 + bytes[at + 2] * 0x10000 + bytes[at + 3] * 0x1000000
  return true
}

/** A stretch of file blocks: mapped to consecutive device blocks, or a hole (deviceBlock 0). */
export interface Stretch {
  deviceBlock: number
  length: number
}

const mapKey = new Key()
const mapped: Extent = { fileBlock: 0, deviceBlock: 0, length: 0 }

/** Where block `block` of `ino` and those behind it lie, at most `max` blocks. */
export function mapBlock(cursor: Cursor, ino: number, block: number, max: number, out: Stretch): void {
  if (extentBefore(cursor, mapKey, ino, block + 1, mapped) && mapped.fileBlock + mapped.length > block) {
    const skip = block - mapped.fileBlock
    out.deviceBlock = mapped.deviceBlock + skip
    out.length = Math.min(max, mapped.length - skip)
    return
  }
  out.deviceBlock = 0
  out.length = extentFrom(cursor, mapKey, ino, block, mapped) ? Math.min(max, mapped.fileBlock - block) : max
}

/** Makes freshly written blocks a file's. A run that continues its predecessor lengthens it. */
export function addExtents(txn: Transaction, ino: number, inode: InodeValue, runs: readonly ExtentRun[]): void {
  const key = new Key()
  const before: Extent = { fileBlock: 0, deviceBlock: 0, length: 0 }
  for (const run of runs) {
    const follows =
      extentBefore(txn.cursor, key, ino, run.fileBlock, before) &&
      before.fileBlock + before.length === run.fileBlock &&
      before.deviceBlock + before.length === run.deviceBlock
    if (follows) {
      before.length += run.length
      putExtent(txn, ino, before)
    } else putExtent(txn, ino, run)
    txn.own(run.deviceBlock, run.length)
    inode.blocks += run.length
  }
}

/**
 * Frees extents of `ino` from its end, down to file block `keepBlocks`, at most `count` of them.
 * Returns true when none is left behind `keepBlocks`.
 */
export function freeExtents(
  txn: Transaction,
  ino: number,
  inode: InodeValue,
  keepBlocks: number,
  count: number,
): boolean {
  const key = new Key()
  const extent: Extent = { fileBlock: 0, deviceBlock: 0, length: 0 }
  let before = MAX_B
  for (let i = 0; ; i++) {
    if (!extentBefore(txn.cursor, key, ino, before, extent)) return true
    if (extent.fileBlock + extent.length <= keepBlocks) return true
    if (i === count) return false
    const kept = Math.max(0, keepBlocks - extent.fileBlock)
    const freed = extent.length - kept
    txn.disown(extent.deviceBlock + kept, freed)
    inode.blocks -= freed
    before = extent.fileBlock
    if (kept > 0) putExtent(txn, ino, { fileBlock: extent.fileBlock, deviceBlock: extent.deviceBlock, length: kept })
    else txn.delete(setKey(key, ino, KIND.extent, 0, 0, extent.fileBlock))
  }
}

/** True when `ino` has at most `most` extents behind file block `keepBlocks`. */
export function hasFewExtents(cursor: Cursor, ino: number, keepBlocks: number, most: number): boolean {
  const key = new Key()
  const extent: Extent = { fileBlock: 0, deviceBlock: 0, length: 0 }
  let before = MAX_B
  for (let i = 0; i <= most; i++) {
    if (!extentBefore(cursor, key, ino, before, extent)) return true
    if (extent.fileBlock + extent.length <= keepBlocks) return true
    before = extent.fileBlock
  }
  return false
}

/** File blocks that a file of `size` bytes reaches into. */
export function blocksOf(size: number): number {
  return Math.ceil(size / BLOCK_BYTES)
}

/** Removes an object that has no name: at once with all it owns (`reap`), or by making it an orphan. */
export function removeObject(txn: Transaction, ino: number, inode: InodeValue, reap: boolean): void {
  const key = new Key()
  if (inode.type === TYPE_NUMBER.symlink) {
    const pieces = Math.ceil(Math.min(inode.size, MAX_SYMLINK_BYTES) / SYMLINK_PIECE_BYTES)
    for (let piece = 0; piece < pieces; piece++) txn.delete(setKey(key, ino, KIND.symlink, 0, 0, piece))
  }
  if (inode.type === TYPE_NUMBER.file) {
    txn.delete(setKeyOf(key, 0, KIND.writeMark, ino, 0))
    dropLockers(txn, ino, inode)
    if ((inode.flags & INODE_FLAG.truncating) !== 0) {
      inode.flags &= ~INODE_FLAG.truncating
      txn.delete(setKeyOf(key, 0, KIND.truncating, ino, 0))
    }
  }
  if (reap) {
    freeExtents(txn, ino, inode, 0, Number.MAX_SAFE_INTEGER)
    txn.removeInode(ino)
    return
  }
  inode.flags |= INODE_FLAG.orphan
  txn.put(setKeyOf(key, 0, KIND.orphan, ino, 0), NO_BYTES, 0)
}
