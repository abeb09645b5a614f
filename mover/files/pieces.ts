import type { Piece } from '../locks/held-tokens.ts'
import { overlap, type Span, without } from '../locks/token.ts'

/** Blocks of one piece that must be written: a few large device writes. */
const PIECE_BLOCKS = 1024

/** What of a file must be written, or is under way, before others may have it. */
export interface Unwritten {
  /** File blocks, in order. */
  readonly blocks: readonly number[]
  /** From here on all blocks are held by growth of the file that is not committed; infinite: there is none. */
  readonly growsFrom: number
}

/**
 * In which pieces a part of a token is given back: what needs no writing at once, the rest in turn, each as soon as it is on
 * the device: what somebody waits for (`first`) before all else. Where that is in the only piece to be written all goes with
 * it, so that a revocation has one answer.
 */
export function piecesOf(part: Span, first: Span, dirty: Unwritten, mostBlocks = PIECE_BLOCKS): Piece[] {
  const unwritten = spansOf(part, first, dirty, Math.min(mostBlocks, PIECE_BLOCKS))
  const isOne = unwritten.length === 0 || (unwritten.length === 1 && overlap(unwritten[0], first))
  if (isOne) return [{ start: part.start, end: part.end, inTurn: false }]
  let clean: Span[] = [{ start: part.start, end: part.end }]
  for (const span of unwritten) clean = clean.flatMap((rest) => without(rest, span))
  const isWanted = (span: Span): boolean => overlap(span, first)
  const inTurn = [...unwritten.filter(isWanted), ...unwritten.filter((span) => !isWanted(span))]
  return [...clean.map((span) => ({ ...span, inTurn: false })), ...inTurn.map((span) => ({ ...span, inTurn: true }))]
}

/** Spans of not too many blocks that must be written, in order; what is clean between two of a span goes with them. */
function spansOf(part: Span, first: Span, { blocks, growsFrom }: Unwritten, mostBlocks: number): Span[] {
  const spans: Span[] = []
  let count = 0
  let region = -1
  for (const block of blocks) {
    if (block < part.start || block >= part.end || block >= growsFrom) continue
    // A piece has nothing else where somebody waits for some of it.
    const here = block < first.start ? 0 : block < first.end ? 1 : 2
    const last = spans.at(-1)
    if (last === undefined || here !== region || count === mostBlocks) {
      spans.push({ start: block, end: block + 1 })
      count = 0
    } else last.end = block + 1
    region = here
    count++
  }
  if (growsFrom < part.end) spans.push({ start: Math.max(part.start, growsFrom), end: part.end })
  return spans
}
