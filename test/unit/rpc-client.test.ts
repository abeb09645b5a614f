import t from 'tap'
import { type Lease, RenewedLease, UNLIMITED } from '../../mover/lease.ts'
import type { Carrier, CarrierUser, Peer } from '../../mover/net/carrier.ts'
import type { Transport } from '../../mover/net/message.ts'
import { type CallFailure, OutgoingCalls, type OutgoingLimits } from '../../mover/rpc/client/outgoing-calls.ts'
import { PortFinder } from '../../mover/rpc/client/port-finder.ts'
import { RpcClient } from '../../mover/rpc/client/rpc-client.ts'
import { SM_PROG, SM_VERS, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import { readrpc_msg } from '../../protocol/rpc/rpc.gen.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { hex } from './rpc-support.ts'

interface Sent {
  atMs: number
  transport: Transport
  to: string
  message: Uint8Array
}

/** Calls over carriers that only remember what they were given. */
function setUp(limits: Partial<OutgoingLimits> = {}, lease: Lease = UNLIMITED) {
  const environment = new TestEnvironment(7)
  const sent: Sent[] = []
  let closed = 0
  const carrier = (transport: Transport): Carrier => ({
    send: ({ localAddress, host, port }, message) => {
      const to = `${localAddress} -> ${host}:${port}`
      sent.push({ atMs: environment.monotonicMs(), transport, to, message })
    },
    close: () => closed++,
  })
  let user: CarrierUser | null = null
  const calls = new OutgoingCalls(
    environment,
    'mover a',
    (its) => {
      user = its
      return { tcp: carrier('tcp'), udp: carrier('udp') }
    },
    limits,
    lease,
  )
  const outcomes: [name: string, failure: CallFailure | null, result: unknown][] = []
  /** How often each may have arrived. */
  const arrived: number[] = []
  const stat = (name: string, peer: Peer): void => {
    const args = { mon_name: Buffer.from(name) }
    calls.call(peer, { ...STAT, args }, (failure, result, arrivals) => {
      outcomes.push([name, failure, result])
      arrived.push(arrivals)
    })
  }
  /** The host's reply to the message that was sent as number `index`. */
  const reply = (index: number, body: string, from: Partial<Peer> = {}): void => {
    const peer = { ...UDP, transport: sent[index].transport, ...from }
    const bytes = Buffer.concat([sent[index].message.subarray(0, 4), hex(body)])
    user?.received(peer.transport, peer.host, peer.port, bytes)
  }
  const times = (): number[] => sent.map(({ atMs }) => atMs)
  return {
    environment,
    calls,
    sent,
    outcomes,
    arrived,
    stat,
    reply,
    times,
    user: user as unknown as CarrierUser,
    closed: () => closed,
  }
}

const STAT = { program: SM_PROG, version: SM_VERS, codec: SM_VERS_codecs.SM_STAT }
const UDP: Peer = { transport: 'udp', localAddress: '10.0.0.254', host: '10.0.0.9', port: 900 }
const TCP: Peer = { ...UDP, transport: 'tcp' }
const ACCEPTED = '00000001 00000000 00000000 00000000 00000000'
const DONE = `${ACCEPTED} 00000000 00000005`
const RESULT = { res_stat: 0, state: 5 }

t.test('a call, and its answer', (t) => {
  const { sent, stat, reply, outcomes, calls } = setUp()
  stat('one', UDP)
  t.equal(sent.length, 1)
  t.match(sent[0], { transport: 'udp', to: '10.0.0.254 -> 10.0.0.9:900' })
  const reader = new XdrReader().reset(sent[0].message, 0, sent[0].message.length)
  const { body } = readrpc_msg(reader)
  t.match(body, {
    mtype: 0,
    cbody: { rpcvers: 2, prog: SM_PROG, vers: 1, proc: 1, cred: { flavor: 1 }, verf: { flavor: 0 } },
  })
  const credential = body.mtype === 0 ? Buffer.from(body.cbody.cred.body) : null
  t.equal(
    credential?.subarray(4).toString('hex'),
    `00000007${Buffer.from('mover a\0').toString('hex')}${'0'.repeat(24)}`,
  )
  t.equal(Buffer.from(STAT.codec.readArgs(reader).mon_name).toString(), 'one')
  t.same(outcomes, [])
  reply(0, DONE)
  t.same(outcomes, [['one', null, RESULT]])
  reply(0, DONE)
  t.equal(outcomes.length, 1, 'once')
  t.equal(calls.size, 0)
  t.end()
})

t.test('over UDP a call is sent again until it is answered', (t) => {
  const { environment, sent, stat, times, reply, outcomes } = setUp()
  stat('one', UDP)
  environment.advance(8000)
  t.same(times(), [0, 1000, 3000, 7000])
  for (const { message } of sent) t.same(message, sent[0].message, 'with the same xid')
  reply(1, DONE)
  environment.advance(60_000)
  t.equal(sent.length, 4)
  t.same(outcomes, [['one', null, RESULT]])
  t.end()
})

t.test('without an answer it fails in the end', (t) => {
  const { environment, stat, times, outcomes, reply } = setUp()
  stat('one', UDP)
  environment.advance(14_999)
  t.same(outcomes, [])
  environment.advance(1)
  t.same(outcomes, [['one', 'TIMEOUT', undefined]])
  t.same(times(), [0, 1000, 3000, 7000])
  reply(0, DONE)
  t.equal(outcomes.length, 1, 'a late answer is none')
  t.end()
})

t.test('over TCP a call is sent again when the stream has ended, and then only', (t) => {
  const { environment, stat, times, outcomes, reply, user } = setUp()
  stat('one', TCP)
  environment.advance(4000)
  t.same(times(), [0])
  user.lost({ ...TCP, port: 901 })
  user.lost(UDP)
  environment.advance(4000)
  t.same(times(), [0], 'other streams')
  user.lost(TCP)
  t.same(times(), [0, 8000], 'at once the first time')
  user.lost(TCP)
  t.same(times(), [0, 8000], 'later after that')
  environment.advance(7000)
  t.same(outcomes, [['one', 'TIMEOUT', undefined]])
  stat('two', TCP)
  user.lost(TCP)
  user.lost(TCP)
  environment.advance(2000)
  t.same(times().slice(2), [15_000, 15_000, 17_000])
  reply(4, DONE)
  t.same(outcomes[1], ['two', null, RESULT])
  t.end()
})

t.test('how often a call may have arrived', (t) => {
  const { environment, stat, arrived, reply, user } = setUp()
  stat('unanswered', UDP)
  environment.advance(15_000)
  stat('refused, the second time', UDP)
  environment.advance(1000)
  reply(5, '00000001 00000000 00000000 00000000 00000001')
  stat('without a stream', TCP)
  user.unreachable(TCP)
  stat('lost with a stream, without another one', TCP)
  user.lost(TCP)
  user.unreachable(TCP)
  stat('lost with two streams', TCP)
  user.lost(TCP)
  user.lost(TCP)
  user.unreachable(TCP)
  t.same(arrived, [4, 1, 0, 1, 2])
  t.end()
})

t.test('nobody listens', (t) => {
  const { stat, outcomes, user } = setUp()
  stat('one', TCP)
  stat('other port', { ...TCP, port: 901 })
  stat('other transport', UDP)
  stat('two', TCP)
  user.unreachable(TCP)
  t.same(outcomes, [
    ['one', 'UNREACHABLE', undefined],
    ['two', 'UNREACHABLE', undefined],
  ])
  t.end()
})

t.test('answers that are none', (t) => {
  const { stat, outcomes, reply, user, sent } = setUp()
  const cases: [body: string, failure: CallFailure][] = [
    ['00000001 00000000 00000000 00000000 00000001', 'REFUSED'],
    ['00000001 00000000 00000000 00000000 00000002 00000001 00000003', 'REFUSED'],
    ['00000001 00000001 00000001 00000005', 'REFUSED'],
    ['00000001 00000001 00000000 00000002 00000002', 'REFUSED'],
    [`${ACCEPTED} 00000000`, 'GARBLED'],
    [`${ACCEPTED} 00000000 00000005 00000000`, 'GARBLED'],
    [`${ACCEPTED} 00000007 00000005`, 'GARBLED'],
    ['00000001', 'GARBLED'],
    ['', 'GARBLED'],
  ]
  for (const [i, [body, failure]] of cases.entries()) {
    stat(body, UDP)
    reply(i, body)
    t.same(outcomes[i], [body, failure, undefined])
  }
  stat('one', UDP)
  const last = sent.length - 1
  reply(last, DONE, { host: '10.0.0.8' })
  reply(last, DONE, { port: 901 })
  reply(last, DONE, { transport: 'tcp' })
  user.received('udp', UDP.host, UDP.port, new Uint8Array(3))
  t.equal(outcomes.length, cases.length, 'nobody else can answer')
  reply(last, DONE)
  t.equal(outcomes.length, cases.length + 1)
  t.end()
})

t.test('calls under way are bounded, for each host and in all', (t) => {
  const { environment, calls, stat, outcomes, reply } = setUp({ maxCalls: 3, maxCallsPerHost: 2 })
  stat('one', UDP)
  stat('two', TCP)
  stat('three', UDP)
  t.same(outcomes, [], 'nothing is said while a call is made')
  environment.advance(0)
  t.same(outcomes, [['three', 'BUSY', undefined]])
  stat('four', { ...UDP, host: '10.0.0.8' })
  stat('five', { ...UDP, host: '10.0.0.7' })
  environment.advance(0)
  t.same(outcomes[1], ['five', 'BUSY', undefined])
  t.equal(calls.size, 3)
  reply(0, DONE)
  stat('six', UDP)
  t.equal(calls.size, 3)
  environment.advance(15_000)
  t.equal(calls.size, 0)
  t.equal(outcomes.length, 6)
  t.end()
})

t.test('a host has few calls under way until it answers, and again when it does not', (t) => {
  const { environment, calls, stat, outcomes, reply } = setUp({ maxCallsPerHost: 4, maxCallsPerSilentHost: 1 })
  const busy = (): number => outcomes.filter(([, failure]) => failure === 'BUSY').length
  const ask = (count: number): void => {
    for (let i = 0; i < count; i++) stat(String(i), UDP)
    environment.advance(0)
  }
  ask(3)
  t.equal(calls.size, 1)
  t.equal(busy(), 2)
  reply(0, DONE)
  ask(5)
  t.equal(calls.size, 4, 'it has answered')
  t.equal(busy(), 3)
  environment.advance(15_000)
  t.equal(calls.size, 0)
  ask(2)
  t.equal(calls.size, 1, 'it has not')
  t.equal(busy(), 4)
  t.end()
})

t.test('who waits for room is told of it, hosts in turn', (t) => {
  const { environment, calls, stat, reply } = setUp({ maxCalls: 3, maxCallsPerHost: 2 })
  const told: string[] = []
  const wait = (name: string, peer: Peer) =>
    calls.whenRoom(peer.host, () => {
      told.push(name)
      stat(name, peer)
    })
  const other = { ...UDP, host: '10.0.0.8' }
  stat('one', UDP)
  stat('two', UDP)
  wait('three', UDP)
  wait('four', UDP)
  const five = wait('five', UDP)
  wait('six', UDP)
  environment.advance(0)
  t.same(told, [])
  wait('seven', other)
  wait('eight', other)
  t.same(told, [], 'later')
  environment.advance(0)
  t.same(told, ['seven'], 'there is room for another host')
  five()
  reply(0, DONE)
  t.same(told, ['seven', 'three'], 'one for one')
  reply(1, DONE)
  t.same(told, ['seven', 'three', 'eight'], 'who has had none for longest')
  reply(3, DONE)
  t.same(told, ['seven', 'three', 'eight', 'four'])
  environment.advance(15_000)
  t.same(told, ['seven', 'three', 'eight', 'four', 'six'])
  wait('nine', UDP)
  wait('ten', UDP)
  wait('eleven', UDP)
  calls.close()
  environment.advance(60_000)
  t.same(told.slice(5), [], 'not when we end')
  t.end()
})

t.test('what needs no answer is sent once', (t) => {
  const { environment, calls, sent, reply } = setUp({ maxCalls: 0 })
  const args = { mon_name: Buffer.from('a'), state: 3 }
  calls.tell(UDP, { ...STAT, codec: SM_VERS_codecs.SM_NOTIFY, args })
  environment.advance(60_000)
  t.equal(sent.length, 1)
  reply(0, ACCEPTED)
  t.equal(calls.size, 0)
  t.end()
})

t.test('the end', (t) => {
  const { environment, calls, sent, stat, outcomes, closed } = setUp()
  stat('one', UDP)
  calls.close()
  calls.close()
  t.same(outcomes, [['one', 'CLOSED', undefined]])
  t.equal(closed(), 2)
  stat('two', UDP)
  calls.tell(UDP, { ...STAT, codec: SM_VERS_codecs.SM_NOTIFY, args: { mon_name: Buffer.from('a'), state: 3 } })
  environment.advance(60_000)
  t.same(outcomes[1], ['two', 'CLOSED', undefined])
  t.equal(sent.length, 1)
  t.end()
})

t.test('where a program listens is asked once, and for a minute', (t) => {
  const { environment, calls, sent, reply } = setUp()
  const ports = new PortFinder(environment, calls)
  const found: unknown[] = []
  const { port: _, ...address } = UDP
  const find = (version = 4): void => ports.find(address, 100021, version, (...answer) => found.push(answer))
  find()
  find()
  t.equal(sent.length, 1)
  t.equal(sent[0].to, '10.0.0.254 -> 10.0.0.9:111')
  t.equal(
    Buffer.from(sent[0].message).subarray(-16).toString('hex'),
    '000186b5000000040000001100000000',
    'GETPORT over UDP',
  )
  reply(0, `${ACCEPTED} 00000fa0`, { port: 111 })
  t.same(found.splice(0), [
    [null, 4000, false],
    [null, 4000, false],
  ])
  find()
  t.same(found.splice(0), [[null, 4000, true]], 'at once')
  find(3)
  t.equal(sent.length, 2, 'another version')
  reply(1, `${ACCEPTED} 00000000`, { port: 111 })
  t.same(found.splice(0), [['UNREGISTERED', 0, false]])
  find(3)
  t.equal(sent.length, 3, 'what is not there may come')
  reply(2, `${ACCEPTED} 00010000`, { port: 111 })
  t.same(found.splice(0), [['UNREGISTERED', 65536, false]])
  ports.forget(address, 100021, 4)
  find()
  reply(3, `${ACCEPTED} 00000fa1`, { port: 111 })
  t.same(found.splice(0), [[null, 4001, false]])
  environment.advance(60_000)
  find()
  t.equal(sent.length, 5)
  environment.advance(15_000)
  t.same(found.splice(0), [['TIMEOUT', 0, false]])
  t.end()
})

t.test('ports of so many programs are remembered, not of more', (t) => {
  const { environment, calls, sent, reply } = setUp()
  const ports = new PortFinder(environment, calls)
  const { port: _, ...address } = UDP
  const ask = (program: number): boolean => {
    const before = sent.length
    ports.find(address, program, 1, () => {})
    if (sent.length === before) return false
    reply(before, `${ACCEPTED} 00000fa0`, { port: 111 })
    return true
  }
  for (let program = 0; program < 300; program++) t.ok(ask(program))
  t.notOk(ask(299))
  t.notOk(ask(44))
  t.ok(ask(43), 'the oldest is forgotten')
  t.end()
})

t.test('a program that is not where it was is looked for again', (t) => {
  const { environment, calls, sent, reply } = setUp()
  const client = new RpcClient(environment, calls, new PortFinder(environment, calls))
  const { port: _, ...address } = UDP
  const outcomes: unknown[] = []
  const stat = (): void =>
    client.call(address, { ...STAT, args: { mon_name: Buffer.from('x') } }, (...answer) => outcomes.push(answer))
  stat()
  reply(0, `${ACCEPTED} 00000fa0`, { port: 111 })
  t.equal(sent[1].to, '10.0.0.254 -> 10.0.0.9:4000')
  reply(1, DONE, { port: 4000 })
  stat()
  t.equal(sent.length, 3, 'the port is remembered')
  reply(2, '00000001 00000000 00000000 00000000 00000001', { port: 4000 })
  t.equal(sent[3].to, '10.0.0.254 -> 10.0.0.9:111', 'somebody else listens there')
  reply(3, `${ACCEPTED} 00000fa1`, { port: 111 })
  t.equal(sent[4].to, '10.0.0.254 -> 10.0.0.9:4001')
  reply(4, '00000001 00000000 00000000 00000000 00000001', { port: 4001 })
  t.same(outcomes, [
    [null, RESULT, 1],
    ['REFUSED', undefined, 0],
  ])
  stat()
  t.equal(sent[5].to, '10.0.0.254 -> 10.0.0.9:111', 'the port is not remembered')
  reply(5, `${ACCEPTED} 00000fa1`, { port: 111 })
  client.tell(address, { ...STAT, codec: SM_VERS_codecs.SM_NOTIFY, args: { mon_name: Buffer.from('a'), state: 3 } })
  t.equal(sent[7].to, '10.0.0.254 -> 10.0.0.9:4001')
  client.close()
  t.same(outcomes[2], ['CLOSED', undefined, 1])
  t.end()
})

t.test(
  'nothing leaves a mover whose lease has run out: calls wait for their next attempt, messages for the lease',
  (t) => {
    const leaseMs = 1500
    let nowMs = 0
    const lease = new RenewedLease(leaseMs, () => nowMs)
    const { environment, calls, sent, stat, reply, outcomes, arrived } = setUp({}, lease)
    lease.renew(0)
    nowMs = leaseMs
    stat('udp', UDP)
    stat('tcp', TCP)
    let isWanted = true
    const note = {
      program: SM_PROG,
      version: SM_VERS,
      codec: SM_VERS_codecs.SM_NOTIFY,
      args: { mon_name: new Uint8Array(), state: 1 },
    }
    calls.tell(UDP, { ...note, isWanted: () => isWanted })
    calls.tell(TCP, note)
    environment.advance(5000)
    t.equal(sent.length, 0)
    isWanted = false
    lease.renew(nowMs)
    t.same(
      sent.map(({ transport }) => transport),
      ['tcp'],
      'what nobody wants any more is not sent',
    )
    environment.advance(3000)
    t.same(
      sent.map(({ transport }) => transport),
      ['tcp', 'udp', 'tcp'],
      'a call over a stream, once',
    )
    reply(1, DONE)
    reply(2, DONE)
    t.same(outcomes, [
      ['udp', null, RESULT],
      ['tcp', null, RESULT],
    ])
    t.same(arrived, [1, 1], 'what has not left has not arrived')
    t.end()
  },
)

t.test('without a lease only so many messages are kept', (t) => {
  let nowMs = 0
  const lease = new RenewedLease(1500, () => nowMs)
  const { calls, sent } = setUp({ maxCalls: 3 }, lease)
  const args = { mon_name: new Uint8Array(), state: 1 }
  const tell = (times: number): void => {
    const note = { program: SM_PROG, version: SM_VERS, codec: SM_VERS_codecs.SM_NOTIFY, args }
    for (let i = 0; i < times; i++) calls.tell(UDP, note)
  }
  lease.renew(0)
  tell(5)
  t.equal(sent.length, 5, 'with a lease they leave at once')
  nowMs = 1500
  tell(5)
  lease.renew(nowMs)
  t.equal(sent.length, 5 + 3)
  tell(1)
  t.equal(sent.length, 5 + 3 + 1)
  t.end()
})
