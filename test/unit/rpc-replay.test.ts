import fc from 'fast-check'
import t from 'tap'
import { DEFAULT_REPLAY_LIMITS, ReplayCache } from '../../mover/clients/replay-cache.ts'
import type { Failure } from '../../mover/failure.ts'
import type { Barrier, ReplayTag } from '../../mover/operation.ts'
import { SessionCredentials } from '../../mover/rpc/credentials.ts'
import { type CallMessage, callMessage, FakeConnection, sysAuth } from './rpc-support.ts'
import { TOY, Toy, toyDispatcher } from './rpc-toy.ts'

function setUp(options: Parameters<typeof toyDispatcher>[0] = {}) {
  const toy = toyDispatcher(options)
  const connect = (address: string, port: number): FakeConnection => {
    const connection = new FakeConnection(address, port)
    return connection.attach(toy.dispatcher.open(connection))
  }
  return { ...toy, connect, connection: connect('10.0.0.1', 700) }
}

function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function make(xid: number, value: number, more: Partial<CallMessage> = {}): Uint8Array {
  const credential = sysAuth()
  return callMessage({ xid, program: TOY, version: 3, procedure: Toy.MAKE, args: number(value), credential, ...more })
}

function shown(replies: Uint8Array[]): string[] {
  return replies.map((bytes) => {
    const reply = Buffer.from(bytes)
    return `${reply.readUInt32BE(0)}: ${reply.readUInt32BE(20) === 0 ? reply.readUInt32BE(24) : '!'}`
  })
}

t.test('a retransmission of an answered call gets the same bytes and does not run', (t) => {
  const { connection, connect, world, dispatcher } = setUp()
  connection.receive(make(7, 1))
  const [first] = connection.drain()
  connection.receive(make(7, 1))
  connection.receive(make(7, 1, { credential: sysAuth({ stamp: 5 }) }))
  t.same(connection.drain(), [first, first])
  const other = connect('10.0.0.1', 701)
  other.receive(make(7, 1))
  t.same(other.drain(), [first], 'also over another connection of the same client')
  t.same(world.runs, ['make 1'])
  t.equal(dispatcher.counts().repeated, 3)
  t.end()
})

t.test('what differs is another call', (t) => {
  const { connection, connect, world } = setUp()
  connection.receive(make(7, 1))
  connection.receive(make(8, 1))
  connection.receive(make(7, 2))
  connection.receive(make(7, 1, { credential: sysAuth({ machine: 'client2' }) }))
  connection.receive(make(7, 1, { credential: sysAuth({ uid: 1 }) }))
  connect('10.0.0.2', 700).receive(make(7, 1))
  t.equal(world.made, 6)
  connection.receive(make(7, 1))
  connection.receive(make(7, 2))
  connection.receive(make(8, 1))
  t.equal(world.made, 6, 'and all of them are remembered')
  t.same(shown(connection.drain()), [
    '7: 1001',
    '8: 2001',
    '7: 3002',
    '7: 4001',
    '7: 5001',
    '7: 1001',
    '7: 3002',
    '8: 2001',
  ])
  t.end()
})

t.test('calls without credentials are told apart as well', (t) => {
  const { connection, world } = setUp()
  const anonymous = { credential: { flavour: 0, body: new Uint8Array(0) } }
  connection.receive(make(7, 1, anonymous))
  connection.receive(make(7, 1, anonymous))
  connection.receive(make(7, 2, anonymous))
  t.equal(world.made, 2)
  t.end()
})

t.test('the tag names the client, the call and its checksum; idempotent calls have none', (t) => {
  const { connection, world } = setUp()
  connection.receive(make(7, 1))
  connection.receive(make(8, 1))
  connection.receive(callMessage({ program: TOY, version: 3, procedure: Toy.ECHO, args: number(0) }))
  const [first, second, third] = world.seen.map(({ replay }) => replay)
  t.match(first, { program: TOY, procedure: Toy.MAKE, xid: 7 })
  t.same({ ...second, xid: 7 }, first, 'the checksum does not cover the xid')
  t.equal(third, null)
  t.end()
})

