import { fsh_access, type nlm_share, type nlm_shareargs } from '../../protocol/nlm4/nlm.gen.ts'
import type { LockOwner, OpenLock } from '../files/client-locks.ts'
import type { Call } from '../rpc/program.ts'
import type { NlmContext, Target } from './context.ts'
import { NOT_SAID, TOO_MANY_LOCKS, TOO_MANY_NAMES } from './lock.ts'
import { isOwner, shareOwner } from './owner.ts'
import { type NlmStatus, OUTCOME_STATUS } from './status.ts'
import type { NlmVersion, ShareResult } from './version.ts'

type Answer = (args: nlm_shareargs, call: Call) => ShareResult

/** An owner has one reservation of a file: a second one takes its place. */
const ONLY = 0

/** NLM_SHARE (C702 §10.3): reserves access to a file, and denies it to others. */
export function share(nlm: NlmContext, version: NlmVersion): Answer {
  return respond(version, ({ share, reclaim }, call) => {
    const target = nlm.open(share.fh, call)
    if (typeof target === 'string') return target
    const { locks, ino } = target
    const wanted = openOf(share, call)
    if (!locks.isAsked(nlm.op)) {
      // As with LOCK.
      if (nlm.unasked.isVoid(call)) return 'GRACE'
      const unasked = { locks, ino, lock: wanted, state: NOT_SAID }
      const refusal = nlm.unasked.before(call, unasked, () => mayAsk(nlm, share, wanted.owner, target, call))
      if (refusal !== null) return refusal
    }
    const outcome = locks.lock(nlm.op, ino, wanted, reclaim ? 'reclaim' : 'try')
    return outcome.type === 'limit' ? nlm.noLocks('locks', call, TOO_MANY_LOCKS) : OUTCOME_STATUS[outcome.type]
  })
}

/** NLM_UNSHARE (C702 §10.3). */
export function unshare(nlm: NlmContext, version: NlmVersion): Answer {
  return respond(version, ({ share }, call) => {
    const target = nlm.open(share.fh, call)
    if (typeof target === 'string') return target
    const given = openOf(share, call)
    const { locks, ino } = target
    if (!locks.isAsked(nlm.op)) nlm.unasked.unshared(target, given)
    return OUTCOME_STATUS[locks.unlock(nlm.op, ino, given).type]
  })
}

/** What is looked at before anything is asked. */
function mayAsk(nlm: NlmContext, share: nlm_share, owner: LockOwner, target: Target, call: Call): NlmStatus | null {
  const isForWriting = share.access === fsh_access.fsa_W || share.access === fsh_access.fsa_RW
  const refusal = nlm.refusal(target, isForWriting)
  if (refusal !== null) return refusal
  if (!isOwner(share)) return 'FAILED'
  if (nlm.caller(share, owner, call) === null) return nlm.noLocks('names', call, TOO_MANY_NAMES)
  return null
}

function respond({ statuses }: NlmVersion, answer: (args: nlm_shareargs, call: Call) => NlmStatus): Answer {
  return (args, call) => ({ cookie: args.cookie, stat: statuses[answer(args, call)], sequence: 0 }) as ShareResult
}

/** The bits of reading and writing are the wire's. */
function openOf(share: nlm_share, { address }: Call): OpenLock {
  const { access, mode: deny } = share
  return { kind: 'open', owner: shareOwner(share, address), id: ONLY, access, deny }
}
