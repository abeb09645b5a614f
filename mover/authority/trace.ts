import type { message } from '../../protocol/moverlock/moverlock.gen.ts'
import type { Environment } from '../environment.ts'
import { ALLOWS, type Span, type TokenKind, touches } from '../locks/token.ts'
import type { TokenHolder } from '../locks/token-holder.ts'
import type { TraceDetails, TraceEvent, TracePage } from '../trace-event.ts'
import type { SessionObserver } from './session.ts'
import { MESSAGE_KINDS, type Told, toldBy } from './told.ts'

/** Events of one file that are kept until they are asked for. */
export const KEPT_EVENTS = 4096
/** A file that nobody has asked about for so long is not traced any more. */
export const KEEP_MS = 10_000
/** Files of one volume that are traced at a time. */
export const MAX_TRACED = 64
/** Tokens whose kind a session's trace remembers. */
const MAX_KINDS = 4096

/** What has been said about one file lately. */
class TracedFile {
  readonly name: string
  polledMs = 0
  readonly #events: TraceEvent[] = []
  #last = 0

  constructor(name: string) {
    this.name = name
  }

  add(event: TraceEvent): void {
    this.#last++
    if (this.#events.push(event) > KEPT_EVENTS) this.#events.shift()
  }

  page(trace: string | null, after: number, hostMs: number): TracePage {
    const known = trace === this.name ? after : 0
    const gone = this.#last - this.#events.length
    const events = this.#events.slice(Math.max(0, known - gone))
    return { trace: this.name, last: this.#last, dropped: Math.max(0, gone - known), hostMs, events }
  }
}

export interface VolumeTraceOptions {
  env: Environment
  /** What this mover holds. */
  tokens: () => TokenHolder
  /** Somebody has begun to trace files of the volume, or nobody does any more. */
  turned: (isOn: boolean) => void
}

/** What this mover says about the files of one volume, for as long as somebody asks. */
export class VolumeTrace {
  readonly #o: VolumeTraceOptions
  readonly #files = new Map<number, TracedFile>()

  constructor(options: VolumeTraceOptions) {
    this.#o = options
  }

  get isOn(): boolean {
    return this.#files.size > 0
  }

  /** True when the file is traced. */
  has(ino: number): boolean {
    return this.#files.has(ino)
  }

  /**
   * What has been said about a file since event `after` of an earlier page, whose trace had this name. From now on the file
   * is traced, until nobody has asked for a while. Null: too many others are.
   */
  poll(ino: number, trace: string | null, after: number): TracePage | null {
    const { env } = this.#o
    const file = this.#files.get(ino) ?? this.#begin(ino)
    if (file === null) return null
    file.polledMs = env.monotonicMs()
    return file.page(trace, after, env.hostMs())
  }

  /** Looks on at a session with another mover. */
  session(peer: string): SessionObserver {
    return new SessionTrace(this, peer)
  }

  /** A message to another mover is on its way. */
  sent(told: Told, peer: string, kind: string, frame: number): void {
    for (const ino of new Set(told.inos)) this.#add(ino, 'sent', peer, kind, { frame, ...told.details })
  }

  /** A client of this mover is answered. */
  answered(ino: number, client: string, procedure: string, details: TraceDetails): void {
    this.#add(ino, 'answered', client, procedure, details)
  }

  /** Kinds of the tokens of this mover by which it may do now what `kind` allows on these blocks. */
  rights(ino: number, kind: TokenKind, span: Span): TokenKind[] {
    const usable = this.#o.tokens().held(ino)?.usable ?? []
    const kinds = usable.filter((token) => ALLOWS[token.kind][kind] && touches(span, token)).map((token) => token.kind)
    return [...new Set(kinds)]
  }

  #add(
    ino: number,
    what: TraceEvent['what'],
    to: string,
    kind: string,
    details: TraceDetails & Pick<TraceEvent, 'frame'>,
  ): void {
    const { env } = this.#o
    this.#files.get(ino)?.add({ wallMs: env.wallMs(), hostMs: env.hostMs(), what, to, kind, ...details })
  }

  #begin(ino: number): TracedFile | null {
    const { env, turned } = this.#o
    if (this.#files.size >= MAX_TRACED) return null
    const file = new TracedFile(Buffer.from(env.randomBytes(8)).toString('hex'))
    this.#files.set(ino, file)
    if (this.#files.size === 1) turned(true)
    const look = (): void => {
      const leftMs = file.polledMs + KEEP_MS - env.monotonicMs()
      if (leftMs > 0) env.timer(leftMs, look)
      else if (this.#files.delete(ino) && !this.isOn) turned(false)
    }
    env.timer(KEEP_MS, look)
    return file
  }
}

/** What a session with another mover tells of the files that are traced: each mover shows what it sends. */
class SessionTrace implements SessionObserver {
  readonly #trace: VolumeTrace
  readonly #peer: string
  /** Requests that have not been answered, whoever made them, by id. */
  readonly #asked = new Map<number, Told>()
  /** Of the tokens of traced files, by serial. */
  readonly #kinds = new Map<number, TokenKind>()

  constructor(trace: VolumeTrace, peer: string) {
    this.#trace = trace
    this.#peer = peer
  }

  sent(message: message, frame: number): void {
    const told = this.#look(message)
    if (told !== null) this.#trace.sent(told, this.#peer, MESSAGE_KINDS[message.kind], frame)
  }

  received(message: message): void {
    this.#look(message)
  }

  #look(message: message): Told | null {
    if (!this.#trace.isOn) {
      if (this.#asked.size > 0) this.#asked.clear()
      return null
    }
    const told = toldBy(message)
    if (told === null) return null
    this.#learn(told)
    if (told.asks !== undefined) this.#asked.set(told.asks, told)
    const asked = told.answers === undefined ? undefined : this.#asked.get(told.answers)
    if (asked === undefined) return told
    this.#asked.delete(asked.asks ?? 0)
    const { tellsChanges: _, ...details } = asked.details
    return { inos: [...asked.inos, ...told.inos], details: { ...details, ...told.details } }
  }

  /** A REVOKE and a RELEASE have the serial of a token, of which GRANT or ASSERT has said what it is. */
  #learn({ inos, details, replaces }: Told): void {
    const { serial, token, holds = [] } = details
    if (!this.#trace.has(inos[0])) return
    for (const older of replaces ?? []) this.#kinds.delete(older)
    for (const one of holds) this.#remember(one.serial, one.token)
    if (serial === undefined) return
    if (token !== undefined) this.#remember(serial, token)
    else if (this.#kinds.has(serial)) details.token = this.#kinds.get(serial) as TokenKind
  }

  #remember(serial: number, kind: TokenKind): void {
    this.#kinds.set(serial, kind)
    if (this.#kinds.size <= MAX_KINDS) return
    for (const oldest of this.#kinds.keys()) {
      this.#kinds.delete(oldest)
      return
    }
  }
}
