import { accept_stat, auth_flavor, msg_type, RPC_VERS, reject_stat, reply_stat } from '../../protocol/rpc/rpc.gen.ts'
import type { XdrWriter } from '../../protocol/xdr/writer.ts'

/** An accepted_reply up to its results (RFC 5531 §9), with an AUTH_NONE verifier. `stat` is an accept_stat. */
export function writeAccepted(writer: XdrWriter, xid: number, stat: number): void {
  writer.u32(xid)
  writer.u32(msg_type.REPLY)
  writer.u32(reply_stat.MSG_ACCEPTED)
  writer.u32(auth_flavor.AUTH_NONE)
  writer.u32(0)
  writer.u32(stat)
}

/** An accepted_reply of PROG_MISMATCH: the program's lowest and highest version here. */
export function writeProgMismatch(writer: XdrWriter, xid: number, low: number, high: number): void {
  writeAccepted(writer, xid, accept_stat.PROG_MISMATCH)
  writer.u32(low)
  writer.u32(high)
}

/** A rejected_reply of RPC_MISMATCH: there is one version only. */
export function writeRpcMismatch(writer: XdrWriter, xid: number): void {
  writer.u32(xid)
  writer.u32(msg_type.REPLY)
  writer.u32(reply_stat.MSG_DENIED)
  writer.u32(reject_stat.RPC_MISMATCH)
  writer.u32(RPC_VERS)
  writer.u32(RPC_VERS)
}

/** A rejected_reply of AUTH_ERROR. `stat` is an auth_stat. */
export function writeAuthError(writer: XdrWriter, xid: number, stat: number): void {
  writer.u32(xid)
  writer.u32(msg_type.REPLY)
  writer.u32(reply_stat.MSG_DENIED)
  writer.u32(reject_stat.AUTH_ERROR)
  writer.u32(stat)
}
