import { ALL_MOVERS, INODE_FLAG, type InodeValue, TYPE_NUMBER } from '../inode-value.ts'
import { KIND, setKey, setKeyOf } from '../keys.ts'
import type { Transaction } from '../transaction.ts'
import { clientKey, putClient } from './client-parts.ts'
import { addExtents, blocksOf, freeExtents, removeObject, SYMLINK_PIECE_BYTES } from './extent-parts.ts'
import { addLockers, dropLockers } from './locker-parts.ts'
import { addName, removeName, touchDirectory } from './name-parts.ts'
import { ATTRIBUTE, type LogRecord, MAX_EXTENTS_PER_RECORD, type RecordName } from './schema.ts'

const NO_BYTES = new Uint8Array(0)
/** What a change counter jumps by when it may have lost counts in a crash. */
export const LOST_CHANGES = 4294967296
const NSEC = 1e9
/** The first cookie of a directory: 0 is the start, 1 '.', 2 '..'. */
const FIRST_COOKIE = 3
/** The number that this version's only mover has in write marks. */
const MOVER = 0

/** What each record does. The same code runs when the operation happens and at replay. */
const APPLY: { [N in RecordName]: (txn: Transaction, record: LogRecord<N>) => void } = {
  createRoot(txn, r) {
    const inode = txn.newInode(r.ino)
    inode.type = TYPE_NUMBER.directory
    inode.generation = r.generation
    inode.mode = r.mode
    inode.uid = r.uid
    inode.gid = r.gid
    inode.nlink = 2
    inode.change = 1
    inode.nextCookie = FIRST_COOKIE
    setAllTimes(inode, r.time)
  },

  create(txn, r) {
    const dir = txn.existingInode(r.dir)
    const inode = txn.newInode(r.ino)
    inode.type = r.objectType
    inode.generation = r.generation
    inode.mode = r.mode
    inode.uid = r.uid
    inode.gid = r.gid
    inode.rdevMajor = r.rdevMajor
    inode.rdevMinor = r.rdevMinor
    inode.size = r.size
    inode.change = 1
    inode.nlink = 1
    setAllTimes(inode, r.time)
    inode.setAtime(r.atime)
    inode.setMtime(r.mtime)
    inode.createVerifier.set(r.verifier)
    if (r.objectType === TYPE_NUMBER.directory) {
      inode.nlink = 2
      inode.nextCookie = FIRST_COOKIE
      dir.nlink += 1
    }
    const { key } = txn
    for (let at = 0, piece = 0; at < r.target.length; at += SYMLINK_PIECE_BYTES, piece++) {
      const bytes = r.target.subarray(at, at + SYMLINK_PIECE_BYTES)
      txn.put(setKey(key, r.ino, KIND.symlink, 0, 0, piece), bytes, bytes.length)
    }
    if (r.objectType === TYPE_NUMBER.file) txn.put(setKeyOf(key, 0, KIND.writeMark, r.ino, MOVER), NO_BYTES, 0)
    addName(txn, r.dir, dir, r.name, r.ino, r.objectType)
    touchDirectory(dir, r.time)
    txn.remember(r.replay, r.time.sec, r.ino)
  },

  link(txn, r) {
    const dir = txn.existingInode(r.dir)
    const inode = txn.existingInode(r.ino)
    inode.nlink += 1
    inode.setCtime(r.time)
    inode.change = r.change
    addName(txn, r.dir, dir, r.name, r.ino, inode.type)
    touchDirectory(dir, r.time)
    txn.remember(r.replay, r.time.sec, 0)
  },

  unlink(txn, r) {
    const dir = txn.existingInode(r.dir)
    removeName(txn, r.dir, r.cookie, r.name, r.ino)
    touchDirectory(dir, r.time)
    dropName(txn, dir, r.ino, r.change, r.reap !== 0, r.time)
    txn.remember(r.replay, r.time.sec, 0)
  },

  rename(txn, r) {
    const fromDir = txn.existingInode(r.fromDir)
    const toDir = txn.existingInode(r.toDir)
    if (r.replacedIno !== 0) {
      removeName(txn, r.toDir, r.replacedCookie, r.toName, r.replacedIno)
      dropName(txn, toDir, r.replacedIno, r.replacedChange, r.reap !== 0, r.time)
    }
    const inode = txn.existingInode(r.ino)
    removeName(txn, r.fromDir, r.fromCookie, r.fromName, r.ino)
    addName(txn, r.toDir, toDir, r.toName, r.ino, inode.type)
    if (inode.type === TYPE_NUMBER.directory && r.fromDir !== r.toDir) {
      fromDir.nlink -= 1
      toDir.nlink += 1
    }
    inode.setCtime(r.time)
    inode.change = r.change
    touchDirectory(fromDir, r.time)
    if (r.fromDir !== r.toDir) touchDirectory(toDir, r.time)
    txn.remember(r.replay, r.time.sec, 0)
  },

  setattr(txn, r) {
    const inode = txn.existingInode(r.ino)
    if ((r.mask & ATTRIBUTE.mode) !== 0) inode.mode = r.mode
    if ((r.mask & ATTRIBUTE.uid) !== 0) inode.uid = r.uid
    if ((r.mask & ATTRIBUTE.gid) !== 0) inode.gid = r.gid
    if ((r.mask & ATTRIBUTE.atime) !== 0) inode.setAtime(r.atime)
    if ((r.mask & ATTRIBUTE.mtime) !== 0) inode.setMtime(r.mtime)
    if ((r.mask & ATTRIBUTE.size) !== 0) {
      inode.size = r.size
      if (!freeExtents(txn, r.ino, inode, blocksOf(r.size), MAX_EXTENTS_PER_RECORD)) {
        inode.flags |= INODE_FLAG.truncating
        txn.put(setKeyOf(txn.key, 0, KIND.truncating, r.ino, 0), NO_BYTES, 0)
      }
    }
    inode.setCtime(r.time)
    inode.change = r.change
    txn.remember(r.replay, r.time.sec, 0)
  },

  fold(txn, r) {
    const inode = txn.existingInode(r.ino)
    inode.size = r.size
    inode.setAtime(r.atime)
    inode.setMtime(r.mtime)
    inode.setCtime(r.ctime)
    inode.change = r.change
    addExtents(txn, r.ino, inode, r.runs)
    if (r.clearMark !== 0) txn.delete(setKeyOf(txn.key, 0, KIND.writeMark, r.ino, MOVER))
  },

  mark(txn, r) {
    txn.existingInode(r.ino)
    txn.put(setKeyOf(txn.key, 0, KIND.writeMark, r.ino, r.mover), NO_BYTES, 0)
  },

  recoverMarks(txn, r) {
    for (const ino of r.inos) {
      const inode = txn.existingInode(ino)
      inode.change += LOST_CHANGES
      inode.setMtime(later(inode.mtime({ sec: 0, nsec: 0 }), r.time))
      inode.setCtime(timeAfterLosses(inode.ctime({ sec: 0, nsec: 0 }), r.time))
      txn.delete(setKeyOf(txn.key, 0, KIND.writeMark, ino, MOVER))
    }
  },

  clearMarks(txn, r) {
    for (const ino of r.inos) txn.delete(setKeyOf(txn.key, 0, KIND.writeMark, ino, MOVER))
  },

  noteLocks(txn, r) {
    addLockers(txn, r.ino, r.movers)
  },

  noteAnyLocks(txn, r) {
    addLockers(txn, r.ino, ALL_MOVERS)
  },

  forgetLocks(txn, r) {
    for (const ino of r.inos) dropLockers(txn, ino, txn.existingInode(ino))
  },

  setClient(txn, r) {
    putClient(txn, r.id, r.value)
  },

  dropClient(txn, r) {
    txn.delete(clientKey(txn.key, txn.names, r.id))
  },

  reapOrphan(txn, r) {
    const inode = txn.existingInode(r.ino)
    if (!freeExtents(txn, r.ino, inode, 0, r.count)) return
    txn.removeInode(r.ino)
    txn.delete(setKeyOf(txn.key, 0, KIND.orphan, r.ino, 0))
  },

  truncateStep(txn, r) {
    const inode = txn.existingInode(r.ino)
    if (!freeExtents(txn, r.ino, inode, blocksOf(inode.size), r.count)) return
    inode.flags &= ~INODE_FLAG.truncating
    txn.delete(setKeyOf(txn.key, 0, KIND.truncating, r.ino, 0))
  },
}

