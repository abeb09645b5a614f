import type { Failure } from '../failure.ts'
import { FILE_END } from '../locks/token.ts'
import type { Barrier } from '../operation.ts'
import { Suspend } from '../suspend.ts'
import type { Inode } from '../volume/inode.ts'
import { MAX_FILE_BYTES } from '../volume/layout.ts'
import { ORDINARY } from '../volume/volume.ts'
import { isPrivileged, MAY, mayTransfer } from './access.ts'
import { holdFor, submit } from './context.ts'
import type { DataContext } from './data-volume.ts'
import { FileData } from './file-data.ts'
import { isLater, type LiveInode, raiseAbove } from './live-inode.ts'
import { PAGE } from './page-cache.ts'
import type { Operation, ReadResult, Stability, WriteResult } from './service.ts'

const PAGE_BYTES = 4096
/** Most bytes of one READ or WRITE. */
export const MAX_TRANSFER_BYTES = 1024 * 1024
const READ_AHEAD_PAGES = 512
const ZEROS = new Uint8Array(PAGE_BYTES)
const ATIME_AGE_SEC = 86_400
const NOTHING_PINNED = (): void => {}

/** The data of a file in memory, made at its first use. */
export function dataOf(context: DataContext, inode: LiveInode): FileData {
  inode.data ??= new FileData(context.volume, context.pages, inode)
  return inode.data
}

/** Why the data of an object cannot be used; null: it is a file. */
export function typeFailure(inode: Inode): Failure | null {
  if (inode.type === 'file') return null
  return inode.type === 'directory' ? 'ISDIR' : 'INVAL'
}

/** The file block that a byte lies in. */
export function blockOf(offset: number): number {
  return Math.floor(offset / PAGE_BYTES)
}

/** Behind the last block that a read needs: where the file may end all of them, since nobody must be lengthening it. */
export function endOfRead(inode: Inode, offset: number, count: number): number {
  const end = offset + count
  return end >= inode.size ? FILE_END : Math.ceil(end / PAGE_BYTES)
}

/** The first block that a write changes: with the growth of a file goes its old last block. */
export function startOfWrite(inode: Inode, offset: number, count: number): number {
  return blockOf(offset + count > inode.size ? Math.min(offset, inode.size) : offset)
}

/** Behind the last block that a write changes; when it lengthens the file, all of them. */
export function endOfWrite(inode: Inode, offset: number, count: number): number {
  const end = offset + count
  return end > inode.size ? FILE_END : Math.ceil(end / PAGE_BYTES)
}

/** READ: pinned views of the pages, holes as zeros. Missing pages are read and the operation suspended. */
export function readFile(
  context: DataContext,
  op: Operation,
  inode: LiveInode,
  offset: number,
  count: number,
  result: ReadResult,
): Failure | null {
  const wrongType = typeFailure(inode)
  if (wrongType !== null) return wrongType
  if (!mayTransfer(op.credentials, inode, MAY.read)) return 'ACCES'
  const { size } = inode
  const end = Math.min(size, offset + Math.min(count, MAX_TRANSFER_BYTES))
  result.segmentCount = 0
  result.release = NOTHING_PINNED
  result.count = Math.max(0, end - offset)
  result.eof = end >= size
  if (result.count > 0) {
    const failure = gather(context, dataOf(context, inode), offset, end, result)
    if (failure !== null) return failure
  }
  touchAtime(context, op, inode)
  holdFor(context, op, inode.lastLsn)
  return null
}

function gather(context: DataContext, data: FileData, offset: number, end: number, result: ReadResult): Failure | null {
  const { pages } = context
  const first = Math.floor(offset / PAGE_BYTES)
  const last = Math.ceil(end / PAGE_BYTES)
  const failure = data.takeFailure(first, last)
  if (failure !== null) return failure
  readAhead(context, data, first, last)
  if (needsLoad(context, data, first, last)) {
    if (data.load(first, last) > 0) throw data.waitForLoads()
  }
  if (pages.sendingCount + (last - first) > pages.sendingLimit) copyOut(context, data, offset, end, result)
  else pinOut(context, data, offset, end, result)
  return null
}

