import { type exports, MOUNT_V3_codecs } from '../../protocol/mount/mount.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { MountBackend } from './backend.ts'

/** MOUNTPROC3_EXPORT (RFC 1813 §5.2.5): what is exported, and to whom. */
export function exportList(backend: MountBackend): Procedure<undefined, exports> {
  return procedure(MOUNT_V3_codecs.MOUNTPROC3_EXPORT, {
    handle: () =>
      backend.exports().map(({ path, clients }) => ({
        ex_dir: path,
        ex_groups: clients.map((gr_name) => ({ gr_name })),
      })),
    fail: null,
    idempotent: true,
  })
}
