import { crc32 } from 'node:zlib'
import { BLOCK_BYTES } from './layout.ts'
import { get64, put64 } from './u64.ts'

/**
 * A batch is what one log write carries: a header, then records, padded to whole blocks.
 *
 *   0 magic  4 checksum (CRC-32 of header behind it, records; the padding is zero)  8 volume uuid (16)  24 term
 *   32 first LSN  40 record count  44 bytes of header and records  48 checksum of the batch before  52 domain  54 zero
 *   56 last LSN that was durable when it was written
 *   64 records: length of payload u32, type u8, 3 zero bytes, payload, padding to 4
 *
 * Records of a batch have consecutive LSNs and the batch's term and domain.
 */
export const BATCH_HEADER_BYTES = 64
export const RECORD_HEADER_BYTES = 8
const BATCH_MAGIC = 0x474f4c4b
const DOMAIN = 0

export interface BatchHeader {
  term: number
  firstLsn: number
  count: number
  bytes: number
  previousChecksum: number
  /** All up to this LSN was durable when the batch was written: a log that ends before it has lost something. */
  durableLsn: number
  checksum: number
}

/** Fills in the header of a batch whose records lie behind it, in `bytes` seen by `view`; returns the batch's checksum. */
export function sealBatch(
  bytes: Uint8Array,
  view: DataView,
  uuid: Uint8Array,
  header: Omit<BatchHeader, 'checksum'>,
): number {
  bytes.fill(0, 0, BATCH_HEADER_BYTES)
  view.setUint32(0, BATCH_MAGIC, true)
  bytes.set(uuid, 8)
  put64(view, 24, header.term)
  put64(view, 32, header.firstLsn)
  view.setUint32(40, header.count, true)
  view.setUint32(44, header.bytes, true)
  view.setUint32(48, header.previousChecksum, true)
  view.setUint16(52, DOMAIN, true)
  put64(view, 56, header.durableLsn)
  const checksum = crc32(new Uint8Array(bytes.buffer, bytes.byteOffset + 8, header.bytes - 8))
  view.setUint32(4, checksum, true)
  return checksum
}

/** Reads the header of a batch of this volume; null when there is none. Says nothing of the records behind it. */
export function readBatchHeader(bytes: Uint8Array, uuid: Uint8Array): BatchHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== BATCH_MAGIC) return null
  for (let i = 0; i < 16; i++) if (bytes[8 + i] !== uuid[i]) return null
  const length = view.getUint32(44, true)
  if (length < BATCH_HEADER_BYTES || view.getUint16(52, true) !== DOMAIN) return null
  return {
    term: get64(view, 24),
    firstLsn: get64(view, 32),
    count: view.getUint32(40, true),
    bytes: length,
    previousChecksum: view.getUint32(48, true),
    durableLsn: get64(view, 56),
    checksum: view.getUint32(4, true),
  }
}

/** True when the whole batch is as it was sealed. */
export function batchIsWhole(bytes: Uint8Array, header: BatchHeader): boolean {
  return header.bytes <= bytes.length && crc32(bytes.subarray(8, header.bytes)) === header.checksum
}

/** Blocks that a batch of `bytes` takes. */
export function batchBlocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES)
}

/** One record of a batch: its LSN, type and payload (a view). */
export interface LoggedRecord {
  lsn: number
  type: number
  payload: Uint8Array
}

/** Splits a whole batch into its records. Throws RangeError when their lengths do not add up. */
export function* recordsOf(bytes: Uint8Array, header: BatchHeader): Generator<LoggedRecord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, header.bytes)
  let at = BATCH_HEADER_BYTES
  for (let i = 0; i < header.count; i++) {
    if (at + RECORD_HEADER_BYTES > header.bytes) throw new RangeError('a log record lies outside its batch')
    const length = view.getUint32(at, true)
    const from = at + RECORD_HEADER_BYTES
    if (from + length > header.bytes) throw new RangeError('a log record is longer than its batch')
    yield { lsn: header.firstLsn + i, type: bytes[at + 4], payload: bytes.subarray(from, from + length) }
    at = from + Math.ceil(length / 4) * 4
  }
  if (at !== header.bytes) throw new RangeError('a log batch is longer than its records')
}
