import type { ClientLock, LockOutcome } from '../../mover/locks/client-lock.ts'
import { describe, nameOf, type SimOwner, Violation } from './lock-owner.ts'
import { type Atoms, atomsOf, clash } from './lock-view.ts'

/** A part of a lock whose owner's mover is gone. */
interface Lost {
  readonly ino: number
  readonly owner: SimOwner
  readonly lock: ClientLock
  /** Nobody else's new lock may clash with it. */
  readonly untilMs: number
}

/** What clients have lost with their movers, and may reclaim at others while nobody else gets it. */
export class LostLocks {
  #protected: Lost[] = []
  /** By owner: who has not reclaimed yet. */
  readonly #lost: Lost[][] = []
  /** Names of owners that have come to reclaim. */
  readonly #moved = new Set<string>()

  /** An owner's mover is gone. */
  add(owner: SimOwner, untilMs: number): void {
    const lost = [...owner.views].flatMap(([ino, { sure }]) => sure.map((lock) => ({ ino, owner, lock, untilMs })))
    this.#protected.push(...lost)
    if (lost.length > 0) this.#lost.push(lost)
  }

  /** Times of grace end. */
  end(nowMs: number): void {
    this.#protected = this.#protected.filter(({ untilMs }) => untilMs > nowMs)
  }

  /** The file is gone. */
  drop(ino: number): void {
    this.#protected = this.#protected.filter((one) => one.ino !== ino)
    for (const lost of this.#lost) lost.splice(0, lost.length, ...lost.filter((one) => one.ino !== ino))
  }

  /**
   * What an owner, which is another one now, has to ask for: not always in time. But who has missed its time does not come
   * when it is others' time of grace: nobody could know that it is wrong.
   */
  next(isGrace: boolean, movedTo: (from: SimOwner) => SimOwner): { to: SimOwner; ino: number; lock: ClientLock }[] {
    const lost = this.#lost.shift()
    if (lost === undefined || lost.length === 0 || (isGrace && !this.#protected.includes(lost[0]))) return []
    const to = movedTo(lost[0].owner)
    this.#moved.add(nameOf(to))
    const locks = new Map<string, { to: SimOwner; ino: number; lock: ClientLock }>()
    for (const part of lost) {
      const { ino } = part
      const lock = { ...part.lock, owner: to.who }
      const at = this.#protected.indexOf(part)
      if (at >= 0) this.#protected[at] = { ...part, owner: to, lock }
      const key = `${ino} ${lock.kind === 'open' ? lock.id : locks.size}`
      locks.set(key, { to, ino, lock: joined(locks.get(key)?.lock, lock) })
    }
    return [...locks.values()]
  }

  /** Who is protected gets what it had; it need not be protected any more. */
  reclaimed(owner: SimOwner, ino: number, parts: Atoms, outcome: LockOutcome): void {
    const isIts = (one: Lost): boolean =>
      one.owner === owner && one.ino === ino && [...atomsOf(one.lock).keys()].every((name) => parts.has(name))
    const isInTime = this.#protected.some(isIts)
    // What another primary is asked for again may come before what others have lost since then, and may reclaim now.
    const isLate = outcome.type === 'denied' && this.#moved.has(`${outcome.mover}.${outcome.lock.owner.owner}`)
    if (isInTime && !isLate && outcome.type !== 'granted') {
      throw new Violation(`${nameOf(owner)} may reclaim, and is told ${outcome.type}`)
    }
    this.#protected = this.#protected.filter((one) => !isIts(one))
    if (isInTime) return
    const isLost = (one: Lost): boolean => one.ino === ino && [...parts.values()].some((lock) => clash(lock, one.lock))
    const losers = this.#protected.filter(isLost).map((one) => one.owner)
    this.#protected = this.#protected.filter((one) => one.ino !== ino || !losers.includes(one.owner))
  }

  /** Somebody has got a lock that was not there before. */
  check(owner: SimOwner, ino: number, got: ClientLock): void {
    const lost = this.#protected.find((one) => one.ino === ino && one.owner !== owner && clash(one.lock, got))
    if (lost === undefined) return
    throw new Violation(`${nameOf(owner)} got ${describe(got)} of ${ino}, which ${nameOf(lost.owner)} may reclaim`)
  }
}

/** Parts of an open are asked for together. */
function joined(had: ClientLock | undefined, lock: ClientLock): ClientLock {
  if (had?.kind !== 'open' || lock.kind !== 'open') return lock
  return { ...lock, access: lock.access | had.access, deny: lock.deny | had.deny }
}
