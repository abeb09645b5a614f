import pino from 'pino'
import type { Peer } from '../../mover/authority/peer.ts'
import type { PrimaryAuthority } from '../../mover/authority/primary.ts'
import { SecondaryAuthority } from '../../mover/authority/secondary.ts'
import type { Failure } from '../../mover/failure.ts'
import { HeldVolume } from '../../mover/files/held-volume.ts'
import { SecondaryFiles } from '../../mover/files/secondary-files.ts'
import type { FileService, Operation } from '../../mover/files/service.ts'
import { VolumeFiles } from '../../mover/files/volume-files.ts'
import type { Incarnation, VolumeRole } from '../../mover/host/channel.ts'
import { Replayed, type ReplayTag } from '../../mover/operation.ts'
import { type LinkStream, PrimaryLink } from '../../mover/primary-link.ts'
import { PrimaryReign } from '../../mover/primary-reign.ts'
import { Reception } from '../../mover/sessions/reception.ts'
import type { SocketStream } from '../../mover/sessions/stream.ts'
import { PagePool } from '../../mover/store/page-pool.ts'
import { start } from '../../mover/task.ts'
import { openVolume } from '../../mover/volume/open.ts'
import type { message } from '../../protocol/moverlock/moverlock.gen.ts'
import { Runner } from '../crash/client.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import { Process } from './process.ts'
import { Initiator, type SharedStore } from './shared-store.ts'
import type { StreamEnd } from './stream-pair.ts'
import type { Trace } from './trace.ts'

const DEVICE = { identity: 'file 1:2', direct: true }
const RETRY_MS = 5
/** How long a mover that has failed takes to end. */
const ENDING_MS = 1
const NODE_POOL = new PagePool(1024)
/** The simulated movers do not end by themselves. */
const NEVER = new AbortController().signal
/** Name of the mover that is primary. */
export const PRIMARY = 'primary'

/** What movers are simulated on. */
export interface Site {
  readonly env: TestEnvironment
  readonly store: SharedStore
  readonly trace: Trace
  readonly leaseMs: number
  /** Memory of the volume at its primary. */
  readonly nodeCapacity: number
  readonly inodeCapacity: number
  /** A message has been carried out: who holds what of a file may have changed. */
  changed(ino: number): void
  /** A write of a mover has landed. */
  landed(mover: SimulatedMover, offset: number, length: number): void
}

/** What a mover is told at its start. */
export interface Start {
  term: number
  /** All movers that run. */
  movers: readonly Incarnation[]
  /** Those of them that may hold something of earlier reigns. */
  holders: readonly Incarnation[]
  /** A new stream to the primary of the volume; null: nobody listens there yet. */
  connect: (from: Process) => StreamEnd | null
  ready: () => void
  /** This mover does not say what it holds. */
  silent: (mover: Incarnation) => void
}

/** What a call of a client comes to: `value` as `attempt` returned it, unless it was carried out before. */
export type Outcome<T> = { failure: Failure } | { failure: null; value: T | null }

/** A mover of the simulated host: one process, with the product's drivers in it. */
export abstract class SimulatedMover {
  readonly incarnation: Incarnation
  readonly process: Process
  readonly initiator: Initiator
  /** Null until it serves. */
  service: FileService | null = null
  protected readonly site: Site
  readonly #runner: Runner

  constructor(incarnation: Incarnation, site: Site) {
    this.incarnation = incarnation
    this.site = site
    this.process = new Process(`${incarnation.name} (${Number.parseInt(incarnation.incarnation, 16)})`, site.env)
    this.initiator = new Initiator(site.store, this.process)
    this.initiator.onLanding = (offset, length) => site.landed(this, offset, length)
    this.#runner = new Runner(this.process)
  }

  get name(): string {
    return this.process.name
  }

