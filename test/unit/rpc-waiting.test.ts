import t from 'tap'
import { callMessage, FakeConnection } from './rpc-support.ts'
import { TOY, Toy, toyDispatcher } from './rpc-toy.ts'

function setUp() {
  const toy = toyDispatcher()
  const connection = new FakeConnection()
  connection.attach(toy.dispatcher.open(connection))
  return { ...toy, connection }
}

function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function echo(xid: number, text: string): Uint8Array {
  const data = Buffer.alloc(Math.ceil(text.length / 4) * 4)
  data.write(text, 'latin1')
  const args = Buffer.concat([number(text.length), data])
  return callMessage({ xid, program: TOY, version: 3, procedure: Toy.ECHO, args })
}

function simple(xid: number, procedure: number, value: number): Uint8Array {
  return callMessage({ xid, program: TOY, version: 3, procedure, args: number(value) })
}

/** "xid: text" of ECHO's replies, "xid: number" of others, "xid!stat" of errors. */
function shown(replies: Uint8Array[]): string[] {
  return replies.map((bytes) => {
    const reply = Buffer.from(bytes)
    const stat = reply.readUInt32BE(20)
    if (stat !== 0) return `${reply.readUInt32BE(0)}!${stat}`
    const first = reply.readUInt32BE(24)
    return `${reply.readUInt32BE(0)}: ${reply.length > 28 ? reply.toString('latin1', 28, 28 + first) : first}`
  })
}

t.test('a call that suspends runs again, on its own copy of the bytes', (t) => {
  const { connection, world, dispatcher } = setUp()
  world.suspensions = 2
  t.notOk(connection.receive(echo(1, 'first')), 'the buffer was not kept, and is overwritten now')
  t.same(world.runs, ['echo 5'])
  t.equal(dispatcher.heldCalls, 1)
  t.same([connection.inFlight, connection.heldBytes], [1, 12 + 5], 'counted with the reply that it may get')
  connection.receive(echo(2, 'second'))
  t.same(shown(connection.drain()), [], 'the second was suspended too')
  connection.receive(echo(3, 'third'))
  t.same(shown(connection.drain()), ['3: third'], 'others are served meanwhile')
  world.resumeAll()
  t.same(world.runs, ['echo 5', 'echo 6', 'echo 5', 'echo 5', 'echo 6'])
  t.same(shown(connection.drain()), ['1: first', '2: second'])
  t.same([connection.inFlight, connection.heldBytes, dispatcher.heldCalls], [0, 0, 0])
  t.end()
})

t.test('a call may suspend again and again', (t) => {
  const { connection, world } = setUp()
  world.suspensions = 3
  connection.receive(echo(1, 'again'))
  for (let i = 0; i < 3; i++) {
    t.same(shown(connection.drain()), [])
    t.equal(connection.inFlight, 1)
    world.resumeAll()
  }
  t.same(shown(connection.drain()), ['1: again'])
  t.equal(world.runs.length, 4)
  t.equal(connection.inFlight, 0)
  t.end()
})

t.test('a buffer that may be kept is kept without a copy, and given back', (t) => {
  const { connection, world } = setUp()
  world.suspensions = 1
  t.ok(connection.receive(echo(1, 'kept'), true))
  t.same(connection.givenBack, [])
  t.notOk(connection.receive(echo(2, 'not'), true), 'a call that is answered at once keeps nothing')
  world.resumeAll()
  t.equal(connection.givenBack.length, 1)
  t.equal(Buffer.from(connection.givenBack[0]).includes('kept'), true)
  t.same(shown(connection.drain()), ['2: not', '1: kept'])
  t.equal(connection.givenBack.length, 1, 'once')
  t.end()
})

t.test('resuming twice runs a call once', (t) => {
  const { connection, world } = setUp()
  world.suspensions = 1
  connection.receive(echo(1, 'once'))
  const [resume] = world.resumes
  world.resumeAll()
  resume()
  world.suspensions = 1
  connection.receive(echo(2, 'next'))
  resume()
  t.same(world.runs, ['echo 4', 'echo 4', 'echo 4'], 'a late resume does not wake the object’s next call')
  world.resumeAll()
  t.same(shown(connection.drain()), ['1: once', '2: next'])
  t.end()
})

t.test('what is resumed at once runs after the present call, not inside it', (t) => {
  const { connection, world, environment } = setUp()
  world.suspensions = 2
  world.resumeAtOnce = true
  connection.receive(echo(1, 'early'))
  t.same(world.runs, ['echo 5'])
  environment.runUntilIdle()
  t.same(world.runs, ['echo 5', 'echo 5', 'echo 5'])
  t.same(shown(connection.drain()), ['1: early'])
  t.end()
})

