/** What a broken or hostile client of the lock server may send, over real sockets to a whole mover. */
import t, { type Test } from 'tap'
import type { Transport } from '../../mover/net/message.ts'
import { NLM_PROG } from '../../protocol/nlm4/nlm.gen.ts'
import { SM_PROG, SM_VERS, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import { versionOf } from '../unit/nlm-support.ts'
import { LockMover, MOVER_HOST } from './lock-mover.ts'
import { encode, LockPeer, lengthened, type Wanted } from './lock-peer.ts'

const VERSIONS = [1, 3, 4]
const TRANSPORTS: Transport[] = ['tcp', 'udp']
const GARBAGE_ARGS = 'accept_stat 4'
const TWO_32 = 2n ** 32n
const TWO_64 = 2n ** 64n
const PROCEDURES = ['LOCK', 'UNLOCK', 'CANCEL', 'NM_LOCK'] as const
/** Rounds of a client of another file, each of three calls. */
const ROUNDS = 20

async function setUp(t: Test) {
  const mover = await LockMover.start(t)
  const open = async (address: string): Promise<LockPeer> => {
    const peer = await LockPeer.open(address, { host: MOVER_HOST, port: mover.port })
    t.teardown(() => peer.close())
    return peer
  }
  const [owner, hostile, witness] = await Promise.all(['127.0.1.1', '127.0.1.2', '127.0.1.3'].map(open))
  const [fh, other] = [await mover.file('f'), await mover.file('other')]
  /** A client of another file is served, and nobody has been told of more than `complaints`. */
  const isWell = async (t: Test, complaints: number, what: string): Promise<void> => {
    t.equal(await witness.rounds(ROUNDS, other), ROUNDS, `${what}: another client is served`)
    t.equal(mover.complaints.length, complaints, mover.complaints.join('\n'))
  }
  return { mover, open, owner, hostile, witness, fh, other, isWell }
}

/** Each version over each transport. */
async function everyWay(run: (way: { version: number; transport: Transport }) => Promise<void>): Promise<void> {
  for (const version of VERSIONS) for (const transport of TRANSPORTS) await run({ version, transport })
}

function changed(handle: Uint8Array, at: number): Uint8Array {
  const copy = handle.slice()
  copy[at] ^= 1
  return copy
}

t.test('handles that are none, and those of files that are gone', async (t) => {
  const { mover, owner, hostile, fh, isWell } = await setUp(t)
  const elsewhere = await LockMover.start(t)
  const gone = await mover.file('gone')
  await mover.nfs.call('NFSPROC3_REMOVE', { object: { dir: { data: mover.root }, name: Buffer.from('gone') } })
  const bad: [string, Uint8Array][] = [
    ['no bytes', new Uint8Array(0)],
    ['one byte', fh.subarray(0, 1)],
    ['all but one byte', fh.subarray(0, fh.length - 1)],
    ['another byte behind', Buffer.concat([fh, Buffer.from([0])])],
    ['zeros', new Uint8Array(fh.length)],
    ['as long as can be', new Uint8Array(1024).fill(0xff)],
    ...Array.from({ length: fh.length }, (_, at): [string, Uint8Array] => [`byte ${at} changed`, changed(fh, at)]),
    ['a file that is gone', gone],
    ['of another appliance', await elsewhere.file('f')],
  ]
  t.equal(await owner.nlm('LOCK', fh), 'GRANTED')
  const held = await mover.held
  await everyWay(async (way) => {
    const refused = way.version === 4 ? 'STALE_FH' : 'DENIED_NOLOCKS'
    const where = `NLM ${way.version}, ${way.transport}`
    const procedures = way.version === 1 ? (['LOCK', 'UNLOCK', 'CANCEL'] as const) : PROCEDURES
    for (const [what, handle] of bad) {
      for (const procedure of procedures) {
        const status = await hostile.nlm(procedure, handle, { ...way, block: true })
        // Of a file that is gone nothing is left to be given up.
        const isLeft = handle !== gone || procedure === 'LOCK' || procedure === 'NM_LOCK'
        if (status !== (isLeft ? refused : 'GRANTED')) t.fail(`${where} ${procedure}, ${what}: ${status}`)
      }
      t.equal(await hostile.test(handle, way), refused, `${where}, ${what}`)
    }
    const directory = await hostile.nlm('LOCK', mover.root, way)
    t.equal(directory, way.version === 4 ? 'FAILED' : 'DENIED_NOLOCKS', `${where}, a directory`)
    t.equal(
      await hostile.nlm('LOCK', new Uint8Array(1024), { ...way, isTooLong: true }),
      GARBAGE_ARGS,
      `${where}, too long`,
    )
  })
  t.same(await mover.held, held, 'nothing was locked or unlocked')
  t.equal(mover.remembered['clients'], 1, 'nor is anybody remembered')
  await isWell(t, 0, 'handles')
})

t.test('ranges that end behind the last byte', async (t) => {
  const { mover, owner, hostile, fh, isWell } = await setUp(t)
  await everyWay(async (way) => {
    const limit = way.version === 4 ? TWO_64 : TWO_32
    const refused = way.version === 4 ? 'FBIG' : 'DENIED_NOLOCKS'
    const where = `NLM ${way.version}, ${way.transport}`
    for (const [start, length] of [
      [limit - 1n, 2n],
      [limit - 1n, limit - 2n],
      [3n, limit - 2n],
      [limit / 2n, limit / 2n + 1n],
    ]) {
      const range: Wanted = { ...way, start, length }
      for (const procedure of ['LOCK', 'UNLOCK', 'CANCEL'] as const) {
        t.equal(
          await hostile.nlm(procedure, fh, range),
          refused,
          `${where}: ${procedure} of ${length} bytes at ${start}`,
        )
      }
      t.equal(await hostile.test(fh, range), refused, where)
    }
    const last: Wanted = { ...way, start: limit - 1n, length: 1n }
    t.equal(await owner.nlm('LOCK', fh, last), 'GRANTED', `${where}: the last byte`)
    t.equal(await hostile.nlm('LOCK', fh, last), 'DENIED')
    t.equal(await hostile.test(fh, { ...last, length: 0n }), `1: ${limit - 1n}+0`)
    t.equal(await hostile.nlm('LOCK', fh, { ...way, start: 1n, length: limit - 2n }), 'GRANTED', 'all before it')
    t.equal(await owner.nlm('UNLOCK', fh, { ...way, length: 0 }), 'GRANTED')
    t.equal(await hostile.nlm('UNLOCK', fh, { ...way, length: 0 }), 'GRANTED')
    t.same(await mover.held, [], where)
  })
  await isWell(t, 0, 'ranges')
})

t.test('what somebody else unlocks or cancels stays its owner’s', async (t) => {
  const { mover, owner, hostile, witness, fh, isWell } = await setUp(t)
  const others: [string, LockPeer, Wanted][] = [
    ['another process', owner, { svid: 2 }],
    ['another handle of an owner', owner, { oh: 'other' }],
    ['another name', owner, { name: 'other' }],
    ['another address', hostile, {}],
  ]
  await everyWay(async (way) => {
    const where = `NLM ${way.version}, ${way.transport}`
    t.equal(await owner.nlm('LOCK', fh, { ...way, length: 100 }), 'GRANTED', where)
    const held = await mover.held
    for (const [what, peer, wanted] of others) {
      for (const length of [0, 100, 10]) {
        t.equal(await peer.nlm('UNLOCK', fh, { ...way, ...wanted, length }), 'GRANTED', `${where}: ${what} has nothing`)
        t.equal(await peer.nlm('CANCEL', fh, { ...way, ...wanted, length }), 'GRANTED')
      }
      t.same(await mover.held, held, `${where}: ${what} changes nothing`)
      t.equal(await witness.test(fh, way), '1: 0+100')
    }
    const elsewhere = VERSIONS[(VERSIONS.indexOf(way.version) + 1) % VERSIONS.length]
    t.equal(await owner.nlm('UNLOCK', fh, { version: elsewhere, length: 0 }), 'GRANTED')
    t.same(await mover.held, [], `${where}: the owner has unlocked it, in whatever version`)
  })
  await isWell(t, 0, 'foreign unlocks')
})

t.test('names, owners and cookies as long as can be, and longer', async (t) => {
  const { mover, owner, hostile, fh, isWell } = await setUp(t)
  const long = (length: number): Uint8Array => new Uint8Array(length).fill(0x78)
  await everyWay(async (way) => {
    const where = `NLM ${way.version}, ${way.transport}`
    const tooLong: Wanted[] = [{ name: long(1024) }, { oh: long(1024) }, { cookie: long(1024) }]
    for (const wanted of tooLong) {
      for (const procedure of ['LOCK', 'UNLOCK', 'CANCEL'] as const) {
        t.equal(await hostile.nlm(procedure, fh, { ...way, ...wanted, isTooLong: true }), GARBAGE_ARGS, where)
      }
    }
    const refused = way.version === 4 ? 'FAILED' : 'DENIED_NOLOCKS'
    t.equal(await hostile.nlm('LOCK', fh, { ...way, name: long(1024) }), refused, `${where}: no host has such a name`)
    t.equal(await hostile.nlm('UNLOCK', fh, { ...way, name: long(1024) }), 'GRANTED')
    t.same(await mover.held, [])
    t.equal(await hostile.nlm('LOCK', fh, { ...way, oh: long(129) }), refused, `${where}: no owner has such a handle`)
    t.equal(await hostile.nlm('UNLOCK', fh, { ...way, oh: long(129) }), 'GRANTED')
    t.equal(await owner.nlm('LOCK', fh, { ...way, name: long(255), oh: long(128), cookie: long(1024) }), 'GRANTED')
    t.equal(await hostile.test(fh, way), '1: 0+10', `${where}: whose owner has 128 bytes`)
    t.equal(await owner.nlm('UNLOCK', fh, { ...way, name: long(255), oh: long(128) }), 'GRANTED')
    t.same(await mover.held, [])
    const { codecs } = versionOf(way.version)
    const truth = Buffer.alloc(12)
    truth.writeUInt32BE(2, 4)
    const { stat } = await hostile.callBytes(way.transport, NLM_PROG, way.version, codecs.TEST.number, truth)
    t.equal(stat, 4, `${where}: a boolean of 2`)
  })
  t.equal(await owner.nlm('LOCK', fh, { oh: long(128) }), 'GRANTED')
  const asked = { cookie: long(1024), exclusive: true, alock: hostile.alock(fh, {}) } as never
  const args = encode(versionOf(4).codecs.TEST, asked)
  t.equal((await hostile.callBytes('udp', NLM_PROG, 4, 1, args)).stat, 0)
  t.equal(mover.mover.status().network['droppedDatagrams'], 0, 'the longest answer there is has room in a datagram')
  await isWell(t, 0, 'long fields')
})

t.test('results that nobody has asked for', async (t) => {
  const { mover, owner, hostile, fh, isWell } = await setUp(t)
  t.equal(await owner.nlm('LOCK', fh), 'GRANTED')
  const held = await mover.held
  await everyWay(async (way) => {
    const { codecs } = versionOf(way.version)
    for (let i = 0; i < 50; i++) {
      const cookie = Buffer.alloc(i % 9, i)
      for (const stat of [0, 1, 3, 5]) {
        const result = { cookie, stat: { stat } } as never
        for (const codec of [codecs.LOCK_RES, codecs.CANCEL_RES, codecs.UNLOCK_RES, codecs.GRANTED_RES]) {
          const answer = await hostile.call(way.transport, NLM_PROG, way.version, codec, result)
          if (answer.stat !== 0) t.fail(`${codec.name}: ${answer.stat}`)
        }
      }
      const nothing = { cookie, test_stat: { stat: 0 } } as never
      await hostile.call(way.transport, NLM_PROG, way.version, codecs.TEST_RES, nothing)
    }
    const noStatus = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 10)
    const { number } = codecs.GRANTED_RES
    t.equal((await hostile.callBytes(way.transport, NLM_PROG, way.version, number, noStatus)).stat, 4, 'no such status')
  })
  t.same(await mover.held, held)
  await isWell(t, 0, 'results')
})

