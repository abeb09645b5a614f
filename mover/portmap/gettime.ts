import { RPCBVERS_codecs } from '../../protocol/rpcbind/rpcbind.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { PortmapContext } from './context.ts'

/** RPCBPROC_GETTIME (RFC 1833 §2.2.1): the time here, in seconds since 1970. */
export function gettime({ environment }: PortmapContext): Procedure<undefined, number> {
  return procedure(RPCBVERS_codecs.RPCBPROC_GETTIME, {
    handle: () => Math.floor(environment.wallMs() / 1000),
    fail: null,
    idempotent: true,
  })
}