/** The pages of [offset, end) as views, pinned until the reply has been sent. */
function pinOut(context: DataContext, data: FileData, offset: number, end: number, result: ReadResult): void {
  const { pages } = context
  const first = Math.floor(offset / PAGE_BYTES)
  const last = Math.ceil(end / PAGE_BYTES)
  const pinned: number[] = []
  const { segments } = result
  let lastSlot = -2
  for (let block = first; block < last; block++) {
    const from = block === first ? offset - block * PAGE_BYTES : 0
    const to = Math.min(PAGE_BYTES, end - block * PAGE_BYTES)
    const slot = data.pages.get(block)
    if (slot === undefined) {
      segments[result.segmentCount++] = ZEROS.subarray(from, to)
      lastSlot = -2
      continue
    }
    pages.flags[slot] |= PAGE.referenced
    pages.pin(slot)
    pinned.push(slot)
    const { buffer } = pages.pool
    if (slot === lastSlot + 1 && result.segmentCount > 0) {
      const before = segments[result.segmentCount - 1]
      segments[result.segmentCount - 1] = new Uint8Array(buffer, before.byteOffset, before.length + to)
    } else segments[result.segmentCount++] = new Uint8Array(buffer, slot * PAGE_BYTES + from, to - from)
    lastSlot = slot
  }
  pages.sendingCount += pinned.length
  result.release = () => {
    pages.sendingCount -= pinned.length
    for (const slot of pinned) pages.unpin(slot)
  }
}

/** As `pinOut`, but a copy that pins nothing. */
function copyOut(context: DataContext, data: FileData, offset: number, end: number, result: ReadResult): void {
  const { pages } = context
  const copy = new Uint8Array(end - offset)
  for (let at = offset; at < end; ) {
    const block = Math.floor(at / PAGE_BYTES)
    const stop = Math.min(end, (block + 1) * PAGE_BYTES)
    const slot = data.pages.get(block)
    if (slot !== undefined) {
      pages.flags[slot] |= PAGE.referenced
      const from = slot * PAGE_BYTES - block * PAGE_BYTES
      copy.set(pages.pool.bytes.subarray(from + at, from + stop), at - offset)
    }
    at = stop
  }
  result.segments[0] = copy
  result.segmentCount = 1
}

/** True when some page of [first, last) is absent or still being read; holes count as absent. */
function needsLoad(context: DataContext, data: FileData, first: number, last: number): boolean {
  for (let block = first; block < last; block++) {
    const slot = data.pages.get(block)
    if (slot === undefined || (context.pages.flags[slot] & PAGE.loading) !== 0) return true
  }
  return false
}

/** A sequential reader finds its next megabytes in memory. */
function readAhead(context: DataContext, data: FileData, first: number, last: number): void {
  const sequential = first === data.readEnd || first + 1 === data.readEnd
  data.readEnd = last
  if (!sequential) {
    data.readAheadEnd = last
    return
  }
  if (data.readAheadEnd > last + READ_AHEAD_PAGES / 2 || last * PAGE_BYTES >= data.inode.size) return
  const from = Math.max(last, data.readAheadEnd)
  const end = Math.min(from + READ_AHEAD_PAGES, Math.ceil(data.inode.size / PAGE_BYTES))
  if (from >= end || context.pages.slotCount < 8 * READ_AHEAD_PAGES) return
  if (!context.mayRead(data.inode.ino, from, end)) return
  try {
    data.load(from, end)
    data.readAheadEnd = end
  } catch (error) {
    // Reading ahead is a favour: without memory or tree nodes at hand it does not happen.
    if (!(error instanceof Suspend)) throw error
  }
}

/** relatime: the access time follows when it is not later than the last change, or a day old. */
function touchAtime(context: DataContext, op: Operation, inode: LiveInode): void {
  if (op.readOnly || context.volume.failure !== null) return
  const stale = !isLater(inode.atimeSec, inode.atimeNsec, inode.mtimeSec, inode.mtimeNsec)
  const { now } = context
  context.env.wallTime(now)
  if (!stale && now.sec - inode.atimeSec < ATIME_AGE_SEC) return
  if (!isLater(now.sec, now.nsec, inode.atimeSec, inode.atimeNsec)) return
  inode.setAtime(now.sec, now.nsec)
  if (!context.logsAtime) return
  inode.unlogged = true
  context.writeBack.noteUnlogged(inode)
}

