import pino, { type Logger } from 'pino'
import type { Peer } from '../../mover/authority/peer.ts'
import type { PrimaryAuthority } from '../../mover/authority/primary.ts'
import { SecondaryAuthority } from '../../mover/authority/secondary.ts'
import type { Failure } from '../../mover/failure.ts'
import { HeldVolume } from '../../mover/files/held-volume.ts'
import { mostReserved } from '../../mover/files/remote-volume.ts'
import { SecondaryFiles } from '../../mover/files/secondary-files.ts'
import type { FileService, Operation } from '../../mover/files/service.ts'
import { VolumeFiles } from '../../mover/files/volume-files.ts'
import type { Incarnation, VolumeRole } from '../../mover/host/channel.ts'
import { Membership } from '../../mover/membership.ts'
import { Replayed, type ReplayTag } from '../../mover/operation.ts'
import type { PrimaryLink } from '../../mover/primary-link.ts'
import { PrimaryReign } from '../../mover/primary-reign.ts'
import type { Reception } from '../../mover/sessions/reception.ts'
import type { MoverStream } from '../../mover/sessions/stream.ts'
import { PagePool } from '../../mover/store/page-pool.ts'
import { start } from '../../mover/task.ts'
import { openVolume } from '../../mover/volume/open.ts'
import { message_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import { Runner } from '../crash/client.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import { checkSerial } from './failure-checks.ts'
import { describe, inoOf } from './messages.ts'
import { Process } from './process.ts'
import { Initiator, type SharedStore } from './shared-store.ts'
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
  /** Something has happened that never must. */
  wrong(what: string): never
  /** A message has been carried out: who holds what of a file may have changed. */
  changed(ino: number): void
  /** A write of a mover has landed, of the volume's primary as such or of another one. */
  landed(mover: SimulatedMover, isPrimary: boolean, offset: number, length: number): void
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
  ready: () => void
  /** This mover does not say what it holds. */
  silent: (mover: Incarnation) => void
}

