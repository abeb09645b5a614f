/** The rules of client locks, each with each: ranges, opens, delegations, leases, and what I/O respects. */
import t from 'tap'
import {
  type ClientLock,
  type DelegationLevel,
  isShared,
  type LockProtocol,
  type OpenLock,
  type RangeLock,
} from '../../mover/locks/client-lock.ts'
import { FileLocks } from '../../mover/locks/file-locks.ts'
import { type IoKind, type IoPolicy, nfsRefusal, smbRefusal } from '../../mover/locks/io-policy.ts'
import {
  FileLeases,
  LEASE_HANDLE,
  LEASE_NONE,
  LEASE_READ,
  LEASE_WRITE,
  type LeaseEvent,
  type LeaseState,
} from '../../mover/locks/leases.ts'
import { conflict } from '../../mover/locks/lock-conflict.ts'
import { LockFile } from '../../mover/locks/lock-file.ts'
import { LockOwners, type Owner } from '../../mover/locks/lock-owners.ts'

const registry = new LockOwners(1)

function ownerOf(name: string, protocol: LockProtocol = 'nlm'): Owner {
  const owner = registry.find({ protocol, client: name, owner: name })
  owner.keep()
  return owner
}

const [a, b] = [ownerOf('a'), ownerOf('b')]
const SPANS = [0, 1, 2, 3].flatMap((start) => [0, 1, 2, 3].filter((end) => end >= start).map((end) => ({ start, end })))

/** By flavour of what is asked, what is held and what is asked (s, x): whether the owner itself is met by it. */
const OWN = {
  posix: { ss: false, sx: false, xs: false, xx: false },
  windows: { ss: false, sx: true, xs: false, xx: true },
}
const OTHERS = { ss: false, sx: true, xs: true, xx: true }

t.test('two ranges, of one owner or two, of both flavours', async (t) => {
  let pairs = 0
  const wrong: string[] = []
  const flavours = ['posix', 'windows'] as const
  const ranges = flavours.flatMap((flavour) =>
    SPANS.filter(({ start, end }) => start < end || flavour === 'windows').flatMap((span) =>
      [true, false].map((isExclusive) => ({ kind: 'range' as const, flavour, ...span, isExclusive })),
    ),
  )
  for (const held of ranges) {
    for (const asked of ranges) {
      for (const asker of held.flavour === asked.flavour ? [a, b] : [b]) {
        pairs++
        const both = `${held.isExclusive ? 'x' : 's'}${asked.isExclusive ? 'x' : 's'}` as const
        const overlap = held.start < asked.end && asked.start < held.end
        const expected = overlap && (asker === a ? OWN[asked.flavour] : OTHERS)[both]
        const [heldLock, askedLock]: RangeLock[] = [
          { ...held, owner: a.who },
          { ...asked, owner: asker.who },
        ]
        const locks = new FileLocks()
        locks.hold(a, heldLock)
        const met = locks.inTheWay(asker, askedLock) !== null
        const waits = conflict({ owner: a, lock: heldLock }, { owner: asker, lock: askedLock })
        locks.releaseAll(() => true)
        if (met !== expected || waits !== expected)
          wrong.push(JSON.stringify({ held, asked, isOwn: asker === a, met, waits }))
      }
    }
  }
  t.equal(pairs, 32 * 32 + 2 * 12 * 12 + 2 * 20 * 20 - 12 * 12 - 20 * 20)
  t.same(wrong, [])
})

t.test('of two equal ranges of flavour windows the exclusive one is unlocked first', async (t) => {
  for (const order of [
    [true, false],
    [false, true],
  ]) {
    const locks = new FileLocks()
    const lock: RangeLock = { kind: 'range', owner: a.who, flavour: 'windows', start: 0, end: 1, isExclusive: true }
    for (const isExclusive of order) locks.hold(a, { ...lock, isExclusive })
    t.ok(locks.release(a, lock))
    t.equal(locks.isShared, true)
    t.ok(locks.release(a, lock))
    t.notOk(locks.release(a, lock))
  }
})

t.test('two opens, whatever they do and deny', async (t) => {
  const wrong: string[] = []
  const open = (owner: Owner, bits: number, id: number): OpenLock => ({
    kind: 'open',
    owner: owner.who,
    id,
    access: bits & 7,
    deny: bits >> 3,
  })
  for (let first = 0; first < 64; first++) {
    const held = open(a, first, 1)
    for (let second = 0; second < 64; second++) {
      const locks = new FileLocks()
      locks.hold(a, held)
      const expected = [1, 2, 4].some(
        (bit) => (first & bit && second & (bit << 3)) !== 0 || (second & bit && first & (bit << 3)) !== 0,
      )
      const others = locks.inTheWay(b, open(b, second, 1)) !== null
      const own = locks.inTheWay(a, open(a, second, 2)) !== null
      const replaced = locks.inTheWay(a, open(a, second, 1)) !== null
      locks.releaseAll(() => true)
      if (others !== expected || own !== expected || replaced) wrong.push(`${first} ${second}`)
      if (isShared(held) && isShared(open(b, second, 1)) && expected) wrong.push(`${first} and ${second} are shared`)
    }
    const isHarmless = (first & 7) <= 1 && (first >> 3 === 0 || first >> 3 === 2)
    if (isShared(held) !== isHarmless) wrong.push(`${first} is shared`)
  }
  t.same(wrong, [])
})

