/** Client locks of several movers when their primary is lost, or may write nothing any more: what is kept, and what is asked again. */
import t from 'tap'
import type { ClientLock } from '../../mover/files/client-locks.ts'
import { noteLocks } from '../../mover/files/lock-records.ts'
import type { LockOutcome } from '../../mover/locks/client-lock.ts'
import { GRACE_MS, Locks, range } from './authority-locks-support.ts'

t.test('a primary that is lost has removed a file, and told nobody', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world } = locks
  const [alone, kept] = [world.create(primary, 'alone'), world.create(primary, 'kept')]
  locks.lock(first, range('a', 0, 10))
  locks.lock(second, range('b', 0, 10), 'wait')
  locks.lock(first, range('a', 0, 10), 'try', alone)
  locks.lock(first, range('a', 0, 10), 'try', kept)
  world.files.files.context.locks = null
  for (const name of ['f', 'alone'])
    world.answer(primary, (op) => primary.files.remove(op, world.files.root, Buffer.from(name)))
  const next = locks.takeOver([first, second])
  world.env.runUntilIdle()
  t.same(locks.granted, [`gone ${locks.ino}`], 'who waits waits no more')
  t.same([...next.locks.inos()], [kept])
  t.same([...first.authority.locks.holder.inos()], [kept])
  t.equal(locks.lock(second, range('b', 0, 10)), 'gone')
  t.equal(locks.lock(second, range('b', 0, 10), 'try', kept), 'denied')
})

t.test('locks of a removed file go when the removal is durable: until then it may be there again', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world, ino } = locks
  const { log } = world.files.files.volume
  locks.lock(first, range('a', 0, 10))
  locks.lock(second, range('b', 0, 10), 'wait')
  world.env.runUntilIdle()
  // The device takes nothing for a while.
  const whenDurable = log.whenDurable.bind(log)
  const held: (() => void)[] = []
  log.whenDurable = (lsn, done) => held.push(() => whenDurable(lsn, done))
  world.run(
    primary,
    (op) => primary.files.remove(op, world.files.root, Buffer.from('f')),
    () => {},
  )
  world.env.runUntilIdle()
  t.ok(held.length > 0)
  t.same(locks.granted, [])
  t.equal(first.authority.locks.holder.locksOf(ino).length, 1)
  t.equal(primary.authority.locks.queue(ino).length, 1)
  for (const mover of [first, second, primary]) t.equal(locks.lock(mover, range('c', 20, 30)), 'gone')
  log.whenDurable = whenDurable
  for (const go of held) go()
  world.env.runUntilIdle()
  t.same(locks.granted, [`gone ${ino}`])
  t.same([...first.authority.locks.holder.inos(), ...primary.authority.locks.inos()], [])
})

t.test('another primary is told of all that movers have, and of what they wait for', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world } = locks
  const [alone, shared, waited, lost] = ['alone', 'shared', 'waited', 'lost'].map((name) => world.create(primary, name))
  t.equal(locks.lock(first, range('a', 0, 10), 'try', alone), 'granted')
  t.equal(locks.lock(first, range('a', 0, 10, false), 'try', shared), 'granted')
  t.equal(locks.lock(second, range('b', 0, 10, false), 'try', shared), 'granted')
  t.equal(locks.lock(second, range('b', 0, 10), 'try', waited), 'granted')
  t.equal(locks.lock(first, range('a', 0, 10), 'wait', waited), 'waiting')
  t.equal(locks.lock(primary, range('c', 0, 10), 'try', lost), 'granted')
  const next = locks.takeOver([first, second])
  world.env.runUntilIdle()
  t.equal(first.authority.locks.holder.levelOf(alone), 'all', 'what it decides alone stays its own')
  t.equal(locks.lock(second, range('b', 0, 10), 'try', alone), 'denied')
  t.equal(
    locks.lock(second, range('b', 20, 30), 'try', alone),
    'granted',
    'a file that nobody else had locked does not wait',
  )
  t.equal(
    locks.lock(second, range('b', 0, 10), 'try', lost),
    'grace',
    'one that the lost primary’s clients had locked does',
  )
  t.equal(locks.lock(second, range('c', 0, 10), 'reclaim', lost), 'granted')
  t.equal(locks.lock(second, range('b', 50, 60), 'try', shared), 'granted', 'others do not')
  t.match(next.locks.describe(waited), {
    held: [{ lock: { owner: { client: 'b' } } }],
    waiting: [{ lock: { owner: { client: 'a' } } }],
  })
  t.equal(locks.ask(second, (client, op) => client.unlock(op, waited, range('b', 0, 10))).type, 'granted')
  world.env.runUntilIdle()
  t.same(locks.granted, [`a on ${waited}`])
})

