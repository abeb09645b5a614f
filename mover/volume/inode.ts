export type FileType = 'file' | 'directory' | 'symlink' | 'block' | 'character' | 'fifo' | 'socket'

/** A live inode: the attributes that the next reply shows. Times are seconds and nanoseconds since 1970. */
export interface Inode {
  /** 64-bit number, never reused; the top 16 bits (the birth domain) are 0 here, so that a Number holds it. */
  readonly ino: number
  readonly generation: number
  readonly type: FileType
  /** Permission bits with setuid, setgid and sticky: 12 bits. */
  mode: number
  nlink: number
  uid: number
  gid: number
  /** Bytes. */
  size: number
  /** Bytes of device space in use. */
  space: number
  rdevMajor: number
  rdevMinor: number
  atimeSec: number
  atimeNsec: number
  mtimeSec: number
  mtimeNsec: number
  ctimeSec: number
  ctimeNsec: number
  birthSec: number
  birthNsec: number
  /** Grows with every change of data or attributes. */
  change: number
  /** False: size, times and change number may be newer elsewhere, so that no reply tells attributes of it on the side. */
  readonly isCurrent: boolean
}
