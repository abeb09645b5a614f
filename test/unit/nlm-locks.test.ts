import t from 'tap'
import type { Environment } from '../../mover/environment.ts'
import type { ClientLocks, LockOwner, RangeLock } from '../../mover/files/client-locks.ts'
import type { GrantCall, Grants } from '../../mover/nlm4/grants.ts'
import { Waiters } from '../../mover/nlm4/waiters.ts'
import { NLM4_VERS_codecs, type nlm4_lock } from '../../protocol/nlm4/nlm.gen.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import { type AskOptions, NlmWorld, resultOf, statName, versionOf } from './nlm-support.ts'
import { callMessage } from './rpc-support.ts'

const { NLMPROC4_LOCK, NLMPROC4_TEST, NLMPROC4_UNLOCK, NLMPROC4_CANCEL, NLMPROC4_NM_LOCK } = NLM4_VERS_codecs
const { NLMPROC4_SHARE, NLMPROC4_UNSHARE, NLMPROC4_FREE_ALL, NLMPROC4_GRANTED } = NLM4_VERS_codecs
const COOKIE = Uint8Array.of(1, 2, 3)
const LAST = 2n ** 64n - 1n

interface Wanted extends AskOptions {
  name?: string
  svid?: number
  oh?: string
  exclusive?: boolean
  block?: boolean
  reclaim?: boolean
}

/** Locks of one file, in version 4. */
function setUp(world = new NlmWorld(), fh = world.file('f')) {
  const alock = (start: bigint | number, length: bigint | number, wanted: Wanted): nlm4_lock => ({
    caller_name: Buffer.from(wanted.name ?? 'c1'),
    fh,
    oh: Buffer.from(wanted.oh ?? `${wanted.svid ?? 1}@c1`),
    svid: wanted.svid ?? 1,
    l_offset: BigInt(start),
    l_len: BigInt(length),
  })
  const lockArgs = (start: bigint | number, length: bigint | number, wanted: Wanted) => ({
    ...{ cookie: COOKIE, block: false, exclusive: true, reclaim: false, state: 3, ...wanted },
    alock: alock(start, length, wanted),
  })
  const lock = (start: bigint | number, length: bigint | number, wanted: Wanted = {}): string => {
    const { cookie, stat } = world.nlmAsk(NLMPROC4_LOCK, lockArgs(start, length, wanted), wanted)
    t.same(cookie, COOKIE)
    return statName(stat.stat)
  }
  const unlock = (start: bigint | number, length: bigint | number, wanted: Wanted = {}): string =>
    statName(world.nlmAsk(NLMPROC4_UNLOCK, { cookie: COOKIE, alock: alock(start, length, wanted) }, wanted).stat.stat)
  const test = (start: bigint | number, length: bigint | number, wanted: Wanted = {}) => {
    const args = { cookie: COOKIE, exclusive: true, ...wanted, alock: alock(start, length, wanted) }
    const { cookie, test_stat } = world.nlmAsk(NLMPROC4_TEST, args, wanted)
    t.same(cookie, COOKIE)
    if (test_stat.stat !== 1) return statName(test_stat.stat)
    const { exclusive, svid, oh, l_offset, l_len } = test_stat.holder
    return `${exclusive ? 'exclusive' : 'shared'} ${svid} ${Buffer.from(oh)} ${l_offset}+${l_len}`
  }
  return { world, fh, alock, lockArgs, lock, unlock, test }
}

t.test('of a file that is locked it is looked at who may use it, and not at size and times', (t) => {
  const { world, lock, test, unlock } = setUp()
  const { files } = world
  const inode = files.inode.bind(files)
  const intents: string[] = []
  files.inode = (op, ...rest) => {
    intents.push(op.intent)
    return inode(op, ...rest)
  }
  t.equal(lock(0, 100), 'GRANTED')
  t.equal(test(0, 100, { svid: 2 }), 'exclusive 1 1@c1 0+100')
  t.equal(unlock(0, 100), 'GRANTED')
  t.ok(intents.length > 0)
  t.same(new Set(intents), new Set(['access']))
  t.end()
})

