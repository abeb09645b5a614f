import type {
  ClientLock,
  Delegation,
  DelegationLevel,
  Demotion,
  LockAssertion,
  LockMode,
  LockOp,
  LockOutcome,
  LockOwner,
  LockProtocol,
} from './client-lock.ts'

/** What a holder of client locks needs of its surroundings. None of these calls back before it returns. */
export interface HolderLockPort {
  /** To the primary: `LockTable.ask`. What cannot be sent now need not be kept: `ready` asks again. */
  ask(ino: number, id: number, op: LockOp): void
  /** To the primary, in order with what is asked: `LockTable.demote`. */
  demote(ino: number, demotion: Demotion): void
  /** To the next primary: `LockTable.assert`. */
  assert(ino: number, assertion: LockAssertion): void
  /** What a client has waited for is its own from now on. */
  granted(ino: number, waiter: number, lock: ClientLock): void
  /** The file is gone that a client waits for. */
  gone(ino: number, waiter: number): void
}

/** Called once a request has been decided, unless that was at once. */
export type LockDone = (outcome: LockOutcome) => void

/**
 * Each mover's own client locks: a copy of all of them, which of them it decides about alone, and what it has asked of the
 * primary. `new LockHolder(mover, port, limits?)`. What its clients ask for is decided at once, and returned, or asked of the
 * primary: then null is returned, and `done` called later. What one owner asks for on one file is decided in that order.
 */
export interface LockHolder {
  lock(ino: number, lock: ClientLock, mode: LockMode, done: LockDone): LockOutcome | null
  /** What would a lock meet? */
  test(ino: number, lock: ClientLock, done: LockDone): LockOutcome | null
  /** Of a range its owner, flavour and bounds count, of an open its owner and id. */
  unlock(ino: number, lock: ClientLock, done: LockDone): LockOutcome | null
  /** Somebody does not wait any more; `notHeld`: it has what it waited for, or did not wait. */
  cancel(ino: number, owner: LockOwner, waiter: number, done: LockDone): LockOutcome | null
  /** Who waits under which number for this; null when it does not. */
  waiterOf(ino: number, lock: ClientLock): number | null
  /** All locks of a client, on all files, and all that it waits for; `done` is called when none is left, perhaps at once. */
  releaseClient(protocol: LockProtocol, client: string, done: () => void): void

  /** `LockEffect`s of the primary. */
  answered(ino: number, id: number, outcome: LockOutcome, delegation: Delegation | null): void
  handedBack(ino: number, id: number): void
  granted(ino: number, waiter: number, delegation: Delegation | null): void
  recalled(ino: number, serial: number, level: DelegationLevel): void
  dropped(ino: number): void

  /** There is another primary: it is told of all that this mover has. Nothing is asked of it until `ready`. */
  assert(): void
  ready(): void
  /** Delegations of files without locks are given back after a while. */
  tick(nowMs: number): void
  /** All locks of a file, for people and for checks. */
  locksOf(ino: number): ClientLock[]
  inos(): Iterable<number>
}
