/** Clients that wait for locks and cannot be told that they have them: over real sockets, in the test's own time. */
import t, { type Test } from 'tap'
import type { Transport } from '../../mover/net/message.ts'
import { NLM_PROG } from '../../protocol/nlm4/nlm.gen.ts'
import { versionOf } from '../unit/nlm-support.ts'
import { type Called, Callee, type Manner, portmapperOf, success } from './callee.ts'
import { LockMover, MOVER_HOST } from './lock-mover.ts'
import { LockPeer } from './lock-peer.ts'

const GRANTED = 0
const GRANTED_PROCEDURE = 5
const DENIED = 1
/** Longer than it takes until who cannot have heard is given up. */
const PATIENCE_S = 400
const STEP_MS = 1000

/**
 * Whether the client loses its lock again: it cannot have heard of it; or keeps it, since it may have. What becomes of a
 * message that has left is not known, also where nobody listens.
 */
type Fate = 'given up' | 'kept'
interface Bad {
  what: string
  manner: ((port: number) => Manner) | null
  tcp: Fate
  udp: Fate
}

const silent: Manner = () => {}
const garbage: Manner = ({ raw }) => raw(Buffer.from('GET / HTTP/1.1\r\nHost: nas\r\n\r\n'))
const hangUp: Manner = (called) => called.hangUp()
const longest: Manner = ({ raw }) => raw(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1))
const strange: Manner = ({ send }) => send(success(0, [0]))

function lockManager(manner: Manner): Bad['manner'] {
  return (port) => portmapperOf(port, manner)
}

/** As a lock manager answers: the cookie is the first of the arguments. */
function answer(called: Called, stat: number): void {
  const cookie = called.args.opaque(1024)
  called.reply(cookie.length, ...wordsOf(cookie), stat)
}

function wordsOf(cookie: Uint8Array): number[] {
  return Array.from({ length: cookie.length / 4 }, (_, i) => Buffer.from(cookie).readUInt32BE(4 * i))
}

const BAD: Bad[] = [
  { what: 'nobody listens', manner: null, tcp: 'given up', udp: 'given up' },
  { what: 'the portmapper is silent', manner: () => silent, tcp: 'given up', udp: 'given up' },
  { what: 'the portmapper answers what is no RPC', manner: () => garbage, tcp: 'given up', udp: 'given up' },
  { what: 'the portmapper answers a record of 2 GiB', manner: () => longest, tcp: 'given up', udp: 'given up' },
  { what: 'the portmapper answers somebody else', manner: () => strange, tcp: 'given up', udp: 'given up' },
  { what: 'the portmapper hangs up', manner: () => hangUp, tcp: 'given up', udp: 'given up' },
  {
    what: 'the portmapper knows no lock manager',
    manner:
      () =>
      ({ reply }) =>
        reply(0),
    tcp: 'given up',
    udp: 'given up',
  },
  {
    what: 'the portmapper names a port that is none',
    manner:
      () =>
      ({ reply }) =>
        reply(70_000),
    tcp: 'given up',
    udp: 'given up',
  },
  {
    what: 'at the port nobody listens',
    manner:
      () =>
      ({ reply }) =>
        reply(1),
    tcp: 'kept',
    udp: 'kept',
  },
  { what: 'the lock manager is silent', manner: lockManager(silent), tcp: 'kept', udp: 'kept' },
  { what: 'the lock manager answers what is no RPC', manner: lockManager(garbage), tcp: 'kept', udp: 'kept' },
  {
    what: 'the lock manager answers too little',
    manner: lockManager(({ reply }) => reply()),
    tcp: 'kept',
    udp: 'kept',
  },
  { what: 'the lock manager hangs up', manner: lockManager(hangUp), tcp: 'kept', udp: 'kept' },
  {
    what: 'the lock manager does not want it',
    manner: lockManager((called) => answer(called, DENIED)),
    tcp: 'given up',
    udp: 'given up',
  },
]

async function setUp(t: Test) {
  const mover = await LockMover.start(t)
  const at = { host: MOVER_HOST, port: mover.port }
  const open = async (address: string, manner: Manner | null = null): Promise<LockPeer> => {
    const peer = await LockPeer.open(address, at)
    t.teardown(() => peer.close())
    if (manner !== null) {
      const callee = await Callee.open(address, mover.portmapPort, manner)
      t.teardown(() => callee.close())
    }
    return peer
  }
  const owner = await open('127.0.1.1')
  const witness = await open('127.0.1.2')
  const other = await mover.file('other')
  let served = 0
  /** Lets time pass until that is so; another client is served all the while. */
  const pass = async (seconds: number, isOver: () => boolean): Promise<boolean> => {
    for (let i = 0; i < seconds && !isOver(); i++) {
      mover.clock.advance(STEP_MS)
      served += await witness.rounds(1, other)
      if (served !== i + 1) throw new Error('the witness is not served')
    }
    served = 0
    return isOver()
  }
  return { mover, open, owner, witness, other, pass }
}