t.test('LOCK, TEST and UNLOCK', (t) => {
  const { world, lock, unlock, test } = setUp()
  t.equal(lock(0, 100), 'GRANTED')
  t.equal(lock(0, 100), 'GRANTED', 'sent again')
  t.equal(test(0, 100), 'GRANTED', 'nobody is in its own way')
  t.equal(lock(50, 10, { svid: 2 }), 'DENIED')
  t.equal(test(50, 10, { svid: 2 }), 'exclusive 1 1@c1 0+100')
  t.equal(lock(100, 10, { svid: 2, exclusive: false }), 'GRANTED')
  t.equal(test(105, 1, { svid: 3, exclusive: false }), 'GRANTED')
  t.equal(test(105, 1, { svid: 3 }), 'shared 2 2@c1 100+10')
  t.same(world.locks.list(), ['3 c1 10.0.0.1: 1 1@c1 exclusive 0-100', '3 c1 10.0.0.1: 2 2@c1 shared 100-110'])
  t.equal(unlock(10, 20), 'GRANTED')
  t.same(world.locks.list().slice(0, 2), [
    '3 c1 10.0.0.1: 1 1@c1 exclusive 0-10',
    '3 c1 10.0.0.1: 1 1@c1 exclusive 30-100',
  ])
  t.equal(unlock(500, 20), 'GRANTED', 'what it does not have')
  t.equal(unlock(0, 0), 'GRANTED')
  t.equal(unlock(0, 0, { svid: 2 }), 'GRANTED')
  t.same(world.locks.list(), [])
  t.end()
})

t.test('name, process, handle and address make an owner', (t) => {
  const { lock } = setUp()
  t.equal(lock(0, 1), 'GRANTED')
  for (const other of [{ name: 'c2' }, { svid: 2, oh: '1@c1' }, { oh: 'x' }, { address: '10.0.0.2' }, { svid: -1 }]) {
    t.equal(lock(0, 1, other), 'DENIED', JSON.stringify(other))
  }
  t.equal(lock(0, 1, { port: 800, transport: 'udp' }), 'GRANTED')
  t.end()
})

t.test('what somebody else unlocks stays its owner’s', (t) => {
  const { world, lock, lockArgs, unlock, test } = setUp()
  t.equal(lock(0, 100), 'GRANTED')
  const others: Wanted[] = [{ svid: 2, oh: '1@c1' }, { oh: '2@c1' }, { name: 'c2' }, { address: '10.0.0.2' }]
  const witness: Wanted = { name: 'c3', address: '10.0.0.3' }
  const nmLock = (start: number): string =>
    statName(world.nlmAsk(NLMPROC4_NM_LOCK, lockArgs(start, 10, witness), witness).stat.stat)
  for (const other of others) {
    for (const length of [0, 100, 10]) t.equal(unlock(0, length, other), 'GRANTED', 'it has nothing')
    t.equal(test(0, 0, witness), 'exclusive 1 1@c1 0+100')
    t.equal(test(0, 0, other), 'exclusive 1 1@c1 0+100')
    t.equal(nmLock(0), 'DENIED')
    t.equal(nmLock(90), 'DENIED')
  }
  t.equal(unlock(0, 50), 'GRANTED')
  t.equal(nmLock(0), 'GRANTED', 'the owner has unlocked that')
  t.equal(nmLock(90), 'DENIED')
  t.end()
})

t.test('who is not monitored does not wait, and tells no state', (t) => {
  const { world, lock, lockArgs } = setUp()
  t.equal(lock(0, 10, { name: 'c2' }), 'GRANTED')
  const nmLock = (start: number, state: number): string =>
    statName(world.nlmAsk(NLMPROC4_NM_LOCK, { ...lockArgs(start, 10, {}), block: true, state } as never).stat.stat)
  t.equal(nmLock(5, 0), 'DENIED', 'it asks again')
  t.equal(nmLock(20, 5), 'GRANTED')
  t.equal(nmLock(40, 6), 'GRANTED')
  t.equal(world.locks.list().length, 3)
  t.end()
})

