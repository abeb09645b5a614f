import t from 'tap'
import type { Transport } from '../../mover/net/message.ts'
import { fromSockaddr, toSockaddr, universalAddress, universalPort } from '../../mover/net/universal-address.ts'
import { portmapPrograms } from '../../mover/portmap/program.ts'
import { PortRegistry } from '../../mover/portmap/registry.ts'
import { Dispatcher } from '../../mover/rpc/dispatch.ts'
import { PMAP_VERS_codecs } from '../../protocol/portmap/portmap.gen.ts'
import { RPCBVERS_codecs, RPCBVERS4_codecs, type rpcb, type rpcb_entry } from '../../protocol/rpcbind/rpcbind.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { callMessage, FakeConnection, hex, memoryLogger } from './rpc-support.ts'

const PMAP_PROG = 100000
const MOUNT = 100005

/** rpcbind with MOUNT 1 and 3 over TCP and UDP, NFS 3 over TCP. */
function setUp(transport: Transport = 'tcp', localAddress = '10.0.0.254') {
  const registry = new PortRegistry()
  const environment = new TestEnvironment(1)
  const programs = portmapPrograms(registry, environment)
  const dispatcher = new Dispatcher({ environment, logger: memoryLogger().logger, programs })
  const mounts = [1, 3].map((version) => ({ program: MOUNT, version, name: 'mount', procedures: [] }))
  registry.add([{ program: 100003, version: 3, name: 'nfs', procedures: [] }, ...mounts], 'tcp', 2049)
  registry.add(mounts, 'udp', 2049)
  const connection = new FakeConnection()
  connection.transport = transport
  connection.localAddress = localAddress
  connection.attach(dispatcher.open(connection))
  /** The result; the accept status when that is another than SUCCESS; null when there is no answer. */
  const ask = <A, R>(version: number, codec: ProcedureCodec<string, A, R>, args: A): R | number | null => {
    const writer = new XdrWriter(10_000)
    codec.writeArgs(writer, args)
    const bytes = writer.bytes.slice(0, writer.position)
    connection.receive(callMessage({ program: PMAP_PROG, version, procedure: codec.number, args: bytes }))
    const [reply] = connection.drain()
    if (reply === undefined) return null
    const reader = new XdrReader().reset(reply, 20, reply.length)
    const stat = reader.u32()
    if (stat !== 0) return stat
    const result = codec.readResult(reader)
    reader.expectEnd()
    return result
  }
  const text = <A>(version: number, codec: ProcedureCodec<string, A, Uint8Array>, args: A): string =>
    Buffer.from(ask(version, codec, args) as Uint8Array).toString()
  return { ask, text, environment, connection }
}

function rpcbOf(program: number, version: number, netid = ''): rpcb {
  const none = new Uint8Array(0)
  return { r_prog: program, r_vers: version, r_netid: Buffer.from(netid), r_addr: none, r_owner: none }
}

const { RPCBPROC_GETADDR, RPCBPROC_DUMP, RPCBPROC_CALLIT } = RPCBVERS_codecs
const { RPCBPROC_GETVERSADDR, RPCBPROC_INDIRECT, RPCBPROC_GETADDRLIST, RPCBPROC_GETSTAT } = RPCBVERS4_codecs

t.test('GETADDR and GETVERSADDR: an address on the transport that the call came over', (t) => {
  const overTcp = setUp('tcp')
  const overUdp = setUp('udp')
  for (const version of [3, 4]) {
    t.equal(overTcp.text(version, RPCBPROC_GETADDR, rpcbOf(100003, 3)), '10.0.0.254.8.1')
    t.equal(overTcp.text(version, RPCBPROC_GETADDR, rpcbOf(100003, 3, 'udp')), '10.0.0.254.8.1', 'whatever it says')
    t.equal(overUdp.text(version, RPCBPROC_GETADDR, rpcbOf(100003, 3)), '', 'NFS is not there over UDP')
    t.equal(overUdp.text(version, RPCBPROC_GETADDR, rpcbOf(MOUNT, 2)), '10.0.0.254.8.1', 'another version')
    t.equal(overUdp.text(version, RPCBPROC_GETADDR, rpcbOf(300000, 1)), '')
  }
  t.equal(overUdp.text(4, RPCBPROC_GETVERSADDR, rpcbOf(MOUNT, 3)), '10.0.0.254.8.1')
  t.equal(overUdp.text(4, RPCBPROC_GETVERSADDR, rpcbOf(MOUNT, 2)), '', 'just this version')
  t.equal(overTcp.ask(3, RPCBPROC_GETVERSADDR, rpcbOf(MOUNT, 3)), 3, 'PROC_UNAVAIL in version 3')
  t.end()
})