t.test('who cannot be told holds nobody up but those who wait for the same', async (t) => {
  const { mover, open, owner, pass } = await setUp(t)
  const ways = BAD.flatMap((bad) => (['tcp', 'udp'] as Transport[]).map((transport) => ({ ...bad, transport })))
  const told = new Set<number>()
  const understands = portmapperOf(mover.portmapPort, (called) => {
    answer(called, GRANTED)
    called.args.bool()
    for (const _ of ['caller_name', 'fh', 'oh']) called.args.opaque(1024)
    told.add(called.args.u32())
  })
  const sound = await open('127.0.1.9', understands)
  const files: Uint8Array[] = []
  for (const [i, { what, transport, manner }] of ways.entries()) {
    const fh = await mover.file(`${what} ${transport}`)
    files.push(fh)
    const bad = await open(`127.0.2.${i + 1}`, manner?.(mover.portmapPort) ?? null)
    t.equal(await owner.nlm('LOCK', fh), 'GRANTED')
    t.equal(await bad.nlm('LOCK', fh, { name: 'bad', transport, block: true }), 'BLOCKED')
    t.equal(await sound.nlm('LOCK', fh, { name: 'sound', svid: i, oh: `${i}`, block: true }), 'BLOCKED')
  }
  const own = await mover.file('own')
  t.equal(await owner.nlm('LOCK', own), 'GRANTED')
  t.equal(await sound.nlm('LOCK', own, { name: 'sound', svid: 1000, block: true }), 'BLOCKED')
  t.equal(mover.remembered['waiting'], 2 * ways.length + 1)
  for (const fh of files) t.equal(await owner.nlm('UNLOCK', fh), 'GRANTED')
  t.equal(await owner.nlm('UNLOCK', own), 'GRANTED')
  t.ok(await pass(5, () => told.has(1000)), 'a sound client is told meanwhile')
  const lost = ways.flatMap((way, i) => (way[way.transport] === 'given up' ? i : []))
  t.ok(await pass(PATIENCE_S, () => lost.every((i) => told.has(i))), 'and has what others have been given up for')
  await pass(PATIENCE_S, () => false)
  for (const [i, way] of ways.entries()) {
    t.equal(told.has(i), way[way.transport] === 'given up', `${way.what}, ${way.transport}`)
  }
  const kept = (await mover.mover.locks()).held.filter(({ client }) => client.startsWith('bad '))
  t.equal(kept.length, ways.length - lost.length, 'who may have heard keeps it')
  for (const { id } of kept) t.ok((await mover.mover.breakLock(id)).broken)
  t.ok(await pass(PATIENCE_S, () => told.size === ways.length + 1), 'until somebody takes it away')
  t.ok(await pass(PATIENCE_S, () => mover.remembered['told'] === 0))
  t.match(mover.remembered, { waiting: 0, told: 0, asked: 0, callbacks: 0 })
  t.equal(
    new Set(mover.complaints).size,
    mover.complaints.length,
    `each of them is complained of once: ${mover.complaints.join(' ')}`,
  )
  t.ok(mover.complaints.every((line) => /^cannot tell 127\.0\.2\.\d+ that it has a lock/.test(line)))
})

t.test('many addresses that never answer leave room for who does', async (t) => {
  const { mover, open, owner, witness, other } = await setUp(t)
  const fh = await mover.file('f')
  const own = await mover.file('own')
  t.equal(await owner.nlm('LOCK', fh, { length: 0 }), 'GRANTED')
  t.equal(await owner.nlm('LOCK', own), 'GRANTED')
  let isTold = false
  const sound = await open(
    '127.0.1.9',
    portmapperOf(mover.portmapPort, (called) => {
      isTold = true
      answer(called, GRANTED)
    }),
  )
  t.equal(await sound.nlm('LOCK', own, { name: 'sound', block: true }), 'BLOCKED')
  const hosts = 40
  const each = 20
  for (let host = 1; host <= hosts; host++) {
    const peer = await open(`127.0.3.${host}`, portmapperOf(mover.portmapPort, silent))
    const asked = Array.from({ length: each }, (_, i) => {
      const start = host * each + i
      return peer.nlm('LOCK', fh, { name: 'deaf', svid: start, oh: `${start}`, start, length: 1, block: true })
    })
    t.same(new Set(await Promise.all(asked)), new Set(['BLOCKED']))
  }
  t.equal(await owner.nlm('UNLOCK', fh, { length: 0 }), 'GRANTED')
  t.equal(mover.remembered['told'], hosts * each)
  // What is due at once is due in no time.
  mover.clock.advance(1)
  t.equal(await witness.rounds(20, other), 20)
  t.ok(Number(mover.remembered['callbacks']) > hosts, 'the lock managers are being called')
  t.equal(await owner.nlm('UNLOCK', own), 'GRANTED')
  mover.clock.advance(1)
  t.equal(await witness.rounds(20, other), 20)
  t.ok(isTold, 'a sound client is told while others are being waited for')
})

