/** Client locks of several movers: what is said about them, what is durable, and what survives whom. */
import t from 'tap'
import { PrimaryAuthority } from '../../mover/authority/primary.ts'
import { PrimaryLocks } from '../../mover/authority/primary-locks.ts'
import { Session } from '../../mover/authority/session.ts'
import {
  type ClientLock,
  type ClientLocks,
  HeldClientLocks,
  type LockMode,
  RANGE_END,
} from '../../mover/files/client-locks.ts'
import { GovernedVolume } from '../../mover/files/governed-volume.ts'
import { type LockedFiles, lockedFiles, noteLocks } from '../../mover/files/lock-records.ts'
import type { Operation } from '../../mover/files/service.ts'
import type { LockOutcome } from '../../mover/locks/client-lock.ts'
import { rangeOwner, shareOwner } from '../../mover/nlm4/owner.ts'
import { PrimaryReign } from '../../mover/primary-reign.ts'
import { message_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import { MoverWorld, type Secondary, type SimulatedMover } from '../sim/mover-world.ts'
import { FilesWorld } from './files-support.ts'
import { memoryLogger } from './rpc-support.ts'

const GRACE_MS = 30_000
/** As in the configuration. */
const MOVERS = ['primary', 'secondary 1', 'secondary 2']
/** Long enough for everything that is done when nobody has locks any more. */
const QUIET_MS = 20_000

function range(client: string, start: number, end: number | bigint, isExclusive = true): ClientLock {
  const owner = { protocol: 'nlm', client, owner: 'process 7' } as const
  return { kind: 'range', owner, flavour: 'posix', start, end, isExclusive }
}

/** One direction of a session. */
class Wire {
  readonly #env: TestEnvironment
  receiver: Session | null = null

  constructor(env: TestEnvironment) {
    this.#env = env
  }

  write(bytes: Uint8Array): void {
    const copy = bytes.slice()
    this.#env.work(0, () => this.receiver?.received(copy))
  }

  close(): void {}
}

interface Asked {
  outcome: LockOutcome | null
}

/** A primary and two secondaries with a file, and clients of each. */
class Locks {
  readonly world = new MoverWorld(1, 2)
  readonly primary = this.world.primary
  readonly first = this.world.secondaries[0]
  readonly second = this.world.secondaries[1]
  readonly ino = this.world.create(this.primary, 'f')
  /** Who has been granted what it has waited for. */
  readonly granted: string[] = []
  readonly #locks = new Map<SimulatedMover, ClientLocks>()

  constructor() {
    for (const mover of [this.primary, this.first, this.second]) {
      const { locks } = mover.authority
      const clientLocks = new HeldClientLocks(locks.holder, locks, () => locks.arm())
      clientLocks.listener = {
        granted: (ino, _, lock) => this.granted.push(`${lock.owner.client} on ${ino}`),
        gone: (ino) => this.granted.push(`gone ${ino}`),
        broken: () => {},
      }
      this.#locks.set(mover, clientLocks)
    }
    this.world.env.runUntilIdle()
  }

  /** Frames, and messages about client locks, that the mover's session has carried in both directions. */
  said({ session }: { session: Locks['first']['session'] }): { frames: number; messages: number } {
    const counters = session.counters()
    const kinds = Object.keys(message_kind).filter((name) => name.startsWith('LOCK_'))
    const messages = kinds.reduce(
      (sum, kind) => sum + (counters[`sent.${kind}`] ?? 0) + (counters[`received.${kind}`] ?? 0),
      0,
    )
    return { frames: (counters['framesSent'] ?? 0) + (counters['framesReceived'] ?? 0), messages }
  }

  /** Begins to ask; its outcome comes. */
  start(mover: SimulatedMover, what: (locks: ClientLocks, op: Operation) => LockOutcome): Asked {
    const locks = this.#locks.get(mover) as ClientLocks
    const asked: Asked = { outcome: null }
    let outcome: LockOutcome | null = null
    const attempt = (op: Operation): null => {
      outcome = what(locks, op)
      return null
    }
    this.world.run(mover, attempt, () => {
      asked.outcome = outcome
    })
    return asked
  }

  ask(mover: SimulatedMover, what: (locks: ClientLocks, op: Operation) => LockOutcome): LockOutcome {
    const asked = this.start(mover, what)
    this.world.env.runUntil(() => asked.outcome !== null)
    return asked.outcome as unknown as LockOutcome
  }

  lock(mover: SimulatedMover, lock: ClientLock, mode: LockMode = 'try', ino = this.ino): string {
    return this.ask(mover, (locks, op) => locks.lock(op, ino, lock, mode)).type
  }

  unlock(mover: SimulatedMover, lock: ClientLock): string {
    return this.ask(mover, (locks, op) => locks.unlock(op, this.ino, lock)).type
  }

  pass(ms: number): void {
    let isOver = false
    this.world.env.timer(ms, () => {
      isOver = true
    })
    this.world.env.runUntil(() => isOver)
  }

  /**
   * Another primary, without a mover of its own, to which `survivors` say what they have; `known`: these know what all their
   * clients have.
   */
  takeOver(survivors: readonly Secondary[], known = survivors): PrimaryAuthority {
    const { files, env } = this.world.files
    const notes = new GovernedVolume(files.context, () => {}, 0)
    const noted = this.world.files.world.run(lockedFiles(files.volume)) as LockedFiles
    const locks = new PrimaryLocks({ notes, env, graceMs: GRACE_MS, movers: MOVERS, self: '', noted })
    const primary = new PrimaryAuthority(notes, files.volume.log, env, locks, true)
    let asserting = survivors.length
    for (const { name, authority } of survivors) {
      authority.parted()
      const [up, down] = [new Wire(env), new Wire(env)]
      const ended = (reason: string): void => {
        throw new Error(reason)
      }
      const above: Session = new Session(down, env, { message: (message) => peer.received(message), ended })
      const below = new Session(up, env, { message: (message) => authority.received(message), ended })
      up.receiver = above
      down.receiver = below
      const peer = primary.admit(name, above, () => {
        if (--asserting === 0) primary.recovered(known.map(({ name }) => name))
      })
      authority.join(below)
    }
    return primary
  }

  isNoted(): boolean {
    return this.world.files.inode(this.ino).lockers !== 0
  }
}

t.test('the first lock on a file takes one round trip, the next ones nothing', async (t) => {
  const locks = new Locks()
  const { first } = locks
  const before = locks.said(first)
  t.equal(locks.lock(first, range('a', 0, 10)), 'granted')
  const after = locks.said(first)
  t.same(after, { frames: before.frames + 2, messages: before.messages + 2 })
  for (let i = 0; i < 20; i++) {
    t.equal(locks.lock(first, range('b', 10 * i + 10, 10 * i + 20)), 'granted')
    t.equal(locks.lock(first, range('c', 10 * i + 10, 10 * i + 11)), 'denied')
    t.equal(locks.unlock(first, range('b', 10 * i + 10, 10 * i + 20)), 'granted')
  }
  t.equal(locks.unlock(first, range('a', 0, RANGE_END as bigint)), 'granted')
  t.equal(locks.lock(first, range('d', 0, 5)), 'granted')
  t.same(locks.said(first), after)
})

t.test('the primary asks its own mover, too, and only once', async (t) => {
  const locks = new Locks()
  const { primary, first, second } = locks
  t.equal(locks.lock(primary, range('a', 0, 10)), 'granted')
  t.equal(primary.authority.locks.holder.levelOf(locks.ino), 'all')
  t.same(
    [first, second].map((mover) => locks.said(mover).messages),
    [0, 0],
  )
})

t.test('clients of different movers keep out of each other’s way', async (t) => {
  const locks = new Locks()
  const { primary, first, second } = locks
  t.equal(locks.lock(first, range('a', 0, 10)), 'granted')
  const denied = locks.ask(second, (client, op) => client.lock(op, locks.ino, range('b', 5, 6), 'try'))
  t.match(denied, { type: 'denied', lock: { owner: { client: 'a', owner: 'process 7' }, start: 0, end: 10 } })
  t.equal(locks.lock(primary, range('c', 9, 11)), 'denied')
  t.equal(locks.lock(second, range('b', 10, 20)), 'granted', 'elsewhere')
  t.equal(locks.lock(primary, range('c', 20, RANGE_END as bigint)), 'granted')
  t.equal(locks.lock(first, range('a', 15, 16)), 'denied')
  const met = locks.ask(first, (client, op) => client.test(op, locks.ino, range('a', 1000, 1001)))
  t.match(met, { type: 'denied', lock: { owner: { client: 'c' }, start: 20, end: RANGE_END } })
  t.equal(locks.unlock(second, range('b', 0, 100)), 'granted')
  t.equal(locks.lock(first, range('a', 15, 16)), 'granted')
})

t.test('clients and their owners may have names as long as NLM lets them send', async (t) => {
  const locks = new Locks()
  const address = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255'
  const named = { caller_name: Buffer.alloc(1024, 0xff), oh: Buffer.alloc(1024, 0xfe), svid: -(2 ** 31) }
  const open = { kind: 'open', owner: shareOwner(named, address), id: 0, access: 3, deny: 3 } as const
  const wanted = { ...range('', 0, 10), owner: rangeOwner(named, address) }
  for (const lock of [wanted, open]) {
    t.equal(locks.lock(locks.first, lock), 'granted')
    const denied = locks.ask(locks.second, (client, op) => client.test(op, locks.ino, lock))
    t.match(denied, { type: 'denied', lock: { owner: lock.owner } })
  }
})

t.test('the same words at two movers are two owners', async (t) => {
  const locks = new Locks()
  t.equal(locks.lock(locks.first, range('a', 0, 10)), 'granted')
  t.equal(locks.lock(locks.second, range('a', 0, 10)), 'denied')
})

t.test('who gives up waiting before it has heard that it waits does not wait', async (t) => {
  const locks = new Locks()
  t.equal(locks.lock(locks.first, range('a', 0, 10)), 'granted')
  for (const mover of [locks.primary, locks.second]) {
    const wanted = range('b', 5, 6)
    const asked = locks.start(mover, (client, op) => client.lock(op, locks.ino, wanted, 'wait'))
    const cancelled = locks.start(mover, (client, op) => client.cancel(op, locks.ino, wanted))
    locks.world.env.runUntil(() => cancelled.outcome !== null)
    t.same([asked.outcome?.type, cancelled.outcome?.type], ['waiting', 'granted'])
  }
  t.equal(locks.unlock(locks.first, range('a', 0, 10)), 'granted')
  locks.pass(1000)
  t.same(locks.granted, [])
  t.equal(locks.lock(locks.first, range('c', 0, 10)), 'granted')
})

t.test('who waits is told when the lock is its own', async (t) => {
  const locks = new Locks()
  const { primary, first, second } = locks
  t.equal(locks.lock(first, range('a', 0, 10)), 'granted')
  t.equal(locks.lock(second, range('b', 0, 10), 'wait'), 'waiting')
  t.equal(locks.lock(primary, range('c', 0, 10), 'wait'), 'waiting')
  t.equal(locks.lock(first, range('d', 0, 10), 'wait'), 'waiting')
  locks.world.env.runUntilIdle()
  t.same(locks.granted, [])
  t.equal(locks.unlock(first, range('a', 0, 10)), 'granted')
  locks.world.env.runUntilIdle()
  t.same(locks.granted, [`b on ${locks.ino}`])
  t.equal(locks.ask(primary, (client, op) => client.cancel(op, locks.ino, range('c', 0, 10))).type, 'granted')
  t.equal(locks.unlock(second, range('b', 0, 10)), 'granted')
  locks.world.env.runUntilIdle()
  t.same(locks.granted, [`b on ${locks.ino}`, `d on ${locks.ino}`], 'who has given up waiting is passed over')
})

t.test('two who would wait for each other, at different movers: the second is refused', async (t) => {
  const locks = new Locks()
  const { first, second } = locks
  const other = locks.world.create(locks.primary, 'g')
  t.equal(locks.lock(first, range('a', 0, 10)), 'granted')
  t.equal(locks.lock(second, range('b', 0, 10), 'try', other), 'granted')
  t.equal(locks.lock(second, range('b', 0, 10), 'wait'), 'waiting')
  t.equal(locks.lock(first, range('a', 0, 10), 'wait', other), 'deadlock')
})

t.test('a client that is gone leaves nothing', async (t) => {
  const locks = new Locks()
  const { first, second } = locks
  t.equal(locks.lock(first, range('a', 0, 10)), 'granted')
  t.equal(locks.lock(first, range('other', 20, 30)), 'granted')
  t.equal(locks.lock(second, range('b', 0, 10), 'wait'), 'waiting')
  locks.ask(first, (client) => {
    client.releaseClient('nlm', 'a')
    return { type: 'granted' }
  })
  locks.world.env.runUntilIdle()
  t.same(locks.granted, [`b on ${locks.ino}`])
  t.equal(locks.lock(second, range('b', 20, 21)), 'denied')
})

t.test('nobody has a lock before it is durable that the file may be locked', async (t) => {
  for (const place of ['primary', 'first'] as const) {
    const locks = new Locks()
    const { log } = locks.world.files.files.volume
    t.notOk(locks.isNoted())
    locks.lock(locks[place], range('a', 0, 10))
    t.ok(locks.isNoted(), place)
    t.ok(locks.world.files.inode(locks.ino).lastLsn <= log.durableLsn, `${place}: durable when it is answered`)
  }
})

t.test('a file that nobody has locked for a while is not noted any more', async (t) => {
  const locks = new Locks()
  const { first } = locks
  locks.lock(first, range('a', 0, 10))
  locks.pass(QUIET_MS)
  t.ok(locks.isNoted(), 'as long as it is locked')
  locks.unlock(first, range('a', 0, 10))
  locks.pass(QUIET_MS)
  t.notOk(locks.isNoted())
  t.same([...locks.primary.authority.locks.inos()], [])
  t.equal(locks.lock(first, range('a', 0, 10)), 'granted', 'and may be locked again')
  t.ok(locks.isNoted())
})

t.test(
  'a lock that clients of two movers have in turn costs three messages a turn, and its file stays noted',
  async (t) => {
    const locks = new Locks()
    const { first, second, world } = locks
    const turn = (mover: Locks['first']): void => {
      t.equal(locks.lock(mover, range('a', 0, 10)), 'granted')
      t.equal(locks.unlock(mover, range('a', 0, 10)), 'granted')
      world.env.runUntilIdle()
    }
    turn(first)
    turn(second)
    for (let i = 0; i < 3; i++) {
      const [mine, others] = [locks.said(first), locks.said(second)]
      turn(first)
      t.same(locks.said(first), { frames: mine.frames + 3, messages: mine.messages + 3 }, 'asked, granted, given back')
      t.same(locks.said(second), others, 'the other mover has nothing to give back')
      turn(second)
    }
    locks.pass(1500)
    t.ok(locks.isNoted())
    locks.pass(QUIET_MS)
    t.notOk(locks.isNoted())
  },
)

t.test('a mover that is gone: its files wait for reclaims, and those only', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world } = locks
  const other = world.create(primary, 'g')
  locks.lock(first, range('a', 0, 10))
  locks.lock(primary, range('c', 0, 10), 'try', other)
  primary.authority.gone(first.peer)
  t.equal(locks.lock(second, range('b', 50, 60)), 'grace')
  t.equal(locks.lock(primary, range('c', 50, 60)), 'grace')
  t.equal(locks.lock(second, range('b', 50, 60), 'try', other), 'granted', 'another file does not wait')
  t.equal(locks.lock(second, range('b', 70, 80), 'reclaim', other), 'noGrace')
  t.equal(locks.lock(second, range('a', 0, 10), 'reclaim'), 'granted')
  t.equal(locks.lock(primary, range('d', 5, 6), 'reclaim'), 'denied', 'against what has been reclaimed')
  locks.pass(GRACE_MS + 2000)
  t.equal(locks.lock(primary, range('c', 5, 6)), 'denied')
  t.equal(locks.lock(primary, range('c', 50, 60)), 'granted')
})

