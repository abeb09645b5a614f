import type { BlockDevice } from '../../store/device.ts'
import type { Task } from '../../task.ts'
import { readBlocks } from '../device-io.ts'
import { BLOCK_BYTES, bitmapBlocks, chunkCountFor, chunkTableCapacity, type Geometry, TREE_ID } from '../layout.ts'
import { NAME_FOLD_VERSION } from '../names.ts'
import { decodeSuperblock, type Superblock, SuperblockError } from '../superblock.ts'
import { type Findings, plural } from './findings.ts'

/** Blocks at the end of a device that are too few for a chunk. */
const LEAST_CHUNK_BLOCKS = 16

/** One of the four places of a superblock. */
interface Copy {
  block: number
  slot: number
  bytes: Uint8Array
  superblock: Superblock | null
}

/**
 * Checks all four copies of the superblock and returns the newest. A copy that is missing or older is a note where a
 * crash explains it. Null, with a problem told, when the volume cannot be checked any further.
 */
export function* checkSuperblocks(device: BlockDevice, findings: Findings): Task<Superblock | null> {
  const deviceBlocks = Math.floor(device.sizeBytes / BLOCK_BYTES)
  if (deviceBlocks < 4) {
    findings.problem(`${device.name} is too small to hold a volume`)
    return null
  }
  const copies: Copy[] = []
  try {
    copies.push(...decodeTwo(yield* readBlocks(device, 0, 2), 0))
    const front = newestOf(copies)
    const end = front === null ? deviceBlocks : front.geometry.deviceBlocks
    if (end >= 4 && end <= deviceBlocks) copies.push(...decodeTwo(yield* readBlocks(device, end - 2, 2), end - 2))
  } catch (error) {
    findings.problem(`the superblocks cannot be read: ${(error as Error).message}`)
    return null
  }
  const newest = newestOf(copies)
  if (newest === null) {
    findings.problem(`${device.name} holds no Lockkeeper volume`)
    return null
  }
  checkCopies(copies, newest, findings)
  const before = findings.problemCount
  checkGeometry(newest.geometry, deviceBlocks, findings)
  if (findings.problemCount > before) return null
  checkTables(newest, findings)
  const canGoOn =
    newest.nameFold === NAME_FOLD_VERSION &&
    newest.tableSlot <= 1 &&
    newest.segments.length === newest.geometry.logSegmentCount
  return canGoOn ? newest : null
}

function decodeTwo(bytes: Uint8Array, first: number): Copy[] {
  return [0, 1].map((slot) => {
    const part = bytes.subarray(slot * BLOCK_BYTES, (slot + 1) * BLOCK_BYTES)
    try {
      return { block: first + slot, slot, bytes: part, superblock: decodeSuperblock(part) }
    } catch (error) {
      throw error instanceof SuperblockError ? new Error(`block ${first + slot}: ${error.message}`) : error
    }
  })
}

function newestOf(copies: readonly Copy[]): Superblock | null {
  let newest: Superblock | null = null
  for (const { superblock } of copies) {
    if (superblock !== null && (newest === null || superblock.generation > newest.generation)) newest = superblock
  }
  return newest
}

function checkCopies(copies: readonly Copy[], newest: Superblock, findings: Findings): void {
  const newestSlot = newest.generation % 2
  for (const slot of [newestSlot, 1 - newestSlot]) {
    const expected = slot === newestSlot ? newest.generation : newest.generation - 1
    const pair = copies.filter((copy) => copy.slot === slot)
    const current = pair.filter(({ superblock }) => superblock?.generation === expected)
    for (const copy of pair) checkCopy(copy, newest, expected, findings)
    if (current.length === 2 && Buffer.compare(current[0].bytes, current[1].bytes) !== 0) {
      findings.problem(
        `the two superblocks of generation ${expected} (blocks ${current[0].block} and ${current[1].block}) differ`,
      )
    }
    const valid = pair.filter(({ superblock }) => superblock !== null)
    if (valid.length === 2 && current.length === 0) {
      findings.problem(
        `both superblocks in slot ${slot} are older than generation ${expected}: a write of them has been lost`,
      )
    }
  }
}

function checkCopy(copy: Copy, newest: Superblock, expected: number, findings: Findings): void {
  const { block, slot, superblock } = copy
  if (superblock === null) {
    if (expected === 0) return
    findings.note(
      `block ${block} holds no whole superblock (generation ${expected} belongs there): a crash while it was being written leaves that`,
    )
    return
  }
  const { generation, geometry } = superblock
  if (superblock.uuid.some((byte, i) => byte !== newest.uuid[i])) {
    findings.problem(`block ${block} holds the superblock of another volume`)
    return
  }
  if (generation % 2 !== slot) {
    findings.problem(
      `block ${block} holds the superblock of generation ${generation}, which belongs into the other slot`,
    )
  } else if (generation < expected) {
    findings.note(
      `block ${block} holds the superblock of generation ${generation} instead of ${expected}: a crash before it was written leaves that`,
    )
  }
  const now = newest.geometry
  if (geometry.deviceBlocks < now.deviceBlocks) {
    findings.note(`the superblock at block ${block} is from before the volume grew`)
  } else if (geometry.deviceBlocks > now.deviceBlocks || !sameShape(geometry, now)) {
    findings.problem(`the superblock at block ${block} describes another layout than the newest one`)
  }
  if (superblock.nameSecret.some((byte, i) => byte !== newest.nameSecret[i])) {
    findings.problem(`the superblock at block ${block} has another secret for the hashes of names than the newest one`)
  }
}

