import { type dirpath, MOUNT_V3_codecs, type mountres3, mountstat3 } from '../../protocol/mount/mount.gen.ts'
import { auth_flavor } from '../../protocol/rpc/rpc.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { MountBackend } from './backend.ts'
import type { MountList } from './mount-list.ts'
import { MOUNT_STATUS } from './status.ts'

/** MOUNTPROC3_MNT (RFC 1813 §5.2.1): the file handle of a directory, and the authentication it takes. */
export function mnt(backend: MountBackend, mounts: MountList): Procedure<dirpath, mountres3> {
  return procedure(MOUNT_V3_codecs.MOUNTPROC3_MNT, {
    handle: (path, call) => {
      const fhandle = backend.resolve(path, call)
      if (typeof fhandle === 'string') return { fhs_status: MOUNT_STATUS[fhandle] }
      mounts.add(call.address, path)
      return { fhs_status: mountstat3.MNT3_OK, mountinfo: { fhandle, auth_flavors: [auth_flavor.AUTH_SYS] } }
    },
    fail: (failure) => ({ fhs_status: MOUNT_STATUS[failure] }),
    idempotent: true,
    isError: ({ fhs_status }) => fhs_status !== mountstat3.MNT3_OK,
  })
}
