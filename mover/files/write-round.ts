import type { Failure } from '../failure.ts'
import type { ExtentRun } from '../volume/records/schema.ts'
import type { DataContext } from './data-volume.ts'
import type { FileData } from './file-data.ts'
import { PAGE } from './page-cache.ts'

const PAGE_BYTES = 4096
/** Pages of one device write. */
const PAGES_PER_WRITE = 256
/** So many clean pages between dirty ones are written with them: that costs less than a write more. */
const GAP_PAGES = 4
/** Pages of one round of a file's write-back. */
const PAGES_PER_ROUND = 16_384
/** A single short write is made durable by itself; otherwise a flush serves all. */
const DURABLE_WRITE_PAGES = 32
/** All blocks of a file. */
export const EVERYTHING = { first: 0, end: Number.MAX_SAFE_INTEGER, durable: false, isPiece: false }

/** Dirty blocks that somebody waits for. */
export interface WriteRequest {
  first: number
  /** Behind the last block. */
  end: number
  /** Wait until the data is durable; otherwise until it is on its way out of the cache. */
  durable: boolean
  /** They are given back, and what is dirty besides need not go with them. */
  isPiece: boolean
  done: (failure: Failure | null) => void
}

interface DeviceWrite {
  deviceBlock: number
  buffers: Uint8Array[]
  pages: number
}

/** What one round of a file's write-back has put on the device. */
export interface Round {
  slots: number[]
  writes: DeviceWrite[]
  /** New extents, of which the first `logged` are in the log. */
  runs: ExtentRun[]
  logged: number
  /** A record must tell of new extents or a new size. */
  fold: boolean
  /** All that was asked for is in this round. */
  complete: boolean
  /** The file's size that its pages reach up to. */
  size: number
}

/** Chooses the pages of a round, gives device blocks to those that have none, pins them all. */
export function gatherRound(context: DataContext, data: FileData, requests: readonly WriteRequest[]): Round {
  const { pages } = context
  const { inode } = data
  // Before the old end nothing depends on what lies behind it.
  const isPiece = requests.every(({ isPiece, end }) => isPiece && end * PAGE_BYTES <= inode.loggedSize)
  let size = !isPiece && context.mayGrow(inode.ino, inode.size) ? inode.size : inode.loggedSize
  let blocks: number[] = []
  // A file may lose its last name between the request and the round: then nothing is left to write or to log.
  const isGone = inode.removed || inode.nlink === 0
  let fold = !isGone && size !== inode.loggedSize
  for (const block of fold ? [] : wantedBlocks(data, requests)) {
    blocks.push(block)
    if (pages.deviceBlock[data.pages.get(block) as number] === 0) fold = true
  }
  // A record with a new size or extents must not pass older data of the same file, its old last block above all. That of a
  // piece does: others may have written there before what is older is on the device.
  if (fold && !isPiece) blocks = [...data.dirty]
  blocks.sort((a, b) => a - b)
  const complete = blocks.length <= PAGES_PER_ROUND
  if (!complete) {
    blocks.length = PAGES_PER_ROUND
    const written = (blocks[PAGES_PER_ROUND - 1] + 1) * PAGE_BYTES
    size = Math.min(size, Math.max(inode.loggedSize, written))
  }
  const round: Round = { slots: [], writes: [], runs: [], logged: 0, fold, complete, size }
  for (let i = 0; i < blocks.length; i++) {
    const slot = data.pages.get(blocks[i]) as number
    if (pages.deviceBlock[slot] === 0) allocate(context, data, round, blocks, i)
    if (i > 0 && canBridge(context, data, blocks[i - 1], blocks[i])) {
      for (let gap = blocks[i - 1] + 1; gap < blocks[i]; gap++) {
        take(context, data, round, gap, data.pages.get(gap) as number)
      }
    }
    take(context, data, round, blocks[i], slot)
  }
  return round
}