t.test('ranges up to the very last byte', (t) => {
  const { lock, test, world } = setUp()
  t.equal(lock(LAST, 1), 'GRANTED')
  t.equal(lock(LAST, 2), 'FBIG')
  t.equal(lock(3, LAST - 1n), 'FBIG')
  t.equal(lock(2, LAST - 2n, { svid: 2 }), 'GRANTED')
  t.equal(lock(0, 0, { svid: 3 }), 'DENIED')
  t.equal(lock(0, 2, { svid: 3 }), 'GRANTED')
  t.equal(test(LAST, 0, { svid: 3 }), `exclusive 1 1@c1 ${LAST}+0`)
  t.equal(test(LAST - 1n, 1, { svid: 3 }), `exclusive 2 2@c1 2+${LAST - 2n}`)
  t.equal(world.locks.list().length, 3)
  t.equal(test(5, LAST - 1n), 'FBIG')
  t.end()
})

t.test('a length of all ones reaches to the end, as 0 does', (t) => {
  const { alock, lock, test, unlock, world } = setUp()
  for (const start of [0, 7]) {
    t.equal(lock(start, LAST), 'GRANTED')
    t.match(world.locks.list(), [new RegExp(` ${start}-18446744073709551616$`)])
    t.equal(test(LAST, LAST, { svid: 2 }), `exclusive 1 1@c1 ${start}+0`)
    t.equal(lock(start, 0, { svid: 2, block: true }), 'BLOCKED')
    const args = { cookie: COOKIE, block: true, exclusive: true, alock: alock(start, LAST, { svid: 2 }) }
    t.equal(statName(world.nlmAsk(NLMPROC4_CANCEL, args).stat.stat), 'GRANTED')
    t.same(world.locks.waiting, [])
    t.equal(unlock(start, LAST), 'GRANTED')
    t.same(world.locks.list(), [])
  }
  t.end()
})

t.test('what cannot be locked', (t) => {
  const { world, lock, test, unlock, fh } = setUp()
  const on = (handle: Uint8Array) => setUp(world, handle)
  const dir = world.handles.encode(world.export, 2, 20)
  t.equal(on(dir).lock(0, 1), 'FAILED', 'a directory')
  const made = Buffer.from(fh)
  made[40] ^= 1
  t.equal(on(made).lock(0, 1), 'STALE_FH', 'a handle that is none')
  t.equal(on(new Uint8Array(0)).unlock(0, 1), 'STALE_FH')
  t.equal(on(world.handles.encode(world.export, 99, 990)).lock(0, 1), 'STALE_FH', 'no such file')
  t.equal(on(world.handles.encode(world.export, 99, 990)).test(0, 1), 'STALE_FH')
  const stranger = { address: '192.168.0.1' }
  t.equal(lock(0, 1, stranger), 'FAILED', 'a host that may not use the export')
  world.rule.access = 'ro'
  t.equal(lock(0, 1), 'ROFS')
  t.equal(lock(0, 1, { exclusive: false }), 'GRANTED', 'reading may be locked')
  t.equal(test(0, 1, { svid: 2 }), 'shared 1 1@c1 0+1', 'and everything tested')
  t.equal(unlock(0, 1), 'GRANTED')
  world.rule.access = 'rw'
  world.hasLocks = false
  t.equal(lock(0, 1), 'DENIED_NOLOCKS')
  t.end()
})

t.test('who may lock: the owner, and who may read or write', (t) => {
  const cases: [mode: number, uid: number, gid: number, status: string][] = [
    [0o000, 1000, 1, 'GRANTED'],
    [0o000, 1001, 1, 'FAILED'],
    [0o004, 1001, 1, 'GRANTED'],
    [0o002, 1001, 1, 'GRANTED'],
    [0o040, 1001, 0, 'FAILED'],
    [0o000, 0, 0, 'FAILED'],
  ]
  for (const [mode, uid, gid, status] of cases) {
    const world = new NlmWorld()
    const { lock, test } = setUp(world, world.file('f', mode))
    const credential = { uid, gid }
    t.equal(lock(0, 1, { credential }), status, `mode ${mode.toString(8)}, uid ${uid}, gid ${gid}`)
    t.equal(test(0, 1, { credential }), status)
  }
  t.end()
})

t.test('what the volume answers', (t) => {
  const { world, lock } = setUp()
  world.locks.isGrace = true
  t.equal(lock(0, 1), 'DENIED_GRACE_PERIOD')
  t.equal(lock(0, 1, { reclaim: true }), 'GRANTED')
  world.locks.isGrace = false
  t.equal(lock(0, 1, { reclaim: true }), 'DENIED_GRACE_PERIOD')
  world.locks.always = { type: 'limit' }
  t.equal(lock(0, 1), 'DENIED_NOLOCKS')
  world.locks.always = { type: 'deadlock' }
  t.equal(lock(0, 1, { block: true }), 'DEADLCK')
  world.locks.always = { type: 'gone' }
  t.equal(lock(0, 1), 'STALE_FH')
  t.end()
})

