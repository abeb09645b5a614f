/** LOCKs that wait before they ask for their lock, and what their clients say meanwhile. */
import t from 'tap'
import { Suspend } from '../../mover/suspend.ts'
import { type AskOptions, NlmWorld, resultOf, statName, versionOf } from './nlm-support.ts'
import type { FakeConnection } from './rpc-support.ts'

const { codecs, later } = versionOf(4)
const NONE = new Uint8Array(0)

interface Wanted extends AskOptions {
  name?: string
  svid?: number
  exclusive?: boolean
  state?: number
}

/** One file; while `isHeld` nobody can look at it. */
function setUp() {
  const world = new NlmWorld()
  const { files, nlm } = world
  const fh = world.file('f')
  const held: { is: boolean; resumes: (() => void)[] } = { is: true, resumes: [] }
  const inode = files.inode.bind(files)
  files.inode = (...args) => {
    if (held.is) throw new Suspend((resume) => held.resumes.push(resume))
    return inode(...args)
  }
  const alock = (start: number, length: number, { name = 'c1', svid = 1 }: Wanted) =>
    ({ caller_name: Buffer.from(name), fh, oh: NONE, svid, l_offset: BigInt(start), l_len: BigInt(length) }) as never
  const args = (start: number, length: number, wanted: Wanted) => {
    const { exclusive = true, state = 1 } = wanted
    return { cookie: NONE, block: true, exclusive, reclaim: false, state, alock: alock(start, length, wanted) }
  }
  const ask = (start: number, length: number, wanted: Wanted = {}, codec = codecs.LOCK): FakeConnection => {
    const connection = world.connect(wanted)
    world.send(connection, 100021, codec, args(start, length, wanted))
    return connection
  }
  const answerTo = (connection: FakeConnection): string => statName(resultOf(connection, codecs.LOCK).stat.stat)
  const unlock = (start: number, length: number, wanted: Wanted = {}): string =>
    statName(world.nlmAsk(codecs.UNLOCK, { cookie: NONE, alock: alock(start, length, wanted) }, wanted).stat.stat)
  const cancel = (start: number, length: number, wanted: Wanted = {}): string =>
    statName(world.nlmAsk(codecs.CANCEL, args(start, length, wanted), wanted).stat.stat)
  const freeAll = (name: string): void => {
    if (later === null) throw new Error('version 4 has FREE_ALL')
    world.nlmAsk(later.FREE_ALL, { name: Buffer.from(name), state: 0 })
  }
  const goOn = (): void => {
    held.is = false
    for (const resume of held.resumes.splice(0)) resume()
  }
  return { world, nlm, held, ask, args, answerTo, unlock, cancel, freeAll, goOn }
}

t.test('what is unlocked while its LOCK waits to ask is not had', (t) => {
  const { world, nlm, ask, answerTo, unlock, goOn } = setUp()
  const calls = [
    ask(0, 10),
    ask(0, 10, { transport: 'udp' }),
    ask(20, 10),
    ask(0, 10, { svid: 2, exclusive: false }),
    ask(0, 10, { name: 'c2', svid: 1, exclusive: false }),
    ask(0, 10, { address: '10.0.0.2', exclusive: false }),
  ]
  t.equal(nlm.unasked.size, 6)
  t.equal(unlock(9, 11), 'GRANTED')
  goOn()
  t.same(calls.map(answerTo), [
    'DENIED_GRACE_PERIOD',
    'DENIED_GRACE_PERIOD',
    ...['GRANTED', 'GRANTED', 'GRANTED', 'GRANTED'],
  ])
  t.equal(nlm.unasked.size, 0)
  t.equal(world.locks.list().length, 4, 'other bytes, and other owners')
  const again = ask(0, 5, { exclusive: false })
  t.equal(answerTo(again), 'GRANTED', 'who asks again is heard')
  t.end()
})

t.test('so it is with CANCEL of the same', (t) => {
  const { world, ask, answerTo, cancel, goOn } = setUp()
  const calls = [ask(0, 10), ask(0, 9), ask(0, 10, { exclusive: false })]
  t.equal(cancel(0, 10), 'GRANTED')
  goOn()
  t.same(calls.map(answerTo), ['DENIED_GRACE_PERIOD', 'GRANTED', 'GRANTED'])
  t.equal(world.locks.held.length, 1)
  t.end()
})

t.test('NM_LOCK and LOCK_MSG', (t) => {
  const { world, held, ask, args, answerTo, unlock, goOn } = setUp()
  if (later === null) throw new Error('version 4 has NM_LOCK')
  const notMonitored = ask(0, 1, {}, later.NM_LOCK)
  world.send(world.connect({ transport: 'udp' }), 100021, codecs.LOCK_MSG, args(0, 1, {}))
  t.equal(held.resumes.length, 2)
  unlock(0, 0)
  goOn()
  world.environment.advance(10)
  t.equal(answerTo(notMonitored), 'DENIED_GRACE_PERIOD')
  t.same(
    world.callbacks.map(({ what, args }) => `${what} ${statName(args.stat.stat)}`),
    ['LOCK_RES udp 4 DENIED_GRACE_PERIOD'],
  )
  t.same(world.locks.list(), [])
  t.end()
})

