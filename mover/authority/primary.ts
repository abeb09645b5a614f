import type { Environment } from '../environment.ts'
import { FILE_END, type Span, type Token, type TokenKind } from '../locks/token.ts'
import { TokenHolder } from '../locks/token-holder.ts'
import { type MoverId, type TokenEffect, type TokenRequest, TokenTable, UNASKED } from '../locks/token-table.ts'
import type { ForwardedCall } from '../operation.ts'
import { Suspend } from '../suspend.ts'
import type { DurableLog } from '../volume/log.ts'
import type { GovernedFiles } from './governed.ts'
import { MinimumHold } from './hold.ts'
import { InOrder } from './in-order.ts'
import { keepTokens } from './keep.ts'
import { Peer } from './peer.ts'
import type { PrimaryLocks } from './primary-locks.ts'
import { QUIET_MS } from './quiet.ts'
import type { Session } from './session.ts'

const HOME: MoverId = 0
const WHOLE: Readonly<Span> = { start: 0, end: FILE_END }

/** A token that a mover holds, or what it needs of one that it waits for. */
export interface HeldToken extends Span {
  mover: string
  kind: TokenKind
}

/** A file's writers are asked what they have made of it, for one operation. */
class Glimpse implements ForwardedCall {
  readonly runsOn = false
  readonly ino: number
  /** Those who have not answered; null: they have not been asked yet. */
  asked: Set<MoverId> | null = null
  resume: () => void = () => {}

  constructor(ino: number) {
    this.ino = ino
  }

  get isAnswered(): boolean {
    return this.asked?.size === 0
  }

  rewind(): void {}
}

/**
 * The arbiter of a volume's tokens at its primary, and the holder of those that the primary's own mover has. Operations of
 * this mover ask it before they read, write or change a file; they are suspended while others give up what they hold.
 */