t.test('after a crash of all, files that were locked wait for reclaims', async (t) => {
  const locks = new Locks()
  const { env, device } = locks.world.files
  const quiet = locks.world.create(locks.primary, 'quiet')
  locks.lock(locks.first, range('a', 0, 10))
  device.cutPower()
  const again = new FilesWorld(2, {}, { disk: device.survivingImage(), wallMs: env.wallMs() + 1000 })
  const { files } = again
  const noted = again.world.run(lockedFiles(files.volume)) as LockedFiles
  t.same([...noted], [[locks.ino, 1 << MOVERS.indexOf(locks.first.name)]])
  const notes = new GovernedVolume(files.context, () => {}, 0)
  const primary = new PrimaryLocks({ notes, env: again.env, graceMs: GRACE_MS, movers: MOVERS, self: '', noted })
  primary.recovered([])
  const ask = (ino: number, lock: ClientLock, mode: LockMode): string => {
    let later: LockOutcome | null = null
    const atOnce = primary.holder.lock(ino, lock, mode, (told) => {
      later = told
    })
    const decided = (): LockOutcome | null => atOnce ?? later
    again.env.runUntil(() => decided() !== null)
    return decided()?.type ?? ''
  }
  t.equal(ask(locks.ino, range('z', 50, 60), 'try'), 'grace')
  t.equal(ask(quiet, range('z', 50, 60), 'try'), 'granted')
  t.equal(ask(locks.ino, range('a', 0, 10), 'reclaim'), 'granted')
  let isOver = false
  again.env.timer(GRACE_MS + 5000, () => {
    isOver = true
  })
  again.env.runUntil(() => isOver)
  t.equal(ask(locks.ino, range('z', 50, 60), 'try'), 'granted')
  t.equal(ask(locks.ino, range('z', 0, 1), 'try'), 'denied')
  t.not(again.inode(locks.ino).lockers, 0, 'what has been reclaimed is still noted')
})

