import { createSocket, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { DATAGRAM_LIMITS, type DatagramLimits, DatagramServer } from '../../mover/net/datagram.ts'
import { listenDatagrams } from '../../mover/net/listen-datagrams.ts'
import { PORTMAP_DATAGRAMS } from '../../mover/portmap/listen.ts'
import { portmapPrograms } from '../../mover/portmap/program.ts'
import { PortRegistry } from '../../mover/portmap/registry.ts'
import { RealEnvironment } from '../../mover/real-environment.ts'
import { Dispatcher } from '../../mover/rpc/dispatch.ts'
import type { Program } from '../../mover/rpc/program.ts'
import { Suspend } from '../../mover/suspend.ts'
import { callMessage, hex, memoryLogger, sysAuth } from './rpc-support.ts'

const PMAP_PROG = 100000
const TCP = 6
const UDP = 17
const HAS_IPV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))

/** The portmapper over UDP at loopback, and a client's socket. */
async function setUp(host = '127.0.0.1', limits: Partial<DatagramLimits> = {}, more: readonly Program[] = []) {
  const { logger, lines } = memoryLogger()
  const environment = new RealEnvironment()
  const registry = new PortRegistry()
  const portmap = portmapPrograms(registry, environment)
  const dispatcher = new Dispatcher({ environment, logger, programs: [...portmap, ...more] })
  const server = new DatagramServer(environment, logger, limits)
  const where = await listenDatagrams(server, dispatcher, { host, port: 0 }, logger, PORTMAP_DATAGRAMS)
  if (where === null) throw new Error(`no UDP at ${host}`)
  registry.add([{ program: 100003, version: 3, name: 'nfs', procedures: [] }], 'tcp', 2049)
  registry.add(portmap.slice(0, 1), 'tcp', where.port)
  registry.add(portmap.slice(0, 1), 'udp', where.port)
  const client = await clientSocket(host)
  const send = (message: Uint8Array): void => client.socket.send(message, where.port, host)
  const close = async (): Promise<void> => {
    client.socket.close()
    await server.close()
  }
  return { ...client, send, server, dispatcher, logger, lines, port: where.port, close }
}

async function clientSocket(host: string) {
  const socket: Socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const replies: Buffer[] = []
  let wake = (): void => {}
  socket.on('message', (bytes) => {
    replies.push(bytes)
    wake()
  })
  await new Promise<void>((resolve) => socket.bind(0, host, resolve))
  /** All replies up to and with number `count`; they are the next call's no more. */
  const receive = async (count: number): Promise<Buffer[]> => {
    while (replies.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return replies.splice(0)
  }
  return { socket, receive }
}

function words(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4)
  return bytes
}

const call = (xid: number, procedure: number, args = words(), version = 2): Uint8Array =>
  callMessage({ xid, program: PMAP_PROG, version, procedure, args })

/** Accept status and results, as 32-bit words. */
const results = (reply: Buffer): number[] =>
  Array.from({ length: (reply.length - 20) / 4 }, (_, i) => reply.readUInt32BE(20 + i * 4))

t.test('every call gets one datagram, without record mark', async (t) => {
  const { send, receive, port, server, lines, close } = await setUp()
  const ask = async (procedure: number, args?: Uint8Array): Promise<number[]> => {
    send(call(7, procedure, args))
    const found = await receive(1)
    t.equal(found.length, 1)
    t.equal(found[0].readUInt32BE(0), 7, 'the xid comes first')
    return results(found[0])
  }
  t.same(await ask(0), [0])
  t.same(await ask(1, words(300000, 1, UDP, 5000)), [0, 0], 'SET')
  t.same(await ask(3, words(100003, 3, TCP, 0)), [0, 2049])
  t.same(await ask(3, words(100003, 3, UDP, 0)), [0, 0], 'NFS is not there over UDP')
  t.same(await ask(3, words(PMAP_PROG, 2, UDP, 0)), [0, port])
  t.same(
    await ask(4),
    [0, ...[1, 100003, 3, TCP, 2049], ...[1, PMAP_PROG, 2, TCP, port], ...[1, PMAP_PROG, 2, UDP, port], 0],
    'DUMP',
  )
  t.same(await ask(5, words(PMAP_PROG, 2, 0, 0)), [0, port, 0], 'CALLIT')
  t.same(await ask(3, words(100003, 3, TCP)), [4], 'GARBAGE_ARGS')
  t.same(server.statistics(), { datagrams: 8, droppedDatagrams: 0 })
  t.same(lines, [])
  await close()
})

t.test('rpcbind versions 3 and 4 answer, with the address that the call came to', async (t) => {
  const { send, receive, port, close } = await setUp()
  const rpcb = Buffer.concat([words(PMAP_PROG, 2), words(0, 0, 0)])
  for (const version of [3, 4]) {
    send(call(5, 3, rpcb, version))
    const [reply] = await receive(1)
    t.equal(reply.subarray(28).toString().replace(/\0+$/, ''), `127.0.0.1.${port >> 8}.${port & 0xff}`)
  }
  send(call(6, 3, rpcb, 5))
  t.same(await receive(1), [hex('00000006 00000001 00000000 00000000 00000000 00000002 00000002 00000004')])
  await close()
})

