/**
 * Client locks: what a client may do to a file that others may not, which keeps clients apart. Unlike tokens they are exact to
 * the byte, and never taken away for another's sake. A file is its inode number.
 */
import type { MoverId } from './token-table.ts'

/**
 * A byte offset up to 2^64, exactly: a number up to 2^53, a bigint above. JavaScript compares the two by value with `<`,
 * `<=`, `>`, `>=`; never compare offsets in any other way.
 */
export type Offset = number | bigint

/** Behind the last byte that a range can have. */
export const RANGE_END: Offset = 2n ** 64n

/** An offset as compact as can be. */
export function offsetOf(value: bigint): Offset {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

export type LockProtocol = 'nlm' | 'nfs4' | 'smb'

/** Who holds locks. The same words at another mover name another owner. */
export interface LockOwner {
  readonly protocol: LockProtocol
  /** The client's name, as its mover and the protocol know it; the last word is the address that it calls from. */
  readonly client: string
  /** What tells owners of a client apart: the protocol's own bytes, a character each. */
  readonly owner: string
}

/**
 * `posix`: an owner's ranges are split, merged and replaced by its later ones, and never in its own way. `windows`: each
 * range stands for itself, and is unlocked exactly as it was locked.
 */
export type LockFlavour = 'posix' | 'windows'

/** A lock of bytes: half-open. Only ranges of flavour `windows` may be empty. An owner has locks of one flavour only. */
export interface RangeLock {
  readonly kind: 'range'
  readonly owner: LockOwner
  readonly flavour: LockFlavour
  readonly start: Offset
  readonly end: Offset
  readonly isExclusive: boolean
}

/** What an open does, and what it denies to others: a sum of these. */
export const OPEN_READ = 1
export const OPEN_WRITE = 2
export const OPEN_DELETE = 4

/** An open, or share reservation. A second one of the same owner and number takes the place of the first. */
export interface OpenLock {
  readonly kind: 'open'
  readonly owner: LockOwner
  /** Tells opens of one owner and file apart. */
  readonly id: number
  readonly access: number
  readonly deny: number
}

export type ClientLock = RangeLock | OpenLock

/**
 * How a lock is asked for: `try` takes no for an answer; `wait` queues for it (no protocol has opens that wait: for them it is
 * `try`); `reclaim` says that the client had it before its server was lost, and is for times of grace only.
 */
export type LockMode = 'try' | 'wait' | 'reclaim'

/** What has become of a request. */
export type LockOutcome =
  /** It is done; of a test: nothing is in the way. */
  | { readonly type: 'granted' }
  /** This is held, at `mover`, and in the way. */
  | { readonly type: 'denied'; readonly mover: MoverId; readonly lock: ClientLock }
  /** It is in the file's queue under this number: `HolderLockPort.granted` will tell when it is granted. */
  | { readonly type: 'waiting'; readonly waiter: number }
  /** It will not wait: somebody in its way waits for a lock of its owner. */
  | { readonly type: 'deadlock' }
  /** Others may have locks that they have not reclaimed yet: later. */
  | { readonly type: 'grace' }
  /** There is nothing to reclaim: the time for it is over, or has never been. */
  | { readonly type: 'noGrace' }
  /** There are too many locks. */
  | { readonly type: 'limit' }
  /** There was nothing to unlock, or to cancel. */
  | { readonly type: 'notHeld' }
  /** The file is gone. */
  | { readonly type: 'gone' }

/**
 * What a mover decides about a file's client locks without asking: with `all` everything that its clients want, for no other
 * mover's client has or wants any; with `shared` what can be in the way of nobody else who is content with that
 * (`isShared`).
 */
export type DelegationLevel = 'none' | 'shared' | 'all'

export interface Delegation {
  /** Unique within a term; that of a later one is larger. */
  readonly serial: number
  readonly level: DelegationLevel
}

/** A delegation as a mover gets it. */
export interface GivenDelegation extends Delegation {
  /** It is given back as soon as its mover has no locks of the file, waits for none and has asked for none. */
  readonly isBrief: boolean
}

/**
 * A mover gives back a delegation, or `all` for `shared`, with locks of the file that become the primary's to manage. Where they
 * are many, they come in parts: with the last of them it has been given back.
 */
export interface Demotion extends Delegation {
  readonly locks: readonly ClientLock[]
  readonly more: boolean
}

/** A request in a file's queue, with the number that its mover knows it by. */
export interface WaitingLock {
  readonly waiter: number
  readonly lock: ClientLock
}

/** What a mover has of a file at the beginning of a reign; `locks` are those that no delegation covers. */
export interface LockAssertion {
  readonly delegation: Delegation
  readonly locks: readonly ClientLock[]
  /** In the order of their asking. */
  readonly waiting: readonly WaitingLock[]
}

/**
 * What a mover asks of the primary. `lock` takes nothing away from its owner: where that has more already, it keeps it.
 * What an owner gives up is asked for separately (`weaken`: instead of an exclusive range a shared one, of an open these
 * bits only), so that after the primary's death the one can be asked for again, and the other taken for done.
 */
export type LockOp =
  | { readonly type: 'lock'; readonly mode: LockMode; readonly lock: ClientLock }
  | { readonly type: 'test'; readonly lock: ClientLock }
  | { readonly type: 'weaken'; readonly lock: ClientLock }
  | { readonly type: 'unlock'; readonly lock: ClientLock }
  | { readonly type: 'cancel'; readonly owner: LockOwner; readonly waiter: number }
  /** All that the owner has of the file, or waits for. */
  | { readonly type: 'release'; readonly owner: LockOwner }

/** Where a client calls from, by its name: names are invented easily, addresses are not. */
export function addressOf(client: string): string {
  return client.slice(client.lastIndexOf(' ') + 1)
}

export function ownerOf(op: { readonly owner: LockOwner } | { readonly lock: ClientLock }): LockOwner {
  return 'owner' in op ? op.owner : op.lock.owner
}

/** What the primary must tell its movers, its own among them; `ino` is the file's. */
export type LockEffect =
  /** To a `LockOp`, by its number. A delegation comes unasked, and takes the place of an older one. */
  | {
      readonly type: 'answer'
      readonly ino: number
      readonly mover: MoverId
      readonly id: number
      readonly outcome: LockOutcome
      readonly delegation: GivenDelegation | null
    }
  /** The asked thing is the mover's own to decide: it crossed a delegation. */
  | { readonly type: 'handBack'; readonly ino: number; readonly mover: MoverId; readonly id: number }
  /** Who has waited has the lock now. */
  | {
      readonly type: 'grant'
      readonly ino: number
      readonly mover: MoverId
      readonly waiter: number
      readonly delegation: GivenDelegation | null
    }
  /** What it was just told was granted makes something weaker: it says at once that the rest is given up (`weaken`). */
  | { readonly type: 'owes'; readonly ino: number; readonly mover: MoverId }
  /** The delegation is to be given back, down to `level`. */
  | {
      readonly type: 'recall'
      readonly ino: number
      readonly mover: MoverId
      readonly serial: number
      readonly level: DelegationLevel
    }
  /** The file is gone, and with it all that was held of it and asked for. */
  | { readonly type: 'drop'; readonly ino: number; readonly mover: MoverId }
  /** Nobody has any locks on the file, waits for some, or may grant some. */
  | { readonly type: 'free'; readonly ino: number }

/** How many client locks there may be: numbers of ranges and opens. */
export interface LockLimits {
  readonly perFile: number
  readonly perClient: number
  /** At one mover, and at the primary; of one address a share of it: see `hasShare`. */
  readonly perVolume: number
  /** Of one address at all movers a share of it: see `hasShare`. */
  readonly waitersPerFile: number
  /** Those of one file that a mover tells of without a pause. */
  readonly toldAtOnce: number
}

export const LOCK_LIMITS: LockLimits = {
  perFile: 100_000,
  perClient: 100_000,
  perVolume: 1_000_000,
  waitersPerFile: 2000,
  toldAtOnce: 1024,
}

/**
 * True for what can be in the way of nothing that this is true for, so that several movers may grant it at once: shared
 * ranges, opens that read and deny at most writing.
 */
export function isShared(lock: ClientLock): boolean {
  if (lock.kind === 'range') return !lock.isExclusive
  return (lock.access | OPEN_READ) === OPEN_READ && (lock.deny | OPEN_WRITE) === OPEN_WRITE
}

/** True when two locks of one owner are the same. */
export function sameLock(a: ClientLock, b: ClientLock): boolean {
  if (a.kind === 'range' && b.kind === 'range') {
    return sameBounds(a, b) && a.isExclusive === b.isExclusive && a.flavour === b.flavour
  }
  return a.kind === 'open' && b.kind === 'open' && a.id === b.id && a.access === b.access && a.deny === b.deny
}

type Bounds = Pick<RangeLock, 'start' | 'end'>

export function sameBounds(a: Bounds, b: Bounds): boolean {
  return a.start <= b.start && b.start <= a.start && a.end <= b.end && b.end <= a.end
}
