import type { Logger } from 'pino'
import { type hello, message_kind } from '../protocol/moverlock/moverlock.gen.ts'
import type { Peer } from './authority/peer.ts'
import { type HeldToken, PrimaryAuthority } from './authority/primary.ts'
import { PrimaryLocks } from './authority/primary-locks.ts'
import type { Stuck } from './authority/revocations.ts'
import { Session, type SessionStream } from './authority/session.ts'
import { VolumeTrace } from './authority/trace.ts'
import type { ClientLockStatus, FileTokens, MoreWaiting, MoverLocks, TokenStatus } from './control/status.ts'
import type { Environment } from './environment.ts'
import { TracedCalls } from './files/call-trace.ts'
import { ForwardedCalls } from './files/forwarded.ts'
import { GovernedVolume } from './files/governed-volume.ts'
import type { LockedFiles } from './files/lock-records.ts'
import type { VolumeFiles } from './files/volume-files.ts'
import type { Incarnation } from './host/channel.ts'
import { lockStatus, ownerStatus } from './lock-status.ts'
import { FILE_END } from './locks/token.ts'
import type { Reign, SharedDevice } from './sessions/reception.ts'

/** Why sessions end when nothing is wrong, or when somebody else tells what is. */
const ORDINARY_ENDS = ['the other mover has closed it', 'its mover is gone', 'this mover ends']

/** Requests for locks of a file that are shown, and what is shown of what each of them waits for. */
const MOST_SHOWN = 100
const MOST_IN_THE_WAY = 8

/** How often it is looked whether who was asked for something gives it back. */
const LOOKS_A_LEASE = 4

/** A device that has not answered for so long, though it is asked once a second, has come to a halt. */
const DEVICE_SILENT_MS = 1500

/** Who looks so much later than he wanted to was held up. */
const HELD_UP = 1.5

export interface PrimaryReignOptions {
  /** Of the volume, for messages. */
  name: string
  term: number
  device: SharedDevice
  files: VolumeFiles
  /** Blocks that one mover has reserved at most. */
  mostReserved: number
  env: Environment
  logger: Logger
  /** When the device has last answered, in monotonic milliseconds: it is asked once a second. */
  answeredMs: () => number
  /** Movers that may hold something of earlier reigns. */
  holders: readonly Incarnation[]
  /** See `PrimaryLocks`. */
  movers: readonly string[]
  self: string
  noted: LockedFiles
  graceMs: number
  /** See `Membership`: all that clients of holders may have had, these know. */
  isCalm: boolean
  /** What this mover says of the volume already, as its secondary; null: it is none. */
  trace: VolumeTrace | null
}

/** A volume as its primary shares it: its authority, and the sessions of the movers that have come. */
export class PrimaryReign implements Reign {
  readonly term: number
  readonly device: SharedDevice
  readonly authority: PrimaryAuthority
  readonly trace: VolumeTrace
  readonly #options: PrimaryReignOptions
  /** By incarnation; those whose session has ended too, until they are gone. */
  readonly #peers = new Map<string, Peer>()
  /** Holders, by incarnation, that have not said yet what they hold. */
  readonly #awaited: Map<string, Incarnation>
  /** Holders that live, by incarnation: their names. */
  readonly #survivors: Map<string, string>
  readonly #waiting: (() => void)[] = []

  constructor(options: PrimaryReignOptions) {
    const { name, term, device, files, env, logger, holders, trace } = options
    this.#options = options
    this.term = term
    this.device = device
    const calls = new ForwardedCalls({
      files,
      env,
      onError: (call, error) =>
        logger.error(`volume ${name}: an operation of another mover (${call.what.kind}) failed unexpectedly: ${error}`),
    })
    const governed = new GovernedVolume(files.context, (call, done) => calls.perform(call, done), options.mostReserved)
    this.#awaited = new Map(holders.map((holder) => [holder.incarnation, holder]))
    this.#survivors = new Map(holders.map(({ incarnation, name }) => [incarnation, name]))
    const isRecovering = this.#awaited.size > 0
    const { movers, self, noted, graceMs } = options
    const locks = new PrimaryLocks({ notes: governed, env, graceMs, movers, self, noted })
    files.context.locks = locks
    this.authority = new PrimaryAuthority(governed, files.volume.log, env, locks, isRecovering)
    if (!isRecovering) locks.recovered([])
    this.trace =
      trace ??
      new VolumeTrace({
        env,
        tokens: () => this.authority.tokens,
        turned: (isOn) => {
          files.trace = isOn ? new TracedCalls(this.trace) : null
        },
      })
  }

