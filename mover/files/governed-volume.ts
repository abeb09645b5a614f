import {
  type answer,
  type block_map,
  type call,
  type extent,
  MAX_EXTENTS,
  type run,
  type written,
} from '../../protocol/moverlock/moverlock.gen.ts'
import type { Described, Drain, GovernedFiles } from '../authority/governed.ts'
import type { Failure } from '../failure.ts'
import type { Leaving, Piece } from '../locks/held-tokens.ts'
import { lastBlock } from '../locks/token.ts'
import { Suspend } from '../suspend.ts'
import { fillInodeValue, InodeValue } from '../volume/inode-value.ts'
import { LOST_CHANGES, timeAfterLosses } from '../volume/records/apply.ts'
import { blocksOf } from '../volume/records/extent-parts.ts'
import { ORDINARY, type SubmitOptions, URGENT, URGENT_WITH_DATA } from '../volume/volume.ts'
import { type FilesContext, untilDone } from './context.ts'
import { drainedPieces, drainPages } from './drain.ts'
import { isLater, type LiveInode, raiseAbove } from './live-inode.ts'

/** Extents that are told at once, and blocks that are looked at for them. */
const MAPPED_EXTENTS = 256
const MAPPED_BLOCKS = 65_536
/** Its making, and the setting of its attributes, which those do who have made it exclusively. */
const MOST_CHANGES_UNWRITTEN = 2

/** The files of a volume at its primary, for the movers that share them: see `GovernedFiles`. */
export class GovernedVolume implements GovernedFiles {
  readonly perform: (call: call, done: (answer: answer) => void) => void
  readonly mostReserved: number
  readonly #context: FilesContext
  readonly #value = new InodeValue()
  readonly #stretch = { deviceBlock: 0, length: 0 }

  constructor(
    context: FilesContext,
    perform: (call: call, done: (answer: answer) => void) => void,
    mostReserved: number,
  ) {
    this.#context = context
    this.perform = perform
    this.mostReserved = mostReserved
  }

  isUsed(ino: number): boolean {
    const data = this.#context.inodes.peek(ino)?.data ?? null
    return data !== null && (data.hasPages || !data.idle)
  }

  isQuiet(ino: number): boolean {
    const { inodes, env } = this.#context
    return inodes.peek(ino)?.isQuiet(env.monotonicMs()) !== false
  }

  isUnwritten(ino: number): boolean {
    this.#context.volume.begin()
    const inode = this.#context.inodes.peek(ino)
    if (inode === undefined || !inode.marked || inode.removed || inode.unlogged) return false
    return inode.type === 'file' && inode.nlink === 1 && inode.size === 0 && inode.change <= MOST_CHANGES_UNWRITTEN
  }

  exists(ino: number): boolean {
    const inode = this.#inode(ino)
    return inode !== null && inode.nlink > 0
  }