t.test('files that clients of the lost primary had locked wait, whoever else has', async (t) => {
  for (const isKnown of [true, false]) {
    const locks = new Locks()
    const { primary, first, second, world } = locks
    const theirs = world.create(primary, 'theirs')
    for (const mover of [first, primary, second]) {
      t.equal(locks.lock(mover, range('a', mover === first ? 0 : 100, 200, false)), 'granted')
      if (mover !== primary) t.equal(locks.lock(mover, range('a', 0, 10, false), 'try', theirs), 'granted')
    }
    t.equal(locks.lock(first, range('b', 100, 200), 'wait'), 'waiting')
    t.equal(locks.lock(first, range('b', 0, 10), 'wait', theirs), 'waiting')
    locks.takeOver([first, second], isKnown ? [first, second] : [first])
    world.env.runUntilIdle()
    t.equal(locks.lock(second, range('c', 500, 510)), 'grace')
    const expected = isKnown ? 'granted' : 'grace'
    t.equal(locks.lock(second, range('c', 500, 510), 'try', theirs), expected)
    locks.ask(first, (client, op) => client.unlock(op, theirs, range('a', 0, 10)))
    locks.ask(second, (client, op) => client.unlock(op, theirs, range('a', 0, 10)))
    locks.ask(first, (client, op) => client.unlock(op, locks.ino, range('a', 0, 200)))
    locks.ask(second, (client, op) => client.unlock(op, locks.ino, range('a', 0, 200)))
    world.env.runUntilIdle()
    const now = isKnown ? [`b on ${theirs}`] : []
    t.same(locks.granted, now)
    locks.pass(GRACE_MS + 2000)
    const all = [`b on ${locks.ino}`, `b on ${theirs}`]
    t.same([...locks.granted].sort(), all, 'who waits has it behind all reclaims')
  }
})

t.test(
  'a mover that dies again and again: its clients may reclaim each time that it comes, but not for ever',
  async (t) => {
    const locks = new Locks()
    const { primary, first, second, world } = locks
    const theirs = world.create(primary, 'theirs')
    locks.lock(first, range('a', 0, 10))
    locks.lock(primary, range('c', 0, 10), 'try', theirs)
    primary.authority.gone(first.peer)
    const { env } = world
    const diedMs = env.monotonicMs()
    const table = primary.authority.locks
    for (let id = 100; env.monotonicMs() < diedMs + 9 * GRACE_MS; id++) {
      locks.pass(GRACE_MS - 5000)
      t.equal(locks.lock(second, range('b', 50, 60)), 'grace')
      table.admit(id, first.name, () => {})
      table.gone(id)
    }
    t.equal(locks.lock(second, range('a', 0, 10), 'reclaim'), 'granted')
    locks.pass(diedMs + 10 * GRACE_MS + 2000 - env.monotonicMs())
    t.equal(locks.lock(second, range('b', 50, 60)), 'granted')
  },
)

t.test('for a mover that comes back nobody waits whose clients another one had', async (t) => {
  const locks = new Locks()
  const { primary, first, second } = locks
  locks.lock(first, range('a', 0, 10))
  primary.authority.gone(first.peer)
  locks.pass(GRACE_MS - 5000)
  primary.authority.locks.admit(100, second.name, () => {})
  locks.pass(7000)
  t.equal(locks.lock(second, range('b', 0, 10)), 'granted')
})

