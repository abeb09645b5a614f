import { cover, isWhole, type Span, type Token } from './token.ts'
import { TokenSet } from './token-set.ts'
import type { MoverId, TokenRequest } from './token-table.ts'

/** A token with its holder. */
export interface Granted extends Token {
  readonly mover: MoverId
  /** What the holder has been asked to give back; of the whole file all, and this first. */
  readonly asked: Span[]
  /** Left of a `WF_X` that its holder gives back in pieces. */
  readonly isRest: boolean
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
    if (isUnasked(token)) this.#count(token, 1)
  }

  remove(token: Granted): void {
    this.tokens.remove(token)
    if (isUnasked(token)) this.#count(token, -1)
  }

  /** A span of a token, or all of one of the whole file, is asked back; false when it has been already. */
  askBack(token: Granted, span: Span): boolean {
    if (isWhole(token.kind) ? token.asked.length > 0 : cover(token.asked, span)) return false
    if (isUnasked(token)) this.#count(token, -1)
    token.asked.push(span)
    return true
  }

  #count({ mover, kind }: Granted, by: number): void {
    if (isWhole(kind)) return
    this.#unasked ??= new Map()
    this.#unasked.set(mover, this.unaskedOf(mover) + by)
  }
}

/** True while the holder may keep all of a token, and others of its own be joined to it. */
export function isUnasked({ asked, isRest }: Granted): boolean {
  return asked.length === 0 && !isRest
}
