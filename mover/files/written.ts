import type { written } from '../../protocol/moverlock/moverlock.gen.ts'
import type { LiveInode } from './live-inode.ts'

/** What this mover has written of a file that the primary has not been told yet; null: nothing. It counts as told now. */
export function takeWritten(inode: LiveInode, size: number = inode.size): written | null {
  const changes = inode.change - inode.toldChange
  if (changes === 0 && !inode.unlogged) return null
  inode.toldChange = inode.change
  return {
    size,
    atime: { sec: inode.atimeSec, nsec: inode.atimeNsec },
    mtime: { sec: inode.mtimeSec, nsec: inode.mtimeNsec },
    ctime: { sec: inode.ctimeSec, nsec: inode.ctimeNsec },
    changes,
  }
}
