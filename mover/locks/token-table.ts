import {
  ALLOWS,
  absorbs,
  common,
  conflict,
  cover,
  exclude,
  FILE_END,
  isWhole,
  overlap,
  type Span,
  type Token,
  type TokenKind,
  touches,
  without,
} from './token.ts'
import { type Granted, isUnasked, TokenFile, type Waiter } from './token-file.ts'

/** A mover, by the number that its session with the primary has. */
export type MoverId = number

/** The id of a grant that answers no request; no request has it. */
export const UNASKED = 0

/** What a mover asks for. It does not ask for what it holds already, and asks for one thing at a time on a span. */
export interface TokenRequest {
  /** The asking mover's; its grant carries it. */
  id: number
  kind: TokenKind
  /** What must be granted, in blocks; other movers lose what they hold of it. For a `WF_R`: what is about to be read. */
  need: Span
  /** No more than `need` is wanted: the mover has just given up the file for this write. */
  exact: boolean
}

/** What the primary must tell its movers, its own among them. */
export type TokenEffect =
  /** `id` is the request's; `replaces` lists the serials of older tokens that are part of this one from now on. */
  | { type: 'grant'; ino: number; mover: MoverId; id: number; token: Token; replaces: number[] }
  /**
   * The holder shall bring what it has written to this span to the device, and release it: after the requests that the
   * token was granted for have been served, and without serving others. Of a `WF_R` or `WF_X` it shall release all, and this
   * first.
   */
  | { type: 'revoke'; ino: number; mover: MoverId; serial: number; span: Span }
  /** There is no such file (any more). */
  | { type: 'deny'; ino: number; mover: MoverId; id: number }
  /** A reader of the whole file got less, since others may write to it: who has not for long might give that up. */
  | { type: 'reduced'; ino: number }
  /** `home` is not alone with the file any more: its rights are this token, or none. */
  | { type: 'shared'; ino: number; token: Token | null }
  /** `home` is alone with the file again: its rights are no longer counted. */
  | { type: 'alone'; ino: number }

const MIB_BLOCKS = 256
/** What an uncontended writer gets at least, grant after grant: aligned spans of so many blocks, then the file. */
const GROWTH_BLOCKS = [1, 8 * MIB_BLOCKS, 64 * MIB_BLOCKS]
const WHOLE_FILE = GROWTH_BLOCKS.length
/** A mover that has more tokens of one file gives back those that it has had longest, so many at a time. */
const MOST_TOKENS = 4096
const TOO_OLD = 1 / 128
const WHOLE: Readonly<Span> = { start: 0, end: FILE_END }

/**
 * The primary's side of one volume's tokens: who holds what, who waits, in one FIFO a file. Files that only the primary's
 * own mover (`home`) uses are not in the table: it has all rights on them.
 */
export class TokenTable {
  readonly home: MoverId
  readonly #mostTokens: number
  readonly #files = new Map<number, TokenFile>()
  #lastSerial = 0
  #effects: TokenEffect[] = []

  constructor(home: MoverId, mostTokens = MOST_TOKENS) {
    this.home = home
    this.#mostTokens = mostTokens
  }

  /** Files of which some other mover holds or wants something. */
  get fileCount(): number {
    return this.#files.size
  }

  /** True when `home` need not ask: nobody else holds or wants anything of this file. */
  isHomeAlone(ino: number): boolean {
    return !this.#files.has(ino)
  }

  /** What has to be told now, in this order; the caller's to keep. */
  takeEffects(): TokenEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /**
   * A mover asks. `usedAtHome`: the primary's own mover has something of the file in its memory, or uses it; otherwise it
   * has nothing to give back, and a writer is alone on the file.
   */
  request(ino: number, mover: MoverId, request: TokenRequest, usedAtHome: boolean): void {
    const file = this.#files.get(ino) ?? this.#open(ino, usedAtHome)
    file.queue.push({ ...request, mover })
    this.#advance(ino, file)
  }

  /**
   * A mover holds this since an earlier reign, or has not released it yet; false when another one holds what cannot be
   * together with that. Comes before any request.
   */
  assert(ino: number, mover: MoverId, token: Token): boolean {
    const file = this.#files.get(ino) ?? this.#open(ino, false)
    if (file.tokens.near(token).some((held) => held.mover !== mover && exclude(held, token))) return false
    file.growth = 0
    file.add({ ...told(token), mover, asked: [], isRest: false })
    this.#lastSerial = Math.max(this.#lastSerial, token.serial)
    return true
  }

