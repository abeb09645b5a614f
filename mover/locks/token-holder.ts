import { HeldTokens, type Leaving, type Piece } from './held-tokens.ts'
import { ALLOWS, FILE_END, lastBlock, type Span, type Token, type TokenKind } from './token.ts'
import type { TokenRequest } from './token-table.ts'

/** What a holder of tokens needs of its surroundings. None of these calls back before it returns. */
export interface HolderPort {
  /** To the primary. */
  request(ino: number, request: TokenRequest): void
  /** To the primary: the span of the token is not used any more, and what was written there can be read from the device. */
  release(ino: number, serial: number, span: Span): void
  /** In which pieces a part that lets this mover write goes: all of it, in the order of their going. */
  pieces(ino: number, part: Leaving): readonly Piece[]
  /**
   * Waits until no I/O uses the part, writes what is dirty in it, forgets what is cached of it unless `HeldTokens.mayKeep`
   * says otherwise, and calls `TokenHolder.drained`.
   */
  drain(ino: number, part: Leaving): void
  /** Nothing is held of the file, or asked for, any more. */
  forgotten(ino: number): void
}

/** Called once a request has been answered: what was asked for may be used now, in this call, or there is no such file. */
export type Answered = (isGranted: boolean) => void

const ALL_KINDS: readonly TokenKind[] = ['WF_R', 'BR_R', 'BR_W', 'WF_X']
const READING_WHOLE: readonly TokenKind[] = ['WF_R']
const WRITING: readonly TokenKind[] = ['BR_W', 'WF_X']

interface Ask extends TokenRequest {
  /** False while it waits for what must be given up first. */
  isSent: boolean
  done: Answered[]
}

/** One mover's rights on the file, and what it is about to get and to lose. */
class HeldFile {
  readonly tokens = new HeldTokens()
  asks: Ask[] = []
  /** Home is alone with the file: it has all rights. */
  isAlone: boolean
  /** Operations that must not lose what they have been granted until they have all that they need. */
  retained = 0
  /** How many of those are about to run again: see `keep`. */
  kept = 0
  /** Revocations that wait for those. */
  postponed: { serial: number; span: Span }[] = []
  /** All is to be given up when they are over. */
  givesUp = false
  /** Who looks again when they are over. */
  later: Answered[] = []

  constructor(isAlone: boolean) {
    this.isAlone = isAlone
  }
}

/**
 * The holder's side of tokens: what this mover may do now, what it has asked for, what it has to give back. The primary's
 * own mover (`isHome`) has all rights on files that are not here.
 */
export class TokenHolder {
  readonly #port: HolderPort
  readonly #isHome: boolean
  readonly #files = new Map<number, HeldFile>()
  #lastId = 0
  /** Files whose tokens are kept for the operation that runs now. */
  #keptNow: readonly number[] = []

  constructor(port: HolderPort, isHome: boolean) {
    this.#port = port
    this.#isHome = isHome
  }

