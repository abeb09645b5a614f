import { createSocket } from 'node:dgram'
import { createServer, type Socket } from 'node:net'
import t from 'tap'
import type { Lease } from '../../mover/lease.ts'
import type { CarrierUser, Peer } from '../../mover/net/carrier.ts'
import { DatagramServer } from '../../mover/net/datagram.ts'
import { DatagramCarrier } from '../../mover/net/datagram-carrier.ts'
import { NetServer } from '../../mover/net/server.ts'
import { StreamCarrier } from '../../mover/net/stream-carrier.ts'
import { portmapPrograms } from '../../mover/portmap/program.ts'
import { PortRegistry } from '../../mover/portmap/registry.ts'
import { RealEnvironment } from '../../mover/real-environment.ts'
import { OutgoingCalls } from '../../mover/rpc/client/outgoing-calls.ts'
import { PortFinder } from '../../mover/rpc/client/port-finder.ts'
import { RpcClient } from '../../mover/rpc/client/rpc-client.ts'
import { Dispatcher } from '../../mover/rpc/dispatch.ts'
import type { Program } from '../../mover/rpc/program.ts'
import { PMAP_VERS_codecs } from '../../protocol/portmap/portmap.gen.ts'
import { memoryLogger } from './rpc-support.ts'

/** Only root has privileged ports. */
const IS_ROOT = process.getuid?.() === 0
/** Another address of this machine: every one of 127.0.0.0/8 is, on Linux. */
const OURS = '127.0.0.3'
const ECHO = 400001

/** A host at 127.0.0.1 with a portmapper and a program that tells who calls, both over TCP and UDP. */
async function host() {
  const environment = new RealEnvironment()
  const { logger } = memoryLogger()
  const registry = new PortRegistry()
  const callers: string[] = []
  const ports: number[] = []
  const who: Program = { program: ECHO, version: 1, name: 'who', procedures: [] }
  const procedures = who.procedures as Program['procedures'][number][]
  procedures[PMAP_VERS_codecs.PMAPPROC_GETPORT.number] = {
    name: 'WHO',
    read: PMAP_VERS_codecs.PMAPPROC_GETPORT.readArgs,
    write: PMAP_VERS_codecs.PMAPPROC_GETPORT.writeResult,
    handle: ({ prog }, { transport, address, port, credentials }) => {
      callers.push(`${transport} ${address} ${credentials.machineName} ${credentials.uid}`)
      ports.push(port)
      return prog + 1
    },
    fail: null,
    idempotent: true,
  }
  const programs = [...portmapPrograms(registry, environment), who]
  const dispatcher = new Dispatcher({ environment, logger, programs })
  const tcp = new NetServer(environment, logger)
  const udp = new DatagramServer(environment, logger)
  const where = await tcp.listen('127.0.0.1', 0, dispatcher)
  await udp.listen('127.0.0.1', where.port, dispatcher)
  for (const transport of ['tcp', 'udp'] as const) registry.add([who], transport, where.port)
  const calls = new OutgoingCalls(environment, 'mover a', (user) => ({
    tcp: new StreamCarrier(environment, user),
    udp: new DatagramCarrier(environment, user),
  }))
  const client = new RpcClient(environment, calls, new PortFinder(environment, calls, where.port))
  const ask = (transport: 'tcp' | 'udp', prog: number): Promise<[string | null, number | undefined]> => {
    const codec = PMAP_VERS_codecs.PMAPPROC_GETPORT
    const args = { prog, vers: 1, prot: 0, port: 0 }
    const address = { transport, localAddress: OURS, host: '127.0.0.1' }
    return new Promise((resolve) => {
      client.call(address, { program: ECHO, version: 1, codec, args }, (failure, result) => resolve([failure, result]))
    })
  }
  const close = async (): Promise<void> => {
    client.close()
    await Promise.all([tcp.close(), udp.close()])
  }
  return { ask, callers, ports, tcp, client, close, environment }
}

t.test('calls of real hosts, from the address of ours that was asked for', async (t) => {
  const { ask, callers, ports, tcp, close } = await host()
  t.same(await ask('udp', 7), [null, 8])
  t.same(await ask('tcp', 8), [null, 9])
  t.same(
    callers,
    ['udp', 'tcp'].map((transport) => `${transport} ${OURS} mover a 0`),
  )
  if (IS_ROOT)
    t.ok(
      ports.every((port) => port < 1024),
      `privileged ports: ${ports}`,
    )
  t.same(
    await Promise.all([10, 20, 30].map((prog) => ask('tcp', prog))),
    [11, 21, 31].map((next) => [null, next]),
  )
  t.equal(tcp.statistics().accepted, 1, 'one connection, portmapper and program being at one port')
  for (const connection of tcp.connections) connection.close('shutdown', 'ends')
  while (tcp.statistics().connections > 0) await new Promise((resolve) => setImmediate(resolve))
  t.same(await ask('tcp', 40), [null, 41], 'another one is made')
  await close()
  t.same(await ask('udp', 7), ['CLOSED', undefined])
})

