import type { Timestamp } from '../environment.ts'
import type { Failure } from '../failure.ts'
import { Suspend } from '../suspend.ts'
import { start, type Task, wait } from '../task.ts'
import { MAX_FILE_BYTES } from '../volume/layout.ts'
import { ATTRIBUTE, type LogRecord } from '../volume/records/schema.ts'
import { ORDINARY } from '../volume/volume.ts'
import { isInGroup, isPrivileged, MAY, may, mayTransfer, withoutForeignSetgid, withoutPrivileges } from './access.ts'
import { attributeRecord } from './attribute-record.ts'
import { changeTime, type FilesContext, submit } from './context.ts'
import type { LiveInode } from './live-inode.ts'
import { PAGE } from './page-cache.ts'
import type { Operation, SetAttributes } from './service.ts'
import { dataOf } from './transfer.ts'

const PAGE_BYTES = 4096
const MODE_BITS = 0o7777

/** SETATTR with POSIX permissions; `guard` is the ctime that the client expects. */
export function setAttributes(
  context: FilesContext,
  op: Operation,
  inode: LiveInode,
  set: SetAttributes,
  guard: Timestamp | null,
): Failure | null {
  if (op.readOnly) return 'ROFS'
  context.tokens?.claim(inode.ino)
  if (guard !== null && (guard.sec !== inode.ctimeSec || guard.nsec !== inode.ctimeNsec)) return 'NOT_SYNC'
  const failure = refuse(op, inode, set)
  if (failure !== null) return failure
  if (Object.keys(set).length === 0) return null
  if (context.volume.failure !== null) return 'ROFS'
  const unprepared = set.size === undefined ? null : prepareResize(context, inode, set.size)
  if (unprepared !== null) return unprepared
  const oldSize = inode.size
  const time = changeTime(context, inode)
  const record = attributeRecord(inode, { ...changesOf(op, inode, set, time), time })
  record.replay = op.replay
  const failed = submit(context, op, 'setattr', record, ORDINARY)
  if (failed !== null) return failed
  inode.setCtime(time.sec, time.nsec)
  inode.change = record.change
  if ((record.mask & ATTRIBUTE.atime) !== 0) inode.setAtime(record.atime.sec, record.atime.nsec)
  if ((record.mask & ATTRIBUTE.mtime) !== 0) inode.setMtime(record.mtime.sec, record.mtime.nsec)
  if (set.size !== undefined) resize(context, inode, oldSize, set.size)
  return null
}

/** What a write of this caller takes away from a file: setuid and setgid. */
export function dropPrivileges(context: FilesContext, op: Operation, inode: LiveInode): Failure | null {
  if (!isPrivileged(op.credentials, inode)) return null
  const changes = { mask: ATTRIBUTE.mode, mode: withoutPrivileges(inode.mode), time: changeTime(context, inode) }
  return submit(context, op, 'setattr', attributeRecord(inode, changes), ORDINARY)
}

/** The same for the caller of another mover, which keeps nothing of the file meanwhile. */
export function dropPrivilegesFor(context: FilesContext, op: Operation, inode: LiveInode): Failure | null {
  if (op.readOnly) return 'ROFS'
  context.tokens?.claim(inode.ino)
  if (inode.type !== 'file' || !mayTransfer(op.credentials, inode, MAY.write)) return 'ACCES'
  return context.volume.failure === null ? dropPrivileges(context, op, inode) : 'ROFS'
}

/** Why this caller may not set these attributes. */
function refuse(op: Operation, inode: LiveInode, set: SetAttributes): Failure | null {
  const { credentials } = op
  const isOwner = credentials.uid === 0 || credentials.uid === inode.uid
  if (set.mode !== undefined && !isOwner) return 'PERM'
  // Setting what is there already is a change too: it takes setuid and setgid away.
  if ((set.uid !== undefined || set.gid !== undefined) && !isOwner) return 'PERM'
  if (set.uid !== undefined && set.uid !== inode.uid && credentials.uid !== 0) return 'PERM'
  if (set.gid !== undefined && set.gid !== inode.gid && credentials.uid !== 0) {
    if (!isInGroup(credentials, set.gid)) return 'PERM'
  }
  for (const time of [set.atime, set.mtime]) {
    if (time === undefined || isOwner) continue
    if (time !== 'now') return 'PERM'
    if (!may(credentials, inode, MAY.write)) return 'ACCES'
  }
  if (set.size !== undefined) {
    if (inode.type === 'directory') return 'ISDIR'
    if (inode.type !== 'file') return 'INVAL'
    if (set.size > MAX_FILE_BYTES) return 'FBIG'
    if (!isOwner && !may(credentials, inode, MAY.write)) return 'ACCES'
  }
  return null
}

