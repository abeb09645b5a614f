import type { Timestamp } from '../environment.ts'
import type { LogRecord } from '../volume/records/schema.ts'
import type { LiveInode } from './live-inode.ts'

/** A setattr record that changes what `changes` names and leaves the rest as the inode has it. */
export function attributeRecord(
  inode: LiveInode,
  changes: Partial<LogRecord<'setattr'>> & { mask: number; time: Timestamp },
): LogRecord<'setattr'> {
  return {
    ino: inode.ino,
    mode: inode.mode,
    uid: inode.uid,
    gid: inode.gid,
    size: inode.size,
    atime: { sec: inode.atimeSec, nsec: inode.atimeNsec },
    mtime: { sec: inode.mtimeSec, nsec: inode.mtimeNsec },
    change: inode.change + 1,
    replay: null,
    ...changes,
  }
}
