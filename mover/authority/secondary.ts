import {
  type answer,
  type block_map,
  type call,
  type denied,
  type extent,
  type grant,
  type message,
  message_kind,
  type revoke,
  type run,
  type written,
} from '../../protocol/moverlock/moverlock.gen.ts'
import type { Environment } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { Span, Token, TokenKind } from '../locks/token.ts'
import { TokenHolder } from '../locks/token-holder.ts'
import { Suspend } from '../suspend.ts'
import { failureWord, KIND_CODES, TOKEN_KINDS } from './codes.ts'
import type { Drain } from './governed.ts'
import { MinimumHold } from './hold.ts'
import { keepTokens } from './keep.ts'
import { type Session, SessionError } from './session.ts'

/** The files of one volume at a secondary, as its authority sees them. */
export interface HeldFiles {
  /** A token has come: with the file's attributes, and where some of it lies. Bytes are valid during the call. */
  granted(ino: number, token: Token, value: Uint8Array, map: block_map): void
  /** Something of the file is asked back. */
  revoked(ino: number): void
  /** As `GovernedFiles.drain`; extents of what was dirty are committed, and the commit is answered. */
  drain(ino: number, drain: Drain, done: () => void): void
  /** The last sequence under which something that was written has been told: see `written` of the protocol. */
  readonly lastSequence: number
  /** This mover has not written to the file for `QUIET_MS`. */
  isQuiet(ino: number): boolean
  /** What has been written since this was last asked, if anything: the primary is about to be told. */
  takeWritten(ino: number): written | null
  /** Nothing of the file is held any more, though something may have been asked for; the primary has been told everything. */
  gaveUp(ino: number): void
  /** Nothing of the file is held, or asked for, any more. */
  lost(ino: number): void
}

const NOTHING: Readonly<Span> = { start: 0, end: 0 }

/** Told how a request has ended; null: the session has, and nobody knows. */
type Done<T> = (value: T | null) => void

/**
 * A secondary's side of a volume's session with its primary: the tokens that this mover holds, and what it has asked for.
 * Operations ask it before they read or write a file; they are suspended until the primary has answered.
 */
export class SecondaryAuthority {
  readonly tokens: TokenHolder
  readonly #session: Session
  readonly #hold: MinimumHold
  readonly #files: HeldFiles
  readonly #maps = new Map<number, Done<block_map>>()
  readonly #reserves = new Map<number, Done<run[]>>()
  readonly #commits = new Map<number, Done<Failure | 'OK'>>()
  readonly #calls = new Map<number, Done<answer>>()
  /** By request: what had been told before it, and is therefore in its answer. */
  readonly #askedAt = new Map<number, number>()
  /** The file that has just been denied, and why, while those who have asked for it run. */
  #denied: { ino: number; why: Failure } | null = null
  #lastId = 0

  constructor(session: Session, files: HeldFiles, env: Environment) {
    this.#session = session
    this.#files = files
    this.tokens = new TokenHolder(
      {
        request: (ino, request) => {
          const { id, kind, need, exact } = request
          this.#hold.asked(ino, request)
          this.#askedAt.set(id, files.lastSequence)
          session.send({ kind: message_kind.LOCK, lock: { ino, id, kind: KIND_CODES[kind], need, exact } })
        },
        release: (ino, serial, span) => {
          const changes = files.takeWritten(ino)
          session.send({ kind: message_kind.RELEASE, release: { ino, serial, blocks: span, changes } })
          if (this.tokens.held(ino)?.isEmpty !== false) files.gaveUp(ino)
        },
        drain: (ino, part) => {
          const mayKeep = (span: Span): boolean => this.tokens.held(ino)?.mayKeep(span) === true
          files.drain(ino, { part, mayKeep }, () => this.tokens.drained(ino, part))
        },
        forgotten: (ino) => {
          this.#hold.forget(ino)
          files.lost(ino)
        },
      },
      false,
    )
    this.#hold = new MinimumHold(this.tokens, env)
  }

