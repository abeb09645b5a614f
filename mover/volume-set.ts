import type { Logger } from 'pino'
import type { Environment } from './environment.ts'
import type { Incarnation, VolumeRole } from './host/channel.ts'
import { sessionSocket } from './host/state-folder.ts'
import type { Lease } from './lease.ts'
import { PrimaryLink } from './primary-link.ts'
import { openSecondary } from './secondary.ts'
import { Reception } from './sessions/reception.ts'
import { connectSession, listenSessions, type SessionListener } from './sessions/socket.ts'
import { IoLanes } from './store/io-lanes.ts'
import { type ClaimedVolume, type OpenedVolume, openPrimary, type VolumeHost } from './volumes.ts'

/** A volume and what this mover is to it. */
export interface AssignedVolume {
  claimed: ClaimedVolume
  role: VolumeRole
}

export interface VolumeSetOptions {
  /** One at least. */
  volumes: readonly AssignedVolume[]
  /** This mover. */
  self: Incarnation
  /** All movers that run. */
  movers: readonly Incarnation[]
  /** See `StartMessage`. */
  holders: readonly Incarnation[]
  stateDir: string
  /** Memory for file pages and tree nodes of all volumes together, bytes. */
  cacheBytes: number
  leaseMs: number
  /** See `VolumeHost`. */
  graceMs: number
  lease: Lease
  environment: Environment
  logger: Logger
  /** See `VolumeHost`. */
  onFatal: (reason: string) => void
  /** This mover does not say what it holds of earlier reigns. */
  onSilent: (mover: Incarnation) => void
}

/** The volumes of one mover: those whose primary it is, whose secondaries it receives, and those that it has of others. */
export class VolumeSet {
  readonly #options: VolumeSetOptions
  readonly #host: VolumeHost
  readonly #ending = new AbortController()
  readonly #opened = new Map<string, OpenedVolume>()
  #reception: Reception | null = null
  #listener: SessionListener | null = null
  /** By volume: to the primaries of those that have another mover as theirs. */
  readonly #links: ReadonlyMap<string, PrimaryLink>
  /** Who was started, in case that nobody is received yet. */
  readonly #movers: Map<string, Incarnation>