  abstract start(start: Start): void
  /** As the supervisor tells it. */
  abstract started(mover: Incarnation): void
  abstract gone(mover: Incarnation): void
  /** The primary is about to be started in this term. */
  abstract reigns(term: number): void
  protected abstract findReplay(tag: ReplayTag): ReturnType<VolumeFiles['findReplay']>

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
      (failure) => answer({ failure }),
    )
  }

  #attempt<T>(
    service: FileService,
    op: Operation,
    attempt: (service: FileService, op: Operation) => T | Failure,
  ): Outcome<T> {
    const known = op.replay === null ? null : this.findReplay(op.replay)
    if (known !== null) {
      op.barrier = known.barrier
      return { failure: null, value: null }
    }
    try {
      const value = attempt(service, op)
      return typeof value === 'string' ? { failure: value as Failure } : { failure: null, value: value as T }
    } catch (error) {
      if (error instanceof Replayed) return { failure: null, value: null }
      throw error
    }
  }

  /** As the product's process does: it ends at once, but for what the tick still does. */
  protected fail(reason: string): void {
    const { env, trace } = this.site
    trace.note(`${this.name} fails: ${reason}`)
    env.work(env.random.float() * ENDING_MS, () => this.process.deliver(() => this.process.die()))
  }
}

/** The volume's primary. */
export class PrimaryMover extends SimulatedMover {
  files: VolumeFiles | null = null
  reign: PrimaryReign | null = null
  reception: Reception | null = null
  /** Of this reign, gone ones too. */
  readonly peers: Peer[] = []
  readonly #pagePool: PagePool
  /** Who was started before anybody was received. */
  readonly #movers = new Map<string, Incarnation>()

  constructor(incarnation: Incarnation, site: Site, pagePool: PagePool) {
    super(incarnation, site)
    this.#pagePool = pagePool
  }

  start({ term, movers, holders, ready, silent }: Start): void {
    for (const mover of movers) this.#movers.set(mover.name, mover)
    const { process: env, initiator: device } = this
    const { nodeCapacity, inodeCapacity } = this.site
    const raised = new Set<number>()
    const recovered = holders.length === 0 ? {} : { recovered: raised }
    const options = { device, env, nodePool: NODE_POOL, nodeCapacity, leastTerm: term, ...recovered }
    start(openVolume(options), (error, volume) => {
      if (error !== null) throw error
      volume.onFailure = (failure) => {
        throw failure
      }
      volume.onReadOnly = volume.onFailure
      this.files = new VolumeFiles({ volume, env, pagePool: this.#pagePool, inodeCapacity })
      const files = this.files
      const reign = this.#receive(files, term, holders, raised)
      reign.whenRecovered(() => {
        this.service = files
        ready()
      })
      this.#watch(reign, silent)
    })
  }

  /** As `VolumeSet`. */
  #watch(reign: PrimaryReign, silent: (mover: Incarnation) => void): void {
    if (reign.awaited.length === 0) return
    this.process.timer(this.site.leaseMs, () => {
      for (const mover of reign.awaited) silent(mover)
      this.#watch(reign, silent)
    })
  }

  reigns(): void {}

  started(mover: Incarnation): void {
    this.#movers.set(mover.name, mover)
    this.reception?.started(mover)
  }

  gone(mover: Incarnation): void {
    if (this.#movers.get(mover.name)?.incarnation === mover.incarnation) this.#movers.delete(mover.name)
    this.reception?.gone(mover)
    for (const ino of this.reign?.authority.inos() ?? []) this.site.changed(ino)
  }

  protected findReplay(tag: ReplayTag): ReturnType<VolumeFiles['findReplay']> {
    return this.files?.findReplay(tag) ?? null
  }

  #receive(
    files: VolumeFiles,
    term: number,
    holders: readonly Incarnation[],
    raised: ReadonlySet<number>,
  ): PrimaryReign {
    const { process: env, site, peers } = this
    const logger = pino({ level: 'silent' })
    const options = { name: 'share', term, device: DEVICE, files, env, logger, holders, raised }
    const reign = new PrimaryReign({ ...options, noted: [], graceMs: 30_000 })
    const admit = reign.authority.admit.bind(reign.authority)
    reign.authority.admit = (...args: Parameters<PrimaryAuthority['admit']>) => {
      const peer = admit(...args)
      const received = peer.received.bind(peer)
      peer.received = (message) => {
        const ino = inoOf(message)
        site.trace.note(`${this.name} <- ${peer.name}: ${describe(message)}`, ino)
        received(message)
        site.changed(ino)
      }
      peers.push(peer)
      return peer
    }
    this.reign = reign
    this.reception = new Reception(env, logger, [{ name: 'share', uuid: files.volumeUuid, reign }])
    const others = [...this.#movers.values()].filter(({ name }) => name !== this.incarnation.name)
    this.reception.begin(others, holders)
    return reign
  }
}

/** Another mover of the volume. */
export class SecondaryMover extends SimulatedMover {
  held: HeldVolume | null = null
  authority: SecondaryAuthority | null = null
  stream: StreamEnd | null = null
  #link: PrimaryLink | null = null
  readonly #pagePool: PagePool
  readonly #volumeUuid: Uint8Array

  constructor(incarnation: Incarnation, site: Site, pagePool: PagePool, volumeUuid: Uint8Array) {
    super(incarnation, site)
    this.#pagePool = pagePool
    this.#volumeUuid = volumeUuid
  }

  start({ term, connect, ready }: Start): void {
    const { process: environment, site } = this
    const { held, authority } = this.#hold()
    this.#link = new PrimaryLink({
      role: roleIn(term),
      self: this.incarnation,
      environment,
      connect: (signal, done) => this.#connect(connect, signal, done),
      leaseMs: site.leaseMs,
      signal: NEVER,
      onLost: (reason) => this.fail(`the session has ended: ${reason}`),
    })
    this.#link.open({ volume: this.#volumeUuid, device: DEVICE }, authority, (error) => {
      if (error !== null) return this.fail(error.message)
      this.service = new SecondaryFiles({ volumeUuid: this.#volumeUuid, held, authority })
      ready()
    })
  }

