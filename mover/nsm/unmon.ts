import type { sm_stat } from '../../protocol/nsm/nsm.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'

/** SM_UNMON and SM_UNMON_ALL (C702 §11.3): nothing was monitored. */
export function unmon<Args>(codec: ProcedureCodec<string, Args, sm_stat>, state: number): Procedure<Args, sm_stat> {
  return procedure(codec, { handle: () => ({ state }), fail: null, idempotent: true })
}