  /** A mover gives back a span of a token; one that it does not hold (any more) changes nothing. */
  release(ino: number, mover: MoverId, serial: number, span: Span): void {
    const file = this.#files.get(ino)
    if (file === undefined) return
    for (const token of file.tokens.near(span)) {
      if (token.serial !== serial || token.mover !== mover) continue
      file.remove(token)
      for (const piece of whatIsLeft(token, span)) file.add(piece)
    }
    this.#bound(ino, file, mover)
    this.#advance(ino, file)
  }

  /** A mover is gone, and fenced: nothing of what it held can be used any more. */
  forget(mover: MoverId): void {
    for (const [ino, file] of [...this.#files]) {
      for (const token of [...file.tokens.all]) if (token.mover === mover) file.remove(token)
      file.queue = file.queue.filter((waiter) => waiter.mover !== mover)
      this.#advance(ino, file)
    }
  }

  /** The file is gone, and with it all rights: who waits for some is denied them, who has some is asked for them. */
  drop(ino: number): void {
    const file = this.#files.get(ino)
    if (file === undefined) return
    for (const { mover, id } of file.queue) this.#effects.push({ type: 'deny', ino, mover, id })
    file.queue = []
    for (const token of [...file.tokens.all]) {
      if (token.mover !== this.home) this.#askBack(ino, file, token, token)
      file.remove(token)
    }
    this.#advance(ino, file)
  }

  /** True when the mover holds or wants anything of the file. */
  isInvolved(ino: number, mover: MoverId): boolean {
    const file = this.#files.get(ino)
    if (file === undefined) return false
    const isOwn = (one: { mover: MoverId }): boolean => one.mover === mover
    return file.tokens.all.some(isOwn) || file.queue.some(isOwn)
  }

  /** True when the mover holds anything of the file, or has not released it yet. */
  holds(ino: number, mover: MoverId): boolean {
    return this.#tokensOf(ino).some((token) => token.mover === mover)
  }

  /** True when the mover has not released some of this span of a token; of a `WF_X`, of which all is owed, anything near it. */
  isHeld(ino: number, mover: MoverId, serial: number, span: Span): boolean {
    const near = this.#files.get(ino)?.tokens.near(span) ?? []
    return near.some(
      (token) => token.mover === mover && token.serial === serial && (token.isRest || touches(token, span)),
    )
  }

  /** True when the mover holds something of the file that it has been asked for. */
  isAsked(ino: number, mover: MoverId): boolean {
    return this.#tokensOf(ino).some((token) => token.mover === mover && !isUnasked(token))
  }

  /** True when the mover may write to the span, or has not released it yet. */
  mayWrite(ino: number, mover: MoverId, span: Span): boolean {
    const near = this.#files.get(ino)?.tokens.near(span) ?? []
    return cover(
      near.filter((token) => token.mover === mover && ALLOWS[token.kind].BR_W),
      span,
    )
  }

  /** True when some mover other than `home` may write to the file. */
  isWrittenElsewhere(ino: number): boolean {
    return this.#tokensOf(ino).some(({ mover, kind }) => mover !== this.home && ALLOWS[kind].BR_W)
  }

  /** Those other than `home` who may write to the file. */
  writersElsewhere(ino: number): Set<MoverId> {
    const writers = new Set<MoverId>()
    for (const { mover, kind } of this.#tokensOf(ino)) if (mover !== this.home && ALLOWS[kind].BR_W) writers.add(mover)
    return writers
  }

  /** True when some mover other than `home` and this one has all of the file. */
  isExclusiveElsewhere(ino: number, mover: MoverId): boolean {
    return this.#tokensOf(ino).some((token) => {
      return token.kind === 'WF_X' && token.mover !== mover && token.mover !== this.home
    })
  }

  /** True when the mover may write to some of the file. */
  isWriter(ino: number, mover: MoverId): boolean {
    return this.#tokensOf(ino).some((token) => token.mover === mover && ALLOWS[token.kind].BR_W)
  }

