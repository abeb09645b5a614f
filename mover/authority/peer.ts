import {
  type assertion,
  type block_map,
  type call,
  type commit,
  type extent,
  failure,
  type lock,
  MAX_CALLS,
  MAX_TOKEN_REQUESTS,
  type map_request,
  type message,
  message_kind,
  type release,
  type reserve,
  type revoke,
  type run,
  type written,
} from '../../protocol/moverlock/moverlock.gen.ts'
import type { Environment } from '../environment.ts'
import type { Failure } from '../failure.ts'
import { ALLOWS, FILE_END, isWhole, lastBlock, type Span, type Token, type TokenKind } from '../locks/token.ts'
import { type MoverId, type TokenEffect, UNASKED } from '../locks/token-table.ts'
import { Suspend } from '../suspend.ts'
import { MAX_FILE_BYTES } from '../volume/layout.ts'
import type { DurableLog } from '../volume/log.ts'
import { LOST_CHANGES } from '../volume/records/apply.ts'
import type { BlockSet } from './block-set.ts'
import { failureNumber, KIND_CODES, TOKEN_KINDS } from './codes.ts'
import type { Described, GovernedFiles } from './governed.ts'
import { InOrder } from './in-order.ts'
import type { PeerEvents } from './peer-events.ts'
import { MAY_COME, type Phase } from './peer-phase.ts'
import { PeerSpace } from './peer-space.ts'
import { Revocations } from './revocations.ts'
import type { Session } from './session.ts'
import { SessionError } from './session-error.ts'
import { isTime, makes, NOTHING_WRITTEN } from './told-of-files.ts'

const WHOLE: Readonly<Span> = { start: 0, end: FILE_END }

/**
 * A secondary, as the primary knows it: its session, what it has reserved, what it waits for. Its messages about one file
 * are carried out in the order in which it sent them, and what it is told about one file leaves in the order of the
 * table's decisions, although some of them have to wait for tree nodes or for the log.
 */
export class Peer {
  readonly id: MoverId
  readonly name: string
  readonly session: Session
  /** What it has been asked to give back. */
  readonly revocations: Revocations
  readonly #space: PeerSpace
  readonly #files: GovernedFiles
  readonly #log: DurableLog
  readonly #events: PeerEvents
  readonly #incoming: InOrder
  readonly #outgoing: InOrder
  /** By file: the last that the mover has told of what it has written. */
  readonly #seen = new Map<number, number>()
  /** What each request needs, until it is answered. */
  readonly #needs = new Map<number, Span>()
  /** Calls that have not been answered. */
  #calls = 0
  #isGone = false
  /** What it has to give back once all is asserted: of files that were removed, which are in nobody's way, and beyond its bound. */
  #strays: revoke[] = []
  #phase: Phase = 'asserting'
  /** Until they are over it is not known what the mover holds of earlier reigns; ASSERTED is one of them. */
  #assertions = 1
  /** What it has been told of its files, and marks of those that it writes to, are durable when the log is up to here. */
  #assertedLsn = 0

  constructor(
    id: MoverId,
    name: string,
    session: Session,
    files: GovernedFiles,
    log: DurableLog,
    env: Environment,
    events: PeerEvents,
  ) {
    this.id = id
    this.name = name
    this.session = session
    this.revocations = new Revocations(env)
    this.#files = files
    this.#space = new PeerSpace(files)
    this.#log = log
    this.#events = events
    const failed = (error: Error): void => {
      if (!(error instanceof SessionError)) throw error
      session.end(error.message)
    }
    this.#incoming = new InOrder(failed)
    this.#outgoing = new InOrder(failed)
  }

  /** Device blocks that it has reserved, and not committed. */
  get reserved(): BlockSet {
    return this.#space.reserved
  }

  /** Nothing of the mover is left: what it has said, and what still has to wait for something, is not carried out. */
  gone(): void {
    this.#isGone = true
    this.#space.gone()
  }