/** Gathers in `txn` what a record does. Throws Suspend when a tree node must be read first. */
export function applyRecord<N extends RecordName>(txn: Transaction, name: N, record: LogRecord<N>): void {
  APPLY[name](txn, record)
}

/** An object lost one name (already removed from its directory `dir`). */
function dropName(
  txn: Transaction,
  dir: InodeValue,
  ino: number,
  change: number,
  reap: boolean,
  time: { sec: number; nsec: number },
): void {
  const inode = txn.existingInode(ino)
  if (inode.type === TYPE_NUMBER.directory) {
    dir.nlink -= 1
    inode.nlink = 0
  } else inode.nlink -= 1
  inode.setCtime(time)
  inode.change = change
  if (inode.nlink === 0) removeObject(txn, ino, inode, reap)
}

function setAllTimes(inode: InodeValue, time: { sec: number; nsec: number }): void {
  inode.setAtime(time)
  inode.setMtime(time)
  inode.setCtime(time)
  inode.setBirth(time)
}

/**
 * The time of a change that stands for those that may have been lost since `last` was logged. While the clock is behind a
 * file's last change, each change shows a nanosecond more: it is later than as many as can be lost.
 */
export function timeAfterLosses(
  last: { sec: number; nsec: number },
  now: { sec: number; nsec: number },
): { sec: number; nsec: number } {
  if (now.sec > last.sec || (now.sec === last.sec && now.nsec > last.nsec)) return now
  const nsec = last.nsec + LOST_CHANGES
  return { sec: last.sec + Math.floor(nsec / NSEC), nsec: nsec % NSEC }
}

/** `time`, or one nanosecond past `last` when that is later. */
function later(
  last: { sec: number; nsec: number },
  time: { sec: number; nsec: number },
): { sec: number; nsec: number } {
  if (time.sec > last.sec || (time.sec === last.sec && time.nsec > last.nsec)) return time
  return last.nsec === 999_999_999 ? { sec: last.sec + 1, nsec: 0 } : { sec: last.sec, nsec: last.nsec + 1 }
}