/** WRITE: into the cache; the reply waits for the write mark, and for the device as `stability` asks. */
export function writeFile(
  context: DataContext,
  op: Operation,
  inode: LiveInode,
  offset: number,
  bytes: Uint8Array,
  stability: Stability,
  result: WriteResult,
): Failure | null {
  const wrongType = typeFailure(inode)
  if (wrongType !== null) return wrongType
  if (op.readOnly) return 'ROFS'
  if (!mayTransfer(op.credentials, inode, MAY.write)) return 'ACCES'
  if (context.volume.failure !== null) return 'ROFS'
  const end = offset + bytes.length
  if (end > MAX_FILE_BYTES) return 'FBIG'
  result.count = bytes.length
  result.committed = stability
  if (bytes.length === 0) return null
  const data = dataOf(context, inode)
  if (inode.truncating && end > inode.size) throw context.housekeeping.waitForSteps()
  const first = Math.floor(offset / PAGE_BYTES)
  const last = Math.ceil(end / PAGE_BYTES)
  const failure =
    data.takeFailure(first, last) ??
    (end > inode.size ? data.takeFailure(Math.floor(inode.size / PAGE_BYTES), last) : null) ??
    prepare(context, data, offset, end, first, last) ??
    (isPrivileged(op.credentials, inode) ? context.dropPrivileges(op, inode) : null) ??
    mark(context, op, inode) ??
    reserve(context, data, first, last)
  if (failure !== null) return failure
  // From here on nothing throws Suspend: the bytes are taken in this tick.
  if (end > inode.size) dirtyTail(context, data)
  copyIn(context, data, offset, bytes, first, last)
  changed(context, inode, end)
  context.writeBack.follow(data, first, last)
  holdFor(context, op, inode.lastLsn)
  if (stability !== 'unstable') {
    result.committed = 'fileSync'
    op.barrier = both(op.barrier, context.writeBack.barrier(data, first, last))
  }
  return null
}

/** Everything that must be in memory before the bytes can be taken in one tick; no change that matters yet. */
function prepare(
  context: DataContext,
  data: FileData,
  offset: number,
  end: number,
  first: number,
  last: number,
): Failure | null {
  const { pages } = context
  const { size } = data.inode
  if (pages.dirtyCount + (last - first) > pages.dirtyLimit) {
    pages.onPressure()
    throw pages.waitForRoom()
  }
  pages.ensure(last - first + 1)
  const tail = Math.floor(size / PAGE_BYTES)
  const growsOverTail = end > size && size % PAGE_BYTES !== 0
  let missing = 0
  if (growsOverTail && tail < first) missing += data.load(tail, tail + 1)
  if (offset % PAGE_BYTES !== 0 && offset - (offset % PAGE_BYTES) < size) missing += data.load(first, first + 1)
  if (end % PAGE_BYTES !== 0 && end < size) missing += data.load(last - 1, last)
  if (missing > 0) throw data.waitForLoads()
  for (let block = first; block < last; block++) {
    const slot = data.pages.get(block)
    if (slot !== undefined && (pages.flags[slot] & PAGE.loading) !== 0) throw data.waitForLoads()
  }
  return null
}

/** The old last block goes out with the growth, so that what lies behind the old end on the device never shows. */
function dirtyTail(context: DataContext, data: FileData): void {
  const { size } = data.inode
  const tail = Math.floor(size / PAGE_BYTES)
  const slot = size % PAGE_BYTES === 0 ? undefined : data.pages.get(tail)
  if (slot !== undefined && context.pages.setDirty(slot)) data.dirty.add(tail)
}

/** A durable mark before the first write that is not logged by itself. */
function mark(context: DataContext, op: Operation, inode: LiveInode): Failure | null {
  if (inode.marked) return null
  const failure = submit(context, op, 'mark', { ino: inode.ino, mover: context.moverNumber }, ORDINARY)
  if (failure !== null) return failure
  inode.marked = true
  inode.markLsn = inode.lastLsn
  context.writeBack.noteUnlogged(inode)
  return null
}

