import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'

/**
 * SET and UNSET of all versions (RFC 1833 §2.2.1, §3.2): false, nothing was registered or taken out. Only the mover's own
 * programs are registered, by the mover, as long as it runs.
 */
export function set<Args>(codec: ProcedureCodec<string, Args, boolean>): Procedure<Args, boolean> {
  return procedure(codec, { handle: () => false, fail: null, idempotent: true })
}
