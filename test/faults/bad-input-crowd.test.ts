import t from 'tap'
import { Toy } from '../unit/rpc-toy.ts'
import { Client, echoCall, listen, NOTHING, number, toyCall, until } from './loopback.ts'

const CROWD = 2000

async function crowd(port: number, count: number): Promise<Client[]> {
  const clients: Client[] = []
  while (clients.length < count) {
    const more = Math.min(100, count - clients.length)
    clients.push(...(await Promise.all(Array.from({ length: more }, () => Client.open(port)))))
  }
  return clients
}

async function closeAll(clients: Client[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close()))
}

t.test('thousands of idle connections cost nothing and stay', async (t) => {
  const { server, port, clock, lines, isServing, settled, leftovers } = await listen()
  const clients = await crowd(port, CROWD)
  await until(() => server.connections.size === CROWD)
  t.same(leftovers(), { ...NOTHING, connections: CROWD })
  t.equal(clock.timerCount, 1, 'one timer for all')
  clock.advance(3_600_000)
  t.ok(await isServing())
  await until(() => server.connections.size === CROWD)
  for (const [xid, client] of clients.entries()) client.send(toyCall(xid, Toy.MAKE, 1))
  await until(() => clients.every((client) => client.receivedBytes >= 32))
  t.ok(clients.every((client, xid) => Buffer.from(client.replies[0]).readUInt32BE(0) === xid))
  t.same(lines, [])
  await closeAll(clients)
  t.same(await settled(), NOTHING)
  t.equal(clock.timerCount, 0)
  await server.close()
})

t.test('half-closed connections end when they have their answers', async (t) => {
  const { server, port, world, isServing, settled } = await listen()
  const clients = await crowd(port, CROWD)
  await until(() => server.connections.size === CROWD)
  for (const [i, client] of clients.entries()) {
    if (i % 2 === 0) client.socket.end(toyCall(i, Toy.BULK, 20_000))
    else client.socket.end()
  }
  await until(() => clients.every((client) => client.isGone))
  t.ok(clients.every((client, i) => client.receivedBytes === (i % 2 === 0 ? 20_032 : 0)))
  await until(() => server.connections.size === 0)
  t.ok(await isServing())

  world.useBarrier = true
  const waiting = await Client.open(port)
  waiting.socket.end(echoCall(1, 8))
  await until(() => world.barriers.length > 0)
  t.notOk(waiting.isGone, 'it waits for its answer')
  world.settleAll(null)
  await until(() => waiting.isGone)
  t.equal(waiting.replies.length, 1)
  await closeAll([...clients, waiting])
  t.same(await settled(), NOTHING)
  await server.close()
})

t.test('connections beyond the limit are closed, with one line; those that are there stay', async (t) => {
  const { server, port, lines, settled } = await listen({ maxConnections: 50 })
  const clients = await crowd(port, 50)
  await until(() => server.connections.size === 50)
  const beyond = await crowd(port, 30)
  await until(() => beyond.every((client) => client.isGone))
  t.equal(server.statistics().closed.full, 30)
  t.equal(lines.length, 1)
  t.match(lines[0], { level: 40, msg: 'closed a new connection of 127.0.0.1: all 50 connections are in use' })
  t.notOk(clients.some((client) => client.isGone))
  await clients[0].close()
  await until(() => server.connections.size === 49)
  const next = await Client.open(port)
  next.send(toyCall(1, Toy.MAKE, 1))
  await until(() => next.receivedBytes > 0)
  t.equal(next.replies.length, 1)
  await closeAll([...clients, ...beyond, next])
  t.same(await settled(), NOTHING)
  await server.close()
})

t.test('a record that is begun and never completed is given up', async (t) => {
  const { server, port, clock, lines, isServing, settled } = await listen()
  const stuck = [number(0x80000000 + 500).subarray(0, 3), number(0x80000000 + 500), echoCall(1, 900).subarray(0, 400)]
  const clients = await crowd(port, stuck.length)
  for (const [i, client] of clients.entries()) client.send(stuck[i])
  const slow = await Client.open(port)
  const call = echoCall(1, 900)
  await until(() => server.connections.size === stuck.length + 1 && server.sequel.arrivals >= stuck.length)
  for (let at = 0; at < 400; at += 100) {
    const before = server.sequel.arrivals
    slow.send(call.subarray(at, at + 100))
    await until(() => server.sequel.arrivals > before)
    clock.advance(30_000)
    t.notOk(slow.isGone, 'progress, if slow')
  }
  await until(() => clients.every((client) => client.isGone))
  t.equal(lines.length, 1)
  t.match(lines[0], { msg: /closed the connection of .*: it has not completed a record for 60 s/ })
  t.equal(server.statistics().closed.stalled, 3)
  slow.send(call.subarray(400))
  await until(() => slow.receivedBytes > 0)
  t.equal(slow.replies.length, 1)
  t.ok(await isServing())
  await closeAll([...clients, slow])
  t.same(await settled(), NOTHING)
  await server.close()
})

t.test('records that arrive only in part: their memory is bounded, the most silent goes first', async (t) => {
  const budget = 100 * 4096
  const { server, port, lines, isServing, settled, leftovers } = await listen({ maxAssemblyBytes: budget })
  const clients = await crowd(port, 300)
  for (const client of clients) {
    const before = server.sequel.arrivals
    client.send(Buffer.concat([number(0x80000000 + 1_000_000), number(1)]))
    await until(() => server.sequel.arrivals > before)
    t.ok(server.statistics().assemblyBytes <= budget)
  }
  await until(() => clients.filter((client) => client.isGone).length === 200)
  t.ok(
    clients.slice(0, 200).every((client) => client.isGone),
    'the oldest are gone',
  )
  t.equal(leftovers().assemblyBytes, budget, 'a header that claims a megabyte gets 4 KiB')
  t.equal(server.statistics().closed.crowded, 200)
  t.equal(lines.length, 1)
  t.match(lines[0], { msg: /it has the oldest of too many records that arrived only in part/ })
  t.ok(await isServing())
  await closeAll(clients)
  t.same(await settled(), NOTHING)
  await server.close()
})
