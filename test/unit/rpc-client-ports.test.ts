import t from 'tap'
import type { Carrier, CarrierUser, HostAddress } from '../../mover/net/carrier.ts'
import type { Transport } from '../../mover/net/message.ts'
import { OutgoingCalls } from '../../mover/rpc/client/outgoing-calls.ts'
import { PortFinder } from '../../mover/rpc/client/port-finder.ts'
import { NLM_PROG } from '../../protocol/nlm4/nlm.gen.ts'
import { PMAP_PROG, PMAP_VERS_codecs } from '../../protocol/portmap/portmap.gen.ts'
import { readrpc_msg } from '../../protocol/rpc/rpc.gen.ts'
import { RPCBVERS_codecs } from '../../protocol/rpcbind/rpcbind.gen.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { hex } from './rpc-support.ts'

const FOUR = { localAddress: '10.0.0.254', host: '10.0.0.9' }
const SIX = { localAddress: 'fd00::fe', host: 'fd00::9' }
const PORT_OF_FOUR = 4000
const SUCCESS = '00000001 00000000 00000000 00000000 00000000'
const REFUSALS = {
  PROG_MISMATCH: '00000001 00000000 00000000 00000000 00000002 00000002 00000002',
  PROC_UNAVAIL: '00000001 00000000 00000000 00000000 00000003',
}
const { PMAPPROC_GETPORT } = PMAP_VERS_codecs
const { RPCBPROC_GETADDR } = RPCBVERS_codecs

/** A portmapper of some versions: 2 tells where IPv4 is served, 3 and 4 the universal address. Silent without any. */
function setUp(uaddr: string, versions: readonly number[] = [2, 3, 4], refusal = REFUSALS.PROG_MISMATCH) {
  const environment = new TestEnvironment(7)
  /** Who was asked what. */
  const asked: unknown[] = []
  let user: CarrierUser | null = null
  const answer = (transport: Transport, host: string, message: Uint8Array): void => {
    const reader = new XdrReader().reset(message, 0, message.length)
    const { body } = readrpc_msg(reader)
    if (body.mtype !== 0 || body.cbody.prog !== PMAP_PROG) throw new Error('no call of a portmapper')
    const { vers, proc } = body.cbody
    const codec = vers === 2 ? PMAPPROC_GETPORT : RPCBPROC_GETADDR
    if (proc !== codec.number) throw new Error(`procedure ${proc}`)
    asked.push([transport, host, vers, readable(codec.readArgs(reader))])
    reader.expectEnd()
    if (versions.length === 0) return
    const isKnown = versions.includes(vers)
    const result = vers === 2 ? new Uint8Array([0, 0, PORT_OF_FOUR >> 8, PORT_OF_FOUR & 0xff]) : opaque(uaddr)
    const reply = [message.subarray(0, 4), hex(isKnown ? SUCCESS : refusal), isKnown ? result : new Uint8Array(0)]
    environment.defer(() => user?.received(transport, host, 111, Buffer.concat(reply)))
  }
  const carrier = (transport: Transport): Carrier => ({
    send: ({ host, port }, message) => {
      if (port !== 111) throw new Error(`port ${port}`)
      answer(transport, host, message)
    },
    close: () => {},
  })
  const calls = new OutgoingCalls(environment, 'mover a', (its) => {
    user = its
    return { tcp: carrier('tcp'), udp: carrier('udp') }
  })
  const ports = new PortFinder(environment, calls)
  const find = (address: HostAddress, waitMs = 0): unknown[] => {
    const found: unknown[] = []
    ports.find(address, NLM_PROG, 4, (...answered) => found.push(answered))
    environment.advance(waitMs)
    return found
  }
  return { find, asked }
}

function readable(args: object): object {
  const text = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value)
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, text(value)]))
}

function opaque(text: string): Uint8Array {
  const writer = new XdrWriter(2000)
  writer.opaque(Buffer.from(text))
  return writer.bytes.slice(0, writer.position)
}

function askedOfSix(transport: Transport, version: number): unknown {
  const args = { r_prog: NLM_PROG, r_vers: 4, r_netid: `${transport}6`, r_addr: '', r_owner: '' }
  return [transport, SIX.host, version, args]
}

for (const transport of ['udp', 'tcp'] as const) {
  t.test(`over ${transport} a host is asked for the port that it has for the family of its address`, (t) => {
    const { find, asked } = setUp('fd00::9.20.113')
    t.same(find({ ...SIX, transport }), [[null, 5233, false]])
    t.same(asked.splice(0), [askedOfSix(transport, 4)])
    t.same(find({ ...FOUR, transport }), [[null, PORT_OF_FOUR, false]])
    const prot = { udp: 17, tcp: 6 }[transport]
    t.same(asked.splice(0), [[transport, FOUR.host, 2, { prog: NLM_PROG, vers: 4, prot, port: 0 }]])
    t.same(find({ ...SIX, transport }), [[null, 5233, true]])
    t.same(find({ ...FOUR, transport }), [[null, PORT_OF_FOUR, true]])
    t.same(asked, [])
    t.end()
  })
}

t.test('where there is no version 4, version 3 is asked; version 2 is not', (t) => {
  for (const [name, refusal] of Object.entries(REFUSALS)) {
    for (const transport of ['udp', 'tcp'] as const) {
      const both = [askedOfSix(transport, 4), askedOfSix(transport, 3)]
      const three = setUp('::.20.113', [2, 3], refusal)
      t.same(three.find({ ...SIX, transport }), [[null, 5233, false]], name)
      t.same(three.asked, both)
      const two = setUp('::.20.113', [2], refusal)
      t.same(two.find({ ...SIX, transport }), [['REFUSED', 0, false]], name)
      t.same(two.asked, both)
    }
  }
  t.end()
})

t.test('a program that is not registered for IPv6', (t) => {
  for (const uaddr of ['', '::.0.0']) {
    const { find, asked } = setUp(uaddr)
    t.same(find({ ...SIX, transport: 'udp' }), [['UNREGISTERED', 0, false]], uaddr)
    t.same(find({ ...SIX, transport: 'udp' }), [['UNREGISTERED', 0, false]], 'what is not there may come')
    t.equal(asked.length, 2)
  }
  t.end()
})

t.test('universal addresses', (t) => {
  const port = (uaddr: string): unknown => setUp(uaddr).find({ ...SIX, transport: 'udp' })
  t.same(port('::.0.1'), [[null, 1, false]])
  t.same(port('::.255.255'), [[null, 65535, false]])
  t.same(port('fe80::1%eth0.3.8.1'), [[null, 2049, false]])
  const malformed = [
    '::',
    '::1.111',
    '::1.256.1',
    '::1.1.256',
    '::1.1.',
    '::1.-1.1',
    '::1.1.1 ',
    'x.1.1',
    '.1.1',
    '1.1',
  ]
  for (const uaddr of [...malformed, 'x'.repeat(1024), 'x'.repeat(1025)])
    t.same(port(uaddr), [['GARBLED', 0, false]], uaddr)
  t.end()
})

t.test('who does not answer is not asked by another version', (t) => {
  const { find, asked } = setUp('', [])
  t.same(find({ ...SIX, transport: 'tcp' }, 15_000), [['TIMEOUT', 0, false]])
  t.same(asked, [askedOfSix('tcp', 4)])
  t.end()
})
