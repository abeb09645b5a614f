import t from 'tap'
import { nlm4_stats } from '../../protocol/nlm4/nlm.gen.ts'
import { COOKIE, codecs, grant, setUp, WAITER } from './nlm-callbacks-support.ts'
import { type AskOptions, resultOf } from './nlm-support.ts'

const { NLM4_GRANTED, NLM4_DENIED, NLM4_DENIED_GRACE_PERIOD, NLM4_FAILED } = nlm4_stats

t.test('who has waited by LOCK is told by GRANTED, over its transport, from the address that it knows', (t) => {
  for (const transport of ['tcp', 'udp'] as const) {
    const { world, callbacks, environment, fh } = grant({ transport })
    t.same(world.called(), [`GRANTED ${transport} 4 10.0.0.2`])
    t.equal(callbacks[0].from, '10.0.0.254')
    t.match(callbacks[0].args, { exclusive: true, alock: { svid: 2, l_offset: 5n, l_len: 10n } })
    t.same(callbacks[0].args.alock.fh, fh)
    t.equal(Buffer.from(callbacks[0].args.alock.caller_name).toString(), 'c2')
    t.equal(Buffer.from(callbacks[0].args.alock.oh).toString(), 'o2')
    t.ok(callbacks[0].args.cookie.length <= 32, 'Linux takes no longer cookies')
    callbacks[0].reply({ cookie: callbacks[0].args.cookie, stat: { stat: NLM4_GRANTED } })
    environment.advance(600_000)
    t.equal(callbacks.length, 1, 'once')
    t.match(world.locks.list(), [/^3 c2 10\.0\.0\.2: 2 o2 exclusive 5-15$/])
  }
  t.end()
})

t.test('versions 1 and 3 are told in their own words', (t) => {
  for (const version of [1, 3]) {
    const { world, callbacks } = grant({ version })
    t.same(world.called(), [`GRANTED tcp ${version} 10.0.0.2`])
    t.match(callbacks[0].args, { alock: { svid: 2, l_offset: 5, l_len: 10 } })
  }
  t.end()
})

t.test('who has waited by LOCK_MSG is told by GRANTED_MSG, and answers by GRANTED_RES', (t) => {
  const { world, callbacks, environment, answer } = grant({ isMessage: true })
  t.same(world.called(), ['GRANTED_MSG tcp 4 10.0.0.2'])
  const { cookie } = callbacks[0].args
  callbacks[0].reply(undefined)
  answer(cookie, NLM4_DENIED, { address: '10.0.0.66' })
  answer(Uint8Array.of(1), NLM4_DENIED)
  answer(cookie, NLM4_GRANTED)
  answer(cookie, NLM4_DENIED)
  environment.advance(600_000)
  t.equal(callbacks.length, 1)
  t.equal(world.locks.list().length, 1, 'neither others nor late answers take it away')
  t.end()
})

t.test('LOCK_MSG and others are answered by calls of the procedures that end in _RES', (t) => {
  const { world, callbacks, environment, lockArgs } = setUp({ isMessage: true })
  t.same(world.called(), ['LOCK_RES tcp 4 10.0.0.2'])
  t.match(callbacks[0].args, { cookie: COOKIE, stat: { stat: nlm4_stats.NLM4_BLOCKED } })
  callbacks.length = 0
  const options: AskOptions = { ...WAITER, transport: 'udp' }
  world.nlmAsk(codecs.TEST_MSG, lockArgs(2), options)
  world.nlmAsk(codecs.CANCEL_MSG, lockArgs(2), options)
  world.nlmAsk(codecs.UNLOCK_MSG, lockArgs(2), options)
  world.nlmAsk(codecs.GRANTED_MSG, lockArgs(2), options)
  environment.advance(60_000)
  t.same(
    callbacks.map(({ what, args }) => `${what} ${Object.values(args.stat ?? args.test_stat)[0]}`),
    [
      `TEST_RES udp 4 ${NLM4_DENIED}`,
      `CANCEL_RES udp 4 ${NLM4_GRANTED}`,
      `UNLOCK_RES udp 4 ${NLM4_GRANTED}`,
      `GRANTED_RES udp 4 ${NLM4_DENIED}`,
    ],
    'each once: whoever hears nothing asks again',
  )
  for (const { args } of callbacks) t.same(args.cookie, COOKIE)
  t.equal(callbacks[0].args.test_stat.holder.svid, 1)
  t.end()
})

