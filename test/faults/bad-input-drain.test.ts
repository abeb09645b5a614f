import t from 'tap'
import { DEFAULT_LIMITS } from '../../mover/net/limits.ts'
import { Toy } from '../unit/rpc-toy.ts'
import { Client, echoCall, listen, NOTHING, toyCall, until } from './loopback.ts'

const KIB = 1024
const MIB = 1024 * KIB
/** A reply of BULK is at most this long. */
const REPLY_BYTES = 100_028

/** Sends `count` calls for `length` bytes each and does not read the replies. */
function flood(client: Client, count: number, length: number): void {
  client.socket.pause()
  client.send(Buffer.concat(Array.from({ length: count }, (_, xid) => toyCall(xid, Toy.BULK, length))))
}

function xidsOf(client: Client): number[] {
  return client.replies.map((reply) => Buffer.from(reply).readUInt32BE(0))
}

t.test('a client that does not read its replies rests, then is cut off; others are served', async (t) => {
  const { server, port, world, clock, lines, isServing, leftovers } = await listen()
  const client = await Client.open(port)
  await until(() => server.connections.size === 1)
  const [connection] = server.connections
  flood(client, 2000, 100_000)
  await until(() => connection.isResting)
  const runs = world.runs.length
  t.ok(runs < 500, `${runs} of 2000 calls were run`)
  t.ok(connection.queuedBytes >= DEFAULT_LIMITS.maxConnectionBytes / 2)
  t.ok(
    connection.queuedBytes < DEFAULT_LIMITS.maxConnectionBytes + REPLY_BYTES,
    `${connection.queuedBytes} bytes queued`,
  )
  t.ok(server.statistics().keptBytes >= connection.queuedBytes)
  t.equal(world.pins * 100_000 <= connection.queuedBytes, true)
  for (let i = 0; i < 50; i++) t.ok(await isServing())
  t.equal(world.runs.length, runs, 'it still rests')

  clock.advance(30_000)
  t.notOk(client.isGone)
  t.same(lines, [])
  clock.advance(60_000)
  await until(() => server.connections.size === 0)
  t.equal(lines.length, 1)
  t.match(lines[0], {
    client: '127.0.0.1',
    msg: /closed the connection of .*: it has not read its replies for 60 s \(\d+ bytes wait\)/,
  })
  t.equal(server.statistics().closed.stalled, 1)
  t.same(leftovers(), NOTHING)
  t.ok(await isServing())
  await client.close()
  await server.close()
})

t.test('small replies that nobody reads are bounded too', async (t) => {
  const { server, port, world, leftovers } = await listen({ maxConnectionBytes: 256 * KIB })
  const client = await Client.open(port)
  await until(() => server.connections.size === 1)
  const [connection] = server.connections
  client.socket.pause()
  const batch = Buffer.concat(Array.from({ length: 1000 }, (_, xid) => echoCall(xid, 900)))
  for (let i = 0; i < 60; i++) client.send(batch)
  await until(() => connection.isResting)
  t.ok(connection.queuedBytes < 256 * KIB + 1000)
  t.ok(world.runs.length < 60_000)
  client.socket.resetAndDestroy()
  await until(() => server.connections.size === 0)
  t.same(leftovers(), NOTHING)
  await client.close()
  await server.close()
})

t.test('a client that reads late gets everything, in order', async (t) => {
  const { server, port, settled, lines, clock } = await listen({ maxConnectionBytes: 512 * KIB })
  const client = await Client.open(port)
  await until(() => server.connections.size === 1)
  const [connection] = server.connections
  const count = 500
  flood(client, count, 100_000)
  await until(() => connection.isResting)
  clock.advance(45_000)
  client.socket.resume()
  await until(() => client.receivedBytes >= count * (REPLY_BYTES + 4) || client.isGone)
  t.same(
    xidsOf(client),
    Array.from({ length: count }, (_, xid) => xid),
  )
  t.notOk(connection.isResting)
  clock.advance(1_000_000)
  t.notOk(client.isGone, 'an idle connection is not cut off')
  t.same(lines, [])
  await client.close()
  t.same(await settled(), NOTHING)
  await server.close()
})

t.test('calls in flight are bounded; those that wait are all answered in the end', async (t) => {
  const { server, port, world, dispatcher, isServing, settled } = await listen({ maxInFlight: 100 })
  const client = await Client.open(port)
  await until(() => server.connections.size === 1)
  const [connection] = server.connections
  world.suspensions = 1000
  client.send(Buffer.concat(Array.from({ length: 350 }, (_, xid) => echoCall(xid, 8))))
  await until(() => connection.isResting)
  t.equal(world.runs.length, 100)
  t.equal(dispatcher.heldCalls, 100)
  const { keptBytes } = server.statistics()
  t.ok(keptBytes > 100 * (12 + 8), 'their bytes, and the replies that they may get')
  t.ok(keptBytes < 100 * 2048 + 350 * 80, `${keptBytes} bytes: also their objects, and the input that rests`)
  t.ok(await isServing())
  t.equal(world.runs.length, 100, 'the input rests')
  world.suspensions = 0
  world.resumeAll()
  await until(() => client.receivedBytes >= 350 * 40)
  t.same(
    xidsOf(client),
    Array.from({ length: 350 }, (_, xid) => xid),
  )
  await client.close()
  t.same(await settled(), NOTHING)
  await server.close()
})

t.test('large calls that wait keep their buffers, within the bound', async (t) => {
  const { server, port, world, settled } = await listen({ maxConnectionBytes: 50 * KIB })
  const client = await Client.open(port)
  await until(() => server.connections.size === 1)
  const [connection] = server.connections
  world.suspensions = 1000
  client.send(Buffer.concat(Array.from({ length: 200 }, (_, xid) => echoCall(xid, 1000))))
  await until(() => connection.isResting)
  t.ok(server.statistics().keptBytes >= 50 * KIB)
  t.ok(server.statistics().keptBytes < 50 * KIB + 4096 + 60 * 1024 + 200 * 1100, 'and objects, and input that rests')
  t.ok(world.runs.length < 60)
  world.suspensions = 0
  while (client.receivedBytes < 200 * 1032) {
    world.resumeAll()
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.same(
    xidsOf(client).toSorted((a, b) => a - b),
    Array.from({ length: 200 }, (_, xid) => xid),
  )
  await client.close()
  t.same(await settled(), NOTHING)
  await server.close()
})

t.test('many clients that do not read: the sum is bounded, and who reads is served', async (t) => {
  const limits = { maxConnectionBytes: MIB, maxTotalBytes: 3 * MIB, shareBytes: 64 * KIB }
  const { server, port, isServing, settled } = await listen(limits)
  const clients = await Promise.all(Array.from({ length: 12 }, () => Client.open(port)))
  await until(() => server.connections.size === 12)
  for (const client of clients) flood(client, 1000, 50_000)
  await until(() => [...server.connections].every((connection) => connection.isResting))
  const { keptBytes } = server.statistics()
  t.ok(keptBytes < limits.maxTotalBytes + 12 * (limits.shareBytes + REPLY_BYTES), `${keptBytes} bytes`)
  t.ok(await isServing())
  for (const client of clients.slice(1)) client.socket.resetAndDestroy()
  clients[0].socket.resume()
  await until(() => clients[0].receivedBytes >= 1000 * 50_032)
  t.equal(clients[0].replies.length, 1000)
  for (const client of clients) await client.close()
  t.same(await settled(), NOTHING)
  await server.close()
})
