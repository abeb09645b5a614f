import { nlm_stats, nlm4_stats } from '../../protocol/nlm4/nlm.gen.ts'
import type { Failure } from '../failure.ts'
import type { LockOutcome } from '../files/client-locks.ts'

/** What has become of a call, in no version's numbers. */
export type NlmStatus =
  | 'GRANTED'
  | 'DENIED'
  | 'NOLOCKS'
  | 'BLOCKED'
  | 'GRACE'
  | 'DEADLOCK'
  | 'ROFS'
  | 'STALE'
  | 'FBIG'
  | 'FAILED'

/** RFC 1813 §6.1 nlm4_stats. */
export const NLM4_STATUS = {
  GRANTED: nlm4_stats.NLM4_GRANTED,
  DENIED: nlm4_stats.NLM4_DENIED,
  NOLOCKS: nlm4_stats.NLM4_DENIED_NOLOCKS,
  BLOCKED: nlm4_stats.NLM4_BLOCKED,
  GRACE: nlm4_stats.NLM4_DENIED_GRACE_PERIOD,
  DEADLOCK: nlm4_stats.NLM4_DEADLCK,
  ROFS: nlm4_stats.NLM4_ROFS,
  STALE: nlm4_stats.NLM4_STALE_FH,
  FBIG: nlm4_stats.NLM4_FBIG,
  FAILED: nlm4_stats.NLM4_FAILED,
} as const satisfies Record<NlmStatus, nlm4_stats>

/**
 * C702 §10.2 nlm_stats, of versions 1 and 3, which have fewer: what is no use trying again has no locks, as with Linux; a
 * deadlock is denied. Nothing else may be, since TEST says with that status what is in the way.
 */
export const NLM_STATUS = {
  GRANTED: nlm_stats.LCK_GRANTED,
  DENIED: nlm_stats.LCK_DENIED,
  NOLOCKS: nlm_stats.LCK_DENIED_NOLOCKS,
  BLOCKED: nlm_stats.LCK_BLOCKED,
  GRACE: nlm_stats.LCK_DENIED_GRACE_PERIOD,
  DEADLOCK: nlm_stats.LCK_DENIED,
  ROFS: nlm_stats.LCK_DENIED_NOLOCKS,
  STALE: nlm_stats.LCK_DENIED_NOLOCKS,
  FBIG: nlm_stats.LCK_DENIED_NOLOCKS,
  FAILED: nlm_stats.LCK_DENIED_NOLOCKS,
} as const satisfies Record<NlmStatus, nlm_stats>

/**
 * Of every outcome. A reclaim when there is nothing to reclaim is answered as one that comes too late (C702 §10.3 NLM_LOCK);
 * whoever gives up what it does not have has given it up.
 */
export const OUTCOME_STATUS = {
  granted: 'GRANTED',
  denied: 'DENIED',
  waiting: 'BLOCKED',
  deadlock: 'DEADLOCK',
  grace: 'GRACE',
  noGrace: 'GRACE',
  limit: 'NOLOCKS',
  notHeld: 'GRANTED',
  gone: 'STALE',
} as const satisfies Record<LockOutcome['type'], NlmStatus>

/** Of every failure. What passes by itself is answered as a time of grace: clients try again. */
export const FAILURE_STATUS = {
  PERM: 'FAILED',
  NOENT: 'STALE',
  IO: 'FAILED',
  ACCES: 'FAILED',
  EXIST: 'FAILED',
  XDEV: 'FAILED',
  NOTDIR: 'FAILED',
  ISDIR: 'FAILED',
  INVAL: 'FAILED',
  FBIG: 'FBIG',
  NOSPC: 'NOLOCKS',
  ROFS: 'ROFS',
  MLINK: 'FAILED',
  NAMETOOLONG: 'FAILED',
  NOTEMPTY: 'FAILED',
  DQUOT: 'NOLOCKS',
  STALE: 'STALE',
  BADHANDLE: 'STALE',
  NOT_SYNC: 'FAILED',
  BAD_COOKIE: 'FAILED',
  NOTSUPP: 'FAILED',
  TOOSMALL: 'FAILED',
  BADTYPE: 'FAILED',
  DELAY: 'GRACE',
  SERVERFAULT: 'FAILED',
} as const satisfies Record<Failure, NlmStatus>
