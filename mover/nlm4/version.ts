import {
  NLM_VERS,
  NLM_VERS_codecs,
  NLM_VERSX,
  NLM_VERSX_codecs,
  NLM4_VERS,
  NLM4_VERS_codecs,
  type nlm_cancargs,
  type nlm_holder,
  type nlm_lock,
  type nlm_lockargs,
  type nlm_notify,
  type nlm_res,
  type nlm_shareargs,
  type nlm_shareres,
  type nlm_testargs,
  type nlm_testres,
  type nlm_unlockargs,
  type nlm4_cancargs,
  type nlm4_holder,
  type nlm4_lock,
  type nlm4_lockargs,
  type nlm4_res,
  type nlm4_shareres,
  type nlm4_stats,
  type nlm4_testargs,
  type nlm4_testres,
  type nlm4_unlockargs,
} from '../../protocol/nlm4/nlm.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { NLM_STATUS, NLM4_STATUS, type NlmStatus } from './status.ts'

export type WireLock = nlm_lock | nlm4_lock
export type WireHolder = nlm_holder | nlm4_holder
export type TestArgs = nlm_testargs | nlm4_testargs
export type LockArgs = nlm_lockargs | nlm4_lockargs
export type CancelArgs = nlm_cancargs | nlm4_cancargs
export type UnlockArgs = nlm_unlockargs | nlm4_unlockargs
export type TestResult = nlm_testres | nlm4_testres
export type Result = nlm_res | nlm4_res
export type ShareResult = nlm_shareres | nlm4_shareres

type Codec<Args, Res> = ProcedureCodec<string, Args, Res>

/** The procedures of all versions. */
export interface NlmCodecs {
  TEST: Codec<TestArgs, TestResult>
  LOCK: Codec<LockArgs, Result>
  CANCEL: Codec<CancelArgs, Result>
  UNLOCK: Codec<UnlockArgs, Result>
  GRANTED: Codec<TestArgs, Result>
  TEST_MSG: Codec<TestArgs, undefined>
  LOCK_MSG: Codec<LockArgs, undefined>
  CANCEL_MSG: Codec<CancelArgs, undefined>
  UNLOCK_MSG: Codec<UnlockArgs, undefined>
  GRANTED_MSG: Codec<TestArgs, undefined>
  TEST_RES: Codec<TestResult, undefined>
  LOCK_RES: Codec<Result, undefined>
  CANCEL_RES: Codec<Result, undefined>
  UNLOCK_RES: Codec<Result, undefined>
  GRANTED_RES: Codec<Result, undefined>
}

/** Those that version 1 does not have. */
export interface NlmLaterCodecs {
  SHARE: Codec<nlm_shareargs, ShareResult>
  UNSHARE: Codec<nlm_shareargs, ShareResult>
  NM_LOCK: Codec<LockArgs, Result>
  FREE_ALL: Codec<nlm_notify, undefined>
}

/** What tells the versions apart. */
export interface NlmVersion {
  version: number
  codecs: NlmCodecs
  later: NlmLaterCodecs | null
  /** Numbers of version 4, which all others are among. */
  statuses: Readonly<Record<NlmStatus, nlm4_stats>>
  /** Behind the last byte that an offset and a length can name. */
  sizeLimit: bigint
  /** An offset or a length as it stands on the wire. */
  wireOffset(value: bigint): number | bigint
}

const ONE = NLM_VERS_codecs
const THREE = NLM_VERSX_codecs
const FOUR = NLM4_VERS_codecs

const CODECS: NlmCodecs = {
  TEST: ONE.NLM_TEST,
  LOCK: ONE.NLM_LOCK,
  CANCEL: ONE.NLM_CANCEL,
  UNLOCK: ONE.NLM_UNLOCK,
  GRANTED: ONE.NLM_GRANTED,
  TEST_MSG: ONE.NLM_TEST_MSG,
  LOCK_MSG: ONE.NLM_LOCK_MSG,
  CANCEL_MSG: ONE.NLM_CANCEL_MSG,
  UNLOCK_MSG: ONE.NLM_UNLOCK_MSG,
  GRANTED_MSG: ONE.NLM_GRANTED_MSG,
  TEST_RES: ONE.NLM_TEST_RES,
  LOCK_RES: ONE.NLM_LOCK_RES,
  CANCEL_RES: ONE.NLM_CANCEL_RES,
  UNLOCK_RES: ONE.NLM_UNLOCK_RES,
  GRANTED_RES: ONE.NLM_GRANTED_RES,
}

const CODECS_4: NlmCodecs = {
  TEST: FOUR.NLMPROC4_TEST,
  LOCK: FOUR.NLMPROC4_LOCK,
  CANCEL: FOUR.NLMPROC4_CANCEL,
  UNLOCK: FOUR.NLMPROC4_UNLOCK,
  GRANTED: FOUR.NLMPROC4_GRANTED,
  TEST_MSG: FOUR.NLMPROC4_TEST_MSG,
  LOCK_MSG: FOUR.NLMPROC4_LOCK_MSG,
  CANCEL_MSG: FOUR.NLMPROC4_CANCEL_MSG,
  UNLOCK_MSG: FOUR.NLMPROC4_UNLOCK_MSG,
  GRANTED_MSG: FOUR.NLMPROC4_GRANTED_MSG,
  TEST_RES: FOUR.NLMPROC4_TEST_RES,
  LOCK_RES: FOUR.NLMPROC4_LOCK_RES,
  CANCEL_RES: FOUR.NLMPROC4_CANCEL_RES,
  UNLOCK_RES: FOUR.NLMPROC4_UNLOCK_RES,
  GRANTED_RES: FOUR.NLMPROC4_GRANTED_RES,
}

const LATER: NlmLaterCodecs = {
  SHARE: THREE.NLM_SHARE,
  UNSHARE: THREE.NLM_UNSHARE,
  NM_LOCK: THREE.NLM_NM_LOCK,
  FREE_ALL: THREE.NLM_FREE_ALL,
}

const LATER_4: NlmLaterCodecs = {
  SHARE: FOUR.NLMPROC4_SHARE,
  UNSHARE: FOUR.NLMPROC4_UNSHARE,
  NM_LOCK: FOUR.NLMPROC4_NM_LOCK,
  FREE_ALL: FOUR.NLMPROC4_FREE_ALL,
}

/** Versions 1 and 3: C702 chapter 10. */
const SHORT = { codecs: CODECS, statuses: NLM_STATUS, sizeLimit: 2n ** 32n, wireOffset: Number }

/** Version 2 is another protocol, of Sun's own lock managers. */
export const NLM_VERSIONS: readonly NlmVersion[] = [
  { ...SHORT, version: NLM_VERS, later: null },
  { ...SHORT, version: NLM_VERSX, later: LATER },
  {
    version: NLM4_VERS,
    codecs: CODECS_4,
    later: LATER_4,
    statuses: NLM4_STATUS,
    sizeLimit: 2n ** 64n,
    wireOffset: (value) => value,
  },
]
