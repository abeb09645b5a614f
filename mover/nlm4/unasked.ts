import { type ClientLocks, type RangeLock, sameLock } from '../files/client-locks.ts'
import type { Call } from '../rpc/program.ts'
import { ownerInFile } from './owner.ts'

/** What a LOCK wants. */
export interface UnaskedLock {
  /** Of its volume. */
  readonly locks: ClientLocks
  readonly ino: number
  readonly lock: RangeLock
  /** Its client's own; see `NlmClient`. */
  readonly state: number
  /** Its client does not want it any more. */
  isVoid: boolean
}

/**
 * LOCKs that have to wait before they ask for their lock: the file must be looked at, the client be remembered. What their
 * owner gives up meanwhile is found nowhere, and answered at once; so they must hear of it here, or would have for ever what
 * nobody knows of. Each is there until its call has asked, or is over.
 */
export class UnaskedLocks {
  readonly #byCall = new Map<Call, UnaskedLock>()
  readonly #byOwner = new Map<string, Set<UnaskedLock>>()

  get size(): number {
    return this.#byCall.size
  }

  /** A LOCK has to wait, perhaps again. */
  add(call: Call, target: Pick<UnaskedLock, 'locks' | 'ino'>, lock: RangeLock, state: number): void {
    if (this.#byCall.has(call)) return
    const { locks, ino } = target
    const unasked: UnaskedLock = { locks, ino, lock, state, isVoid: false }
    const key = ownerInFile(ino, lock.owner)
    this.#byCall.set(call, unasked)
    const others = this.#byOwner.get(key)
    if (others === undefined) this.#byOwner.set(key, new Set([unasked]))
    else others.add(unasked)
    call.ended = () => this.remove(call)
  }

  /** The call asks now, or is over. */
  remove(call: Call): void {
    const unasked = this.#byCall.get(call)
    if (unasked === undefined) return
    call.ended = null
    this.#byCall.delete(call)
    const key = ownerInFile(unasked.ino, unasked.lock.owner)
    const others = this.#byOwner.get(key)
    if (others?.delete(unasked) && others.size === 0) this.#byOwner.delete(key)
  }

  /** True for a LOCK that its client does not want any more. */
  isVoid(call: Call): boolean {
    return this.#byCall.get(call)?.isVoid === true
  }

  /** The owner gives up these bytes. */
  unlocked(target: Pick<UnaskedLock, 'locks' | 'ino'>, given: RangeLock): void {
    this.#void(target, given, ({ start, end }) => start < given.end && given.start < end)
  }

  /** The owner does not wait for exactly this any more. */
  cancelled(target: Pick<UnaskedLock, 'locks' | 'ino'>, wanted: RangeLock): void {
    this.#void(target, wanted, (lock) => sameLock(lock, wanted))
  }

  /** The client has started anew: all that it has asked for goes, but for what it has asked for in `state`, since then. */
  released(client: string, state: number | null): void {
    for (const unasked of this.#byCall.values()) {
      if (unasked.lock.owner.client === client && unasked.state !== state) unasked.isVoid = true
    }
  }

  #void(
    { locks, ino }: Pick<UnaskedLock, 'locks' | 'ino'>,
    { owner }: RangeLock,
    matters: (lock: RangeLock) => boolean,
  ): void {
    // Mostly: then not even a key is made.
    if (this.#byOwner.size === 0) return
    for (const unasked of this.#byOwner.get(ownerInFile(ino, owner)) ?? []) {
      if (unasked.locks === locks && matters(unasked.lock)) unasked.isVoid = true
    }
  }
}