  /** The others have asserted what they hold too: the mover may ask for more. */
  ready(): void {
    this.#phase = 'ready'
    this.session.send({ kind: message_kind.READY })
    for (const stray of this.#strays.splice(0)) this.#revoke(stray)
  }

  /** Carries out a message. Throws `SessionError` when it must not come. */
  received(message: message): void {
    const { kind } = message
    if (!MAY_COME[this.#phase](kind)) throw new SessionError(`a message of kind ${kind}, which must not come now`)
    switch (kind) {
      case message_kind.ASSERT:
        this.#assert(message.assertion)
        break
      case message_kind.ASSERT_SPACE:
        this.#checkRecovering()
        this.#space.assert(message.assert_space.runs)
        break
      case message_kind.ASSERTED:
        this.#phase = 'waiting'
        this.#assertionOver()
        break
      case message_kind.LOCK:
        this.#lock(message.lock)
        break
      case message_kind.RELEASE:
        this.#release(message.release)
        break
      case message_kind.COMMIT:
        this.#commit(message.commit)
        break
      case message_kind.MAP:
        this.#map(message.map)
        break
      case message_kind.RESERVE:
        this.#reserve(message.reserve)
        break
      case message_kind.GIVE_BACK:
        this.#space.giveBack(message.give_back.runs)
        break
      case message_kind.GLIMPSED:
        this.#glimpsed(message.glimpsed.id, message.glimpsed)
        break
      case message_kind.CALL:
        this.#call(message.call)
        break
      default:
        if (!this.#events.locks(this.id, message))
          throw new SessionError(`a message of kind ${kind}, which a secondary does not send`)
    }
  }

  /** Tells the mover what the table has decided. */
  tell(effect: Extract<TokenEffect, { type: 'grant' | 'revoke' | 'deny' }>): void {
    const { ino } = effect
    if (effect.type === 'grant') {
      // A REVOKE of it is behind it.
      const answered = this.revocations.owe()
      this.#outgoing.run(ino, () => {
        this.#grant(ino, effect.id, effect.token, effect.replaces)
        answered()
      })
    } else if (effect.type === 'revoke') {
      const revoke = { ino, serial: effect.serial, blocks: effect.span }
      // Before READY it listens to nothing of that kind.
      this.#outgoing.run(ino, () => (this.#phase === 'ready' ? this.#revoke(revoke) : void this.#strays.push(revoke)))
    } else this.#outgoing.run(ino, () => this.#deny(ino, effect.id, 'STALE'))
  }

  #revoke(revoke: revoke): void {
    this.session.send({ kind: message_kind.REVOKE, revoke })
    this.revocations.asked(revoke.ino, revoke.serial, revoke.blocks)
  }

  glimpse(ino: number, id: number): void {
    this.session.send({ kind: message_kind.GLIMPSE, glimpse: { ino, id, seen: this.#seen.get(ino) ?? 0 } })
    this.revocations.question(id, ino)
  }

  #assert({ ino, tokens, changes }: assertion): void {
    this.#checkRecovering()
    for (const { serial, kind, blocks } of tokens) {
      const token: Token = { serial, kind: TOKEN_KINDS[kind], ...blocks }
      const isSound = isWhole(token.kind) ? blocks.start === 0 && blocks.end === FILE_END : blocks.start <= blocks.end
      if (!isSound || blocks.end > FILE_END || !this.#events.assert(ino, this.id, token))
        throw new SessionError(
          `it holds ${token.kind} [${blocks.start}, ${blocks.end}) of inode ${ino}, which cannot be`,
        )
    }
    // Lists of the message are the session's again when this returns.
    const held = tokens.map(({ serial, blocks }) => ({ ino, serial, blocks: { ...blocks } }))
    const isWriter = changes !== null || tokens.some(({ kind }) => ALLOWS[TOKEN_KINDS[kind]].BR_W)
    this.#assertion(ino, () => {
      if (!this.#files.exists(ino)) {
        if (isWriter) throw new SessionError(`it writes to inode ${ino}, which does not exist`)
        this.#strays.push(...held)
        return
      }
      if (changes !== null) {
        // What it writes from now on is told in this reign: its own crash must be seen to.
        const failure = this.#files.markAgain(ino)
        if (failure !== null) throw new SessionError(`inode ${ino} cannot be written to any more: ${failure}`)
        this.#absorb(ino, changes)
      }
      // Its change number and times may have been raised, by this primary's opening of the volume or an earlier one's.
      const described = this.#files.describe(ino)
      if (described === null) return
      const { value, lsn } = described
      this.#assertedLsn = Math.max(this.#assertedLsn, lsn)
      this.session.send({ kind: message_kind.KNOWN, known: { ino, value } })
    })
  }

  #checkRecovering(): void {
    if (!this.#events.isRecovering()) throw new SessionError('it holds something of a reign that it was no part of')
  }

  /** A step of what the mover asserts. */
  #assertion(ino: number, step: () => void): void {
    this.#assertions++
    this.#inOrder(ino, () => {
      step()
      this.#assertionOver()
    })
  }

  #assertionOver(): void {
    if (--this.#assertions > 0) return
    this.#log.whenDurable(this.#assertedLsn, (error) => {
      if (error === null) this.#events.asserted()
      else this.session.end(`the log cannot be written: ${error.message}`)
    })
  }

  #lock({ ino, id, kind, need, exact }: lock): void {
    const asked = TOKEN_KINDS[kind]
    if (need.start > need.end || need.end > FILE_END) throw new SessionError(`a lock of [${need.start}, ${need.end})`)
    if (id === UNASKED) throw new SessionError('a lock without a number')
    if (this.#needs.has(id)) throw new SessionError(`request ${id} is under way already`)
    if (this.#needs.size >= MAX_TOKEN_REQUESTS)
      throw new SessionError(`more than ${MAX_TOKEN_REQUESTS} requests at a time`)
    this.#needs.set(id, { ...need })
    this.#inOrder(ino, () => {
      // Before it is granted, and takes the place of what the mover holds already: a grant cannot be taken back.
      const refusal = this.#refusal(ino, asked)
      if (refusal !== null) this.#deny(ino, id, refusal)
      else this.#events.request(ino, this.id, { id, kind: asked, need: { ...need }, exact })
    })
  }

  /** Why a token of a file cannot be had; null: it can. Throws `Suspend`. */
  #refusal(ino: number, kind: TokenKind): Failure | null {
    if (!this.#files.exists(ino)) return 'STALE'
    // What cannot become durable nobody can be told: and who asks for more gives nothing up for that.
    if (this.#log.failed && (this.#files.describe(ino)?.lsn ?? 0) > this.#log.durableLsn) return 'IO'
    return ALLOWS[kind].BR_W ? this.#files.mark(ino) : null
  }

  #release({ ino, serial, blocks, changes }: release): void {
    this.revocations.progress(ino)
    const carriedOut = this.revocations.owe()
    this.#inOrder(ino, () => {
      // Of a removed file nothing is of interest any more.
      if (changes !== null && this.#files.exists(ino)) this.#absorb(ino, changes)
      this.#events.release(ino, this.id, serial, { ...blocks })
      if (!this.#events.isInvolved(ino, this.id)) this.#seen.delete(ino)
      carriedOut()
      if (!this.#events.isAsked(ino, this.id)) this.revocations.settled(ino)
      else this.revocations.released(ino, (serial, span) => this.#events.isHeld(ino, this.id, serial, span))
    })
  }

  #commit({ id, ino, size, changes, runs }: commit): void {
    for (const { file_block, length } of runs) {
      if (length === 0 || !this.#events.mayWrite(ino, this.id, { start: file_block, end: file_block + length })) {
        throw new SessionError(`a commit of blocks of inode ${ino} that it may not write`)
      }
    }
    // Lists of the message are the session's again when this returns.
    const kept = runs.map((extent) => ({ ...extent }))
    const blocks = blocksOf(kept)
    this.revocations.progress(ino)
    const answered = this.revocations.owe()
    if (this.#phase === 'asserting') {
      this.#commitAgain(kept, blocks, (runs) => this.#fold(id, ino, size, changes, runs, answered), ino)
      return
    }
    this.#space.take(blocks)
    this.#incoming.run(ino, () => {
      // Whoever gets the file's tokens now is told what it was before.
      if (this.#isGone) this.#files.giveBack(blocks)
      else this.#fold(id, ino, size, changes, kept, answered)
    })
  }

  /** A commit that an earlier primary has not answered: perhaps it is durable, and only the answer was lost. */
  #commitAgain(kept: extent[], blocks: run[], fold: (runs: extent[]) => void, ino: number): void {
    this.#checkRecovering()
    let isTaken = false
    this.#assertions++
    this.#incoming.run(ino, () => {
      if (this.#isGone) {
        if (isTaken) this.#files.giveBack(blocks)
        return
      }
      const isThere = !isTaken && this.#files.has(ino, kept)
      if (!isThere && !isTaken) this.#space.takeAgain(blocks)
      isTaken = !isThere
      fold(isThere ? [] : kept)
      this.#assertionOver()
    })
  }

  #fold(id: number, ino: number, size: number, changes: written, runs: readonly extent[], answered: () => void): void {
    try {
      this.#checkTold(ino, changes)
      if (size > changes.size) throw new SessionError(`a commit of inode ${ino} behind its end`)
      if (!this.#files.hasRoom(ino, this.#ownSize(ino, size), runs))
        throw new SessionError(`a commit of blocks of inode ${ino} where it has some, or behind its end`)
    } catch (error) {
      // While its process lives it may write to them.
      if (error instanceof SessionError) this.#space.keep(blocksOf(runs))
      throw error
    }
    const lsn = this.#files.commit(ino, this.#ownSize(ino, size), this.#own(ino, changes), runs)
    this.#seen.set(ino, changes.sequence)
    if (typeof lsn === 'string') {
      this.#files.giveBack(blocksOf(runs))
      this.#committed(id, failureNumber(lsn), answered)
    } else {
      this.#log.whenDurable(lsn, (error) => this.#committed(id, failureNumber(error === null ? null : 'IO'), answered))
    }
  }

  #committed(id: number, status: failure, answered: () => void): void {
    answered()
    this.session.send({ kind: message_kind.COMMITTED, committed: { id, status } })
  }

  #map({ ino, id, first }: map_request): void {
    const answered = this.revocations.owe()
    this.#inOrder(ino, () => {
      if (!this.#events.holds(ino, this.id))
        throw new SessionError(`it asks where inode ${ino} lies, and holds nothing of it`)
      answered()
      this.session.send({ kind: message_kind.MAPPED, mapped: { id, map: this.#mapOf(ino, first, FILE_END) } })
    })
  }

  /** In no order with others: what is reserved is nobody's. */
  #reserve({ id, count }: reserve): void {
    const answered = this.revocations.owe()
    this.#space.reserve(count, (runs) => {
      answered()
      this.session.send({ kind: message_kind.RESERVED, reserved: { id, runs } })
    })
  }

  #glimpsed(id: number, { ino, changes }: { ino: number; changes: written | null }): void {
    this.revocations.answered(id)
    // What it has written must not be known before what it has told about the file earlier.
    this.#inOrder(ino, () => {
      if (changes !== null) this.#absorb(ino, changes)
      if (!this.#events.glimpsed(this.id, id)) throw new SessionError(`an answer to glimpse ${id}, which was not asked`)
    })
  }

  #call(call: call): void {
    if (this.#calls === MAX_CALLS) throw new SessionError(`more than ${MAX_CALLS} calls at a time`)
    this.#calls++
    const isMaking = makes(call.what)
    this.#files.perform(call, (answer) => {
      this.#calls--
      const made = answer.after.at(-1)
      // In one frame with the answer, and before it: who has made a file is about to write to it.
      if (isMaking && answer.status === failure.NONE && made !== undefined && !this.#isGone) {
        this.#events.made(made.ino, this.id)
      }
      this.session.send({ kind: message_kind.ANSWER, answer })
    })
  }

  /** A token leaves with what its holder must know, and not before that is durable. */
  #grant(ino: number, id: number, token: Token, replaces: number[]): void {
    const need = id === UNASKED ? WHOLE : this.#needs.get(id)
    if (need === undefined) throw new SessionError(`request ${id} is answered twice`)
    const told = this.#describe(ino, token.kind)
    if (typeof told === 'string') {
      if (told !== 'STALE' && replaces.length > 0)
        throw new SessionError(`it gets no more of inode ${ino} (${told}), and held some of it`)
      this.#events.release(ino, this.id, token.serial, WHOLE)
      this.#deny(ino, id, told)
      return
    }
    const map = this.#mapOf(ino, need.start, token.end)
    this.#needs.delete(id)
    const { serial, kind, start, end } = token
    const granted = { serial, kind: KIND_CODES[kind], blocks: isWhole(kind) ? WHOLE : { start, end } }
    this.session.send({ kind: message_kind.GRANT, grant: { ino, id, granted, replaces, value: told.value, map } })
  }

  /** A file as it is told with a token, durably, or why it cannot be. Throws `Suspend` until then. */
  #describe(ino: number, kind: TokenKind): Described | Failure {
    // Without the mark, a crash would let a change number name two contents.
    // It was set when the token was asked for, and may have been cleared since: there was room for it then.
    const problem = ALLOWS[kind].BR_W ? this.#files.markAgain(ino) : null
    if (problem !== null) return problem
    const described = this.#files.describe(ino)
    if (described === null) return 'STALE'
    const { lsn } = described
    if (lsn <= this.#log.durableLsn) return described
    if (this.#log.failed) return 'IO'
    throw new Suspend((resume) => this.#log.whenDurable(lsn, resume))
  }

  #mapOf(ino: number, from: number, to: number): block_map {
    const { first, end, extents } = this.#files.map(ino, from, to)
    return { seen: this.#seen.get(ino) ?? 0, first, end, extents }
  }

  /** As `InOrder.run`, unless the mover is gone by then. */
  #inOrder(ino: number, step: () => void): void {
    this.#incoming.run(ino, () => {
      if (!this.#isGone) step()
    })
  }

  /** Only who holds something of a file can tell of it, and only a writer that it has changed. */
  #checkTold(ino: number, { size, changes, atime, mtime, ctime }: written): void {
    const isSound = size <= MAX_FILE_BYTES && changes < LOST_CHANGES && [atime, mtime, ctime].every(isTime)
    if (!isSound) throw new SessionError(`it tells of inode ${ino} what cannot be`)
    const { isWriter, holds } = this.#events
    if (!(changes > 0 ? isWriter(ino, this.id) : holds(ino, this.id))) {
      throw new SessionError(`it tells of inode ${ino}, of which it does not hold enough`)
    }
  }

  #absorb(ino: number, changes: written): void {
    this.#checkTold(ino, changes)
    this.#files.absorb(
      ino,
      this.#events.isWriter(ino, this.id) ? this.#own(ino, changes) : { ...NOTHING_WRITTEN, atime: changes.atime },
    )
    this.#seen.set(ino, changes.sequence)
  }

  #own(ino: number, changes: written): written {
    const size = this.#ownSize(ino, changes.size)
    return size === changes.size ? changes : { ...changes, size }
  }

  /** Who has lengthened a file may write to its last block; a size that others tell they know from somebody else. */
  #ownSize(ino: number, size: number): number {
    const last = lastBlock(size)
    return size > 0 && this.#events.mayWrite(ino, this.id, { start: last, end: last + 1 }) ? size : 0
  }

  #deny(ino: number, id: number, why: Failure): void {
    this.#needs.delete(id)
    this.session.send({ kind: message_kind.DENIED, denied: { ino, id, why: failureNumber(why) } })
  }
}

/** Where they lie on the device. */
function blocksOf(runs: readonly extent[]): run[] {
  return runs.map(({ device_block, length }) => ({ start: device_block, length }))
}
