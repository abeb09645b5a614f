import {
  type Delegation,
  type Demotion,
  LOCK_LIMITS,
  type LockAssertion,
  type LockEffect,
  type LockOp,
} from '../../mover/locks/client-lock.ts'
import { type HolderLockPort, LockHolder } from '../../mover/locks/lock-holder.ts'
import { describe } from './lock-owner.ts'

/** To the primary. */
export type Message =
  | { type: 'ask'; ino: number; id: number; op: LockOp }
  | { type: 'demote'; ino: number; demotion: Demotion }
  | { type: 'assert'; ino: number; assertion: LockAssertion }
  | { type: 'asserted' }

/** By the primary. */
export type Told = Exclude<LockEffect, { type: 'free' | 'owes' }> | { type: 'ready' }

/** One mover with its session: messages under way, in order. */
export class SimMover {
  readonly id: number
  readonly holder: LockHolder
  toPrimary: Message[] = []
  fromPrimary: Told[] = []
  /** The primary is in its own process: it hears these at once. */
  atHome: ((message: Message) => void) | null = null
  /** Files that were lent to it last: it decides about them no longer than its clients have locks, or want any. */
  readonly lent = new Set<number>()
  /** It has more to tell. */
  isPaused = false
  /** There is a primary, and it knows what this mover has. */
  isConnected = true

  /** `toldAtOnce`: see `LockLimits`. */
  constructor(id: number, toldAtOnce: number, granted: (ino: number, waiter: number) => void) {
    this.id = id
    const say = (message: Message): void => {
      if (!this.isConnected) return
      if (this.atHome !== null) this.atHome(message)
      else this.toPrimary.push(message)
    }
    const port = {
      ask: (ino, id, op) => say({ type: 'ask', ino, id, op }),
      demote: (ino, demotion) => say({ type: 'demote', ino, demotion }),
      assert: (ino, assertion) => say({ type: 'assert', ino, assertion }),
      pause: () => {
        this.isPaused = true
      },
      granted,
      gone: () => {},
    } satisfies HolderLockPort
    this.holder = new LockHolder(id, port, { ...LOCK_LIMITS, toldAtOnce })
  }

  /** Its session is gone, with what was under way. */
  cut(): void {
    this.isConnected = false
    this.toPrimary = []
    this.fromPrimary = []
  }

  /** It is told who the primary is. */
  join(): void {
    this.isConnected = true
    this.holder.assert()
    this.toPrimary.push({ type: 'asserted' })
  }

  goOn(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.holder.goOn()
  }

  hear(told: Told): void {
    const { holder, lent } = this
    if ((told.type === 'answer' || told.type === 'grant') && told.delegation !== null) {
      if (told.delegation.isBrief) lent.add(told.ino)
      else lent.delete(told.ino)
    }
    if (told.type === 'ready') holder.ready()
    else if (told.type === 'answer') holder.answered(told.ino, told.id, told.outcome, told.delegation)
    else if (told.type === 'grant') holder.granted(told.ino, told.waiter, told.delegation)
    else if (told.type === 'handBack') holder.handedBack(told.ino, told.id)
    else if (told.type === 'recall') holder.recalled(told.ino, told.serial, told.level)
    else holder.dropped(told.ino)
  }
}

export function toText(message: Message | Told): string {
  if (message.type === 'ready' || message.type === 'asserted') return message.type
  const about = `${message.type} ${message.ino}`
  if (message.type === 'ask') {
    const { op, id } = message
    return `${about} ${id} ${op.type} ${'lock' in op ? describe(op.lock) : ''}${'mode' in op ? op.mode : ''}`
  }
  if (message.type === 'demote') return `${about} ${message.demotion.serial} ${message.demotion.level}`
  if (message.type === 'assert') {
    const { delegation, locks, waiting } = message.assertion
    return `${about} ${delegation.serial} ${delegation.level}, ${locks.map(describe)}, ${waiting.map(({ waiter }) => waiter)}`
  }
  if (message.type === 'answer') return `${about} ${message.id} ${message.outcome.type} ${levelOf(message)}`
  if (message.type === 'grant') return `${about} ${message.waiter} ${levelOf(message)}`
  if (message.type === 'recall') return `${about} ${message.serial} ${message.level}`
  return about
}

function levelOf({ delegation }: { delegation: Delegation | null }): string {
  return delegation === null ? '' : `${delegation.serial} ${delegation.level}`
}
