import { RPCBVERS_codecs, type rpcb, type uaddr } from '../../protocol/rpcbind/rpcbind.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { PortmapContext } from './context.ts'
import { addressBytes } from './registry.ts'

/**
 * RPCBPROC_GETADDR of `version` (RFC 1833 §2.2.1, §2.2.2): the universal address of a program on the transport that the
 * call came over, whatever r_netid says; empty when it is not registered.
 */
export function getaddr({ registry, statistics }: PortmapContext, version: number): Procedure<rpcb, uaddr> {
  return procedure(RPCBVERS_codecs.RPCBPROC_GETADDR, {
    handle: ({ r_prog, r_vers }, { transport, localAddress }) => {
      const port = registry.portOf(r_prog, r_vers, transport)
      statistics.asked(version, r_prog, r_vers, transport, port)
      return addressBytes(localAddress, port)
    },
    fail: null,
    idempotent: true,
  })
}
