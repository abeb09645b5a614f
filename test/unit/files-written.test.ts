/** What a secondary shows of a file on top of what the primary tells: see `WrittenFile`. */
import t from 'tap'
import { LiveInode } from '../../mover/files/live-inode.ts'
import { WrittenFile } from '../../mover/files/written.ts'
import { fillInodeValue, InodeValue } from '../../mover/volume/inode-value.ts'
import { FilesWorld } from './files-support.ts'

t.test(
  'a change is later than what the primary shows without it, also when that is later than its own time',
  async (t) => {
    const world = new FilesWorld()
    const known = world.inode(world.create('file'))
    const valueAt = (sec: number): InodeValue => {
      known.setCtime(sec, 0)
      known.setMtime(sec, 0)
      return fillInodeValue(new InodeValue(), known)
    }
    const file = new WrittenFile(new LiveInode(known.ino, valueAt(1000), 0))
    const { inode } = file
    const write = (sec: number): void => {
      inode.change += 1
      inode.setCtime(sec, 0)
      inode.setMtime(sec, 0)
    }
    const shown = (): number[] => [inode.ctimeSec, inode.ctimeNsec, inode.mtimeSec, inode.mtimeNsec, inode.change]
    const { change } = inode
    write(1001)
    file.tell(1)
    write(1002)
    file.merge(valueAt(2000))
    t.same(shown(), [2000, 2, 2000, 2, change + 2], 'as the primary will show them, one after the other')
    file.seen(1)
    file.merge(valueAt(2000))
    write(3000)
    file.merge(valueAt(2500))
    t.same(shown().slice(0, 4), [3000, 0, 3000, 0])
  },
)