export class PrimaryAuthority {
  /** Its client locks. */
  readonly locks: PrimaryLocks
  readonly #files: GovernedFiles
  readonly #log: DurableLog
  readonly #env: Environment
  readonly #table = new TokenTable(HOME)
  readonly #home: TokenHolder
  readonly #hold: MinimumHold
  readonly #peers = new Map<MoverId, Peer>()
  readonly #glimpses = new Map<number, Glimpse>()
  /** By file: when its writers were last asked for the sake of readers who got less than all of it. */
  readonly #reducedMs = new Map<number, number>()
  /** Files that a mover which is gone might write to. */
  readonly #recovering = new InOrder((error) => {
    throw error
  })
  /** What the operation that runs has claimed. */
  readonly #claimed: number[] = []
  /** True while movers may have something of earlier reigns. */
  #isRecovering: boolean
  /** Those who have said what they have, until all have. */
  readonly #asserted: Peer[] = []
  #lastId: MoverId = HOME
  #lastGlimpse = 0
  #isScheduled = false

  /**
   * `isRecovering`: other movers may have something of earlier reigns. Nothing is granted before `recovered` then.
   */
  constructor(files: GovernedFiles, log: DurableLog, env: Environment, locks: PrimaryLocks, isRecovering: boolean) {
    this.locks = locks
    this.#isRecovering = isRecovering
    this.#files = files
    this.#log = log
    this.#env = env
    this.#home = new TokenHolder(
      {
        request: (ino, request) => {
          this.#hold.asked(ino, request)
          this.#table.request(ino, HOME, request, this.#isUsed(ino))
          this.#schedule()
        },
        release: (ino, serial, span) => {
          this.#table.release(ino, HOME, serial, span)
          this.#schedule()
        },
        pieces: (ino, part) => this.#files.pieces(ino, part),
        drain: (ino, part) => {
          const mayKeep = (span: Span): boolean => this.#home.held(ino)?.mayKeep(span) === true
          this.#files.drain(ino, { part, mayKeep }, () => this.#home.drained(ino, part))
        },
        forgotten: (ino) => this.#hold.forget(ino),
      },
      true,
    )
    this.#hold = new MinimumHold(this.#home, env)
  }

  /** What this mover itself holds. */
  get tokens(): TokenHolder {
    return this.#home
  }

  /** Files that other movers hold or want something of. */
  get sharedFiles(): number {
    return this.#table.fileCount
  }

  /** Numbers of the files that are shared now. */
  inos(): Iterable<number> {
    return this.#table.inos()
  }

  /** A mover's name; the primary's own is ''. */
  nameOf(mover: MoverId): string {
    return this.#peers.get(mover)?.name ?? ''
  }

  /** Who holds what of a file and who waits, movers by name; the primary's own is ''. */
  describe(ino: number): { held: HeldToken[]; waiting: HeldToken[] } {
    const { held, waiting } = this.#table.describe(ino)
    const named = ({ mover, kind, start, end }: Span & { mover: MoverId; kind: TokenKind }): HeldToken => {
      return { mover: this.nameOf(mover), kind, start, end }
    }
    return { held: held.map(named), waiting: waiting.map(({ need, ...waiter }) => named({ ...waiter, ...need })) }
  }

  // Movers

  /**
   * A secondary has introduced itself: its messages go to `Peer.received` from now on. `asserted` is called when it has
   * said what it holds of earlier reigns.
   */
  admit(name: string, session: Session, asserted: () => void): Peer {
    const id = ++this.#lastId
    const peer: Peer = new Peer(id, name, session, this.#files, this.#log, this.#env, {
      isRecovering: () => this.#isRecovering,
      assert: (ino, mover, token) => this.#assert(ino, mover, token),
      asserted: () => {
        this.#asserted.push(peer)
        asserted()
        if (!this.#isRecovering) this.#ready()
      },
      request: (ino, mover, request) => {
        const isLook = this.#looksAtWriter(ino, mover, request)
        this.#table.request(ino, mover, isLook ? { ...request, kind: 'BR_R' } : request, this.#isUsed(ino))
        this.#pump()
        if (isLook) this.#reduced(ino)
      },
      release: (ino, mover, serial, span) => {
        this.#table.release(ino, mover, serial, span)
        this.#settleWriters(ino)
        this.#pump()
      },
      made: (ino, mover) => {
        if (!this.#table.isHomeAlone(ino) || this.#isUsed(ino) || !this.#files.isUnwritten(ino)) return
        this.#table.request(ino, mover, { id: UNASKED, kind: 'WF_X', need: WHOLE, exact: false }, false)
        this.#pump()
      },
      mayWrite: (ino, mover, span) => this.#table.mayWrite(ino, mover, span),
      isInvolved: (ino, mover) => this.#table.isInvolved(ino, mover),
      holds: (ino, mover) => this.#table.holds(ino, mover),
      isHeld: (ino, mover, serial, span) => this.#table.isHeld(ino, mover, serial, span),
      isAsked: (ino, mover) => this.#table.isAsked(ino, mover),
      isWriter: (ino, mover) => this.#table.isWriter(ino, mover),
      glimpsed: (mover, glimpse) => this.#glimpsed(mover, glimpse),
      locks: (mover, message) => this.locks.received(mover, message),
    })
    this.#peers.set(id, peer)
    this.locks.admit(id, name, (message) => session.send(message))
    return peer
  }

  /** All movers that live have said what they have of earlier reigns: they may ask for more. `survivors`: see `PrimaryLocks`. */
  recovered(survivors: readonly string[]): void {
    this.#isRecovering = false
    // Before it they listen to nothing that is decided.
    this.#ready()
    this.locks.recovered(survivors)
  }

  #ready(): void {
    for (const peer of this.#asserted.splice(0)) peer.ready()
  }

  #assert(ino: number, mover: MoverId, token: Token): boolean {
    const isSound = this.#table.assert(ino, mover, token)
    this.#pump()
    this.#files.setWrittenElsewhere(ino, this.#table.isWrittenElsewhere(ino))
    return isSound
  }

  /** Nothing of this mover is left, and nothing of it can reach the device any more: what it held is free. */
  gone(peer: Peer): void {
    if (!this.#peers.delete(peer.id)) return
    peer.gone()
    this.locks.gone(peer.id)
    const written = [...this.#table.inos()].filter((ino) => this.#table.writersElsewhere(ino).has(peer.id))
    let left = written.length
    if (left === 0) this.#free(peer)
    for (const ino of written) {
      // Before anybody else gets what it held: nobody may be shown less than it has shown.
      this.#recovering.run(ino, () => {
        const mightWrite = (block: number): boolean =>
          this.#table.mayWrite(ino, peer.id, { start: block, end: block + 1 })
        this.#files.recover(ino, mightWrite)
        if (--left === 0) this.#free(peer)
      })
    }
  }

  #free(peer: Peer): void {
    const inos = [...this.#table.inos()]
    this.#table.forget(peer.id)
    for (const ino of inos) this.#settleWriters(ino)
    for (const id of [...this.#glimpses.keys()]) this.#glimpsed(peer.id, id)
    this.#pump()
  }

  // Operations of this mover

  /** Suspends unless this mover may read (`BR_R`) or write (`BR_W`) these blocks now. */
  need(ino: number, kind: 'BR_R' | 'BR_W', start: number, end: number): void {
    if (this.#home.allows(ino, kind, start, end)) {
      this.#hold.used(ino)
      return
    }
    throw new Suspend((resume) => this.#home.ask(ino, kind === 'BR_R' ? 'WF_R' : kind, { start, end }, resume))
  }

  /** True when this mover may read these blocks now. */
  mayRead(ino: number, start: number, end: number): boolean {
    return this.#home.allows(ino, 'BR_R', start, end)
  }

  /** True when this mover may have made a file so long: see `DataContext`. */
  mayGrow(ino: number, size: number): boolean {
    return this.#home.mayHaveGrown(ino, size)
  }

  /** True when this mover may write to a block: see `DataContext`. */
  mayWrite(ino: number, block: number): boolean {
    return this.#home.mayHaveWritten(ino, block)
  }

  /** Suspends unless nobody else has any right on these files: they are about to be changed. 0 stands for none. */
  claim(first: number, second = 0, third = 0, fourth = 0): void {
    const claimed = this.#claimed
    claimed.length = 0
    let isMissing = this.#claimOne(first)
    if (second !== 0) isMissing = this.#claimOne(second) || isMissing
    if (third !== 0) isMissing = this.#claimOne(third) || isMissing
    if (fourth !== 0) isMissing = this.#claimOne(fourth) || isMissing
    if (!isMissing) return
    const held = claimed.slice()
    claimed.length = 0
    const missing = held.filter((ino) => !this.#home.allows(ino, 'WF_X', 0, FILE_END))
    throw new Suspend((resume) => {
      let left = missing.length
      // What is there already must not be lost while the rest is waited for; lesser rights on the rest must not be kept
      // from those who wait before this.
      for (const ino of held) if (!missing.includes(ino)) this.#home.retain(ino)
      const one = (ino: number): void => {
        this.#home.retain(ino)
        if (--left > 0) return
        resume()
        // Behind the operation, which may run deferred too.
        this.#env.defer(() => {
          for (const ino of held) this.#home.letGo(ino)
          this.#schedule()
        })
      }
      for (const ino of missing) this.#home.ask(ino, 'WF_X', WHOLE, () => one(ino))
    })
  }

  /** Notes one file of a claim; true when it is not held. */
  #claimOne(ino: number): boolean {
    if (!this.#claimed.includes(ino)) this.#claimed.push(ino)
    return !this.#home.allows(ino, 'WF_X', 0, FILE_END)
  }

  /** An operation begins that may claim files: what is claimed from now on it has claimed. */
  claimNone(): void {
    // To set `length` calls V8's runtime each time, and mostly there is nothing.
    if (this.#claimed.length > 0) this.#claimed.length = 0
  }

  /** See `keepTokens`: for an operation that has needed `ino`; 0: for the one that has claimed files. */
  keep(error: unknown, ino: number): unknown {
    return keepTokens(this.#home, error, ino === 0 ? this.#claimed.splice(0) : [ino])
  }

  /** Suspends until the file's size and times are what they are while this operation runs, also when others write to it. */
  refresh(op: { forwarded: ForwardedCall | null }, ino: number): void {
    if (!this.#table.isWrittenElsewhere(ino)) return
    const { forwarded } = op
    if (forwarded instanceof Glimpse && forwarded.ino === ino && forwarded.isAnswered) return
    const glimpse = new Glimpse(ino)
    op.forwarded = glimpse
    throw new Suspend((resume) => this.#glimpse(glimpse, resume))
  }

  /** The file is gone. */
  dropped(ino: number): void {
    this.#table.drop(ino)
    this.#schedule()
  }

  /** Who needs nothing of a file but to show it does not take it from who is writing to it, or might be. */
  #looksAtWriter(ino: number, mover: MoverId, { kind, need }: TokenRequest): boolean {
    if (kind !== 'WF_R' || need.end > 0) return false
    const isAtHome = this.#home.allows(ino, 'WF_X', 0, FILE_END) && !this.#files.isQuiet(ino)
    return isAtHome || this.#table.isExclusiveElsewhere(ino, mover)
  }

  #isUsed(ino: number): boolean {
    return this.#home.isRetained(ino) || this.#files.isUsed(ino)
  }

  #glimpse(glimpse: Glimpse, resume: () => void): void {
    const id = ++this.#lastGlimpse
    const { ino } = glimpse
    const asked = this.#table.writersElsewhere(ino)
    this.#glimpses.set(id, glimpse)
    glimpse.resume = resume
    glimpse.asked = asked
    for (const mover of asked) this.#peers.get(mover)?.glimpse(ino, id)
    // They may have given up writing since.
    if (asked.size === 0) this.#env.defer(() => this.#glimpsed(HOME, id))
  }

  /** A reader would have all of the file: writers look whether they still need what they hold. */
  #reduced(ino: number): void {
    const now = this.#env.monotonicMs()
    if (now - (this.#reducedMs.get(ino) ?? -QUIET_MS) < QUIET_MS) return
    this.#reducedMs.set(ino, now)
    if (this.#files.isQuiet(ino)) this.#home.giveUpWriting(ino)
    this.#glimpse(new Glimpse(ino), () => {})
  }

  /** False when this mover was not asked. */
  #glimpsed(mover: MoverId, id: number): boolean {
    const glimpse = this.#glimpses.get(id)
    if (glimpse === undefined) return false
    const wasAsked = glimpse.asked?.delete(mover) === true
    if (!glimpse.isAnswered) return wasAsked
    this.#glimpses.delete(id)
    glimpse.resume()
    return wasAsked
  }

  #settleWriters(ino: number): void {
    if (!this.#table.isWrittenElsewhere(ino)) this.#files.setWrittenElsewhere(ino, false)
  }

  /** In another call: whoever has asked is not ready for the answer yet. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#env.defer(() => {
      this.#isScheduled = false
      this.#pump()
      // Somebody here waits for what was asked just now.
      for (const { session } of this.#peers.values()) session.flush()
    })
  }

  #pump(): void {
    for (let effects = this.#table.takeEffects(); effects.length > 0; effects = this.#table.takeEffects()) {
      for (const effect of effects) this.#tell(effect)
    }
  }

  #tell(effect: TokenEffect): void {
    const { ino } = effect
    if (effect.type === 'shared') this.#home.shared(ino, effect.token)
    else if (effect.type === 'alone') {
      this.#reducedMs.delete(ino)
      this.#home.alone(ino)
    } else if (effect.type === 'reduced') this.#reduced(ino)
    else if (effect.mover !== HOME) {
      const peer = this.#peers.get(effect.mover)
      if (effect.type === 'grant') this.#files.setWrittenElsewhere(ino, this.#table.isWrittenElsewhere(ino))
      peer?.tell(effect)
    } else if (effect.type === 'grant') {
      this.#hold.answered(ino, effect.id, effect.token)
      this.#home.granted(ino, effect.id, effect.token, effect.replaces)
    } else if (effect.type === 'revoke') {
      this.#hold.revoked(ino, effect.span)
      this.#home.revoked(ino, effect.serial, effect.span)
    } else {
      this.#hold.answered(ino, effect.id, null)
      this.#home.denied(ino, effect.id)
    }
  }
}