t.test(
  'which movers are noted is not believed in a reign that begins with an `up`: the configuration may be another',
  (t) => {
    for (const movers of [['x', 'primary'], ['primary']]) {
      const world = new FilesWorld()
      const { files, env } = world
      const ino = world.create('f')
      // By the first of the movers that there were.
      const noted = new Map([[ino, 1]])
      const reign = new PrimaryReign({
        ...{ name: 'share', term: 1, device: { identity: 'file 1:2', direct: true }, files, env, holders: [] },
        ...{ movers, self: 'primary', noted, graceMs: GRACE_MS, isCalm: true },
        ...{ mostReserved: 0, trace: null },
        logger: memoryLogger().logger,
      })
      let outcome: LockOutcome | null = null
      reign.authority.locks.holder.lock(ino, range('z', 50, 60), 'try', (told) => {
        outcome = told
      })
      env.runUntil(() => outcome !== null)
      t.same(outcome, { type: 'grace' })
    }
    t.end()
  },
)

t.test('a file that is removed takes its locks along', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world } = locks
  locks.lock(first, range('a', 0, 10))
  locks.lock(second, range('b', 0, 10), 'wait')
  world.answer(primary, (op) => primary.files.remove(op, world.files.root, Buffer.from('f')))
  t.same(locks.granted, [`gone ${locks.ino}`])
  t.equal(locks.lock(first, range('a', 0, 10)), 'gone')
  t.equal(locks.lock(second, range('a', 0, 10)), 'gone')
  t.equal(locks.lock(primary, range('a', 0, 10)), 'gone')
})

