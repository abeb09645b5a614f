/** What a secondary shows of a file that others write to at the same time, when the primary tells of it again. */
import t from 'tap'
import { LiveInode } from '../../mover/files/live-inode.ts'
import { WrittenFile } from '../../mover/files/written.ts'
import { InodeValue } from '../../mover/volume/inode-value.ts'

function value(change: number, ctimeSec: number): InodeValue {
  const made = new InodeValue()
  made.type = 1
  made.change = change
  made.setMtime({ sec: ctimeSec, nsec: 0 })
  made.setCtime({ sec: ctimeSec, nsec: 0 })
  return made
}

function shown({ change, mtimeSec, mtimeNsec, ctimeSec, ctimeNsec }: LiveInode): object {
  return { change, mtime: [mtimeSec, mtimeNsec], ctime: [ctimeSec, ctimeNsec] }
}

/** A file that this mover has written to once, at 12 s. */
function written(): WrittenFile {
  const file = new WrittenFile(new LiveInode(7, value(5, 10), 0), 0, () => true)
  file.inode.change = 6
  file.inode.setMtime(12, 0)
  file.inode.setCtime(12, 0)
  return file
}

t.test('others have written later: with its own write it is another file than theirs', async (t) => {
  const file = written()
  file.merge(value(8, 20))
  t.strictSame(shown(file.inode), { change: 9, mtime: [20, 1], ctime: [20, 1] })
})

t.test('the same when its own write has been told, and is not in what the primary tells', async (t) => {
  const file = written()
  file.take(1)
  file.merge(value(8, 20))
  t.strictSame(shown(file.inode), { change: 9, mtime: [20, 1], ctime: [20, 1] })
  file.seen(1)
  file.merge(value(9, 21))
  t.strictSame(shown(file.inode), { change: 9, mtime: [21, 0], ctime: [21, 0] }, 'now it is')
})

t.test('its own write was the last', async (t) => {
  const file = written()
  file.merge(value(8, 11))
  t.strictSame(shown(file.inode), { change: 9, mtime: [12, 0], ctime: [12, 0] })
})

t.test('who has only read shows what the primary tells', async (t) => {
  const file = new WrittenFile(new LiveInode(7, value(5, 10), 0), 0, () => true)
  file.inode.setAtime(30, 0)
  file.take(1)
  file.merge(value(8, 20))
  t.strictSame(shown(file.inode), { change: 8, mtime: [20, 0], ctime: [20, 0] })
})

t.test('who has read since, and not told it, still shows and tells that', async (t) => {
  const file = new WrittenFile(new LiveInode(7, value(5, 10), 0), 0, () => true)
  file.inode.setAtime(30, 0)
  file.merge(value(8, 20))
  t.equal(file.inode.atimeSec, 30)
  t.equal(file.take(1)?.atime.sec, 30)
  file.merge(value(8, 20))
  t.equal(file.inode.atimeSec, 0, 'others may have set an earlier one since')
})

t.test('it tells a size only while it may have made the file so long', async (t) => {
  let mayGrow = true
  const file = new WrittenFile(new LiveInode(7, value(5, 10), 0), 0, (size) => size === 3 && mayGrow)
  file.inode.size = 3
  t.equal(file.commit(1).size, 3)
  mayGrow = false
  t.equal(file.assert(2).size, 0)
  file.inode.size = 4
  t.equal(file.take(3)?.size, 0)
})
