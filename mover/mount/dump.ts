import type { mountlist } from '../../protocol/mount/mount.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'
import type { MountList } from './mount-list.ts'

/** DUMP (RFC 1813 §5.2.2, RFC 1094 §A.5): the mount list, hosts by address. */
export function dump(
  codec: ProcedureCodec<string, undefined, mountlist>,
  mounts: MountList,
): Procedure<undefined, mountlist> {
  return procedure(codec, {
    handle: () =>
      mounts.entries.map(({ host, directory }) => ({ ml_hostname: Buffer.from(host), ml_directory: directory })),
    fail: null,
    idempotent: true,
  })
}
