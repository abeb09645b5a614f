import { type mapping, PMAP_VERS_codecs } from '../../protocol/portmap/portmap.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'

/** PMAPPROC_SET (RFC 1833 §3.2): false, nothing was registered. Only the mover's own programs are, by the mover. */
export const set: Procedure<mapping, boolean> = procedure(PMAP_VERS_codecs.PMAPPROC_SET, {
  handle: () => false,
  fail: null,
  idempotent: true,
})
