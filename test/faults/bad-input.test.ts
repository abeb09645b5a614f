import fc from 'fast-check'
import t from 'tap'
import { callMessage, hex, record, sysAuth } from '../unit/rpc-support.ts'
import { TOY, Toy } from '../unit/rpc-toy.ts'
import { Client, echoCall, listen, NOTHING, number, toyCall, until } from './loopback.ts'

const MIB = 1024 * 1024

/** Each byte a fragment of its own. */
function oneByteFragments(message: Uint8Array): Uint8Array {
  const fragments = Array.from(message, (byte, i) => {
    const isLast = i === message.length - 1
    return Buffer.from([isLast ? 0x80 : 0, 0, 0, 1, byte])
  })
  return Buffer.concat(fragments)
}

const NULL_CALL = callMessage({ xid: 5, program: TOY, version: 3, procedure: Toy.NULL })
const REPLY = Buffer.concat([NULL_CALL.subarray(0, 4), number(1), NULL_CALL.subarray(8)])

const HOSTILE: [string, Uint8Array, RegExp][] = [
  ['a record of 2 GiB', hex('ffffffff 00000000'), /record of 2147483647 bytes or more, the limit is 1114112/],
  ['a fragment of 2 GiB', hex('7fffffff 00000000'), /record of 2147483647 bytes/],
  ['one byte more than the limit', number(0x80000000 + 1_114_113), /record of 1114113 bytes/],
  [
    'many fragments that are too much together',
    Buffer.concat(Array(20).fill(Buffer.concat([number(65_536), Buffer.alloc(65_536)]))),
    /record of 11\d{5} bytes/,
  ],
  ['an empty record', hex('80000000'), /an empty record/],
  ['endless empty fragments', Buffer.alloc(4 * 1100), /more than 1024 fragments/],
  ['endless fragments', Buffer.concat(Array(5000).fill(hex('00000001 ff'))), /more than 1024 fragments/],
  ['a web browser', Buffer.from('GET / HTTP/1.1\r\nHost: nas\r\n\r\n'), /record of 1195725856 bytes/],
  ['TLS', hex('16030100 f4010000 f00303'), /record of \d+ bytes/],
  ['a record of four bytes', hex('80000004 00000001'), /no RPC call/],
  ['a reply', record(REPLY), /no RPC call/],
  ['a call without a procedure', record(NULL_CALL.subarray(0, 20)), /no RPC call/],
]

t.test('hostile bytes close their own connection, with one line', async (t) => {
  for (const [name, bytes, message] of HOSTILE) {
    const { server, port, lines, isServing, settled } = await listen()
    const bystander = await Client.open(port)
    const client = await Client.open(port)
    client.send(bytes)
    await until(() => client.isGone)
    const again = await Client.open(port)
    again.send(bytes)
    await until(() => again.isGone)
    t.equal(lines.length, 1, name)
    t.match(lines[0], { level: 40, client: '127.0.0.1', msg: message }, name)
    t.match(lines[0].msg, /^closed the connection of 127\.0\.0\.1 port \d+: it sent /)
    bystander.send(record(NULL_CALL))
    await until(() => bystander.receivedBytes > 0)
    t.equal(bystander.replies.length, 1, `${name}: a client that was there before is served`)
    t.ok(await isServing(), `${name}: a new client is served`)
    t.equal(server.statistics().closed.refused, 2)
    await Promise.all([bystander.close(), client.close(), again.close()])
    t.same(await settled(), NOTHING, name)
    await server.close()
  }
})

t.test('calls before the hostile bytes are answered', async (t) => {
  const { server, port } = await listen()
  const client = await Client.open(port)
  client.send(Buffer.concat([toyCall(1, Toy.MAKE, 5), toyCall(2, Toy.MAKE, 5), hex('ffffffff')]))
  await until(() => client.isGone)
  t.equal(client.replies.length, 2)
  await client.close()
  await server.close()
})

