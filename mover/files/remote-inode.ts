import type { attributes } from '../../protocol/moverlock/moverlock.gen.ts'
import type { Timestamp } from '../environment.ts'
import type { FileType, Inode } from '../volume/inode.ts'
import { fillInodeValue, InodeValue, typeName } from '../volume/inode-value.ts'
import { BLOCK_BYTES } from '../volume/layout.ts'

const value = new InodeValue()
const time: Timestamp = { sec: 0, nsec: 0 }

/**
 * An object of a volume with another primary: what that mover's answers show of it. Before there is one, nothing but
 * its number and generation means anything.
 */
export class RemoteInode implements Inode {
  ino: number
  generation: number
  type: FileType = 'file'
  mode = 0
  nlink = 0
  uid = 0
  gid = 0
  size = 0
  space = 0
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
  isCurrent = false

  constructor(ino: number, generation: number) {
    this.ino = ino
    this.generation = generation
  }

  /** Shows this from now on. */
  show(shown: attributes): this {
    value.load(shown.value, 0, shown.value.length)
    this.ino = shown.ino
    this.generation = value.generation
    this.type = typeName(value.type)
    this.mode = value.mode
    this.nlink = value.nlink
    this.uid = value.uid
    this.gid = value.gid
    this.size = value.size
    this.space = value.blocks * BLOCK_BYTES
    this.rdevMajor = value.rdevMajor
    this.rdevMinor = value.rdevMinor
    this.atimeSec = value.atime(time).sec
    this.atimeNsec = time.nsec
    this.mtimeSec = value.mtime(time).sec
    this.mtimeNsec = time.nsec
    this.ctimeSec = value.ctime(time).sec
    this.ctimeNsec = time.nsec
    this.birthSec = value.birth(time).sec
    this.birthNsec = time.nsec
    this.change = value.change
    this.isCurrent = shown.current
    return this
  }

  /** Shows what `list` has of this object; nothing when it has nothing of it. */
  showFrom(list: readonly attributes[]): void {
    const shown = list.find(({ ino }) => ino === this.ino)
    if (shown === undefined) this.isCurrent = false
    else this.show(shown)
  }
}

/** What an object shows now, of a volume whose primary this mover is, for another mover. */
export function attributesOf(inode: Inode): attributes {
  return { ino: inode.ino, value: fillInodeValue(new InodeValue(), inode).bytes, current: inode.isCurrent }
}
