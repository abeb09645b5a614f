import { SM_PROG, SM_VERS, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import type { Program } from '../rpc/program.ts'
import { NULL_PROCEDURE } from '../rpc/served.ts'
import { mon } from './mon.ts'
import { notify, type OnNotify } from './notify.ts'
import { simuCrash } from './simu-crash.ts'
import { stat } from './stat.ts'
import { unmon } from './unmon.ts'

/**
 * The network status monitor, version 1 (C702 §11.3). `state` is this mover's: odd, and greater than at any start before.
 * `onNotify` is told of hosts that have started anew.
 */
export function nsmProgram(state: number, onNotify: OnNotify): Program {
  const procedures = [
    NULL_PROCEDURE,
    stat(state),
    mon,
    unmon(SM_VERS_codecs.SM_UNMON, state),
    unmon(SM_VERS_codecs.SM_UNMON_ALL, state),
    simuCrash,
    notify(onNotify),
  ]
  return { program: SM_PROG, version: SM_VERS, name: 'nsm', procedures, datagrams: true }
}
