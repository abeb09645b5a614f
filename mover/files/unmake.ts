import type { Failure } from '../failure.ts'
import { hasFewExtents } from '../volume/records/extent-parts.ts'
import { MAX_EXTENTS_PER_RECORD } from '../volume/records/schema.ts'
import { URGENT_LAST } from '../volume/volume.ts'
import { MAY, may, stickyForbids } from './access.ts'
import { changeTime, type FilesContext, holdFor, submit } from './context.ts'
import { type FoundName, findName, isDot, isDotDot, isEmpty, refuseName } from './directory.ts'
import { type LiveInode, raiseAbove } from './live-inode.ts'
import type { Operation } from './service.ts'

/** A name and what it names. */
interface Named extends FoundName {
  inode: LiveInode
}

/** Finds a name that is to be removed or renamed, and checks that this caller may. */
function findNamed(context: FilesContext, op: Operation, dir: LiveInode, name: Uint8Array): Named | Failure {
  if (dir.type !== 'directory') return 'NOTDIR'
  if (op.readOnly) return 'ROFS'
  const refused = refuseName(name)
  if (refused !== null) return refused
  if (!may(op.credentials, dir, MAY.execute)) return 'ACCES'
  if (!findName(context, dir, name, context.found)) return 'NOENT'
  const { ino, cookie } = context.found
  const inode = context.inodes.get(ino)
  if (inode === null) throw new Error(`inode ${dir.ino} has an entry for inode ${ino}, which does not exist`)
  if (!may(op.credentials, dir, MAY.write) || stickyForbids(op.credentials, dir, inode)) return 'ACCES'
  return { ino, cookie, inode }
}

/** True when removing the last name of `inode` can free all it owns in one record. Throws Suspend while its data is under way. */
function prepareLastName(context: FilesContext, inode: LiveInode): boolean {
  inode.data?.checkQuiet()
  return hasFewExtents(context.volume.cursor, inode.ino, 0, MAX_EXTENTS_PER_RECORD)
}

/** A name of `inode` is gone, maybe its last. */
function afterRemoval(context: FilesContext, inode: LiveInode, wasLast: boolean, reaped: boolean): void {
  if (!wasLast) return
  context.tokens?.dropped(inode.ino)
  dropLocks(context, inode.ino)
  inode.data?.dropAll()
  inode.unlogged = false
  inode.marked = false
  context.writeBack.forget(inode)
  if (!reaped) context.housekeeping.wake()
}

/**
 * Clients' locks of a removed file go once its removal is durable: until then it may be there again, with all its locks, under
 * another primary. Nobody gets new ones meanwhile: the file is STALE.
 */
function dropLocks(context: FilesContext, ino: number): void {
  const { log } = context.volume
  if (context.locks?.has(ino) !== true) return
  log.whenDurable(log.lastLsn, (error) => {
    if (error === null) context.locks?.dropped(ino)
  })
}

function isLastName(inode: LiveInode): boolean {
  return inode.type === 'directory' || inode.nlink === 1
}

/** REMOVE (RFC 1813 §3.3.12). */
export function removeFile(context: FilesContext, op: Operation, dir: LiveInode, name: Uint8Array): Failure | null {
  if (isDot(name) || isDotDot(name)) return 'INVAL'
  const named = findNamed(context, op, dir, name)
  if (typeof named === 'string') return named
  if (named.inode.type === 'directory') return 'ISDIR'
  return unlink(context, op, dir, name, named)
}

/** RMDIR (RFC 1813 §3.3.13). */
export function removeDirectory(
  context: FilesContext,
  op: Operation,
  dir: LiveInode,
  name: Uint8Array,
): Failure | null {
  if (isDot(name)) return 'INVAL'
  if (isDotDot(name)) return 'EXIST'
  const named = findNamed(context, op, dir, name)
  if (typeof named === 'string') return named
  if (named.inode.type !== 'directory') return 'NOTDIR'
  if (!isEmpty(context, named.inode)) return notEmpty(context, op, named.inode)
  return unlink(context, op, dir, name, named)
}

