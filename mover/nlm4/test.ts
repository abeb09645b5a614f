import type { RangeLock } from '../files/client-locks.ts'
import type { Call } from '../rpc/program.ts'
import type { NlmContext } from './context.ts'
import { holderOf, rangeOf } from './range.ts'
import { type NlmStatus, OUTCOME_STATUS } from './status.ts'
import type { NlmVersion, TestArgs, TestResult, WireHolder } from './version.ts'

/** NLM_TEST (C702 §10.3): what would a lock meet? */
export function test(nlm: NlmContext, version: NlmVersion): (args: TestArgs, call: Call) => TestResult {
  const { statuses } = version
  const result = (cookie: Uint8Array, status: NlmStatus, holder?: WireHolder): TestResult =>
    ({ cookie, test_stat: { stat: statuses[status], holder } }) as TestResult

  return ({ cookie, exclusive, alock }, call) => {
    const target = nlm.open(alock.fh, call)
    if (typeof target === 'string') return result(cookie, target)
    const range = rangeOf(version, alock)
    if (range === null) return result(cookie, 'FBIG')
    const { locks, ino } = target
    const { op } = nlm
    if (!locks.isAsked(op)) {
      const refusal = nlm.refusal(target, false)
      if (refusal !== null) return result(cookie, refusal)
    }
    const owner = nlm.owners.of(alock, call.address)
    const wanted: RangeLock = { kind: 'range', flavour: 'posix', owner, ...range, isExclusive: exclusive }
    const outcome = locks.test(op, ino, wanted)
    if (outcome.type === 'denied') return result(cookie, 'DENIED', holderOf(version, outcome.lock))
    return result(cookie, OUTCOME_STATUS[outcome.type])
  }
}
