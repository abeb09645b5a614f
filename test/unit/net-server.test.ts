import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { TURN_MESSAGES } from '../../mover/net/connection.ts'
import { KernelQueues, parseQueues } from '../../mover/net/kernel-queues.ts'
import { limitsFor } from '../../mover/net/limits.ts'
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
    const { arrivals } = server.sequel
    client.write(record(Buffer.alloc(i === 0 ? 8 : 4)))
    while (server.sequel.arrivals === arrivals) await new Promise((resolve) => setImmediate(resolve))
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

t.test('one who pipelines thousands of calls does not keep another waiting', async (t) => {
  const { logger } = memoryLogger()
  const server = new NetServer(new RealEnvironment(), logger)
  const flood = Buffer.concat(Array.from({ length: 100_000 }, () => record(Buffer.from('many'))))
  let many = 0
  let manyBefore = -1
  const service: MessageService = {
    open: () => ({
      batch: () => {},
      message: (bytes, start) => {
        if (bytes[start] === 'm'.charCodeAt(0)) {
          // From here on the kernel has the other's call too.
          if (many++ === 0) other.write(record(Buffer.from('one.')))
        } else {
          manyBefore = many
        }
        return false
      },
      closed: () => {},
    }),
  }
  const { port } = await server.listen('127.0.0.1', 0, service)
  const busy = connect({ host: '127.0.0.1', port })
  const other = connect({ host: '127.0.0.1', port })
  while (server.connections.size < 2) await new Promise((resolve) => setImmediate(resolve))
  busy.write(flood)
  while (manyBefore < 0) await new Promise((resolve) => setImmediate(resolve))
  t.ok(manyBefore <= 3 * TURN_MESSAGES, `${manyBefore} of 100,000 were handled before`)
  while (many < 100_000) await new Promise((resolve) => setImmediate(resolve))
  await server.close()
  busy.destroy()
  other.destroy()
})

t.test('input that rests is bounded for all together: who has been silent longest goes', async (t) => {
  const { logger, lines } = memoryLogger()
  const maxTotalBytes = 1024 * 1024
  const limits = { maxTotalBytes, shareBytes: 16 * 1024, maxInFlight: 1 }
  const server = new NetServer(new RealEnvironment(), logger, limits)
  // No call is ever answered: all that one read brings after the first rests.
  const service: MessageService = {
    open: (connection) => ({
      batch: () => {},
      message: () => {
        connection.hold(8)
        return false
      },
      closed: () => connection.unhold(8),
    }),
  }
  const { port } = await server.listen('127.0.0.1', 0, service)
  const calls = Buffer.concat(Array.from({ length: 5000 }, () => record(Buffer.alloc(16))))
  const clients = Array.from({ length: 60 }, () => connect({ host: '127.0.0.1', port }).on('error', () => {}))
  while (server.connections.size < clients.length) await new Promise((resolve) => setImmediate(resolve))
  for (const client of clients) {
    const { arrivals } = server.sequel
    client.write(calls)
    while (server.sequel.arrivals === arrivals) await new Promise((resolve) => setImmediate(resolve))
    if (server.totalBytes > 2 * maxTotalBytes) t.fail(`${server.totalBytes} bytes are kept`)
  }
  t.ok(server.totalBytes > maxTotalBytes / 2, `${server.totalBytes} bytes are kept`)
  t.ok(server.statistics().closed.crowded > 0)
  t.match(lines[0], { msg: /was silent longest of those for whom much is kept/ })
  await server.close()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(server.totalBytes, 0)
  for (const client of clients) client.destroy()
})

t.test('the kernel knows what a client has not taken yet', async (t) => {
  const { logger } = memoryLogger()
  const server = new NetServer(new RealEnvironment(), logger)
  const long = [new Uint8Array(16 * 1024 * 1024)]
  const service: MessageService = {
    open: (connection) => ({
      batch: () => {},
      message: () => {
        connection.beginMessage().splice(long, 1, long[0].length)
        connection.endMessage(null)
        return false
      },
      closed: () => {},
    }),
  }
  const { port } = await server.listen('127.0.0.1', 0, service)
  const client = connect({ host: '127.0.0.1', port }).pause()
  client.write(record(Buffer.alloc(4)))
  while (server.sequel.arrivals === 0) await new Promise((resolve) => setImmediate(resolve))
  const [connection] = server.connections
  const look = (): number | null => {
    let seen: number | null = null
    connection.sweep(0, (socket) => {
      seen = new KernelQueues().unacknowledged(socket)
      return seen
    })
    return seen
  }
  look()
  while (!((look() ?? 0) > 0)) await new Promise((resolve) => setImmediate(resolve))
  t.pass('it waits in the kernel')
  client.resume()
  while (connection.queuedBytes > 0) await new Promise((resolve) => setImmediate(resolve))
  t.equal(look(), null, 'nobody is asked when nothing waits')
  await server.close()
  client.destroy()
})

t.test('lengths of send queues are read from the tables of sockets', (t) => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0801 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4177 1 0000000000000000 100 0 0 10 0
  12: 0100007F:0801 0100007F:A35C 01 003C7600:00000001 01:00000014 00000000     0        0 4180 3 0000000000000000 20 4 0 10 -1
   1: broken
`
  t.same(
    [...parseQueues(table)],
    [
      [4177, 0],
      [4180, 0x3c7600],
    ],
  )
  t.end()
})

t.test('limits follow the cache, within bounds', (t) => {
  const MIB = 2 ** 20
  for (const cacheMib of [16, 64, 100, 256, 3072]) {
    const limits = limitsFor(cacheMib * MIB)
    const worst = 2 * limits.maxTotalBytes + limits.maxAssemblyBytes
    t.ok(worst <= 256 * MIB, `${cacheMib} MiB: ${worst} bytes`)
    t.ok(limits.maxConnections * limits.shareBytes <= limits.maxTotalBytes, 'everybody may have a share')
    t.ok(limits.maxConnectionBytes > limits.maxRecordBytes)
  }
  t.ok(limitsFor(64 * MIB).maxTotalBytes < limitsFor(256 * MIB).maxTotalBytes)
  t.ok(limitsFor(64 * MIB).maxAssemblyBytes < limitsFor(256 * MIB).maxAssemblyBytes)
  t.end()
})
