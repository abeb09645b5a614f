import type { ClientLock, Demotion, LockAssertion, LockEffect, LockOp, WaitingLock } from './client-lock.ts'
import type { MoverId } from './token-table.ts'

/**
 * The primary's side of a volume's client locks: those of all movers' clients on files that are not delegated, who waits for
 * some, and which mover decides about a file by itself. `new LockTable(home, limits?)`; `home` is the primary's own mover.
 */
export interface LockTable {
  /** What has to be told now, in this order; the caller's to keep. */
  takeEffects(): LockEffect[]
  /** A mover asks for something; `id` is its own number of it. An `answer` or a `handBack` follows, at once or later. */
  ask(ino: number, mover: MoverId, id: number, op: LockOp): void
  /** A mover gives back a delegation, asked or not; one that it does not have (any more) changes nothing. */
  demote(ino: number, mover: MoverId, demotion: Demotion): void
  /**
   * A mover has this since an earlier reign; false when another one has what cannot be together with that. Comes before any
   * request.
   */
  assert(ino: number, mover: MoverId, assertion: LockAssertion): boolean
  /** All movers have asserted what they have: who waits for nothing is granted what it has waited for. */
  ready(): void
  /** A mover is gone, and fenced: its locks are free, and those files in grace until then. */
  forget(mover: MoverId, graceUntilMs: number): void
  /** Only what was locked before is locked on this file, or on all (null), until then. */
  beginGrace(ino: number | null, untilMs: number): void
  /** Times of grace end. */
  tick(nowMs: number): void
  /** The file is gone. */
  drop(ino: number): void
  /** Who has what, for people and for checks. */
  describe(ino: number): {
    held: { mover: MoverId; lock: ClientLock }[]
    waiting: (WaitingLock & { mover: MoverId })[]
    delegations: { mover: MoverId; level: string }[]
  }
  inos(): Iterable<number>
}