t.test('news of restarts of made-up names, thousands of them', async (t) => {
  const { mover, owner, hostile, fh, isWell } = await setUp(t)
  t.equal(await owner.nlm('LOCK', fh, { name: 'one' }), 'GRANTED')
  t.equal(await owner.nlm('LOCK', fh, { name: 'two', start: 50 }), 'GRANTED')
  const held = await mover.held
  for (const transport of TRANSPORTS) {
    for (let i = 0; i < 3000; i += 30) {
      const some = Array.from({ length: 30 }, (_, at) => hostile.notify(`host${i + at}.example`, i, transport))
      const stats = await Promise.all(some)
      if (stats.some((stat) => stat !== 0)) t.fail(`NOTIFY: ${stats}`)
      if (i % 600 === 0) await isWell(t, 0, `${i} names over ${transport}`)
    }
  }
  for (const version of [3, 4]) {
    for (let i = 0; i < 500; i++) {
      const free = versionOf(version).later?.FREE_ALL
      if (free === undefined) throw new Error('no FREE_ALL')
      const args = { name: Buffer.from(`host${i}`), state: i }
      if ((await hostile.call('udp', NLM_PROG, version, free, args)).stat !== 0) t.fail(`FREE_ALL ${i}`)
    }
  }
  t.equal(await hostile.notify(new Uint8Array(1024).fill(0x78), 1), 0)
  const name = encode(SM_VERS_codecs.SM_NOTIFY, { mon_name: new Uint8Array(1024), state: 1 })
  t.equal((await hostile.callBytes('udp', SM_PROG, SM_VERS, SM_VERS_codecs.SM_NOTIFY.number, lengthened(name))).stat, 4)
  t.same(await mover.held, held, 'nobody has lost a lock')
  t.same(mover.remembered, { clients: 3, waiting: 0, told: 0, asked: 0, callbacks: 0 })
  await isWell(t, 0, 'news')
  const stat = await hostile.call('udp', SM_PROG, SM_VERS, SM_VERS_codecs.SM_STAT, { mon_name: Buffer.from('x') })
  t.equal(stat.stat, 0)
})