  /** True when the mover may do now, on its own, what `kind` allows. */
  allows(ino: number, kind: TokenKind, start: number, end: number): boolean {
    const file = this.#files.get(ino)
    if (file === undefined) return this.#isHome
    return file.isAlone || (file.tokens.allows(kind, start, end) && !this.#isClosed(ino, file))
  }

  /** What is held of a file; undefined when nothing is (at home: when all is). */
  held(ino: number): HeldTokens | undefined {
    return this.#files.get(ino)?.tokens
  }

  /** True when a right to write to the last of so many bytes has not been released yet. */
  mayHaveGrown(ino: number, size: number): boolean {
    return size === 0 || this.mayHaveWritten(ino, lastBlock(size))
  }

  /** True when a right to write to this block has not been released yet. */
  mayHaveWritten(ino: number, block: number): boolean {
    const file = this.#files.get(ino)
    return file === undefined ? this.#isHome : file.isAlone || file.tokens.mayHaveWritten(block)
  }

  inos(): Iterable<number> {
    return this.#files.keys()
  }

  /**
   * Asks for a token that is not held; `done` is called, later, when it is granted. Who asks for what is under way already
   * shares its answer. A write on a file that is held for reading gives that up first: nobody may come between.
   */
  ask(ino: number, kind: TokenKind, need: Span, done: Answered): void {
    const file = this.#file(ino)
    if (this.#isClosed(ino, file)) {
      file.later.push(done)
      return
    }
    const pending = file.asks.find(
      (ask) => ask.kind === kind && (kind === 'WF_X' || (ask.need.start <= need.start && need.end <= ask.need.end)),
    )
    if (pending !== undefined) {
      pending.done.push(done)
      return
    }
    const ask: Ask = { id: ++this.#lastId, kind, need: { ...need }, exact: false, isSent: false, done: [done] }
    file.asks.push(ask)
    if (WRITING.includes(kind) && file.tokens.allows('WF_R', 0, FILE_END)) file.tokens.leave(READING_WHOLE)
    this.#drainNew(ino, file)
    this.#sendAsks(ino, file)
  }

  /**
   * Until as many `letGo` calls, the file's tokens are kept even if the primary asks for them: an operation has what it
   * needs, and must not lose it before it has been carried out. It must not wait for other tokens meanwhile.
   */
  retain(ino: number): void {
    this.#file(ino).retained++
  }

  letGo(ino: number): void {
    const file = this.#files.get(ino)
    if (file === undefined || --file.retained > 0) return
    const { postponed, later } = file
    file.postponed = []
    file.later = []
    for (const { serial, span } of postponed) this.revoked(ino, serial, span)
    if (file.givesUp) this.giveUp(ino)
    this.#forgetIfIdle(ino, file)
    for (const answered of later) answered(true)
  }

  /**
   * As `retain`, for an operation that is about to run again, with `runAgain`. Once the primary asks for some of the file no
   * other operation begins with it: with ever new ones that keep it, it would never be given back.
   */
  keep(ino: number): void {
    this.#file(ino).kept++
    this.retain(ino)
  }

  /** Runs an operation again for which these files were kept, and lets them go. */
  runAgain(inos: readonly number[], run: () => void): void {
    try {
      this.#runWith(inos, run)
    } finally {
      for (const ino of inos) {
        this.#file(ino).kept--
        this.letGo(ino)
      }
    }
  }

  granted(ino: number, id: number, token: Token, replaces: readonly number[]): void {
    const file = this.#file(ino)
    file.tokens.granted(token, replaces)
    this.#answer(ino, file, id, true)
  }

  /** There is no such file (any more). */
  denied(ino: number, id: number): void {
    const file = this.#files.get(ino)
    if (file !== undefined) this.#answer(ino, file, id, false)
  }

  revoked(ino: number, serial: number, span: Span): void {
    const file = this.#files.get(ino)
    if (file !== undefined && file.retained > 0) {
      file.postponed.push({ serial, span })
      return
    }
    // What a later token has absorbed, or has been given back already, need not be waited for.
    const notHeld = file === undefined ? [span] : file.tokens.revoked(serial, span)
    for (const { start, end } of notHeld) this.#port.release(ino, serial, { start, end })
    if (file !== undefined) this.#drainNew(ino, file)
  }

  /** Sends again what has been asked and not answered: there is another primary. */
  askAgain(): void {
    for (const [ino, file] of this.#files) {
      // What the last one has asked for the next one asks for itself, if anybody still waits, under serials of its own.
      file.postponed = []
      for (const { isSent, id, kind, need, exact } of file.asks) {
        if (isSent) this.#port.request(ino, { id, kind, need: { ...need }, exact })
      }
    }
  }

  /** Gives up a file of the mover's own wish, for others or because it has been quiet. */
  giveUp(ino: number): void {
    const file = this.#files.get(ino)
    if (file === undefined) return
    file.givesUp = file.retained > 0
    if (file.givesUp) return
    file.tokens.leave(ALL_KINDS)
    this.#drainNew(ino, file)
  }

  /** The file has been quiet, and others would read it: gives up what lets this mover write, unless that is in use. */
  giveUpWriting(ino: number): void {
    const file = this.#files.get(ino)
    if (file === undefined || file.retained > 0 || file.asks.some(({ kind }) => WRITING.includes(kind))) return
    file.tokens.leave(WRITING)
    this.#drainNew(ino, file)
  }

  /** The port has drained a part. */
  drained(ino: number, part: Leaving): void {
    const file = this.#files.get(ino)
    if (file === undefined || !file.tokens.leaving.includes(part)) return
    file.tokens.left(part)
    this.#port.release(ino, part.serial, { start: part.start, end: part.end })
    if (part.kind === 'WF_R') for (const ask of file.asks) if (!ask.isSent) ask.exact = true
    this.#drainNew(ino, file)
    this.#sendAsks(ino, file)
    this.#forgetIfIdle(ino, file)
  }

  /** True when somebody counts on what is held of this file: home is using it. */
  isRetained(ino: number): boolean {
    return (this.#files.get(ino)?.retained ?? 0) > 0
  }

  /** Home is not alone with a file any more: it has this token, or nothing. */
  shared(ino: number, token: Token | null): void {
    const file = this.#file(ino)
    file.isAlone = false
    if (token !== null) file.tokens.granted(token, [])
  }

  /** Home is alone with a file again. */
  alone(ino: number): void {
    const file = this.#file(ino)
    file.isAlone = true
    file.tokens.clear()
    file.postponed = []
    file.givesUp = false
    const { asks } = file
    file.asks = []
    for (const { done } of asks) for (const answered of done) answered(true)
    this.#forgetIfIdle(ino, file)
  }

  #answer(ino: number, file: HeldFile, id: number, isGranted: boolean): void {
    const at = file.asks.findIndex((ask) => ask.id === id)
    if (at < 0) return
    const [{ done }] = file.asks.splice(at, 1)
    // Who has got something uses it, whoever else asks for it already.
    this.#runWith([ino], () => {
      for (const answered of done) answered(isGranted)
    })
    this.#forgetIfIdle(ino, file)
  }