t.test('a retransmission of a call in progress is answered once, on the newest connection', (t) => {
  const { connection, connect, world, dispatcher } = setUp()
  world.useBarrier = true
  connection.receive(make(7, 1))
  connection.receive(make(7, 1))
  t.same([connection.inFlight, dispatcher.heldCalls], [1, 1])
  const newer = connect('10.0.0.1', 701)
  newer.receive(make(7, 1))
  t.same([connection.inFlight, newer.inFlight], [0, 1])
  t.ok(newer.heldBytes > 0)
  connection.close()
  world.settleAll(null)
  t.same(shown(newer.drain()), ['7: 1001'])
  t.same(world.runs, ['make 1'])
  t.equal(dispatcher.counts().joined, 2)
  t.same([newer.inFlight, newer.heldBytes, connection.heldBytes], [0, 0, 0])
  t.end()
})

t.test('the same for a call that is suspended', (t) => {
  const { connection, connect, world } = setUp()
  world.suspensions = 1
  connection.receive(make(7, 1), true)
  connection.close()
  const newer = connect('10.0.0.1', 701)
  newer.receive(make(7, 1))
  world.resumeAll()
  t.same(shown(newer.drain()), ['7: 1001'])
  t.equal(connection.givenBack.length, 1, 'the buffer goes back to where it came from')
  t.same(world.runs, ['make 1', 'make 1'], 'suspended, then run')
  t.end()
})

t.test('a call whose client is gone is completed and its answer remembered', (t) => {
  const { connection, connect, world } = setUp()
  world.suspensions = 1
  connection.receive(make(7, 1))
  connection.close()
  world.resumeAll()
  t.equal(world.made, 1)
  const later = connect('10.0.0.1', 701)
  later.receive(make(7, 1))
  t.same(shown(later.drain()), ['7: 1001'])
  t.equal(world.made, 1)
  t.end()
})

t.test('errors are remembered too; undecodable calls are not', (t) => {
  const { connection, world, dispatcher } = setUp()
  world.useBarrier = true
  connection.receive(make(7, 1))
  world.settleAll('IO')
  connection.receive(make(7, 1))
  t.same(shown(connection.drain()), ['7: 77', '7: 77'])
  t.equal(world.made, 1)
  const bytes = dispatcher.replayBytes
  for (let i = 0; i < 3; i++) connection.receive(make(9, 1, { args: Buffer.alloc(8) }))
  t.same(shown(connection.drain()), ['9: !', '9: !', '9: !'])
  t.equal(dispatcher.counts().garbageArgs, 3)
  t.equal(dispatcher.replayBytes, bytes)
  t.end()
})

t.test('after 120 s the same bytes are a new call', (t) => {
  const { connection, world, environment } = setUp()
  connection.receive(make(7, 1))
  environment.advance(120_000)
  connection.receive(make(7, 1))
  t.equal(world.made, 1)
  environment.advance(1)
  connection.receive(make(7, 1))
  t.equal(world.made, 2)
  connection.receive(make(7, 1))
  t.same(shown(connection.drain()), ['7: 1001', '7: 1001', '7: 2001', '7: 2001'], 'the newest answer is repeated')
  t.end()
})

t.test('a remembered answer does not hold on to pages', (t) => {
  const { connection, world } = setUp()
  const call = make(7, 50_000, { procedure: Toy.MAKE_BULK })
  connection.receive(call)
  const [first] = connection.drain()
  t.equal(world.pins, 0)
  world.bulk.fill(0)
  connection.receive(call)
  t.same(connection.drain(), [first])
  t.end()
})

