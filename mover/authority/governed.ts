import type { answer, block_map, call, extent, run, written } from '../../protocol/moverlock/moverlock.gen.ts'
import type { Failure } from '../failure.ts'
import type { Leaving, Piece } from '../locks/held-tokens.ts'
import type { Span } from '../locks/token.ts'
import type { LockNotes } from './primary-locks.ts'

/** A file as it is told to a mover that gets a token. */
export interface Described {
  /** `INODE_BYTES`, valid during the call. */
  value: Uint8Array
  /** What it shows is durable when the log is, up to here. */
  lsn: number
}

/** A part of a token that the mover gives back. */
export interface Drain {
  part: Leaving
  /** True when pages of the span are covered by another token and may stay. */
  mayKeep(span: Span): boolean
}

/**
 * The files of one volume at its primary, as its authority sees them. Methods that may throw `Suspend` have changed nothing
 * then; those that return an LSN have logged something that is durable up to there.
 */
export interface GovernedFiles extends LockNotes {
  /** Blocks that one mover has reserved at most. */
  readonly mostReserved: number
  /** Something of the file is in this mover's memory that other movers must not miss, or that they could make untrue. */
  isUsed(ino: number): boolean
  /** This mover has not written to the file for `QUIET_MS`. */
  isQuiet(ino: number): boolean
  /** A file that was made just now: its write mark is set, and nobody has written to it. */
  isUnwritten(ino: number): boolean
  /** May throw Suspend. */
  exists(ino: number): boolean
  /** Null: there is no such file. May throw Suspend. */
  describe(ino: number): Described | null
  /** Where the blocks of [first, end) lie, as many as fit. May throw Suspend. */
  map(ino: number, first: number, end: number): Omit<block_map, 'seen'>
  /** Makes sure that the file may be written, and its write mark is set. Null, or why not. May throw Suspend. */
  mark(ino: number): Failure | null
  /** The same for who writes to it since an earlier reign: also where there is no room for what is new. */
  markAgain(ino: number): Failure | null
  /** Some other mover may write to the file, or none any more: its size and its times are to be asked for, or known. */
  setWrittenElsewhere(ino: number, isWritten: boolean): void
  /** In which pieces a part is to be drained: see `HolderPort.pieces`. */
  pieces(ino: number, part: Leaving): readonly Piece[]
  /** Brings what is dirty in the part to the device and forgets its pages; `done` is called when no I/O uses them. */
  drain(ino: number, drain: Drain, done: () => void): void
  /** Takes over what another mover's writes have made of the file. */
  absorb(ino: number, changes: written): void
  /**
   * The same, with new extents whose blocks are on the device, though not flushed; logged with this size, behind which
   * nothing has been written yet. May throw Suspend.
   */
  commit(ino: number, size: number, changes: written, runs: readonly extent[]): number | Failure
  /**
   * A mover that might write to the file is gone, and with it what it has not told: the change number and times go beyond
   * what it may have shown. `mightWrite` says whether it might write to a block. May throw Suspend.
   */
  recover(ino: number, mightWrite: (block: number) => boolean): void
  /** Data blocks that nobody has, about `count` of them; none when the volume is full. May throw Suspend. */
  reserve(count: number): run[]
  giveBack(runs: readonly run[]): void
  /** Blocks that a mover has of an earlier reign are in use; false when they are not free data blocks. */
  take(blocks: run): boolean
  /**
   * True when a file of that size, or of the one that is logged, has room for these, one behind the other: there are holes.
   * May throw Suspend.
   */
  hasRoom(ino: number, size: number, runs: readonly extent[]): boolean
  /** True when these blocks are where the file has them: what tells of that is durable. May throw Suspend. */
  has(ino: number, runs: readonly extent[]): boolean
  /** Carries out another mover's operation; `done` is called once, when its outcome is durable. */
  perform(call: call, done: (answer: answer) => void): void
}