function unlink(context: FilesContext, op: Operation, dir: LiveInode, name: Uint8Array, named: Named): Failure | null {
  const { inode } = named
  context.tokens?.claim(dir.ino, inode.ino)
  const last = isLastName(inode)
  const reap = last && prepareLastName(context, inode)
  const record = {
    dir: dir.ino,
    cookie: named.cookie,
    ino: inode.ino,
    reap: reap ? 1 : 0,
    time: changeTime(context, dir, inode),
    change: inode.change + 1,
    name,
    replay: op.replay,
  }
  const failure = submit(context, op, 'unlink', record, URGENT_LAST)
  if (failure !== null) return failure
  afterRemoval(context, inode, last, reap)
  return null
}

/** RENAME (RFC 1813 §3.3.14). */
export function renameEntry(
  context: FilesContext,
  op: Operation,
  fromDir: LiveInode,
  fromName: Uint8Array,
  toDir: LiveInode,
  toName: Uint8Array,
): Failure | null {
  for (const name of [fromName, toName]) if (isDot(name) || isDotDot(name)) return 'INVAL'
  if (toDir.type !== 'directory') return 'NOTDIR'
  const moved = findNamed(context, op, fromDir, fromName)
  if (typeof moved === 'string') return moved
  if (!may(op.credentials, toDir, MAY.write | MAY.execute)) return 'ACCES'
  const target = findNamed(context, op, toDir, toName)
  const replaced = target === 'NOENT' ? null : target
  if (typeof replaced === 'string') return replaced
  if (replaced !== null) {
    if (replaced.ino === moved.ino) return null
    const refused = refuseReplacing(context, op, moved.inode, replaced.inode)
    if (refused !== null) return refused
  }
  if (moved.inode.type === 'directory' && fromDir.ino !== toDir.ino) {
    if (context.ancestry.isInside(toDir.ino, moved.ino)) return 'INVAL'
    if (!may(op.credentials, moved.inode, MAY.write)) return 'ACCES'
  }
  return rename(context, op, { fromDir, fromName, toDir, toName, moved, replaced })
}

/** The answer tells of entries, which may not be durable yet. */
function notEmpty(context: FilesContext, op: Operation, dir: LiveInode): Failure {
  holdFor(context, op, dir.lastLsn)
  return 'NOTEMPTY'
}

function refuseReplacing(context: FilesContext, op: Operation, moved: LiveInode, replaced: LiveInode): Failure | null {
  if (moved.type === 'directory') {
    if (replaced.type !== 'directory') return 'NOTDIR'
    return isEmpty(context, replaced) ? null : notEmpty(context, op, replaced)
  }
  return replaced.type === 'directory' ? 'ISDIR' : null
}

interface Renaming {
  fromDir: LiveInode
  fromName: Uint8Array
  toDir: LiveInode
  toName: Uint8Array
  moved: Named
  replaced: Named | null
}

function rename(context: FilesContext, op: Operation, r: Renaming): Failure | null {
  const gone = r.replaced?.inode ?? null
  context.tokens?.claim(r.fromDir.ino, r.toDir.ino, r.moved.ino, gone?.ino)
  const last = gone !== null && isLastName(gone)
  const reap = last && prepareLastName(context, gone)
  const time = changeTime(context, r.fromDir, r.toDir, r.moved.inode)
  if (gone !== null) raiseAbove(time, gone)
  const record = {
    fromDir: r.fromDir.ino,
    fromCookie: r.moved.cookie,
    toDir: r.toDir.ino,
    ino: r.moved.ino,
    change: r.moved.inode.change + 1,
    replacedIno: r.replaced?.ino ?? 0,
    replacedCookie: r.replaced?.cookie ?? 0,
    replacedChange: gone === null ? 0 : gone.change + 1,
    reap: reap ? 1 : 0,
    time,
    fromName: r.fromName,
    toName: r.toName,
    replay: op.replay,
  }
  const failure = submit(context, op, 'rename', record, URGENT_LAST)
  if (failure !== null) return failure
  if (r.moved.inode.type === 'directory' && r.fromDir.ino !== r.toDir.ino) context.ancestry.moved(r.moved.ino)
  if (gone !== null) afterRemoval(context, gone, last, reap)
  return null
}
