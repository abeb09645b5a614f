import type { Inode } from '../volume/inode.ts'
import type { Credentials } from './service.ts'

/** Permission bits of one class: read, write, execute/search. */
export const MAY = { read: 4, write: 2, execute: 1 } as const

/** ACCESS3 bits (RFC 1813 §3.3.4). */
const ACCESS = { read: 1, lookup: 2, modify: 4, extend: 8, delete: 16, execute: 32 } as const

const SETUID = 0o4000
const SETGID = 0o2000
const STICKY = 0o1000
const GROUP_EXECUTE = 0o010

export function isInGroup(credentials: Credentials, gid: number): boolean {
  return credentials.gid === gid || credentials.gids.includes(gid)
}

/** The permission bits that `credentials` have on `inode` (POSIX.1 file access permissions). */
export function permissionsOf(credentials: Credentials, inode: Inode): number {
  const { mode } = inode
  if (credentials.uid === 0) {
    const anyExecute = (mode & 0o111) !== 0 || inode.type === 'directory'
    return anyExecute ? 7 : 6
  }
  if (credentials.uid === inode.uid) return (mode >> 6) & 7
  if (isInGroup(credentials, inode.gid)) return (mode >> 3) & 7
  return mode & 7
}

/** True when all of `wanted` is permitted. */
export function may(credentials: Credentials, inode: Inode, wanted: number): boolean {
  return (permissionsOf(credentials, inode) & wanted) === wanted
}

/**
 * As `may` for READ and WRITE calls: the owner always may (the client checked when the file was opened, and the mode may
 * have changed since), and who may execute may read.
 */
export function mayTransfer(credentials: Credentials, inode: Inode, wanted: number): boolean {
  if (credentials.uid === inode.uid) return true
  const granted = permissionsOf(credentials, inode)
  return (granted & wanted) === wanted || (wanted === MAY.read && (granted & MAY.execute) !== 0)
}

/** The subset of the ACCESS3 bits `wanted` that is granted. */
export function accessBits(credentials: Credentials, inode: Inode, wanted: number, readOnly: boolean): number {
  const granted = permissionsOf(credentials, inode)
  let bits = 0
  if ((granted & MAY.read) !== 0) bits |= ACCESS.read
  if ((granted & MAY.write) !== 0 && !readOnly) bits |= ACCESS.modify | ACCESS.extend
  if (inode.type === 'directory') {
    if ((granted & MAY.execute) !== 0) bits |= ACCESS.lookup
    if ((granted & (MAY.write | MAY.execute)) === (MAY.write | MAY.execute) && !readOnly) bits |= ACCESS.delete
  } else if ((granted & MAY.execute) !== 0) bits |= ACCESS.execute
  return bits & wanted
}

/** In a sticky directory only the owner of the entry or of the directory removes or renames it. */
export function stickyForbids(credentials: Credentials, dir: Inode, inode: Inode): boolean {
  if ((dir.mode & STICKY) === 0 || credentials.uid === 0) return false
  return credentials.uid !== dir.uid && credentials.uid !== inode.uid
}

/** Mode and group of a new object in `dir`: a setgid directory gives its group, and setgid to new directories. */
export function inherit(
  credentials: Credentials,
  dir: Inode,
  mode: number,
  isDirectory: boolean,
): { mode: number; gid: number } {
  if ((dir.mode & SETGID) === 0)
    return { mode: withoutForeignSetgid(credentials, mode, credentials.gid, isDirectory), gid: credentials.gid }
  const inherited = isDirectory ? mode | SETGID : withoutForeignSetgid(credentials, mode, dir.gid, false)
  return { mode: inherited, gid: dir.gid }
}

/** setgid is not for those outside the group. */
export function withoutForeignSetgid(
  credentials: Credentials,
  mode: number,
  gid: number,
  isDirectory: boolean,
): number {
  if (credentials.uid === 0 || isDirectory || isInGroup(credentials, gid)) return mode
  return mode & ~SETGID
}

/** True when the file has setuid or setgid, and these credentials' writes take them away. */
export function isPrivileged(credentials: Credentials, { mode }: Inode): boolean {
  return credentials.uid !== 0 && withoutPrivileges(mode) !== mode
}

/** The mode after a write or a change of owner by somebody who is not the superuser: setuid and setgid go. */
export function withoutPrivileges(mode: number): number {
  const setgid = (mode & GROUP_EXECUTE) !== 0 ? SETGID : 0
  return mode & ~(SETUID | setgid)
}