t.test('a refusal for a limit is logged, of UNLOCK too', (t) => {
  const { world, lock, unlock } = setUp()
  t.equal(lock(0, 10), 'GRANTED')
  world.locks.always = { type: 'limit' }
  t.equal(lock(20, 1), 'DENIED_NOLOCKS')
  world.locks.unlock = () => ({ type: 'limit' })
  t.equal(unlock(4, 2), 'DENIED_NOLOCKS')
  t.equal(unlock(4, 2), 'DENIED_NOLOCKS')
  t.same(
    world.lines.map(({ msg }) => msg),
    [
      'refused a lock to 10.0.0.1: it has too many, or waits for too many, or all have too many',
      'refused to unlock a part for 10.0.0.1: that makes two locks of one, and it has too many, or all have too many',
    ],
    'once a minute',
  )
  t.end()
})

t.test('a call that is asked of another mover is answered by what that has said', (t) => {
  const { world, lockArgs, lock } = setUp()
  world.locks.isRemote = true
  const connection = world.connect()
  world.send(connection, 100021, NLMPROC4_LOCK, lockArgs(0, 10, {}))
  t.same(connection.drain(), [])
  world.files.inodes.clear()
  world.locks.answer()
  t.equal(statName(resultOf(connection, NLMPROC4_LOCK).stat.stat), 'GRANTED', 'the file is not looked at again')
  world.locks.isRemote = false
  t.equal(lock(0, 10, { svid: 2 }), 'STALE_FH')
  t.equal(world.locks.list().length, 1)
  t.end()
})

t.test('a client is remembered before it has its first lock, and not again', (t) => {
  const { world, lock, lockArgs, fh } = setUp()
  world.records.useBarriers = true
  const connection = world.connect()
  world.send(connection, 100021, NLMPROC4_LOCK, lockArgs(0, 10, {}))
  t.same(connection.drain(), [])
  t.same(world.locks.list(), [], 'nothing is locked before')
  world.records.barriers.shift()?.('IO')
  t.equal(world.records.sets, 2, 'it is tried again')
  world.records.barriers.shift()?.(null)
  t.equal(statName(resultOf(connection, NLMPROC4_LOCK).stat.stat), 'GRANTED')
  t.equal(lock(20, 1, { svid: 4 }), 'GRANTED')
  t.equal(world.records.sets, 2)
  const [{ id, value }] = world.records.records.values()
  t.match(Buffer.from(id).toString(), /^nlm a\0 ?10\.0\.0\.1 [0-9a-f]{64}$/)
  t.same(JSON.parse(Buffer.from(value).toString()), ['c1', '10.0.0.1', '10.0.0.254'])
  world.records.failure = 'ROFS'
  t.equal(lock(30, 1, { name: 'c2' }), 'ROFS', 'where it cannot be, there is no lock')
  world.locks.isGrace = true
  t.equal(lock(30, 1, { name: 'c2', reclaim: true }), 'GRANTED', 'who has had it before is remembered since then')
  world.records.failure = 'NOSPC'
  t.equal(lock(31, 1, { name: 'c2', reclaim: true }), 'DENIED_NOLOCKS')
  world.records.failure = 'ROFS'
  world.locks.isGrace = false
  const nmLock = world.nlmAsk(NLMPROC4_NM_LOCK, lockArgs(40, 1, { name: 'c3' }))
  t.equal(statName(nmLock.stat.stat), 'GRANTED', 'NM_LOCK: who is not monitored is not')
  t.equal(lock(50, 1, { name: 'n'.repeat(256) }), 'FAILED', 'no name of a host is so long')
  t.equal(lock(50, 1, { oh: 'h'.repeat(128) }), 'GRANTED')
  t.equal(lock(51, 1, { oh: 'h'.repeat(129) }), 'FAILED', 'nor the handle of an owner')
  t.ok(fh.length > 32)
  t.end()
})

