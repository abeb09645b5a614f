import { NLM_PROG } from '../../protocol/nlm4/nlm.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import type { Call } from '../rpc/program.ts'
import type { NlmContext } from './context.ts'
import type { NlmVersion } from './version.ts'

/**
 * A procedure whose name ends in _MSG (C702 §10.3): it returns nothing, and its result goes to the caller in a call of the
 * procedure that ends in _RES. What must be durable first holds back both.
 */
export function message<Args, Res>(
  nlm: NlmContext,
  { version }: NlmVersion,
  codec: ProcedureCodec<string, Res, undefined>,
  answer: (args: Args, call: Call) => Res,
): (args: Args, call: Call) => undefined {
  return (args, call) => {
    const result = copyCookie(answer(args, call))
    const { transport, localAddress, address } = call
    const send = (): void =>
      nlm.client.tell({ transport, localAddress, host: address }, { program: NLM_PROG, version, codec, args: result })
    const { barrier } = nlm.op
    if (barrier === null) send()
    else {
      nlm.op.barrier = {
        wait: (done) =>
          barrier.wait((failure) => {
            // Whoever hears nothing asks again.
            if (failure === null) send()
            done(failure)
          }),
      }
    }
    return undefined
  }
}

/** The cookie is a part of the call's bytes, which do not last until the port of the caller is known. */
function copyCookie<Res>(result: Res): Res {
  const { cookie } = result as { cookie: Uint8Array }
  return { ...result, cookie: cookie.slice() }
}
