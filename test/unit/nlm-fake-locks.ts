import type { Failure } from '../../mover/failure.ts'
import type {
  ClientLock,
  ClientLocks,
  LockListener,
  LockMode,
  LockOutcome,
  RangeLock,
} from '../../mover/files/client-locks.ts'
import { offsetOf } from '../../mover/files/client-locks.ts'
import type { ClientRecord, ClientRecords } from '../../mover/files/client-records.ts'
import type { Operation } from '../../mover/files/service.ts'
import type { Barrier, ForwardedCall } from '../../mover/operation.ts'
import { Suspend } from '../../mover/suspend.ts'

interface Held {
  ino: number
  lock: ClientLock
}

/** What a call has asked, and its answer once somebody has thought of it. */
class Asked implements ForwardedCall {
  readonly runsOn: boolean
  outcome: LockOutcome | null = null

  constructor(runsOn: boolean) {
    this.runsOn = runsOn
  }

  rewind(): void {}
}

/** A volume's client locks as a list: whoever comes first. */
export class FakeLocks implements ClientLocks {
  listener: LockListener | null = null
  held: Held[] = []
  waiting: (Held & { waiter: number })[] = []
  /** Times of grace: only reclaims are granted. */
  isGrace = false
  /** Answered to every lock, instead. */
  always: LockOutcome | null = null
  /** Every question is asked of somebody else, who answers when `answer` is called. */
  isRemote = false
  /** False: calls whose clients have gone away never hear of the answer. */
  runsOn = true
  readonly #unanswered: (() => void)[] = []
  #lastWaiter = 0

  isAsked(op: Operation): boolean {
    return op.forwarded instanceof Asked
  }

  lock(op: Operation, ino: number, lock: ClientLock, mode: LockMode): LockOutcome {
    return this.#ask(op, () => this.#lock(ino, lock, mode))
  }

  test(op: Operation, ino: number, lock: ClientLock): LockOutcome {
    return this.#ask(op, () => this.#met(ino, lock) ?? { type: 'granted' })
  }

  unlock(op: Operation, ino: number, lock: ClientLock): LockOutcome {
    return this.#ask(op, () => {
      const had = this.held.length
      const own = (held: Held): boolean => held.ino === ino && isOwn(held.lock, lock)
      const hasAny = this.held.some((held) => own(held) && overlap(held.lock, lock))
      this.#cut(ino, lock)
      this.#grantNext()
      return { type: hasAny || this.held.length !== had ? 'granted' : 'notHeld' }
    })
  }

  cancel(op: Operation, ino: number, lock: ClientLock): LockOutcome {
    return this.#ask(op, () => {
      const at = this.waiting.findIndex((one) => one.ino === ino && isSame(one.lock, lock))
      if (at < 0) return { type: 'notHeld' }
      this.waiting.splice(at, 1)
      return { type: 'granted' }
    })
  }

  holds(ino: number, lock: ClientLock): boolean {
    return this.held.some((one) => one.ino === ino && isSame(one.lock, lock))
  }

  isWaiting(ino: number, waiter: number): boolean {
    return this.waiting.some((one) => one.ino === ino && one.waiter === waiter)
  }

  isUsed(_protocol: string, client: string): boolean {
    return [...this.held, ...this.waiting].some(({ lock }) => lock.owner.client === client)
  }

  releaseClient(_protocol: string, client: string): void {
    this.held = this.held.filter(({ lock }) => lock.owner.client !== client)
    this.waiting = this.waiting.filter(({ lock }) => lock.owner.client !== client)
    this.#grantNext()
  }

  /** The oldest question is answered. */
  answer(): void {
    this.#unanswered.shift()?.()
  }

  /** What is held, for people. */
  list(): string[] {
    return this.held.map(({ ino, lock }) => `${ino} ${textOf(lock)}`).sort()
  }

  #ask(op: Operation, decide: () => LockOutcome): LockOutcome {
    if (!(op.forwarded instanceof Asked)) {
      if (!this.isRemote) return decide()
      op.forwarded = new Asked(this.runsOn)
    }
    const asked = op.forwarded as Asked
    if (asked.outcome !== null) return asked.outcome
    throw new Suspend((resume) => {
      this.#unanswered.push(() => {
        asked.outcome = decide()
        resume()
      })
    })
  }

  #lock(ino: number, lock: ClientLock, mode: LockMode): LockOutcome {
    if (this.always !== null) return this.always
    if (this.isGrace !== (mode === 'reclaim')) return { type: this.isGrace ? 'grace' : 'noGrace' }
    const met = this.#met(ino, lock)
    if (met === null) {
      this.#hold(ino, lock)
      return { type: 'granted' }
    }
    if (mode !== 'wait') return met
    const known = this.waiting.find((one) => one.ino === ino && isSame(one.lock, lock))
    if (known !== undefined) return { type: 'waiting', waiter: known.waiter }
    this.waiting.push({ ino, lock, waiter: ++this.#lastWaiter })
    return { type: 'waiting', waiter: this.#lastWaiter }
  }

  #met(ino: number, lock: ClientLock): LockOutcome | null {
    const held = this.held.find((one) => one.ino === ino && !isOwn(one.lock, lock) && conflict(one.lock, lock))
    return held === undefined ? null : { type: 'denied', mover: 0, lock: held.lock }
  }

  #hold(ino: number, lock: ClientLock): void {
    this.#cut(ino, lock)
    this.held.push({ ino, lock })
  }

  /** The owner has nothing of that any more. */
  #cut(ino: number, lock: ClientLock): void {
    this.held = this.held.flatMap((one) => {
      if (one.ino !== ino || !isOwn(one.lock, lock) || !overlap(one.lock, lock)) return [one]
      if (one.lock.kind === 'open' || lock.kind === 'open') return []
      const { start, end } = one.lock
      const rest: RangeLock[] = []
      if (start < lock.start) rest.push({ ...one.lock, end: lock.start })
      if (end > lock.end) rest.push({ ...one.lock, start: lock.end })
      return rest.map((part) => ({ ino, lock: part }))
    })
  }

  #grantNext(): void {
    for (const one of [...this.waiting]) {
      if (this.#met(one.ino, one.lock) !== null) continue
      this.waiting.splice(this.waiting.indexOf(one), 1)
      this.#hold(one.ino, one.lock)
      this.listener?.granted(one.ino, one.waiter, one.lock)
    }
  }
}

