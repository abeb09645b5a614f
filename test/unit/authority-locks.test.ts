/** Client locks of several movers: what is said about them, what is durable, and what survives whom. */
import t from 'tap'
import { PrimaryLocks } from '../../mover/authority/primary-locks.ts'
import { type ClientLock, type LockMode, RANGE_END } from '../../mover/files/client-locks.ts'
import { GovernedVolume } from '../../mover/files/governed-volume.ts'
import { type LockedFiles, lockedFiles } from '../../mover/files/lock-records.ts'
import type { LockOutcome } from '../../mover/locks/client-lock.ts'
import { rangeOwner, shareOwner } from '../../mover/nlm4/owner.ts'
import { PrimaryReign } from '../../mover/primary-reign.ts'
import { GRACE_MS, Locks, MOVERS, QUIET_MS, range } from './authority-locks-support.ts'
import { FilesWorld } from './files-support.ts'
import { memoryLogger } from './rpc-support.ts'

t.test('the first lock on a file takes one round trip, the next ones nothing', async (t) => {
  const locks = new Locks()
  const { first } = locks
  const before = locks.said(first)
  t.equal(locks.lock(first, range('a', 0, 10)), 'granted')
  const after = locks.said(first)
  t.same(after, { frames: before.frames + 2, messages: before.messages + 2 })
  for (let i = 0; i < 20; i++) {
    t.equal(locks.lock(first, range('b', 10 * i + 10, 10 * i + 20)), 'granted')
    t.equal(locks.lock(first, range('c', 10 * i + 10, 10 * i + 11)), 'denied')
    t.equal(locks.unlock(first, range('b', 10 * i + 10, 10 * i + 20)), 'granted')
  }
  t.equal(locks.unlock(first, range('a', 0, RANGE_END as bigint)), 'granted')
  t.equal(locks.lock(first, range('d', 0, 5)), 'granted')
  t.same(locks.said(first), after)
})

t.test('who asks the primary stays awake for the answer', async (t) => {
  const locks = new Locks()
  const { first, world } = locks
  const isAwaited = (): boolean => world.env.isAwaited?.() === true
  const asked = locks.start(first, (client, op) => client.lock(op, locks.ino, range('a', 0, 10), 'try'))
  t.equal(isAwaited(), true)
  world.env.runUntil(() => asked.outcome !== null)
  t.equal(isAwaited(), false)
  t.equal(locks.lock(first, range('b', 10, 20)), 'granted')
  t.equal(isAwaited(), false, 'what it decides alone is not asked for')
})

t.test('the primary asks its own mover, too, and only once', async (t) => {
  const locks = new Locks()
  const { primary, first, second } = locks
  t.equal(locks.lock(primary, range('a', 0, 10)), 'granted')
  t.equal(primary.authority.locks.holder.levelOf(locks.ino), 'all')
  t.same(
    [first, second].map((mover) => locks.said(mover).messages),
    [0, 0],
  )
})

t.test('clients of different movers keep out of each other’s way', async (t) => {
  const locks = new Locks()
  const { primary, first, second } = locks
  t.equal(locks.lock(first, range('a', 0, 10)), 'granted')
  const denied = locks.ask(second, (client, op) => client.lock(op, locks.ino, range('b', 5, 6), 'try'))
  t.match(denied, { type: 'denied', lock: { owner: { client: 'a', owner: 'process 7' }, start: 0, end: 10 } })
  t.equal(locks.lock(primary, range('c', 9, 11)), 'denied')
  t.equal(locks.lock(second, range('b', 10, 20)), 'granted', 'elsewhere')
  t.equal(locks.lock(primary, range('c', 20, RANGE_END as bigint)), 'granted')
  t.equal(locks.lock(first, range('a', 15, 16)), 'denied')
  const met = locks.ask(first, (client, op) => client.test(op, locks.ino, range('a', 1000, 1001)))
  t.match(met, { type: 'denied', lock: { owner: { client: 'c' }, start: 20, end: RANGE_END } })
  t.equal(locks.unlock(second, range('b', 0, 100)), 'granted')
  t.equal(locks.lock(first, range('a', 15, 16)), 'granted')
})