  /** Calls `done` when every holder has said what it holds, or is gone: nobody may be served before. */
  whenRecovered(done: () => void): void {
    if (this.isRecovered) done()
    else this.#waiting.push(done)
  }

  /** This mover serves its clients: see `PrimaryLocks`. */
  serving(): void {
    this.authority.locks.serving()
  }

  /** True when nobody is waited for. */
  get isRecovered(): boolean {
    return this.#awaited.size === 0
  }

  /** The mover ends: holders that are still waited for are not any more, and nobody waits for their sake. */
  abandon(): void {
    if (this.isRecovered) return
    for (const { session } of this.#peers.values()) session.end('this mover ends')
  }

  /**
   * Calls `silent` for each holder that has not said for a lease what it holds, again and again, while `signal` lets it; when
   * what has arrived by then has been handled. Who was held up himself counts anew.
   */
  watchHolders(leaseMs: number, signal: AbortSignal, silent: (mover: Incarnation) => void): void {
    const { env } = this.#options
    if (this.isRecovered || signal.aborted) return
    const sinceMs = env.monotonicMs()
    const judge = (): void => {
      const wasHeldUp = env.monotonicMs() - sinceMs > HELD_UP * leaseMs
      if (!signal.aborted && !wasHeldUp) for (const mover of [...this.#awaited.values()]) silent(mover)
      this.watchHolders(leaseMs, signal, silent)
    }
    env.timer(leaseMs, () => env.defer(judge))
  }

  /**
   * Calls `stuck` for each other mover of which nothing has come for a lease of a file that it was asked for, and which waits
   * for nothing of this one, or which does not answer what it was told of locks, while `signal` lets it. As with holders, who
   * was held up himself counts anew; so does who finds that the device does not answer anybody.
   */
  watchRevocations(leaseMs: number, signal: AbortSignal, stuck: (mover: Incarnation, what: Stuck) => void): void {
    const { env, self, answeredMs } = this.#options
    const sinceMs = env.monotonicMs()
    const intervalMs = leaseMs / LOOKS_A_LEASE
    const limitMs = Math.max(leaseMs, 2 * DEVICE_SILENT_MS)
    const judge = (): void => {
      if (signal.aborted) return
      const nowMs = env.monotonicMs()
      const wasHeldUp = nowMs - sinceMs > HELD_UP * intervalMs || nowMs - answeredMs() > DEVICE_SILENT_MS
      const { locks } = this.authority
      if (wasHeldUp) locks.refresh()
      for (const [incarnation, { id, name, revocations }] of this.#peers) {
        if (wasHeldUp) revocations.refresh()
        const what = name === self ? null : (revocations.stuck(limitMs) ?? locks.stuck(id, limitMs))
        if (what !== null) stuck({ name, incarnation }, what)
      }
      this.watchRevocations(leaseMs, signal, stuck)
    }
    env.timer(intervalMs, () => env.defer(judge))
  }

  /** Counters of the sessions together, and how many files are shared now. */
  counters(): Record<string, number> {
    const counters: Record<string, number> = { sharedFiles: this.authority.sharedFiles, sessions: this.#peers.size }
    for (const { session } of this.#peers.values()) {
      for (const [name, count] of Object.entries(session.counters())) counters[name] = (counters[name] ?? 0) + count
    }
    return counters
  }

  /** Which movers hold and await which tokens; `self` is this one. */
  *tokens(self: string): Iterable<FileTokens> {
    const shown = ({ mover, kind, start, end }: HeldToken): TokenStatus => {
      const isWhole = kind === 'WF_R' || kind === 'WF_X'
      return { mover: mover || self, kind, blocks: isWhole ? null : [start, end === FILE_END ? null : end] }
    }
    for (const ino of [...this.authority.inos()]) {
      const { held, waiting } = this.authority.describe(ino)
      yield { volume: this.#options.name, ino, held: held.map(shown), waiting: waiting.map(shown) }
    }
  }

  /**
   * Clients that wait for locks, a file at a time, in the order of their asking, and for whom; `self` is this mover. Of a file
   * with a long queue the first ones, and how many more.
   */
  *waiting(self: string): Iterable<Pick<MoverLocks, 'waiting' | 'moreWaiting'>> {
    for (const ino of [...this.authority.locks.inos()]) yield this.#waitingFor(ino, self)
  }

  /** Whose clients wait for locks: of one file after the other each request; `self` is this mover. */
  *waitingClients(self: string): Iterable<{ mover: string; client: string }[]> {
    const { locks } = this.authority
    for (const ino of [...locks.inos()]) {
      yield locks.queue(ino).map(({ mover, lock }) => ownerStatus(this.authority.nameOf(mover) || self, lock.owner))
    }
  }

  #waitingFor(ino: number, self: string): Pick<MoverLocks, 'waiting' | 'moreWaiting'> {
    const { locks } = this.authority
    const volume = this.#options.name
    const nameOf = (mover: number): string => this.authority.nameOf(mover) || self
    const moreWaiting = new Map<string, MoreWaiting>()
    const queue = locks.queue(ino)
    const waiting = queue.slice(0, MOST_SHOWN).map(({ mover, lock }, place): ClientLockStatus => {
      const inTheWay = locks.inTheWay(ino, place, MOST_IN_THE_WAY + 1)
      return {
        ...lockStatus(nameOf(mover), volume, ino, lock),
        waitsFor: inTheWay.slice(0, MOST_IN_THE_WAY).map((one) => ({
          id: lockStatus(nameOf(one.mover), volume, ino, one.lock).id,
          ...ownerStatus(nameOf(one.mover), one.lock.owner),
        })),
        waitsForMore: inTheWay.length > MOST_IN_THE_WAY,
      }
    })
    for (const { mover, lock } of queue.slice(MOST_SHOWN)) {
      const { owner: _, ...client } = ownerStatus(nameOf(mover), lock.owner)
      const key = JSON.stringify(client)
      const { count } = moreWaiting.get(key) ?? { count: 0 }
      moreWaiting.set(key, { ...client, volume, ino, count: count + 1 })
    }
    return { waiting, moreWaiting: [...moreWaiting.values()] }
  }

  accept(stream: SessionStream, hello: hello): Session {
    const { name, files, env, logger } = this.#options
    const mover = Buffer.from(hello.mover).toString()
    const session: Session = new Session(stream, env, {
      message: (message) => peer.received(message),
      ended: (reason) => {
        const level = ORDINARY_ENDS.includes(reason) ? 'info' : 'warn'
        logger[level](`volume ${name}: the session with mover ${mover} has ended: ${reason}`)
      },
    })
    session.observer = this.trace.session(mover)
    // Nobody shared the volume before the first one came: operations need not ask.
    files.context.tokens = this.authority
    const incarnation = Buffer.from(hello.incarnation).toString('hex')
    const peer = this.authority.admit(mover, session, () => this.#settle(incarnation))
    this.#peers.set(incarnation, peer)
    session.send({ kind: message_kind.WELCOME, welcome: { term: this.term, mover: peer.id } })
    logger.info(`volume ${name}: mover ${mover} shares it`)
    return session
  }

  gone({ incarnation }: Incarnation): void {
    this.#survivors.delete(incarnation)
    const peer = this.#peers.get(incarnation)
    if (peer !== undefined) {
      this.#peers.delete(incarnation)
      peer.session.end('its mover is gone')
      this.authority.gone(peer)
    }
    this.#settle(incarnation)
  }

  /** What a mover holds of earlier reigns is known, or is nothing any more. */
  #settle(incarnation: string): void {
    if (!this.#awaited.delete(incarnation) || this.#awaited.size > 0) return
    this.#options.files.volume.space.keepsTypes = false
    this.authority.recovered(this.#options.isCalm ? [...this.#survivors.values()] : [])
    for (const done of this.#waiting.splice(0)) done()
  }
}
