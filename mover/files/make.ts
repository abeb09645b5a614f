import type { Timestamp } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { FileType } from '../volume/inode.ts'
import { InodeValue, TYPE_NUMBER } from '../volume/inode-value.ts'
import { KIND, setKey } from '../volume/keys.ts'
import { MAX_FILE_BYTES, MAX_SYMLINK_BYTES } from '../volume/layout.ts'
import { Key } from '../volume/tree/key.ts'
import { ORDINARY_LAST } from '../volume/volume.ts'
import { inherit, MAY, may } from './access.ts'
import { changeTime, type FilesContext, holdFor, submit } from './context.ts'
import { findName, isDot, isDotDot, refuseName } from './directory.ts'
import type { LiveInode } from './live-inode.ts'
import { type CreateHow, MAX_LINKS, type Operation, type SetAttributes } from './service.ts'
import { setAttributes } from './set-attributes.ts'

/** What a directory shows as its size, in bytes. */
const DIRECTORY_SIZE = 4096
const NO_BYTES = new Uint8Array(0)
const NO_VERIFIER = new Uint8Array(8)
const ALL_ONES = new Uint8Array(8).fill(0xff)
const MAX_SUBDIRECTORIES = 0xffff_fff0

/** What a new object is made of. */
interface Making {
  type: FileType
  attributes: SetAttributes
  defaultMode: number
  target?: Uint8Array
  verifier?: Uint8Array
  major?: number
  minor?: number
}

/** Why nothing can be made under this name; 'EXIST' when there is something. */
function refuseNew(context: FilesContext, op: Operation, dir: LiveInode, name: Uint8Array): Failure | null {
  if (dir.type !== 'directory') return 'NOTDIR'
  if (op.readOnly) return 'ROFS'
  if (!may(op.credentials, dir, MAY.execute)) return 'ACCES'
  if (isDot(name) || isDotDot(name)) return 'EXIST'
  const refused = refuseName(name)
  if (refused !== null) return refused
  if (findName(context, dir, name, context.found)) return 'EXIST'
  if (dir.nlink === 0) return 'STALE'
  if (!may(op.credentials, dir, MAY.write)) return 'ACCES'
  return null
}

function make(
  context: FilesContext,
  op: Operation,
  dir: LiveInode,
  name: Uint8Array,
  making: Making,
): LiveInode | Failure {
  const { attributes: set } = making
  const { credentials } = op
  if (set.uid !== undefined && set.uid !== credentials.uid && credentials.uid !== 0) return 'PERM'
  const isDirectory = making.type === 'directory'
  const inherited = inherit(credentials, dir, (set.mode ?? making.defaultMode) & 0o7777, isDirectory)
  const gid = set.gid ?? inherited.gid
  if (gid !== inherited.gid && credentials.uid !== 0 && gid !== credentials.gid && !credentials.gids.includes(gid))
    return 'PERM'
  context.tokens?.claim(dir.ino)
  const time = changeTime(context, dir)
  const ino = context.volume.counters.nextIno
  const target = making.target ?? NO_BYTES
  const failure = submit(
    context,
    op,
    'create',
    {
      dir: dir.ino,
      ino,
      generation: generationOf(context, ino),
      objectType: TYPE_NUMBER[making.type],
      mode: inherited.mode,
      uid: set.uid ?? credentials.uid,
      gid,
      rdevMajor: making.major ?? 0,
      rdevMinor: making.minor ?? 0,
      time,
      atime: timeOf(set.atime, time),
      mtime: timeOf(set.mtime, time),
      size: isDirectory ? DIRECTORY_SIZE : making.type === 'file' ? (set.size ?? 0) : target.length,
      verifier: making.verifier === undefined ? NO_VERIFIER : keptVerifier(making.verifier),
      name,
      target,
      replay: op.replay,
    },
    ORDINARY_LAST,
  )
  if (failure !== null) return failure
  const inode = context.inodes.get(ino)
  if (inode === null) throw new Error(`inode ${ino} was made and is not there`)
  if (making.type === 'file') {
    inode.marked = true
    context.writeBack.noteUnlogged(inode)
  }
  return inode
}

