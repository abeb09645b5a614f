import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { MountList } from './mount-list.ts'

/** UMNTALL (RFC 1813 §5.2.4, RFC 1094 §A.5): takes all directories of this client off the mount list. */
export function umntall(
  codec: ProcedureCodec<string, undefined, undefined>,
  mounts: MountList,
): Procedure<undefined, undefined> {
  return procedure(codec, {
    handle: (_args, call) => {
      mounts.removeAll(call.address)
      return undefined
    },
    fail: null,
    idempotent: true,
  })
}
