import { cover, isWhole, type Span, type Token } from './token.ts'
import { TokenSet } from './token-set.ts'
import type { MoverId, TokenRequest } from './token-table.ts'

/** A token with its holder. */
export interface Granted extends Token {
  readonly mover: MoverId
  /** What the holder has been asked to give back. */
  readonly asked: Span[]
}

export interface Waiter extends TokenRequest {
  readonly mover: MoverId
}

/** The tokens of one file, and who waits for some, in the order of their asking. */
export class TokenFile {
  readonly tokens = new TokenSet<Granted>()
  queue: Waiter[] = []
  /** Index into `GROWTH_BLOCKS`: what the next write grant may grow to. Contention takes it back. */
  growth: number
  /** By mover: spans of which nothing has been asked back. */
  #unasked: Map<MoverId, number> | null = null

  constructor(growth: number) {
    this.growth = growth
  }

  /** How many tokens of a span, of which nothing has been asked back, a mover has. */
  unaskedOf(mover: MoverId): number {
    return this.#unasked?.get(mover) ?? 0
  }

  add(token: Granted): void {
    this.tokens.add(token)
    if (token.asked.length === 0) this.#count(token, 1)
  }

  remove(token: Granted): void {
    this.tokens.remove(token)
    if (token.asked.length === 0) this.#count(token, -1)
  }

  /** A span of a token is asked back; false when it has been already. */
  askBack(token: Granted, span: Span): boolean {
    if (cover(token.asked, span)) return false
    if (token.asked.length === 0) this.#count(token, -1)
    token.asked.push(span)
    return true
  }

  #count({ mover, kind }: Granted, by: number): void {
    if (isWhole(kind)) return
    this.#unasked ??= new Map()
    this.#unasked.set(mover, this.unaskedOf(mover) + by)
  }
}
