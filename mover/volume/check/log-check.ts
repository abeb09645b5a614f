import { type BlockDevice, DeviceError } from '../../store/device.ts'
import { type Task, wait } from '../../task.ts'
import { REPLAY_BLOCK_HEADER_BYTES, readReplayBlock } from '../checkpoint.ts'
import { BLOCK_BYTES } from '../layout.ts'
import { batchIsWhole, readBatchHeader, recordsOf } from '../log-batch.ts'
import { type FoundLog, findBatches, LogDamage, LogSegments, segmentsOf } from '../log-reader.ts'
import { decodeRecord } from '../records/codec.ts'
import { RECORD_NAMES } from '../records/schema.ts'
import { getReplayEntry, REPLAY_ENTRY_BYTES } from '../replay-table.ts'
import type { Superblock } from '../superblock.ts'
import type { Findings } from './findings.ts'
import type { SpaceMap } from './space-map.ts'

/** Follows the log from the last checkpoint as replay does. Null, with a problem told, when it cannot be replayed. */
export function* checkLog(device: BlockDevice, superblock: Superblock, findings: Findings): Task<FoundLog | null> {
  const segments = new LogSegments(device, superblock)
  let found: FoundLog
  let lost: { lsn: number; block: number } | null
  try {
    found = yield* findBatches(superblock, segments)
    lost = yield* lostBatch(superblock, segments, found)
  } catch (error) {
    if (error instanceof LogDamage) findings.problem(`the log is damaged: ${error.message}`)
    else if (error instanceof DeviceError) findings.problem(`the log cannot be read: ${error.message}`)
    else throw error
    return null
  }
  if (lost !== null) {
    findings.problem(
      `the log is damaged: it ends at record ${found.lastLsn}, and record ${lost.lsn} of the same term is still there at block ${lost.block}`,
    )
  }
  return checkRecords(found, findings) ? found : null
}

/**
 * A whole batch of the last reign that lies behind the end of the chain and was written when more than the chain holds
 * was durable: something in between has been lost. (A few batches are on their way at a time, in any order: of those a
 * crash may leave later ones without earlier ones.)
 */
function* lostBatch(
  sb: Superblock,
  segments: LogSegments,
  found: FoundLog,
): Task<{ lsn: number; block: number } | null> {
  const { logBlock, logSegmentBlocks } = sb.geometry
  const term = sb.reigns.reduce((last, reign) => Math.max(last, reign.term), sb.term)
  for (const segment of segmentsOf(sb, term)) {
    const whole = yield* segments.bytes(segment)
    for (let offset = 0; offset < logSegmentBlocks; offset++) {
      const bytes = whole.subarray(offset * BLOCK_BYTES)
      const header = readBatchHeader(bytes, sb.uuid)
      if (header === null || header.term !== term || header.durableLsn <= found.lastLsn) continue
      if (batchIsWhole(bytes, header)) {
        return { lsn: header.firstLsn, block: logBlock + segment * logSegmentBlocks + offset }
      }
    }
  }
  return null
}

function checkRecords(found: FoundLog, findings: Findings): boolean {
  const before = findings.problemCount
  for (const { header, bytes } of found.batches) {
    try {
      for (const { lsn, type, payload } of recordsOf(bytes, header)) {
        const name = RECORD_NAMES.get(type)
        if (name === undefined) findings.problem(`log record ${lsn} has the unknown type ${type}`)
        else decodeRecord(name, payload)
      }
    } catch (error) {
      findings.problem(
        `the log batch that begins with record ${header.firstLsn} cannot be read: ${(error as Error).message}`,
      )
    }
  }
  return findings.problemCount === before
}

/** Follows the chain of replay records, enters its blocks as used and returns them. */
export function* checkReplays(
  device: BlockDevice,
  superblock: Superblock,
  space: SpaceMap,
  findings: Findings,
): Task<number[]> {
  const blocks: number[] = []
  let count = 0
  const bytes = device.allocatePages(1)
  for (let block = superblock.replayBlock; block !== 0; ) {
    if (!space.isInside(block, 1)) {
      findings.problem(`the chain of replay records leads to block ${block}, beyond the end of the volume`)
      return blocks
    }
    const type = space.typeAt(block)
    if (type !== null && type !== 'metadata')
      findings.problem(`the replay records at block ${block} lie in a ${type} chunk`)
    if (!space.use(block, 1)) {
      findings.problem(`the chain of replay records reaches block ${block}, which has another owner`)
      return blocks
    }
    let page: ReturnType<typeof readReplayBlock>
    try {
      const offset = block * BLOCK_BYTES
      yield* wait((resume) => device.read(offset, bytes, resume))
      page = readReplayBlock(bytes)
    } catch (error) {
      findings.problem(`the replay records at block ${block} cannot be read: ${(error as Error).message}`)
      return blocks
    }
    if (page === null || page.count === 0) {
      findings.problem(`the replay records at block ${block} are damaged`)
      return blocks
    }
    for (let i = 0; i < page.count; i++) {
      const entry = getReplayEntry(page.view, REPLAY_BLOCK_HEADER_BYTES + i * REPLAY_ENTRY_BYTES)
      if (Number.isFinite(entry.timeSec) && Number.isSafeInteger(entry.objectIno)) continue
      findings.problem(`replay record ${i} of block ${block} is damaged`)
    }
    blocks.push(block)
    count += page.count
    block = page.next
  }
  if (count !== superblock.replayCount) {
    findings.problem(`the chain of replay records holds ${count}, and the superblock says ${superblock.replayCount}`)
  }
  return blocks
}