/** By what a mover may decide alone, and what another mover's client asks for: what it must go down to. */
const RECALLS: Record<DelegationLevel, Record<'shared' | 'exclusive', DelegationLevel | null>> = {
  none: { shared: null, exclusive: null },
  shared: { shared: null, exclusive: 'none' },
  all: { shared: 'shared', exclusive: 'none' },
}

t.test('delegations and what others ask for', async (t) => {
  for (const level of ['none', 'shared', 'all'] as const) {
    for (const asked of ['shared', 'exclusive'] as const) {
      const file = new LockFile(1, [{ mover: 1, serial: 1, level, recalledTo: null }])
      const lock: ClientLock = {
        kind: 'range',
        owner: b.who,
        flavour: 'posix',
        start: 0,
        end: 1,
        isExclusive: asked === 'exclusive',
      }
      const [recall] = file.inTheWay({ mover: 2, id: 1, op: { type: 'lock', mode: 'try', lock } })
      t.equal(recall?.level ?? null, RECALLS[level][asked], `${level} and ${asked}`)
    }
  }
  const levels = (held: DelegationLevel[]): boolean => {
    const delegated = held.map((level, i) => ({ mover: i, serial: i, level, recalledTo: null }))
    return new LockFile(1, delegated).isSound
  }
  t.ok(levels(['all']))
  t.ok(levels(['shared', 'shared']))
  t.notOk(levels(['all', 'shared']))
  t.notOk(levels(['all', 'all']))
})

/** Of what an NFS client does to bytes 2 to 4: refused by which policies. */
const REFUSED: Record<string, Record<IoKind, IoPolicy[]>> = {
  'an exclusive range there': {
    read: ['rwlock'],
    write: ['wlock', 'rwlock'],
    truncate: ['wlock', 'rwlock'],
    remove: [],
    rename: [],
  },
  'a shared range there': {
    read: [],
    write: ['wlock', 'rwlock'],
    truncate: ['wlock', 'rwlock'],
    remove: [],
    rename: [],
  },
  'a range elsewhere': { read: [], write: [], truncate: [], remove: [], rename: [] },
  "an NFS client's range": { read: [], write: [], truncate: [], remove: [], rename: [] },
  'an open that denies reading': { read: ['rwlock'], write: [], truncate: [], remove: [], rename: [] },
  'an open that denies writing': {
    read: [],
    write: ['wlock', 'rwlock'],
    truncate: ['wlock', 'rwlock'],
    remove: [],
    rename: [],
  },
  'an open that denies deleting': {
    read: [],
    write: [],
    truncate: [],
    remove: ['wlock', 'rwlock'],
    rename: ['wlock', 'rwlock'],
  },
  "an NFS client's open": { read: [], write: [], truncate: [], remove: [], rename: [] },
}

t.test("what NFS I/O respects of other protocols' locks, by policy", async (t) => {
  const smb = ownerOf('s', 'smb')
  const range = (owner: Owner, start: number, isExclusive: boolean): [Owner, ClientLock] => {
    const flavour = owner === smb ? 'windows' : 'posix'
    return [owner, { kind: 'range', owner: owner.who, flavour, start, end: start + 1, isExclusive }]
  }
  const open = (owner: Owner, deny: number): [Owner, ClientLock] => [
    owner,
    { kind: 'open', owner: owner.who, id: 1, access: 1, deny },
  ]
  const held: Record<string, [Owner, ClientLock]> = {
    'an exclusive range there': range(smb, 3, true),
    'a shared range there': range(smb, 3, false),
    'a range elsewhere': range(smb, 4, true),
    "an NFS client's range": range(a, 3, true),
    'an open that denies reading': open(smb, 1),
    'an open that denies writing': open(smb, 2),
    'an open that denies deleting': open(smb, 4),
    "an NFS client's open": open(a, 7),
  }
  for (const [name, [owner, lock]] of Object.entries(held)) {
    const locks = new FileLocks()
    locks.hold(owner, lock)
    for (const kind of ['read', 'write', 'truncate', 'remove', 'rename'] as const) {
      const refusing = (['nolock', 'wlock', 'rwlock'] as const).filter((policy) =>
        nfsRefusal(locks, policy, { kind, start: 2, end: 4 }),
      )
      t.same(refusing, REFUSED[name][kind], `${name}: ${kind}`)
    }
    locks.releaseAll(() => true)
  }
})

