import { RPCBVERS4, RPCBVERS4_codecs, type rpcb, type uaddr } from '../../protocol/rpcbind/rpcbind.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { PortmapContext } from './context.ts'
import { addressBytes } from './registry.ts'

/** RPCBPROC_GETVERSADDR (RFC 1833 §2.2.2): as GETADDR, of just this version of the program. */
export function getversaddr({ registry, statistics }: PortmapContext): Procedure<rpcb, uaddr> {
  return procedure(RPCBVERS4_codecs.RPCBPROC_GETVERSADDR, {
    handle: ({ r_prog, r_vers }, { transport, localAddress }) => {
      const port = registry.exactPortOf(r_prog, r_vers, transport)
      statistics.asked(RPCBVERS4, r_prog, r_vers, transport, port)
      return addressBytes(localAddress, port)
    },
    fail: null,
    idempotent: true,
  })
}
