import type { Failure } from '../failure.ts'
import { KIND, keyAHigh, keyALow, keyB, keyIno, keyKind, setKey } from '../volume/keys.ts'
import { MAX_NAME_BYTES } from '../volume/layout.ts'
import { sameName } from '../volume/names.ts'
import { inoOfValue } from '../volume/records/name-parts.ts'
import { NodeCacheFull } from '../volume/tree/corruption.ts'
import { Key } from '../volume/tree/key.ts'
import { MAY, may } from './access.ts'
import { type FilesContext, holdFor } from './context.ts'
import type { LiveInode } from './live-inode.ts'
import type { EntrySink, Operation } from './service.ts'

const SLASH = 0x2f
const DOT = 0x2e
const key = new Key()
const dotName = Uint8Array.of(DOT)
const dotDotName = Uint8Array.of(DOT, DOT)

/** Cookies of the two entries that every directory begins with. */
export const COOKIE = { dot: 1, dotDot: 2 } as const

/** A found name; reused by its owner. */
export interface FoundName {
  ino: number
  cookie: number
}

export function isDot(name: Uint8Array): boolean {
  return name.length === 1 && name[0] === DOT
}

export function isDotDot(name: Uint8Array): boolean {
  return name.length === 2 && name[0] === DOT && name[1] === DOT
}

/** Why these bytes cannot be a name. */
export function refuseName(name: Uint8Array): Failure | null {
  if (name.length > MAX_NAME_BYTES) return 'NAMETOOLONG'
  if (name.length === 0) return 'INVAL'
  for (let i = 0; i < name.length; i++) if (name[i] === SLASH || name[i] === 0) return 'INVAL'
  return null
}

/** Finds an exact name in a directory. */
export function findName(context: FilesContext, dir: LiveInode, name: Uint8Array, out: FoundName): boolean {
  const { cursor, names } = context.volume
  const { folded, exact } = names.hash(name)
  let more = cursor.seek(setKey(key, dir.ino, KIND.name, folded, exact, 0))
  while (more) {
    const { words } = cursor.key
    if (keyIno(words, 0) !== dir.ino || keyKind(words, 0) !== KIND.name) return false
    if (keyAHigh(words, 0) !== folded || keyALow(words, 0) !== exact) return false
    if (sameName(name, cursor.bytes, cursor.valueOffset + 8, cursor.valueLength - 8)) {
      out.ino = inoOfValue(cursor.bytes, cursor.valueOffset)
      out.cookie = keyB(words, 0)
      return true
    }
    more = cursor.next()
  }
  return false
}

/** LOOKUP; `..` of the export's root is that root. */
export function lookUp(
  context: FilesContext,
  op: Operation,
  dir: LiveInode,
  name: Uint8Array,
  exportRoot: number,
): LiveInode | Failure {
  if (dir.type !== 'directory') return 'NOTDIR'
  if (!may(op.credentials, dir, MAY.execute)) return 'ACCES'
  let ino: number
  if (isDot(name)) ino = dir.ino
  else if (isDotDot(name)) ino = dir.ino === exportRoot ? dir.ino : context.ancestry.parentOf(dir.ino)
  else {
    const refused = refuseName(name)
    if (refused !== null) return refused === 'INVAL' ? 'NOENT' : refused
    if (!findName(context, dir, name, context.found)) {
      holdFor(context, op, dir.lastLsn)
      return 'NOENT'
    }
    ino = context.found.ino
  }
  const inode = context.inodes.get(ino)
  if (inode === null) throw new Error(`inode ${dir.ino} has an entry for inode ${ino}, which does not exist`)
  holdFor(context, op, Math.max(dir.lastLsn, inode.lastLsn))
  return inode
}

/**
 * READDIR: entries behind `cookie` in the order of their making; what stays in the directory is told exactly once. Ends
 * early, as if `sink` had had enough, when the cache of tree nodes can hold no more of what has been told.
 */
export function readDirectory(
  context: FilesContext,
  op: Operation,
  dir: LiveInode,
  cookie: number,
  exportRoot: number,
  sink: EntrySink,
): boolean | Failure {
  if (dir.type !== 'directory') return 'NOTDIR'
  if (!may(op.credentials, dir, MAY.read)) return 'ACCES'
  holdFor(context, op, dir.lastLsn)
  const parent = dir.ino === exportRoot ? dir.ino : context.ancestry.parentOf(dir.ino)
  if (cookie < COOKIE.dot && !sink(COOKIE.dot, dir.ino, dotName, 0, 1)) return false
  if (cookie < COOKIE.dotDot && !sink(COOKIE.dotDot, parent, dotDotName, 0, 2)) return false
  if (cookie >= Number.MAX_SAFE_INTEGER) return true
  const { directoryCursor: cursor } = context
  let told = 0
  try {
    let more = cursor.seek(setKey(key, dir.ino, KIND.entry, 0, 0, cookie + 1))
    while (more) {
      const { words } = cursor.key
      if (keyIno(words, 0) !== dir.ino || keyKind(words, 0) !== KIND.entry) return true
      const { bytes, valueOffset } = cursor
      const end = valueOffset + cursor.valueLength
      if (!sink(keyB(words, 0), inoOfValue(bytes, valueOffset), bytes, valueOffset + 9, end)) return false
      told += 1
      more = cursor.next()
    }
    return true
  } catch (error) {
    if (told > 0 && error instanceof NodeCacheFull) return false
    throw error
  }
}

/** True when a directory has no entry but '.' and '..'. */
export function isEmpty(context: FilesContext, dir: LiveInode): boolean {
  const { cursor } = context.volume
  if (!cursor.seek(setKey(key, dir.ino, KIND.entry, 0, 0, 0))) return true
  const { words } = cursor.key
  return keyIno(words, 0) !== dir.ino || keyKind(words, 0) !== KIND.entry
}
