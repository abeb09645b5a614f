import { SM_VERS_codecs, type sm_name, sm_res, type sm_stat_res } from '../../protocol/nsm/nsm.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'

/** SM_STAT (C702 §11.3): whether a host can be monitored. No host but our own lock server's clients is; our state comes along. */
export function stat(state: number): Procedure<sm_name, sm_stat_res> {
  return procedure(SM_VERS_codecs.SM_STAT, {
    handle: () => ({ res_stat: sm_res.STAT_FAIL, state }),
    fail: null,
    idempotent: true,
  })
}
