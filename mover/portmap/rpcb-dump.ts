import { RPCBVERS_codecs, type rpcblist_ptr } from '../../protocol/rpcbind/rpcbind.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { PortmapContext } from './context.ts'
import { addressBytes, netConfig } from './registry.ts'

/** Who has registered everything here; rpcbind says superuser or a user id. */
const OWNER = Buffer.from('superuser')

/** RPCBPROC_DUMP (RFC 1833 §2.2.1): everything that is registered, at the address that the call came to. */
export function rpcbDump({ registry }: PortmapContext): Procedure<undefined, rpcblist_ptr> {
  return procedure(RPCBVERS_codecs.RPCBPROC_DUMP, {
    handle: (_args, { localAddress }) =>
      registry.registrations.map(({ program, version, transport, port }) => ({
        rpcb_map: {
          r_prog: program,
          r_vers: version,
          r_netid: Buffer.from(netConfig(transport, localAddress).netid),
          r_addr: addressBytes(localAddress, port),
          r_owner: OWNER,
        },
      })),
    fail: null,
    idempotent: true,
  })
}