  /** Carries out a message of the primary. Throws `SessionError` when it must not come. */
  received(message: message): void {
    switch (message.kind) {
      case message_kind.GRANT:
        this.#grant(message.grant)
        break
      case message_kind.DENIED:
        this.#deny(message.denied)
        break
      case message_kind.REVOKE:
        this.#revoke(message.revoke)
        break
      case message_kind.MAPPED:
        answered(this.#maps, message.mapped.id, message.mapped.map)
        break
      case message_kind.RESERVED:
        answered(this.#reserves, message.reserved.id, message.reserved.runs)
        break
      case message_kind.COMMITTED: {
        const { id, status } = message.committed
        answered(this.#commits, id, failureWord(status) ?? 'OK')
        break
      }
      case message_kind.GLIMPSE: {
        const { ino, id } = message.glimpse
        const changes = this.#files.takeWritten(ino)
        this.#session.send({ kind: message_kind.GLIMPSED, glimpsed: { ino, id, changes } })
        if (this.#files.isQuiet(ino)) this.tokens.giveUpWriting(ino)
        break
      }
      case message_kind.ANSWER:
        answered(this.#calls, message.answer.id, message.answer)
        break
      default:
        throw new SessionError(`a message of kind ${message.kind}, which a primary does not send`)
    }
  }

  /** The session is over: who waits for an answer is told that there is none. */
  ended(): void {
    for (const waiting of [this.#maps, this.#reserves, this.#commits, this.#calls]) {
      const all = [...waiting.values()]
      waiting.clear()
      for (const done of all) done(null)
    }
  }

  /**
   * Suspends unless this mover may do now what `kind` allows on these blocks; `WF_R` is asked for by who wants to read
   * them, and may bring a `BR_R`. Returns why it may not: STALE when there is no such file.
   */
  need(ino: number, kind: TokenKind, start: number, end: number): Failure | null {
    if (this.tokens.allows(ino, kind === 'WF_R' ? 'BR_R' : kind, start, end)) {
      this.#hold.used(ino)
      return null
    }
    if (this.#denied?.ino === ino) return this.#denied.why
    throw new Suspend((resume) => this.tokens.ask(ino, kind, { start, end }, resume))
  }

  /** Asks for all of a file, of which some is held, for reading; nobody waits for it. */
  askWhole(ino: number): void {
    this.tokens.ask(ino, 'WF_R', NOTHING, () => {})
  }

  /** See `keepTokens`: for an operation on one file. */
  keep(error: unknown, ino: number): unknown {
    return keepTokens(this.tokens, error, [ino])
  }

  /** Where the blocks of a file from `first` on lie. */
  map(ino: number, first: number, done: Done<block_map>): void {
    const askedAt = this.#files.lastSequence
    const id = this.#ask(this.#maps, (map: block_map | null) => {
      done(map === null ? null : { ...map, seen: Math.max(map.seen, askedAt) })
    })
    this.#session.send({ kind: message_kind.MAP, map: { ino, id, first } })
  }

  /** About `count` data blocks for this mover to write; none when the volume is full. */
  reserve(count: number, done: Done<run[]>): void {
    const id = this.#ask(this.#reserves, done)
    this.#session.send({ kind: message_kind.RESERVE, reserve: { id, count } })
  }

  giveBack(runs: run[]): void {
    this.#session.send({ kind: message_kind.GIVE_BACK, give_back: { runs } })
  }

  /** What this mover has written: it is on the device. `done` when the primary has it durably. */
  commit(ino: number, size: number, changes: written, runs: extent[], done: Done<Failure | 'OK'>): void {
    const id = this.#ask(this.#commits, done)
    this.#session.send({ kind: message_kind.COMMIT, commit: { id, ino, size, changes, runs } })
  }

  /** A metadata operation; its id is given here. */
  call(call: Omit<call, 'id'>, done: Done<answer>): void {
    const id = this.#ask(this.#calls, done)
    this.#session.send({ kind: message_kind.CALL, call: { ...call, id } })
  }

  #ask<T>(waiting: Map<number, Done<T>>, done: Done<T>): number {
    const id = ++this.#lastId
    waiting.set(id, done)
    return id
  }

  #grant({ ino, id, granted, replaces, value, map }: grant): void {
    const token: Token = { serial: granted.serial, kind: TOKEN_KINDS[granted.kind], ...granted.blocks }
    this.#files.granted(ino, token, value, { ...map, seen: Math.max(map.seen, this.#askedAt.get(id) ?? 0) })
    this.#askedAt.delete(id)
    this.#hold.answered(ino, id, token)
    this.tokens.granted(ino, id, token, replaces)
  }

  #revoke({ ino, serial, blocks }: revoke): void {
    this.#files.revoked(ino)
    this.#hold.revoked(ino, blocks)
    this.tokens.revoked(ino, serial, { ...blocks })
  }

  #deny({ ino, id, why }: denied): void {
    this.#askedAt.delete(id)
    this.#hold.answered(ino, id, null)
    this.#denied = { ino, why: failureWord(why) ?? 'SERVERFAULT' }
    try {
      this.tokens.denied(ino, id)
    } finally {
      this.#denied = null
    }
  }
}

function answered<T>(waiting: Map<number, Done<T>>, id: number, value: T): void {
  const done = waiting.get(id)
  if (done === undefined) throw new SessionError(`an answer to request ${id}, which was not asked`)
  waiting.delete(id)
  done(value)
}
