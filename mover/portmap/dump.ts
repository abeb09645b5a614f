import { PMAP_VERS_codecs, type pmaplist_ptr } from '../../protocol/portmap/portmap.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { PortRegistry } from './registry.ts'

/** PMAPPROC_DUMP (RFC 1833 §3.2): everything that is registered. */
export function dump(registry: PortRegistry): Procedure<undefined, pmaplist_ptr> {
  return procedure(PMAP_VERS_codecs.PMAPPROC_DUMP, {
    handle: () => registry.mappings.map((map) => ({ map })),
    fail: null,
    idempotent: true,
  })
}