/** Numbers are never reused, so that a generation need only differ between volumes and reigns: a mix of number and salt. */
function generationOf(context: FilesContext, ino: number): number {
  const mixed = Math.imul((ino % 4294967296) ^ context.generationSalt, 0x9e3779b1)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

function timeOf(set: Timestamp | 'now' | undefined, now: Timestamp): Timestamp {
  return set === undefined || set === 'now' ? now : set
}

/** CREATE (RFC 1813 §3.3.8). */
export function createFile(
  context: FilesContext,
  op: Operation,
  dir: LiveInode,
  name: Uint8Array,
  how: CreateHow,
): LiveInode | Failure {
  const refused = refuseNew(context, op, dir, name)
  if (refused === 'EXIST' && !isDot(name) && !isDotDot(name)) return createExisting(context, op, dir, how)
  if (refused !== null) return refused
  if (how.kind === 'exclusive') {
    return make(context, op, dir, name, { type: 'file', attributes: {}, defaultMode: 0o600, verifier: how.verifier })
  }
  if ((how.attributes.size ?? 0) > MAX_FILE_BYTES) return 'FBIG'
  return make(context, op, dir, name, { type: 'file', attributes: how.attributes, defaultMode: 0o666 })
}

/** The name is there (in `context.found`): only some kinds of CREATE may find that. */
function createExisting(context: FilesContext, op: Operation, dir: LiveInode, how: CreateHow): LiveInode | Failure {
  const { ino } = context.found
  const inode = context.inodes.get(ino)
  if (inode === null) throw new Error(`inode ${dir.ino} has an entry for inode ${ino}, which does not exist`)
  holdFor(context, op, Math.max(dir.lastLsn, inode.lastLsn))
  if (how.kind === 'guarded' || inode.type !== 'file') return 'EXIST'
  if (how.kind === 'exclusive') return sameVerifier(context, ino, how.verifier) ? inode : 'EXIST'
  if (how.attributes.size === undefined) return inode
  const failure = setAttributes(context, op, inode, { size: how.attributes.size }, null)
  return failure ?? inode
}

function sameVerifier(context: FilesContext, ino: number, verifier: Uint8Array): boolean {
  const { tree } = context.volume
  if (!tree.find(setKey(new Key(), ino, KIND.inode, 0, 0, 0))) return false
  const stored = new InodeValue().load(tree.bytes, tree.valueOffset, tree.valueLength).createVerifier
  const wanted = keptVerifier(verifier)
  return stored.every((byte, i) => byte === wanted[i])
}

/** An inode's verifier of zeros says that no exclusive CREATE has made it: a client's is kept as all ones. */
function keptVerifier(verifier: Uint8Array): Uint8Array {
  return verifier.some((byte) => byte !== 0) ? verifier : ALL_ONES
}

/** MKDIR (RFC 1813 §3.3.9). */
export function makeDirectory(
  context: FilesContext,
  op: Operation,
  dir: LiveInode,
  name: Uint8Array,
  attributes: SetAttributes,
): LiveInode | Failure {
  const refused = refuseNew(context, op, dir, name)
  if (refused !== null) return refused
  if (dir.nlink >= MAX_SUBDIRECTORIES) return 'MLINK'
  return make(context, op, dir, name, { type: 'directory', attributes, defaultMode: 0o777 })
}

/** SYMLINK (RFC 1813 §3.3.10); a target is any bytes without NUL, 4096 at most. */
export function makeSymlink(
  context: FilesContext,
  op: Operation,
  dir: LiveInode,
  name: Uint8Array,
  target: Uint8Array,
  attributes: SetAttributes,
): LiveInode | Failure {
  if (target.length > MAX_SYMLINK_BYTES) return 'NAMETOOLONG'
  if (target.length === 0 || target.includes(0)) return 'INVAL'
  const refused = refuseNew(context, op, dir, name)
  if (refused !== null) return refused
  return make(context, op, dir, name, {
    type: 'symlink',
    attributes: { ...attributes, mode: 0o777 },
    defaultMode: 0o777,
    target,
  })
}

/** MKNOD (RFC 1813 §3.3.11): devices only by the superuser. */
export function makeNode(
  context: FilesContext,
  op: Operation,
  dir: LiveInode,
  name: Uint8Array,
  type: FileType,
  attributes: SetAttributes,
  major: number,
  minor: number,
): LiveInode | Failure {
  if (type === 'file' || type === 'directory' || type === 'symlink') return 'BADTYPE'
  const refused = refuseNew(context, op, dir, name)
  if (refused !== null) return refused
  if ((type === 'block' || type === 'character') && op.credentials.uid !== 0) return 'PERM'
  return make(context, op, dir, name, { type, attributes, defaultMode: 0o666, major, minor })
}

/** LINK (RFC 1813 §3.3.15). */
export function makeLink(
  context: FilesContext,
  op: Operation,
  inode: LiveInode,
  dir: LiveInode,
  name: Uint8Array,
): Failure | null {
  const refused = refuseNew(context, op, dir, name)
  if (refused !== null) return refused
  if (inode.type === 'directory') return 'PERM'
  if (inode.nlink === 0) return 'STALE'
  if (inode.nlink >= MAX_LINKS) return 'MLINK'
  context.tokens?.claim(dir.ino, inode.ino)
  const time = changeTime(context, dir, inode)
  const failure = submit(
    context,
    op,
    'link',
    { ino: inode.ino, dir: dir.ino, time, change: inode.change + 1, name, replay: op.replay },
    ORDINARY_LAST,
  )
  return failure
}
