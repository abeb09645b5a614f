import { SpanSet } from './span-set.ts'
import {
  ALLOWS,
  common,
  FILE_END,
  isWhole,
  overlap,
  type Span,
  type Token,
  type TokenKind,
  touches,
  without,
} from './token.ts'
import { TokenSet } from './token-set.ts'

/** A part of a token that its holder gives back as soon as nothing uses it any more. */
export interface Leaving extends Span {
  readonly serial: number
  readonly kind: TokenKind
  /** What of it somebody waits for. */
  readonly first: Span
  /** It is known in which pieces it goes: this is one of them. */
  readonly isPiece: boolean
  /** One of several pieces that must be written before they go: one after the other. */
  readonly inTurn: boolean
  /** Its draining has begun. */
  draining: boolean
}

/** A piece of a part that leaves. */
export interface Piece extends Span {
  /** It must be written first. */
  readonly inTurn: boolean
}

const WHOLE: Readonly<Span> = { start: 0, end: FILE_END }

/** By what somebody might need: where it is allowed. */
type Allowed = Readonly<Record<TokenKind, SpanSet>>

const KINDS = Object.keys(ALLOWS) as TokenKind[]

/** One mover's rights on one file. */
export class HeldTokens {
  #usable = new TokenSet<Token>()
  /** What several tokens allow together; null while there are fewer. */
  #allowed: Allowed | null = null
  /** What is still to be drained and released, in the order of the asking. */
  leaving: Leaving[] = []

  /** What may be used. */
  get usable(): readonly Token[] {
    return this.#usable.all
  }

  /** What may be used of the span, or beside it. */
  near(span: Span): Token[] {
    return this.#usable.near(span)
  }

  /** True when what is held allows a read (`BR_R`) or a write (`BR_W`) of the span, or all (`WF_R`, `WF_X`). */
  allows(kind: TokenKind, start: number, end: number): boolean {
    if (this.#allowed !== null) return this.#allowed[kind].has(start, end)
    const token = this.usable[0]
    return token !== undefined && ALLOWS[token.kind][kind] && token.start <= start && end <= token.end
  }

  /** `replaces`: serials of older tokens that are part of this one. */
  granted(token: Token, replaces: readonly number[]): void {
    const lost = replaces.length === 0 ? [] : this.usable.filter(({ serial }) => replaces.includes(serial))
    this.#change(lost, [token])
  }

  /**
   * The primary asks for a span of a token; of one of the whole file all goes, this first. Returns what of it is not held (any
   * more), to be released at once.
   */
  revoked(serial: number, span: Span): Span[] {
    this.#hurry(serial, span)
    const left: Token[] = []
    const lost = this.#usable.near(span).filter((token) => token.serial === serial && touches(token, span))
    for (const token of lost) {
      const part = isWhole(token.kind) ? token : common(token, span)
      this.#leave(token, part, span)
      left.push(...without(token, part))
    }
    this.#change(lost, left)
    const leaving = this.leaving.filter((part) => part.serial === serial)
    return leaving.reduce<Span[]>((rest, part) => rest.flatMap((piece) => without(piece, part)), [span])
  }

  /** Tokens of these kinds are to be given back, of the holder's own wish. */
  leave(kinds: readonly TokenKind[]): void {
    const lost = this.usable.filter(({ kind }) => kinds.includes(kind))
    for (const token of lost) this.#leave(token, token, WHOLE)
    this.#change(lost, [])
  }

  /**
   * A part goes in these pieces, which have all of it, in this order. What is left of a token of the whole file when some of it
   * has gone is one of spans.
   */
  split(part: Leaving, pieces: readonly Piece[]): void {
    const { serial, first } = part
    const kind = part.kind === 'WF_X' && pieces.length > 1 ? 'BR_W' : part.kind
    const parts = pieces.map(({ start, end, inTurn }) => {
      return { serial, kind, start, end, first, isPiece: true, inTurn, draining: false }
    })
    this.leaving.splice(this.leaving.indexOf(part), 1, ...parts)
  }

  /** What is to be drained now: of what goes one after the other the next. */
  takeDrainable(): Leaving[] {
    const busy = new Set<number>()
    for (const { serial, inTurn, draining } of this.leaving) if (inTurn && draining) busy.add(serial)
    const next: Leaving[] = []
    for (const part of this.leaving) {
      if (part.draining || (part.inTurn && busy.has(part.serial))) continue
      if (part.inTurn) busy.add(part.serial)
      part.draining = true
      next.push(part)
    }
    return next
  }

  /** A part has been drained: it is not held any more. */
  left(part: Leaving): void {
    this.leaving = this.leaving.filter((other) => other !== part)
  }

  /** True when pages of the span may be kept in memory although `leaving` parts go. */
  mayKeep(span: Span): boolean {
    return this.allows('BR_R', span.start, span.end)
  }

  /** True when a right to write to this block has not been released yet. */
  mayHaveWritten(block: number): boolean {
    if (this.allows('BR_W', block, block + 1)) return true
    return this.leaving.some(({ kind, start, end }) => ALLOWS[kind].BR_W && start <= block && block < end)
  }

  /** All that has not been released yet. */
  all(): Token[] {
    return [...this.usable, ...this.leaving.map(({ serial, kind, start, end }) => ({ serial, kind, start, end }))]
  }

  clear(): void {
    this.#usable = new TokenSet()
    this.#allowed = null
    this.leaving = []
  }

  get isEmpty(): boolean {
    return this.usable.length === 0 && this.leaving.length === 0
  }

  #leave({ serial, kind }: Token, { start, end }: Span, first: Span): void {
    this.leaving.push({ serial, kind, start, end, first, isPiece: false, inTurn: false, draining: false })
  }

  /** Pieces that somebody waits for go before others. */
  #hurry(serial: number, span: Span): void {
    const isAsked = (part: Leaving): boolean => part.serial === serial && part.inTurn && overlap(part, span)
    const asked = this.leaving.filter(isAsked)
    if (asked.length > 0) this.leaving = [...asked, ...this.leaving.filter((part) => !isAsked(part))]
  }

  /** These tokens may not be used any more, and those may. */
  #change(lost: readonly Token[], gained: readonly Token[]): void {
    for (const token of lost) this.#usable.remove(token)
    for (const token of gained) this.#usable.add(token)
    if (this.usable.length < 2) {
      this.#allowed = null
      return
    }
    if (this.#allowed === null) {
      this.#allowed = { WF_R: new SpanSet(), BR_R: new SpanSet(), BR_W: new SpanSet(), WF_X: new SpanSet() }
      for (const token of this.usable) allow(this.#allowed, token)
      return
    }
    for (const token of lost) {
      for (const kind of KINDS) if (ALLOWS[token.kind][kind]) this.#allowed[kind].remove(token)
      // Other tokens may allow some of it too.
      for (const other of this.#usable.near(token)) allow(this.#allowed, other)
    }
    for (const token of gained) allow(this.#allowed, token)
  }
}

function allow(allowed: Allowed, token: Token): void {
  for (const kind of KINDS) if (ALLOWS[token.kind][kind]) allowed[kind].add(token)
}