t.test('at an IPv6 address', (t) => {
  const { text, ask } = setUp('udp', 'fd00::7')
  t.equal(text(4, RPCBPROC_GETADDR, rpcbOf(MOUNT, 3)), 'fd00::7.8.1')
  const entries = ask(4, RPCBPROC_GETADDRLIST, rpcbOf(MOUNT, 1)) as { rpcb_entry_map: rpcb_entry }[]
  t.same(
    entries.map(({ rpcb_entry_map: { r_maddr, r_nc_netid, r_nc_semantics, r_nc_protofmly, r_nc_proto } }) =>
      [
        ...[r_maddr, r_nc_netid].map((bytes) => Buffer.from(bytes)),
        r_nc_semantics,
        ...[r_nc_protofmly, r_nc_proto].map((bytes) => Buffer.from(bytes)),
      ].join(' '),
    ),
    ['fd00::7.8.1 tcp6 3 inet6 tcp', 'fd00::7.8.1 udp6 1 inet6 udp'],
  )
  t.end()
})

t.test('DUMP and GETADDRLIST', (t) => {
  const { ask } = setUp()
  for (const version of [3, 4]) {
    const list = ask(version, RPCBPROC_DUMP, undefined) as { rpcb_map: rpcb }[]
    t.same(
      list.map(({ rpcb_map: { r_prog, r_vers, r_netid, r_addr, r_owner } }) =>
        [r_prog, r_vers, ...[r_netid, r_addr, r_owner].map((bytes) => Buffer.from(bytes))].join(' '),
      ),
      [
        '100003 3 tcp 10.0.0.254.8.1 superuser',
        '100005 1 tcp 10.0.0.254.8.1 superuser',
        '100005 3 tcp 10.0.0.254.8.1 superuser',
        '100005 1 udp 10.0.0.254.8.1 superuser',
        '100005 3 udp 10.0.0.254.8.1 superuser',
      ],
    )
  }
  t.same(ask(4, RPCBPROC_GETADDRLIST, rpcbOf(MOUNT, 2)), [], 'just this version')
  t.equal((ask(4, RPCBPROC_GETADDRLIST, rpcbOf(100003, 3)) as unknown[]).length, 1)
  t.end()
})

t.test('SET, UNSET, GETTIME and addresses in both forms', (t) => {
  const { ask, text, environment } = setUp()
  const { RPCBPROC_SET, RPCBPROC_UNSET, RPCBPROC_GETTIME, RPCBPROC_UADDR2TADDR, RPCBPROC_TADDR2UADDR } = RPCBVERS_codecs
  for (const version of [3, 4]) {
    t.equal(ask(version, RPCBPROC_SET, rpcbOf(300000, 1, 'udp')), false)
    t.equal(ask(version, RPCBPROC_UNSET, rpcbOf(MOUNT, 3, 'udp')), false)
    t.equal(text(version, RPCBPROC_GETADDR, rpcbOf(MOUNT, 3)), '10.0.0.254.8.1')
    t.equal(ask(version, RPCBPROC_GETTIME, undefined), environment.wallMs() / 1000)
    // As rpcbind answers: see the golden vectors.
    const buf = hex('02000801 0a000202 00000000 00000000')
    t.same(ask(version, RPCBPROC_UADDR2TADDR, Buffer.from('10.0.2.2.8.1')), { maxlen: 16, buf })
    t.same(ask(version, RPCBPROC_UADDR2TADDR, Buffer.from('garbage')), { maxlen: 0, buf: hex('') })
    t.equal(text(version, RPCBPROC_TADDR2UADDR, { maxlen: 16, buf }), '10.0.2.2.8.1')
    t.equal(text(version, RPCBPROC_TADDR2UADDR, { maxlen: 3, buf: hex('020008') }), '')
  }
  t.end()
})