t.test('what a mover has asked, and was not answered, it asks the next primary', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world } = locks
  locks.lock(second, range('b', 0, 10))
  locks.lock(first, range('a', 10, 20))
  // Nobody is there to be asked.
  first.authority.parted()
  let outcome: LockOutcome | null = null
  const { holder } = first.authority.locks
  t.equal(
    holder.lock(locks.ino, range('a', 30, 40), 'try', (told) => {
      outcome = told
    }),
    null,
  )
  locks.takeOver([first, second])
  world.env.runUntil(() => outcome !== null)
  t.same(outcome, { type: 'granted' }, 'the file has no locks of the lost primary')
  t.same(
    holder.locksOf(locks.ino).map(({ owner }) => owner.client),
    ['a', 'a'],
  )
  t.same([...primary.authority.inos()], [])
})

t.test('on a volume that has become read-only files can be locked that are noted', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world } = locks
  const other = world.create(primary, 'other')
  for (const mover of [first, second]) locks.lock(mover, range('a', 0, 10, false))
  locks.lock(first, range('a', 0, 10), 'try', other)
  world.files.files.volume.fail(new Error('the device takes no writes'))
  t.equal(locks.lock(second, range('a', 20, 30)), 'granted')
  t.equal(locks.lock(primary, range('a', 40, 50)), 'limit', 'but not by clients of a mover that is not')
  t.equal(locks.lock(second, range('a', 20, 30), 'try', other), 'limit')
  t.equal(locks.lock(first, range('a', 20, 30), 'try', other), 'granted')
})

t.test('who waits for what was given up while there was no primary has it from the next one', async (t) => {
  const locks = new Locks()
  const { first, second, world, ino } = locks
  locks.lock(first, range('a', 0, 10))
  locks.lock(second, range('b', 0, 10), 'wait')
  first.authority.parted()
  t.equal(
    first.authority.locks.holder.unlock(ino, range('a', 0, 10), () => {}),
    null,
  )
  locks.takeOver([first, second])
  world.env.runUntilIdle()
  t.same(locks.granted, [`b on ${ino}`])
})

t.test('what comes behind an unlock that nobody has answered is asked of the next primary', async (t) => {
  const locks = new Locks()
  const { first, second, world, ino } = locks
  const { holder } = first.authority.locks
  const told: string[] = []
  const tell =
    (what: string) =>
    ({ type }: LockOutcome): void =>
      void told.push(`${what} ${type}`)
  const other = (start: number, end: number): ClientLock => {
    return { ...range('a', start, end), owner: { protocol: 'nlm', client: 'a', owner: 'process 8' } } as ClientLock
  }
  const { files } = world.files
  world.answer(locks.primary, (op) => noteLocks(files.context, op, world.files.inode(ino), 2))
  // What the last primary has answered, until it was gone: it has left the file to this mover, unlike what it was asked then.
  first.authority.parted()
  t.equal(holder.lock(ino, range('a', 0, 10), 'try', tell('lock')), null)
  holder.answered(ino, 1, { type: 'granted' }, null)
  t.equal(holder.lock(ino, other(40, 50), 'try', tell('other')), null)
  t.equal(holder.unlock(ino, range('a', 0, 10), tell('unlock')), null)
  t.equal(holder.lock(ino, range('a', 45, 60), 'wait', tell('behind')), null)
  holder.answered(ino, 2, { type: 'granted' }, { serial: 9, level: 'all', isBrief: false })
  t.same(told.splice(0), ['lock granted', 'other granted'])
  const next = locks.takeOver([first, second])
  world.env.runUntil(() => told.length === 2)
  t.same(told, ['unlock granted', 'behind waiting'])
  t.match(next.locks.describe(ino), {
    held: [{ lock: { owner: { owner: 'process 8' }, start: 40, end: 50 } }],
    waiting: [{ lock: { start: 45, end: 60 } }],
    delegations: [],
  })
  t.equal(locks.unlock(first, other(40, 50)), 'granted')
  world.env.runUntil(() => locks.granted.length > 0)
  t.same(locks.granted, [`a on ${ino}`])
})
