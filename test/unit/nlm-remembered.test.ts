/** Whom a volume remembers, who is to be told when the mover starts anew, and for how long. */
import t from 'tap'
import { type AskOptions, NlmWorld, resultOf, statName, versionOf } from './nlm-support.ts'
import type { FakeConnection } from './rpc-support.ts'

const { codecs, later } = versionOf(4)
const NONE = new Uint8Array(0)
const MINUTE = 60_000

function setUp() {
  const world = new NlmWorld()
  const { environment, records, nlm } = world
  const fh = world.file('f')
  const lockOf = (name: string, byte: number) =>
    ({ caller_name: Buffer.from(name), fh, oh: NONE, svid: 1, l_offset: BigInt(byte), l_len: 1n }) as never
  /** A LOCK that may have to wait. */
  const ask = (name: string, byte: number, from: AskOptions = {}): FakeConnection => {
    const connection = world.connect(from)
    const args = { cookie: NONE, block: true, exclusive: true, reclaim: false, state: 1, alock: lockOf(name, byte) }
    world.send(connection, 100021, codecs.LOCK, args)
    return connection
  }
  const answerTo = (connection: FakeConnection): string => statName(resultOf(connection, codecs.LOCK).stat.stat)
  const lock = (name: string, byte: number, from: AskOptions = {}): string => answerTo(ask(name, byte, from))
  const unlock = (name: string, byte: number, from: AskOptions = {}): void => {
    world.nlmAsk(codecs.UNLOCK, { cookie: NONE, alock: lockOf(name, byte) }, from)
  }
  const freeAll = (name: string, from: AskOptions = {}): void => {
    if (later !== null) world.nlmAsk(later.FREE_ALL, { name: Buffer.from(name), state: 1 }, from)
  }
  const minutes = (count: number): void => environment.advance(count * MINUTE)
  return { world, records, nlm, lock, ask, answerTo, unlock, freeAll, minutes }
}

t.test('who has no locks, and asks for none, is forgotten after a while; who has some, or waits, is not', (t) => {
  const { world, records, nlm, lock, unlock, minutes } = setUp()
  t.equal(lock('a', 1), 'GRANTED')
  t.equal(lock('b', 2), 'GRANTED')
  t.equal(lock('c', 1), 'BLOCKED')
  minutes(10)
  t.equal(records.records.size, 3)
  for (let i = 0; i < 100; i++) {
    unlock('b', 2)
    minutes(0.5)
    t.equal(lock('b', 2), 'GRANTED')
  }
  t.equal(records.sets, 3, 'nothing is written for who locks again and again')
  unlock('b', 2)
  minutes(3)
  t.equal(records.records.size, 2)
  t.notOk(nlm.clients.has({ name: 'b', address: '10.0.0.1' }))
  t.equal(lock('b', 2), 'GRANTED')
  t.equal(records.records.size, 3, 'it is remembered anew')
  world.locks.releaseClient('nlm', 'c 10.0.0.1')
  for (const [name, byte] of [
    ['a', 1],
    ['b', 2],
  ] as const)
    unlock(name, byte)
  minutes(3)
  t.equal(records.records.size, 0)
  t.equal(nlm.clients.size, 0)
  world.environment.advance(MINUTE)
  t.end()
})

t.test('a host that locks by ever new names does not make the list grow for ever', (t) => {
  const { records, lock, freeAll, minutes } = setUp()
  let most = 0
  for (let i = 0; i < 3000; i++) {
    t.equal(lock(`n${i}`, i), 'GRANTED')
    freeAll(`n${i}`)
    most = Math.max(most, records.records.size)
  }
  t.ok(most <= 1001, `${most} at most`)
  minutes(1)
  t.equal(records.records.size, 1000 - 256, 'some at a time')
  minutes(5)
  t.equal(records.records.size, 0)
  t.end()
})

t.test('who locks anew while it is being forgotten has its lock when it is remembered again, and not before', (t) => {
  const { records, lock, ask, answerTo, unlock, minutes } = setUp()
  t.equal(lock('a', 1), 'GRANTED')
  unlock('a', 1)
  records.areDropsHeld = true
  minutes(3)
  t.same([records.drops.length, records.records.size], [1, 1])
  const calls = [ask('a', 1), ask('a', 2)]
  t.same(
    calls.map((call) => call.drain().length),
    [0, 0],
    'the record that there is will go',
  )
  records.areDropsHeld = false
  records.useBarriers = true
  records.drops.shift()?.()
  t.same([records.sets, records.barriers.length], [2, 1])
  t.same(
    calls.map((call) => call.drain().length),
    [0, 0],
    'the next one is not durable',
  )
  records.barriers.shift()?.(null)
  t.same(calls.map(answerTo), ['GRANTED', 'GRANTED'])
  t.equal(records.records.size, 1)
  minutes(10)
  t.equal(records.records.size, 1)
  t.end()
})

t.test('who starts anew while it is being remembered is not taken for its successor', (t) => {
  const { records, ask, answerTo, freeAll, unlock, minutes } = setUp()
  records.useBarriers = true
  const old = ask('a', 1)
  freeAll('a')
  const next = ask('a', 2)
  t.equal(records.sets, 1)
  records.barriers.shift()?.(null)
  t.equal(answerTo(old), 'DENIED_GRACE_PERIOD', 'whatever it was for, nobody waits for it')
  t.same(next.drain(), [])
  records.barriers.shift()?.(null)
  t.equal(records.sets, 2)
  t.equal(answerTo(next), 'GRANTED')
  for (const byte of [1, 2]) unlock('a', byte)
  minutes(5)
  t.equal(records.records.size, 0)
  t.end()
})

t.test('who goes away while it is being remembered is forgotten', (t) => {
  const { world, records, ask, freeAll, minutes } = setUp()
  records.useBarriers = true
  const call = ask('a', 1)
  freeAll('a')
  call.close()
  records.barriers.shift()?.(null)
  minutes(2)
  t.same(world.locks.list(), [])
  t.equal(records.records.size, 0)
  t.end()
})
