import { RPCBVERS4_codecs, type rpcb_stat_byvers } from '../../protocol/rpcbind/rpcbind.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { PortmapContext } from './context.ts'

/** RPCBPROC_GETSTAT (RFC 1833 §2.2.2): what has been asked of versions 2, 3 and 4 here. */
export function getstat({ statistics }: PortmapContext): Procedure<undefined, rpcb_stat_byvers> {
  return procedure(RPCBVERS4_codecs.RPCBPROC_GETSTAT, {
    handle: () => statistics.byVersion(),
    fail: null,
    idempotent: true,
  })
}