/** What a call of a client comes to: `value` as `attempt` returned it, unless it was carried out before. */
export type Outcome<T> = { failure: Failure; value: null } | { failure: null; value: T | null }

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
  /** Of its reign, gone ones too. */
  readonly peers: Peer[] = []
  readonly #site: Site
  readonly #runner: Runner
  readonly #pagePool: PagePool
  readonly #volumeUuid: Uint8Array
  /** Each side's way to the store. */
  readonly #asSecondary: Initiator
  readonly #asPrimary: Initiator
  readonly #logger: Logger
  #membership: Membership | null = null

  constructor(incarnation: Incarnation, site: Site, pagePool: PagePool, volumeUuid: Uint8Array) {
    this.incarnation = incarnation
    this.#site = site
    this.#pagePool = pagePool
    this.#volumeUuid = volumeUuid
    this.process = new Process(`${incarnation.name} (${Number.parseInt(incarnation.incarnation, 16)})`, site.env)
    this.#asSecondary = this.#initiator(false)
    this.#asPrimary = this.#initiator(true)
    this.#runner = new Runner(this.process)
    // Nobody here breaks the protocol.
    const write = (line: string): void => {
      if (ENDED.test(line)) site.wrong(JSON.parse(line).msg)
    }
    this.#logger = pino({ level: 'warn' }, { write })
  }

  get name(): string {
    return this.process.name
  }

  #initiator(isPrimary: boolean): Initiator {
    const initiator = new Initiator(this.#site.store, this.process)
    initiator.onLanding = (offset, length) => this.#site.landed(this, isPrimary, offset, length)
    return initiator
  }

  /** Calls `done` once nothing of it is under way any more, it being dead. */
  whenQuiet(done: () => void): void {
    this.#asSecondary.whenQuiet(() => this.#asPrimary.whenQuiet(done))
  }

  /** As `VolumeSet`. */
  start({ role, movers, holders, connect, ready, silent }: Start): void {
    const { process: environment, incarnation: self } = this
    const membership = new Membership({
      role,
      self,
      movers,
      environment,
      logger: this.#logger,
      leaseMs: this.#site.leaseMs,
      graceMs: 30_000,
      signal: NEVER,
      connect: (role, signal, done) => this.#connect(() => connect(environment, role), signal, done),
      onLost: (reason) => this.#fail(`the session has ended: ${reason}`),
      onElected: (term, holders) => this.#reign(term, holders, REIGN_POOL, () => {}),
      onSilent: silent,
    })
    this.#membership = membership
    const serve = (service: FileService): void => {
      this.service = service
      ready()
    }
    if (membership.link === null) this.#reign(role.term, holders, this.#pagePool, serve)
    else this.#join(membership.link, serve)
  }

  /** As the supervisor tells it. */
  started(mover: Incarnation): void {
    this.#membership?.started(mover)
  }

  gone(mover: Incarnation): void {
    this.#membership?.gone(mover)
    for (const ino of this.reign?.authority.inos() ?? []) this.#site.changed(ino)
  }

  reigns(role: VolumeRole, holders: readonly Incarnation[]): void {
    this.#membership?.follow(role, holders)
  }

  /** Serves a call, as the RPC runner does; `reply` is what leaves. A failure to do it now (DELAY) is one too. */
  serve<T>(
    replay: ReplayTag | null,
    attempt: (service: FileService, op: Operation) => T | Failure,
    reply: (outcome: Outcome<T>) => void,
  ): void {
    const service = this.service as FileService
    const answer = (outcome: Outcome<T>): void => this.process.emit(() => reply(outcome))
    this.#runner.run(
      0,
      replay,
      (op) => {
        const outcome = this.#attempt(service, op, attempt)
        return () => answer(outcome)
      },
      () => {},
      (failure) => answer({ failure, value: null }),
    )
  }

  #attempt<T>(
    service: FileService,
    op: Operation,
    attempt: (service: FileService, op: Operation) => T | Failure,
  ): Outcome<T> {
    // A secondary's calls are known by their primary, which may be this very mover.
    const known = op.replay === null || service !== this.files ? null : this.files.findReplay(op.replay)
    if (known !== null) {
      op.barrier = known.barrier
      return { failure: null, value: null }
    }
    try {
      const value = attempt(service, op)
      this.#checkPrimary(op)
      return typeof value === 'string'
        ? { failure: value as Failure, value: null }
        : { failure: null, value: value as T }
    } catch (error) {
      if (error instanceof Replayed) return { failure: null, value: null }
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
  #reign(term: number, holders: readonly Incarnation[], pagePool: PagePool, done: (files: VolumeFiles) => void): void {
    const { process: env } = this
    const { nodeCapacity, inodeCapacity } = this.#site
    const isHeld = holders.length > 0
    const options = { device: this.#asPrimary, env, nodePool: NODE_POOL, nodeCapacity, leastTerm: term, isHeld }
    start(openVolume(options), (error, volume) => {
      if (error !== null) throw error
      volume.onFailure = (failure) => {
        throw failure
      }
      volume.onReadOnly = volume.onFailure
      const files = new VolumeFiles({ volume, env, pagePool, inodeCapacity })
      const most = { mostReserved: mostReserved(MOST_PAGES) }
      const locks = { movers: [], self: '', noted: new Map<number, number>(), graceMs: 30_000, isCalm: false }
      const shared = { name: 'share', term, device: DEVICE, files, env, logger: this.#logger, holders }
      const reign = new PrimaryReign({ ...shared, ...most, ...locks, trace: null })
      this.#watchPeers(reign)
      this.files = files
      this.reign = reign
      const reigned = { name: 'share', uuid: files.volumeUuid, reign }
      this.reception = (this.#membership as Membership).reigns(reigned, holders)
      reign.whenRecovered(() => done(files))
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
        trace.note(`${this.name} <- ${peer.name}: ${describe(message)}`, ino)
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
      else done(new SecondaryFiles({ volumeUuid, held, authority }))
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
      device: this.#asSecondary,
      env,
      authority: () => authority,
      pagePool: this.#pagePool,
      inodeCapacity: site.inodeCapacity,
      onFailure: (error) => this.#fail(error.message),
    })
    const authority = new SecondaryAuthority(held, env)
    const received = authority.received.bind(authority)
    authority.received = (message) => {
      const ino = inoOf(message)
      site.trace.note(`${this.name} <- ${describe(message)}`, ino)
      if (message.kind === message_kind.GRANT) checkSerial(this, message.grant)
      received(message)
      site.changed(ino)
    }
    const join = authority.join.bind(authority)
    authority.join = (session) => {
      const send = session.send.bind(session)
      session.send = (message) => {
        site.trace.note(`${this.name} -> ${describe(message)}`, inoOf(message))
        send(message)
      }
      join(session)
    }
    this.held = held
    this.authority = authority
    return { held, authority }
  }
}
