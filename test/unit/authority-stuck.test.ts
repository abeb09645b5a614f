/** Who was asked to give something back, and does nothing for it, is told of; who works on it, or waits for the primary, is not. */
import t from 'tap'
import { Revocations, type Stuck } from '../../mover/authority/revocations.ts'
import type { Suspend } from '../../mover/suspend.ts'
import { type message, message_kind, token_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { Rude, WHOLE } from './rude-mover.ts'

const LEASE_MS = 5000
const STEP_MS = 3000

/** A mover that may write to a file, and is asked for it by the primary. */
function asked() {
  const mover = new Rude()
  const { env } = mover.world
  const { serial, blocks } = mover.lock(token_kind.BR_W, 0, 1000).granted
  const stuck: string[] = []
  const ending = new AbortController()
  mover.reign.watchRevocations(LEASE_MS, ending.signal, ({ name }, { ino }: Stuck) => stuck.push(`${name}: ${ino}`))
  mover.got.length = 0
  try {
    mover.reign.authority.need(mover.ino, 'BR_W', 0, 10)
  } catch (error) {
    ;(error as Suspend).wait(() => {})
  }
  env.advance(10)
  const told = mover.got.find((message) => message.kind === message_kind.REVOKE)
  if (told === undefined) throw new Error('nothing is asked back')
  const release = (start: number, end: number): message => {
    return { kind: message_kind.RELEASE, release: { ino: mover.ino, serial, blocks: { start, end }, changes: null } }
  }
  return { mover, env, stuck, ending, blocks, revoke: told.revoke, release, expected: `b: ${mover.ino}` }
}

t.test('after a lease without an answer', async (t) => {
  const { env, stuck, ending, expected } = asked()
  env.advance(LEASE_MS - 100)
  t.same(stuck, [])
  env.advance(LEASE_MS / 2)
  t.equal(stuck[0], expected)
  ending.abort()
  stuck.length = 0
  env.advance(2 * LEASE_MS)
  t.same(stuck, [], 'when the primary ends it looks no more')
})

t.test('each piece, and each commit, is progress', async (t) => {
  const { mover, env, stuck, revoke, release, expected } = asked()
  const { start, end } = revoke.blocks
  env.advance(STEP_MS)
  mover.say(release(start, start + 1))
  env.advance(STEP_MS)
  mover.say(mover.commit({}))
  env.advance(STEP_MS)
  mover.say(release(start + 1, start + 2))
  env.advance(STEP_MS)
  t.same(stuck, [])
  env.advance(STEP_MS)
  t.equal(stuck[0], expected, 'until it stops')
  stuck.length = 0
  mover.say(release(start, end))
  env.advance(2 * LEASE_MS)
  t.same(stuck, [], 'who has given back everything is asked for nothing')
})

t.test('so is a question about a file that is not answered, whatever the mover waits for', async (t) => {
  const mover = new Rude()
  const { ino, world, reign } = mover
  const { env } = world
  mover.lock(token_kind.BR_W, 0, 1000)
  const stuck: string[] = []
  reign.watchRevocations(LEASE_MS, new AbortController().signal, ({ name }, what) => stuck.push(`${name}: ${what.ino}`))
  const ask = (): message => {
    mover.got.length = 0
    world.start((op) => {
      reign.authority.refresh(op, ino)
      return true
    })
    env.advance(10)
    const question = mover.got.find(({ kind }) => kind === message_kind.GLIMPSE)
    if (question === undefined) throw new Error('nothing is asked')
    return question
  }
  const first = ask()
  if (first.kind === message_kind.GLIMPSE)
    mover.say({ kind: message_kind.GLIMPSED, glimpsed: { ...first.glimpse, changes: null } })
  env.advance(2 * LEASE_MS)
  t.same(stuck, [], 'it has been answered')
  ask()
  env.advance(LEASE_MS - 100)
  t.same(stuck, [])
  env.advance(LEASE_MS / 2)
  t.equal(stuck[0], `b: ${ino}`)
})

t.test('who waits for the primary is not to blame', async (t) => {
  const { mover, env, stuck, release, revoke } = asked()
  const { device } = mover.world
  const { flush } = device
  const late: (() => void)[] = []
  device.flush = (...args) => void late.push(() => flush.apply(device, args))
  mover.say(mover.commit({}))
  env.advance(4 * LEASE_MS)
  t.ok(late.length > 0, 'the commit is not durable')
  t.same(stuck, [])
  device.flush = flush
  for (const task of late) task()
  env.advance(LEASE_MS - 100)
  t.same(stuck, [], 'when it is, the mover has a lease')
  mover.say(release(revoke.blocks.start, revoke.blocks.end))
  env.advance(2 * LEASE_MS)
  t.same(stuck, [])
})

t.test('nor is who waits for a device that answers nobody', async (t) => {
  const { mover, env, stuck, expected } = asked()
  mover.answeredMs = env.monotonicMs()
  env.advance(4 * LEASE_MS)
  t.same(stuck, [])
  mover.answeredMs = null
  env.advance(LEASE_MS - 100)
  t.same(stuck, [], 'when it answers, the mover has a lease')
  env.advance(LEASE_MS)
  t.equal(stuck[0], expected)
})

t.test('nor is who waits for what it has been granted', async (t) => {
  const { mover, env, stuck } = asked()
  const { device } = mover.world
  const { writeDurable } = device
  const late: (() => void)[] = []
  const ino = mover.world.create('g')
  // Its mark is cleared meanwhile.
  env.advance(LEASE_MS - 1000)
  device.writeDurable = (...args) => void late.push(() => writeDurable.apply(device, args))
  // The next one must be durable before it is told.
  const lock = { ino, id: 1000, kind: token_kind.BR_W, need: { start: 0, end: 1 }, exact: false }
  const answers = mover.say({ kind: message_kind.LOCK, lock })
  t.equal(answers.filter(({ kind }) => kind === message_kind.GRANT).length, 0)
  env.advance(4 * LEASE_MS)
  t.ok(late.length > 0, 'what is granted is not durable')
  t.same(stuck, [])
  device.writeDurable = writeDurable
  for (const task of late) task()
  env.advance(100)
  t.ok(mover.got.some(({ kind }) => kind === message_kind.GRANT))
  env.advance(LEASE_MS - 200)
  t.same(stuck, [], 'when it is told, the mover has a lease')
  env.advance(LEASE_MS)
  t.not(stuck.length, 0, 'and no more')
})

t.test('what was not asked for may be kept', async (t) => {
  const mover = new Rude()
  const stuck: Stuck[] = []
  mover.lock(token_kind.WF_R, WHOLE.start, WHOLE.end)
  mover.reign.watchRevocations(LEASE_MS, new AbortController().signal, (_, what) => stuck.push(what))
  mover.world.env.advance(4 * LEASE_MS)
  t.same(stuck, [])
})

t.test('short waits for the primary do not excuse, and who counts may have been held up', async (t) => {
  const env = new TestEnvironment(1)
  const revocations = new Revocations(env)
  revocations.asked(7, 1, { start: 0, end: 1 })
  for (let i = 0; i < 50; i++) {
    const answered = revocations.owe()
    env.advance(99)
    answered()
    env.advance(2)
  }
  t.match(revocations.stuck(LEASE_MS), { ino: 7, forMs: 5050 })
  revocations.refresh()
  t.equal(revocations.stuck(LEASE_MS), null)
  env.advance(LEASE_MS)
  t.match(revocations.stuck(LEASE_MS), { ino: 7, forMs: LEASE_MS })
})

t.test('nobody is waited for without an end, whatever else he does or is owed', async (t) => {
  const env = new TestEnvironment(1)
  const revocations = new Revocations(env)
  const held = new Set([1, 2])
  const isHeld = (serial: number): boolean => held.has(serial)
  revocations.asked(7, 1, { start: 0, end: 1 })
  const answered = revocations.owe()
  /** Time goes by in which something else of the file is released again and again. */
  const work = (ms: number): void => {
    for (let i = 0; i < ms / 1000; i++) {
      env.advance(1000)
      revocations.progress(7)
      revocations.released(7, isHeld)
    }
  }
  work(LEASE_MS)
  revocations.asked(7, 2, { start: 1, end: 2 })
  work(10 * LEASE_MS)
  t.equal(revocations.stuck(LEASE_MS), null, 'he works, and waits')
  held.delete(1)
  work(2 * LEASE_MS - 1000)
  t.equal(revocations.stuck(LEASE_MS), null, 'what has been released does not count')
  work(1000)
  t.match(revocations.stuck(LEASE_MS), { ino: 7, forMs: 12 * LEASE_MS })
  revocations.refresh()
  t.equal(revocations.stuck(LEASE_MS), null, 'unless who counts was held up himself')
  work(11 * LEASE_MS)
  revocations.settled(7)
  work(2 * LEASE_MS)
  t.equal(revocations.stuck(LEASE_MS), null)
  answered()
})

t.test(
  'who gives back one block after the other at once is never stuck, though something is always asked of it',
  async (t) => {
    const mover = new Rude()
    const { env } = mover.world
    const { serial } = mover.lock(token_kind.BR_W, 0, 1000).granted
    const stuck: Stuck[] = []
    mover.reign.watchRevocations(LEASE_MS, new AbortController().signal, (_, what) => stuck.push(what))
    const ask = (block: number): void => {
      try {
        mover.reign.authority.need(mover.ino, 'BR_W', block, block + 1)
      } catch (error) {
        ;(error as Suspend).wait(() => {})
      }
      env.runUntilIdle()
    }
    ask(0)
    for (let at = 0; at < 14 * LEASE_MS; at += 1000) {
      const block = 2 * (at / 1000)
      // The next one is asked for before this one is given back.
      ask(block + 2)
      const blocks = { start: block, end: block + 1 }
      mover.say({ kind: message_kind.RELEASE, release: { ino: mover.ino, serial, blocks, changes: null } })
      env.advance(1000)
    }
    t.same(stuck, [])
    env.advance(2 * LEASE_MS)
    t.not(stuck.length, 0, 'until it keeps one')
  },
)
