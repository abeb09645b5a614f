import { RPCBVERS4_codecs, type rpcb, type rpcb_entry_list_ptr } from '../../protocol/rpcbind/rpcbind.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { PortmapContext } from './context.ts'
import { addressBytes, netConfig } from './registry.ts'

/** RPCBPROC_GETADDRLIST (RFC 1833 §2.2.2): all addresses of just this version of a program, on all transports. */
export function getaddrlist({ registry }: PortmapContext): Procedure<rpcb, rpcb_entry_list_ptr> {
  return procedure(RPCBVERS4_codecs.RPCBPROC_GETADDRLIST, {
    handle: ({ r_prog, r_vers }, { localAddress }) =>
      registry.registrations
        .filter(({ program, version }) => program === r_prog && version === r_vers)
        .map(({ transport, port }) => {
          const { netid, family, semantics } = netConfig(transport, localAddress)
          return {
            rpcb_entry_map: {
              r_maddr: addressBytes(localAddress, port),
              r_nc_netid: Buffer.from(netid),
              r_nc_semantics: semantics,
              r_nc_protofmly: Buffer.from(family),
              r_nc_proto: Buffer.from(transport),
            },
          }
        }),
    fail: null,
    idempotent: true,
  })
}