  /** True when nothing may begin with what is held: the primary asks for some of it. */
  #isClosed(ino: number, { postponed, retained, kept }: HeldFile): boolean {
    return postponed.length > 0 && retained === kept && !this.#keptNow.includes(ino)
  }

  #runWith(inos: readonly number[], run: () => void): void {
    const before = this.#keptNow
    this.#keptNow = inos
    try {
      run()
    } finally {
      this.#keptNow = before
    }
  }

  /**
   * Sends what has not been sent yet, unless something of the file is still to be released: a writer must not keep others
   * from what it has been asked for, and its grant tells of a file in which its own earlier writes are.
   */
  #sendAsks(ino: number, file: HeldFile): void {
    if (file.tokens.leaving.length > 0) return
    for (const ask of file.asks) {
      const { id, kind, need, exact } = ask
      if (ask.isSent) continue
      ask.isSent = true
      this.#port.request(ino, { id, kind, need: { ...need }, exact })
    }
  }

  #drainNew(ino: number, file: HeldFile): void {
    const { tokens } = file
    for (const part of [...tokens.leaving]) {
      if (!part.isPiece && ALLOWS[part.kind].BR_W) tokens.split(part, this.#port.pieces(ino, part))
    }
    for (const part of tokens.takeDrainable()) this.#port.drain(ino, part)
  }

  #file(ino: number): HeldFile {
    let file = this.#files.get(ino)
    if (file === undefined) {
      file = new HeldFile(this.#isHome)
      this.#files.set(ino, file)
    }
    return file
  }

  #forgetIfIdle(ino: number, file: HeldFile): void {
    const hasRights = this.#isHome ? !file.isAlone : !file.tokens.isEmpty
    if (hasRights || file.asks.length > 0 || file.retained > 0 || !this.#files.delete(ino)) return
    this.#port.forgotten(ino)
  }
}
