import { type mapping, PMAP_VERS, PMAP_VERS_codecs } from '../../protocol/portmap/portmap.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import { type PortmapContext, transportOf } from './context.ts'

/** PMAPPROC_GETPORT (RFC 1833 §3.2): the port of a program, version and protocol; 0 when it is not registered. */
export function getport({ registry, statistics }: PortmapContext): Procedure<mapping, number> {
  return procedure(PMAP_VERS_codecs.PMAPPROC_GETPORT, {
    handle: ({ prog, vers, prot }) => {
      const transport = transportOf(prot)
      if (transport === null) return 0
      const port = registry.portOf(prog, vers, transport)
      statistics.asked(PMAP_VERS, prog, vers, transport, port)
      return port
    },
    fail: null,
    idempotent: true,
  })
}