  /** Who holds and who waits, for people and for checks. */
  describe(ino: number): { held: (Token & { mover: MoverId })[]; waiting: (TokenRequest & { mover: MoverId })[] } {
    const file = this.#files.get(ino)
    if (file === undefined) return { held: [], waiting: [] }
    const held = file.tokens.all.map(({ mover, serial, kind, start, end }) => ({ mover, serial, kind, start, end }))
    return { held, waiting: file.queue.map((waiter) => ({ ...waiter })) }
  }

  inos(): Iterable<number> {
    return this.#files.keys()
  }

  #tokensOf(ino: number): readonly Granted[] {
    return this.#files.get(ino)?.tokens.all ?? []
  }

  #open(ino: number, usedAtHome: boolean): TokenFile {
    const file = new TokenFile(usedAtHome ? 0 : WHOLE_FILE)
    const own = usedAtHome ? this.#token(this.home, 'WF_X', WHOLE) : null
    if (own !== null) file.add(own)
    this.#files.set(ino, file)
    this.#effects.push({ type: 'shared', ino, token: own === null ? null : told(own) })
    return file
  }

  #token(mover: MoverId, kind: TokenKind, span: Span): Granted {
    return { serial: ++this.#lastSerial, mover, kind, start: span.start, end: span.end, asked: [], isRest: false }
  }

  /** Grants what can be granted, in order, and asks back what stands in the way of those behind whom nobody stands. */
  #advance(ino: number, file: TokenFile): void {
    const waiting: Waiter[] = []
    for (const waiter of file.queue) {
      const kind = reducedKind(file, waiting, waiter)
      const { start, end } = isWhole(kind) ? WHOLE : waiter.need
      const asked = { kind, start, end }
      const behind = waiting.some(
        (earlier) => earlier.mover !== waiter.mover && conflict(asked, { kind: earlier.kind, ...earlier.need }),
      )
      const holders = behind ? [] : file.tokens.near(asked).filter((token) => isInTheWay(token, waiter.mover, asked))
      if (!behind && holders.length === 0) {
        this.#grant(ino, file, waiter, asked.kind, waiting)
        continue
      }
      waiting.push(waiter)
      for (const token of holders) this.#revoke(ino, file, token, asked, waiter.need)
    }
    file.queue = waiting
    if (waiting.length > 0 || file.tokens.all.some(({ mover }) => mover !== this.home)) return
    this.#files.delete(ino)
    this.#effects.push({ type: 'alone', ino })
  }

  #grant(ino: number, file: TokenFile, waiter: Waiter, kind: TokenKind, waiting: readonly Waiter[]): void {
    const { mover, id } = waiter
    const grown = grow(file, waiter, kind, waiting)
    const token = this.#token(mover, grown.kind, grown)
    const replaced = replacedBy(file, token)
    for (const older of replaced) file.remove(older)
    file.add(token)
    const replaces = [...new Set(replaced.map(({ serial }) => serial))]
    this.#effects.push({ type: 'grant', ino, mover, id, token: told(token), replaces })
    if (kind !== waiter.kind) this.#effects.push({ type: 'reduced', ino })
    this.#bound(ino, file, mover)
  }

  #revoke(ino: number, file: TokenFile, token: Granted, asked: Span, need: Span): void {
    file.growth = 0
    // All of a file is asked back of its holder, but somebody waits for some of it.
    const first = need.start < need.end ? need : WHOLE
    this.#askBack(ino, file, token, isWhole(token.kind) ? first : common(token, asked))
  }

  /** Random writes of several movers leave each with more and more pieces of a file. */
  #bound(ino: number, file: TokenFile, mover: MoverId): void {
    if (file.unaskedOf(mover) <= this.#mostTokens) return
    const isOwn = (token: Granted): boolean => token.mover === mover && !isWhole(token.kind) && isUnasked(token)
    const own = file.tokens.all.filter(isOwn)
    own.sort((a, b) => a.serial - b.serial)
    const count = Math.max(own.length - this.#mostTokens, Math.ceil(own.length * TOO_OLD))
    for (const token of own.slice(0, count)) this.#askBack(ino, file, token, token)
  }

  #askBack(ino: number, file: TokenFile, token: Granted, { start, end }: Span): void {
    const span = { start, end }
    if (file.askBack(token, span))
      this.#effects.push({ type: 'revoke', ino, mover: token.mover, serial: token.serial, span })
  }
}

