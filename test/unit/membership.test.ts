/** A mover that becomes primary of a volume whose secondary it is: whom it waits for, and what becomes of its own side. */
import t from 'tap'
import { SecondaryAuthority } from '../../mover/authority/secondary.ts'
import { HeldVolume } from '../../mover/files/held-volume.ts'
import type { Incarnation, VolumeRole } from '../../mover/host/channel.ts'
import { MOST_GRACES } from '../../mover/locks/lock-grace.ts'
import { Membership } from '../../mover/membership.ts'
import type { PrimaryLink } from '../../mover/primary-link.ts'
import { PrimaryReign } from '../../mover/primary-reign.ts'
import { PagePool } from '../../mover/store/page-pool.ts'
import { Process } from '../sim/process.ts'
import { FilesWorld } from './files-support.ts'
import { memoryLogger } from './rpc-support.ts'

const LEASE_MS = 600
const GRACE_MS = 5000
/** Nobody reclaims any more what a mover that came back slowly had lost, and everybody has heard of it. */
const OVER_MS = MOST_GRACES * GRACE_MS + 2 * LEASE_MS
const DEVICE = { identity: 'file 1:2', direct: true }
const pool = new PagePool(64)

function incarnation(name: string, start = 1): Incarnation {
  return {
    name,
    incarnation: Buffer.from(name + start)
      .toString('hex')
      .padEnd(32, '0'),
  }
}

const [a, b, c] = ['a', 'b', 'c'].map((name) => incarnation(name)) as [Incarnation, Incarnation, Incarnation]

function role(primary: string, term: number): VolumeRole {
  return { volume: 'share', role: primary === 'b' ? 'primary' : 'secondary', primary, term }
}

/** Mover b, a secondary of a, which is about to die; c is another one, of which nothing is heard. */
class Heir {
  readonly world = new FilesWorld()
  readonly process = new Process('b', this.world.env)
  readonly log = memoryLogger()
  readonly ending = new AbortController()
  readonly silent: string[] = []
  readonly stuck: string[] = []
  readonly elected: [number, readonly Incarnation[], boolean][] = []
  readonly authority: SecondaryAuthority
  readonly membership: Membership
  readonly link: PrimaryLink
  readonly reign: PrimaryReign

  constructor() {
    const { device, files } = this.world
    const { process: env } = this
    const { logger } = this.log
    this.membership = new Membership({
      role: role('a', 1),
      self: b,
      movers: [a, b, c],
      environment: env,
      logger,
      leaseMs: LEASE_MS,
      graceMs: GRACE_MS,
      signal: this.ending.signal,
      connect: () => {},
      onLost: (reason) => {
        throw new Error(reason)
      },
      onElected: (...args) => this.elected.push(args),
      onSilent: ({ name }) => this.silent.push(name),
      onStuck: ({ name }, { ino, forMs }) => this.stuck.push(`${name}: ${ino} for ${forMs} ms`),
    })
    const held = new HeldVolume({
      device,
      env,
      authority: () => this.authority,
      pagePool: pool,
      inodeCapacity: 10,
      leaseMs: LEASE_MS,
      onFailure: (error) => {
        throw error
      },
    })
    this.authority = new SecondaryAuthority(held, env)
    this.link = this.membership.link as PrimaryLink
    this.link.open({ volume: files.volumeUuid, device: DEVICE }, this.authority, () => {})
    const volume = {
      name: 'share',
      term: 2,
      device: DEVICE,
      files,
      env,
      logger,
      mostReserved: 0,
      holders: [b, c],
    }
    const locks = { movers: [], self: 'b', noted: new Map<number, number>(), graceMs: GRACE_MS, isCalm: false }
    this.reign = new PrimaryReign({ ...volume, ...locks, answeredMs: () => env.monotonicMs(), trace: null })
  }

  /** a dies, b is elected, and has opened the volume. */
  succeeds(): void {
    this.membership.gone(a)
    this.membership.follow(role('b', 2), [b, c])
    this.opens()
  }

  opens(): void {
    const { files } = this.world
    this.membership.reigns({ name: 'share', uuid: files.volumeUuid, reign: this.reign }, [b, c])
    this.world.env.runUntilIdle()
  }
}