t.test('CALLIT, BCAST and INDIRECT call null procedures only', (t) => {
  const { ask } = setUp('udp')
  const args = { prog: MOUNT, vers: 3, proc: 0, args: hex('') }
  const done = { addr: new Uint8Array(Buffer.from('10.0.0.254.8.1')), results: hex('') }
  t.same(ask(3, RPCBPROC_CALLIT, args), done)
  t.same(ask(4, RPCBPROC_CALLIT, args), done, 'BCAST')
  t.same(ask(4, RPCBPROC_INDIRECT, args), done)
  const refused: [object, number][] = [
    [{ prog: 100003 }, 1],
    [{ vers: 2 }, 1],
    [{ proc: 1 }, 3],
    [{ args: hex('00000000') }, 4],
  ]
  for (const [change, stat] of refused) {
    t.equal(ask(3, RPCBPROC_CALLIT, { ...args, ...change }), null, 'silence')
    t.equal(ask(4, RPCBPROC_CALLIT, { ...args, ...change }), null, 'silence')
    t.equal(ask(4, RPCBPROC_INDIRECT, { ...args, ...change }), stat)
  }
  t.end()
})

t.test('GETSTAT', (t) => {
  const { ask } = setUp()
  const { PMAPPROC_GETPORT, PMAPPROC_NULL } = PMAP_VERS_codecs
  ask(2, PMAPPROC_NULL, undefined)
  ask(2, PMAPPROC_GETPORT, { prog: 100003, vers: 3, prot: 6, port: 0 })
  ask(2, PMAPPROC_GETPORT, { prog: 100003, vers: 3, prot: 6, port: 0 })
  ask(2, PMAPPROC_GETPORT, { prog: 100003, vers: 3, prot: 17, port: 0 })
  ask(3, RPCBPROC_DUMP, undefined)
  for (let i = 0; i < 20; i++) ask(4, RPCBPROC_GETADDR, rpcbOf(300000 + i, 1))
  const [two, three, four] = ask(4, RPCBPROC_GETSTAT, undefined) as ReturnType<typeof RPCBPROC_GETSTAT.readResult>
  t.same(two.info, [1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  t.match(two.addrinfo, [
    { prog: 100003, vers: 3, success: 2, failure: 0 },
    { prog: 100003, vers: 3, success: 0, failure: 1 },
  ])
  t.same(three.info, [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
  t.same(four.info, [0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  t.equal(four.addrinfo.length, 8, 'who asks for programs that are not there makes us keep no more')
  t.match(four.addrinfo[0], { prog: 300000, success: 0, failure: 1 })
  t.end()
})

t.test('universal addresses', (t) => {
  const pairs: [string, string][] = [
    ['127.0.0.1.0.111', '0200 006f 7f000001 0000000000000000'],
    ['255.255.255.255.255.255', '0200 ffff ffffffff 0000000000000000'],
    ['::1.8.1', '0a00 0801 00000000 00000000000000000000000000000001 00000000'],
    ['fd00::7:0:1.8.1', '0a00 0801 00000000 fd000000000000000000000700000001 00000000'],
    ['::.0.111', '0a00 006f 00000000 00000000000000000000000000000000 00000000'],
    ['1:2:3:4:5:6:7:8.0.1', '0a00 0001 00000000 00010002000300040005000600070008 00000000'],
  ]
  for (const [text, bytes] of pairs) {
    t.equal(Buffer.from(toSockaddr(text) ?? []).toString('hex'), bytes.replaceAll(' ', ''), text)
    t.equal(fromSockaddr(hex(bytes)), text)
    t.equal(universalPort(text), Buffer.from(hex(bytes)).readUInt16BE(2))
  }
  t.equal(
    Buffer.from(toSockaddr('::ffff:10.0.0.1.8.1') ?? [])
      .subarray(8, 24)
      .toString('hex')
      .slice(20),
    'ffff0a000001',
  )
  for (const text of [
    '',
    '1.2.3.4',
    '1.2.3.4.5',
    '1.2.3.4.256.1',
    '1.2.3.4.1.256',
    '1.2.3.400.1.1',
    'fe80::1%lo.8.1',
  ]) {
    t.equal(toSockaddr(text), null, text)
  }
  for (const bytes of ['', '0200', '0300 006f 7f000001 0000000000000000', '0200 006f 7f000001 000000000000000000']) {
    t.equal(fromSockaddr(hex(bytes)), null, bytes)
  }
  t.equal(universalAddress('10.0.0.1', 65535), '10.0.0.1.255.255')
  t.end()
})