t.test('a primary that is lost has removed a file, and told nobody', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world } = locks
  const [alone, kept] = [world.create(primary, 'alone'), world.create(primary, 'kept')]
  locks.lock(first, range('a', 0, 10))
  locks.lock(second, range('b', 0, 10), 'wait')
  locks.lock(first, range('a', 0, 10), 'try', alone)
  locks.lock(first, range('a', 0, 10), 'try', kept)
  world.files.files.context.locks = null
  for (const name of ['f', 'alone'])
    world.answer(primary, (op) => primary.files.remove(op, world.files.root, Buffer.from(name)))
  const next = locks.takeOver([first, second])
  world.env.runUntilIdle()
  t.same(locks.granted, [`gone ${locks.ino}`], 'who waits waits no more')
  t.same([...next.locks.inos()], [kept])
  t.same([...first.authority.locks.holder.inos()], [kept])
  t.equal(locks.lock(second, range('b', 0, 10)), 'gone')
  t.equal(locks.lock(second, range('b', 0, 10), 'try', kept), 'denied')
})

t.test('another primary is told of all that movers have, and of what they wait for', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world } = locks
  const [alone, shared, waited, lost] = ['alone', 'shared', 'waited', 'lost'].map((name) => world.create(primary, name))
  t.equal(locks.lock(first, range('a', 0, 10), 'try', alone), 'granted')
  t.equal(locks.lock(first, range('a', 0, 10, false), 'try', shared), 'granted')
  t.equal(locks.lock(second, range('b', 0, 10, false), 'try', shared), 'granted')
  t.equal(locks.lock(second, range('b', 0, 10), 'try', waited), 'granted')
  t.equal(locks.lock(first, range('a', 0, 10), 'wait', waited), 'waiting')
  t.equal(locks.lock(primary, range('c', 0, 10), 'try', lost), 'granted')
  const next = locks.takeOver([first, second])
  world.env.runUntilIdle()
  t.equal(first.authority.locks.holder.levelOf(alone), 'all', 'what it decides alone stays its own')
  t.equal(locks.lock(second, range('b', 0, 10), 'try', alone), 'denied')
  t.equal(
    locks.lock(second, range('b', 20, 30), 'try', alone),
    'granted',
    'a file that nobody else had locked does not wait',
  )
  t.equal(
    locks.lock(second, range('b', 0, 10), 'try', lost),
    'grace',
    'one that the lost primary’s clients had locked does',
  )
  t.equal(locks.lock(second, range('c', 0, 10), 'reclaim', lost), 'granted')
  t.equal(locks.lock(second, range('b', 50, 60), 'try', shared), 'granted', 'others do not')
  t.match(next.locks.describe(waited), {
    held: [{ lock: { owner: { client: 'b' } } }],
    waiting: [{ lock: { owner: { client: 'a' } } }],
  })
  t.equal(locks.ask(second, (client, op) => client.unlock(op, waited, range('b', 0, 10))).type, 'granted')
  world.env.runUntilIdle()
  t.same(locks.granted, [`a on ${waited}`])
})

