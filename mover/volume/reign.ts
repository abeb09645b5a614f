import type { FoundLog } from './log-reader.ts'
import { segmentsOf } from './log-reader.ts'
import type { LogPosition, Superblock } from './superblock.ts'

/** Segments that a reign leaves unassigned, so that its successor has some that it could never write. */
const LEFT_FOR_SUCCESSOR = 4

/**
 * Enters a new reign into the superblock: a term above every other, and log segments that no reign whose records still
 * count could write. Nothing may be logged before this superblock is durable. Returns the segments in order.
 */
export function beginReign(
  superblock: Superblock,
  found: FoundLog,
  leastTerm: number,
): { term: number; segments: number[] } {
  const terms = superblock.reigns.map((reign) => reign.term)
  const term = Math.max(superblock.term, leastTerm - 1, ...terms) + 1
  superblock.reigns = superblock.reigns.filter((reign) => reign.term > superblock.term && found.terms.has(reign.term))
  const live = [superblock.term, ...superblock.reigns.map((reign) => reign.term)]
  const free: number[] = []
  for (const [index, assignment] of superblock.segments.entries()) {
    if (live.includes(assignment.term) && assignment.term !== 0) continue
    superblock.segments[index] = { term: 0, sequence: 0 }
    free.push(index)
  }
  if (free.length === 0) free.push(...reclaim(superblock, found))
  const segments = free.slice(0, Math.max(1, free.length - LEFT_FOR_SUCCESSOR))
  for (const [sequence, index] of segments.entries()) superblock.segments[index] = { term, sequence }
  superblock.reigns.push({
    term,
    firstSegment: segments[0],
    predecessorLsn: found.lastLsn,
    predecessorChecksum: found.lastChecksum,
  })
  return { term, segments }
}

/**
 * When reign after reign crashed before its first checkpoint, every segment belongs to one that counts; then those that
 * hold no record that counts are taken. Their owners are fenced.
 */
function reclaim(superblock: Superblock, found: FoundLog): number[] {
  const free: number[] = []
  for (const index of superblock.segments.keys()) {
    if (found.segments.has(index) || index === superblock.log.segment) continue
    if (superblock.reigns.some((reign) => reign.firstSegment === index)) continue
    superblock.segments[index] = { term: 0, sequence: 0 }
    free.push(index)
  }
  if (free.length === 0) throw new Error('no log segment is free for a new reign')
  return free
}

/**
 * A checkpoint moves replay's start to `position` in the log of `term`: what lies before is free again and goes, but for
 * the successor's share, to the end of this reign's segments. Returns the segments added, in order.
 */
export function reassignSegments(superblock: Superblock, term: number, position: LogPosition): number[] {
  const mine = segmentsOf(superblock, term)
  const live = new Set(mine.slice(mine.indexOf(position.segment)))
  let sequence = Math.max(-1, ...mine.map((index) => superblock.segments[index].sequence)) + 1
  const free = [...superblock.segments.keys()].filter((index) => !live.has(index))
  for (const index of free) superblock.segments[index] = { term: 0, sequence: 0 }
  const added = free.slice(0, Math.max(0, free.length - LEFT_FOR_SUCCESSOR))
  for (const index of added) superblock.segments[index] = { term, sequence: sequence++ }
  superblock.reigns = superblock.reigns.filter((reign) => reign.term >= term)
  return added
}
