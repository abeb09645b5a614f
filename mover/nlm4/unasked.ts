import {
  addressOf,
  type ClientLock,
  type ClientLocks,
  type OpenLock,
  type RangeLock,
  sameLock,
} from '../files/client-locks.ts'
import type { Call } from '../rpc/program.ts'
import { Suspend } from '../suspend.ts'
import { ownerInFile } from './owner.ts'

/** What a LOCK or a SHARE wants. */
export interface UnaskedLock {
  /** Of its volume. */
  readonly locks: ClientLocks
  readonly ino: number
  readonly lock: ClientLock
  /** Its client's own; see `NlmClient`. 0: it has not said. */
  readonly state: number
  /** Its client does not want it any more. */
  isVoid: boolean
}

/**
 * LOCKs and SHAREs that have to wait before they ask for their lock: the file must be looked at, the client be remembered.
 * What their owner gives up meanwhile is found nowhere, and answered at once; so they must hear of it here, or would have for
 * ever what nobody knows of. Each is there until its call has asked, or is over.
 */
export class UnaskedLocks {
  readonly #byCall = new Map<Call, UnaskedLock>()
  readonly #byOwner = new Map<string, Set<UnaskedLock>>()

  get size(): number {
    return this.#byCall.size
  }

  /** Looks at what must be looked at before a call asks for its lock; it is unasked for as long as `look` throws `Suspend`. */
  before<T>(call: Call, wanted: Omit<UnaskedLock, 'isVoid'>, look: () => T): T {
    try {
      const found = look()
      this.#remove(call)
      return found
    } catch (error) {
      if (error instanceof Suspend) this.#add(call, wanted)
      throw error
    }
  }

  /** True for what its client does not want any more. */
  isVoid(call: Call): boolean {
    return this.#byCall.get(call)?.isVoid === true
  }

  /** The owner gives up these bytes. */
  unlocked(target: Pick<UnaskedLock, 'locks' | 'ino'>, given: RangeLock): void {
    this.#void(target, given, (lock) => lock.kind === 'range' && lock.start < given.end && given.start < lock.end)
  }

  /** The owner gives up its reservation. */
  unshared(target: Pick<UnaskedLock, 'locks' | 'ino'>, given: OpenLock): void {
    this.#void(target, given, ({ kind }) => kind === 'open')
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

  /** A client at this address has started anew, perhaps one that nobody knows yet. `state` as above. */
  releasedAt(address: string, state: number | null): void {
    for (const unasked of this.#byCall.values()) {
      if (addressOf(unasked.lock.owner.client) === address && unasked.state !== state) unasked.isVoid = true
    }
  }

  #add(call: Call, { locks, ino, lock, state }: Omit<UnaskedLock, 'isVoid'>): void {
    if (this.#byCall.has(call)) return
    const unasked: UnaskedLock = { locks, ino, lock, state, isVoid: false }
    const key = ownerInFile(ino, lock.owner)
    this.#byCall.set(call, unasked)
    const others = this.#byOwner.get(key)
    if (others === undefined) this.#byOwner.set(key, new Set([unasked]))
    else others.add(unasked)
    call.ended = () => this.#remove(call)
  }

  #remove(call: Call): void {
    const unasked = this.#byCall.get(call)
    if (unasked === undefined) return
    call.ended = null
    this.#byCall.delete(call)
    const key = ownerInFile(unasked.ino, unasked.lock.owner)
    const others = this.#byOwner.get(key)
    if (others?.delete(unasked) && others.size === 0) this.#byOwner.delete(key)
  }

  #void(
    { locks, ino }: Pick<UnaskedLock, 'locks' | 'ino'>,
    { owner }: ClientLock,
    matters: (lock: ClientLock) => boolean,
  ): void {
    // Mostly: then not even a key is made.
    if (this.#byOwner.size === 0) return
    for (const unasked of this.#byOwner.get(ownerInFile(ino, owner)) ?? []) {
      if (unasked.locks === locks && matters(unasked.lock)) unasked.isVoid = true
    }
  }
}
