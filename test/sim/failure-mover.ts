import pino, { type Logger } from 'pino'
import type { Peer } from '../../mover/authority/peer.ts'
import type { PrimaryAuthority } from '../../mover/authority/primary.ts'
import { SecondaryAuthority } from '../../mover/authority/secondary.ts'
import type { Failure } from '../../mover/failure.ts'
import { HeldClientLocks } from '../../mover/files/client-locks.ts'
import { HeldVolume } from '../../mover/files/held-volume.ts'
import { type LockedFiles, lockedFiles } from '../../mover/files/lock-records.ts'
import { mostReserved } from '../../mover/files/remote-volume.ts'
import { SecondaryFiles } from '../../mover/files/secondary-files.ts'
import type { FileService, Operation } from '../../mover/files/service.ts'
import { VolumeFiles } from '../../mover/files/volume-files.ts'
import type { Incarnation, StuckMover, SupervisorMessage, VolumeRole } from '../../mover/host/channel.ts'
import { SupervisorWatch } from '../../mover/host/lease.ts'
import { RenewedLease } from '../../mover/lease.ts'
import { Membership } from '../../mover/membership.ts'
import { Replayed } from '../../mover/operation.ts'
import type { PrimaryLink } from '../../mover/primary-link.ts'
import { PrimaryReign } from '../../mover/primary-reign.ts'
import type { Reception } from '../../mover/sessions/reception.ts'
import type { MoverStream } from '../../mover/sessions/stream.ts'
import type { DeviceDone } from '../../mover/store/device.ts'
import { LeasedDevice } from '../../mover/store/leased-device.ts'
import { PagePool } from '../../mover/store/page-pool.ts'
import { Suspend } from '../../mover/suspend.ts'
import { start } from '../../mover/task.ts'
import { openVolume } from '../../mover/volume/open.ts'
import type { Volume } from '../../mover/volume/volume.ts'
import { message_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import type { Attempt } from './failure-attempts.ts'
import { checkSerial } from './failure-checks.ts'
import { Door, type Outcome, type SentCall } from './failure-door.ts'
import { describe, inoOf } from './messages.ts'
import { Process } from './process.ts'
import { type Flight, Initiator, type SharedStore } from './shared-store.ts'
import type { StreamEnd } from './stream-pair.ts'
import type { Trace } from './trace.ts'

/** The largest cache that any of them has. */
const MOST_PAGES = 256
const DEVICE = { identity: 'file 1:2', direct: true }
const RETRY_MS = 5
/** How long a mover that has failed takes to end. */
const ENDING_MS = 1
/** Memory of the volume at its primary: there is one at a time. */
const NODE_POOL = new PagePool(1024)
/** File pages of a primary that serves its clients as a secondary. */
const REIGN_POOL = new PagePool(64)
/** How a primary says that it has ended a session. */
const ENDED = /the session with mover .* has ended: (?!it is broken)/
/** Pino's number of that level. */
const ERROR = 50
/** The simulated movers do not end by themselves. */
const NEVER = new AbortController().signal

/** What movers are simulated on. */
export interface Site {
  readonly env: TestEnvironment
  readonly store: SharedStore
  readonly trace: Trace
  readonly leaseMs: number
  /** Memory of the volume at its primary. */
  readonly nodeCapacity: number
  readonly inodeCapacity: number
  /** Null: no client locks anything. */
  readonly locks: LockRules | null
  /** Something has happened that never must. */
  wrong(what: string): never
  /** A message has been carried out: who holds what of a file may have changed. */
  changed(ino: number): void
  /** A write of a mover has landed, of the volume's primary as such or of another one. */
  landed(mover: SimulatedMover, isPrimary: boolean, offset: number, length: number): void
  /** A mover begins to serve. */
  serves(mover: SimulatedMover): void
}

/** What movers must know of where clients lock. */
export interface LockRules {
  readonly graceMs: number
  /** All movers by name: each has the bit of its place. */
  readonly movers: readonly string[]
}

/** What a mover is told at its start. */
export interface Start {
  role: VolumeRole
  /** All movers that run. */
  movers: readonly Incarnation[]
  /** Those of them that may hold something of earlier reigns. */
  holders: readonly Incarnation[]
  /** A new stream to another mover, primary in this role; null: nobody listens there yet. */
  connect: (from: Process, role: VolumeRole) => StreamEnd | null
  /** Tells the supervisor something. */
  report: (what: MoverReport) => void
}

/** What who is to be primary is told: see `MembershipOptions.onElected`. */
interface Elected {
  readonly term: number
  readonly holders: readonly Incarnation[]
  readonly isCalm: boolean
}

/** It lives; it serves; this other mover does not say what it holds, or does not give back what it was asked for. */
export type MoverReport = 'pong' | 'ready' | Incarnation | StuckMover

/** A mover's way to the store, of which it is known when what was read is shown. */
class WatchedDevice extends LeasedDevice {
  readonly #shows: () => void

  constructor(device: Initiator, lease: RenewedLease, shows: () => void) {
    super(device, lease)
    this.#shows = shows
  }

  override read(offset: number, buffer: Uint8Array, done: DeviceDone): void {
    super.read(offset, buffer, (error) => {
      this.#shows()
      done(error)
    })
  }
}

/**
 * A mover of the simulated host: one process, with the product's drivers in it. It is the volume's primary from the start on,
 * or a secondary, which becomes its own primary when it is elected.
 */
export class SimulatedMover {
  readonly incarnation: Incarnation
  readonly process: Process
  /** Null until it serves. */
  service: FileService | null = null
  /** As a secondary. */
  held: HeldVolume | null = null
  authority: SecondaryAuthority | null = null
  stream: StreamEnd | null = null
  /** As primary. */
  files: VolumeFiles | null = null
  reign: PrimaryReign | null = null
  reception: Reception | null = null
  /** Its clients may have had to wait for the store. */
  hasStalled = false
  /** Of its reign, gone ones too. */
  readonly peers: Peer[] = []
  readonly #site: Site
  readonly #pagePool: PagePool
  readonly #volumeUuid: Uint8Array
  /** Each side's way to the store. */
  readonly #asSecondary: Initiator
  readonly #asPrimary: Initiator
  readonly #lease: RenewedLease
  readonly #supervisor: SupervisorWatch
  readonly #door: Door
  readonly #logger: Logger
  #membership: Membership | null = null
  #report: (what: MoverReport) => void = () => {}
  /** When the supervisor asked the last question that has come here; null: none. */
  #askedMs: number | null = null
  /** What a call has thrown. */
  #thrown: unknown = null

  constructor(incarnation: Incarnation, site: Site, pagePool: PagePool, volumeUuid: Uint8Array) {
    this.incarnation = incarnation
    this.#site = site
    this.#pagePool = pagePool
    this.#volumeUuid = volumeUuid
    this.process = new Process(`${incarnation.name} (${Number.parseInt(incarnation.incarnation, 16)})`, site.env)
    this.#asSecondary = this.#initiator(false)
    this.#asPrimary = this.#initiator(true)
    this.#logger = pino({ level: 'warn' }, { write: (line: string) => this.#logged(line) })
    this.#lease = new RenewedLease(site.leaseMs, () => this.process.hostMs())
    const [environment, lease, logger] = [this.process, this.#lease, this.#logger]
    this.#supervisor = new SupervisorWatch({
      env: environment,
      orphaned: (why) => site.trace.note(`${this.name} is to end: ${why}`),
      end: () => this.process.die(),
    })
    this.#door = new Door({
      ...{ process: environment, lease, logger },
      // A secondary's calls are known by their primary, which may be this very mover.
      replayMemory: { find: (tag) => (this.service === this.files ? (this.files?.findReplay(tag) ?? null) : null) },
      perform: (attempt, op) => this.#perform(attempt, op),
      leaving: () => this.#checkLease('answers clients'),
    })
  }

  /** Nobody here breaks the protocol, and no call fails unexpectedly. */
  #logged(line: string): void {
    const { level, msg } = JSON.parse(line)
    if (level >= ERROR && this.#thrown !== null) throw this.#thrown
    if (level >= ERROR || ENDED.test(line)) this.#site.wrong(msg)
  }

  /** Past its lease a mover does nothing that others see: that lasts so long from when the supervisor has asked. */
  #checkLease(what: string): void {
    const { env, leaseMs, wrong } = this.#site
    if (this.#askedMs === null) return
    const pastMs = env.monotonicMs() - this.#askedMs - leaseMs
    if (pastMs >= 0) wrong(`${this.name} ${what} ${pastMs.toFixed(3)} ms behind the end of its lease`)
  }

  get name(): string {
    return this.process.name
  }

  #initiator(isPrimary: boolean): Initiator {
    const initiator = new Initiator(this.#site.store, this.process)
    initiator.onRequest = () => this.#checkLease('begins an I/O')
    initiator.onLanding = (offset, length) => this.#site.landed(this, isPrimary, offset, length)
    return initiator
  }

  #leased(initiator: Initiator): WatchedDevice {
    return new WatchedDevice(initiator, this.#lease, () => this.#checkLease('shows what it has read'))
  }

  /** What is under way to the store, of what it is to its clients and as primary. */
  get flights(): Record<'asSecondary' | 'asPrimary', Iterable<Flight>> {
    return { asSecondary: this.#asSecondary.flights, asPrimary: this.#asPrimary.flights }
  }

  /** What it is to its clients waits for the store, which answers the others. */
  stall(): void {
    this.hasStalled = true
    this.#asSecondary.stall()
  }

  /** The store answers it again. */
  answer(): void {
    this.#asSecondary.answer()
  }

  /** Calls `done` once nothing of it is under way any more, it being dead. */
  whenQuiet(done: () => void): void {
    this.#asSecondary.whenQuiet(() => this.#asPrimary.whenQuiet(done))
  }

  /** As `VolumeSet`. */
  start({ role, movers, holders, connect, report }: Start): void {
    const { process: environment, incarnation: self } = this
    this.#report = report
    this.#supervisor.begin(this.#site.leaseMs)
    const membership = new Membership({
      role,
      self,
      movers,
      environment,
      logger: this.#logger,
      leaseMs: this.#site.leaseMs,
      graceMs: this.#site.locks?.graceMs ?? 0,
      signal: NEVER,
      connect: (role, signal, done) => this.#connect(() => connect(environment, role), signal, done),
      onLost: (reason) => this.#fail(`the session has ended: ${reason}`),
      onElected: (term, holders, isCalm) => this.#reign({ term, holders, isCalm }, REIGN_POOL, () => {}),
      onSilent: report,
      onStuck: (mover, what) => report({ ...mover, volume: 'share', ...what }),
    })
    this.#membership = membership
    const serve = (service: FileService): void => {
      this.#lease.begin()
      this.#supervisor.serves()
      this.service = service
      this.#site.serves(this)
      report('ready')
    }
    if (membership.link === null) this.#reign({ term: role.term, holders, isCalm: false }, this.#pagePool, serve)
    else this.#join(membership.link, serve)
  }

  /** As the product's process: the supervisor tells it something. */
  told(message: SupervisorMessage): void {
    if (message.type === 'ping') {
      this.#askedMs = message.atMs
      this.#supervisor.asked()
      this.#lease.renew(message.atMs)
      this.#report('pong')
    } else if (message.type === 'started') this.#membership?.started(message)
    else if (message.type === 'gone') {
      this.#membership?.gone(message)
      for (const ino of this.reign?.authority.inos() ?? []) this.#site.changed(ino)
    } else if (message.type === 'reigns') {
      this.#membership?.follow(message.roles[0] as VolumeRole, message.holders)
    }
  }

  /** The supervisor is gone. */
  orphaned(): void {
    this.#supervisor.lost('the supervisor is gone')
  }

  /** Serves a call; `reply` is what leaves. A failure to do it now (DELAY) is one too. */
  serve<T>(call: SentCall<T>, reply: (outcome: Outcome<T>) => void): void {
    this.#door.receive(call, reply)
  }

  #perform(attempt: Attempt<unknown>, op: Operation): Outcome<unknown> {
    try {
      const value = attempt(this.service as FileService, op)
      this.#checkPrimary(op)
      return typeof value === 'string' ? { failure: value as Failure, value: null } : { failure: null, value }
    } catch (error) {
      if (!(error instanceof Suspend || error instanceof Replayed)) this.#thrown = error
      throw error
    }
  }

  /** What this mover knows by itself may have been recovered elsewhere while it has no primary: it answers nobody. */
  #checkPrimary({ intent }: Operation): void {
    if (this.authority?.isReady !== false || intent === 'change' || intent === 'names') return
    this.#site.wrong(`${this.name} has answered (${intent}) while it had no primary`)
  }

  /** As the product's process does: it ends at once, but for what the tick still does. */
  #fail(reason: string): void {
    const { env, trace } = this.#site
    trace.note(`${this.name} fails: ${reason}`)
    if (reason.includes('it refuses a session')) this.#site.wrong(`${this.name} fails: ${reason}`)
    env.work(env.random.float() * ENDING_MS, () => this.process.deliver(() => this.process.die()))
  }

  /** As `openReign`. */
  #reign({ term, holders, isCalm }: Elected, pagePool: PagePool, done: (files: VolumeFiles) => void): void {
    const { process: env } = this
    const { nodeCapacity, locks } = this.#site
    const isHeld = holders.length > 0
    const options = {
      device: this.#leased(this.#asPrimary),
      env,
      nodePool: NODE_POOL,
      nodeCapacity,
      leastTerm: term,
      isHeld,
    }
    start(openVolume(options), (error, volume) => {
      if (error !== null) throw error
      volume.onFailure = (failure) => {
        throw failure
      }
      volume.onReadOnly = volume.onFailure
      const open = (noted: LockedFiles): void =>
        this.#reignOver(volume, noted, { term, holders, isCalm }, pagePool, done)
      if (locks === null) open(new Map())
      else
        start(lockedFiles(volume), (problem, noted) => {
          if (problem !== null) throw problem
          open(noted)
        })
    })
  }

  #reignOver(
    volume: Volume,
    noted: LockedFiles,
    { term, holders, isCalm }: Elected,
    pagePool: PagePool,
    done: (files: VolumeFiles) => void,
  ): void {
    const { process: env } = this
    const { inodeCapacity, locks } = this.#site
    const files = new VolumeFiles({ volume, env, pagePool, inodeCapacity, sharedLeaseMs: this.#site.leaseMs })
    const most = { mostReserved: mostReserved(MOST_PAGES) }
    const { graceMs, movers } = locks ?? { graceMs: 0, movers: [] }
    const locking = { movers, self: this.incarnation.name, noted, graceMs, isCalm }
    const shared = { name: 'share', term, device: DEVICE, files, env, logger: this.#logger, holders }
    const reign = new PrimaryReign({ ...shared, ...most, ...locking, answeredMs: () => env.monotonicMs(), trace: null })
    const own = reign.authority.locks
    files.locks = new HeldClientLocks(own.holder, own, () => own.arm())
    this.#watchPeers(reign)
    this.files = files
    this.reign = reign
    const reigned = { name: 'share', uuid: files.volumeUuid, reign }
    this.reception = (this.#membership as Membership).reigns(reigned, holders)
    reign.whenRecovered(() => {
      done(files)
      reign.serving()
    })
  }

  #watchPeers({ authority }: PrimaryReign): void {
    const { trace, changed } = this.#site
    const admit = authority.admit.bind(authority)
    authority.admit = (...args: Parameters<PrimaryAuthority['admit']>) => {
      const peer = admit(...args)
      const received = peer.received.bind(peer)
      peer.received = (message) => {
        const ino = inoOf(message)
        trace.message(`${this.name} <- ${peer.name}:`, message.kind, ino, () => describe(message))
        received(message)
        changed(ino)
      }
      this.peers.push(peer)
      return peer
    }
  }

  /** As `openSecondary`. */
  #join(link: PrimaryLink, done: (files: SecondaryFiles) => void): void {
    const volumeUuid = this.#volumeUuid
    const { held, authority } = this.#hold()
    link.open({ volume: volumeUuid, device: DEVICE }, authority, (error) => {
      if (error !== null) this.#fail(error.message)
      else {
        const files = new SecondaryFiles({ volumeUuid, held, authority })
        const { locks } = authority
        files.locks = new HeldClientLocks(locks.holder, locks, () => locks.arm())
        done(files)
      }
    })
  }

  /** As `connectSession`. */
  #connect(
    connect: () => StreamEnd | null,
    signal: AbortSignal,
    done: (error: null, stream: MoverStream) => void,
    waitMs = 0,
  ): void {
    this.process.timer(waitMs, () => {
      if (signal.aborted) return
      const stream = connect()
      this.stream = stream
      if (stream === null) this.#connect(connect, signal, done, RETRY_MS)
      else done(null, stream)
    })
  }

  #hold(): { held: HeldVolume; authority: SecondaryAuthority } {
    const env = this.process
    const site = this.#site
    const held = new HeldVolume({
      device: this.#leased(this.#asSecondary),
      env,
      authority: () => authority,
      pagePool: this.#pagePool,
      inodeCapacity: site.inodeCapacity,
      leaseMs: site.leaseMs,
      onFailure: (error) => this.#fail(error.message),
    })
    const authority = new SecondaryAuthority(held, env)
    const received = authority.received.bind(authority)
    authority.received = (message) => {
      const ino = inoOf(message)
      site.trace.message(`${this.name} <-`, message.kind, ino, () => describe(message))
      if (message.kind === message_kind.GRANT) checkSerial(this, message.grant)
      received(message)
      site.changed(ino)
    }
    const join = authority.join.bind(authority)
    authority.join = (session) => {
      const send = session.send.bind(session)
      session.send = (message) => {
        site.trace.message(`${this.name} ->`, message.kind, inoOf(message), () => describe(message))
        send(message)
      }
      join(session)
    }
    this.held = held
    this.authority = authority
    return { held, authority }
  }
}
