import { failure, token_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import type { Failure } from '../failure.ts'
import type { TokenKind } from '../locks/token.ts'

/** Kinds of tokens on the wire. */
export const KIND_CODES = {
  WF_R: token_kind.WF_R,
  BR_R: token_kind.BR_R,
  BR_W: token_kind.BR_W,
  WF_X: token_kind.WF_X,
} as const satisfies Record<TokenKind, token_kind>

export const TOKEN_KINDS = {
  [token_kind.WF_R]: 'WF_R',
  [token_kind.BR_R]: 'BR_R',
  [token_kind.BR_W]: 'BR_W',
  [token_kind.WF_X]: 'WF_X',
} as const satisfies Record<token_kind, TokenKind>

/** The compiler sees to it that both have the same words. */
const NUMBERS: Readonly<Record<Failure | 'NONE', failure>> = failure
const WORDS = new Map<failure, Failure | null>(
  (Object.keys(failure) as (keyof typeof failure)[]).map((word) => [failure[word], word === 'NONE' ? null : word]),
)

/** Null: there was none. */
export function failureNumber(word: Failure | null): failure {
  return NUMBERS[word ?? 'NONE']
}

/** Null: there was none. */
export function failureWord(number: failure): Failure | null {
  return WORDS.get(number) ?? null
}
