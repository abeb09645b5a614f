import { Violation } from './failure-checks.ts'
import type { SimulatedMover } from './failure-mover.ts'

/** Something that a client believes to have locked. */
export interface Belief {
  readonly client: number
  readonly ino: number
  /** Records of the file. */
  readonly first: number
  readonly end: number
  isExclusive: boolean
  /** Where it was granted. */
  mover: SimulatedMover
  /** Since that is dead: until then nobody else gets what clashes with it. */
  untilMs: number
  /** Others may have got what clashes with it, though it may come back. */
  lapse(): void
}

/** What all clients believe to have, from the answer until they ask to be without it. No two may believe what clashes. */
export class LockLedger {
  readonly #graceMs: number
  readonly #nowMs: () => number
  readonly #beliefs = new Set<Belief>()
  readonly #diedMs = new Map<SimulatedMover, number>()

  constructor(graceMs: number, nowMs: () => number) {
    this.#graceMs = graceMs
    this.#nowMs = nowMs
  }

  /** When what a mover has granted is protected no longer; infinite while it lives. */
  endOf(mover: SimulatedMover): number {
    return (this.#diedMs.get(mover) ?? Number.POSITIVE_INFINITY) + this.#graceMs
  }

  died(mover: SimulatedMover): void {
    this.#diedMs.set(mover, this.#nowMs())
    for (const belief of this.#beliefs) if (belief.mover === mover) belief.untilMs = this.endOf(mover)
  }

  /** True while nobody else can have got what clashes with it. */
  isValid(belief: Belief): boolean {
    return this.#beliefs.has(belief) && belief.untilMs > this.#nowMs()
  }

  /**
   * A client has been told that it has this (again, at another mover or as something else). `isLate`: it has reclaimed it when
   * its time was over; that was others' time, who may have lost theirs by that.
   */
  got(belief: Belief, isLate: boolean): void {
    belief.untilMs = this.endOf(belief.mover)
    this.#beliefs.add(belief)
    for (const other of this.#beliefs) {
      if (!clash(belief, other) || !this.isValid(other)) continue
      if (isLate && Number.isFinite(other.untilMs)) {
        other.untilMs = this.#nowMs()
        other.lapse()
      } else
        throw new Violation(
          `client ${belief.client} has ${shown(belief)}, and so has client ${other.client}`,
          belief.ino,
        )
    }
  }

  ended(belief: Belief): void {
    this.#beliefs.delete(belief)
  }

  get all(): Iterable<Belief> {
    return this.#beliefs
  }
}

export function clash(a: Belief, b: Belief): boolean {
  const isApart = a.client === b.client || a.ino !== b.ino || a.first >= b.end || b.first >= a.end
  return !isApart && (a.isExclusive || b.isExclusive)
}

export function shown({ isExclusive, first, end, ino }: Pick<Belief, 'isExclusive' | 'first' | 'end' | 'ino'>): string {
  return `${isExclusive ? 'exclusive' : 'shared'} [${first}, ${end}) of ${ino}`
}

/** What is written only by who has locked it: whoever has it locked reads what the last one has written. */
export class LockedRecord {
  /** What it may say. */
  #possible = new Set([0])
  /** Asked to be written by who has lost the lock meanwhile, and not answered: it may be written at any time. */
  readonly #stale = new Set<number>()

  /** Read under a lock that was there all the time. */
  read(value: number): void {
    if (!this.#possible.has(value) && !this.#stale.has(value)) {
      throw new Violation(`value ${value} is read under a lock instead of ${[...this.#possible, ...this.#stale]}`)
    }
    this.#possible = new Set([value])
  }

  /** Written under a lock that was there all the time. */
  written(value: number): void {
    this.#possible = new Set([value, ...this.#stale])
  }

  /** Who writes this has lost its lock. */
  lost(value: number): void {
    this.#stale.add(value)
  }

  /** What had been asked for then is answered. */
  writtenLate(value: number): void {
    this.#stale.delete(value)
    this.#possible.add(value)
  }
}