t.test('a call that arrives byte by byte is answered', async (t) => {
  const { server, port } = await listen()
  const client = await Client.open(port)
  for (const byte of toyCall(9, Toy.MAKE, 5)) {
    client.send(Uint8Array.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until(() => client.receivedBytes > 0)
  t.same(client.replies, [hex('00000009 00000001 00000000 00000000 00000000 00000000 000003ed')])
  await client.close()
  await server.close()
})

t.test('a call in fragments of one byte is answered', async (t) => {
  const { server, port } = await listen()
  const client = await Client.open(port)
  client.send(Buffer.concat([oneByteFragments(NULL_CALL), oneByteFragments(NULL_CALL)]))
  await until(() => client.receivedBytes >= 56)
  t.equal(client.replies.length, 2)
  await client.close()
  await server.close()
})

t.test('the largest record is taken whole, in one fragment or in many', async (t) => {
  const { server, port, dispatcher, settled } = await listen()
  const client = await Client.open(port)
  const message = Buffer.concat([NULL_CALL, Buffer.alloc(MIB + 65_536 - NULL_CALL.length)])
  const fragments: Uint8Array[] = []
  for (let at = 0; at < message.length; at += 2000) {
    const part = message.subarray(at, at + 2000)
    fragments.push(number(part.length + (at + 2000 >= message.length ? 0x80000000 : 0)), part)
  }
  client.send(number(0x80000000 + message.length))
  client.send(message)
  client.send(Buffer.concat(fragments))
  await until(() => client.receivedBytes >= 56)
  t.same(
    client.replies.map((reply) => Buffer.from(reply).readUInt32BE(20)),
    [4, 4],
    'GARBAGE_ARGS, since NULL takes none',
  )
  t.equal(dispatcher.counts().garbageArgs, 2)
  await client.close()
  t.same(await settled(), NOTHING)
  await server.close()
})

t.test('thousands of calls to what is not there are each answered', async (t) => {
  const { server, port, dispatcher, lines, isServing } = await listen()
  const client = await Client.open(port)
  const count = 6000
  const calls = Array.from({ length: count }, (_, xid) => {
    const kinds = [
      { program: TOY + 1 },
      { version: 9 },
      { procedure: 4711 },
      { credential: { flavour: 6, body: new Uint8Array(8) } },
    ]
    return record(callMessage({ xid, program: TOY, version: 3, procedure: 0, ...kinds[xid % 4] }))
  })
  client.send(Buffer.concat(calls))
  await until(() => client.receivedBytes >= (count / 4) * (28 + 36 + 28 + 24))
  const xids = client.replies.map((reply) => Buffer.from(reply).readUInt32BE(0))
  t.same(
    xids,
    Array.from({ length: count }, (_, xid) => xid),
  )
  const { progUnavail, progMismatch, procUnavail, authError } = dispatcher.counts()
  t.same([progUnavail, progMismatch, procUnavail, authError], Array(4).fill(count / 4))
  t.same(lines, [])
  t.ok(await isServing())
  await client.close()
  await server.close()
})

t.test('any bytes at all: the server serves on, and nothing is left behind', async (t) => {
  const { server, port, isServing, settled } = await listen()
  const call = callMessage({ program: TOY, version: 3, procedure: Toy.ECHO, credential: sysAuth(), args: number(0) })
  const broken = fc.tuple(fc.nat(call.length - 1), fc.nat(255), fc.nat(call.length)).map(([at, value, length]) => {
    const bytes = Buffer.from(call)
    bytes[at] = value
    return record(bytes.subarray(0, length))
  })
  const noise = fc.uint8Array({ maxLength: 200 })
  const script = fc.array(fc.oneof(broken, broken, noise), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(script, fc.boolean(), async (parts, isReset) => {
      const client = await Client.open(port)
      for (const part of parts) client.send(part)
      if (isReset) client.socket.resetAndDestroy()
      else client.socket.end()
      await until(() => client.isGone)
      await client.close()
      return isServing()
    }),
    { numRuns: 150 },
  )
  t.same(await settled(), NOTHING)
  await server.close()
})

t.test('resets in the middle of anything leave nothing behind', async (t) => {
  const { server, port, world, isServing, settled, leftovers } = await listen()
  const call = toyCall(1, Toy.BULK, 90_000)
  const stages: [string, (client: Client) => Promise<void>][] = [
    ['nothing sent', async () => {}],
    ['half a header', async (client) => client.send(call.subarray(0, 2))],
    ['half a record', async (client) => client.send(call.subarray(0, 30))],
    ['half a large record', async (client) => client.send(echoCall(1, 900).subarray(0, 500))],
    [
      'replies on their way',
      async (client) => {
        client.socket.pause()
        client.send(Buffer.concat(Array(40).fill(call)))
        await until(() => world.runs.length >= 40)
      },
    ],
    [
      'a call suspended',
      async (client) => {
        world.suspensions = 1
        client.send(call)
        await until(() => world.resumes.length > 0)
      },
    ],
    [
      'a reply held back',
      async (client) => {
        world.useBarrier = true
        client.send(call)
        await until(() => world.barriers.length > 0)
        world.useBarrier = false
      },
    ],
  ]
  for (const [name, prepare] of stages) {
    for (const isReset of [true, false]) {
      world.runs.length = 0
      const client = await Client.open(port)
      await until(() => server.connections.size === 1)
      await prepare(client)
      if (isReset) client.socket.resetAndDestroy()
      else client.socket.destroy()
      // A client that has only closed its side may still want its answers: those calls are waited for.
      if (isReset) await until(() => server.connections.size === 0)
      else await until(() => client.isClosed)
      world.resumeAll()
      world.settleAll(null)
      await until(() => server.connections.size === 0)
      await new Promise((resolve) => setImmediate(resolve))
      t.same(leftovers(), NOTHING, `${name}, ${isReset ? 'reset' : 'closed'}`)
      t.ok(await isServing(), name)
      await settled()
    }
  }
  await server.close()
})

t.test('closing the server ends everything', async (t) => {
  const { server, port, world, clock, lines, leftovers } = await listen()
  const clients = await Promise.all(Array.from({ length: 20 }, () => Client.open(port)))
  for (const client of clients) client.send(toyCall(1, Toy.BULK, 90_000).subarray(0, 30))
  world.useBarrier = true
  clients[0].send(toyCall(1, Toy.BULK, 90_000).subarray(30))
  await until(() => world.barriers.length > 0)
  await server.close()
  world.settleAll(null)
  await until(() => clients.every((client) => client.isGone))
  await new Promise((resolve) => setImmediate(resolve))
  t.same(leftovers(), NOTHING)
  t.equal(clock.timerCount, 0)
  t.same(lines, [])
  for (const client of clients) await client.close()
})