t.test('clients and their owners may have names as long as NLM lets them send', async (t) => {
  const locks = new Locks()
  const address = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255'
  const named = { caller_name: Buffer.alloc(1024, 0xff), oh: Buffer.alloc(1024, 0xfe), svid: -(2 ** 31) }
  const open = { kind: 'open', owner: shareOwner(named, address), id: 0, access: 3, deny: 3 } as const
  const wanted = { ...range('', 0, 10), owner: rangeOwner(named, address) }
  for (const lock of [wanted, open]) {
    t.equal(locks.lock(locks.first, lock), 'granted')
    const denied = locks.ask(locks.second, (client, op) => client.test(op, locks.ino, lock))
    t.match(denied, { type: 'denied', lock: { owner: lock.owner } })
  }
})

t.test('the same words at two movers are two owners', async (t) => {
  const locks = new Locks()
  t.equal(locks.lock(locks.first, range('a', 0, 10)), 'granted')
  t.equal(locks.lock(locks.second, range('a', 0, 10)), 'denied')
})

t.test('who gives up waiting before it has heard that it waits does not wait', async (t) => {
  const locks = new Locks()
  t.equal(locks.lock(locks.first, range('a', 0, 10)), 'granted')
  for (const mover of [locks.primary, locks.second]) {
    const wanted = range('b', 5, 6)
    const asked = locks.start(mover, (client, op) => client.lock(op, locks.ino, wanted, 'wait'))
    const cancelled = locks.start(mover, (client, op) => client.cancel(op, locks.ino, wanted))
    locks.world.env.runUntil(() => cancelled.outcome !== null)
    t.same([asked.outcome?.type, cancelled.outcome?.type], ['waiting', 'granted'])
  }
  t.equal(locks.unlock(locks.first, range('a', 0, 10)), 'granted')
  locks.pass(1000)
  t.same(locks.granted, [`gone ${locks.ino}`, `gone ${locks.ino}`])
  t.equal(locks.lock(locks.first, range('c', 0, 10)), 'granted')
})

t.test('who waits is told when the lock is its own', async (t) => {
  const locks = new Locks()
  const { primary, first, second } = locks
  t.equal(locks.lock(first, range('a', 0, 10)), 'granted')
  t.equal(locks.lock(second, range('b', 0, 10), 'wait'), 'waiting')
  t.equal(locks.lock(primary, range('c', 0, 10), 'wait'), 'waiting')
  t.equal(locks.lock(first, range('d', 0, 10), 'wait'), 'waiting')
  locks.world.env.runUntilIdle()
  t.same(locks.granted, [])
  t.equal(locks.unlock(first, range('a', 0, 10)), 'granted')
  locks.world.env.runUntilIdle()
  t.same(locks.granted, [`b on ${locks.ino}`])
  t.equal(locks.ask(primary, (client, op) => client.cancel(op, locks.ino, range('c', 0, 10))).type, 'granted')
  t.equal(locks.unlock(second, range('b', 0, 10)), 'granted')
  locks.world.env.runUntilIdle()
  const told = [`b on ${locks.ino}`, `gone ${locks.ino}`, `d on ${locks.ino}`]
  t.same(locks.granted, told, 'who has given up waiting is passed over')
})

t.test('two who would wait for each other, at different movers: the second is refused', async (t) => {
  const locks = new Locks()
  const { first, second } = locks
  const other = locks.world.create(locks.primary, 'g')
  t.equal(locks.lock(first, range('a', 0, 10)), 'granted')
  t.equal(locks.lock(second, range('b', 0, 10), 'try', other), 'granted')
  t.equal(locks.lock(second, range('b', 0, 10), 'wait'), 'waiting')
  t.equal(locks.lock(first, range('a', 0, 10), 'wait', other), 'deadlock')
})