/** A user of a carrier that remembers what it is told. */
function listener() {
  const told: string[] = []
  let wake = (): void => {}
  const tell = (text: string): void => {
    told.push(text)
    wake()
  }
  const user: CarrierUser = {
    received: (transport, from, port, message) => tell(`${transport} ${from} ${port} ${Buffer.from(message)}`),
    lost: ({ port }) => tell(`lost ${port}`),
    unreachable: ({ port }) => tell(`unreachable ${port}`),
  }
  const until = async (count: number): Promise<string[]> => {
    while (told.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return told.splice(0)
  }
  return { user, until }
}

function peer(transport: 'tcp' | 'udp', port: number, localAddress = OURS): Peer {
  return { transport, localAddress, host: '127.0.0.1', port }
}

t.test('where nobody listens', async (t) => {
  const { user, until } = listener()
  const free = createServer()
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
  const { port } = free.address() as { port: number }
  await new Promise((resolve) => free.close(resolve))
  const environment = new RealEnvironment()
  const carrier = new StreamCarrier(environment, user)
  carrier.send(peer('tcp', port), Buffer.from('a'))
  t.same(await until(1), [`unreachable ${port}`])
  carrier.send(peer('tcp', port, '203.0.113.1'), Buffer.from('a'))
  t.same(await until(1), [`unreachable ${port}`], 'nor from an address that we do not have')
  const datagrams = new DatagramCarrier(environment, user)
  datagrams.send(peer('udp', port, '203.0.113.1'), Buffer.from('a'))
  t.same(await until(1), [`unreachable ${port}`])
  carrier.close()
  datagrams.close()
})

t.test('records in pieces, several in one, and what is no record', async (t) => {
  const { user, until } = listener()
  const accepted: Socket[] = []
  const received: Buffer[] = []
  const server = createServer((socket) => {
    accepted.push(socket)
    socket.on('data', (bytes) => received.push(bytes as Buffer))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const carrier = new StreamCarrier(new RealEnvironment(), user)
  carrier.send(peer('tcp', port), Buffer.from('one.'))
  carrier.send(peer('tcp', port), Buffer.from('two.'))
  while (Buffer.concat(received).length < 16) await new Promise((resolve) => setImmediate(resolve))
  t.equal(Buffer.concat(received).toString('latin1'), '\x80\0\0\x04one.\x80\0\0\x04two.')
  t.equal(accepted.length, 1)
  const answer = Buffer.from('\0\0\0\x02ab\x80\0\0\x02cd\x80\0\0\x01e', 'latin1')
  for (const byte of answer) accepted[0].write(Uint8Array.of(byte))
  t.same(await until(2), [`tcp 127.0.0.1 ${port} abcd`, `tcp 127.0.0.1 ${port} e`])
  accepted[0].write(answer)
  t.same(await until(2), [`tcp 127.0.0.1 ${port} abcd`, `tcp 127.0.0.1 ${port} e`])
  accepted[0].write(Buffer.from('HTTP/1.0 400 Bad Request\r\n\r\n'))
  t.same(await until(1), [`lost ${port}`])
  carrier.send(peer('tcp', port), Buffer.from('three'))
  while (accepted.length < 2) await new Promise((resolve) => setImmediate(resolve))
  accepted[1].end()
  t.same(await until(1), [`lost ${port}`])
  carrier.close()
  await new Promise((resolve) => server.close(resolve))
})

t.test('who takes no connection is unreachable, and receives nothing later', async (t) => {
  const { user, until } = listener()
  const taken: Socket[] = []
  const received: Buffer[] = []
  const server = createServer((socket) => {
    taken.push(socket)
    socket.on('data', (bytes) => received.push(bytes as Buffer))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const environment = new RealEnvironment()
  const timers: (() => void)[] = []
  environment.timer = (_ms, task) => {
    timers.push(task)
    return () => {}
  }
  const carrier = new StreamCarrier(environment, user)
  carrier.send(peer('tcp', port), Buffer.from('one'))
  // All its time passes before the connection has come about.
  timers.shift()?.()
  t.same(await until(1), [`unreachable ${port}`])
  carrier.send(peer('tcp', port), Buffer.from('two'))
  while (received.length === 0) await new Promise((resolve) => setImmediate(resolve))
  t.equal(Buffer.concat(received).toString('latin1'), '\x80\0\0\x03two')
  carrier.close()
  for (const socket of taken) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

t.test('datagrams of one address of ours share a socket', async (t) => {
  const { user, until } = listener()
  const echo = createSocket('udp4')
  const ports = new Set<number>()
  echo.on('message', (bytes, from) => {
    ports.add(from.port)
    echo.send(bytes, from.port, from.address)
  })
  await new Promise<void>((resolve) => echo.bind(0, '127.0.0.1', resolve))
  const { port } = echo.address()
  const carrier = new DatagramCarrier(new RealEnvironment(), user)
  for (const text of ['a', 'b']) carrier.send(peer('udp', port), Buffer.from(text))
  t.same(
    (await until(2)).sort(),
    ['a', 'b'].map((text) => `udp 127.0.0.1 ${port} ${text}`),
  )
  carrier.send(peer('udp', port), Buffer.from('c'))
  t.same(await until(1), [`udp 127.0.0.1 ${port} c`])
  t.equal(ports.size, 1)
  carrier.send(peer('udp', port, '127.0.0.4'), Buffer.from('d'))
  t.same(await until(1), [`udp 127.0.0.1 ${port} d`])
  carrier.close()
  echo.close()
})

t.test('a carrier that is closed while it connects tells nothing more', async (t) => {
  const { user, until } = listener()
  const environment = new RealEnvironment()
  const server = createServer()
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const first = new StreamCarrier(environment, user)
  first.send(peer('tcp', port), Buffer.from('a'))
  first.close()
  const datagrams = new DatagramCarrier(environment, user)
  datagrams.send(peer('udp', port), Buffer.from('a'))
  datagrams.close()
  const second = new StreamCarrier(environment, user)
  second.send(peer('tcp', port), Buffer.from('a'))
  t.same(await until(1), [`lost ${port}`], 'of the second only')
  second.close()
  await new Promise((resolve) => server.close(resolve))
})

t.test(
  'without a lease nothing leaves: no answer over UDP, no call of ours, nor what waited for its socket',
  async (t) => {
    const environment = new RealEnvironment()
    const lease = { isHeld: true as boolean, whenHeld: () => {} } satisfies Lease
    const mayAnswer = { isHeld: false as boolean, whenHeld: () => {} } satisfies Lease
    const { logger } = memoryLogger()
    const registry = new PortRegistry()
    const dispatcher = new Dispatcher({ environment, logger, programs: portmapPrograms(registry, environment) })
    const server = new DatagramServer(environment, logger, {}, mayAnswer)
    const { port } = await server.listen('127.0.0.1', 0, dispatcher)
    const heard: string[] = []
    const nobody: CarrierUser = { received: () => {}, lost: () => {}, unreachable: () => {} }
    const streams = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => {
        heard.push('tcp')
        socket.destroy()
      })
    })
    await new Promise<void>((resolve) => streams.listen(0, '127.0.0.1', resolve))
    const listening = createSocket('udp4')
    listening.on('message', (bytes) => heard.push(`udp ${bytes}`))
    await new Promise<void>((resolve) => listening.bind(0, '127.0.0.1', resolve))
    const tcpPeer: Peer = {
      transport: 'tcp',
      localAddress: OURS,
      host: '127.0.0.1',
      port: (streams.address() as { port: number }).port,
    }
    const udpPeer: Peer = { ...tcpPeer, transport: 'udp', port: listening.address().port }

    // The lease runs out before the sockets are there.
    const lost = new Promise<void>((resolve) => {
      new StreamCarrier(environment, { ...nobody, lost: () => resolve() }, lease).send(tcpPeer, Buffer.from('late'))
    })
    const datagrams = new DatagramCarrier(environment, nobody, lease)
    datagrams.send(udpPeer, Buffer.from('late'))
    lease.isHeld = false
    await lost
    lease.isHeld = true
    while (!heard.includes('udp now')) {
      datagrams.send(udpPeer, Buffer.from('now'))
      await new Promise((resolve) => setImmediate(resolve))
    }
    t.same([...new Set(heard)], ['udp now'])

    // A call is carried out, and its answer kept back: the next one's comes first.
    const client = createSocket('udp4')
    const xids: number[] = []
    const answered = new Promise<void>((resolve) =>
      client.on('message', (bytes) => {
        xids.push(bytes.readUInt32BE(0))
        resolve()
      }),
    )
    const ask = (xid: number): void => client.send(nullCall(xid), port, '127.0.0.1')
    ask(1)
    while (server.statistics().datagrams < 1) await new Promise((resolve) => setImmediate(resolve))
    mayAnswer.isHeld = true
    ask(2)
    await answered
    t.same(xids, [2])
    client.close()
    listening.close()
    datagrams.close()
    streams.close()
    await server.close()
  },
)

/** Of the portmapper. */
function nullCall(xid: number): Buffer {
  const words = [xid, 0, 2, 100000, 2, 0, 0, 0, 0, 0]
  const bytes = Buffer.alloc(4 * words.length)
  for (const [i, word] of words.entries()) bytes.writeUInt32BE(word, 4 * i)
  return bytes
}
