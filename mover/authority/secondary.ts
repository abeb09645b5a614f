import {
  type answer,
  type block_map,
  type call,
  type denied,
  type extent,
  type grant,
  MAX_CALLS,
  MAX_EXTENTS,
  MAX_TOKEN_REQUESTS,
  type message,
  message_kind,
  type revoke,
  type run,
  type written,
} from '../../protocol/moverlock/moverlock.gen.ts'
import type { Environment } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { Leaving, Piece } from '../locks/held-tokens.ts'
import { ALLOWS, type Span, type Token, type TokenKind } from '../locks/token.ts'
import { TokenHolder } from '../locks/token-holder.ts'
import type { TokenRequest } from '../locks/token-table.ts'
import { Suspend } from '../suspend.ts'
import { failureWord, KIND_CODES, TOKEN_KINDS } from './codes.ts'
import { Fifo } from './fifo.ts'
import type { Drain } from './governed.ts'
import { MinimumHold } from './hold.ts'
import { keepTokens } from './keep.ts'
import { SecondaryLocks } from './secondary-locks.ts'
import { ANSWER_AWAKE_MS, type Session } from './session.ts'
import { SessionError } from './session-error.ts'

/** The files of one volume at a secondary, as its authority sees them. */
export interface HeldFiles {
  /** A token has come: with the file's attributes, and where some of it lies. Bytes are valid during the call. */
  granted(ino: number, token: Token, value: Uint8Array, map: block_map): void
  /** Something of the file is asked back. */
  revoked(ino: number): void
  /** As `GovernedFiles.pieces`; what is committed, and not answered, must be waited for too. */
  pieces(ino: number, part: Leaving): readonly Piece[]
  /** As `GovernedFiles.drain`; extents of what was dirty are committed, and the commit is answered. */
  drain(ino: number, drain: Drain, done: () => void): void
  /** The last sequence under which something that was written has been told: see `written` of the protocol. */
  readonly lastSequence: number
  /** This mover has not written to the file for `QUIET_MS`. */
  isQuiet(ino: number): boolean
  /** What has been written since this was last asked, if anything: the primary is about to be told. */
  takeWritten(ino: number): written | null
  /** All that was told of the file up to this sequence is in what the primary tells from now on. */
  seen(ino: number, sequence: number): void
  /** Nothing of the file is held any more, though something may have been asked for; the primary has been told everything. */
  gaveUp(ino: number): void
  /** Nothing of the file is held, or asked for, any more. */
  lost(ino: number): void
  /**
   * There is another primary, which knows of what has been told what is durable, and nothing else: all else that was told
   * is made good by what it raises and by what `assert` tells it.
   */
  rejoined(): void
  /** What the file, which this mover may write to, has become. */
  assert(ino: number): written
  /** Blocks that are reserved for this mover, but for those in commits that are not answered. */
  reservedBlocks(): run[]
  /** The attributes of a file that is held, as a new primary has raised them. Bytes are valid during the call. */
  known(ino: number, value: Uint8Array): void
}

/** What is to be done with a token before who has asked for it goes on. */
type Granted = (ino: number, start: number, end: number, resume: () => void) => void

const atOnce: Granted = (_ino, _start, _end, resume) => resume()

const NOTHING: Readonly<Span> = { start: 0, end: 0 }

/** Told how a request has ended; null: there is no primary to answer it any more, and nobody knows. */
type Done<T> = (value: T | null) => void

/** What has been asked and not answered; it is asked again when there is another primary. */
interface Pending<T> {
  readonly message: message
  readonly done: Done<T>
}

/**
 * A secondary's side of a volume's sessions with its primaries, one after the other: the tokens that this mover holds, and
 * what it has asked for. Operations ask it before they read or write a file; they are suspended until the primary has
 * answered. Without a session nothing begins, but what is held stays held: the next primary is told of it.
 */