t.test('a call that is not to be answered is not, and keeps nothing', async (t) => {
  const { send, receive, server, close } = await setUp()
  for (let i = 1; i <= 300; i++) {
    send(call(i, 5, words(300000, 1, 0, 0)))
    while (server.statistics().datagrams < i) await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(server.unfinished, 0)
  send(call(1000, 0))
  t.same(
    (await receive(1)).map((reply) => reply.readUInt32BE(0)),
    [1000],
  )
  t.equal(server.statistics().droppedDatagrams, 0)
  await close()
})

t.test('a reply leaves from the address that its call came to, also of a server at all addresses', async (t) => {
  const { port, receive, socket, close } = await setUp('0.0.0.0')
  let from = ''
  socket.on('message', (_bytes, { address }) => {
    from = address
  })
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const own = addresses.filter(({ family }) => family === 'IPv4').map(({ address }) => address)
  t.ok(own.includes('127.0.0.1'))
  for (const address of own) {
    socket.send(call(1, 3, words(PMAP_PROG, 2, UDP, 0)), port, address)
    await receive(1)
    t.equal(from, address)
  }
  await close()
})

t.test('what is no call gets no answer, and one line for each client', async (t) => {
  const { send, receive, server, dispatcher, lines, close } = await setUp()
  const answer = Buffer.from(call(1, 0))
  answer.writeUInt32BE(1, 4)
  const record = Buffer.concat([hex('80000028'), call(1, 0)])
  const garbage: Uint8Array[] = [
    new Uint8Array(0),
    new Uint8Array(3),
    Buffer.from('GET / HTTP/1.0\r\n\r\n'),
    answer,
    record,
  ]
  garbage.push(call(1, 0).subarray(0, 20), new Uint8Array(1024).fill(255))
  for (const bytes of garbage) send(bytes)
  send(call(9, 0))
  const found = await receive(1)
  t.same(
    found.map((reply) => reply.readUInt32BE(0)),
    [9],
  )
  t.same(server.statistics(), { datagrams: 8, droppedDatagrams: 7 })
  t.equal(dispatcher.counts().notRpc, 7)
  t.equal(lines.length, 1)
  t.match(lines[0], {
    level: 40,
    client: '127.0.0.1',
    msg: /^dropped a datagram of 127\.0\.0\.1 port \d+: it sent something that is no RPC call$/,
  })
  await close()
})

t.test('calls that are cut anywhere never get more than one answer, and harm nothing', async (t) => {
  const { send, receive, server, close } = await setUp()
  const whole = callMessage({ xid: 1, program: PMAP_PROG, version: 2, procedure: 3, args: words(100003, 3, TCP, 0) })
  for (let length = 0; length < whole.length; length++) send(whole.subarray(0, length))
  send(call(2, 0))
  const found: Buffer[] = []
  while (found.at(-1)?.readUInt32BE(0) !== 2) found.push(...(await receive(1)))
  t.same(server.statistics(), { datagrams: whole.length + 1, droppedDatagrams: 24 }, 'less than a header is no call')
  t.equal(found.length, whole.length - 24 + 1, 'AUTH_ERROR or GARBAGE_ARGS for the others')
  for (const reply of found) t.ok(reply.length <= 24)
  await close()
})

t.test('the longest call is answered, a longer one is dropped', async (t) => {
  const { send, receive, server, lines, close } = await setUp()
  const gids = Array.from({ length: 16 }, (_, i) => i)
  const credential = sysAuth({ machine: 'm'.repeat(255), gids })
  const args = words(100003, 3, TCP, 0)
  send(callMessage({ xid: 1, program: PMAP_PROG, version: 2, procedure: 3, credential, args }))
  t.same(results((await receive(1))[0]), [0, 2049])
  const padded = (length: number): Uint8Array => Buffer.concat([call(2, 0)], length)
  send(padded(DATAGRAM_LIMITS.maxCallBytes))
  t.same(results((await receive(1))[0]), [4], 'GARBAGE_ARGS: it was read')
  send(padded(DATAGRAM_LIMITS.maxCallBytes + 1))
  send(padded(65000))
  send(call(3, 0))
  t.same(
    (await receive(1)).map((reply) => reply.readUInt32BE(0)),
    [3],
  )
  t.equal(server.statistics().droppedDatagrams, 2)
  t.match(lines, [{ level: 40, msg: /it is 8193 bytes long, more than 8192$/ }])
  await close()
})

t.test('a reply that is too long for a datagram is not sent', async (t) => {
  const { send, receive, server, lines, close } = await setUp('127.0.0.1', { maxReplyBytes: 60 })
  send(call(1, 4))
  send(call(2, 0))
  t.same(
    (await receive(1)).map((reply) => reply.readUInt32BE(0)),
    [2],
  )
  t.equal(server.statistics().droppedDatagrams, 1)
  t.match(lines, [{ msg: /it got a reply of 88 bytes, too long for a datagram$/ }])
  await close()
})

t.test('calls that wait: each is answered at its own address; beyond a bound datagrams are dropped', async (t) => {
  const waiting: (() => void)[] = []
  let isThere = false
  const slow: Program = { program: 400000, version: 1, name: 'slow', procedures: [] }
  const procedures = slow.procedures as Program['procedures'][number][]
  procedures[1] = {
    name: 'WAIT',
    read: () => undefined,
    write: () => {},
    handle: () => {
      if (!isThere) throw new Suspend((resume) => waiting.push(resume))
    },
    fail: null,
    idempotent: true,
  }
  const { send, receive, server, dispatcher, lines, port, close } = await setUp('127.0.0.1', { maxUnfinished: 2 }, [
    slow,
  ])
  const other = await clientSocket('127.0.0.1')
  const wait = (xid: number): Uint8Array => callMessage({ xid, program: 400000, version: 1, procedure: 1 })
  const arrivals = async (count: number): Promise<void> => {
    while (server.statistics().datagrams < count) await new Promise((resolve) => setImmediate(resolve))
  }
  send(wait(1))
  await arrivals(1)
  other.socket.send(wait(2), port, '127.0.0.1')
  await arrivals(2)
  t.equal(server.unfinished, 2)
  send(wait(3))
  await arrivals(3)
  t.equal(waiting.length, 2, 'the third was dropped')
  t.match(lines, [{ msg: /it came while 2 others were being answered$/ }])
  isThere = true
  for (const resume of waiting.splice(0)) resume()
  t.same(
    (await receive(1)).map((reply) => reply.readUInt32BE(0)),
    [1],
  )
  t.same(
    (await other.receive(1)).map((reply) => reply.readUInt32BE(0)),
    [2],
  )
  t.equal(dispatcher.heldCalls, 0)
  while (server.unfinished > 0) await new Promise((resolve) => setImmediate(resolve))
  send(call(4, 0))
  t.same(
    (await receive(1)).map((reply) => reply.readUInt32BE(0)),
    [4],
  )
  other.socket.close()
  await close()
})

t.test('of the programs of a stream only those are served that are meant for datagrams', async (t) => {
  const { logger } = memoryLogger()
  const environment = new RealEnvironment()
  const programs: Program[] = [true, false].map((datagrams, i) => {
    return { program: 400000 + i, version: 1, name: 'one', procedures: [], datagrams }
  })
  const dispatcher = new Dispatcher({ environment, logger, programs })
  const server = new DatagramServer(environment, logger)
  const { port } = await server.listen('127.0.0.1', 0, dispatcher.datagrams())
  const { socket, receive } = await clientSocket('127.0.0.1')
  for (const [program, stat] of [
    [400000, 0],
    [400001, 1],
  ]) {
    socket.send(callMessage({ program, version: 1, procedure: 0 }), port, '127.0.0.1')
    t.same(results((await receive(1))[0]), [stat])
  }
  t.match(dispatcher.procedures()[0], { procedure: 'NULL', calls: 1 }, 'counted with those of the stream')
  socket.close()
  await server.close()
})

t.test('over IPv6', { skip: HAS_IPV6 ? false : 'no IPv6 here' }, async (t) => {
  const { send, receive, close } = await setUp('::1')
  send(call(1, 3, words(100003, 3, TCP, 0)))
  t.same(results((await receive(1))[0]), [0, 2049])
  await close()
})

t.test('over IPv4 to an IPv6 socket', { skip: HAS_IPV6 ? false : 'no IPv6 here' }, async (t) => {
  const { port, lines, close } = await setUp('::')
  const { socket, receive } = await clientSocket('127.0.0.1')
  socket.send(call(1, 3, words(100003, 3, TCP, 0)), port, '127.0.0.1')
  t.same(results((await receive(1))[0]), [0, 2049])
  socket.send('?', port, '127.0.0.1')
  while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve))
  t.match(lines, [{ client: '127.0.0.1' }])
  socket.close()
  await close()
})

t.test('where UDP cannot be bound there is one line, whatever the reason', async (t) => {
  const { server, dispatcher, logger, lines, port, close } = await setUp()
  t.equal(await listenDatagrams(server, dispatcher, { host: '127.0.0.1', port }, logger, PORTMAP_DATAGRAMS), null)
  t.match(lines, [{ level: 40, msg: /cannot listen at 127\.0\.0\.1 UDP port \d+: another program listens there/ }])
  t.equal(await listenDatagrams(server, dispatcher, { host: '203.0.113.1', port: 0 }, logger, PORTMAP_DATAGRAMS), null)
  t.match(lines[1], { level: 40, msg: /UDP port 0: .*EADDRNOTAVAIL/ })
  await close()
})
