import t from 'tap'
import type { LockOutcome } from '../../mover/files/client-locks.ts'
import { nlm4_stats } from '../../protocol/nlm4/nlm.gen.ts'
import { COOKIE, codecs, grant, setUp, WAITER } from './nlm-callbacks-support.ts'
import { type AskOptions, resultOf, statName } from './nlm-support.ts'

const { NLM4_GRANTED, NLM4_DENIED } = nlm4_stats

t.test('who asks again while it is being told has the lock, and what it answers to the callback means nothing', (t) => {
  const { world, callbacks, environment, lock, waiter } = grant()
  t.equal(lock(2, waiter), 'GRANTED')
  callbacks[0].reply({ cookie: COOKIE, stat: { stat: NLM4_DENIED } })
  environment.advance(600_000)
  t.equal(callbacks.length, 1)
  t.equal(world.locks.list().length, 1)
  t.end()
})

t.test('who is answered about the same bytes anew is told no more of the other kind of lock, and keeps it', (t) => {
  /** A client is being told of a shared lock, and asks for an exclusive one of the same bytes. */
  const upgrade = (isInTheWay: boolean) => {
    const set = setUp()
    const { world, environment, cancel, unlock, lockArgs, waiter } = set
    const lock = (svid: number, exclusive: boolean, from: AskOptions): string => {
      const args = { ...(lockArgs(svid) as object), exclusive } as never
      return statName(world.nlmAsk(codecs.LOCK, args, from).stat.stat)
    }
    t.equal(cancel(2, waiter), 'GRANTED')
    t.equal(lock(2, false, waiter), 'BLOCKED')
    t.equal(unlock(1), 'GRANTED')
    environment.advance(0)
    t.same(world.called(), ['GRANTED tcp 4 10.0.0.2'])
    if (isInTheWay) t.equal(lock(3, false, { address: '10.0.0.3' }), 'GRANTED')
    t.equal(lock(2, true, waiter), isInTheWay ? 'BLOCKED' : 'GRANTED')
    return set
  }
  const waits = upgrade(true)
  waits.environment.advance(600_000)
  t.equal(waits.callbacks.length, 1, 'it would take it for the exclusive one')
  waits.unlock(3, { address: '10.0.0.3' })
  waits.environment.advance(0)
  t.match(waits.callbacks[1]?.args, { exclusive: true })

  const has = upgrade(false)
  has.callbacks[0].reply({ cookie: COOKIE, stat: { stat: NLM4_DENIED } })
  has.environment.advance(600_000)
  t.match(
    has.world.locks.list(),
    [/^3 c2 .* exclusive 5-15$/],
    'what it refuses is a part of what it has been answered',
  )

  const both = setUp()
  const shared = { ...(both.lockArgs(2) as object), exclusive: false } as never
  t.equal(statName(both.world.nlmAsk(codecs.LOCK, shared, both.waiter).stat.stat), 'BLOCKED')
  both.unlock(1)
  both.environment.advance(0)
  t.same(both.callbacks.map(({ args }) => args.exclusive).sort(), [false, true], 'who waits for both is told of both')
  t.end()
})

t.test('who knows already is not told again, though it has not answered', (t) => {
  const { callbacks, environment, lock, waiter } = grant({ transport: 'tcp' })
  t.equal(lock(2, waiter), 'GRANTED')
  environment.advance(600_000)
  t.equal(callbacks.length, 1)
  t.end()
})

t.test('who asks again while it waits is told once, as it has asked last', (t) => {
  const { world, callbacks, environment, lock, unlock, waiter } = setUp()
  t.equal(lock(2, { ...waiter, transport: 'udp' }), 'BLOCKED')
  unlock(1)
  environment.advance(0)
  t.same(world.called(), ['GRANTED udp 4 10.0.0.2'])
  callbacks[0].reply({ cookie: COOKIE, stat: { stat: NLM4_GRANTED } })
  environment.advance(600_000)
  t.equal(callbacks.length, 1)
  t.end()
})

t.test('CANCEL: before the lock is granted it is done, after that it comes too late', (t) => {
  const before = setUp()
  t.equal(before.cancel(2, WAITER), 'GRANTED')
  before.unlock(1)
  before.environment.advance(600_000)
  t.same(before.callbacks, [])
  t.same(before.world.locks.list(), [])

  const after = grant()
  t.equal(after.cancel(2, WAITER), 'DENIED')
  t.equal(after.world.locks.list().length, 1, 'it is the client’s to unlock')
  t.equal(after.unlock(2, WAITER), 'GRANTED')
  after.callbacks[0].reply({ cookie: COOKIE, stat: { stat: NLM4_GRANTED } })
  after.environment.advance(600_000)
  t.equal(after.callbacks.length, 1, 'it is told no more')
  t.same(after.world.locks.list(), [])
  t.end()
})