t.test('files that clients of the lost primary had locked wait, whoever else has', async (t) => {
  for (const isKnown of [true, false]) {
    const locks = new Locks()
    const { primary, first, second, world } = locks
    const theirs = world.create(primary, 'theirs')
    for (const mover of [first, primary, second]) {
      t.equal(locks.lock(mover, range('a', mover === first ? 0 : 100, 200, false)), 'granted')
      if (mover !== primary) t.equal(locks.lock(mover, range('a', 0, 10, false), 'try', theirs), 'granted')
    }
    t.equal(locks.lock(first, range('b', 100, 200), 'wait'), 'waiting')
    t.equal(locks.lock(first, range('b', 0, 10), 'wait', theirs), 'waiting')
    locks.takeOver([first, second], isKnown ? [first, second] : [first])
    world.env.runUntilIdle()
    t.equal(locks.lock(second, range('c', 500, 510)), 'grace')
    const expected = isKnown ? 'granted' : 'grace'
    t.equal(locks.lock(second, range('c', 500, 510), 'try', theirs), expected)
    locks.ask(first, (client, op) => client.unlock(op, theirs, range('a', 0, 10)))
    locks.ask(second, (client, op) => client.unlock(op, theirs, range('a', 0, 10)))
    locks.ask(first, (client, op) => client.unlock(op, locks.ino, range('a', 0, 200)))
    locks.ask(second, (client, op) => client.unlock(op, locks.ino, range('a', 0, 200)))
    world.env.runUntilIdle()
    const now = isKnown ? [`b on ${theirs}`] : []
    t.same(locks.granted, now)
    locks.pass(GRACE_MS + 2000)
    const all = [`b on ${locks.ino}`, `b on ${theirs}`]
    t.same([...locks.granted].sort(), all, 'who waits has it behind all reclaims')
  }
})