t.test('what is unshared while its SHARE waits to ask is not had', (t) => {
  const { world, nlm, args, unlock, goOn } = setUp()
  if (later === null) throw new Error('version 4 has SHARE')
  const { SHARE, UNSHARE } = later
  const shareOf = (name: string) => {
    const { caller_name, fh, oh } = args(0, 0, { name }).alock as { caller_name: Buffer; fh: Buffer; oh: Buffer }
    return { cookie: NONE, share: { caller_name, fh, oh, mode: 1, access: 1 }, reclaim: false } as never
  }
  const ask = (name: string): FakeConnection => {
    const connection = world.connect()
    world.send(connection, 100021, SHARE, shareOf(name))
    return connection
  }
  const calls = [ask('c1'), ask('c2')]
  t.equal(nlm.unasked.size, 2)
  t.equal(unlock(0, 0), 'GRANTED', 'a range is something else')
  t.equal(statName(world.nlmAsk(UNSHARE, shareOf('c1')).stat), 'GRANTED')
  goOn()
  t.same(
    calls.map((connection) => statName(resultOf(connection, SHARE).stat)),
    ['DENIED_GRACE_PERIOD', 'GRANTED'],
  )
  t.equal(nlm.unasked.size, 0)
  t.same(world.locks.list(), ['3 c2 10.0.0.1: share  opens 1 denies 1'])
  t.end()
})

t.test('a LOCK whose client is being remembered is given up too', (t) => {
  const { world, held, ask, answerTo, unlock } = setUp()
  held.is = false
  world.records.useBarriers = true
  const call = ask(0, 1)
  unlock(0, 1)
  world.records.barriers.shift()?.(null)
  t.equal(answerTo(call), 'DENIED_GRACE_PERIOD')
  t.same(world.locks.list(), [])
  t.end()
})

t.test('what a client has asked for before it was started anew is not had; what it has asked for since is', (t) => {
  const { world, held, ask, answerTo, goOn } = setUp()
  held.is = false
  t.equal(answerTo(ask(0, 1)), 'GRANTED')
  held.is = true
  const calls = [
    ask(1, 1, { state: 3 }),
    ask(2, 1),
    ask(3, 1, { state: 3, svid: 2 }),
    ask(4, 1, { address: '10.0.0.2' }),
  ]
  goOn()
  t.same(calls.map(answerTo), ['GRANTED', 'DENIED_GRACE_PERIOD', 'GRANTED', 'GRANTED'])
  t.equal(world.locks.list().length, 3)
  held.is = true
  const old = ask(5, 1, { state: 3 })
  world.notify('c1', 5, {})
  goOn()
  t.equal(answerTo(old), 'DENIED_GRACE_PERIOD', 'so says SM_NOTIFY')
  t.equal(world.locks.list().length, 1)
  t.end()
})

t.test('so it is with a client that has never had any, whoever says that it has started anew', (t) => {
  for (const isTold of [true, false]) {
    const { world, ask, answerTo, freeAll, goOn } = setUp()
    const calls = [ask(0, 10, { state: 5 }), ask(20, 10, { name: 'c2', address: '10.0.0.2', state: 5 })]
    if (isTold) world.notify('c1', 7, {})
    else freeAll('c1')
    goOn()
    t.same(calls.map(answerTo), ['DENIED_GRACE_PERIOD', 'GRANTED'], isTold ? 'SM_NOTIFY' : 'FREE_ALL')
    t.equal(world.locks.list().length, 1)
  }
  t.end()
})

t.test('a LOCK whose connection ends leaves nothing, and its object is free for another', (t) => {
  const { world, nlm, held, ask, answerTo, unlock, goOn } = setUp()
  const gone = ask(0, 1)
  unlock(0, 1)
  gone.close()
  goOn()
  t.equal(nlm.unasked.size, 0)
  t.same(world.locks.list(), [])
  held.is = true
  const next = ask(0, 1)
  t.equal(nlm.unasked.size, 1)
  goOn()
  t.equal(answerTo(next), 'GRANTED')
  t.equal(nlm.unasked.size, 0)
  t.end()
})

t.test('a LOCK that is refused, or fails, leaves nothing', (t) => {
  const { world, nlm, ask, answerTo, goOn } = setUp()
  const calls = [ask(0, 1), ask(0, 1, { name: 'n'.repeat(256) })]
  const failing = ask(1, 1)
  world.rule.access = 'ro'
  goOn()
  t.same([...calls, failing].map(answerTo), ['ROFS', 'ROFS', 'ROFS'])
  t.equal(nlm.unasked.size, 0)
  t.end()
})