export class SecondaryAuthority {
  readonly tokens: TokenHolder
  /** Its clients' locks. */
  readonly locks: SecondaryLocks
  readonly #hold: MinimumHold
  #session: Session | null = null
  /** The primary has taken over what was held before, and answers. */
  #isReady = false
  readonly #files: HeldFiles
  readonly #env: Environment
  readonly #maps = new Map<number, Pending<block_map>>()
  readonly #reserves = new Map<number, Pending<run[]>>()
  readonly #commits = new Map<number, Pending<Failure | 'OK'>>()
  readonly #calls = new Map<number, Pending<answer>>()
  readonly #unanswered = [this.#maps, this.#reserves, this.#commits, this.#calls]
  /** Calls that wait until fewer are under way. */
  readonly #laterCalls = new Fifo<Pending<answer> & { id: number }>()
  /** Requests for tokens that wait until fewer are under way. */
  readonly #laterRequests = new Fifo<{ ino: number; request: TokenRequest }>()
  /** By request for a token that is under way: what had been told before it, and is therefore in its answer. */
  readonly #askedAt = new Map<number, number>()
  /** The file that has just been denied, and why, while those who have asked for it run. */
  #denied: { ino: number; why: Failure } | null = null
  #lastId = 0
  /** Commits up to this one have been told to the primary before it was ready. */
  #assertedId = 0
  /** Operations that begin when the primary is ready. */
  #waiting: (() => void)[] = []