t.test('the result of a message waits for what must be durable', (t) => {
  const { world, callbacks, environment, lockArgs } = setUp({ isMessage: true })
  callbacks.length = 0
  const barrier = world.records.barrier()
  world.files.barrier = barrier
  const connection = world.connect(WAITER)
  const send = (): void => world.send(connection, 100021, codecs.TEST_MSG, lockArgs(2))
  send()
  environment.advance(0)
  t.same(connection.drain(), [])
  t.same(callbacks, [])
  world.records.barriers.shift()?.(null)
  environment.advance(0)
  t.same(world.called(), ['TEST_RES tcp 4 10.0.0.2'])
  t.equal(resultOf(connection, codecs.TEST_MSG), undefined)
  send()
  world.records.barriers.shift()?.('IO')
  environment.advance(0)
  t.equal(callbacks.length, 1, 'what has failed is not told')
  t.end()
})

t.test('who may have heard, and does not answer, has the lock, and is told for ever, in one way and the other', (t) => {
  const { world, callbacks, environment, lock, answer } = grant()
  t.equal(lock(3, { address: '10.0.0.3' }), 'BLOCKED')
  environment.advance(3_600_000)
  const times = callbacks.map(({ what, atMs }) => `${Math.round(atMs / 1000)} ${what.split(' ')[0]}`)
  t.same(times.slice(0, 9), [
    '0 GRANTED',
    '16 GRANTED_MSG',
    '23 GRANTED',
    '43 GRANTED_MSG',
    '58 GRANTED',
    '93 GRANTED_MSG',
    '128 GRANTED',
    '203 GRANTED_MSG',
    '268 GRANTED',
  ])
  t.ok(times.length > 50, `${times.length} times in an hour`)
  t.match(world.locks.list(), [/^3 c2 /], 'nobody else gets it: it may rely on it')
  answer(callbacks[1].args.cookie, NLM4_GRANTED)
  environment.advance(600_000)
  t.equal(callbacks.length, times.length)
  t.end()
})

t.test('who has started anew meanwhile has it no more', (t) => {
  const { world, callbacks, environment } = grant()
  environment.advance(600_000)
  world.notify('c2', 3, WAITER)
  t.same(world.locks.list(), [])
  const told = callbacks.length
  environment.advance(600_000)
  t.equal(callbacks.length, told)
  t.end()
})

t.test('who has lost it is not told by a message whose port is found too late', (t) => {
  const { world, callbacks, environment } = setUp({ isMessage: true, transport: 'udp' })
  callbacks.length = 0
  environment.advance(60_000)
  world.silent.add('10.0.0.2')
  world.locks.releaseClient('nlm', 'c1 10.0.0.1')
  // No port is found. The last message is given up 5 s after it was due; its port is looked for 10 s longer.
  environment.runUntil(() => world.locks.list().length === 0)
  world.silent.clear()
  environment.advance(600_000)
  t.same(callbacks, [])
  t.end()
})

t.test('a message whose port is found too late is not sent: nobody would know that it was', (t) => {
  const { world, environment } = setUp({ isMessage: true, transport: 'udp' })
  environment.advance(60_000)
  world.silent.add('10.0.0.2')
  world.callbacks.length = 0
  world.locks.releaseClient('nlm', 'c1 10.0.0.1')
  environment.advance(6500)
  world.silent.clear()
  environment.advance(1000)
  t.same(world.called(), ['GRANTED udp 4 10.0.0.2'])
  t.end()
})

t.test('who has cancelled and waits again does not hear of what it had then', (t) => {
  const { world, callbacks, environment, cancel, unlock, lock, waiter } = grant({ transport: 'udp' })
  t.equal(callbacks.length, 1)
  t.equal(cancel(2, waiter), 'DENIED')
  t.equal(unlock(2, waiter), 'GRANTED')
  t.equal(lock(3, { address: '10.0.0.3' }), 'GRANTED')
  t.equal(lock(2, waiter), 'BLOCKED')
  environment.advance(600_000)
  t.equal(callbacks.length, 1)
  t.match(world.locks.list(), [/^3 c3 /])
  t.end()
})

