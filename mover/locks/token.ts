/**
 * Tokens: a mover's rights on a file, which keep movers coherent with each other. Spans are in blocks of 4 KiB, so that no
 * two movers ever modify one block, and so that numbers are exact up to the end of every file.
 */

/** Blocks of 4 KiB in 2^64 bytes: behind the last byte that a file can have. */
export const FILE_END = 2 ** 52

/** Half-open, in blocks. */
export interface Span {
  start: number
  /** At most `FILE_END`. */
  end: number
}

/**
 * What a token allows: `WF_R` reads of the whole file and of its attributes, `BR_R` reads of a span, `BR_W` reads and writes
 * of a span, `WF_X` everything on the whole file.
 */
export type TokenKind = 'WF_R' | 'BR_R' | 'BR_W' | 'WF_X'

/** A token is bound to its span; `WF_R` and `WF_X` have all of the file. */
export interface Token extends Span {
  /** Unique within a term of the primary; a later grant has a larger one. */
  readonly serial: number
  readonly kind: TokenKind
}

/** How a request meets a token of another mover: they may be together, if they do not overlap, or never. */
export type Meeting = 'together' | 'apart' | 'never'

/**
 * By what another mover holds, and by what is asked. A `WF_R` that meets a `BR_W` can be answered with a `BR_R` of what it
 * needs: see `reducedKind`. A `BR_R` of nothing, whose holder asks the primary for the file's attributes, can be asked for
 * while another mover has all of the file; who asks for all of it takes that away too.
 */
export const MEETINGS: Readonly<Record<TokenKind, Readonly<Record<TokenKind, Meeting>>>> = {
  WF_R: { WF_R: 'together', BR_R: 'together', BR_W: 'never', WF_X: 'never' },
  BR_R: { WF_R: 'together', BR_R: 'together', BR_W: 'apart', WF_X: 'never' },
  BR_W: { WF_R: 'never', BR_R: 'apart', BR_W: 'apart', WF_X: 'never' },
  WF_X: { WF_R: 'never', BR_R: 'apart', BR_W: 'never', WF_X: 'never' },
}

/** What each kind allows its holder to do, by what it might need. */
export const ALLOWS: Readonly<Record<TokenKind, Readonly<Record<TokenKind, boolean>>>> = {
  WF_R: { WF_R: true, BR_R: true, BR_W: false, WF_X: false },
  BR_R: { WF_R: false, BR_R: true, BR_W: false, WF_X: false },
  BR_W: { WF_R: false, BR_R: true, BR_W: true, WF_X: false },
  WF_X: { WF_R: true, BR_R: true, BR_W: true, WF_X: true },
}

/** True for the kinds that always have all of the file. */
export function isWhole(kind: TokenKind): boolean {
  return kind === 'WF_R' || kind === 'WF_X'
}

/** The block that has the last of so many bytes, one at least. */
export function lastBlock(bytes: number): number {
  return Math.floor((bytes - 1) / 4096)
}

export function overlap(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end
}

/** True when `taken` has some of `span`. An empty one, whose holder may show the file's size and no more, is had whole. */
export function touches(span: Span, taken: Span): boolean {
  if (span.start < span.end) return overlap(span, taken)
  return taken.start <= span.start && span.end <= taken.end
}

/** What both have; they must touch. */
export function common(a: Span, b: Span): Span {
  return { start: Math.max(a.start, b.start), end: Math.min(a.end, b.end) }
}

/** True when one mover may not have `asked` while another has `held`. */
export function conflict(held: Span & { kind: TokenKind }, asked: Span & { kind: TokenKind }): boolean {
  const meeting = MEETINGS[held.kind][asked.kind]
  return meeting === 'never' || (meeting === 'apart' && overlap(held, asked))
}

/** True when two movers can never have both, whichever was granted first. */
export function exclude(a: Span & { kind: TokenKind }, b: Span & { kind: TokenKind }): boolean {
  return conflict(a, b) && conflict(b, a)
}

/** The parts of `from` that are not in `taken`: none, one or two. */
export function without<S extends Span>(from: S, taken: Span): S[] {
  if (!touches(from, taken)) return [from]
  const rest: S[] = []
  if (from.start < taken.start) rest.push({ ...from, end: taken.start })
  if (taken.end < from.end) rest.push({ ...from, start: taken.end })
  return rest
}

/** True when `spans`, in any order and overlapping or not, have all of `wanted`. */
export function cover(spans: readonly Span[], wanted: Span): boolean {
  let missing: Span[] = [wanted]
  for (const span of spans) missing = missing.flatMap((piece) => without(piece, span))
  return missing.length === 0
}

/** True when a mover that is granted `token` needs its older `own` no more. */
export function absorbs(token: Token, own: Token): boolean {
  return ALLOWS[token.kind][own.kind] && token.start <= own.start && own.end <= token.end
}
