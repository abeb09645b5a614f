import type { LockListener } from '../authority/primary-locks.ts'
import type { ClientLock, LockMode, LockOutcome, LockProtocol } from '../locks/client-lock.ts'
import type { LockDone, LockHolder } from '../locks/lock-holder.ts'
import type { ForwardedCall } from '../operation.ts'
import { Suspend } from '../suspend.ts'
import type { Operation } from './service.ts'

export type { LockListener } from '../authority/primary-locks.ts'
export {
  addressOf,
  type ClientLock,
  type LockMode,
  type LockOutcome,
  type LockOwner,
  type Offset,
  OPEN_DELETE,
  OPEN_READ,
  OPEN_WRITE,
  type OpenLock,
  offsetOf,
  RANGE_END,
  type RangeLock,
  sameLock,
} from '../locks/client-lock.ts'
export { hasShare } from '../locks/fair-share.ts'

/**
 * The client locks of one volume, as protocol servers know them; a file is its inode number. Its methods are called as those
 * of a `FileService`: where the primary must be asked they throw `Suspend`, and find the answer when the call is run again.
 * A call asks one thing. What must be looked at before (may the caller use the file?) is looked at while `isAsked` is false.
 */
export interface ClientLocks {
  /** Told of the mover's own clients who have waited. One protocol server for each protocol that lets clients wait. */
  listener: LockListener | null
  /** True when this call has asked already: the next thing that it asks is answered, or waits on. */
  isAsked(op: Operation): boolean
  /** `denied` says what is in the way, `waiting` under which number it waits, `gone` that there is no such file. */
  lock(op: Operation, ino: number, lock: ClientLock, mode: LockMode): LockOutcome
  /** What would a lock meet? */
  test(op: Operation, ino: number, lock: ClientLock): LockOutcome
  /** Of a range its owner, flavour and bounds count, of an open its owner and id. */
  unlock(op: Operation, ino: number, lock: ClientLock): LockOutcome
  /** Whoever waits for exactly this waits no more; `notHeld` when nobody does, or has it already. */
  cancel(op: Operation, ino: number, lock: ClientLock): LockOutcome
  /** True when the owner has this lock, as far as this mover has heard. */
  holds(ino: number, lock: ClientLock): boolean
  /** True while somebody waits for a lock of this file under this number. */
  isWaiting(ino: number, waiter: number): boolean
  /** True when a client has locks of any file, waits for some, or has asked for some. */
  isUsed(protocol: LockProtocol, client: string): boolean
  /** All locks of a client go, on all files, and all that it waits for; nobody waits for that. */
  releaseClient(protocol: LockProtocol, client: string): void
}

/** What a call has asked of the primary. */
class AskedLock implements ForwardedCall {
  /** Who has a lock, or waits for it, is told by calls of ours too. */
  readonly runsOn = true
  outcome: LockOutcome | null = null
  resume: (() => void) | null = null

  rewind(): void {}

  readonly answered = (outcome: LockOutcome): void => {
    this.outcome = outcome
    this.resume?.()
  }
}

/** The client locks that a `LockHolder` keeps for its mover. */
export class HeldClientLocks implements ClientLocks {
  readonly #holder: LockHolder
  readonly #source: { listener: LockListener | null }
  readonly #changed: () => void

  /** `source` tells of grants; `changed` is called when something has been given up. */
  constructor(holder: LockHolder, source: { listener: LockListener | null }, changed: () => void) {
    this.#holder = holder
    this.#source = source
    this.#changed = changed
  }

  get listener(): LockListener | null {
    return this.#source.listener
  }

  set listener(listener: LockListener | null) {
    this.#source.listener = listener
  }

  isAsked(op: Operation): boolean {
    return op.forwarded instanceof AskedLock
  }

  lock(op: Operation, ino: number, lock: ClientLock, mode: LockMode): LockOutcome {
    return this.#answer(op, (done) => this.#holder.lock(ino, lock, mode, done))
  }

  test(op: Operation, ino: number, lock: ClientLock): LockOutcome {
    return this.#answer(op, (done) => this.#holder.test(ino, lock, done))
  }

  unlock(op: Operation, ino: number, lock: ClientLock): LockOutcome {
    return this.#answer(op, (done) => this.#holder.unlock(ino, lock, done))
  }

  cancel(op: Operation, ino: number, lock: ClientLock): LockOutcome {
    return this.#answer(op, (done) => this.#holder.cancel(ino, lock, done))
  }

  holds(ino: number, lock: ClientLock): boolean {
    return this.#holder.holds(ino, lock)
  }

  isWaiting(ino: number, waiter: number): boolean {
    return this.#holder.isWaiting(ino, waiter)
  }

  isUsed(protocol: LockProtocol, client: string): boolean {
    return this.#holder.isUsed(protocol, client)
  }

  releaseClient(protocol: LockProtocol, client: string): void {
    this.#holder.releaseClient(protocol, client, this.#changed)
  }

  #answer(op: Operation, ask: (done: LockDone) => LockOutcome | null): LockOutcome {
    let asked: AskedLock
    if (op.forwarded instanceof AskedLock) asked = op.forwarded
    else {
      asked = new AskedLock()
      const outcome = ask(asked.answered)
      if (outcome !== null) {
        this.#changed()
        return outcome
      }
    }
    if (asked.outcome !== null) return asked.outcome
    op.forwarded = asked
    throw new Suspend((resume) => {
      if (asked.outcome !== null) resume()
      else asked.resume = resume
    })
  }
}
