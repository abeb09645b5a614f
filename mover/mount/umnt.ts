import type { dirpath } from '../../protocol/mount/mount.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { MountList } from './mount-list.ts'

/**
 * UMNT (RFC 1813 §5.2.3, RFC 1094 §A.5): takes one directory of this client off the mount list. Handles stay valid.
 */
export function umnt(
  codec: ProcedureCodec<string, dirpath, undefined>,
  mounts: MountList,
): Procedure<dirpath, undefined> {
  return procedure(codec, {
    handle: (path, call) => {
      mounts.remove(call.address, path)
      return undefined
    },
    fail: null,
    idempotent: true,
  })
}
