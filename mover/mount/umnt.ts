import { type dirpath, MOUNT_V3_codecs } from '../../protocol/mount/mount.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { MountList } from './mount-list.ts'

/** MOUNTPROC3_UMNT (RFC 1813 §5.2.3): takes one directory of this client off the mount list. Handles stay valid. */
export function umnt(mounts: MountList): Procedure<dirpath, undefined> {
  return procedure(MOUNT_V3_codecs.MOUNTPROC3_UMNT, {
    handle: (path, call) => {
      mounts.remove(call.address, path)
      return undefined
    },
    fail: null,
    idempotent: true,
  })
}