t.test('a reply is held back until its barrier is done, and shows the state when the call ran', (t) => {
  const { connection, world, dispatcher } = setUp()
  world.useBarrier = true
  connection.receive(echo(1, 'held'))
  connection.receive(simple(2, Toy.BULK, 20_000))
  world.useBarrier = false
  connection.receive(echo(3, 'free'))
  t.same(shown(connection.drain()), ['3: free'])
  t.same([connection.inFlight, connection.heldBytes], [2, 32 + 28 + 20_000])
  t.equal(world.pins, 1)
  world.settleAll(null)
  t.equal(world.pins, 1, 'still to be sent')
  const replies = connection.drain()
  t.equal(replies.length, 2)
  t.same(shown(replies.slice(0, 1)), ['1: held'])
  t.same(Buffer.from(replies[1].subarray(28)), Buffer.from(world.bulk.subarray(0, 20_000)))
  t.same([world.pins, connection.inFlight, connection.heldBytes, dispatcher.heldCalls], [0, 0, 0, 0])
  t.end()
})

t.test('a barrier that fails changes the answer', (t) => {
  const { connection, world, dispatcher } = setUp()
  world.useBarrier = true
  connection.receive(simple(1, Toy.MAKE, 5))
  connection.receive(simple(2, Toy.BULK, 20_000))
  world.settleAll('NOSPC')
  t.same(shown(connection.drain()), ['1: 77', '2!5'], 'in the procedure’s words, or SYSTEM_ERR')
  t.equal(world.pins, 0)
  const make = dispatcher.procedures().find((row) => row.procedure === 'MAKE')
  t.match(make, { calls: 1, errors: 1 })
  t.end()
})

t.test('a barrier may be done twice, or at once', (t) => {
  const { connection, world, environment } = setUp()
  world.useBarrier = true
  connection.receive(echo(1, 'one'))
  const [done] = world.barriers
  done(null)
  done('IO')
  t.same(shown(connection.drain()), ['1: one'])
  world.barriers.push = (settle) => {
    settle(null)
    return 0
  }
  connection.receive(echo(2, 'two'))
  environment.runUntilIdle()
  t.same(shown(connection.drain()), ['2: two'])
  t.equal(connection.inFlight, 0)
  t.end()
})

t.test('a call that suspended may end at a barrier', (t) => {
  const { connection, world } = setUp()
  world.suspensions = 1
  world.useBarrier = true
  t.ok(connection.receive(echo(1, 'both'), true))
  world.resumeAll()
  t.equal(connection.givenBack.length, 1, 'the bytes are not needed after the reply was encoded')
  t.same([connection.inFlight, connection.heldBytes], [1, 32])
  world.settleAll(null)
  t.same(shown(connection.drain()), ['1: both'])
  t.same([connection.inFlight, connection.heldBytes], [0, 0])
  t.end()
})

t.test('a connection that is gone: nothing runs for it any more, nothing leaks', (t) => {
  const { connection, world, dispatcher } = setUp()
  world.suspensions = 1
  connection.receive(echo(1, 'gone'), true)
  world.useBarrier = true
  connection.receive(simple(2, Toy.BULK, 20_000))
  connection.close()
  world.resumeAll()
  world.settleAll(null)
  t.same(world.runs, ['echo 4', 'bulk 20000'], 'the suspended call was not run again')
  t.same([world.pins, connection.inFlight, connection.heldBytes, dispatcher.heldCalls], [0, 0, 0, 0])
  t.equal(connection.givenBack.length, 1)
  t.end()
})

t.test('a wait that cannot begin fails the call', (t) => {
  const { connection, world, lines } = setUp()
  world.useBarrier = true
  world.barriers.push = () => {
    throw new Error('no such barrier')
  }
  connection.receive(simple(1, Toy.MAKE, 5))
  t.same(shown(connection.drain()), ['1: 77'])
  t.equal(lines.length, 1)
  t.equal(connection.inFlight, 0)
  t.end()
})

t.test('time: waiting counts, by the world’s clock', (t) => {
  const { connection, world, dispatcher, environment } = setUp()
  world.suspensions = 1
  connection.receive(echo(1, 'slow'))
  environment.advance(250)
  world.resumeAll()
  const row = dispatcher.procedures().find(({ procedure }) => procedure === 'ECHO')
  t.match(row, { calls: 1, micros: 250_000 })
  t.end()
})
