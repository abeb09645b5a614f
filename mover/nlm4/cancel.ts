import type { RangeLock } from '../files/client-locks.ts'
import type { Call } from '../rpc/program.ts'
import type { NlmContext } from './context.ts'
import { rangeOf } from './range.ts'
import { type NlmStatus, OUTCOME_STATUS } from './status.ts'
import type { CancelArgs, NlmVersion, Result } from './version.ts'

/**
 * NLM_CANCEL (C702 §10.3): a client does not wait any more. DENIED when it has the lock already, whether it is about to be told
 * or has been: it then has to unlock it.
 */
export function cancel(nlm: NlmContext, version: NlmVersion): (args: CancelArgs, call: Call) => Result {
  const answer = ({ alock, exclusive }: CancelArgs, call: Call): NlmStatus => {
    const target = nlm.open(alock.fh, call)
    if (typeof target === 'string') return target
    const range = rangeOf(version, alock)
    if (range === null) return 'FBIG'
    const { locks, waiters, ino } = target
    const owner = nlm.owners.of(alock, call.address)
    const wanted: RangeLock = { kind: 'range', flavour: 'posix', owner, ...range, isExclusive: exclusive }
    if (!locks.isAsked(nlm.op)) nlm.unasked.cancelled(target, wanted)
    const outcome = locks.cancel(nlm.op, ino, wanted)
    const isTold = waiters.forget(ino, wanted)
    return outcome.type === 'notHeld' && (isTold || locks.holds(ino, wanted)) ? 'DENIED' : OUTCOME_STATUS[outcome.type]
  }
  return (args, call) => {
    return { cookie: args.cookie, stat: { stat: version.statuses[answer(args, call)] } } as Result
  }
}
