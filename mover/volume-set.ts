import type { Logger } from 'pino'
import type { Stuck } from './authority/revocations.ts'
import type { Environment } from './environment.ts'
import type { Incarnation, VolumeRole } from './host/channel.ts'
import { removeSessionSockets, sessionSocket } from './host/state-folder.ts'
import type { Lease } from './lease.ts'
import { Membership } from './membership.ts'
import { type OpenedReign, openReign, servedByPrimary } from './primary.ts'
import { type OpenedSecondary, openSecondary } from './secondary.ts'
import { connectSession, listenSessions, type SessionListener } from './sessions/socket.ts'
import { IoLanes } from './store/io-lanes.ts'
import type { ClaimedVolume, OpenedVolume, VolumeHost } from './volumes.ts'

/** How long a primary that cannot open its volume waits before it tries again: longer each time. */
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 10_000

/** A volume and what this mover is to it at its start. */
export interface AssignedVolume {
  claimed: ClaimedVolume
  role: VolumeRole
}

export interface VolumeSetOptions {
  /** One at least. */
  volumes: readonly AssignedVolume[]
  /** This mover. */
  self: Incarnation
  /** All movers that run, and the names of all that may. */
  movers: readonly Incarnation[]
  names: readonly string[]
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
  /** This mover does not give back what it was asked for, of a volume of this name. */
  onStuck: (mover: Incarnation, volume: string, what: Stuck) => void
}

/** A volume of this mover, for as long as the mover runs. */
interface Place {
  readonly claimed: ClaimedVolume
  readonly role: VolumeRole
  readonly membership: Membership
  /** What clients are served by, once it is open. */
  served: OpenedVolume | null
  /** The same, at a secondary. */
  secondary: OpenedSecondary | null
  /** Of a volume whose primary this mover is, once it is open. */
  reign: OpenedReign | null
  listener: SessionListener | null
  /** Whatever opens it as its primary beside its being a secondary has ended. */
  electing: Promise<void>
}

/** The volumes of one mover: those whose primary it is, whose secondaries it receives, and those that it has of others. */
export class VolumeSet {
  readonly #options: VolumeSetOptions
  readonly #host: VolumeHost
  readonly #ending = new AbortController()
  /** Rejects when the mover is to end. */
  readonly #ended: Promise<never>
  /** In the order of the configuration. */
  readonly #places: readonly Place[]
  #isServing = false

