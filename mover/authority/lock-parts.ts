import { type client_lock, MAX_LOCKS } from '../../protocol/moverlock/moverlock.gen.ts'
import type { ClientLock } from '../locks/client-lock.ts'
import { lockOfWire, wireLock } from './lock-words.ts'
import { SessionError } from './session-error.ts'

/** Locks of one file in one message: few enough for its frame, whatever their owners are called. */
const LOCKS_AT_ONCE = 256
/** More than a file can have. */
const MOST_LOCKS = 200_000

/** Cuts the locks of a file into those of several messages, one at least; `send` is told whether more follow. */
export function inParts(locks: readonly ClientLock[], send: (part: client_lock[], more: boolean) => void): void {
  let at = 0
  do {
    const part = locks.slice(at, at + LOCKS_AT_ONCE).map(wireLock)
    at += LOCKS_AT_ONCE
    send(part, at < locks.length)
  } while (at < locks.length)
}

/** Locks of one file that one mover tells of in several messages, until the last of them has come. */
export class LockParts {
  #ino = 0
  #count = 0
  #locks: ClientLock[] = []

  /** The locks of this message alone; `take` and this are not mixed. Throws `SessionError` for what cannot be. */
  part(ino: number, part: readonly client_lock[], more: boolean): ClientLock[] {
    this.#expect(ino, part)
    this.#count = more ? this.#count + part.length : 0
    return part.map(lockOfWire)
  }

  /** The locks of all messages up to this one; null while more follow. Throws `SessionError` for what cannot be. */
  take(ino: number, part: readonly client_lock[], more: boolean): ClientLock[] | null {
    this.#expect(ino, part)
    this.#count += part.length
    for (const lock of part) this.#locks.push(lockOfWire(lock))
    if (more) return null
    const locks = this.#locks
    this.#locks = []
    this.#count = 0
    return locks
  }

  #expect(ino: number, part: readonly client_lock[]): void {
    if (part.length > MAX_LOCKS || this.#count + part.length > MOST_LOCKS)
      throw new SessionError(`more than ${MOST_LOCKS} locks of one file`)
    if (this.#count > 0 && this.#ino !== ino) throw new SessionError('locks of another file before the last')
    this.#ino = ino
  }
}
