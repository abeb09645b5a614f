import { type call_args, type call_result, PMAP_VERS_codecs } from '../../protocol/portmap/portmap.gen.ts'
import { accept_stat } from '../../protocol/rpc/rpc.gen.ts'
import {
  RPCBVERS_codecs,
  RPCBVERS4_codecs,
  type rpcb_rmtcallargs,
  type rpcb_rmtcallres,
} from '../../protocol/rpcbind/rpcbind.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import type { Transport } from '../net/message.ts'
import { procedure } from '../rpc/procedure.ts'
import { NoResult, type Procedure } from '../rpc/program.ts'
import type { PortmapContext } from './context.ts'
import { addressBytes, type PortRegistry } from './registry.ts'

const NO_RESULTS = new Uint8Array(0)

/*
 * CALLIT, BCAST and INDIRECT call a procedure of another program for their caller. To call any for anybody, under the
 * mover's own address, would be an open door: only procedure 0 is, which asks whether the program is there. It needs no
 * forwarding, since its programs are this mover's own. A call that cannot be made is not answered (RFC 1833 §2.2.1, §3.2),
 * or, to INDIRECT, with what is wrong (§2.2.2).
 */

/** PMAPPROC_CALLIT (RFC 1833 §3.2): of programs that listen on UDP. */
export function callit({ registry }: PortmapContext): Procedure<call_args, call_result> {
  return procedure(PMAP_VERS_codecs.PMAPPROC_CALLIT, {
    handle: (args) => ({ port: portToCall(registry, args, 'udp', true), res: NO_RESULTS }),
    fail: null,
    idempotent: true,
  })
}

/** RPCBPROC_CALLIT and RPCBPROC_BCAST (RFC 1833 §2.2.1, §2.2.2): of programs on the transport that the call came over. */
export function rpcbCallit(context: PortmapContext): Procedure<rpcb_rmtcallargs, rpcb_rmtcallres> {
  return remoteCall(context, RPCBVERS_codecs.RPCBPROC_CALLIT, true)
}

/** RPCBPROC_INDIRECT (RFC 1833 §2.2.2). */
export function indirect(context: PortmapContext): Procedure<rpcb_rmtcallargs, rpcb_rmtcallres> {
  return remoteCall(context, RPCBVERS4_codecs.RPCBPROC_INDIRECT, false)
}

function remoteCall(
  { registry }: PortmapContext,
  codec: ProcedureCodec<string, rpcb_rmtcallargs, rpcb_rmtcallres>,
  isSilent: boolean,
): Procedure<rpcb_rmtcallargs, rpcb_rmtcallres> {
  return procedure(codec, {
    handle: (args, { transport, localAddress }) => {
      const port = portToCall(registry, args, transport, isSilent)
      return { addr: addressBytes(localAddress, port), results: NO_RESULTS }
    },
    fail: null,
    idempotent: true,
  })
}

/** Where the program listens that is called; throws `NoResult` when it cannot be called. */
function portToCall(registry: PortRegistry, args: call_args, transport: Transport, isSilent: boolean): number {
  const port = registry.exactPortOf(args.prog, args.vers, transport)
  let refusal: number | null = null
  if (port === 0) refusal = accept_stat.PROG_UNAVAIL
  else if (args.proc !== 0) refusal = accept_stat.PROC_UNAVAIL
  else if (args.args.length > 0) refusal = accept_stat.GARBAGE_ARGS
  if (refusal !== null) throw new NoResult(isSilent ? null : refusal)
  return port
}