t.test('who answers late, or again and again, has its lock', async (t) => {
  const { mover, open, owner, pass } = await setUp(t)
  const [lateFile, eagerFile] = [await mover.file('late'), await mover.file('eager')]
  let calls = 0
  const kept: (() => void)[] = []
  // Answers the third time that it is called, and then what it was asked before, too.
  const late = portmapperOf(mover.portmapPort, (called) => {
    if (called.procedure !== GRANTED_PROCEDURE) return
    kept.push(() => answer(called, GRANTED))
    if (++calls === 3) for (const reply of kept) reply()
  })
  const eager = portmapperOf(mover.portmapPort, (called) => {
    const cookie = called.args.opaque(1024).slice()
    for (let i = 0; i < 1000; i++) called.reply(cookie.length, ...wordsOf(cookie), i === 0 ? GRANTED : DENIED)
  })
  const peers: [LockPeer, Uint8Array][] = [
    [await open('127.0.1.7', late), lateFile],
    [await open('127.0.1.8', eager), eagerFile],
  ]
  for (const [peer, fh] of peers) {
    t.equal(await owner.nlm('LOCK', fh), 'GRANTED')
    t.equal(await peer.nlm('LOCK', fh, { name: 'peer', block: true }), 'BLOCKED')
    t.equal(await owner.nlm('UNLOCK', fh), 'GRANTED')
  }
  t.ok(await pass(PATIENCE_S, () => mover.remembered['told'] === 0))
  t.ok(calls >= 3)
  const held = (await mover.held).filter((line) => line.includes(' owner '))
  t.same(held.map((line) => line.split(' ')[1]).sort(), ['127.0.1.7', '127.0.1.8'])
  t.match(mover.remembered, { waiting: 0, callbacks: 0 })
})

t.test('nobody else can answer for who is told by a message', async (t) => {
  const { mover, open, owner, pass, witness } = await setUp(t)
  const fh = await mover.file('f')
  const { codecs } = versionOf(4)
  let cookie: Uint8Array | null = null
  const hears = portmapperOf(mover.portmapPort, (called) => {
    if (called.procedure === codecs.GRANTED_MSG.number) cookie ??= called.args.opaque(1024).slice()
    called.reply()
  })
  const waiter = await open('127.0.1.7', hears)
  t.equal(await owner.nlm('LOCK', fh), 'GRANTED')
  const wanted = { block: true, exclusive: true, reclaim: false, state: 3, cookie: Uint8Array.of(1) }
  await waiter.call('udp', NLM_PROG, 4, codecs.LOCK_MSG, { ...wanted, alock: waiter.alock(fh, {}) } as never)
  t.equal(mover.remembered['waiting'], 1)
  t.equal(await owner.nlm('UNLOCK', fh), 'GRANTED')
  t.ok(await pass(10, () => cookie !== null))
  const answerOf = (peer: LockPeer, its: Uint8Array, stat: number) =>
    peer.call('udp', NLM_PROG, 4, codecs.GRANTED_RES, { cookie: its, stat: { stat } } as never)
  const its = cookie ?? new Uint8Array(0)
  await answerOf(witness, its, DENIED)
  await answerOf(witness, its, GRANTED)
  for (let at = 0; at < its.length; at++) {
    const forged = its.slice()
    forged[at] ^= 1
    await answerOf(waiter, forged, DENIED)
  }
  t.equal(mover.remembered['told'], 1, 'it is told still')
  t.equal((await mover.held).length, 1)
  await answerOf(waiter, its, GRANTED)
  t.match(mover.remembered, { waiting: 0, told: 0 })
  t.equal((await mover.held).length, 1, 'and has it')
})
