import { SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'

/** SM_SIMU_CRASH (C702 §11.3): nothing. Nobody else says when this mover starts anew. */
export const simuCrash: Procedure<undefined, undefined> = procedure(SM_VERS_codecs.SM_SIMU_CRASH, {
  handle: () => undefined,
  fail: null,
  idempotent: true,
})