  started(): void {}

  gone({ name }: Incarnation): void {
    if (name === PRIMARY) this.#link?.primaryGone()
  }

  reigns(term: number): void {
    this.#link?.follow(roleIn(term))
  }

  protected findReplay(): null {
    return null
  }

  /** As `connectSession`. */
  #connect(
    connect: Start['connect'],
    signal: AbortSignal,
    done: (error: null, stream: LinkStream) => void,
    waitMs = 0,
  ): void {
    this.process.timer(waitMs, () => {
      if (signal.aborted) return
      const stream = connect(this.process)
      this.stream = stream
      if (stream === null) this.#connect(connect, signal, done, RETRY_MS)
      else done(null, stream)
    })
  }

  /** As `openSecondary`. */
  #hold(): { held: HeldVolume; authority: SecondaryAuthority } {
    const { process: env, initiator: device, site } = this
    const held = new HeldVolume({
      device,
      env,
      authority: () => authority,
      pagePool: this.#pagePool,
      inodeCapacity: this.site.inodeCapacity,
      setMode: () => {
        throw new Error('the superuser changes no mode by writing')
      },
      onFailure: (error) => this.fail(error.message),
    })
    const authority = new SecondaryAuthority(held, env)
    const received = authority.received.bind(authority)
    authority.received = (message) => {
      const ino = inoOf(message)
      site.trace.note(`${this.name} <- ${describe(message)}`, ino)
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

function roleIn(term: number): VolumeRole {
  return { volume: 'share', role: 'secondary', primary: PRIMARY, term }
}

/** What a primary listens on takes the end of a stream that somebody has connected to it. */
export function receive(reception: Reception, end: StreamEnd): void {
  reception.receive(end as unknown as SocketStream)
}

function describe(message: message): string {
  return JSON.stringify(message, (_, value) => (value instanceof Uint8Array || isBuffer(value) ? '…' : value))
}

/** `JSON.stringify` shows a Buffer after it has made an object of it. */
function isBuffer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer'
}

/** The file that a message is about; 0: none. */
function inoOf(message: message): number {
  for (const part of Object.values(message)) {
    if (typeof part === 'object' && part !== null && 'ino' in part) return part.ino as number
  }
  return 0
}