t.test('what a mover has asked, and was not answered, it asks the next primary', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world } = locks
  locks.lock(second, range('b', 0, 10))
  locks.lock(first, range('a', 10, 20))
  // Nobody is there to be asked.
  first.authority.parted()
  let outcome: LockOutcome | null = null
  const { holder } = first.authority.locks
  t.equal(
    holder.lock(locks.ino, range('a', 30, 40), 'try', (told) => {
      outcome = told
    }),
    null,
  )
  locks.takeOver([first, second])
  world.env.runUntil(() => outcome !== null)
  t.same(outcome, { type: 'granted' }, 'the file has no locks of the lost primary')
  t.same(
    holder.locksOf(locks.ino).map(({ owner }) => owner.client),
    ['a', 'a'],
  )
  t.same([...primary.authority.inos()], [])
})

t.test('on a volume that has become read-only files can be locked that are noted', async (t) => {
  const locks = new Locks()
  const { primary, first, second, world } = locks
  const other = world.create(primary, 'other')
  for (const mover of [first, second]) locks.lock(mover, range('a', 0, 10, false))
  locks.lock(first, range('a', 0, 10), 'try', other)
  world.files.files.volume.fail(new Error('the device takes no writes'))
  t.equal(locks.lock(second, range('a', 20, 30)), 'granted')
  t.equal(locks.lock(primary, range('a', 40, 50)), 'limit', 'but not by clients of a mover that is not')
  t.equal(locks.lock(second, range('a', 20, 30), 'try', other), 'limit')
  t.equal(locks.lock(first, range('a', 20, 30), 'try', other), 'granted')
})