function changesOf(
  op: Operation,
  inode: LiveInode,
  set: SetAttributes,
  now: Timestamp,
): Partial<LogRecord<'setattr'>> & { mask: number } {
  const { credentials } = op
  const changes: Partial<LogRecord<'setattr'>> & { mask: number } = { mask: 0 }
  const gid = set.gid ?? inode.gid
  const isDirectory = inode.type === 'directory'
  if (set.uid !== undefined) {
    changes.uid = set.uid
    changes.mask |= ATTRIBUTE.uid
  }
  if (set.gid !== undefined) {
    changes.gid = set.gid
    changes.mask |= ATTRIBUTE.gid
  }
  if (set.mode !== undefined) {
    changes.mode = withoutForeignSetgid(credentials, set.mode & MODE_BITS, gid, isDirectory)
    changes.mask |= ATTRIBUTE.mode
  } else if (
    !isDirectory &&
    (set.uid !== undefined || set.gid !== undefined || (set.size !== undefined && credentials.uid !== 0))
  ) {
    changes.mode = withoutPrivileges(inode.mode)
    if (changes.mode !== inode.mode) changes.mask |= ATTRIBUTE.mode
  }
  if (set.size !== undefined) {
    changes.size = set.size
    changes.mask |= ATTRIBUTE.size
    if (set.mtime === undefined) {
      changes.mtime = now
      changes.mask |= ATTRIBUTE.mtime
    }
  }
  if (set.atime !== undefined) {
    changes.atime = set.atime === 'now' ? now : { ...set.atime }
    changes.mask |= ATTRIBUTE.atime
  }
  if (set.mtime !== undefined) {
    changes.mtime = set.mtime === 'now' ? now : { ...set.mtime }
    changes.mask |= ATTRIBUTE.mtime
  }
  return changes
}

/** Throws Suspend until the size can change in one tick: nothing under way, the old last block zero behind its end. */
function prepareResize(context: FilesContext, inode: LiveInode, size: number): Failure | null {
  const data = dataOf(context, inode)
  data.checkQuiet()
  const failure = data.takeFailure(0, Number.MAX_SAFE_INTEGER)
  if (failure !== null) return failure
  const loggedTail = Math.floor(inode.loggedSize / PAGE_BYTES)
  if (size > inode.loggedSize && data.hasDirtyIn(loggedTail, Number.POSITIVE_INFINITY)) {
    // The record must not make blocks visible that still hold older bytes on the device.
    const barrier = context.writeBack.barrier(data, loggedTail, Number.MAX_SAFE_INTEGER)
    throw new Suspend((resume) => barrier.wait(() => context.env.defer(resume)))
  }
  if (inode.truncating) throw context.housekeeping.waitForSteps()
  if (size > inode.size && inode.size % PAGE_BYTES !== 0 && data.cleanTailSize !== inode.size) {
    const tail = Math.floor(inode.size / PAGE_BYTES)
    if (data.load(tail, tail + 1) > 0) throw data.waitForLoads()
    if (data.pages.has(tail))
      throw new Suspend((resume) => start(cleanTail(context, inode, tail), () => context.env.defer(resume)))
  }
  if (size < inode.size && size % PAGE_BYTES !== 0) context.pages.ensure(1)
  return null
}

/** Writes the last block, zero behind the end, and flushes: a record that lets the file grow over it may follow. */
function* cleanTail(context: FilesContext, inode: LiveInode, tail: number): Task<void> {
  const data = dataOf(context, inode)
  const { size } = inode
  const slot = data.pages.get(tail)
  if (slot === undefined || (context.pages.flags[slot] & PAGE.loading) !== 0) return
  if (context.pages.setDirty(slot)) data.dirty.add(tail)
  context.writeBack.noteDirty(data)
  const failure = yield* wait<Failure | null>((resume) =>
    context.writeBack.barrier(data, tail, tail + 1).wait((failed) => resume(null, failed)),
  )
  if (failure !== null) data.noteFailure(tail, failure)
  else if (inode.size === size) data.cleanTailSize = size
}

/** The size has changed in the log: the pages follow. */
function resize(context: FilesContext, inode: LiveInode, oldSize: number, size: number): void {
  const data = dataOf(context, inode)
  inode.size = size
  if (size >= oldSize) return
  data.cleanTailSize = -1
  const keep = Math.ceil(size / PAGE_BYTES)
  data.dropFrom(keep)
  const slot = size % PAGE_BYTES === 0 ? undefined : data.pages.get(keep - 1)
  if (slot === undefined) return
  const writable = context.pages.writable(slot, data)
  context.pages.pool.bytes.fill(0, writable * PAGE_BYTES + (size % PAGE_BYTES), (writable + 1) * PAGE_BYTES)
}
