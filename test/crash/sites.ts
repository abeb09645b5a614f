import { BLOCK_BYTES, bitmapBlock, bitmapBlocks, CHUNK_TYPE, geometryFor } from '../../mover/volume/layout.ts'
import { BATCH_HEADER_BYTES, type BatchHeader, recordsOf } from '../../mover/volume/log-batch.ts'
import { RECORD_NAMES } from '../../mover/volume/records/schema.ts'
import type { Space } from '../../mover/volume/space.ts'
import { NODE_MAGIC } from '../../mover/volume/tree/node-layout.ts'

/** Where the product writes on a volume: what crash points are counted by. */
export const SITES = [
  'superblock',
  'chunk table',
  'log batch',
  'bitmap',
  'tree node',
  'replay block',
  'data in place',
  'data new',
] as const
export type Site = (typeof SITES)[number]

/** Separates a log batch's label from the names of its records. */
const RECORDS_BEHIND = ': '

/** The label of a write: its site, and of a log batch the records in it. `space` is that of the volume as it runs. */
export function labelOf(sizeBytes: number, space: Space | null, offset: number, bytes: Uint8Array): string {
  const g = geometryFor(sizeBytes)
  const block = offset / BLOCK_BYTES
  if (block < 2 || block >= g.deviceBlocks - 2) return 'superblock'
  const logEnd = g.logBlock + g.logSegmentBlocks * g.logSegmentCount
  if (block >= g.logBlock && block < logEnd) return logLabel(bytes)
  if (block >= g.tableBlock && block < g.tableBlock + 2 * g.tableBlocksPerSlot) return 'chunk table'
  const chunk = Math.floor(block / g.chunkBlocks)
  const bitmap = bitmapBlock(g, chunk, 0)
  if (block >= bitmap && block < bitmap + 2 * bitmapBlocks(g)) return 'bitmap'
  const magic = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  if (magic === NODE_MAGIC) return 'tree node'
  // While a volume is being opened nobody writes file data.
  if (space === null || space.typeOf(chunk) === CHUNK_TYPE.meta) return 'replay block'
  return space.owned(block) ? 'data in place' : 'data new'
}

function logLabel(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const header = { firstLsn: 0, count: view.getUint32(40, true), bytes: view.getUint32(44, true) } as BatchHeader
  if (header.bytes < BATCH_HEADER_BYTES) return ''
  const names = new Set<string>()
  for (const record of recordsOf(bytes.subarray(0, header.bytes), header)) {
    names.add(RECORD_NAMES.get(record.type) ?? `type ${record.type}`)
  }
  return `log batch${RECORDS_BEHIND}${[...names].join(',')}`
}

/** Site and record names of a label; the site of a flush is ''. */
export function partsOf(label: string): { site: string; records: string[] } {
  const at = label.indexOf(RECORDS_BEHIND)
  if (at < 0) return { site: label, records: [] }
  return { site: label.slice(0, at), records: label.slice(at + RECORDS_BEHIND.length).split(',') }
}
