import { PMAP_VERS_codecs, type pmaplist_ptr } from '../../protocol/portmap/portmap.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import { type PortmapContext, PROTOCOL } from './context.ts'

/** PMAPPROC_DUMP (RFC 1833 §3.2): everything that is registered. */
export function dump({ registry }: PortmapContext): Procedure<undefined, pmaplist_ptr> {
  return procedure(PMAP_VERS_codecs.PMAPPROC_DUMP, {
    handle: () =>
      registry.registrations.map(({ program, version, transport, port }) => ({
        map: { prog: program, vers: version, prot: PROTOCOL[transport], port },
      })),
    fail: null,
    idempotent: true,
  })
}
