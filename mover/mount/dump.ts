import { MOUNT_V3_codecs, type mountlist } from '../../protocol/mount/mount.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { MountList } from './mount-list.ts'

/** MOUNTPROC3_DUMP (RFC 1813 §5.2.2): the mount list, hosts by address. */
export function dump(mounts: MountList): Procedure<undefined, mountlist> {
  return procedure(MOUNT_V3_codecs.MOUNTPROC3_DUMP, {
    handle: () =>
      mounts.entries.map(({ host, directory }) => ({ ml_hostname: Buffer.from(host), ml_directory: directory })),
    fail: null,
    idempotent: true,
  })
}
