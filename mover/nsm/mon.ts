import { type mon as MonArgs, SM_VERS_codecs, sm_res, type sm_stat_res } from '../../protocol/nsm/nsm.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'

/** The state of who refuses to monitor. */
const NO_STATE = -1

/**
 * SM_MON (C702 §11.3): refused. It is for lock managers of the same host, of which the only one remembers its clients by
 * itself; whoever asks from elsewhere would have us call others for it.
 */
export const mon: Procedure<MonArgs, sm_stat_res> = procedure(SM_VERS_codecs.SM_MON, {
  handle: () => ({ res_stat: sm_res.STAT_FAIL, state: NO_STATE }),
  fail: null,
  idempotent: true,
})
