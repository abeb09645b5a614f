import {
  type ClientLock,
  type GivenDelegation,
  LOCK_LIMITS,
  type LockEffect,
  type LockLimits,
  type LockMode,
  type LockOutcome,
  type LockOwner,
  type Offset,
  type RangeLock,
} from '../../mover/locks/client-lock.ts'
import { LockHolder } from '../../mover/locks/lock-holder.ts'
import { LockTable } from '../../mover/locks/lock-table.ts'

export const HOME = 0
export const FILE = 77

/** An owner of a client by one letter or more; the client is the first. */
export function ownerNamed(name: string): LockOwner {
  return { protocol: 'nlm', client: name[0], owner: name }
}

export function range(name: string, start: Offset, end: Offset, isExclusive: boolean): RangeLock {
  return { kind: 'range', owner: ownerNamed(name), flavour: 'posix', start, end, isExclusive }
}

export function open(name: string, access: number, deny: number, id = 1): ClientLock {
  return { kind: 'open', owner: ownerNamed(name), id, access, deny }
}

/** A primary and its movers; what they tell each other is written down, and delivered in the order of the telling. */
export class LockMovers {
  trace: string[] = []
  /** Files that were told to be free. */
  readonly free: number[] = []
  table: LockTable
  readonly holders = new Map<number, LockHolder>()
  readonly #limits: LockLimits
  #pending: (() => void)[] = []
  /** Messages stay under way. */
  isHeldUp = false

  constructor(limits: Partial<LockLimits> = {}) {
    this.#limits = { ...LOCK_LIMITS, ...limits }
    this.table = new LockTable(this.#limits)
    this.table.ready()
  }

  holder(id: number): LockHolder {
    let holder = this.holders.get(id)
    if (holder !== undefined) return holder
    holder = new LockHolder(
      id,
      {
        ask: (ino, number, op) => {
          this.#later(`${id} asks ${op.type}`, () => this.table.ask(ino, id, number, op))
        },
        demote: (ino, demotion) => {
          const { level, locks } = demotion
          this.#later(`${id} demotes ${locks.length} to ${level}`, () => this.table.demote(ino, id, demotion))
        },
        assert: (ino, assertion) => {
          const { delegation, locks, waiting } = assertion
          const what = `${delegation.level}, ${locks.length} locks, ${waiting.length} waiting`
          this.#later(`${id} asserts ${what}`, () => {
            if (!this.table.assert(ino, id, assertion)) this.trace.push(`what ${id} asserts cannot be`)
          })
        },
        pause: () => this.#later(`${id} goes on`, () => void this.holder(id).goOn()),
        granted: (_, waiter, lock) => this.trace.push(`${id} grants ${waiter} to ${lock.owner.owner}`),
        gone: (_, waiter) => this.trace.push(`${id} gives up ${waiter}`),
      },
      this.#limits,
    )
    this.holders.set(id, holder)
    return holder
  }

  /** What becomes of a lock that a client of mover `id` wants. */
  lock(id: number, lock: ClientLock, mode: LockMode = 'try'): string {
    return this.#outcome((done) => this.holder(id).lock(FILE, lock, mode, done))
  }

  test(id: number, lock: ClientLock): string {
    return this.#outcome((done) => this.holder(id).test(FILE, lock, done))
  }

  unlock(id: number, lock: ClientLock): string {
    return this.#outcome((done) => this.holder(id).unlock(FILE, lock, done))
  }

  cancel(id: number, lock: ClientLock): string {
    return this.#outcome((done) => this.holder(id).cancel(FILE, lock, done))
  }

  /** So long a time passes that nothing counts as contended any more. */
  calm(): void {
    for (let ticks = 0; ticks < 2; ticks++) this.table.tick(0)
  }

  /** Delivers everything, what comes of it too. */
  settle(): void {
    while (this.#pending.length > 0) this.deliverOne()
  }

  deliverOne(): void {
    this.#pending.shift()?.()
  }

  /** What has been told since it was last asked for. */
  told(): string[] {
    const { trace } = this
    this.trace = []
    return trace
  }

  /** The primary's process dies, and another one takes over; what was under way is lost. */
  takeOver(): void {
    this.#pending = []
    this.table = new LockTable(this.#limits)
    for (const holder of this.holders.values()) holder.assert()
    this.settle()
    this.table.ready()
    this.tell()
    for (const holder of this.holders.values()) holder.ready()
    this.settle()
  }

  tell(): void {
    this.table.tell((effect) => {
      if (effect.type === 'free') this.free.push(effect.ino)
      else if (effect.type !== 'owes') this.#later(textOf(effect), () => this.#receive(effect))
    })
  }

  #receive(effect: Exclude<LockEffect, { type: 'free' | 'owes' }>): void {
    const holder = this.holder(effect.mover)
    if (effect.type === 'answer') holder.answered(effect.ino, effect.id, effect.outcome, effect.delegation)
    else if (effect.type === 'grant') holder.granted(effect.ino, effect.waiter, effect.delegation)
    else if (effect.type === 'handBack') holder.handedBack(effect.ino, effect.id)
    else if (effect.type === 'recall') holder.recalled(effect.ino, effect.serial, effect.level)
    else holder.dropped(effect.ino)
  }

  #later(message: string, task: () => void): void {
    this.trace.push(message)
    this.#pending.push(() => {
      task()
      this.tell()
    })
  }

  #outcome(ask: (done: (outcome: LockOutcome) => void) => LockOutcome | null): string {
    let outcome: LockOutcome | null = null
    const isOver = ask((later) => {
      outcome = later
      if (this.isHeldUp) this.trace.push(`told ${later.type}`)
    })
    if (!this.isHeldUp) this.settle()
    const last: LockOutcome | null = isOver ?? outcome
    if (last === null) return 'not answered'
    return last.type === 'denied' ? `denied by ${last.mover} ${last.lock.owner.owner}` : last.type
  }
}

function textOf(effect: Exclude<LockEffect, { type: 'free' | 'owes' }>): string {
  const to = `to ${effect.mover}: ${effect.type}`
  if (effect.type === 'recall') return `${to} ${effect.level}`
  if (effect.type === 'answer') return `${to} ${effect.outcome.type}${brought(effect.delegation)}`
  return effect.type === 'grant' ? `${to}${brought(effect.delegation)}` : to
}

function brought(delegation: GivenDelegation | null): string {
  return delegation === null ? '' : ` and ${delegation.level}${delegation.isBrief ? ', briefly' : ''}`
}
