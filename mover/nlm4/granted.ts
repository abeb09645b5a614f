import type { Call } from '../rpc/program.ts'
import type { NlmContext } from './context.ts'
import type { NlmVersion, Result, TestArgs } from './version.ts'

/** NLM_GRANTED (C702 §10.3), which servers call: nobody here waits for a lock. */
export function granted({ statuses }: NlmVersion): (args: TestArgs, call: Call) => Result {
  return ({ cookie }) => ({ cookie, stat: { stat: statuses.DENIED } }) as Result
}

/** NLM_GRANTED_RES (C702 §10.3): a client has understood a GRANTED_MSG. */
export function grantedResult(nlm: NlmContext): (result: Result, call: Call) => undefined {
  return ({ cookie, stat }, { address }) => {
    nlm.grants.answered(address, cookie, stat.stat)
    return undefined
  }
}