  describe(ino: number): Described | null {
    const inode = this.#inode(ino)
    if (inode === null || inode.nlink === 0) return null
    const { volume, housekeeping } = this.#context
    // Blocks behind its end that are about to be freed must not be told as the file's.
    if (inode.truncating && volume.failure === null) throw housekeeping.waitForSteps()
    return { value: fillInodeValue(this.#value, inode).bytes, lsn: Math.max(inode.lastLsn, inode.markLsn) }
  }

  map(ino: number, first: number, end: number): Omit<block_map, 'seen'> {
    const { volume } = this.#context
    const extents: extent[] = []
    const stop = Math.min(end, first + MAPPED_BLOCKS)
    let at = first
    let left = this.#inode(ino)?.blocks ?? 0
    while (left > 0 && extents.length < MAPPED_EXTENTS && at < stop) {
      volume.mapBlock(ino, at, stop - at, this.#stretch)
      const { deviceBlock, length } = this.#stretch
      if (deviceBlock !== 0) {
        extents.push({ file_block: at, device_block: deviceBlock, length })
        left -= length
      }
      at += length
    }
    // Behind the last of the file's blocks there are none: most files have few.
    return { first, end: left > 0 ? at : stop, extents }
  }

  mark(ino: number): Failure | null {
    return this.#mark(ino, ORDINARY)
  }

  markAgain(ino: number): Failure | null {
    return this.#mark(ino, URGENT)
  }

  #mark(ino: number, options: SubmitOptions): Failure | null {
    const inode = this.#inode(ino)
    if (inode === null || inode.nlink === 0) return 'STALE'
    const { volume, moverNumber, writeBack } = this.#context
    if (volume.failure !== null) return 'ROFS'
    if (inode.marked) return null
    const lsn = volume.submit('mark', { ino, mover: moverNumber }, options)
    if (typeof lsn === 'string') return lsn
    inode.marked = true
    inode.markLsn = lsn
    writeBack.noteUnlogged(inode)
    return null
  }

  noteLocks(ino: number, movers: number): Failure | null {
    const inode = this.#inode(ino)
    if (inode === null || inode.nlink === 0 || inode.type !== 'file') return 'STALE'
    const { volume } = this.#context
    const isNoted = (inode.lockers | movers) === inode.lockers
    if (volume.failure !== null) return isNoted && inode.lastLsn <= volume.log.durableLsn ? null : 'ROFS'
    if (!isNoted) {
      const lsn = volume.submit('noteLocks', { ino, movers }, URGENT)
      if (typeof lsn === 'string') return lsn
    }
    const { lastLsn } = inode
    if (lastLsn <= volume.log.durableLsn) return null
    throw new Suspend((resume) => volume.log.whenDurable(lastLsn, () => volume.env.defer(resume)))
  }

  forgetLocks(inos: readonly number[], isFree: (ino: number) => boolean): void {
    untilDone(
      this.#context,
      () => {
        const noted = inos.filter((ino) => isFree(ino) && (this.#inode(ino)?.lockers ?? 0) !== 0)
        if (noted.length > 0) this.#context.volume.submit('forgetLocks', { inos: noted }, URGENT)
      },
      (error) => {
        if (error !== null) this.#context.volume.fail(error)
      },
    )
  }

  setWrittenElsewhere(ino: number, isWritten: boolean): void {
    this.#context.inodes.setWrittenElsewhere(ino, isWritten)
  }

  pieces(ino: number, part: Leaving): Piece[] {
    return drainedPieces(this.#context, this.#context.inodes.peek(ino), part)
  }

  drain(ino: number, drain: Drain, done: () => void): void {
    drainPages(this.#context, () => this.#context.inodes.peek(ino), drain, done)
  }

  absorb(ino: number, changes: written): void {
    const inode = this.#inode(ino)
    if (inode === null) return
    show(inode, { ...times(inode, changes), change: inode.change + changes.changes }, changes.size)
    inode.unlogged = true
    // What was written is on the device, not flushed: nothing that tells of it may be durable before it is.
    this.#context.volume.flushGate.wrote()
    this.#context.writeBack.noteUnlogged(inode)
  }

  commit(ino: number, told: number, changes: written, runs: readonly extent[]): number | Failure {
    const inode = this.#inode(ino)
    if (inode === null || inode.nlink === 0) return 'STALE'
    const { volume } = this.#context
    const size = Math.max(inode.loggedSize, told)
    // Before the record changes the inode: the same writes must not count twice.
    const after = { ...times(inode, changes), change: inode.change + changes.changes }
    volume.flushGate.wrote()
    const lsn = volume.submit(
      'fold',
      {
        ino,
        size,
        ...after,
        clearMark: 0,
        runs: runs.map(({ file_block, device_block, length }) => ({
          fileBlock: file_block,
          deviceBlock: device_block,
          length,
        })),
      },
      URGENT_WITH_DATA,
    )
    if (typeof lsn === 'string') return lsn
    show(inode, after, changes.size)
    if (inode.size > size) {
      inode.unlogged = true
      this.#context.writeBack.noteUnlogged(inode)
    }
    return lsn
  }

  recover(ino: number, mightWrite: (block: number) => boolean): void {
    const inode = this.#inode(ino)
    if (inode === null || inode.nlink === 0) return
    const { volume, env } = this.#context
    // What it has not committed of a file's growth is lost; what others have not is not.
    const { loggedSize } = inode
    // Who lengthens a file has all from its old end on: what is not committed of its length is one mover's, who has its end.
    const isLost = inode.size > loggedSize && mightWrite(lastBlock(inode.size))
    const now = { sec: 0, nsec: 0 }
    env.wallTime(now)
    const ctime = timeAfterLosses({ sec: inode.ctimeSec, nsec: inode.ctimeNsec }, now)
    const atime = { sec: inode.atimeSec, nsec: inode.atimeNsec }
    const after = { atime, mtime: ctime, ctime, change: inode.change + LOST_CHANGES }
    const lsn = volume.submit('fold', { ino, size: loggedSize, ...after, clearMark: 0, runs: [] }, URGENT_WITH_DATA)
    if (isLost) inode.size = loggedSize
    show(inode, after, inode.size)
    // What cannot be logged is shown all the same; the file's mark makes the next opening do it again.
    if (typeof lsn === 'string') inode.unlogged = true
  }

  reserve(count: number): run[] {
    const { volume } = this.#context
    volume.begin()
    if (!volume.reserveData(count)) return []
    const runs: run[] = []
    let left = count
    // Where space is in pieces, there is less for now.
    while (left > 0 && runs.length < MAX_EXTENTS) {
      const found = volume.space.allocateData(left, 0)
      if (found === null) throw new Error('no data block is free although some are reserved')
      volume.space.unreserve(found.length)
      runs.push(found)
      left -= found.length
    }
    volume.space.unreserve(left)
    return runs
  }

  giveBack(runs: readonly run[]): void {
    for (const { start, length } of runs) this.#context.volume.space.returnData(start, length)
  }

  take({ start, length }: run): boolean {
    return this.#context.volume.space.takeData(start, length)
  }

  has(ino: number, runs: readonly extent[]): boolean {
    const { volume } = this.#context
    volume.begin()
    return runs.every(({ file_block, device_block, length }) => {
      for (let done = 0; done < length; done += this.#stretch.length) {
        volume.mapBlock(ino, file_block + done, length - done, this.#stretch)
        if (this.#stretch.deviceBlock !== device_block + done) return false
      }
      return true
    })
  }

  hasRoom(ino: number, size: number, runs: readonly extent[]): boolean {
    const inode = this.#inode(ino)
    if (inode === null) return true
    const endBlock = blocksOf(Math.max(inode.loggedSize, size))
    let from = 0
    return runs.every(({ file_block, length }) => {
      if (file_block < from) return false
      from = file_block + length
      this.#context.volume.mapBlock(ino, file_block, length, this.#stretch)
      const { deviceBlock, length: free } = this.#stretch
      return deviceBlock === 0 && free === length && from <= endBlock
    })
  }

  #inode(ino: number): LiveInode | null {
    this.#context.volume.begin()
    return this.#context.inodes.get(ino)
  }
}

type Times = Pick<written, 'atime' | 'mtime' | 'ctime'>

function show(inode: LiveInode, after: Times & { change: number }, size: number): void {
  const { atime, mtime, ctime, change } = after
  inode.setAtime(atime.sec, atime.nsec)
  inode.setMtime(mtime.sec, mtime.nsec)
  inode.setCtime(ctime.sec, ctime.nsec)
  inode.change = change
  if (size > inode.size) inode.size = size
}

/** The later of what is known and what is told; a change of the file is always a change of its times too. */
function times(inode: LiveInode, { atime, mtime, ctime, changes }: written): Times {
  const latest: Times = {
    atime: later(atime, inode.atimeSec, inode.atimeNsec),
    mtime: later(mtime, inode.mtimeSec, inode.mtimeNsec),
    ctime: later(ctime, inode.ctimeSec, inode.ctimeNsec),
  }
  if (changes === 0 || isLater(ctime.sec, ctime.nsec, inode.ctimeSec, inode.ctimeNsec)) return latest
  const raised = { ...latest.ctime }
  raiseAbove(raised, inode)
  return { ...latest, mtime: raised, ctime: raised }
}

function later(told: { sec: number; nsec: number }, sec: number, nsec: number): { sec: number; nsec: number } {
  return isLater(told.sec, told.nsec, sec, nsec) ? { sec: told.sec, nsec: told.nsec } : { sec, nsec }
}