t.test('a client that is gone leaves nothing', async (t) => {
  const locks = new Locks()
  const { first, second } = locks
  t.equal(locks.lock(first, range('a', 0, 10)), 'granted')
  t.equal(locks.lock(first, range('other', 20, 30)), 'granted')
  t.equal(locks.lock(second, range('b', 0, 10), 'wait'), 'waiting')
  locks.ask(first, (client) => {
    client.releaseClient('nlm', 'a')
    return { type: 'granted' }
  })
  locks.world.env.runUntilIdle()
  t.same(locks.granted, [`b on ${locks.ino}`])
  t.equal(locks.lock(second, range('b', 20, 21)), 'denied')
})

t.test('nobody has a lock before it is durable that the file may be locked', async (t) => {
  for (const place of ['primary', 'first'] as const) {
    const locks = new Locks()
    const { log } = locks.world.files.files.volume
    t.notOk(locks.isNoted())
    locks.lock(locks[place], range('a', 0, 10))
    t.ok(locks.isNoted(), place)
    t.ok(locks.world.files.inode(locks.ino).lastLsn <= log.durableLsn, `${place}: durable when it is answered`)
  }
})

t.test('a file that nobody has locked for a while is not noted any more', async (t) => {
  const locks = new Locks()
  const { first } = locks
  locks.lock(first, range('a', 0, 10))
  locks.pass(QUIET_MS)
  t.ok(locks.isNoted(), 'as long as it is locked')
  locks.unlock(first, range('a', 0, 10))
  locks.pass(QUIET_MS)
  t.notOk(locks.isNoted())
  t.same([...locks.primary.authority.locks.inos()], [])
  t.equal(locks.lock(first, range('a', 0, 10)), 'granted', 'and may be locked again')
  t.ok(locks.isNoted())
})

t.test(
  'a lock that clients of two movers have in turn costs three messages a turn, and its file stays noted',
  async (t) => {
    const locks = new Locks()
    const { first, second, world } = locks
    const turn = (mover: Locks['first']): void => {
      t.equal(locks.lock(mover, range('a', 0, 10)), 'granted')
      t.equal(locks.unlock(mover, range('a', 0, 10)), 'granted')
      world.env.runUntilIdle()
    }
    turn(first)
    turn(second)
    for (let i = 0; i < 3; i++) {
      const [mine, others] = [locks.said(first), locks.said(second)]
      turn(first)
      t.same(locks.said(first), { frames: mine.frames + 3, messages: mine.messages + 3 }, 'asked, granted, given back')
      t.same(locks.said(second), others, 'the other mover has nothing to give back')
      turn(second)
    }
    locks.pass(1500)
    t.ok(locks.isNoted())
    locks.pass(QUIET_MS)
    t.notOk(locks.isNoted())
  },
)

t.test('a mover that is gone: its files wait for reclaims, and those only', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world } = locks
  const other = world.create(primary, 'g')
  locks.lock(first, range('a', 0, 10))
  locks.lock(primary, range('c', 0, 10), 'try', other)
  primary.authority.gone(first.peer)
  t.equal(locks.lock(second, range('b', 50, 60)), 'grace')
  t.equal(locks.lock(primary, range('c', 50, 60)), 'grace')
  t.equal(locks.lock(second, range('b', 50, 60), 'try', other), 'granted', 'another file does not wait')
  t.equal(locks.lock(second, range('b', 70, 80), 'reclaim', other), 'noGrace')
  t.equal(locks.lock(second, range('a', 0, 10), 'reclaim'), 'granted')
  t.equal(locks.lock(primary, range('d', 5, 6), 'reclaim'), 'denied', 'against what has been reclaimed')
  locks.pass(GRACE_MS + 2000)
  t.equal(locks.lock(primary, range('c', 5, 6)), 'denied')
  t.equal(locks.lock(primary, range('c', 50, 60)), 'granted')
})

