import type { nlm_notify } from '../../protocol/nlm4/nlm.gen.ts'
import type { Call } from '../rpc/program.ts'
import type { NlmContext } from './context.ts'
import { textOf } from './owner.ts'

/** NLM_FREE_ALL (C702 §10.3): a client that is not monitored has started anew. */
export function freeAll(nlm: NlmContext): (args: nlm_notify, call: Call) => undefined {
  return ({ name }, call) => {
    nlm.restarts.heard(textOf(name), null, call)
    return undefined
  }
}
