import type { Logger } from 'pino'
import { type hello, MOVERLOCK_VERSION, message_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import { Session, type SessionStream } from '../authority/session.ts'
import { SessionError } from '../authority/session-error.ts'
import type { Environment } from '../environment.ts'
import type { Incarnation } from '../host/channel.ts'
import type { MoverStream } from './stream.ts'

/** A stream on which nobody has said HELLO for so long is cut off. */
const HELLO_LIMIT_MS = 10_000

/** What a device is to a mover. Two movers may share a volume only when it is the same to both. */
export interface SharedDevice {
  /** Which file or block device it is: equal for one thing on one host. */
  identity: string
  /** True: I/O bypasses the page cache. */
  direct: boolean
}

/** A volume as its primary offers it to the other movers. */
export interface Reign {
  /** The term in which every mover was told who the primary is. */
  readonly term: number
  readonly device: SharedDevice
  /**
   * A secondary has come, the first time in its incarnation, and all it says of itself is right: answers WELCOME on a
   * session of its own, which it returns; it is given all that comes from now on.
   */
  accept(stream: SessionStream, hello: hello): Session
  /** Nothing of a mover's process is left: it does no more I/O. Its session may have ended long before, or never begun. */
  gone(mover: Incarnation): void
}

/** A volume that has its primary here. */
export interface ReignedVolume {
  name: string
  uuid: Uint8Array
  reign: Reign
}

/** A mover that runs: its incarnation, and whether that has had a session. */
interface Member {
  incarnation: string
  hasCome: boolean
}

/** Receives the secondaries of a volume that has its primary here: finds out whether a mover may share it. */
export class Reception {
  readonly volume: ReignedVolume
  readonly #env: Environment
  readonly #logger: Logger
  readonly #members = new Map<string, Member>()

  constructor(env: Environment, logger: Logger, volume: ReignedVolume) {
    this.#env = env
    this.#logger = logger
    this.volume = volume
  }

  /**
   * These movers run; of those who ran before the volume was opened (`earlier`) some may be gone since, unnoticed by a
   * reign that had not begun.
   */
  begin(running: readonly Incarnation[], earlier: readonly Incarnation[]): void {
    for (const mover of running) this.started(mover)
    for (const mover of earlier) {
      if (this.#members.get(mover.name)?.incarnation !== mover.incarnation) this.gone(mover)
    }
  }

  /** The supervisor has started, or is about to start, this process. */
  started({ name, incarnation }: Incarnation): void {
    if (this.#members.has(name)) throw new Error(`mover ${name} is started before its last process was gone`)
    this.#members.set(name, { incarnation, hasCome: false })
  }

  /** Nothing of this process is left. */
  gone(mover: Incarnation): void {
    if (this.#members.get(mover.name)?.incarnation === mover.incarnation) this.#members.delete(mover.name)
    this.volume.reign.gone(mover)
  }

  /** A mover has connected. */
  receive(stream: MoverStream): void {
    let isReceived = false
    const session = new Session(stream, this.#env, {
      message: (message) => {
        // Who has accepted it has a session of its own by now, which is told.
        if (isReceived) return stream.cutOff('it spoke before it was welcome')
        if (message.kind !== message_kind.HELLO) throw new SessionError('it did not begin with HELLO')
        isReceived = true
        cancelLimit()
        this.#receive(stream, session, message.hello)
      },
      ended: (reason) => {
        cancelLimit()
        if (!isReceived) this.#logger.warn(`a session with an unknown mover has ended: ${reason}`)
      },
    })
    const cancelLimit = this.#env.timer(HELLO_LIMIT_MS, () => session.end('it did not say HELLO'))
    stream.deliverTo(session)
  }

  #receive(stream: MoverStream, session: Session, hello: hello): void {
    const { name, reign } = this.volume
    const reason = this.#objection(hello)
    const member = this.#members.get(nameOf(hello))
    if (member === undefined || reason !== null) {
      this.#logger.warn(`refused ${nameOf(hello)} a session for the volume ${name}: ${reason}`)
      session.send({ kind: message_kind.REFUSED, refused: { reason: Buffer.from(reason ?? '') } })
      session.end('refused')
      return
    }
    member.hasCome = true
    stream.deliverTo(reign.accept(stream, hello))
  }

  /** Why a mover may not share the volume; null when it may. In words that follow "mover a refuses: ". */
  #objection(hello: hello): string | null {
    const { name, uuid, reign } = this.volume
    if (hello.protocol !== MOVERLOCK_VERSION) {
      return `it speaks version ${MOVERLOCK_VERSION} of the mover lock protocol, not ${hello.protocol}`
    }
    if (hex(hello.volume) !== hex(uuid)) return `the volume ${name} has the uuid ${hex(uuid)}, not ${hex(hello.volume)}`
    const member = this.#members.get(nameOf(hello))
    if (member?.incarnation !== hex(hello.incarnation)) {
      return `its supervisor runs no mover ${nameOf(hello)} of that incarnation`
    }
    if (member.hasCome) return 'this incarnation has, or has had, a session already'
    if (hello.term !== reign.term) return `it is primary in term ${reign.term}, not ${hello.term}`
    const { identity, direct } = reign.device
    const device = Buffer.from(hello.device).toString()
    if (device !== identity) return `its device is another one (${identity}, not ${device})`
    if (hello.direct !== direct) return `it uses the device ${mode(direct)}, not ${mode(hello.direct)}`
    return null
  }
}

function mode(direct: boolean): string {
  return direct ? 'with O_DIRECT' : 'through the page cache'
}

function nameOf(hello: hello): string {
  return Buffer.from(hello.mover).toString()
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