/** The holder's older tokens that `token` has all of, with all that is left of each. */
function replacedBy({ tokens }: TokenFile, token: Granted): Granted[] {
  const absorbed = tokens.near(token).filter((older) => older.mover === token.mover && absorbs(token, older))
  if (absorbed.length === 0) return absorbed
  // Of some there may be other pieces.
  const serials = new Set(absorbed.map(({ serial }) => serial))
  for (const other of tokens.all) if (serials.has(other.serial) && !absorbs(token, other)) serials.delete(other.serial)
  return absorbed.filter(({ serial }) => serials.has(serial))
}

function whatIsLeft(token: Granted, released: Span): Granted[] {
  if (token.kind === 'WF_R') return []
  const isRest = token.isRest || token.kind === 'WF_X'
  return without(token, released).map((piece) => ({
    ...piece,
    kind: isRest ? 'BR_W' : token.kind,
    isRest,
    asked: token.asked.filter((asked) => overlap(asked, piece)),
  }))
}

function told({ serial, kind, start, end }: Token): Token {
  return { serial, kind, start, end }
}

/** A reader of the whole file is content with what it needs while somebody else writes elsewhere, or is about to. */
function reducedKind(file: TokenFile, earlier: readonly Waiter[], { mover, kind }: Waiter): TokenKind {
  if (kind !== 'WF_R') return kind
  const writes = (other: { mover: MoverId; kind: TokenKind }): boolean => other.mover !== mover && other.kind === 'BR_W'
  return file.tokens.all.some(writes) || earlier.some(writes) ? 'BR_R' : 'WF_R'
}

function askedOf({ kind, need }: TokenRequest): Span & { kind: TokenKind } {
  return isWhole(kind) ? { kind, ...WHOLE } : { kind, start: need.start, end: need.end }
}

function isInTheWay(token: Granted, mover: MoverId, asked: Span & { kind: TokenKind }): boolean {
  return token.mover !== mover && conflict(token, asked)
}

/** What a request is granted: what it needs, and of what is free as much as suits it. */
function grow(
  file: TokenFile,
  { mover, need, exact }: Waiter,
  kind: TokenKind,
  waiting: readonly Waiter[],
): Span & { kind: TokenKind } {
  if (isWhole(kind)) return { kind, start: 0, end: FILE_END }
  const isOther = (one: { mover: MoverId }): boolean => one.mover !== mover
  const asked = [...waiting, ...file.queue].filter(isOther).map(askedOf)
  const free = (limits: Span): Span => {
    return freeAround(need, limits, kind, [...file.tokens.near(limits).filter(isOther), ...asked])
  }
  if (kind === 'BR_R') return { kind, ...free(WHOLE) }
  if (exact) file.growth = 0
  const step = file.growth
  if (step < WHOLE_FILE) file.growth++
  if (step === WHOLE_FILE && asked.length === 0 && !file.tokens.all.some(isOther)) return { kind: 'WF_X', ...WHOLE }
  const unit = GROWTH_BLOCKS[Math.min(step, WHOLE_FILE - 1)]
  const start = Math.floor(need.start / unit) * unit
  const end = Math.min(FILE_END, Math.ceil(need.end / unit) * unit)
  return { kind, ...joined(file, mover, free({ start, end })) }
}

/** One token in the place of several: with the writes that the mover holds beside it. */
function joined(file: TokenFile, mover: MoverId, span: Span): Span {
  let { start, end } = span
  for (let grew = true; grew; ) {
    grew = false
    for (const token of file.tokens.near({ start, end })) {
      const isOwn = token.mover === mover && token.kind === 'BR_W' && isUnasked(token)
      if (!isOwn || (token.start >= start && token.end <= end)) continue
      start = Math.min(start, token.start)
      end = Math.max(end, token.end)
      grew = true
    }
  }
  return { start, end }
}

/** The part of `limits` around `need` that meets none of `others`. */
function freeAround(need: Span, limits: Span, kind: TokenKind, others: readonly (Span & { kind: TokenKind })[]): Span {
  let { start, end } = limits
  for (const other of others) {
    if (!conflict(other, { kind, start, end })) continue
    if (overlap(other, need)) return { start: need.start, end: need.end }
    if (other.end <= need.start) start = Math.max(start, other.end)
    else end = Math.min(end, other.start)
  }
  return { start, end }
}
