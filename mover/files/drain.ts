import type { Drain } from '../authority/governed.ts'
import type { Leaving, Piece } from '../locks/held-tokens.ts'
import { Suspend } from '../suspend.ts'
import { BLOCK_BYTES } from '../volume/layout.ts'
import type { DataContext } from './data-volume.ts'
import type { LiveInode } from './live-inode.ts'
import { piecesOf } from './pieces.ts'

/**
 * True when blocks are behind the end of the file as the log has it, and this mover has lengthened it. Others who write there,
 * before its end or behind, must not lose what they write if this mover dies, nor make bytes behind the old end part of the
 * file, which this mover has not overwritten on the device: its growth is committed first.
 */
function isGrowth(context: DataContext, inode: LiveInode, end: number): boolean {
  const { ino, size, loggedSize, removed, nlink } = inode
  if (size <= loggedSize || removed || nlink === 0) return false
  return end * BLOCK_BYTES > loggedSize && context.mayGrow(ino, size)
}

/** What has been told of a file, and not been answered: who may still have to tell it again must hold this until then. */
export interface Unanswered {
  readonly blocks: Iterable<number>
  /** All blocks from here on. */
  readonly from: number
}

/** A piece is an eighth of what may be dirty at most, so that a slow device brings some of them to others in a lease. */
const PIECES_OF_DIRTY = 8
/** Smaller ones are not worth a message. */
const LEAST_BLOCKS = 64

const NOTHING: Unanswered = { blocks: [], from: Number.POSITIVE_INFINITY }

/** In which pieces a part of a token is drained: see `piecesOf`. */
export function drainedPieces(
  context: DataContext,
  inode: LiveInode | undefined,
  part: Leaving,
  unanswered: Unanswered = NOTHING,
): Piece[] {
  const data = inode?.data ?? null
  const blocks = new Set(unanswered.blocks)
  let growsFrom = unanswered.from
  if (data !== null) {
    data.noteUnwritten(part.start, part.end, blocks)
    const { inode } = data
    if (isGrowth(context, inode, part.end)) {
      growsFrom = Math.min(growsFrom, Math.floor(inode.loggedSize / BLOCK_BYTES))
    }
  }
  const mostBlocks = Math.max(LEAST_BLOCKS, Math.floor(context.pages.dirtyLimit / PIECES_OF_DIRTY))
  return piecesOf(part, part.first, { blocks: [...blocks].sort((a, b) => a - b), growsFrom }, mostBlocks)
}

/**
 * Drains a part of a token, at whichever mover: brings what is dirty in the part to the device, waits until no I/O of it is
 * under way, forgets its pages but those that may stay. `done` is called later, never before this returns.
 */
export function drainPages(
  context: DataContext,
  inodeOf: () => LiveInode | undefined,
  { part, mayKeep }: Drain,
  done: () => void,
): void {
  const { env, writeBack } = context
  const { start, end } = part
  const attempt = (): void => {
    const data = inodeOf()?.data ?? null
    if (data !== null) {
      if (data.hasDirtyIn(start, end) || isGrowth(context, data.inode, end)) {
        writeBack.writePiece(data, start, end, () => env.defer(attempt))
        return
      }
      try {
        data.checkQuietIn(start, end)
      } catch (error) {
        if (!(error instanceof Suspend)) throw error
        error.wait(() => env.defer(attempt))
        return
      }
      data.dropClean(start, end, (block) => mayKeep({ start: block, end: block + 1 }))
    }
    done()
  }
  env.defer(attempt)
}