t.test('SHARE and UNSHARE', (t) => {
  const { world, fh } = setUp()
  const share = (mode: number, access: number, name = 'pc', options: AskOptions & { oh?: Uint8Array } = {}): string => {
    const { oh = COOKIE } = options
    const args = {
      cookie: COOKIE,
      reclaim: false,
      share: { caller_name: Buffer.from(name), fh, oh, mode, access },
    }
    const { cookie, stat, sequence } = world.nlmAsk(NLMPROC4_SHARE, args as never, options)
    t.same([cookie, sequence], [COOKIE, 0])
    return statName(stat)
  }
  const unshare = (name = 'pc'): string => {
    const args = {
      cookie: COOKIE,
      reclaim: false,
      share: { caller_name: Buffer.from(name), fh, oh: COOKIE, mode: 0, access: 0 },
    }
    return statName(world.nlmAsk(NLMPROC4_UNSHARE, args as never).stat)
  }
  t.equal(share(2, 1), 'GRANTED', 'reads, others may not write')
  t.equal(share(0, 2, 'other'), 'DENIED')
  t.equal(share(1, 1, 'other'), 'DENIED', 'denies what the first one does')
  t.equal(share(0, 1, 'other'), 'GRANTED')
  t.equal(share(0, 3), 'GRANTED', 'another one takes the place of its first')
  t.equal(share(0, 1, 'n'.repeat(256)), 'FAILED', 'no name of a host is so long')
  t.equal(share(0, 1, 'pc', { oh: new Uint8Array(129) }), 'FAILED', 'nor the handle of an owner')
  t.equal(world.locks.list().length, 2)
  t.equal(unshare(), 'GRANTED')
  t.equal(unshare(), 'GRANTED', 'of what is not there')
  t.same(world.locks.list(), ['3 other 10.0.0.1: share \x01\x02\x03 opens 1 denies 0'])
  world.rule.access = 'ro'
  t.equal(share(0, 2), 'ROFS')
  t.equal(share(0, 3), 'ROFS')
  t.equal(share(0, 1), 'GRANTED')
  for (const name of ['pc', 'other']) world.nlmAsk(NLMPROC4_FREE_ALL, { name: Buffer.from(name), state: 0 })
  t.same(world.locks.list(), [], 'also of those who have never locked anything')
  t.end()
})

t.test('FREE_ALL frees a client’s locks, and nobody else’s', (t) => {
  const { world, lock } = setUp()
  lock(0, 1)
  lock(1, 1, { svid: 2 })
  lock(2, 1, { name: 'c2' })
  lock(3, 1, { address: '10.0.0.2' })
  world.nlmAsk(NLMPROC4_FREE_ALL, { name: Buffer.from('c1'), state: 0 })
  t.same(world.locks.list(), ['3 c1 10.0.0.2: 1 1@c1 exclusive 3-4', '3 c2 10.0.0.1: 1 1@c1 exclusive 2-3'])
  world.nlmAsk(NLMPROC4_FREE_ALL, { name: Buffer.from('nobody'), state: 0 }, { address: '10.0.0.9' })
  t.equal(world.locks.list().length, 2)
  t.end()
})