t.test('after a restart the durable memory answers, in the procedure’s words', (t) => {
  const asked: ReplayTag[] = []
  const known = new Map([[7, 4711]])
  const replayMemory = {
    find: (tag: ReplayTag) => {
      asked.push(tag)
      const objectIno = known.get(tag.xid)
      return objectIno === undefined ? null : { objectIno, barrier: null }
    },
  }
  const { connection, world } = setUp({ replayMemory })
  world.suspensions = 1
  connection.receive(make(7, 1))
  world.resumeAll()
  connection.receive(make(8, 1))
  connection.receive(make(7, 1))
  t.same(shown(connection.drain()), ['7: 4711', '8: 1001', '7: 4711'])
  t.same(world.runs, ['replayed 1', 'replayed 1', 'make 1'], 'the third is answered from memory')
  t.match(asked[0], { program: TOY, procedure: Toy.MAKE, xid: 7 })
  t.end()
})

t.test('that a call has run, elsewhere, is told when that is durable', (t) => {
  const waiting: ((failure: Failure | null) => void)[] = []
  const barrier: Barrier = { wait: (done) => waiting.push(done) }
  const { connection, world } = setUp({ replayMemory: { find: () => ({ objectIno: 4711, barrier }) } })
  connection.receive(make(7, 1))
  connection.receive(make(8, 1))
  t.same(shown(connection.drain()), [])
  const [first, second] = waiting
  first(null)
  second('IO')
  t.same(shown(connection.drain()), ['7: 4711', '8: 77'])
  t.same(world.runs, ['replayed 1', 'replayed 1'])
  t.end()
})

const tag = (xid: number, checksum = 0): ReplayTag => ({
  clientHigh: 0,
  clientLow: 0,
  program: 1,
  procedure: 1,
  xid,
  checksum,
})

t.test('clients at one address are told apart, and known to be at one address', (t) => {
  const identity = (address: string, name: string) =>
    new SessionCredentials(1, 0, 0, [], Buffer.from(name)).identityAt(address)
  const [a, b, elsewhere] = [identity('10.0.0.1', 'a'), identity('10.0.0.1', 'b'), identity('10.0.0.2', 'a')]
  t.equal(a.high, b.high)
  t.not(a.low, b.low)
  t.not(a.key, b.key)
  t.not(a.high, elsewhere.high)
  t.not(a.low, elsewhere.low)
  t.end()
})

const ANSWER = new Uint8Array(100)

function answer(cache: ReplayCache<string>, client: string, xid: number, nowMs = 0, checksum = 0): void {
  cache.answered(cache.begin(client, tag(xid, checksum), 'owner'), ANSWER, nowMs)
}

t.test('the newest answers of a client are kept', (t) => {
  const cache = new ReplayCache<string>({ ...DEFAULT_REPLAY_LIMITS, maxPerClient: 10 })
  for (let xid = 0; xid < 25; xid++) answer(cache, 'a', xid)
  const found = Array.from({ length: 25 }, (_, xid) => cache.find('a', tag(xid), 0) !== null)
  t.same(found.map((isFound) => (isFound ? 1 : 0)).join(''), '0000000000000001111111111')
  t.equal(cache.bytes, 10 * 300)
  t.end()
})

t.test('the client that was silent longest is forgotten first, but not what it has in progress', (t) => {
  const cache = new ReplayCache<string>({ ...DEFAULT_REPLAY_LIMITS, maxClients: 2 })
  answer(cache, 'a', 1)
  const pending = cache.begin('a', tag(2), 'owner')
  const alsoPending = cache.begin('a', tag(3), 'owner')
  answer(cache, 'b', 1)
  answer(cache, 'c', 1)
  t.equal(cache.find('a', tag(1), 0), null)
  t.equal(cache.find('a', tag(2), 0), pending)
  t.ok(cache.find('b', tag(1), 0))
  t.equal(cache.clientCount, 3)
  cache.answered(pending, ANSWER, 0)
  t.equal(cache.find('a', tag(2), 0), null, 'a forgotten client’s answer is not kept')
  cache.begin('a', tag(4), 'owner')
  t.equal(cache.find('a', tag(3), 0), alsoPending, 'it is back, with what was in progress')
  cache.answered(alsoPending, ANSWER, 0)
  t.ok(cache.find('a', tag(3), 0)?.answer)
  t.equal(cache.clientCount, 2)
  t.end()
})