function sameShape(a: Geometry, b: Geometry): boolean {
  return (Object.keys(a) as (keyof Geometry)[]).every((key) => a[key] === b[key])
}

function checkGeometry(g: Geometry, deviceBlocks: number, findings: Findings): void {
  const wrong = (what: string): void => findings.problem(`the superblock describes an impossible layout: ${what}`)
  if (g.deviceBlocks > deviceBlocks) {
    findings.problem(`the volume was made for ${plural(g.deviceBlocks, 'block')}, and the device has ${deviceBlocks}`)
  } else if (g.deviceBlocks + LEAST_CHUNK_BLOCKS <= deviceBlocks) {
    findings.note(
      `the device has ${plural(deviceBlocks - g.deviceBlocks, 'block')} more than the volume uses: lockkeeper grow takes them`,
    )
  }
  if (g.chunkBlocks < 256 || !Number.isInteger(Math.log2(g.chunkBlocks))) {
    wrong(`chunks of ${g.chunkBlocks} blocks`)
    return
  }
  const chunkCount = chunkCountFor(g.deviceBlocks, g.chunkBlocks)
  if (g.chunkCount !== chunkCount) wrong(`${g.chunkCount} chunks where ${chunkCount} fit`)
  if (g.chunkCount > chunkTableCapacity(g)) wrong(`${g.chunkCount} chunks in a table for ${chunkTableCapacity(g)}`)
  const behindTable = g.tableBlock + 2 * g.tableBlocksPerSlot
  if (g.tableBlock < 3 || behindTable > g.systemBlocks) {
    wrong(`the chunk table at block ${g.tableBlock} and ${g.systemBlocks} blocks for all tables`)
  }
  if (g.systemBlocks + 2 * bitmapBlocks(g) >= g.chunkBlocks) wrong(`${g.systemBlocks} blocks of tables in chunk 0`)
  const logEnd = g.logBlock + g.logSegmentBlocks * g.logSegmentCount
  const isLogInFront = g.logBlock >= behindTable && logEnd <= g.systemBlocks
  const isLogInChunks = g.logBlock === g.chunkBlocks && logEnd <= g.deviceBlocks - 2
  if (g.logSegmentBlocks < 1 || g.logSegmentCount < 4 || g.logSegmentCount > 128 || (!isLogInFront && !isLogInChunks)) {
    wrong(`a log of ${g.logSegmentCount} segments of ${g.logSegmentBlocks} blocks at block ${g.logBlock}`)
  }
}

function checkTables(sb: Superblock, findings: Findings): void {
  const { geometry: g, log } = sb
  const wrong = (what: string): void => findings.problem(`the superblock says that ${what}`)
  if (sb.nameFold !== NAME_FOLD_VERSION) {
    wrong(`names are hashed by version ${sb.nameFold}, and this program knows ${NAME_FOLD_VERSION} only`)
  }
  if (sb.ownerBlock < 2 || sb.ownerBlock >= g.tableBlock) wrong(`the owner block is block ${sb.ownerBlock}`)
  if (sb.tableSlot > 1) wrong(`the chunk table is in slot ${sb.tableSlot}`)
  for (const { id, root } of sb.trees) {
    if (id !== TREE_ID.main) wrong(`there is a tree ${id}, which this program does not know`)
    if (root >= g.deviceBlocks) wrong(`tree ${id} has its root at block ${root}, beyond the end of the volume`)
  }
  if (sb.trees.filter(({ id }) => id === TREE_ID.main).length > 1) wrong('the main tree has two roots')
  if (sb.replayBlock === 0 ? sb.replayCount !== 0 : sb.replayCount === 0 || sb.replayBlock >= g.deviceBlocks) {
    wrong(`${plural(sb.replayCount, 'replay record')} begin at block ${sb.replayBlock}`)
  }
  if (sb.segments.length !== g.logSegmentCount) {
    wrong(`${sb.segments.length} of ${g.logSegmentCount} log segments are assigned`)
    return
  }
  if (log.segment >= g.logSegmentCount || log.offset > g.logSegmentBlocks) {
    wrong(`replay starts at block ${log.offset} of log segment ${log.segment}`)
  } else if (sb.term !== 0 && sb.segments[log.segment].term !== sb.term) {
    wrong(`replay starts in log segment ${log.segment}, which does not belong to term ${sb.term}`)
  }
  checkReigns(sb, wrong)
}

function checkReigns(sb: Superblock, wrong: (what: string) => void): void {
  const places = new Set<string>()
  for (const [index, { term, sequence }] of sb.segments.entries()) {
    if (term === 0) continue
    if (places.has(`${term}.${sequence}`)) wrong(`log segment ${index} has the place of another one in term ${term}`)
    places.add(`${term}.${sequence}`)
  }
  if (sb.segments.every(({ term }) => term !== 0)) wrong('no log segment is left for a new reign')
  let before = 0
  for (const { term, firstSegment, predecessorLsn } of sb.reigns) {
    if (term <= before) wrong(`term ${term} began after term ${before}`)
    before = term
    if (term <= sb.term) continue
    if (sb.segments[firstSegment]?.term !== term)
      wrong(`term ${term} began in log segment ${firstSegment}, which is not its own`)
    if (predecessorLsn < sb.lsn)
      wrong(`term ${term} began behind record ${predecessorLsn}, before the checkpoint at ${sb.lsn}`)
  }
}