t.test('versions 1 and 3: offsets of 32 bits, fewer statuses', (t) => {
  for (const version of [1, 3]) {
    const { codecs } = versionOf(version)
    const world = new NlmWorld()
    const fh = world.file('f')
    const alock = (l_offset: number, l_len: number, svid = 1) => ({
      ...{ caller_name: Buffer.from('c1'), fh, oh: Buffer.from('o'), svid, l_offset, l_len },
    })
    const lock = (offset: number, length: number, svid = 1): number => {
      const rest = { block: false, exclusive: true, reclaim: false, state: 0 }
      return world.nlmAsk(codecs.LOCK, { cookie: COOKIE, ...rest, alock: alock(offset, length, svid) }, { version })
        .stat.stat
    }
    const test = (offset: number, length: number, svid: number) =>
      world.nlmAsk(codecs.TEST, { cookie: COOKIE, exclusive: true, alock: alock(offset, length, svid) }, { version })
        .test_stat
    t.equal(lock(2 ** 32 - 1, 1), 0)
    t.equal(lock(2 ** 32 - 1, 2), 2, 'too far: DENIED_NOLOCKS')
    t.match(test(5, 0, 2), { stat: 1, holder: { svid: 1, l_offset: 2 ** 32 - 1, l_len: 0 } })
    t.equal(lock(10, 0, 2), 1)
    world.locks.releaseClient('nlm', 'c1 10.0.0.1')
    t.equal(lock(10, 0), 0)
    t.match(world.locks.list(), [/exclusive 10-18446744073709551616$/], 'to the end, however far')
    t.match(test(0, 0, 2), { stat: 1, holder: { l_offset: 10, l_len: 0 } })
    t.equal(lock(20, 2 ** 32 - 1), 0)
    world.nlmAsk(codecs.UNLOCK, { cookie: COOKIE, alock: alock(11, 2 ** 32 - 1) }, { version })
    t.match(world.locks.list(), [/exclusive 10-11$/])
    const far = { cookie: COOKIE, exclusive: false, alock: { ...alock(0, 0), l_offset: 2n ** 40n, l_len: 8n, svid: 9 } }
    world.nlmAsk(codecs.UNLOCK, { cookie: COOKIE, alock: alock(0, 0) }, { version })
    world.nlmAsk(NLMPROC4_LOCK, { ...far, exclusive: true, block: false, reclaim: false, state: 0 })
    t.match(test(0, 0, 2), { stat: 1, holder: { svid: 9, l_offset: 2 ** 32 - 1, l_len: 0 } }, 'cannot be said exactly')
    world.locks.always = { type: 'deadlock' }
    t.equal(lock(0, 1), 1)
    world.locks.always = { type: 'gone' }
    t.equal(lock(0, 1), 2)
    world.rule.access = 'ro'
    t.equal(lock(0, 1), 2)
    for (const procedure of [20, 21, 22, 23]) {
      const connection = world.connect()
      connection.receive(callMessage({ program: 100021, version, procedure }))
      const stat = Buffer.from(connection.drain()[0]).readUInt32BE(20)
      t.equal(stat, version === 1 ? 3 : 4, `procedure ${procedure}: PROC_UNAVAIL in version 1, else GARBAGE_ARGS`)
    }
  }
  t.end()
})

t.test('nobody here waits for a lock; CANCEL of what nobody waits for', (t) => {
  const { world, alock, lock } = setUp()
  const granted = world.nlmAsk(NLMPROC4_GRANTED, { cookie: COOKIE, exclusive: true, alock: alock(0, 1, {}) })
  t.equal(statName(granted.stat.stat), 'DENIED')
  const args = { cookie: COOKIE, block: true, exclusive: true, alock: alock(0, 1, {}) }
  t.equal(statName(world.nlmAsk(NLMPROC4_CANCEL, args).stat.stat), 'GRANTED')
  lock(0, 1)
  t.equal(statName(world.nlmAsk(NLMPROC4_CANCEL, args).stat.stat), 'DENIED', 'it has that, and must unlock it')
  t.equal(world.locks.held.length, 1)
  const connection = world.connect()
  connection.receive(callMessage({ program: 100021, version: 2, procedure: 0 }))
  t.equal(Buffer.from(connection.drain()[0]).subarray(20).toString('hex'), '000000020000000100000004', 'PROG_MISMATCH')
  t.end()
})

t.test('calls that are cut anywhere are refused, and lock nothing', (t) => {
  const { world, lockArgs } = setUp()
  const writer = new XdrWriter(1000)
  NLMPROC4_LOCK.writeArgs(writer, lockArgs(0, 10, {}))
  const connection = world.connect()
  const stats = new Set<number>()
  for (let length = 0; length < writer.position; length += 4) {
    connection.receive(callMessage({ program: 100021, version: 4, procedure: 2, args: writer.bytes.slice(0, length) }))
    const [reply] = connection.drain()
    stats.add(Buffer.from(reply).readUInt32BE(20))
  }
  t.same([...stats], [4], 'GARBAGE_ARGS')
  t.same(world.locks.list(), [])
  t.end()
})

