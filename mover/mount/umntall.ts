import { MOUNT_V3_codecs } from '../../protocol/mount/mount.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { MountList } from './mount-list.ts'

/** MOUNTPROC3_UMNTALL (RFC 1813 §5.2.4): takes all directories of this client off the mount list. */
export function umntall(mounts: MountList): Procedure<undefined, undefined> {
  return procedure(MOUNT_V3_codecs.MOUNTPROC3_UMNTALL, {
    handle: (_args, call) => {
      mounts.removeAll(call.address)
      return undefined
    },
    fail: null,
    idempotent: true,
  })
}