t.test('after a crash of all, files that were locked wait for reclaims', async (t) => {
  const locks = new Locks()
  const { env, device } = locks.world.files
  const quiet = locks.world.create(locks.primary, 'quiet')
  locks.lock(locks.first, range('a', 0, 10))
  device.cutPower()
  const again = new FilesWorld(2, {}, { disk: device.survivingImage(), wallMs: env.wallMs() + 1000 })
  const { files } = again
  const noted = again.world.run(lockedFiles(files.volume)) as LockedFiles
  t.same([...noted], [[locks.ino, 1 << MOVERS.indexOf(locks.first.name)]])
  const notes = new GovernedVolume(files.context, () => {}, 0)
  const primary = new PrimaryLocks({ notes, env: again.env, graceMs: GRACE_MS, movers: MOVERS, self: '', noted })
  primary.recovered([])
  const pass = (ms: number): void => {
    let isOver = false
    again.env.timer(ms, () => {
      isOver = true
    })
    again.env.runUntil(() => isOver)
  }
  const ask = (ino: number, lock: ClientLock, mode: LockMode): string => {
    let later: LockOutcome | null = null
    const atOnce = primary.holder.lock(ino, lock, mode, (told) => {
      later = told
    })
    const decided = (): LockOutcome | null => atOnce ?? later
    again.env.runUntil(() => decided() !== null)
    return decided()?.type ?? ''
  }
  t.equal(ask(locks.ino, range('z', 50, 60), 'try'), 'grace')
  t.equal(ask(quiet, range('z', 50, 60), 'try'), 'granted')
  t.equal(ask(locks.ino, range('a', 0, 10), 'reclaim'), 'granted')
  pass(2 * GRACE_MS)
  t.equal(ask(locks.ino, range('z', 50, 60), 'try'), 'grace', 'its clients have not been told yet')
  primary.serving()
  pass(GRACE_MS - 2000)
  t.equal(ask(locks.ino, range('z', 50, 60), 'try'), 'grace')
  t.equal(ask(locks.ino, range('b', 20, 30), 'reclaim'), 'granted')
  pass(5000)
  t.equal(ask(locks.ino, range('z', 50, 60), 'try'), 'granted')
  t.equal(ask(locks.ino, range('z', 0, 1), 'try'), 'denied')
  t.not(again.inode(locks.ino).lockers, 0, 'what has been reclaimed is still noted')
})

t.test(
  'which movers are noted is not believed in a reign that begins with an `up`: the configuration may be another',
  (t) => {
    for (const movers of [['x', 'primary'], ['primary']]) {
      const world = new FilesWorld()
      const { files, env } = world
      const ino = world.create('f')
      // By the first of the movers that there were.
      const noted = new Map([[ino, 1]])
      const reign = new PrimaryReign({
        ...{ name: 'share', term: 1, device: { identity: 'file 1:2', direct: true }, files, env, holders: [] },
        ...{ movers, self: 'primary', noted, graceMs: GRACE_MS, isCalm: true },
        ...{ mostReserved: 0, trace: null, answeredMs: () => env.monotonicMs() },
        logger: memoryLogger().logger,
      })
      let outcome: LockOutcome | null = null
      reign.authority.locks.holder.lock(ino, range('z', 50, 60), 'try', (told) => {
        outcome = told
      })
      env.runUntil(() => outcome !== null)
      t.same(outcome, { type: 'grace' })
    }
    t.end()
  },
)

t.test('a file that is removed takes its locks along', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world } = locks
  locks.lock(first, range('a', 0, 10))
  locks.lock(second, range('b', 0, 10), 'wait')
  world.answer(primary, (op) => primary.files.remove(op, world.files.root, Buffer.from('f')))
  t.same(locks.granted, [`gone ${locks.ino}`])
  t.equal(locks.lock(first, range('a', 0, 10)), 'gone')
  t.equal(locks.lock(second, range('a', 0, 10)), 'gone')
  t.equal(locks.lock(primary, range('a', 0, 10)), 'gone')
})