t.test("ranges that refuse an SMB client's reads and writes, its own among them", async (t) => {
  const [smb, other] = [ownerOf('s', 'smb'), ownerOf('o', 'smb')]
  for (const [owner, isExclusive, reads, writes] of [
    [smb, true, true, true],
    [smb, false, true, false],
    [other, true, false, false],
    [other, false, true, false],
    [a, true, false, false],
    [a, false, true, false],
  ] as const) {
    const locks = new FileLocks()
    const flavour = owner === a ? 'posix' : 'windows'
    locks.hold(owner, { kind: 'range', owner: owner.who, flavour, start: 0, end: 4, isExclusive })
    const what = `${owner.who.owner} ${isExclusive ? 'exclusive' : 'shared'}`
    t.equal(smbRefusal(locks, smb, { kind: 'read', start: 3, end: 9 }) === null, reads, `${what}: read`)
    t.equal(smbRefusal(locks, smb, { kind: 'write', start: 3, end: 9 }) === null, writes, `${what}: write`)
    t.equal(smbRefusal(locks, smb, { kind: 'write', start: 4, end: 9 }), null, `${what}: behind it`)
    locks.releaseAll(() => true)
  }
})

const [R, H, W] = [LEASE_READ, LEASE_HANDLE, LEASE_WRITE]
const STATES: LeaseState[] = [R, R | H, R | W, R | H | W]

/** What an SMB lease of all (RHW), of reading and handles (RH), of reading and writing (RW), of reading (R) becomes. */
const BROKEN: Record<LeaseEvent, LeaseState[]> = {
  open: [R | H, R | H, R, R],
  openForWriting: [R | H, R | H, R, R],
  overwrite: [LEASE_NONE, LEASE_NONE, LEASE_NONE, LEASE_NONE],
  shareConflict: [R | W, R, R | W, R],
  read: [R | H, R | H, R, R],
  write: [LEASE_NONE, LEASE_NONE, LEASE_NONE, LEASE_NONE],
  lockRange: [LEASE_NONE, LEASE_NONE, LEASE_NONE, LEASE_NONE],
  rename: [R | W, R, R | W, R],
}

t.test('what an SMB lease becomes by what others do, and who must answer before', async (t) => {
  for (const [event, results] of Object.entries(BROKEN)) {
    ;[R | H | W, R | H, R | W, R].forEach((state, i) => {
      const leases = new FileLeases()
      t.equal(leases.grant('k', 'smb', state, false), state)
      t.same(leases.breaksFor(event as LeaseEvent, 'k'), [], `${event} by itself`)
      const breaks = leases.breaksFor(event as LeaseEvent, null)
      const to = results[i]
      const expected = to === state ? [] : [{ key: 'k', from: state, to, mustAnswer: state !== R }]
      t.same(breaks, expected, `${event} with ${state}`)
      if (breaks[0]?.mustAnswer !== true) return
      t.equal(leases.grant('k', 'smb', R | H | W, false), state, 'it does not grow meanwhile')
      t.equal(leases.breaksFor(event as LeaseEvent, null)[0].mustAnswer, true, 'it has not answered yet')
      t.notOk(leases.acknowledge('k', state), 'it keeps too much')
      t.ok(leases.acknowledge('k', to))
      t.same(leases.breaksFor(event as LeaseEvent, null), [], 'nothing is left to be told')
      t.notOk(leases.acknowledge('k', to), 'nobody has asked')
    })
  }
})

t.test('leases that may be together, and what NFSv4 clients are promised', async (t) => {
  for (const held of STATES) {
    for (const wanted of STATES) {
      const leases = new FileLeases()
      leases.grant('k', 'smb', held, false)
      const expected = held & W ? LEASE_NONE : wanted & ~W
      t.equal(leases.grant('l', 'smb', wanted, true), expected, `${held} and ${wanted}`)
    }
  }
  const leases = new FileLeases()
  t.equal(leases.grant('k', 'smb', R | W, true), R, 'others have it open')
  t.equal(leases.grant('k', 'smb', R | H | W, false), R | H | W, 'it grows')
  t.equal(leases.grant('k', 'smb', R, false), R | H | W, 'and does not shrink')
  t.equal(leases.grant('l', 'smb', H, false), LEASE_NONE)
  t.ok(leases.remove('k'))
  t.equal(leases.size, 0)
  leases.grant('d', 'nfs4', R, true)
  t.same(leases.breaksFor('open', null), [])
  t.same(leases.breaksFor('openForWriting', null), [{ key: 'd', from: R, to: LEASE_NONE, mustAnswer: true }])
})
