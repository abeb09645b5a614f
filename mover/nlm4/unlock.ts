import type { RangeLock } from '../files/client-locks.ts'
import type { Call } from '../rpc/program.ts'
import type { NlmContext } from './context.ts'
import { rangeOf } from './range.ts'
import { type NlmStatus, OUTCOME_STATUS } from './status.ts'
import type { NlmVersion, Result, UnlockArgs } from './version.ts'

/** NLM_UNLOCK (C702 §10.3): what the owner has of these bytes goes; that it has nothing is no failure. */
export function unlock(nlm: NlmContext, version: NlmVersion): (args: UnlockArgs, call: Call) => Result {
  const answer = ({ alock }: UnlockArgs, call: Call): NlmStatus => {
    const target = nlm.open(alock.fh, call)
    if (typeof target === 'string') return target
    const range = rangeOf(version, alock)
    if (range === null) return 'FBIG'
    const owner = nlm.owners.of(alock, call.address)
    const { start, end } = range
    const given: RangeLock = { kind: 'range', flavour: 'posix', owner, start, end, isExclusive: false }
    const { locks, waiters, ino } = target
    if (!locks.isAsked(nlm.op)) nlm.unasked.unlocked(target, given)
    const outcome = locks.unlock(nlm.op, ino, given)
    waiters.unlocked(ino, given)
    return outcome.type === 'limit' ? nlm.noPieces(call) : OUTCOME_STATUS[outcome.type]
  }
  return (args, call) => {
    return { cookie: args.cookie, stat: { stat: version.statuses[answer(args, call)] } } as Result
  }
}
