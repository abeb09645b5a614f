import type { written } from '../../protocol/moverlock/moverlock.gen.ts'
import type { InodeValue } from '../volume/inode-value.ts'
import { isLater, type LiveInode, raiseAbove } from './live-inode.ts'

/** What a secondary has written of one file, and how much of it the primary has been told. */
export class WrittenFile {
  readonly inode: LiveInode
  /** Monotonic milliseconds: when all of the file was last asked for, or some of it first granted. */
  askedWholeMs: number
  /** What has been told. */
  #toldChange: number
  #toldSize: number
  #toldAtime: [sec: number, nsec: number]
  /** Told, but perhaps not yet in what the primary tells of the file. */
  #underWay: { told: written; isCommit: boolean }[] = []

  /** Whether this mover may write to the end of a file of that size. */
  readonly #mayGrow: (size: number) => boolean

  constructor(inode: LiveInode, nowMs: number, mayGrow: (size: number) => boolean) {
    this.inode = inode
    this.#mayGrow = mayGrow
    this.askedWholeMs = nowMs
    this.#toldChange = inode.change
    this.#toldSize = inode.size
    this.#toldAtime = [inode.atimeSec, inode.atimeNsec]
  }

  /**
   * What the primary has not been told yet; null: nothing. It counts as told now, under this sequence. What has been told is
   * not told again: when the file has been given up, others may have made it shorter.
   */
  take(sequence: number): written | null {
    const { inode } = this
    const [sec, nsec] = this.#toldAtime
    const isTold = inode.change === this.#toldChange && inode.size === this.#toldSize
    if (isTold && inode.atimeSec === sec && inode.atimeNsec === nsec) return null
    const told = this.#tell(sequence)
    this.#underWay.push({ told, isCommit: false })
    return told
  }

  /** The same, also when there is nothing new: it comes with a commit. */
  commit(sequence: number): written {
    const told = this.#tell(sequence)
    this.#underWay.push({ told, isCommit: true })
    return told
  }

  /** The same, for a new primary, which then tells of the file with all this in it. */
  assert(sequence: number): written {
    return this.#tell(sequence)
  }

  /** There is a new primary: of what is under way, the commits come to it. */
  rejoined(): void {
    this.#underWay = this.#underWay.filter(({ isCommit }) => isCommit)
  }

  #tell(sequence: number): written {
    const { inode } = this
    const told: written = {
      sequence,
      // What others have made of it, and not committed, is lost with them, and must not come back through this mover.
      size: this.#mayGrow(inode.size) ? inode.size : 0,
      atime: { sec: inode.atimeSec, nsec: inode.atimeNsec },
      mtime: { sec: inode.mtimeSec, nsec: inode.mtimeNsec },
      ctime: { sec: inode.ctimeSec, nsec: inode.ctimeNsec },
      changes: inode.change - this.#toldChange,
    }
    this.#toldChange = inode.change
    this.#toldSize = inode.size
    this.#toldAtime = [inode.atimeSec, inode.atimeNsec]
    return told
  }

  /** All that was told up to `sequence` is in what the primary tells from now on. */
  seen(sequence: number): void {
    if (this.#underWay.length > 0) this.#underWay = this.#underWay.filter(({ told }) => told.sequence > sequence)
  }

  /** How much has been told that what the primary tells now may lack. */
  get toldCount(): number {
    return this.#underWay.length
  }

  /** True when something has been told that what the primary tells now may lack. */
  get isAhead(): boolean {
    return this.#underWay.length > 0
  }

  /** The primary has told the attributes again: what it does not know yet comes on top of them. */
  merge(value: InodeValue): void {
    const { inode } = this
    const untold = inode.change - this.#toldChange
    const hasGrown = inode.size > this.#toldSize
    const [sec, nsec] = this.#toldAtime
    const atime = { sec: inode.atimeSec, nsec: inode.atimeNsec }
    const hasRead = isLater(atime.sec, atime.nsec, sec, nsec)
    const { size, loggedSize, unlogged } = inode
    const mtime = { sec: inode.mtimeSec, nsec: inode.mtimeNsec }
    const ctime = { sec: inode.ctimeSec, nsec: inode.ctimeNsec }
    inode.unlogged = false
    inode.absorb(value, 0)
    inode.unlogged = unlogged
    for (const { told } of this.#underWay) {
      inode.change += told.changes
      if (told.size > inode.size) inode.size = told.size
      show(inode, told)
    }
    // Growth of its own that it has told, but not committed, is still to be committed.
    inode.loggedSize = size > loggedSize ? loggedSize : inode.size
    this.#toldChange = inode.change
    this.#toldSize = inode.size
    this.#toldAtime = [inode.atimeSec, inode.atimeNsec]
    inode.change += untold
    if (hasRead && isLater(atime.sec, atime.nsec, inode.atimeSec, inode.atimeNsec))
      inode.setAtime(atime.sec, atime.nsec)
    // Its own older size is no growth: others may have made the file shorter.
    if (hasGrown && size > inode.size) inode.size = size
    if (untold > 0) show(inode, { mtime, ctime, changes: untold })
  }
}

/** The times of changes on top of what the primary knows, as it will show them: a change is always one of the times too. */
function show(inode: LiveInode, { mtime, ctime, changes }: Pick<written, 'mtime' | 'ctime' | 'changes'>): void {
  const isNewer = isLater(ctime.sec, ctime.nsec, inode.ctimeSec, inode.ctimeNsec)
  const shown = { sec: ctime.sec, nsec: ctime.nsec }
  if (changes > 0 && !isNewer) {
    raiseAbove(shown, inode)
    inode.setMtime(shown.sec, shown.nsec)
  } else if (isLater(mtime.sec, mtime.nsec, inode.mtimeSec, inode.mtimeNsec)) inode.setMtime(mtime.sec, mtime.nsec)
  if (changes > 0 || isNewer) inode.setCtime(shown.sec, shown.nsec)
}
