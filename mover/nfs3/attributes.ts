import {
  type fattr3,
  ftype3,
  type post_op_attr,
  type pre_op_attr,
  type wcc_attr,
  type wcc_data,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { FileType, Inode } from '../volume/inode.ts'

/** RFC 1813 §2.6 ftype3 of every file type. */
export const FTYPE3 = {
  file: ftype3.NF3REG,
  directory: ftype3.NF3DIR,
  symlink: ftype3.NF3LNK,
  block: ftype3.NF3BLK,
  character: ftype3.NF3CHR,
  fifo: ftype3.NF3FIFO,
  socket: ftype3.NF3SOCK,
} as const satisfies Record<FileType, ftype3>

/** Attributes that are not given. */
export const NO_ATTRIBUTES: post_op_attr = { attributes_follow: false }
const NO_EARLIER_ATTRIBUTES: pre_op_attr = { attributes_follow: false }
/** Weak cache consistency data that is not given. */
export const NO_WCC: wcc_data = { before: NO_EARLIER_ATTRIBUTES, after: NO_ATTRIBUTES }

/** A fattr3 to be filled. */
export function emptyFattr3(): fattr3 {
  return {
    type: ftype3.NF3REG,
    mode: 0,
    nlink: 0,
    uid: 0,
    gid: 0,
    size: 0,
    used: 0,
    rdev: { specdata1: 0, specdata2: 0 },
    fsid: 0n,
    fileid: 0,
    atime: { seconds: 0, nseconds: 0 },
    mtime: { seconds: 0, nseconds: 0 },
    ctime: { seconds: 0, nseconds: 0 },
  }
}

/** RFC 1813 §2.6 fattr3: what `inode` shows now, into `out`. Seconds are those of 1970 to 2106, and wrap around. */
export function fillFattr3(out: fattr3, inode: Inode, fsid: bigint): void {
  out.type = FTYPE3[inode.type]
  out.mode = inode.mode
  out.nlink = inode.nlink
  out.uid = inode.uid
  out.gid = inode.gid
  out.size = inode.size
  out.used = inode.space
  out.rdev.specdata1 = inode.rdevMajor
  out.rdev.specdata2 = inode.rdevMinor
  out.fsid = fsid
  out.fileid = inode.ino
  out.atime.seconds = inode.atimeSec
  out.atime.nseconds = inode.atimeNsec
  out.mtime.seconds = inode.mtimeSec
  out.mtime.nseconds = inode.mtimeNsec
  out.ctime.seconds = inode.ctimeSec
  out.ctime.nseconds = inode.ctimeNsec
}

/** A post_op_attr that is filled again and again: what it gives holds until the next `of`. */
export class PostOp {
  readonly #given: { attributes_follow: true; attributes: fattr3 } = {
    attributes_follow: true,
    attributes: emptyFattr3(),
  }

  of(inode: Inode, fsid: bigint): post_op_attr {
    if (!inode.isCurrent) return NO_ATTRIBUTES
    fillFattr3(this.#given.attributes, inode, fsid)
    return this.#given
  }
}

/** A wcc_data that is filled again and again: what it gives holds until the next `before`. */
export class Wcc {
  readonly #before: wcc_attr = {
    size: 0,
    mtime: { seconds: 0, nseconds: 0 },
    ctime: { seconds: 0, nseconds: 0 },
  }
  readonly #after = new PostOp()
  #hasBefore = false
  readonly #given: wcc_data = { before: { attributes_follow: true, attributes: this.#before }, after: NO_ATTRIBUTES }

  /** Notes what `inode` shows before the operation. */
  before(inode: Inode): void {
    this.#hasBefore = inode.isCurrent
    const { mtime, ctime } = this.#before
    this.#before.size = inode.size
    mtime.seconds = inode.mtimeSec
    mtime.nseconds = inode.mtimeNsec
    ctime.seconds = inode.ctimeSec
    ctime.nseconds = inode.ctimeNsec
  }

  /** Both halves, once the operation is over; none unless both are known. */
  after(inode: Inode, fsid: bigint): wcc_data {
    if (!this.#hasBefore || !inode.isCurrent) return NO_WCC
    this.#given.after = this.#after.of(inode, fsid)
    return this.#given
  }
}
