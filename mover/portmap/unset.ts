import { type mapping, PMAP_VERS_codecs } from '../../protocol/portmap/portmap.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'

/** PMAPPROC_UNSET (RFC 1833 §3.2): false, nothing was taken out. The mover's programs stay as long as it runs. */
export const unset: Procedure<mapping, boolean> = procedure(PMAP_VERS_codecs.PMAPPROC_UNSET, {
  handle: () => false,
  fail: null,
  idempotent: true,
})
