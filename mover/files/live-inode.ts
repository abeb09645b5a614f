import { QUIET_MS } from '../authority/quiet.ts'
import type { Timestamp } from '../environment.ts'
import type { FileType, Inode } from '../volume/inode.ts'
import { INODE_FLAG, type InodeValue, typeName } from '../volume/inode-value.ts'
import { BLOCK_BYTES } from '../volume/layout.ts'
import type { FileData } from './file-data.ts'

const scratch: Timestamp = { sec: 0, nsec: 0 }

/**
 * An inode in memory: what the log says of it, and what writes have changed since (size, times, change number) without
 * a log record of their own.
 */
export class LiveInode implements Inode {
  readonly ino: number
  readonly generation: number
  readonly type: FileType
  mode = 0
  nlink = 0
  uid = 0
  gid = 0
  size = 0
  rdevMajor = 0
  rdevMinor = 0
  atimeSec = 0
  atimeNsec = 0
  mtimeSec = 0
  mtimeNsec = 0
  ctimeSec = 0
  ctimeNsec = 0
  birthSec = 0
  birthNsec = 0
  change = 0
  /** Device blocks that the log gives it. */
  blocks = 0
  /** Bytes, as the log has it. */
  loggedSize = 0
  /** Blocks behind its size are still being freed. */
  truncating = false
  /** Bits of movers whose clients may have locks on it, as the log has it. */
  lockers = 0
  /** LSN of its last logged change: replies that show it wait until the log is durable up to here. */
  lastLsn = 0
  /** Size, times or change number are newer than the log's. */
  unlogged = false
  /** A durable write mark is set (or on its way: `lastLsn`). */
  marked = false
  /** LSN of the record that set the write mark; no bytes are overwritten before it is durable. */
  markLsn = 0
  /** It has no name and no record any more. */
  removed = false
  /** Monotonic milliseconds of the last write; before all others while there was none. */
  lastWriteMs = Number.NEGATIVE_INFINITY
  /** Cached pages; null while nothing of it was read or written. */
  data: FileData | null = null
  /** False while another mover may write to the file: its size, times and change number may be newer there. */
  isCurrent = true
  /** For the inode cache: referenced since the clock hand last came by. */
  referenced = true

  constructor(ino: number, value: InodeValue, lsn: number) {
    this.ino = ino
    this.generation = value.generation
    this.type = typeName(value.type)
    this.birthSec = value.birth(scratch).sec
    this.birthNsec = scratch.nsec
    this.absorb(value, lsn)
  }

  get space(): number {
    return (this.blocks + (this.data === null ? 0 : this.data.delayedBlocks)) * BLOCK_BYTES
  }

  /** Takes over what a log record made of it. What writes changed since stays. */
  absorb(value: InodeValue, lsn: number): void {
    this.mode = value.mode
    this.nlink = value.nlink
    this.uid = value.uid
    this.gid = value.gid
    this.rdevMajor = value.rdevMajor
    this.rdevMinor = value.rdevMinor
    this.blocks = value.blocks
    this.loggedSize = value.size
    this.truncating = (value.flags & INODE_FLAG.truncating) !== 0
    this.lockers = value.lockers
    if (lsn > this.lastLsn) this.lastLsn = lsn
    value.ctime(scratch)
    if (!this.unlogged || isLater(scratch.sec, scratch.nsec, this.ctimeSec, this.ctimeNsec)) {
      this.ctimeSec = scratch.sec
      this.ctimeNsec = scratch.nsec
    }
    if (!this.unlogged || value.change > this.change) this.change = value.change
    if (this.unlogged) return
    this.size = value.size
    value.atime(scratch)
    this.setAtime(scratch.sec, scratch.nsec)
    value.mtime(scratch)
    this.setMtime(scratch.sec, scratch.nsec)
  }

  /** It has not been written to at this mover for `QUIET_MS`. */
  isQuiet(nowMs: number): boolean {
    return nowMs - this.lastWriteMs >= QUIET_MS
  }

  setAtime(sec: number, nsec: number): void {
    this.atimeSec = sec
    this.atimeNsec = nsec
  }

  setMtime(sec: number, nsec: number): void {
    this.mtimeSec = sec
    this.mtimeNsec = nsec
  }

  setCtime(sec: number, nsec: number): void {
    this.ctimeSec = sec
    this.ctimeNsec = nsec
  }
}

/** True when the first time is later than the second. */
export function isLater(sec: number, nsec: number, thanSec: number, thanNsec: number): boolean {
  return sec > thanSec || (sec === thanSec && nsec > thanNsec)
}

/** Raises `time` so that it is later than the inode's last change. */
export function raiseAbove(time: Timestamp, inode: LiveInode): void {
  if (isLater(time.sec, time.nsec, inode.ctimeSec, inode.ctimeNsec)) return
  time.sec = inode.ctimeSec
  time.nsec = inode.ctimeNsec + 1
  if (time.nsec > 999_999_999) {
    time.sec += 1
    time.nsec = 0
  }
}
