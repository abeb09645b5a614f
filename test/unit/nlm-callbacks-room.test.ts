import t from 'tap'
import { nlm4_stats } from '../../protocol/nlm4/nlm.gen.ts'
import { SM_PROG, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import { COOKIE, codecs, setUp, WAITER } from './nlm-callbacks-support.ts'

const { NLM4_GRANTED } = nlm4_stats

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
  t.equal(callbacks.length, 4, 'it has not answered yet')
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
    let left = 30 * 4
    const call = { program: SM_PROG, version: 1, codec: SM_VERS_codecs.SM_STAT, args: { mon_name: COOKIE } }
    const address = { transport: 'udp', localAddress: '10.0.0.254', host: '10.0.0.2' } as const
    const hog = (): void => {
      if (left-- > 0) world.client.call(address, call, hog)
    }
    for (let i = 0; i < 4; i++) hog()
    environment.runUntil(() => callbacks.length === 4)
    release()
    environment.runUntil(() => left <= 0)
    t.notOk(
      world.called().some((what) => what.startsWith('GRANTED')),
      'nobody is told',
    )
    t.equal(world.locks.list().length, 40, 'nobody has lost it')
    const grants = (): string[] => world.called().filter((what) => what.startsWith('GRANTED'))
    environment.runUntil(() => grants().length >= 4)
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
