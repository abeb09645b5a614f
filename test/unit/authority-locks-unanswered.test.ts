/** What a mover is told of locks it answers at once: who does not for a lease is told of. */
import t from 'tap'
import { delegationOfWire, wireDelegation, wireLock, wireOp } from '../../mover/authority/lock-words.ts'
import { GovernedVolume } from '../../mover/files/governed-volume.ts'
import type { LockOp } from '../../mover/locks/client-lock.ts'
import { Suspend } from '../../mover/suspend.ts'
import { type message, message_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import { range } from './authority-locks-support.ts'
import { Rude } from './rude-mover.ts'

const LEASE_MS = 5000
const MINE = range('a', 0, 10)
/** Of the first delegation of a reign. */
const FIRST_SERIAL = 1

/** A mover that decides alone about the locks of a file, of which one of its clients has one. */
class Delegate extends Rude {
  readonly stuck: string[] = []
  readonly expected = `b: ${this.ino}`
  #lastId = 0

  constructor() {
    super()
    const { signal } = new AbortController()
    this.reign.watchRevocations(LEASE_MS, signal, ({ name }, { ino }) => this.stuck.push(`${name}: ${ino}`))
    this.ask({ type: 'lock', mode: 'try', lock: MINE })
  }

  ask(op: LockOp): void {
    this.say({ kind: message_kind.LOCK_ASK, lock_ask: { ino: this.ino, id: ++this.#lastId, what: wireOp(op) } })
  }

  /** A client of the primary wants to know what is in its way: the mover is asked to tell. */
  recall(): void {
    this.got.length = 0
    this.reign.authority.locks.holder.test(this.ino, range('b', 0, 10), () => {})
    this.world.env.advance(10)
    if (this.#recall === undefined) throw new Error('nothing is asked back')
  }

  #recalledSerial(): number {
    const told = this.#recall
    if (told?.kind !== message_kind.LOCK_RECALL) throw new Error('nothing is asked back')
    return delegationOfWire(told.lock_recall.to).serial
  }

  get #recall(): message | undefined {
    return this.got.find(({ kind }) => kind === message_kind.LOCK_RECALL)
  }

  /** It gives back what it was asked for, or what it has under `serial`; `more`: this is not all. */
  demote(more = false, serial = this.#recalledSerial()): void {
    const given = wireDelegation({ serial, level: 'none' })
    this.say({
      kind: message_kind.LOCK_DEMOTE,
      lock_demotion: { ino: this.ino, given, locks: [wireLock(MINE)], more },
    })
  }
}

t.test('a recall that is not answered', async (t) => {
  const mover = new Delegate()
  const { env } = mover.world
  env.advance(3 * LEASE_MS)
  t.same(mover.stuck, [], 'who is asked for nothing need not answer')
  mover.recall()
  env.advance(LEASE_MS - 100)
  t.same(mover.stuck, [])
  env.advance(LEASE_MS / 2)
  t.equal(mover.stuck[0], mover.expected)
})

t.test('one that is answered', async (t) => {
  const mover = new Delegate()
  mover.recall()
  mover.demote()
  mover.world.env.advance(3 * LEASE_MS)
  t.same(mover.stuck, [])
})

t.test('one that is answered in part', async (t) => {
  const mover = new Delegate()
  mover.recall()
  mover.demote(true)
  mover.world.env.advance(2 * LEASE_MS)
  t.equal(mover.stuck[0], mover.expected)
})

t.test('one that is answered bit by bit takes as long as it takes, within reason', async (t) => {
  const mover = new Delegate()
  const { env } = mover.world
  mover.recall()
  for (let bit = 0; bit < 10; bit++) {
    env.advance(LEASE_MS / 2)
    mover.demote(true, FIRST_SERIAL)
  }
  t.same(mover.stuck, [])
  for (let bit = 0; bit < 20; bit++) {
    env.advance(LEASE_MS / 2)
    mover.demote(true, FIRST_SERIAL)
  }
  t.equal(mover.stuck[0], mover.expected)
})

t.test('one that is answered, though the primary cannot carry that out yet', async (t) => {
  const mover = new Delegate()
  mover.recall()
  t.capture(GovernedVolume.prototype, 'noteLocks', () => {
    throw new Suspend(() => {})
  })
  mover.reign.authority.locks.holder.lock(mover.ino, range('c', 0, 10), 'try', () => {})
  mover.demote()
  t.same(mover.reign.authority.locks.describe(mover.ino).held, [], 'it waits for the log')
  mover.world.env.advance(3 * LEASE_MS)
  t.same(mover.stuck, [])
})

t.test('one that crosses what was given back before, and is not carried out yet', async (t) => {
  const mover = new Delegate()
  const { locks } = mover.reign.authority
  const resumes: (() => void)[] = []
  let asked = 0
  t.capture(GovernedVolume.prototype, 'noteLocks', () => {
    if (++asked !== 2) throw new Suspend((resume) => resumes.push(resume))
    return null
  })
  // The first of the primary's clients meets the mover when the log has come, the second waits for it again.
  for (const client of ['b', 'c']) locks.holder.lock(mover.ino, range(client, 0, 10), 'try', () => {})
  mover.demote(false, FIRST_SERIAL)
  mover.got.length = 0
  resumes[0]()
  mover.world.env.advance(10)
  t.ok(
    mover.got.some(({ kind }) => kind === message_kind.LOCK_RECALL),
    'it is asked for what it does not have any more',
  )
  t.equal(resumes.length, 2)
  mover.world.env.advance(3 * LEASE_MS)
  t.same(mover.stuck, [])
})

t.test('one that the end of the file has made needless', async (t) => {
  const mover = new Delegate()
  mover.recall()
  mover.reign.authority.locks.dropped(mover.ino)
  mover.world.env.advance(3 * LEASE_MS)
  t.same(mover.stuck, [])
})

t.test('a primary that was held up begins anew', async (t) => {
  const mover = new Delegate()
  const { env } = mover.world
  mover.recall()
  mover.answeredMs = env.monotonicMs()
  env.advance(3 * LEASE_MS)
  t.same(mover.stuck, [], 'its device answers nobody')
  mover.answeredMs = null
  env.advance(LEASE_MS - 100)
  t.same(mover.stuck, [])
  env.advance(LEASE_MS)
  t.equal(mover.stuck[0], mover.expected)
})

t.test('who is granted less than it has gives up the rest', async (t) => {
  for (const isGivenUp of [true, false]) {
    const mover = new Delegate()
    mover.recall()
    mover.demote()
    const shared = range('a', 0, 10, false)
    mover.ask({ type: 'lock', mode: 'try', lock: shared })
    if (isGivenUp) mover.ask({ type: 'weaken', lock: shared })
    mover.world.env.advance(2 * LEASE_MS)
    t.equal(mover.stuck[0], isGivenUp ? undefined : mover.expected)
  }
})
