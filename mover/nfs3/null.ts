import { NFS_V3_codecs } from '../../protocol/nfs3/nfs3.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'

/** RFC 1813 §3.3.0: does nothing. */
export function nullProcedure(): Procedure<undefined, undefined> {
  return procedure(NFS_V3_codecs.NFSPROC3_NULL, { handle: () => undefined, fail: null, idempotent: true })
}