/** An answer to a call from `address`, of a client that says it is `name`. */
function answerAt(cache: ReplayCache<string>, address: number, name: string, xid: number): void {
  const record = cache.begin(`${address} ${name}`, { ...tag(xid), clientHigh: address }, 'owner')
  cache.answered(record, ANSWER, 0)
}

t.test('who invents names pushes out its own answers, not those of others', (t) => {
  for (const limits of [{ maxClients: 10 }, { maxBytes: 3000 }]) {
    const cache = new ReplayCache<string>({ ...DEFAULT_REPLAY_LIMITS, ...limits })
    for (const address of [1, 2, 3]) answerAt(cache, address, 'host', 1)
    for (let name = 0; name < 100; name++) answerAt(cache, 9, `${name}`, 1)
    for (const address of [1, 2, 3]) t.ok(cache.find(`${address} host`, tag(1), 0), `${address}`)
    t.ok(cache.find('9 99', tag(1), 0))
    t.equal(cache.find('9 50', tag(1), 0), null)
    t.equal(cache.clientCount, 10)
    t.equal(cache.bytes, 3000)
  }
  t.end()
})

t.test('bytes are bounded', (t) => {
  const cache = new ReplayCache<string>({ ...DEFAULT_REPLAY_LIMITS, maxBytes: 1000 })
  for (const client of ['a', 'b', 'c', 'd']) answer(cache, client, 1)
  t.equal(cache.bytes, 900)
  t.equal(cache.find('a', tag(1), 0), null)
  t.ok(cache.find('b', tag(1), 0))
  for (let xid = 10; xid < 20; xid++) answer(cache, 'z', xid)
  t.equal(cache.bytes, 900)
  t.ok(cache.find('z', tag(19), 0))
  t.equal(cache.find('z', tag(10), 0), null)
  const huge = cache.begin('z', tag(99), 'owner')
  cache.answered(huge, new Uint8Array(5000), 0)
  t.equal(cache.bytes, 0, 'an answer above the bound is not kept at all')
  t.equal(cache.find('z', tag(99), 0), null)
  t.end()
})

t.test('against a model: newest answer of each call, by age and count', (t) => {
  const action = fc.record({
    xid: fc.integer({ min: 0, max: 5 }),
    checksum: fc.integer({ min: 0, max: 2 }),
    kind: fc.constantFrom('call', 'call', 'finish', 'forget'),
    waitMs: fc.integer({ min: 0, max: 60 }),
  })
  const limits = { maxAgeMs: 100, maxPerClient: 4, maxClients: 10, maxBytes: 1_000_000 }
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const cache = new ReplayCache<number>(limits)
      const pending: ReturnType<typeof cache.begin>[] = []
      const answered: { key: string; atMs: number }[] = []
      let nowMs = 0
      for (const { xid, checksum, kind, waitMs } of actions) {
        nowMs += waitMs
        const key = `${xid} ${checksum}`
        if (kind === 'call') {
          const found = cache.find('a', tag(xid, checksum), nowMs)
          const isPending = pending.some(({ tag }) => tag.xid === xid && tag.checksum === checksum)
          const isKnown = answered.slice(-4).some((entry) => entry.key === key && nowMs - entry.atMs <= 100)
          if ((found?.owner != null) !== isPending) return false
          if (!isPending && (found?.answer != null) !== isKnown) return false
          if (found === null) pending.push(cache.begin('a', tag(xid, checksum), 1))
        } else {
          const record = pending.shift()
          if (record === undefined) continue
          if (kind === 'forget') {
            cache.forget(record)
          } else {
            cache.answered(record, new Uint8Array(4), nowMs)
            answered.push({ key: `${record.tag.xid} ${record.tag.checksum}`, atMs: nowMs })
          }
        }
      }
      return cache.bytes === Math.min(4, answered.length) * 204
    }),
    { numRuns: 500 },
  )
  t.pass('holds for all')
  t.end()
})
