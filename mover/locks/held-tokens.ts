import { ALLOWS, common, cover, isWhole, type Span, type Token, type TokenKind, touches, without } from './token.ts'

/** A part of a token that its holder gives back as soon as nothing uses it any more. */
export interface Leaving extends Span {
  readonly serial: number
  readonly kind: TokenKind
  /** Its draining has begun. */
  draining: boolean
}

/** One mover's rights on one file. */
export class HeldTokens {
  /** What may be used. */
  usable: Token[] = []
  /** What is still to be drained and released, in the order of the asking. */
  leaving: Leaving[] = []

  /** True when what is held allows a read (`BR_R`) or a write (`BR_W`) of the span, or all (`WF_R`, `WF_X`). */
  allows(kind: TokenKind, start: number, end: number): boolean {
    const { usable } = this
    for (let i = 0; i < usable.length; i++) {
      const token = usable[i]
      if (ALLOWS[token.kind][kind] && token.start <= start && end <= token.end) return true
    }
    if (usable.length < 2 || kind === 'WF_R' || kind === 'WF_X') return false
    return cover(
      usable.filter((token) => ALLOWS[token.kind][kind]),
      { start, end },
    )
  }

  /** `replaces`: serials of older tokens that are part of this one. */
  granted(token: Token, replaces: readonly number[]): void {
    this.usable = this.usable.filter(({ serial }) => !replaces.includes(serial))
    this.usable.push(token)
  }

  /** The primary asks for a span of a token. Returns what of it is not held (any more), to be released at once. */
  revoked(serial: number, span: Span): Span[] {
    const kept: Token[] = []
    for (const token of this.usable) {
      if (token.serial !== serial || !touches(token, span)) {
        kept.push(token)
        continue
      }
      const { kind } = token
      const part = isWhole(kind) ? token : common(token, span)
      this.leaving.push({ serial, kind, start: part.start, end: part.end, draining: false })
      kept.push(...without(token, part))
    }
    this.usable = kept
    const leaving = this.leaving.filter((part) => part.serial === serial)
    return leaving.reduce<Span[]>((rest, part) => rest.flatMap((piece) => without(piece, part)), [span])
  }

  /** Tokens of these kinds are to be given back, of the holder's own wish. */
  leave(kinds: readonly TokenKind[]): void {
    const kept: Token[] = []
    for (const token of this.usable) {
      const { serial, kind, start, end } = token
      if (kinds.includes(kind)) this.leaving.push({ serial, kind, start, end, draining: false })
      else kept.push(token)
    }
    this.usable = kept
  }

  /** A part has been drained: it is not held any more. */
  left(part: Leaving): void {
    this.leaving = this.leaving.filter((other) => other !== part)
  }

  /** True when pages of the span may be kept in memory although `leaving` parts go. */
  mayKeep(span: Span): boolean {
    return this.allows('BR_R', span.start, span.end)
  }

  clear(): void {
    this.usable = []
    this.leaving = []
  }

  get isEmpty(): boolean {
    return this.usable.length === 0 && this.leaving.length === 0
  }
}
