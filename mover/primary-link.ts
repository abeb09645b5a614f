import { MOVERLOCK_VERSION, type message, message_kind } from '../protocol/moverlock/moverlock.gen.ts'
import type { SecondaryAuthority } from './authority/secondary.ts'
import { Session, SessionError } from './authority/session.ts'
import type { Environment } from './environment.ts'
import type { Incarnation, VolumeRole } from './host/channel.ts'
import type { SharedDevice } from './sessions/reception.ts'
import { connectSession } from './sessions/socket.ts'
import type { SocketStream } from './sessions/stream.ts'

export interface PrimaryLinkOptions {
  role: VolumeRole
  /** This mover. */
  self: Incarnation
  environment: Environment
  /** Where the primary receives its secondaries. */
  socketPath: string
  /** Who has lost a primary that lives waits so long for the supervisor to end one of the two; then it gives up. */
  leaseMs: number
  /** Aborted when the mover is to end, and waits for nobody any longer. */
  signal: AbortSignal
  /** There is no session, and nobody will make one possible. */
  onLost: (reason: string) => void
}

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
  readonly #welcomed = Promise.withResolvers<void>()
  #role: VolumeRole
  #introduction: Introduction | null = null
  #authority: SecondaryAuthority | null = null
  #session: Session | null = null
  /** The connection that is being made, or was; a new one begins with the end of the last. */
  #attempt = new AbortController()
  #isPrimaryGone = false
  #isClosing = false
  #cancelLimit: () => void = () => {}

  constructor(options: PrimaryLinkOptions) {
    this.#o = options
    this.#role = options.role
    this.#welcomed.promise.catch(() => {})
    options.signal.addEventListener('abort', () => this.#welcomed.reject(options.signal.reason))
  }

  /** The session there is. */
  get session(): Session | null {
    return this.#session
  }

  /** Connects; resolves when a primary has welcomed this mover. Rejects with an Error that says why none does. */
  open(introduction: Introduction, authority: SecondaryAuthority): Promise<void> {
    this.#introduction = introduction
    this.#authority = authority
    if (!this.#isPrimaryGone) this.#connect()
    return this.#welcomed.promise
  }

  /** Nothing is left of the primary's process. */
  primaryGone(): void {
    this.#isPrimaryGone = true
    this.#drop('its process is gone')
  }

  /** A primary is about to be started in this term, the last one's being over. */
  follow(role: VolumeRole): void {
    this.#role = role
    this.#isPrimaryGone = false
    this.#drop('there is another primary')
    if (this.#introduction !== null) this.#connect()
  }

  /** Whoever waits for an answer is told that there is none when the session ends from now on. */
  closing(): void {
    this.#isClosing = true
    this.#cancelLimit()
    if (this.#session === null) this.#authority?.ended()
  }

  close(): void {
    this.closing()
    this.#drop('this mover ends')
  }

  #drop(reason: string): void {
    this.#cancelLimit()
    this.#attempt.abort()
    this.#session?.end(reason)
  }

  #connect(): void {
    const { socketPath, environment, signal } = this.#o
    const attempt = new AbortController()
    this.#attempt = attempt
    connectSession(socketPath, environment, AbortSignal.any([attempt.signal, signal])).then(
      (stream) => {
        if (attempt.signal.aborted) stream.close()
        else this.#introduce(stream, attempt.signal)
      },
      (error: Error) => {
        if (!attempt.signal.aborted && !signal.aborted) this.#failed(error.message)
      },
    )
  }

  #introduce(stream: SocketStream, dropped: AbortSignal): void {
    const { self, environment, signal } = this.#o
    const authority = this.#authority as SecondaryAuthority
    const { volume, device } = this.#introduction as Introduction
    let isWelcome = false
    let refusal: string | null = null
    const greeted = (message: message): void => {
      if (message.kind === message_kind.WELCOME) {
        isWelcome = true
        authority.join(session)
        this.#welcomed.resolve()
      } else if (message.kind === message_kind.REFUSED) refusal = Buffer.from(message.refused.reason).toString()
      else throw new SessionError('it says what this version does not know')
    }
    const session: Session = new Session(stream, environment, {
      message: (message) => (isWelcome ? authority.received(message) : greeted(message)),
      ended: (reason) => {
        signal.removeEventListener('abort', giveUp)
        this.#session = null
        if (isWelcome) authority.parted()
        if (this.#isClosing) authority.ended()
        else if (!dropped.aborted && !signal.aborted)
          this.#failed(refusal === null ? reason : `it refuses a session: ${refusal}`)
        if (refusal !== null) this.#welcomed.reject(new Error(this.#words(`it refuses a session: ${refusal}`)))
      },
    })
    const giveUp = (): void => {
      if (!isWelcome) session.end('this mover ends')
    }
    signal.addEventListener('abort', giveUp)
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
      this.#welcomed.reject(new Error(lost))
      onLost(lost)
    })
  }

  #words(reason: string): string {
    return `mover ${this.#role.primary}, the primary: ${reason}`
  }
}
