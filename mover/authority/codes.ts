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

/** Failures on the wire. */
export const FAILURE_CODES = {
  PERM: failure.PERM,
  NOENT: failure.NOENT,
  IO: failure.IO,
  ACCES: failure.ACCES,
  EXIST: failure.EXIST,
  XDEV: failure.XDEV,
  NOTDIR: failure.NOTDIR,
  ISDIR: failure.ISDIR,
  INVAL: failure.INVAL,
  FBIG: failure.FBIG,
  NOSPC: failure.NOSPC,
  ROFS: failure.ROFS,
  MLINK: failure.MLINK,
  NAMETOOLONG: failure.NAMETOOLONG,
  NOTEMPTY: failure.NOTEMPTY,
  DQUOT: failure.DQUOT,
  STALE: failure.STALE,
  BADHANDLE: failure.BADHANDLE,
  NOT_SYNC: failure.NOT_SYNC,
  BAD_COOKIE: failure.BAD_COOKIE,
  NOTSUPP: failure.NOTSUPP,
  TOOSMALL: failure.TOOSMALL,
  BADTYPE: failure.BADTYPE,
  DELAY: failure.DELAY,
  SERVERFAULT: failure.SERVERFAULT,
} as const satisfies Record<Failure, failure>

/** Failures by their numbers on the wire. */
export const FAILURES = Object.fromEntries(
  Object.entries(FAILURE_CODES).map(([name, code]) => [code, name]),
) as unknown as Record<failure, Failure>