t.test('it is told to open the volume, comes to itself as others do, and waits for them', async (t) => {
  const heir = new Heir()
  const { authority, reign, membership, world } = heir
  heir.succeeds()
  t.strictSame(heir.elected, [[2, [b, c], false]])
  t.equal(reign.counters()['sessions'], 1)
  t.strictSame([reign.isRecovered, authority.isReady], [false, false], 'c has not said what it holds')
  membership.gone(c)
  world.env.runUntilIdle()
  t.strictSame([reign.isRecovered, authority.isReady], [true, true])
  t.ok(heir.log.lines.every(({ level }) => level === 30))
})

t.test(
  'who died while the volume was being opened is not waited for, and who was started meanwhile may come',
  async (t) => {
    const heir = new Heir()
    const { membership } = heir
    membership.gone(a)
    membership.follow(role('b', 2), [b, c])
    membership.gone(c)
    membership.started(incarnation('c', 2))
    heir.opens()
    t.ok(heir.authority.isReady)
    t.throws(() => membership.started(incarnation('c', 3)), /mover c is started before its last process was gone/)
  },
)

t.test('who does not say what it holds is told of once a lease, until the mover ends', async (t) => {
  const heir = new Heir()
  const { env } = heir.world
  heir.succeeds()
  env.advance(2 * LEASE_MS)
  t.strictSame(heir.silent, ['c', 'c'])
  heir.process.stop()
  env.advance(2 * LEASE_MS)
  heir.process.resume()
  env.runUntilIdle()
  t.equal(heir.silent.length, 2, 'by who was held up himself it is not')
  env.advance(1.4 * LEASE_MS)
  t.equal(heir.silent.length, 3)
  heir.ending.abort()
  env.advance(2 * LEASE_MS)
  t.equal(heir.silent.length, 3)
})

t.test('a mover that ends before it knows what others hold keeps nobody waiting, itself neither', async (t) => {
  const heir = new Heir()
  heir.succeeds()
  const left = heir.link.closing()
  heir.ending.abort()
  t.ok(heir.link.session?.isOpen)
  heir.reign.abandon()
  heir.world.env.runUntilIdle()
  t.equal(heir.link.session, null)
  await left

  const known = new Heir()
  known.succeeds()
  known.membership.gone(c)
  known.world.env.runUntilIdle()
  known.reign.abandon()
  known.world.env.runUntilIdle()
  t.ok(known.link.session?.isOpen, 'otherwise what it has written goes through its primary')
})

t.test('whether clients may still reclaim what was lost before the primary was', async (t) => {
  /** What an election says, `ms` behind the last loss. */
  const isCalm = (ms: number, befall: (heir: Heir) => void = () => {}): boolean | undefined => {
    const heir = new Heir()
    heir.succeeds()
    heir.membership.gone(c)
    heir.world.env.runUntilIdle()
    t.ok(heir.authority.isReady)
    heir.world.env.advance(OVER_MS)
    befall(heir)
    heir.world.env.advance(ms)
    heir.membership.follow(role('b', 3), [b])
    return heir.elected.at(-1)?.[2]
  }
  t.equal(isCalm(0), true)
  const another = (heir: Heir): void => {
    heir.membership.started(incarnation('c', 2))
    heir.membership.gone(incarnation('c', 2))
  }
  t.equal(isCalm(OVER_MS - LEASE_MS, another), false, 'of another mover, which may have come back slowly')
  t.equal(isCalm(OVER_MS, another), true)
  t.equal(
    isCalm(0, ({ membership }) => membership.gone(b)),
    true,
    'that of the primary is what the election is for',
  )

  const late = new Heir()
  late.membership.gone(a)
  late.membership.follow(role('b', 2), [b, c])
  late.world.env.advance(GRACE_MS + 2 * LEASE_MS)
  late.opens()
  late.membership.gone(c)
  late.world.env.runUntilIdle()
  late.world.env.advance(GRACE_MS)
  late.membership.follow(role('b', 3), [b])
  t.equal(late.elected.at(-1)?.[2], false, 'the time for what the last primary but one has lost began late')
})
