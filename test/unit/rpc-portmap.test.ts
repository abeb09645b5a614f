import t from 'tap'
import { DEFAULT_LIMITS } from '../../mover/net/limits.ts'
import { NetServer } from '../../mover/net/server.ts'
import { listenPortmap } from '../../mover/portmap/listen.ts'
import { portmapPrograms } from '../../mover/portmap/program.ts'
import { PortRegistry } from '../../mover/portmap/registry.ts'
import { RealEnvironment } from '../../mover/real-environment.ts'
import { Dispatcher } from '../../mover/rpc/dispatch.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { callMessage, FakeConnection, hex, memoryLogger } from './rpc-support.ts'

const PMAP_PROG = 100000
const TCP = 6
const UDP = 17

function setUp() {
  const registry = new PortRegistry()
  const environment = new TestEnvironment(1)
  const portmap = portmapPrograms(registry, environment)
  const { logger, lines } = memoryLogger()
  const dispatcher = new Dispatcher({ environment, logger, programs: portmap })
  registry.add(portmap, 'tcp', 111)
  registry.add(
    [
      { program: 100003, version: 3, name: 'nfs', procedures: [] },
      { program: 100005, version: 3, name: 'mount', procedures: [] },
      { program: 100021, version: 4, name: 'nlm', procedures: [] },
    ],
    'tcp',
    2049,
  )
  registry.add([{ program: 100005, version: 3, name: 'mount', procedures: [] }], 'udp', 2049)
  const connection = new FakeConnection()
  connection.attach(dispatcher.open(connection))
  return { registry, dispatcher, connection, logger, lines }
}

function words(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4)
  return bytes
}

/** Accept status and results, as 32-bit words. */
function ask(connection: FakeConnection, procedure: number, args: Uint8Array): number[] {
  connection.receive(callMessage({ program: PMAP_PROG, version: 2, procedure, args }))
  const [reply] = connection.drain()
  const found: number[] = []
  for (let at = 20; at < reply.length; at += 4) found.push(Buffer.from(reply).readUInt32BE(at))
  return found
}

t.test('GETPORT', (t) => {
  const { connection } = setUp()
  const port = (...mapping: number[]): number[] => ask(connection, 3, words(...mapping))
  t.same(port(100003, 3, TCP, 0), [0, 2049])
  t.same(port(100021, 4, TCP, 999), [0, 2049], 'the port in the question means nothing')
  t.same(port(PMAP_PROG, 2, TCP, 0), [0, 111])
  t.same(port(100003, 3, UDP, 0), [0, 0])
  t.same(port(100024, 1, TCP, 0), [0, 0])
  t.same(port(100021, 1, TCP, 0), [0, 2049], 'another version: the program will tell which it has')
  t.same(port(100003, 3, TCP), [4], 'GARBAGE_ARGS')
  t.end()
})

t.test('DUMP', (t) => {
  const { connection } = setUp()
  t.same(ask(connection, 4, words()), [
    0,
    ...[2, 3, 4].flatMap((version) => [1, PMAP_PROG, version, TCP, 111]),
    ...[1, 100003, 3, TCP, 2049],
    ...[1, 100005, 3, TCP, 2049],
    ...[1, 100021, 4, TCP, 2049],
    ...[1, 100005, 3, UDP, 2049],
    0,
  ])
  t.end()
})

t.test('NULL; SET and UNSET change nothing', (t) => {
  const { connection, registry } = setUp()
  t.same(ask(connection, 0, words()), [0])
  t.same(ask(connection, 1, words(300000, 1, TCP, 5000)), [0, 0])
  t.same(ask(connection, 2, words(100003, 3, TCP, 2049)), [0, 0])
  t.equal(registry.portOf(300000, 1, 'tcp'), 0)
  t.equal(registry.portOf(100003, 3, 'tcp'), 2049)
  t.end()
})

t.test('CALLIT calls null procedures of programs on UDP; everything else is not answered', (t) => {
  const { connection, dispatcher } = setUp()
  t.same(ask(connection, 5, words(100005, 3, 0, 0)), [0, 2049, 0])
  const unanswered = [
    words(100003, 3, 0, 0),
    words(100005, 1, 0, 0),
    words(100005, 3, 1, 0),
    words(100005, 3, 0, 4, 7),
    words(300000, 1, 0, 0),
  ]
  for (const args of unanswered) {
    connection.receive(callMessage({ program: PMAP_PROG, version: 2, procedure: 5, args }))
    t.same(connection.drain(), [])
  }
  t.equal(connection.inFlight, 0)
  t.match(dispatcher.procedures()[5], { procedure: 'PMAPPROC_CALLIT', calls: 6, errors: 5 })
  t.same(ask(connection, 0, words()), [0], 'and the next call is served')
  t.end()
})

t.test('another version is answered with those that there are', (t) => {
  const { connection } = setUp()
  connection.receive(callMessage({ xid: 5, program: PMAP_PROG, version: 5, procedure: 3, args: words(1) }))
  t.same(connection.drain(), [hex('00000005 00000001 00000000 00000000 00000000 00000002 00000002 00000004')])
  t.end()
})

t.test('where its port is taken the appliance goes on, with one line', async (t) => {
  const { dispatcher, logger, lines } = setUp()
  const server = new NetServer(new RealEnvironment(), logger, DEFAULT_LIMITS)
  const first = await listenPortmap(server, dispatcher, '127.0.0.1', 0, logger)
  t.ok(first)
  t.equal(lines.length, 0)
  const second = await listenPortmap(server, dispatcher, '127.0.0.1', first?.port ?? 0, logger)
  t.equal(second, null)
  t.equal(lines.length, 1)
  t.match(lines[0], {
    level: 40,
    msg: /cannot listen at 127\.0\.0\.1 port \d+: another program .* port=, mountport= and nolock/,
  })
  await t.rejects(listenPortmap(server, dispatcher, '203.0.113.1', 0, logger), { code: 'EADDRNOTAVAIL' })
  await server.close()
})

t.test('where its port is refused the appliance goes on, with one line', async (t) => {
  const { dispatcher, logger, lines } = setUp()
  const refusing = {
    listen: () => Promise.reject(Object.assign(new Error('listen EACCES'), { code: 'EACCES' })),
  } as unknown as NetServer
  t.equal(await listenPortmap(refusing, dispatcher, '127.0.0.1', 111, logger), null)
  t.match(lines, [{ level: 40, msg: /port 111: not permitted/ }])
})
