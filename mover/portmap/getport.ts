import { type mapping, PMAP_VERS_codecs } from '../../protocol/portmap/portmap.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { PortRegistry } from './registry.ts'

/** PMAPPROC_GETPORT (RFC 1833 §3.2): the port of a program, version and protocol; 0 when it is not registered. */
export function getport(registry: PortRegistry): Procedure<mapping, number> {
  return procedure(PMAP_VERS_codecs.PMAPPROC_GETPORT, {
    handle: ({ prog, vers, prot }) => registry.portOf(prog, vers, prot),
    fail: null,
    idempotent: true,
  })
}
