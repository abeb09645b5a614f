import { type ClientLock, type LockOwner, type Offset, offsetOf, RANGE_END } from '../../mover/locks/client-lock.ts'

/** Where ranges begin and end. */
export const PLACES: readonly Offset[] = [0, 1, 4096, 2 ** 53 - 1, offsetOf(2n ** 53n + 1n), 2n ** 64n - 1n, RANGE_END]
const BITS = [1, 2, 4]

/** The smallest parts of a lock, by name: a byte shared or exclusive, a bit of an open, a range of flavour `windows`. */
export type Atoms = ReadonlyMap<string, ClientLock>

/** The parts of which a lock consists. */
export function atomsOf(lock: ClientLock): Atoms {
  const atoms = new Map<string, ClientLock>()
  if (lock.kind === 'open') {
    const none = { ...lock, access: 0, deny: 0 }
    atoms.set(`open ${lock.id}`, none)
    for (const bit of BITS) {
      if (lock.access & bit) atoms.set(`open ${lock.id} does ${bit}`, { ...none, access: bit })
      if (lock.deny & bit) atoms.set(`open ${lock.id} denies ${bit}`, { ...none, deny: bit })
    }
    return atoms
  }
  const [from, to] = [placeOf(lock.start), placeOf(lock.end)]
  if (lock.flavour === 'windows') return atoms.set(`${from}-${to} ${lock.isExclusive}`, lock)
  for (let at = from; at < to; at++) {
    const byte = { ...lock, start: PLACES[at], end: PLACES[at + 1] }
    atoms.set(`${at} shared`, { ...byte, isExclusive: false })
    if (lock.isExclusive) atoms.set(`${at} exclusive`, byte)
  }
  return atoms
}

/** Names of the parts that an owner has no more when it has got a lock. */
export function lostBy(lock: ClientLock): string[] {
  if (lock.kind === 'range') {
    if (lock.isExclusive || lock.flavour === 'windows') return []
    return [...atomsOf({ ...lock, isExclusive: true }).keys()].filter((name) => name.endsWith('exclusive'))
  }
  const kept = atomsOf(lock)
  return [...atomsOf({ ...lock, access: 7, deny: 7 }).keys()].filter((name) => !kept.has(name))
}

/** Names of the parts that an owner has no more when it has unlocked something. */
export function unlockedBy(lock: ClientLock): string[] {
  if (lock.kind === 'open') return [...atomsOf({ ...lock, access: 7, deny: 7 }).keys()]
  return [true, false].flatMap((isExclusive) => [...atomsOf({ ...lock, isExclusive }).keys()])
}

/** Two owners' locks cannot be together. */
export function clash(a: ClientLock, b: ClientLock): boolean {
  if (a.kind === 'range' && b.kind === 'range') {
    return a.start < b.end && b.start < a.end && (a.isExclusive || b.isExclusive)
  }
  return a.kind === 'open' && b.kind === 'open' && ((a.access & b.deny) !== 0 || (a.deny & b.access) !== 0)
}

export function sameOwner(a: LockOwner, b: LockOwner): boolean {
  return a.client === b.client && a.owner === b.owner && a.protocol === b.protocol
}

function placeOf(offset: Offset): number {
  const place = PLACES.findIndex((one) => one >= offset)
  if (place < 0 || PLACES[place] > offset) throw new Error(`nobody has asked for ${offset}`)
  return place
}

/** Something an owner has asked for and has not been told about; `waiter` when it is in the queue. */
export interface Pending {
  readonly adds: Atoms
  readonly removes: ReadonlySet<string>
  /** The moment of its asking. */
  readonly asked: number
  /** What may be waited for. */
  readonly wanted: ClientLock | null
  waiter: number | null
}

/** What an owner has of a file as far as it has been told. */
export class LockView {
  readonly held = new Map<string, ClientLock>()
  readonly pending = new Set<Pending>()
  /** It gives up all. */
  isLeaving = false
  /**
   * When it was granted what it had waited for although something else was asked for: what it should have no more by that, it
   * has until something is answered that is asked for later.
   */
  early: { readonly moment: number; readonly names: ReadonlySet<string> } | null = null
  /** Since which moment it has what it has for sure. */
  readonly #since = new Map<string, number>()
  /** What it has perhaps, and what it had perhaps until some moment. */
  #perhaps = new Set<string>()
  readonly #until = new Map<string, number>()

  /** What it has for sure: it has been told so, and has not asked to be without it. */
  sure: readonly ClientLock[] = []

  /** What it has had for sure since then. */
  sureSince(moment: number): ClientLock[] {
    return [...this.held].filter(([name]) => (this.#since.get(name) ?? moment + 1) <= moment).map(([, lock]) => lock)
  }

  /** True when it may have had all parts of a lock since then. */
  mayHaveHad(lock: ClientLock, since: number): boolean {
    return [...atomsOf(lock).keys()].every((name) => this.#perhaps.has(name) || (this.#until.get(name) ?? -1) >= since)
  }

  /** What was pending has been answered. */
  answered(pending: Pending): void {
    this.pending.delete(pending)
    if (this.early !== null && pending.asked > this.early.moment) this.early = null
  }

  /** What is pending has been granted. */
  apply({ adds, removes }: Pending): void {
    for (const name of removes) this.held.delete(name)
    for (const [name, lock] of adds) this.held.set(name, lock)
  }

  /** To be called at the end of each change. */
  changed(moment: number): void {
    const removes = new Set<string>()
    const perhaps = new Set([...this.held.keys(), ...(this.early?.names ?? [])])
    for (const pending of this.pending) {
      for (const name of pending.removes) removes.add(name)
      for (const name of pending.adds.keys()) perhaps.add(name)
    }
    for (const name of this.#perhaps) if (!perhaps.has(name)) this.#until.set(name, moment)
    this.#perhaps = perhaps
    const sure: ClientLock[] = []
    for (const name of this.#since.keys()) if (!this.held.has(name)) this.#since.delete(name)
    for (const [name, lock] of this.held) {
      if (this.isLeaving || removes.has(name)) this.#since.delete(name)
      else {
        sure.push(lock)
        if (!this.#since.has(name)) this.#since.set(name, moment)
      }
    }
    this.sure = sure
  }
}