  constructor(options: VolumeSetOptions) {
    const { volumes, self, names, cacheBytes, leaseMs, graceMs, lease, environment, logger, onFatal } = options
    this.#options = options
    this.#host = {
      cacheBytes: Math.floor(cacheBytes / volumes.length),
      lanes: new IoLanes(),
      leaseMs,
      graceMs,
      movers: names,
      self: self.name,
      lease,
      environment,
      logger,
      onFatal,
    }
    const { signal } = this.#ending
    this.#ended = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    this.#ended.catch(() => {})
    this.#places = volumes.map((volume) => this.#placeOf(volume))
  }

  /** The volumes that are open. */
  get volumes(): OpenedVolume[] {
    return this.#places.flatMap(({ served }) => served ?? [])
  }

  /**
   * Opens all volumes: first those whose primary it is, since others wait for that; nobody may be served before it is known
   * what others hold of them. Rejects with an Error that names the volume and says what is wrong; what is open then must still
   * be closed.
   */
  async open(): Promise<void> {
    const reigned = this.#places.filter(({ membership }) => membership.link === null)
    for (const place of reigned) await named(place, this.#reign(place, place.role.term, this.#options.holders, false))
    const recovered = reigned.map(({ reign }) => new Promise<void>((resolve) => reign?.reign.whenRecovered(resolve)))
    const others = this.#places.filter((place) => !reigned.includes(place))
    // At the same time: two movers may be primaries of each other.
    await Promise.all([
      Promise.race([Promise.all(recovered), this.#ended]),
      ...others.map((place) => named(place, this.#openSecondary(place))),
    ])
  }

  /** The mover has begun to serve, and to tell its clients. */
  serving(): void {
    this.#isServing = true
    for (const { reign } of this.#places) reign?.reign.serving()
  }

  /** The supervisor is about to start a mover. */
  started(mover: Incarnation): void {
    for (const { membership } of this.#places) membership.started(mover)
  }

  /** Nothing is left of a mover's process. */
  gone(mover: Incarnation): void {
    for (const { membership } of this.#places) membership.gone(mover)
  }

  /** See `SupervisorMessage`. */
  reigns(roles: readonly VolumeRole[], holders: readonly Incarnation[]): void {
    for (const { claimed, membership } of this.#places) {
      const role = roles.find(({ volume }) => volume === claimed.config.name)
      if (role !== undefined) membership.follow(role, holders)
    }
  }

  /** The mover is to end: it waits for nobody any longer, and keeps nobody waiting. */
  stopWaiting(): void {
    this.#ending.abort(new Error('the mover ends'))
    for (const { reign, listener } of this.#places) {
      if (reign === null || reign.reign.isRecovered) continue
      void listener?.close()
      reign.reign.abandon()
    }
  }

  /** Lets primaries go: writes what is to be written through them, this mover itself perhaps among them. */
  async leavePrimaries(): Promise<void> {
    await Promise.all(this.#places.map(({ secondary }) => secondary?.close()))
  }

  /** Behind `leavePrimaries`, here and at all other movers: writes and closes the volumes whose primary it is. */
  async close(): Promise<void> {
    for (const place of this.#places) {
      await place.electing
      await place.listener?.close()
      await place.reign?.close()
    }
  }

  async #openSecondary(place: Place): Promise<void> {
    const { claimed, membership } = place
    const { link } = membership
    if (link === null) throw new Error('it is its own primary')
    const opened = await openSecondary({ ...this.#host, claimed, link, own: () => place.reign })
    place.secondary = opened
    place.served = opened
  }

  /** Opens a volume as its primary, and receives who shares it. */
  async #reign(place: Place, term: number, holders: readonly Incarnation[], isCalm: boolean): Promise<void> {
    const { stateDir, environment } = this.#options
    const { claimed, membership, secondary } = place
    const beside = secondary?.trace ?? null
    const opened = await openReign({ ...this.#host, claimed, term, holders, isCalm, beside })
    const { name, files, reign } = opened
    place.reign = opened
    if (this.#isServing) reign.serving()
    if (secondary === null) place.served = servedByPrimary(opened)
    if (this.#ending.signal.aborted) return
    const reception = membership.reigns({ name, uuid: files.volumeUuid, reign }, holders)
    removeSessionSockets(stateDir, name)
    const path = sessionSocket(stateDir, name, term)
    place.listener = await listenSessions(path, environment, (stream) => reception.receive(stream))
  }

  /**
   * This mover has been elected primary of a volume: it opens it, beside what it is to its clients. While the device does not
   * let it, only this volume waits.
   */
  async #elected(place: Place, term: number, holders: readonly Incarnation[], isCalm: boolean): Promise<void> {
    const { logger, onFatal } = this.#options
    const { name } = place.claimed.config
    for (let delayMs = FIRST_RETRY_MS; place.reign === null; delayMs = Math.min(2 * delayMs, LAST_RETRY_MS)) {
      try {
        await this.#reign(place, term, holders, isCalm)
      } catch (error) {
        const { message } = error as Error
        // Others cannot reach what is open, and nobody else can open it.
        if (place.reign !== null) return onFatal(`volume ${name}: ${message}`)
        logger.error(`volume ${name}: its primary, but cannot open it: ${message}; trying again in ${delayMs} ms`)
        if (!(await this.#pause(delayMs))) return
      }
    }
    place.reign.reign.whenRecovered(() => logger.info(`volume ${name}: served again`))
  }

  /** False when the mover is to end. */
  #pause(delayMs: number): Promise<boolean> {
    const elapsed = new Promise<boolean>((resolve) => this.#options.environment.timer(delayMs, () => resolve(true)))
    return Promise.race([elapsed, this.#ended.catch(() => false)])
  }

  #placeOf({ claimed, role }: AssignedVolume): Place {
    const { self, movers, stateDir, leaseMs, graceMs, environment, logger, onFatal, onSilent, onStuck } = this.#options
    const { signal } = this.#ending
    const volume = claimed.config.name
    const membership = new Membership({
      role,
      self,
      movers,
      environment,
      logger,
      leaseMs,
      graceMs,
      signal,
      connect: ({ term }, signal, done) => {
        connectSession(sessionSocket(stateDir, volume, term), environment, signal).then(
          (stream) => done(null, stream),
          (error: Error) => done(error, null),
        )
      },
      onLost: (reason) => onFatal(`volume ${volume}: ${reason}`),
      onElected: (term, holders, isCalm) => {
        if (!signal.aborted) place.electing = this.#elected(place, term, holders, isCalm)
      },
      onSilent,
      onStuck: (mover, what) => onStuck(mover, volume, what),
    })
    const place: Place = {
      claimed,
      role,
      membership,
      served: null,
      secondary: null,
      reign: null,
      listener: null,
      electing: Promise.resolve(),
    }
    return place
  }
}

/** Names the volume in what goes wrong. */
async function named(place: Place, opening: Promise<void>): Promise<void> {
  try {
    await opening
  } catch (error) {
    throw new Error(`volume ${place.claimed.config.name}: ${(error as Error).message}`, { cause: error })
  }
}