  constructor(options: VolumeSetOptions) {
    const { volumes, cacheBytes, graceMs, lease, environment, logger, onFatal, movers } = options
    this.#options = options
    this.#movers = new Map(movers.map((mover) => [mover.name, mover]))
    this.#host = {
      cacheBytes: Math.floor(cacheBytes / volumes.length),
      lanes: new IoLanes(),
      graceMs,
      lease,
      environment,
      logger,
      onFatal,
    }
    const others = volumes.filter(({ role }) => role.role === 'secondary')
    this.#links = new Map(others.map((volume) => [volume.claimed.config.name, this.#linkOf(volume)]))
  }

  /** The volumes that are open, in the order of the configuration. */
  get volumes(): OpenedVolume[] {
    const names = this.#options.volumes.map(({ claimed }) => claimed.config.name)
    return names.flatMap((name) => this.#opened.get(name) ?? [])
  }

  /**
   * Opens all volumes: first those whose primary it is, since others wait for that; nobody may be served before it is known
   * what others hold of them. Rejects with an Error that names the volume and says what is wrong; what is open then must still
   * be closed.
   */
  async open(): Promise<void> {
    const { volumes } = this.#options
    for (const volume of volumes.filter(({ role }) => role.role === 'primary')) {
      await this.#open(volume, ({ claimed, role }) =>
        openPrimary(claimed, role.term, this.#options.holders, this.#host),
      )
    }
    await this.#receive()
    const others = volumes.filter(({ role }) => role.role === 'secondary')
    // At the same time: two movers may be primaries of each other.
    await Promise.all([
      this.#recovered(),
      ...others.map((volume) => this.#open(volume, (one) => this.#openSecondary(one))),
    ])
  }

  /** What holders hold of the volumes that this mover reigns is known. Who does not tell for a lease has to end. */
  async #recovered(): Promise<void> {
    const { environment, leaseMs, onSilent } = this.#options
    const reigns = this.volumes.flatMap(({ reign }) => reign ?? [])
    let cancel = (): void => {}
    const watch = (): void => {
      cancel = environment.timer(leaseMs, () => {
        for (const mover of reigns.flatMap(({ awaited }) => awaited)) onSilent(mover)
        watch()
      })
    }
    watch()
    const { signal } = this.#ending
    const ending = new Promise<void>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })
    await Promise.race([
      Promise.all(reigns.map((reign) => new Promise<void>((resolve) => reign.whenRecovered(resolve)))),
      ending,
    ]).finally(() => cancel())
  }

  /** The supervisor is about to start a mover. */
  started(mover: Incarnation): void {
    this.#movers.set(mover.name, mover)
    this.#reception?.started(mover)
  }

  /** Nothing is left of a mover's process. */
  gone(mover: Incarnation): void {
    if (this.#movers.get(mover.name)?.incarnation === mover.incarnation) this.#movers.delete(mover.name)
    this.#reception?.gone(mover)
    for (const { volume, primary } of this.#options.volumes.map(({ role }) => role)) {
      if (primary === mover.name) this.#links.get(volume)?.primaryGone()
    }
  }

  /** Primaries of these volumes are about to be started in new terms. */
  reigns(roles: readonly VolumeRole[]): void {
    for (const role of roles) this.#links.get(role.volume)?.follow(role)
  }

  /** The mover is to end: `open` waits for nobody any longer. */
  stopWaiting(): void {
    this.#ending.abort(new Error('the mover ends'))
  }

  /** Lets primaries go: writes what is to be written through them. */
  async leavePrimaries(): Promise<void> {
    await Promise.all(this.volumes.filter(({ reign }) => reign === null).map((volume) => volume.close()))
  }

  /** Behind `leavePrimaries`, here and at all other movers: writes and closes the volumes whose primary it is. */
  async close(): Promise<void> {
    await this.#listener?.close()
    for (const volume of this.volumes) if (volume.reign !== null) await volume.close()
  }

  async #open(volume: AssignedVolume, open: (volume: AssignedVolume) => Promise<OpenedVolume>): Promise<void> {
    const { name } = volume.claimed.config
    try {
      this.#opened.set(name, await open(volume))
    } catch (error) {
      throw new Error(`volume ${name}: ${(error as Error).message}`, { cause: error })
    }
  }

  #openSecondary({ claimed }: AssignedVolume): Promise<OpenedVolume> {
    const link = this.#links.get(claimed.config.name) as PrimaryLink
    return openSecondary({ ...this.#host, claimed, link })
  }

  #linkOf({ claimed, role }: AssignedVolume): PrimaryLink {
    const { self, stateDir, leaseMs, environment, onFatal } = this.#options
    const volume = claimed.config.name
    return new PrimaryLink({
      role,
      self,
      environment,
      connect: (signal, done) => {
        connectSession(sessionSocket(stateDir, role.primary), environment, signal).then(
          (stream) => done(null, stream),
          (error: Error) => done(error, null),
        )
      },
      leaseMs,
      signal: this.#ending.signal,
      onLost: (reason) => onFatal(`volume ${volume}: ${reason}`),
    })
  }

  async #receive(): Promise<void> {
    const { self, stateDir, environment, logger } = this.#options
    const reigned = this.volumes.flatMap(({ name, service, reign }) => {
      return reign === null ? [] : [{ name, uuid: service.volumeUuid, reign }]
    })
    if (reigned.length === 0) return
    const reception = new Reception(environment, logger, reigned)
    const others = [...this.#movers.values()].filter(({ name }) => name !== self.name)
    reception.begin(others, this.#options.holders)
    this.#reception = reception
    const path = sessionSocket(stateDir, self.name)
    this.#listener = await listenSessions(path, environment, (stream) => reception.receive(stream))
  }
}
