import t from 'tap'
import type { LockOutcome } from '../../mover/files/client-locks.ts'
import { nlm4_stats } from '../../protocol/nlm4/nlm.gen.ts'
import { SM_PROG, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import { type AskOptions, NlmWorld, resultOf, statName, versionOf } from './nlm-support.ts'

const { codecs } = versionOf(4)
const { NLM4_GRANTED, NLM4_DENIED, NLM4_DENIED_GRACE_PERIOD, NLM4_FAILED } = nlm4_stats
const COOKIE = Uint8Array.of(9, 9)
const WAITER: AskOptions = { address: '10.0.0.2' }

/** One client has the file locked, another one waits for it. */
function setUp(options: AskOptions & { isMessage?: boolean } = {}) {
  const world = new NlmWorld()
  const fh = world.file('f')
  const waiter = { ...WAITER, ...options }
  const alock = (svid: number, version = 4) => ({
    ...{ caller_name: Buffer.from(`c${svid}`), fh, oh: Buffer.from(`o${svid}`), svid },
    ...(version === 4 ? { l_offset: 5n, l_len: 10n } : { l_offset: 5, l_len: 10 }),
  })
  const lockArgs = (svid: number, version = 4) =>
    ({ cookie: COOKIE, block: true, exclusive: true, reclaim: false, state: 1, alock: alock(svid, version) }) as never
  const its = versionOf(options.version ?? 4)
  const lock = (svid: number, from: AskOptions): string =>
    statName(world.nlmAsk(its.codecs.LOCK, lockArgs(svid, from.version), from).stat.stat)
  const unlock = (svid: number, from: AskOptions = {}): string =>
    statName(world.nlmAsk(codecs.UNLOCK, { cookie: COOKIE, alock: alock(svid) } as never, from).stat.stat)
  const cancel = (svid: number, from: AskOptions): string => {
    const args = { cookie: COOKIE, block: true, exclusive: true, alock: alock(svid) } as never
    return statName(world.nlmAsk(codecs.CANCEL, args, from).stat.stat)
  }
  /** The client's answer to a GRANTED_MSG. */
  const answer = (cookie: Uint8Array, stat: number, from: AskOptions = waiter): void => {
    world.nlmAsk(its.codecs.GRANTED_RES, { cookie, stat: { stat } } as never, from)
  }
  t.equal(lock(1, { address: '10.0.0.1', version: options.version ?? 4 }), 'GRANTED')
  if (options.isMessage) world.nlmAsk(its.codecs.LOCK_MSG, lockArgs(2, options.version), waiter)
  else t.equal(lock(2, waiter), 'BLOCKED')
  world.environment.advance(0)
  const { callbacks, environment } = world
  return { world, callbacks, environment, lock, unlock, cancel, answer, waiter, lockArgs, fh }
}

/** The first client lets go, and the other one is told. */
function grant(options: AskOptions & { isMessage?: boolean } = {}) {
  const set = setUp(options)
  if (options.isMessage) set.callbacks.shift()
  t.same(set.callbacks, [])
  t.equal(set.unlock(1), 'GRANTED')
  set.environment.advance(0)
  return set
}

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

/** 40 clients at one address wait for different bytes, which somebody else lets go. */
function grantMany(isMessage = false) {
  const set = setUp()
  const { world, callbacks, environment, lockArgs } = set
  t.equal(set.cancel(2, WAITER), 'GRANTED')
  const bytes = (svid: number, start: number, length: number) => {
    const { alock, ...args } = lockArgs(svid) as { alock: object }
    return { ...args, alock: { ...alock, l_offset: BigInt(start), l_len: BigInt(length) } } as never
  }
  t.equal(world.nlmAsk(codecs.LOCK, bytes(1, 0, 100), { address: '10.0.0.1' }).stat.stat, NLM4_GRANTED)
  for (let i = 0; i < 40; i++) {
    if (isMessage) world.nlmAsk(codecs.LOCK_MSG, bytes(100 + i, i, 1), { ...WAITER, transport: 'udp' })
    else t.equal(world.nlmAsk(codecs.LOCK, bytes(100 + i, i, 1), WAITER).stat.stat, nlm4_stats.NLM4_BLOCKED)
  }
  environment.advance(0)
  callbacks.length = 0
  const release = (): void => world.locks.releaseClient('nlm', 'c1 10.0.0.1')
  /** The client understands what it was told first, and has not answered. */
  const understand = (): void => {
    const { args, reply } = callbacks[answered++]
    reply({ cookie: args.cookie, stat: { stat: NLM4_GRANTED } })
    environment.advance(0)
  }
  let answered = 0
  return { ...set, release, understand }
}

t.test('who is told of more than can be told at a time hears of the next one when it has answered', (t) => {
  const { world, callbacks, environment, release, understand } = grantMany()
  release()
  environment.advance(0)
  const beganMs = environment.monotonicMs()
  t.equal(callbacks.length, 16)
  for (let told = 17; told <= 40; told++) {
    understand()
    t.equal(callbacks.length, told)
  }
  for (let i = 0; i < 16; i++) understand()
  t.equal(environment.monotonicMs(), beganMs)
  environment.advance(600_000)
  t.equal(callbacks.length, 40, 'each once')
  t.same(new Set(callbacks.map(({ what }) => what)), new Set(['GRANTED tcp 4']))
  t.equal(world.locks.list().length, 40)
  t.end()
})

t.test('who is not told for want of room has not been told in vain', (t) => {
  for (const isMessage of [false, true]) {
    const { world, callbacks, environment, release } = grantMany(isMessage)
    environment.advance(60_000)
    callbacks.length = 0
    // Calls of another kind, which nobody answers, take all the room, and each other's.
    let left = 30 * 16
    const call = { program: SM_PROG, version: 1, codec: SM_VERS_codecs.SM_STAT, args: { mon_name: COOKIE } }
    const address = { transport: 'udp', localAddress: '10.0.0.254', host: '10.0.0.2' } as const
    const hog = (): void => {
      if (left-- > 0) world.client.call(address, call, hog)
    }
    for (let i = 0; i < 16; i++) hog()
    environment.runUntil(() => callbacks.length === 16)
    release()
    environment.runUntil(() => left <= 0)
    t.notOk(
      world.called().some((what) => what.startsWith('GRANTED')),
      'nobody is told',
    )
    t.equal(world.locks.list().length, 40, 'nobody has lost it')
    const grants = (): string[] => world.called().filter((what) => what.startsWith('GRANTED'))
    environment.runUntil(() => grants().length >= 16)
    const first = isMessage ? 'GRANTED_MSG udp 4 10.0.0.2' : 'GRANTED tcp 4 10.0.0.2'
    t.same(new Set(grants()), new Set([first]), 'it is told as if there had been nothing before')
  }
  t.end()
})

t.test('who has cancelled does not take the room that others wait for', (t) => {
  const { world, callbacks, environment, release, understand } = grantMany()
  release()
  environment.advance(0)
  const fh = callbacks[0].args.alock.fh
  for (let i = 16; i < 39; i++) {
    const alock = { caller_name: Buffer.from(`c${100 + i}`), fh, oh: Buffer.from(`o${100 + i}`), svid: 100 + i }
    const args = { cookie: COOKIE, alock: { ...alock, l_offset: BigInt(i), l_len: 1n } }
    world.nlmAsk(codecs.UNLOCK, args, WAITER)
  }
  understand()
  t.equal(callbacks.length, 17)
  t.equal(callbacks[16].args.alock.svid, 139)
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
