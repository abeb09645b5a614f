import type { LockOwner, RangeLock } from '../files/client-locks.ts'
import type { Call } from '../rpc/program.ts'
import type { NlmContext, Target } from './context.ts'
import type { GrantCall } from './grants.ts'
import { isOwner } from './owner.ts'
import { rangeOf } from './range.ts'
import { FAILURE_STATUS, type NlmStatus, OUTCOME_STATUS } from './status.ts'
import type { LockArgs, NlmVersion, Result, WireLock } from './version.ts'

/** How LOCK, LOCK_MSG and NM_LOCK differ. */
export interface LockKind {
  /** Who waits is told by a message of its own, not by a call that it answers. */
  isMessage: boolean
  /**
   * The client has a status monitor, whose state it tells. One that has none says itself when it has started anew (FREE_ALL),
   * and does not wait: it asks again.
   */
  isMonitored: boolean
}

/** NLM_LOCK, NLM_LOCK_MSG (C702 §10.3): a lock of bytes; one that has to wait is answered BLOCKED, and told later. */
export function lock(nlm: NlmContext, version: NlmVersion, kind: LockKind): (args: LockArgs, call: Call) => Result {
  return (args, call) => {
    const status = answer(nlm, version, kind, args, call)
    return { cookie: args.cookie, stat: { stat: version.statuses[status] } } as Result
  }
}

function answer(nlm: NlmContext, version: NlmVersion, kind: LockKind, args: LockArgs, call: Call): NlmStatus {
  const { alock, exclusive, block, reclaim } = args
  const target = nlm.open(alock.fh, call)
  if (typeof target === 'string') return target
  const range = rangeOf(version, alock)
  if (range === null) return 'FBIG'
  const { locks, waiters, ino } = target
  const { op } = nlm
  const owner = nlm.owners.of(alock, call.address)
  const { start, end } = range
  const wanted: RangeLock = { kind: 'range', flavour: 'posix', owner, start, end, isExclusive: exclusive }
  if (!locks.isAsked(op)) {
    // Whoever still wants it, against all appearances, asks again.
    if (nlm.unasked.isVoid(call)) return 'GRACE'
    const unasked = { locks, ino, lock: wanted, state: kind.isMonitored ? args.state : NOT_SAID }
    const refusal = nlm.unasked.before(call, unasked, () => mayAsk(nlm, kind, args, owner, target, call))
    if (refusal !== null) return refusal
  }
  const wouldWait = block && kind.isMonitored
  const mayWait = wouldWait && waiters.hasRoomFor(call.address, ino, wanted)
  const outcome = locks.lock(op, ino, wanted, reclaim ? 'reclaim' : mayWait ? 'wait' : 'try')
  if (outcome.type === 'waiting') {
    waiters.add(outcome.waiter, ino, wanted, grantCall(version, kind, alock, exclusive, call))
  } else if (outcome.type === 'granted') waiters.answered(ino, wanted)
  // It would wait if there were room.
  else if (outcome.type === 'denied' && wouldWait && !reclaim)
    return nlm.noLocks('waiting', call, 'waits for too many already')
  else if (outcome.type === 'limit') return nlm.noLocks('locks', call, TOO_MANY_LOCKS)
  return OUTCOME_STATUS[outcome.type]
}

/** The state of a client that does not tell it. */
export const NOT_SAID = 0
/** Why a lock is refused that is in nobody's way. */
export const TOO_MANY_LOCKS = 'has too many, or waits for too many, or all have too many'
/** Why a client is not known. */
export const TOO_MANY_NAMES = 'calls itself by too many names, or too many others do'

/** What is looked at before anything is asked. */
function mayAsk(
  nlm: NlmContext,
  { isMonitored }: LockKind,
  { alock, exclusive, reclaim, state }: LockArgs,
  owner: LockOwner,
  target: Target,
  call: Call,
): NlmStatus | null {
  const refusal = nlm.refusal(target, exclusive)
  if (refusal !== null) return refusal
  if (!isOwner(alock)) return 'FAILED'
  const client = nlm.caller(alock, owner, call)
  if (client === null) return nlm.noLocks('names', call, TOO_MANY_NAMES)
  if (isMonitored) nlm.sawState(client, state)
  const failure = isMonitored ? nlm.remember(target, client, call) : null
  // Where nothing can be written, nothing has been dropped: who has had locks is still remembered.
  const isRemembered = failure === null || (failure === 'ROFS' && reclaim)
  return isRemembered ? null : FAILURE_STATUS[failure]
}

/** A copy: the call's bytes do not last. */
function grantCall(
  version: NlmVersion,
  { isMessage }: LockKind,
  alock: WireLock,
  exclusive: boolean,
  { transport, localAddress, address }: Call,
): GrantCall {
  const { caller_name, fh, oh } = alock
  const copied = { ...alock, caller_name: caller_name.slice(), fh: fh.slice(), oh: oh.slice() }
  return {
    address: { transport, localAddress, host: address },
    version,
    isMessage,
    args: { exclusive, alock: copied } as GrantCall['args'],
  }
}
