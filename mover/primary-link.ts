import { MOVERLOCK_VERSION, type message, message_kind } from '../protocol/moverlock/moverlock.gen.ts'
import type { SecondaryAuthority } from './authority/secondary.ts'
import { Session, type SessionObserver } from './authority/session.ts'
import { SessionError } from './authority/session-error.ts'
import type { Environment } from './environment.ts'
import type { Incarnation, VolumeRole } from './host/channel.ts'
import type { SharedDevice } from './sessions/reception.ts'
import type { MoverStream } from './sessions/stream.ts'

export interface PrimaryLinkOptions {
  role: VolumeRole
  /** This mover. */
  self: Incarnation
  environment: Environment
  /** Connects to the primary that the role names. */
  connect: Connect
  /** Who has lost a primary that lives waits so long for the supervisor to end one of the two; then it gives up. */
  leaseMs: number
  /** Aborted when the mover is to end, and waits for nobody any longer. */
  signal: AbortSignal
  /** There is no session, and nobody will make one possible. */
  onLost: (reason: string) => void
}

/**
 * Connects to a primary as soon as it receives its secondaries; `done` is called once, later, if at all after `signal` has
 * given it up.
 */
export type Connect = (
  role: VolumeRole,
  signal: AbortSignal,
  done: (error: Error | null, stream: MoverStream | null) => void,
) => void

/** What a secondary says of itself and its volume. */
export interface Introduction {
  /** The volume's uuid. */
  volume: Uint8Array
  device: SharedDevice
}

/**
 * A secondary's way to the primary of a volume: one session after the other. When the primary's process is gone, it waits
 * for the next one, in the term that the supervisor names, and asserts there what it holds.
 */
export class PrimaryLink {
  readonly #o: PrimaryLinkOptions
  readonly #ended = Promise.withResolvers<void>()
  /** Told once whether a primary has welcomed this mover. */
  #opened: (error: Error | null) => void = () => {}
  /** Who looks on at the sessions that begin, by the name of the primary. */
  observe: (primary: string) => SessionObserver | null = () => null
  #role: VolumeRole
  #introduction: Introduction | null = null
  #authority: SecondaryAuthority | null = null
  #session: Session | null = null
  /** The connection that is being made, or was; a new one begins with the end of the last. */
  #attempt = new AbortController()
  #isPrimaryGone = false
  #isClosing = false
  #cancelLimit: () => void = () => {}
  #readyMs: number | null = null

  constructor(options: PrimaryLinkOptions) {
    this.#o = options
    this.#role = options.role
    options.signal.addEventListener('abort', () => this.#tellOpened(options.signal.reason))
  }

  /** The session there is. */
  get session(): Session | null {
    return this.#session
  }

  /** Since when the primary has been ready for what this mover asks: it knows what all have. Null: it is not. */
  get readyMs(): number | null {
    return this.#readyMs
  }

  /** Connects; `done` is told when a primary has welcomed this mover, or with an Error why none does. */
  open(introduction: Introduction, authority: SecondaryAuthority, done: (error: Error | null) => void): void {
    this.#introduction = introduction
    this.#authority = authority
    this.#opened = done
    if (this.#o.signal.aborted) this.#tellOpened(this.#o.signal.reason)
    else if (!this.#isPrimaryGone) this.#connect()
  }

  #tellOpened(error: Error | null): void {
    const opened = this.#opened
    this.#opened = () => {}
    opened(error)
  }

  /** Nothing is left of the primary's process. */
  primaryGone(): void {
    this.#isPrimaryGone = true
    this.#drop('its process is gone')
  }

  /** A primary is about to be started in this term, the last one's being over. */
  follow(role: VolumeRole): void {
    this.#role = role
    this.#readyMs = null
    this.#isPrimaryGone = false
    this.#drop('there is another primary')
    if (this.#introduction !== null) this.#connect()
  }

  /** The session there is, if any, is the last one. Resolves when it has ended. */
  closing(): Promise<void> {
    this.#isClosing = true
    this.#cancelLimit()
    if (this.#session === null) this.#over()
    return this.#ended.promise
  }

  #over(): void {
    this.#authority?.ended()
    this.#ended.resolve()
  }

  close(): void {
    void this.closing()
    this.#drop('this mover ends')
  }

  #drop(reason: string): void {
    this.#cancelLimit()
    this.#attempt.abort()
    this.#session?.end(reason)
  }

  #connect(): void {
    const { connect, signal } = this.#o
    const attempt = new AbortController()
    this.#attempt = attempt
    connect(this.#role, AbortSignal.any([attempt.signal, signal]), (error, stream) => {
      if (attempt.signal.aborted || signal.aborted) stream?.close()
      else if (stream === null) this.#failed(error?.message ?? 'nobody is there')
      else this.#introduce(stream, attempt.signal)
    })
  }

  #introduce(stream: MoverStream, dropped: AbortSignal): void {
    const { self, environment, signal } = this.#o
    const authority = this.#authority as SecondaryAuthority
    const { volume, device } = this.#introduction as Introduction
    let isWelcome = false
    let refusal: string | null = null
    const greeted = (message: message): void => {
      if (message.kind === message_kind.WELCOME) {
        isWelcome = true
        authority.join(session)
        this.#tellOpened(null)
      } else if (message.kind === message_kind.REFUSED) refusal = Buffer.from(message.refused.reason).toString()
      else throw new SessionError('it says what this version does not know')
    }
    const session: Session = new Session(stream, environment, {
      message: (message) => {
        if (!isWelcome) greeted(message)
        else {
          if (message.kind === message_kind.READY) this.#readyMs = environment.monotonicMs()
          authority.received(message)
        }
      },
      ended: (reason) => {
        signal.removeEventListener('abort', giveUp)
        this.#session = null
        if (isWelcome) authority.parted()
        if (this.#isClosing) this.#over()
        else if (!dropped.aborted && !signal.aborted)
          this.#failed(refusal === null ? reason : `it refuses a session: ${refusal}`)
        if (refusal !== null) this.#tellOpened(new Error(this.#words(`it refuses a session: ${refusal}`)))
      },
    })
    const giveUp = (): void => {
      if (!isWelcome) session.end('this mover ends')
    }
    signal.addEventListener('abort', giveUp)
    session.observer = this.observe(this.#role.primary)
    this.#session = session
    stream.deliverTo(session)
    session.send({
      kind: message_kind.HELLO,
      hello: {
        protocol: MOVERLOCK_VERSION,
        mover: Buffer.from(self.name),
        incarnation: Buffer.from(self.incarnation, 'hex'),
        volume,
        term: this.#role.term,
        device: Buffer.from(device.identity),
        direct: device.direct,
      },
    })
  }

  /** There is no session, and the primary is not known to be gone: either it will be, or this mover has to end. */
  #failed(reason: string): void {
    const { environment, leaseMs, onLost } = this.#o
    const lost = this.#words(reason)
    this.#cancelLimit = environment.timer(leaseMs, () => {
      this.#tellOpened(new Error(lost))
      onLost(lost)
    })
  }

  #words(reason: string): string {
    return `mover ${this.#role.primary}, the primary: ${reason}`
  }
}
