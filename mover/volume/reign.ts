import type { FoundLog } from './log-reader.ts'
import { segmentsOf } from './log-reader.ts'
import { type LogPosition, type Superblock, SuperblockError } from './superblock.ts'

/** Segments that a checkpoint leaves unassigned: the next reign begins in one that none whose records count could write. */
const LEFT_FOR_SUCCESSOR = 4

/** The term of the last reign that the superblock knows. */
export function lastTermOf(superblock: Superblock): number {
  return Math.max(superblock.term, ...superblock.reigns.map((reign) => reign.term))
}

/**
 * Enters a new reign into the superblock: a term above every other, and one log segment that no reign whose records still
 * count could write. Nothing may be logged before this superblock is durable. Throws SuperblockError when no segment is
 * free, which only damage can bring about: the log takes no record while it has a single segment, so that a reign that
 * ends before its first checkpoint has logged nothing, and its segment is free for the next one.
 */
export function beginReign(
  superblock: Superblock,
  found: FoundLog,
  leastTerm: number,
): { term: number; segment: number } {
  const term = Math.max(lastTermOf(superblock), leastTerm - 1) + 1
  superblock.reigns = superblock.reigns.filter((reign) => reign.term > superblock.term && found.terms.has(reign.term))
  const live = [superblock.term, ...superblock.reigns.map((reign) => reign.term)]
  for (const [index, assignment] of superblock.segments.entries()) {
    if (!live.includes(assignment.term)) superblock.segments[index] = { term: 0, sequence: 0 }
  }
  const segment = superblock.segments.findIndex((assignment) => assignment.term === 0)
  if (segment < 0) throw new SuperblockError('the superblock leaves no log segment for a new reign')
  superblock.segments[segment] = { term, sequence: 0 }
  superblock.reigns.push({
    term,
    firstSegment: segment,
    predecessorLsn: found.lastLsn,
    predecessorChecksum: found.lastChecksum,
  })
  return { term, segment }
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