/** Finds where the absent pages of [first, last) lie (into `context.plan`), and promises blocks for those in holes. */
function reserve(context: DataContext, data: FileData, first: number, last: number): Failure | null {
  const { plan } = context
  const { stretch } = plan
  let delayed = 0
  for (let block = first; block < last; ) {
    if (data.pages.has(block)) {
      block++
      continue
    }
    data.map(block, last - block, stretch)
    for (let i = 0; i < stretch.length; i++, block++) {
      plan.deviceBlocks[block - first] = stretch.deviceBlock === 0 ? 0 : stretch.deviceBlock + i
      if (stretch.deviceBlock === 0 && !data.pages.has(block)) delayed++
    }
  }
  if (delayed > 0 && !context.volume.reserveData(delayed)) return 'NOSPC'
  data.delayedBlocks += delayed
  return null
}

function copyIn(
  context: DataContext,
  data: FileData,
  offset: number,
  bytes: Uint8Array,
  first: number,
  last: number,
): void {
  const { pages } = context
  const { bytes: memory } = pages.pool
  const end = offset + bytes.length
  if (last - first > 1) keepPresent(context, data, first, last)
  // Pages in a row are filled by one copy: where it goes, and which of the call's bytes.
  let at = -1
  let from = offset
  let to = offset
  for (let block = first; block < last; block++) {
    const start = Math.max(offset, block * PAGE_BYTES)
    const stop = Math.min(end, (block + 1) * PAGE_BYTES)
    const slot = pageFor(context, data, block, first, stop - start === PAGE_BYTES)
    pages.flags[slot] |= PAGE.referenced
    if (pages.setDirty(slot)) data.dirty.add(block)
    const place = slot * PAGE_BYTES + (start - block * PAGE_BYTES)
    if (at + (to - from) !== place || at < 0) {
      if (at >= 0) memory.set(bytes.subarray(from - offset, to - offset), at)
      at = place
      from = start
    }
    to = stop
  }
  memory.set(from === offset && to === end ? bytes : bytes.subarray(from - offset, to - offset), at)
  context.writeBack.noteDirty(data)
}

/** The pages of [first, last) that are there must not be evicted to make room for those that are not. */
function keepPresent(context: DataContext, data: FileData, first: number, last: number): void {
  for (let block = first; block < last; block++) {
    const slot = data.pages.get(block)
    if (slot !== undefined && context.pages.setDirty(slot)) data.dirty.add(block)
  }
}

/** The slot in which a file block may be changed now; what a partial write leaves of a new one is zero. */
function pageFor(context: DataContext, data: FileData, block: number, first: number, isWhole: boolean): number {
  const { pages, plan } = context
  const present = data.pages.get(block)
  if (present !== undefined) return pages.writable(present, data, isWhole)
  const slot = pages.allocate(data, block)
  pages.deviceBlock[slot] = plan.deviceBlocks[block - first]
  if (!isWhole) pages.pool.bytes.fill(0, slot * PAGE_BYTES, (slot + 1) * PAGE_BYTES)
  return slot
}

function changed(context: DataContext, inode: LiveInode, end: number): void {
  const { now } = context
  context.env.wallTime(now)
  raiseAbove(now, inode)
  inode.setMtime(now.sec, now.nsec)
  inode.setCtime(now.sec, now.nsec)
  inode.change += 1
  inode.unlogged = true
  inode.lastWriteMs = context.env.monotonicMs()
  if (end > inode.size) inode.size = end
  context.writeBack.noteUnlogged(inode)
}

function both(first: Barrier | null, second: Barrier): Barrier {
  if (first === null) return second
  return {
    wait(done) {
      let left = 2
      let failed: Failure | null = null
      const one = (failure: Failure | null): void => {
        failed ??= failure
        if (--left === 0) done(failed)
      }
      first.wait(one)
      second.wait(one)
    },
  }
}

/** COMMIT: everything of the file that was acknowledged UNSTABLE is durable before the reply. */
export function commitFile(context: DataContext, op: Operation, inode: LiveInode): Failure | null {
  const wrongType = typeFailure(inode)
  if (wrongType !== null) return wrongType
  if (op.readOnly) return 'ROFS'
  holdFor(context, op, inode.lastLsn)
  const { data } = inode
  const { flushGate } = context.volume
  if (data !== null) op.barrier = both(op.barrier, context.writeBack.barrier(data, 0, Number.MAX_SAFE_INTEGER))
  else if (flushGate.hasUnflushed) {
    op.barrier = both(op.barrier, {
      wait: (done) =>
        flushGate.flush((error) => {
          if (error !== null) context.volume.fail(error)
          done(error === null ? null : 'IO')
        }),
    })
  }
  return null
}