t.test('a grant that comes before the call has heard that it waits', (t) => {
  const { world, callbacks, environment, lockArgs, lock } = setUp()
  world.locks.isRemote = true
  const connection = world.connect({ address: '10.0.0.3' })
  world.send(connection, 100021, codecs.LOCK, lockArgs(3))
  // The answer has arrived, and the grant behind it, before the call is run again.
  const { listener } = world.locks
  world.locks.always = { type: 'waiting', waiter: 77 } satisfies LockOutcome
  const lockOf3 = { kind: 'range', owner: { protocol: 'nlm', client: 'c3 10.0.0.3', owner: '3 o3' } } as never
  listener?.granted(3, 77, lockOf3)
  world.locks.answer()
  t.equal(statName(resultOf(connection, codecs.LOCK).stat.stat), 'BLOCKED')
  environment.advance(0)
  t.same(world.called(), ['GRANTED tcp 4 10.0.0.3'])
  t.equal(callbacks[0].args.alock.svid, 3)
  world.locks.isRemote = false
  world.locks.always = null
  t.equal(lock(2, WAITER), 'BLOCKED')
  t.end()
})

t.test('a grant of a call whose client has gone away is known when it comes again', (t) => {
  /** A client has gone away before it heard that it waits, and then has been granted the lock. */
  const missed = () => {
    const set = setUp()
    const { world, lockArgs } = set
    world.locks.isRemote = true
    world.locks.runsOn = false
    const connection = world.connect(WAITER)
    world.send(connection, 100021, codecs.LOCK, lockArgs(3))
    connection.open = false
    world.locks.answer()
    world.locks.isRemote = false
    set.cancel(2, WAITER)
    set.unlock(1)
    set.environment.advance(0)
    t.match(world.locks.list(), [/^3 c3 /])
    t.same(set.callbacks, [])
    return set
  }
  /** So many more are granted what nobody has heard that it waits for. */
  const more = ({ world, environment }: ReturnType<typeof setUp>): void => {
    for (let i = 0; i < 1001; i++) {
      const owner = { protocol: 'nlm', client: `x${i}`, owner: 'x' } as const
      const lock = { kind: 'range', flavour: 'posix', owner, start: 0, end: 1, isExclusive: false } as const
      world.locks.listener?.granted(4, 1000 + i, lock)
    }
    environment.advance(0)
  }
  const again = missed()
  t.equal(again.lock(3, WAITER), 'GRANTED')
  more(again)
  t.match(again.world.locks.list(), [/^3 c3 /], 'it is not taken for one that nobody wants')

  const never = missed()
  t.equal(never.cancel(3, WAITER), 'DENIED', 'it has the lock, and must unlock it')

  const anew = missed()
  anew.world.notify('c3', 9, WAITER)
  t.equal(anew.lock(3, WAITER), 'GRANTED')
  more(anew)
  t.match(anew.world.locks.list(), [/^3 c3 /])

  const lost = missed()
  more(lost)
  t.same(lost.world.locks.list(), [], 'who does not come again loses it when they are too many')
  t.end()
})

t.test('who waits is told, and may refuse, although its connection was lost before it heard that it waits', (t) => {
  const { world, callbacks, environment, lockArgs, unlock, cancel, waiter } = setUp()
  world.locks.isRemote = true
  const connection = world.connect({ address: '10.0.0.3' })
  world.send(connection, 100021, codecs.LOCK, lockArgs(3))
  connection.close()
  world.locks.answer()
  world.locks.isRemote = false
  t.equal(cancel(2, waiter), 'GRANTED')
  t.equal(unlock(1), 'GRANTED')
  environment.advance(0)
  t.same(world.called(), ['GRANTED tcp 4 10.0.0.3'])
  callbacks[0].reply({ cookie: callbacks[0].args.cookie, stat: { stat: NLM4_DENIED } })
  environment.advance(0)
  t.same(world.locks.list(), [])
  t.end()
})

t.test('a file that is gone: nobody is told', (t) => {
  const { world, callbacks, environment } = setUp()
  const [{ waiter }] = world.locks.waiting
  world.locks.listener?.gone(3, waiter)
  world.locks.releaseClient('nlm', 'c1 10.0.0.1')
  environment.advance(600_000)
  t.same(callbacks, [])
  t.end()
})