t.test('one address cannot take the room of all: names, and requests that wait', (t) => {
  const { world, lock } = setUp()
  const other = { address: '10.0.0.9', name: 'c9' }
  const shared = { exclusive: false }
  for (let i = 0; i < 256; i++) lock(0, 1, { ...shared, name: `name ${i}` })
  t.equal(lock(0, 1, { ...shared, name: 'one more' }), 'DENIED_NOLOCKS')
  t.equal(lock(0, 1, { ...shared, name: 'name 7' }), 'GRANTED', 'a known one')
  t.equal(lock(0, 1, { ...shared, ...other }), 'GRANTED', 'another address')
  world.nlmAsk(NLMPROC4_FREE_ALL, { name: Buffer.from('name 7'), state: 0 }, { version: 4 })
  t.equal(lock(5, 1, { name: 'one more' }), 'GRANTED')

  for (let i = 0; i < 500; i++) lock(5, 1, { name: 'name 8', svid: 100 + i, block: true })
  t.equal(world.locks.waiting.length, 500)
  t.equal(lock(5, 1, { name: 'name 8', svid: 99, block: true }), 'DENIED_NOLOCKS')
  t.equal(lock(6, 1, { name: 'name 8', svid: 99, block: true }), 'GRANTED', 'what need not wait')
  t.equal(lock(5, 1, { name: 'name 8', svid: 100, block: true }), 'BLOCKED', 'who waits already, and asks again')
  t.equal(world.locks.waiting.length, 500)
  t.equal(lock(5, 1, { ...other, block: true }), 'BLOCKED', 'another address')
  world.nlmAsk(NLMPROC4_FREE_ALL, { name: Buffer.from('name 8'), state: 0 }, { version: 4 })
  t.equal(lock(5, 1, { name: 'name 9', block: true }), 'BLOCKED', 'there is room again')
  t.end()
})

t.test('dozens of addresses cannot take all the room to wait', (t) => {
  const waiters = new Waiters({} as Environment, { isWaiting: () => true } as unknown as ClientLocks, {} as Grants)
  let last = 0
  const wait = (host: string): boolean => {
    const owner: LockOwner = { protocol: 'nlm', client: `c ${host}`, owner: `${last + 1}` }
    const lock: RangeLock = { kind: 'range', flavour: 'posix', owner, start: 0, end: 1, isExclusive: true }
    if (!waiters.hasRoomFor(host, 1, lock)) return false
    waiters.add(++last, 1, lock, { address: { host } } as GrantCall)
    return true
  }
  for (let host = 0; host < 24; host++) while (wait(`10.0.1.${host}`));
  t.ok(last > 9000, 'the room is there to be used')
  t.ok(wait('10.0.2.1'))
  t.end()
})

t.test('who unlocks looks at what it is told of itself, not at what all others are', (t) => {
  const grants = { tell: () => ({ cancel: () => {} }) } as unknown as Grants
  const waiters = new Waiters({} as Environment, { isWaiting: () => true } as unknown as ClientLocks, grants)
  let looks = 0
  const lockOf = (owner: number, start: number): RangeLock => ({
    ...{ kind: 'range', flavour: 'posix', start, end: start + 1, isExclusive: true },
    get owner(): LockOwner {
      looks++
      return { protocol: 'nlm', client: 'c', owner: `${owner}` }
    },
  })
  let last = 0
  for (let owner = 0; owner < 100; owner++) {
    for (const start of [0, 1]) {
      const lock = lockOf(owner, start)
      waiters.add(++last, 1, lock, { address: { host: 'h' } } as GrantCall)
      waiters.granted(1, last, lock)
    }
  }
  t.same([waiters.told, waiters.size], [200, 200])
  const all = (owner: number): RangeLock => ({
    ...{ kind: 'range', flavour: 'posix', start: 0, end: 10, isExclusive: true },
    owner: { protocol: 'nlm', client: 'c', owner: `${owner}` },
  })
  looks = 0
  waiters.unlocked(1, all(100))
  waiters.unlocked(2, all(7))
  t.equal(looks, 0)
  waiters.unlocked(1, { ...all(7), end: 1 })
  t.ok(looks <= 2, 'no owner but its own')
  t.same([waiters.told, waiters.size], [199, 199])
  waiters.unlocked(1, all(7))
  t.same([waiters.told, waiters.size], [198, 198])
  waiters.forget(1, lockOf(8, 0))
  t.same([waiters.told, waiters.size], [197, 197])
  waiters.forgetClient('c')
  t.same([waiters.told, waiters.size], [0, 0])
  t.end()
})