t.test('who waits for what was given up while there was no primary has it from the next one', async (t) => {
  const locks = new Locks()
  const { first, second, world, ino } = locks
  locks.lock(first, range('a', 0, 10))
  locks.lock(second, range('b', 0, 10), 'wait')
  first.authority.parted()
  t.equal(
    first.authority.locks.holder.unlock(ino, range('a', 0, 10), () => {}),
    null,
  )
  locks.takeOver([first, second])
  world.env.runUntilIdle()
  t.same(locks.granted, [`b on ${ino}`])
})

t.test('what comes behind an unlock that nobody has answered is asked of the next primary', async (t) => {
  const locks = new Locks()
  const { first, second, world, ino } = locks
  const { holder } = first.authority.locks
  const told: string[] = []
  const tell =
    (what: string) =>
    ({ type }: LockOutcome): void =>
      void told.push(`${what} ${type}`)
  const other = (start: number, end: number): ClientLock => {
    return { ...range('a', start, end), owner: { protocol: 'nlm', client: 'a', owner: 'process 8' } } as ClientLock
  }
  const { files } = world.files
  world.answer(locks.primary, (op) => noteLocks(files.context, op, world.files.inode(ino), 2))
  // What the last primary has answered, until it was gone: it has left the file to this mover, unlike what it was asked then.
  first.authority.parted()
  t.equal(holder.lock(ino, range('a', 0, 10), 'try', tell('lock')), null)
  holder.answered(ino, 1, { type: 'granted' }, null)
  t.equal(holder.lock(ino, other(40, 50), 'try', tell('other')), null)
  t.equal(holder.unlock(ino, range('a', 0, 10), tell('unlock')), null)
  t.equal(holder.lock(ino, range('a', 45, 60), 'wait', tell('behind')), null)
  holder.answered(ino, 2, { type: 'granted' }, { serial: 9, level: 'all', isBrief: false })
  t.same(told.splice(0), ['lock granted', 'other granted'])
  const next = locks.takeOver([first, second])
  world.env.runUntil(() => told.length === 2)
  t.same(told, ['unlock granted', 'behind waiting'])
  t.match(next.locks.describe(ino), {
    held: [{ lock: { owner: { owner: 'process 8' }, start: 40, end: 50 } }],
    waiting: [{ lock: { start: 45, end: 60 } }],
    delegations: [],
  })
  t.equal(locks.unlock(first, other(40, 50)), 'granted')
  world.env.runUntil(() => locks.granted.length > 0)
  t.same(locks.granted, [`a on ${ino}`])
})
