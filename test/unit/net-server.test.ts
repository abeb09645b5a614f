import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import t from 'tap'
import type { MessageService } from '../../mover/net/message.ts'
import { NetServer } from '../../mover/net/server.ts'
import { RealEnvironment } from '../../mover/real-environment.ts'
import { memoryLogger, record } from './rpc-support.ts'

const HAS_IPV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))

function setUp() {
  const { logger } = memoryLogger()
  const server = new NetServer(new RealEnvironment(), logger)
  const addresses: string[] = []
  const service: MessageService = {
    open: (connection) => {
      addresses.push(connection.address)
      return { batch: () => {}, message: () => false, closed: () => {} }
    },
  }
  const visit = async (host: string, port: number): Promise<void> => {
    const count = addresses.length
    const socket = connect({ host, port })
    while (addresses.length === count) await new Promise((resolve) => setImmediate(resolve))
    socket.destroy()
  }
  return { server, service, addresses, visit }
}

t.test('several listeners, one set of connections', async (t) => {
  const { server, service, addresses, visit } = setUp()
  const first = await server.listen('127.0.0.1', 0, service)
  const second = await server.listen('127.0.0.1', 0, service)
  t.not(first.port, second.port)
  await visit('127.0.0.1', first.port)
  await visit('127.0.0.1', second.port)
  t.same(addresses, ['127.0.0.1', '127.0.0.1'])
  t.equal(server.statistics().accepted, 2)
  await server.close()
  t.equal(server.connections.size, 0)
  await t.rejects(new Promise((_, reject) => connect({ host: '127.0.0.1', port: first.port }).on('error', reject)), {
    code: 'ECONNREFUSED',
  })
})

t.test('IPv6, and IPv4 that comes over an IPv6 socket', { skip: HAS_IPV6 ? false : 'no IPv6 here' }, async (t) => {
  const { server, service, addresses, visit } = setUp()
  const { port } = await server.listen('::', 0, service)
  await visit('::1', port)
  await visit('127.0.0.1', port)
  t.same(addresses, ['::1', '127.0.0.1'])
  await server.close()
})

t.test('a port that is taken is an error with a code', async (t) => {
  const { server, service } = setUp()
  const { port } = await server.listen('127.0.0.1', 0, service)
  await t.rejects(server.listen('127.0.0.1', port, service), { code: 'EADDRINUSE' })
  await server.close()
})

t.test('connections read into one shared buffer: no memory of their own for each read', async (t) => {
  const { logger } = memoryLogger()
  const server = new NetServer(new RealEnvironment(), logger)
  const memories = new Set<ArrayBufferLike>()
  let messages = 0
  const service: MessageService = {
    open: () => ({
      batch: () => {},
      message: (bytes) => {
        memories.add(bytes.buffer)
        messages++
        return false
      },
      closed: () => {},
    }),
  }
  const { port } = await server.listen('127.0.0.1', 0, service)
  for (let i = 1; i <= 4; i++) {
    const socket = connect({ host: '127.0.0.1', port })
    socket.write(Buffer.from('80000004deadbeef', 'hex'))
    while (messages < i) await new Promise((resolve) => setImmediate(resolve))
    socket.destroy()
  }
  t.equal(memories.size, 1, 'this Node lets accepted sockets read into a given buffer')
  await server.close()
})

t.test('when far too much is kept, who has been silent longest while replies wait goes first', async (t) => {
  const { logger } = memoryLogger()
  const limits = { maxTotalBytes: 96 * 2 ** 20, shareBytes: 64 * 1024, maxConnectionBytes: 2 ** 40 }
  const server = new NetServer(new RealEnvironment(), logger, limits)
  // Far more than the kernel takes from us.
  const long = [new Uint8Array(64 * 2 ** 20)]
  const service: MessageService = {
    open: (connection) => ({
      batch: () => {},
      message: (bytes, start, end) => {
        if (end - start === 4) connection.beginMessage().splice(long, 1, long[0].length)
        else connection.beginMessage().u32(bytes[start])
        connection.endMessage(null)
        return false
      },
      closed: () => {},
    }),
  }
  const { port } = await server.listen('127.0.0.1', 0, service)
  const clients = Array.from({ length: 5 }, () => connect({ host: '127.0.0.1', port }).pause())
  while (server.connections.size < clients.length) await new Promise((resolve) => setImmediate(resolve))
  for (const [i, client] of clients.entries()) {
    client.on('error', () => {})
    const { arrivals } = server
    client.write(record(Buffer.alloc(i === 0 ? 8 : 4)))
    while (server.arrivals === arrivals) await new Promise((resolve) => setImmediate(resolve))
    // A connection that was closed is gone, and with it what it had waiting, before the next one asks.
    const expected = clients.length - server.statistics().closed.crowded
    while (server.connections.size !== expected) await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(server.statistics().closed.crowded, 2, 'with the third long reply, and with the fourth')
  t.equal(server.connections.size, 3)
  clients[0].write(record(Buffer.alloc(8)))
  await new Promise((resolve) => clients[0].resume().once('data', resolve))
  t.pass('who has nothing waiting is served as ever')
  await server.close()
  for (const client of clients) client.destroy()
})
