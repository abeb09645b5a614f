import type { Logger } from 'pino'
import type { Stuck } from './authority/revocations.ts'
import type { Environment } from './environment.ts'
import type { Incarnation, VolumeRole } from './host/channel.ts'
import { MOST_GRACES } from './locks/lock-grace.ts'
import { type Connect, PrimaryLink } from './primary-link.ts'
import type { PrimaryReign } from './primary-reign.ts'
import { localStreams } from './sessions/local-stream.ts'
import { Reception, type ReignedVolume } from './sessions/reception.ts'

export interface MembershipOptions {
  /** At the mover's start. */
  role: VolumeRole
  /** This mover. */
  self: Incarnation
  /** All movers that run. */
  movers: readonly Incarnation[]
  environment: Environment
  logger: Logger
  leaseMs: number
  /** How long clients have to reclaim locks that their mover has lost. */
  graceMs: number
  /** Aborted when the mover is to end, and waits for nobody any longer. */
  signal: AbortSignal
  /** Connects to another mover. */
  connect: Connect
  /** See `PrimaryLinkOptions`. */
  onLost: (reason: string) => void
  /**
   * This mover, a secondary so far, is to open the volume as its primary; `holders` may hold something of earlier reigns.
   * `isCalm`: nobody reclaimed locks when the last primary was lost.
   */
  onElected: (term: number, holders: readonly Incarnation[], isCalm: boolean) => void
  /** This mover does not say what it holds of earlier reigns. */
  onSilent: (mover: Incarnation) => void
  /** This mover does not give back what it was asked for. */
  onStuck: (mover: Incarnation, what: Stuck) => void
}

/**
 * What a mover is to a volume: its primary from the start on, or a secondary of its primaries, one after the other. When it
 * is elected one itself, it stays a secondary besides, of its own: whoever its clients are does not notice.
 */
export class Membership {
  /** The way to the primary; null for who is that from the start. */
  readonly link: PrimaryLink | null
  readonly #o: MembershipOptions
  /** Movers that run, by name. */
  readonly #running: Map<string, Incarnation>
  #role: VolumeRole
  /** Once this mover is primary, and the volume open. */
  #reception: Reception | null = null
  /** When a mover was lost that was not the primary. */
  #lostMs = Number.NEGATIVE_INFINITY
  /** Calls of this mover's own side to its primary. */
  #connecting: (() => void)[] = []

  constructor(options: MembershipOptions) {
    const { role, self, movers, environment, leaseMs, signal, onLost } = options
    this.#o = options
    this.#role = role
    this.#running = new Map(movers.map((mover) => [mover.name, mover]))
    const connect: Connect = (role, signal, done) => {
      if (role.primary === self.name) this.#connectHere(signal, done)
      else options.connect(role, signal, done)
    }
    this.link =
      role.primary === self.name ? null : new PrimaryLink({ role, self, environment, connect, leaseMs, signal, onLost })
  }

  /** The supervisor is about to start a mover. */
  started(mover: Incarnation): void {
    this.#running.set(mover.name, mover)
    this.#reception?.started(mover)
  }

  /** Nothing is left of a mover's process. */
  gone(mover: Incarnation): void {
    if (this.#running.get(mover.name)?.incarnation === mover.incarnation) this.#running.delete(mover.name)
    this.#reception?.gone(mover)
    if (this.#role.primary === mover.name) this.link?.primaryGone()
    else this.#lostMs = this.#o.environment.monotonicMs()
  }

  /** The volume has another primary, in another term; see `SupervisorMessage`. */
  follow(role: VolumeRole, holders: readonly Incarnation[]): void {
    const isCalm = this.#isCalm()
    this.#role = role
    this.link?.follow(role)
    if (role.primary === this.#o.self.name) this.#o.onElected(role.term, holders, isCalm)
  }

  /**
   * True when the last primary had been ready, and all others had lived, for so long that nobody could reclaim anything any
   * more: a mover that was slow to come back had its clients' time prolonged. The primary learns of a loss at the latest a
   * lease after this mover, or is lost itself.
   */
  #isCalm(): boolean {
    const { environment, graceMs, leaseMs } = this.#o
    const sinceMs = Math.max(this.#lostMs, this.link?.readyMs ?? Number.POSITIVE_INFINITY)
    return environment.monotonicMs() - sinceMs > MOST_GRACES * graceMs + leaseMs
  }

  /** This mover has opened the volume as its primary: those who share it may come to whom this returns. */
  reigns(volume: ReignedVolume & { reign: PrimaryReign }, holders: readonly Incarnation[]): Reception {
    const { environment, logger, leaseMs, signal, onSilent, onStuck } = this.#o
    const reception = new Reception(environment, logger, volume)
    reception.begin([...this.#running.values()], holders)
    volume.reign.watchHolders(leaseMs, signal, onSilent)
    volume.reign.watchRevocations(leaseMs, signal, onStuck)
    this.#reception = reception
    for (const connect of this.#connecting.splice(0)) connect()
    return reception
  }

  /** Within this process, as soon as the volume is open. */
  #connectHere(signal: AbortSignal, done: Parameters<Connect>[2]): void {
    const { environment } = this.#o
    const connect = (): void => {
      if (signal.aborted) return
      const [near, far] = localStreams(environment)
      this.#reception?.receive(far)
      done(null, near)
    }
    // Whoever is told expects it later.
    if (this.#reception === null) this.#connecting.push(connect)
    else environment.defer(connect)
  }
}