/** Device blocks for the run of delayed pages that starts at `blocks[i]`, as far as one free run reaches. */
function allocate(context: DataContext, data: FileData, round: Round, blocks: readonly number[], i: number): void {
  const { pages: cache, volume } = context
  let length = 1
  while (
    i + length < blocks.length &&
    blocks[i + length] === blocks[i] + length &&
    cache.deviceBlock[data.pages.get(blocks[i + length]) as number] === 0
  ) {
    length++
  }
  const before = data.pages.get(blocks[i] - 1)
  const behind = before === undefined ? 0 : cache.deviceBlock[before]
  const goal = behind === 0 ? data.nextGoal : behind + 1
  const run = volume.space.allocateData(length, goal)
  if (run === null) throw new Error('no data block is free although some are reserved')
  volume.space.unreserve(run.length)
  data.delayedBlocks -= run.length
  data.nextGoal = run.start + run.length
  for (let k = 0; k < run.length; k++) cache.deviceBlock[data.pages.get(blocks[i] + k) as number] = run.start + k
  const last = round.runs.at(-1)
  const follows =
    last !== undefined && last.fileBlock + last.length === blocks[i] && last.deviceBlock + last.length === run.start
  if (follows) last.length += run.length
  else round.runs.push({ fileBlock: blocks[i], deviceBlock: run.start, length: run.length })
}

/** True when one write can reach from file block `from` to `to`: what lies between is at hand, beside them, and ours to write. */
function canBridge({ pages, mayWrite }: DataContext, data: FileData, from: number, to: number): boolean {
  if (to - from - 1 > GAP_PAGES) return false
  const { deviceBlock, flags } = pages
  const first = deviceBlock[data.pages.get(from) as number] - from
  for (let block = from + 1; block <= to; block++) {
    const slot = data.pages.get(block)
    if (slot === undefined || (flags[slot] & PAGE.loading) !== 0 || deviceBlock[slot] - block !== first) return false
    if (block < to && !mayWrite(data.inode.ino, block)) return false
  }
  return true
}

function take({ pages: cache }: DataContext, data: FileData, round: Round, block: number, slot: number): void {
  const deviceBlock = cache.deviceBlock[slot]
  cache.setWriting(slot)
  cache.setClean(slot)
  data.dirty.delete(block)
  round.slots.push(slot)
  const write = round.writes.at(-1)
  if (write !== undefined && write.deviceBlock + write.pages === deviceBlock && write.pages < PAGES_PER_WRITE) {
    const lastSlot = round.slots[round.slots.length - 2]
    const tail = write.buffers[write.buffers.length - 1]
    if (lastSlot + 1 === slot) {
      write.buffers[write.buffers.length - 1] = new Uint8Array(tail.buffer, tail.byteOffset, tail.length + PAGE_BYTES)
    } else write.buffers.push(cache.pool.slot(slot))
    write.pages++
  } else round.writes.push({ deviceBlock, buffers: [cache.pool.slot(slot)], pages: 1 })
}

/** The dirty blocks that requests ask for: by their ranges where those are short, by a look at all where they are not. */
function wantedBlocks(data: FileData, requests: readonly WriteRequest[]): Iterable<number> {
  let asked = 0
  for (const { first, end } of requests) asked += end - first
  if (asked >= data.dirty.size) {
    if (requests.some(({ first, end }) => first === 0 && end === EVERYTHING.end)) return data.dirty
    return [...data.dirty].filter((block) => requests.some(({ first, end }) => block >= first && block < end))
  }
  const wanted = new Set<number>()
  for (const { first, end } of requests) {
    for (let block = first; block < end; block++) if (data.dirty.has(block)) wanted.add(block)
  }
  return wanted
}

/** True for what a single durable write can bring to the device. */
export function isOneShortWrite(round: Round): boolean {
  const [write] = round.writes
  return round.writes.length === 1 && write.buffers.length === 1 && write.pages <= DURABLE_WRITE_PAGES
}
