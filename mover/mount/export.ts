import type { exports } from '../../protocol/mount/mount.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { MountBackend } from './backend.ts'

/** EXPORT (RFC 1813 §5.2.5, RFC 1094 §A.5): what is exported, and to whom. */
export function exportList(
  codec: ProcedureCodec<string, undefined, exports>,
  backend: MountBackend,
): Procedure<undefined, exports> {
  return procedure(codec, {
    handle: () =>
      backend.exports().map(({ path, clients }) => ({
        ex_dir: path,
        ex_groups: clients.map((gr_name) => ({ gr_name })),
      })),
    fail: null,
    idempotent: true,
  })
}
