/** Locks of the primary's own clients: they are answered at once, and yet told everything in the order of the table. */
import t from 'tap'
import { outcomeOfWire, wireOp } from '../../mover/authority/lock-words.ts'
import { PrimaryLocks } from '../../mover/authority/primary-locks.ts'
import type { LockMode, LockOp, LockOutcome } from '../../mover/locks/client-lock.ts'
import { type message, message_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { range } from './locks-support.ts'

const OTHER = 1
const [FILE, ELSEWHERE] = [77, 78]

/** A primary with clients of its own, and another mover, whose clients' wishes come as messages. */
class Home {
  readonly env = new TestEnvironment(1)
  readonly told: string[] = []
  /** To the other mover. */
  readonly sent: message[] = []
  readonly locks: PrimaryLocks
  #lastId = 0

  constructor() {
    const notes = { noteLocks: () => null, forgetLocks: () => {} }
    const movers = { movers: ['primary', 'other'], self: 'primary', noted: new Map<number, number>() }
    this.locks = new PrimaryLocks({ notes, env: this.env, graceMs: 0, ...movers })
    this.locks.listener = {
      granted: (_, __, lock) => this.told.push(`${lock.owner.owner} has it`),
      gone: () => {},
      broken: () => {},
    }
    this.locks.recovered([])
    this.locks.admit(OTHER, 'other', (message) => this.sent.push(message))
  }

  /** A client of the primary's own mover asks; what it is told comes to `told`. */
  own(op: Extract<LockOp, { type: 'lock' | 'unlock' }>, ino = FILE): void {
    const { holder } = this.locks
    const tell = ({ type }: LockOutcome): void => void this.told.push(`${op.lock.owner.owner} ${op.type} ${type}`)
    const atOnce = op.type === 'lock' ? holder.lock(ino, op.lock, op.mode, tell) : holder.unlock(ino, op.lock, tell)
    if (atOnce !== null) tell(atOnce)
  }

  other(op: LockOp, ino = FILE): void {
    this.locks.received(OTHER, { kind: message_kind.LOCK_ASK, lock_ask: { ino, id: ++this.#lastId, what: wireOp(op) } })
  }

  /** What the other mover has been answered. */
  answers(): string[] {
    return this.sent.map((message) =>
      message.kind === message_kind.LOCK_ANSWER ? outcomeOfWire(message.lock_answer.outcome).type : 'something else',
    )
  }
}

function lock(name: string, start: number, end: number, isExclusive = true, mode: LockMode = 'try') {
  return { type: 'lock', mode, lock: range(name, start, end, isExclusive) } as const
}

function unlock(name: string, start: number, end: number) {
  return { type: 'unlock', lock: range(name, start, end, true) } as const
}

t.test('what is asked while news is told is answered behind that news', async (t) => {
  const home = new Home()
  home.other(lock('z', 0, 10), ELSEWHERE)
  home.own(lock('a', 50, 60))
  home.other(lock('b', 0, 5))
  home.env.runUntilIdle()
  home.own(lock('a', 0, 5, true, 'wait'))
  t.same(home.told.splice(0), ['a lock granted', 'a lock waiting'])
  // There is news for others, to be told in a moment: what comes now is told behind it.
  home.own(lock('c', 0, 10), ELSEWHERE)
  home.own(unlock('a', 50, 60))
  home.own(lock('a', 0, 5, false))
  t.same(home.told, [])
  home.other(unlock('b', 0, 5))
  home.env.runUntilIdle()
  t.same(home.told, ['a unlock granted', 'a has it', 'a lock granted'])
  t.match(home.locks.holder.locksOf(FILE), [{ start: 0, end: 5, isExclusive: false }], 'what it has asked for last')
  home.sent.length = 0
  home.other(lock('b', 0, 5, false))
  home.env.runUntilIdle()
  t.same(home.answers(), ['granted'], 'nothing keeps the file from others')
})