t.test('who has unlocked what it was told of is told no more', (t) => {
  const { world, callbacks, environment, unlock, waiter } = grant()
  t.equal(unlock(2, { address: '10.0.0.3' }), 'GRANTED', 'somebody else')
  environment.advance(16_000)
  t.equal(callbacks.length, 2, 'its answer was lost')
  t.equal(unlock(2, waiter), 'GRANTED')
  environment.advance(600_000)
  t.equal(callbacks.length, 2)
  t.same(world.locks.list(), [])
  t.end()
})

t.test('who cannot be reached loses it too', (t) => {
  const { world, environment, lock, waiter } = setUp()
  world.silent.add('10.0.0.2')
  world.locks.releaseClient('nlm', 'c1 10.0.0.1')
  environment.advance(30_000)
  t.equal(world.locks.list().length, 1)
  environment.advance(600_000)
  t.same(world.locks.list(), [])
  t.equal(lock(2, waiter), 'GRANTED', 'and may come again')
  environment.advance(600_000)
  t.equal(world.locks.list().length, 1)
  t.end()
})

t.test('who refuses the lock has it no more', (t) => {
  const { world, callbacks, environment, lock } = grant()
  t.equal(lock(3, { address: '10.0.0.3' }), 'BLOCKED')
  callbacks[0].reply({ cookie: COOKIE, stat: { stat: NLM4_DENIED } })
  environment.advance(0)
  t.same(world.called(), ['GRANTED tcp 4 10.0.0.2', 'GRANTED tcp 4 10.0.0.3'])
  t.match(world.locks.list(), [/^3 c3 /])
  t.end()
})

t.test('who refuses what it may have been told before has the lock already', (t) => {
  const denied = { cookie: COOKIE, stat: { stat: NLM4_DENIED } }
  const repeated = grant({ transport: 'udp' })
  repeated.environment.advance(1000)
  t.same(repeated.world.called(), ['GRANTED udp 4 10.0.0.2', 'GRANTED udp 4 10.0.0.2'])
  t.same(repeated.callbacks[1].args.cookie, repeated.callbacks[0].args.cookie)
  repeated.callbacks[1].reply(denied)

  const byCall = grant()
  byCall.environment.advance(30_000)
  byCall.callbacks[2].reply(denied)

  const byMessage = grant()
  byMessage.environment.advance(16_000)
  byMessage.answer(byMessage.callbacks[1].args.cookie, NLM4_DENIED)

  const otherwise = grant()
  otherwise.environment.advance(30_000)
  otherwise.callbacks[2].reply({ cookie: COOKIE, stat: { stat: NLM4_FAILED } })

  for (const { world, callbacks, environment } of [repeated, byCall, byMessage, otherwise]) {
    const told = callbacks.length
    environment.advance(600_000)
    t.match(world.locks.list(), [/^3 c2 /])
    t.equal(callbacks.length, told)
  }

  const unreached = setUp()
  unreached.world.silent.add('10.0.0.2')
  unreached.unlock(1)
  unreached.environment.advance(10_000)
  unreached.world.silent.clear()
  unreached.environment.runUntil(() => unreached.callbacks.length === 1)
  unreached.answer(unreached.callbacks[0].args.cookie, NLM4_DENIED)
  unreached.environment.advance(0)
  t.same(unreached.world.locks.list(), [], 'it has heard nothing before')
  t.end()
})

t.test('who has just started anew is told again later', (t) => {
  const { world, callbacks, environment } = grant()
  callbacks[0].reply({ cookie: COOKIE, stat: { stat: NLM4_DENIED_GRACE_PERIOD } })
  environment.advance(9999)
  t.equal(callbacks.length, 1)
  environment.advance(1)
  t.equal(callbacks.length, 2)
  t.match(callbacks[1].what, /^GRANTED_MSG/)
  t.equal(world.locks.list().length, 1)
  t.end()
})