function isOwn(a: ClientLock, b: ClientLock): boolean {
  return a.kind === b.kind && a.owner.client === b.owner.client && a.owner.owner === b.owner.owner
}

function overlap(a: ClientLock, b: ClientLock): boolean {
  if (a.kind === 'open' || b.kind === 'open') return a.kind === b.kind
  return a.start < b.end && b.start < a.end
}

function conflict(a: ClientLock, b: ClientLock): boolean {
  if (a.kind === 'open' && b.kind === 'open') return (a.access & b.deny) !== 0 || (a.deny & b.access) !== 0
  if (a.kind === 'open' || b.kind === 'open') return false
  return overlap(a, b) && (a.isExclusive || b.isExclusive)
}

function isSame(a: ClientLock, b: ClientLock): boolean {
  return textOf(a) === textOf(b)
}

function textOf(lock: ClientLock): string {
  const { client, owner } = lock.owner
  if (lock.kind === 'open') return `${client}: ${owner} opens ${lock.access} denies ${lock.deny}`
  const kind = lock.isExclusive ? 'exclusive' : 'shared'
  return `${client}: ${owner} ${kind} ${offsetOf(BigInt(lock.start))}-${offsetOf(BigInt(lock.end))}`
}

/** A volume's records of clients, which become durable when `barriers` are done. */
export class FakeRecords implements ClientRecords {
  readonly records = new Map<string, ClientRecord>()
  failure: Failure | null = null
  /** `set` leaves a barrier each time. */
  useBarriers = false
  readonly barriers: ((failure: Failure | null) => void)[] = []
  sets = 0
  /** `drop` waits each time. */
  areDropsHeld = false
  readonly drops: (() => void)[] = []

  set(op: Operation, client: ClientRecord): Failure | null {
    if (this.failure !== null) return this.failure
    this.sets++
    this.records.set(Buffer.from(client.id).toString(), client)
    if (this.useBarriers) op.barrier = this.barrier()
    return null
  }

  drop(_op: Operation, id: Uint8Array): Failure | null {
    if (this.areDropsHeld) throw new Suspend((resume) => this.drops.push(resume))
    this.records.delete(Buffer.from(id).toString())
    return null
  }

  /** Two at a time. */
  list(_op: Operation, prefix: Uint8Array, after: Uint8Array): ClientRecord[] | Failure {
    const begin = Buffer.from(prefix).toString()
    const behind = Buffer.from(after).toString()
    const ids = [...this.records.keys()].filter((id) => id.startsWith(begin) && id > behind).sort()
    return ids.slice(0, 2).flatMap((id) => this.records.get(id) ?? [])
  }

  barrier(): Barrier {
    return { wait: (done) => this.barriers.push(done) }
  }
}
