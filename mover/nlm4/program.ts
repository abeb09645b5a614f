import { NLM_PROG } from '../../protocol/nlm4/nlm.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Call, Procedure, Program } from '../rpc/program.ts'
import { NULL_PROCEDURE } from '../rpc/served.ts'
import { cancel } from './cancel.ts'
import type { NlmContext } from './context.ts'
import { freeAll } from './free-all.ts'
import { granted, grantedResult } from './granted.ts'
import { type LockKind, lock } from './lock.ts'
import { message } from './message.ts'
import { share, unshare } from './share.ts'
import { test } from './test.ts'
import { unlock } from './unlock.ts'
import { NLM_VERSIONS, type NlmVersion } from './version.ts'

type Procedures = Program['procedures'][number][]

const SYNCHRONOUS: LockKind = { isMessage: false, isMonitored: true }
const BY_MESSAGE: LockKind = { isMessage: true, isMonitored: true }
const NOT_MONITORED: LockKind = { isMessage: false, isMonitored: false }

/** The network lock manager, versions 1, 3 and 4 (C702 §10.3, RFC 1813 §6.2). */
export function nlmPrograms(nlm: NlmContext): Program[] {
  return NLM_VERSIONS.map((version) => ({
    program: NLM_PROG,
    version: version.version,
    name: 'nlm',
    procedures: procedures(nlm, version),
    datagrams: true,
  }))
}

function procedures(nlm: NlmContext, version: NlmVersion): Procedures {
  const { codecs, later } = version
  const table: Procedures = [NULL_PROCEDURE]
  const add = <Args, Res>(codec: ProcedureCodec<string, Args, Res>, handle: (args: Args, call: Call) => Res): void => {
    table[codec.number] = serve(nlm, codec, handle)
  }
  add(codecs.TEST, test(nlm, version))
  add(codecs.LOCK, lock(nlm, version, SYNCHRONOUS))
  add(codecs.CANCEL, cancel(nlm, version))
  add(codecs.UNLOCK, unlock(nlm, version))
  add(codecs.GRANTED, granted(version))
  add(codecs.TEST_MSG, message(nlm, version, codecs.TEST_RES, test(nlm, version)))
  add(codecs.LOCK_MSG, message(nlm, version, codecs.LOCK_RES, lock(nlm, version, BY_MESSAGE)))
  add(codecs.CANCEL_MSG, message(nlm, version, codecs.CANCEL_RES, cancel(nlm, version)))
  add(codecs.UNLOCK_MSG, message(nlm, version, codecs.UNLOCK_RES, unlock(nlm, version)))
  add(codecs.GRANTED_MSG, message(nlm, version, codecs.GRANTED_RES, granted(version)))
  // Results of what is never asked here.
  for (const codec of [codecs.LOCK_RES, codecs.CANCEL_RES, codecs.UNLOCK_RES]) add(codec, ignore)
  add(codecs.TEST_RES, ignore)
  add(codecs.GRANTED_RES, grantedResult(nlm))
  if (later === null) return table
  add(later.SHARE, share(nlm, version))
  add(later.UNSHARE, unshare(nlm, version))
  add(later.NM_LOCK, lock(nlm, version, NOT_MONITORED))
  add(later.FREE_ALL, freeAll(nlm))
  return table
}

function ignore(): undefined {
  return undefined
}

/** A retransmission finds what the call has done: an owner is never in its own way. */
function serve<Args, Res>(
  nlm: NlmContext,
  codec: ProcedureCodec<string, Args, Res>,
  handle: (args: Args, call: Call) => Res,
): Procedure<Args, Res> {
  return procedure(codec, {
    handle: (args, call) => nlm.run(call, () => handle(args, call)),
    fail: null,
    idempotent: true,
  })
}
