import type { BlockDevice } from '../store/device.ts'
import type { Task } from '../task.ts'
import { readBlocks } from './device-io.ts'
import { BLOCK_BYTES } from './layout.ts'
import { BATCH_HEADER_BYTES, type BatchHeader, batchBlocks, batchIsWhole, readBatchHeader } from './log-batch.ts'
import type { Superblock } from './superblock.ts'

/** The log does not lead to where a later reign says that it began: acknowledged changes are missing. */
export class LogDamage extends Error {}

/** A whole batch that replay must apply. */
export interface FoundBatch {
  header: BatchHeader
  /** The batch, header first. */
  bytes: Uint8Array
}

/** What was found behind the last checkpoint. */
export interface FoundLog {
  batches: FoundBatch[]
  lastLsn: number
  lastChecksum: number
  /** Terms that wrote at least one of the batches. */
  terms: Set<number>
}

/** The segments of a log, each read when it is first asked for: mostly one or two of them have something to replay. */
export class LogSegments {
  readonly #device: BlockDevice
  readonly #superblock: Superblock
  readonly #read = new Map<number, Uint8Array>()

  constructor(device: BlockDevice, superblock: Superblock) {
    this.#device = device
    this.#superblock = superblock
  }

  *bytes(segment: number): Task<Uint8Array> {
    let bytes = this.#read.get(segment)
    if (bytes === undefined) {
      const { logBlock, logSegmentBlocks } = this.#superblock.geometry
      bytes = yield* readBlocks(this.#device, logBlock + segment * logSegmentBlocks, logSegmentBlocks)
      this.#read.set(segment, bytes)
    }
    return bytes
  }
}

/**
 * Follows the log from the last checkpoint, reign by reign: each only to the LSN that its successor names, the last one
 * to the first break in its chain. Throws LogDamage when a reign does not reach its successor's beginning.
 */
export function* findBatches(superblock: Superblock, segments: LogSegments): Task<FoundLog> {
  const found: FoundLog = {
    batches: [],
    lastLsn: superblock.lsn,
    lastChecksum: superblock.log.checksum,
    terms: new Set(),
  }
  const later = superblock.reigns.filter((reign) => reign.term > superblock.term).sort((a, b) => a.term - b.term)
  let { segment, offset } = superblock.log
  let term = superblock.term
  for (let i = 0; ; i++) {
    const successor = later[i]
    yield* followReign(
      superblock,
      segments,
      { term, segment, offset },
      successor?.predecessorLsn ?? Number.MAX_SAFE_INTEGER,
      found,
    )
    if (successor === undefined) return found
    if (found.lastLsn !== successor.predecessorLsn || found.lastChecksum !== successor.predecessorChecksum) {
      throw new LogDamage(
        `the log ends at record ${found.lastLsn}, but term ${successor.term} began behind record ${successor.predecessorLsn}`,
      )
    }
    term = successor.term
    segment = successor.firstSegment
    offset = 0
  }
}

function* followReign(
  superblock: Superblock,
  segments: LogSegments,
  from: { term: number; segment: number; offset: number },
  limitLsn: number,
  found: FoundLog,
): Task<void> {
  const order = segmentsOf(superblock, from.term)
  let at = order.indexOf(from.segment)
  if (at < 0) return
  let { offset } = from
  while (found.lastLsn < limitLsn) {
    let batch = batchAt(superblock, yield* segments.bytes(order[at]), offset, from.term, found)
    if (batch === null && offset > 0 && at + 1 < order.length) {
      batch = batchAt(superblock, yield* segments.bytes(order[at + 1]), 0, from.term, found)
      if (batch !== null) {
        at++
        offset = 0
      }
    }
    if (batch === null) return
    const lastLsn = batch.header.firstLsn + batch.header.count - 1
    if (lastLsn > limitLsn) return
    found.batches.push(batch)
    found.lastLsn = lastLsn
    found.lastChecksum = batch.header.checksum
    found.terms.add(from.term)
    offset += batchBlocks(batch.header.bytes)
  }
}

/** The next batch of the chain, if it lies whole at this place. */
function batchAt(
  superblock: Superblock,
  segment: Uint8Array,
  offset: number,
  term: number,
  found: FoundLog,
): FoundBatch | null {
  const { logSegmentBlocks } = superblock.geometry
  const left = (logSegmentBlocks - offset) * BLOCK_BYTES
  if (left < BATCH_HEADER_BYTES) return null
  const bytes = segment.subarray(offset * BLOCK_BYTES)
  const header = readBatchHeader(bytes, superblock.uuid)
  if (header === null || header.term !== term || header.firstLsn !== found.lastLsn + 1 || header.count === 0)
    return null
  if (header.previousChecksum !== found.lastChecksum || !batchIsWhole(bytes, header)) return null
  return { header, bytes: bytes.subarray(0, header.bytes) }
}

/** The segments of a reign in the order of their use. */
export function segmentsOf(superblock: Superblock, term: number): number[] {
  if (term === 0) return []
  return superblock.segments
    .map((assignment, index) => ({ ...assignment, index }))
    .filter((assignment) => assignment.term === term)
    .sort((a, b) => a.sequence - b.sequence)
    .map((assignment) => assignment.index)
}