  constructor(files: HeldFiles, env: Environment) {
    this.#files = files
    this.#env = env
    // Somebody waits for most of what is said of locks, if only to be next.
    this.locks = new SecondaryLocks(env, (message) => this.#session?.ask(message))
    this.tokens = new TokenHolder(
      {
        request: (ino, request) => {
          this.#hold.asked(ino, request)
          // Without a primary all is asked of the next one.
          if (!this.#isReady) return
          if (this.#askedAt.size < MAX_TOKEN_REQUESTS && this.#laterRequests.length === 0) this.#request(ino, request)
          else this.#laterRequests.push({ ino, request })
        },
        release: (ino, serial, span) => {
          const changes = files.takeWritten(ino)
          this.#send({ kind: message_kind.RELEASE, release: { ino, serial, blocks: span, changes } })
          if (this.tokens.held(ino)?.isEmpty !== false) files.gaveUp(ino)
        },
        pieces: (ino, part) => files.pieces(ino, part),
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

  /** True while operations may begin. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Suspends while no primary is ready to answer: nothing is shown or changed meanwhile. */
  gate(): void {
    if (!this.#isReady) throw new Suspend((resume) => void this.#waiting.push(resume))
  }

  /**
   * A primary has welcomed this mover: tells it what is held of earlier reigns, in one go, so that what is released from
   * now on is released behind that.
   */
  join(session: Session): void {
    const files = this.#files
    this.#session = session
    files.rejoined()
    for (const ino of this.tokens.inos()) {
      const tokens = this.tokens.held(ino)?.all() ?? []
      if (tokens.length === 0) continue
      const changes = tokens.some(({ kind }) => ALLOWS[kind].BR_W) ? files.assert(ino) : null
      const told = tokens.map(({ serial, kind, start, end }) => {
        return { serial, kind: KIND_CODES[kind], blocks: { start, end } }
      })
      session.send({ kind: message_kind.ASSERT, assertion: { ino, tokens: told, changes } })
    }
    const runs = files.reservedBlocks()
    for (let at = 0; at < runs.length; at += MAX_EXTENTS) {
      session.send({ kind: message_kind.ASSERT_SPACE, assert_space: { runs: runs.slice(at, at + MAX_EXTENTS) } })
    }
    for (const { message } of this.#commits.values()) session.send(message)
    this.locks.holder.assert()
    session.send({ kind: message_kind.ASSERTED })
    this.#assertedId = this.#lastId
  }

  /** The session has ended, and there will be another one. */
  parted(): void {
    this.#session = null
    this.#isReady = false
    this.#askedAt.clear()
    this.#laterRequests.takeAll()
  }

  /** Carries out a message of the primary. Throws `SessionError` when it must not come. */
  received(message: message): void {
    if (!this.#isReady && !BEFORE_READY.includes(message.kind))
      throw new SessionError(`a message of kind ${message.kind} from a primary that is not ready`)
    switch (message.kind) {
      case message_kind.READY:
        this.#begin()
        break
      case message_kind.KNOWN:
        this.#files.known(message.known.ino, message.known.value)
        break
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
        const { ino, id, seen } = message.glimpse
        this.#files.seen(ino, seen)
        const changes = this.#files.takeWritten(ino)
        this.#send({ kind: message_kind.GLIMPSED, glimpsed: { ino, id, changes } })
        if (this.#files.isQuiet(ino)) this.tokens.giveUpWriting(ino)
        break
      }
      case message_kind.ANSWER:
        answered(this.#calls, message.answer.id, message.answer)
        this.#callNext()
        break
      default:
        if (!this.locks.received(message))
          throw new SessionError(`a message of kind ${message.kind}, which a primary does not send`)
    }
  }

  /** There will be no primary any more: who waits for an answer is told that there is none. */
  ended(): void {
    this.parted()
    // Who is told asks again, perhaps.
    const all = this.#unanswered.flatMap((pending) => [...pending.values()])
    for (const pending of this.#unanswered) pending.clear()
    for (const { done } of [...all, ...this.#laterCalls.takeAll()]) done(null)
  }

  /**
   * Suspends unless this mover may do now what `kind` allows on these blocks; `WF_R` is asked for by who wants to read
   * them, and may bring a `BR_R`. Returns why it may not: STALE when there is no such file. `granted` is called when the
   * token has come, or there is none, and calls `resume` in its turn.
   */
  need(ino: number, kind: TokenKind, start: number, end: number, granted: Granted = atOnce): Failure | null {
    if (this.tokens.allows(ino, kind === 'WF_R' ? 'BR_R' : kind, start, end)) {
      this.#hold.used(ino)
      return null
    }
    if (this.#denied?.ino === ino) return this.#denied.why
    throw this.#await(ino, kind, start, end, granted)
  }

  /** What `need` throws. Made here because V8 compiles no function that throws each time it runs. */
  #await(ino: number, kind: TokenKind, start: number, end: number, granted: Granted): Suspend {
    // Asked before this mover's side of the waiting begins, which takes a while too.
    let resume = (): void => {}
    this.tokens.ask(ino, kind, { start, end }, () => granted(ino, start, end, resume))
    return new Suspend((waiting) => {
      resume = waiting
    })
  }

  /** Asks for all of a file for reading; nobody waits for it. */
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
    const id = ++this.#lastId
    this.#ask(this.#maps, id, { kind: message_kind.MAP, map: { ino, id, first } }, (map: block_map | null) => {
      done(map === null ? null : { ...map, seen: Math.max(map.seen, askedAt) })
    })
  }

  /** About `count` data blocks for this mover to write; none when the volume is full. */
  reserve(count: number, done: Done<run[]>): void {
    const id = ++this.#lastId
    this.#ask(this.#reserves, id, { kind: message_kind.RESERVE, reserve: { id, count } }, done)
  }

  /** Reserved blocks that are not to be written; only while `isReady`: the next primary is not told of them. */
  giveBack(runs: readonly run[]): void {
    for (let at = 0; at < runs.length; at += MAX_EXTENTS) {
      this.#send({ kind: message_kind.GIVE_BACK, give_back: { runs: runs.slice(at, at + MAX_EXTENTS) } })
    }
  }

  /** What this mover has written: it is on the device. `done` when the primary has it durably. */
  commit(ino: number, size: number, changes: written, runs: extent[], done: Done<Failure | 'OK'>): void {
    const id = ++this.#lastId
    this.#ask(this.#commits, id, { kind: message_kind.COMMIT, commit: { id, ino, size, changes, runs } }, done)
  }

  /** A metadata operation; its id is given here. */
  call(call: Omit<call, 'id'>, done: Done<answer>): void {
    const id = ++this.#lastId
    const message: message = { kind: message_kind.CALL, call: { ...call, id } }
    // The primary takes so many at a time.
    if (this.#calls.size < MAX_CALLS && this.#laterCalls.length === 0) this.#ask(this.#calls, id, message, done)
    else this.#laterCalls.push({ id, message, done })
  }

  /** A call has been answered, and who was told may have called again. */
  #callNext(): void {
    while (this.#calls.size < MAX_CALLS) {
      const next = this.#laterCalls.shift()
      if (next === null) return
      this.#ask(this.#calls, next.id, next.message, next.done)
    }
  }

  /** Requests for tokens are under way. */
  readonly #isAsking = (): boolean => this.#askedAt.size > 0

  #request(ino: number, { id, kind, need, exact }: TokenRequest): void {
    this.#askedAt.set(id, this.#files.lastSequence)
    this.#session?.ask({ kind: message_kind.LOCK, lock: { ino, id, kind: KIND_CODES[kind], need, exact } })
    this.#env.stayAwake(this.#isAsking, ANSWER_AWAKE_MS)
  }

  /** A request for a token has been answered, and who was told may have asked again. */
  #requestNext(): void {
    while (this.#askedAt.size < MAX_TOKEN_REQUESTS) {
      const next = this.#laterRequests.shift()
      if (next === null) return
      this.#request(next.ino, next.request)
    }
  }

  #ask<T>(pending: Map<number, Pending<T>>, id: number, message: message, done: Done<T>): void {
    pending.set(id, { message, done })
    if (this.#isReady) this.#send(message)
  }

  /** The primary has all that it must know of what is held. What it was asked before it was there is asked now. */
  #begin(): void {
    this.#isReady = true
    const missed = this.#unanswered.flatMap((pending) => [...pending])
    for (const [id, { message }] of missed.sort(([a], [b]) => a - b)) {
      if (message.kind === message_kind.MAP && this.tokens.held(message.map.ino)?.isEmpty !== false) {
        // It has been given up meanwhile: who wants to know has to ask for the file first.
        const { done } = this.#maps.get(id) as Pending<block_map>
        this.#maps.delete(id)
        this.#waiting.push(() => done(null))
      } else if (message.kind !== message_kind.COMMIT || id > this.#assertedId) this.#send(message)
    }
    this.tokens.askAgain()
    this.locks.holder.ready()
    for (const resume of this.#waiting.splice(0)) resume()
  }

  /** What is released without a primary is just not asserted to the next one. */
  #send(message: message): void {
    this.#session?.send(message)
  }

  #grant({ ino, id, granted, replaces, value, map }: grant): void {
    const { serial, kind, blocks } = granted
    const token: Token = { serial, kind: TOKEN_KINDS[kind], start: blocks.start, end: blocks.end }
    this.#files.granted(ino, token, value, { ...map, seen: Math.max(map.seen, this.#askedAt.get(id) ?? 0) })
    this.#askedAt.delete(id)
    this.#hold.answered(ino, id, token)
    this.tokens.granted(ino, id, token, replaces)
    this.#requestNext()
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
    this.#requestNext()
  }
}

function answered<T>(waiting: Map<number, Pending<T>>, id: number, value: T): void {
  const pending = waiting.get(id)
  if (pending === undefined) throw new SessionError(`an answer to request ${id}, which was not asked`)
  waiting.delete(id)
  pending.done(value)
}

/** What a primary says while it takes over. */
const BEFORE_READY: readonly message_kind[] = [message_kind.KNOWN, message_kind.COMMITTED, message_kind.READY]
