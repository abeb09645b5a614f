// Generated from rpc.x by scripts/gen.ts: do not edit.
import { padded, XdrError, type XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'

/** The only version of the RPC protocol itself: RFC 5531 §9. */
export const RPC_VERS = 2

/** The longest credential or verifier: RFC 5531 §8.2. */
export const MAX_AUTH_BYTES = 400

/** Authentication flavours: RFC 5531 §8.2. Others exist; see opaque_auth. */
export const auth_flavor = {
  AUTH_NONE: 0,
  AUTH_SYS: 1,
  AUTH_SHORT: 2,
  AUTH_DH: 3,
  RPCSEC_GSS: 6,
} as const
export type auth_flavor = (typeof auth_flavor)[keyof typeof auth_flavor]

const auth_flavor_values: ReadonlySet<number> = new Set(Object.values(auth_flavor))

export function readauth_flavor(r: XdrReader): auth_flavor {
  const value = r.i32()
  if (!(auth_flavor_values.has(value))) throw new XdrError(`auth_flavor is ${value}`)
  return value as auth_flavor
}

export function writeauth_flavor(w: XdrWriter, v: auth_flavor): void {
  w.i32(v)
}

export function sizeauth_flavor(_v: auth_flavor): number {
  return 4
}

/**
 * A credential or a verifier: RFC 5531 §8.2. The flavour is an auth_flavor there, but that list is open: an unknown one
 * is no garbage, it is answered with AUTH_ERROR.
 */
export interface opaque_auth {
  flavor: number
  body: Uint8Array
}

export function readopaque_auth(r: XdrReader): opaque_auth {
  return {
    flavor: r.u32(),
    body: r.opaque(400),
  }
}

export function readopaque_authInto(r: XdrReader, out: opaque_auth): void {
  out.flavor = r.u32()
  out.body = r.opaque(400)
}

export function writeopaque_auth(w: XdrWriter, v: opaque_auth): void {
  w.u32(v.flavor)
  w.opaque(v.body, 400)
}

export function sizeopaque_auth(v: opaque_auth): number {
  let size = 4
  size += 4 + padded(v.body.length)
  return size
}

/** RFC 5531 §9. */
export const msg_type = {
  CALL: 0,
  REPLY: 1,
} as const
export type msg_type = (typeof msg_type)[keyof typeof msg_type]

export function readmsg_type(r: XdrReader): msg_type {
  const value = r.i32()
  if (!(value >= 0 && value <= 1)) throw new XdrError(`msg_type is ${value}`)
  return value as msg_type
}

export function writemsg_type(w: XdrWriter, v: msg_type): void {
  w.i32(v)
}

export function sizemsg_type(_v: msg_type): number {
  return 4
}

/** RFC 5531 §9. */
export const reply_stat = {
  MSG_ACCEPTED: 0,
  MSG_DENIED: 1,
} as const
export type reply_stat = (typeof reply_stat)[keyof typeof reply_stat]

export function readreply_stat(r: XdrReader): reply_stat {
  const value = r.i32()
  if (!(value >= 0 && value <= 1)) throw new XdrError(`reply_stat is ${value}`)
  return value as reply_stat
}

export function writereply_stat(w: XdrWriter, v: reply_stat): void {
  w.i32(v)
}

export function sizereply_stat(_v: reply_stat): number {
  return 4
}

/** What became of an accepted call: RFC 5531 §9. */
export const accept_stat = {
  SUCCESS: 0,
  PROG_UNAVAIL: 1,
  PROG_MISMATCH: 2,
  PROC_UNAVAIL: 3,
  GARBAGE_ARGS: 4,
  SYSTEM_ERR: 5,
} as const
export type accept_stat = (typeof accept_stat)[keyof typeof accept_stat]

export function readaccept_stat(r: XdrReader): accept_stat {
  const value = r.i32()
  if (!(value >= 0 && value <= 5)) throw new XdrError(`accept_stat is ${value}`)
  return value as accept_stat
}

export function writeaccept_stat(w: XdrWriter, v: accept_stat): void {
  w.i32(v)
}

export function sizeaccept_stat(_v: accept_stat): number {
  return 4
}

/** Why a call was rejected: RFC 5531 §9. */
export const reject_stat = {
  RPC_MISMATCH: 0,
  AUTH_ERROR: 1,
} as const
export type reject_stat = (typeof reject_stat)[keyof typeof reject_stat]

export function readreject_stat(r: XdrReader): reject_stat {
  const value = r.i32()
  if (!(value >= 0 && value <= 1)) throw new XdrError(`reject_stat is ${value}`)
  return value as reject_stat
}

export function writereject_stat(w: XdrWriter, v: reject_stat): void {
  w.i32(v)
}

export function sizereject_stat(_v: reject_stat): number {
  return 4
}

/** Why authentication failed: RFC 5531 §9. */
export const auth_stat = {
  AUTH_OK: 0,
  AUTH_BADCRED: 1,
  AUTH_REJECTEDCRED: 2,
  AUTH_BADVERF: 3,
  AUTH_REJECTEDVERF: 4,
  AUTH_TOOWEAK: 5,
  AUTH_INVALIDRESP: 6,
  AUTH_FAILED: 7,
  AUTH_KERB_GENERIC: 8,
  AUTH_TIMEEXPIRE: 9,
  AUTH_TKT_FILE: 10,
  AUTH_DECODE: 11,
  AUTH_NET_ADDR: 12,
  RPCSEC_GSS_CREDPROBLEM: 13,
  RPCSEC_GSS_CTXPROBLEM: 14,
} as const
export type auth_stat = (typeof auth_stat)[keyof typeof auth_stat]

export function readauth_stat(r: XdrReader): auth_stat {
  const value = r.i32()
  if (!(value >= 0 && value <= 14)) throw new XdrError(`auth_stat is ${value}`)
  return value as auth_stat
}

export function writeauth_stat(w: XdrWriter, v: auth_stat): void {
  w.i32(v)
}

export function sizeauth_stat(_v: auth_stat): number {
  return 4
}

/** The head of a call; the procedure's arguments follow: RFC 5531 §9. */
export interface call_body {
  rpcvers: number
  prog: number
  vers: number
  proc: number
  cred: opaque_auth
  verf: opaque_auth
}

export function readcall_body(r: XdrReader): call_body {
  return {
    rpcvers: r.u32(),
    prog: r.u32(),
    vers: r.u32(),
    proc: r.u32(),
    cred: readopaque_auth(r),
    verf: readopaque_auth(r),
  }
}

export function readcall_bodyInto(r: XdrReader, out: call_body): void {
  out.rpcvers = r.u32()
  out.prog = r.u32()
  out.vers = r.u32()
  out.proc = r.u32()
  readopaque_authInto(r, out.cred)
  readopaque_authInto(r, out.verf)
}

export function writecall_body(w: XdrWriter, v: call_body): void {
  w.u32(v.rpcvers)
  w.u32(v.prog)
  w.u32(v.vers)
  w.u32(v.proc)
  writeopaque_auth(w, v.cred)
  writeopaque_auth(w, v.verf)
}

export function sizecall_body(v: call_body): number {
  let size = 16
  size += sizeopaque_auth(v.cred)
  size += sizeopaque_auth(v.verf)
  return size
}

/** The lowest and the highest version that is supported: RFC 5531 §9. */
export interface mismatch_info {
  low: number
  high: number
}

export function readmismatch_info(r: XdrReader): mismatch_info {
  return {
    low: r.u32(),
    high: r.u32(),
  }
}

export function readmismatch_infoInto(r: XdrReader, out: mismatch_info): void {
  out.low = r.u32()
  out.high = r.u32()
}

export function writemismatch_info(w: XdrWriter, v: mismatch_info): void {
  const at = w.reserve(8)
  const { view } = w
  view.setUint32(at, v.low)
  view.setUint32(at + 4, v.high)
}

export function sizemismatch_info(_v: mismatch_info): number {
  return 8
}

/** With SUCCESS the procedure's results follow: RFC 5531 §9. */
export type accepted_reply_data =
  | { stat: typeof accept_stat.SUCCESS }
  | { stat: typeof accept_stat.PROG_MISMATCH; mismatch: mismatch_info }
  | { stat: Exclude<accept_stat, typeof accept_stat.SUCCESS | typeof accept_stat.PROG_MISMATCH> }

export function readaccepted_reply_data(r: XdrReader): accepted_reply_data {
  const stat = readaccept_stat(r)
  switch (stat) {
    case accept_stat.SUCCESS:
      return { stat }
    case accept_stat.PROG_MISMATCH:
      return { stat, mismatch: readmismatch_info(r) }
    default:
      return { stat }
  }
}

export function writeaccepted_reply_data(w: XdrWriter, v: accepted_reply_data): void {
  w.i32(v.stat)
  switch (v.stat) {
    case accept_stat.SUCCESS:
      break
    case accept_stat.PROG_MISMATCH:
      writemismatch_info(w, v.mismatch)
      break
    default:
      break
  }
}

export function sizeaccepted_reply_data(v: accepted_reply_data): number {
  switch (v.stat) {
    case accept_stat.SUCCESS:
      return 4
    case accept_stat.PROG_MISMATCH:
      return 4 + 8
    default:
      return 4
  }
}

/** RFC 5531 §9. */
export interface accepted_reply {
  verf: opaque_auth
  reply_data: accepted_reply_data
}

export function readaccepted_reply(r: XdrReader): accepted_reply {
  return {
    verf: readopaque_auth(r),
    reply_data: readaccepted_reply_data(r),
  }
}

export function readaccepted_replyInto(r: XdrReader, out: accepted_reply): void {
  readopaque_authInto(r, out.verf)
  out.reply_data = readaccepted_reply_data(r)
}

export function writeaccepted_reply(w: XdrWriter, v: accepted_reply): void {
  writeopaque_auth(w, v.verf)
  writeaccepted_reply_data(w, v.reply_data)
}

export function sizeaccepted_reply(v: accepted_reply): number {
  let size = 0
  size += sizeopaque_auth(v.verf)
  size += sizeaccepted_reply_data(v.reply_data)
  return size
}

/** RFC 5531 §9. */
export type rejected_reply =
  | { stat: typeof reject_stat.RPC_MISMATCH; mismatch: mismatch_info }
  | { stat: typeof reject_stat.AUTH_ERROR; why: auth_stat }

export function readrejected_reply(r: XdrReader): rejected_reply {
  const stat = readreject_stat(r)
  switch (stat) {
    case reject_stat.RPC_MISMATCH:
      return { stat, mismatch: readmismatch_info(r) }
    case reject_stat.AUTH_ERROR:
      return { stat, why: readauth_stat(r) }
    default:
      throw new XdrError(`rejected_reply has no arm ${stat}`)
  }
}

export function writerejected_reply(w: XdrWriter, v: rejected_reply): void {
  w.i32(v.stat)
  switch (v.stat) {
    case reject_stat.RPC_MISMATCH:
      writemismatch_info(w, v.mismatch)
      break
    case reject_stat.AUTH_ERROR:
      w.i32(v.why)
      break
    default:
      throw new XdrError(`rejected_reply has no arm ${(v as { stat: number }).stat}`)
  }
}

export function sizerejected_reply(v: rejected_reply): number {
  switch (v.stat) {
    case reject_stat.RPC_MISMATCH:
      return 4 + 8
    case reject_stat.AUTH_ERROR:
      return 4 + 4
    default:
      throw new XdrError(`rejected_reply has no arm ${(v as { stat: number }).stat}`)
  }
}

/** RFC 5531 §9. */
export type reply_body =
  | { stat: typeof reply_stat.MSG_ACCEPTED; areply: accepted_reply }
  | { stat: typeof reply_stat.MSG_DENIED; rreply: rejected_reply }

export function readreply_body(r: XdrReader): reply_body {
  const stat = readreply_stat(r)
  switch (stat) {
    case reply_stat.MSG_ACCEPTED:
      return { stat, areply: readaccepted_reply(r) }
    case reply_stat.MSG_DENIED:
      return { stat, rreply: readrejected_reply(r) }
    default:
      throw new XdrError(`reply_body has no arm ${stat}`)
  }
}

export function writereply_body(w: XdrWriter, v: reply_body): void {
  w.i32(v.stat)
  switch (v.stat) {
    case reply_stat.MSG_ACCEPTED:
      writeaccepted_reply(w, v.areply)
      break
    case reply_stat.MSG_DENIED:
      writerejected_reply(w, v.rreply)
      break
    default:
      throw new XdrError(`reply_body has no arm ${(v as { stat: number }).stat}`)
  }
}

export function sizereply_body(v: reply_body): number {
  switch (v.stat) {
    case reply_stat.MSG_ACCEPTED:
      return 4 + sizeaccepted_reply(v.areply)
    case reply_stat.MSG_DENIED:
      return 4 + sizerejected_reply(v.rreply)
    default:
      throw new XdrError(`reply_body has no arm ${(v as { stat: number }).stat}`)
  }
}

export type rpc_msg_body =
  | { mtype: typeof msg_type.CALL; cbody: call_body }
  | { mtype: typeof msg_type.REPLY; rbody: reply_body }

export function readrpc_msg_body(r: XdrReader): rpc_msg_body {
  const mtype = readmsg_type(r)
  switch (mtype) {
    case msg_type.CALL:
      return { mtype, cbody: readcall_body(r) }
    case msg_type.REPLY:
      return { mtype, rbody: readreply_body(r) }
    default:
      throw new XdrError(`rpc_msg_body has no arm ${mtype}`)
  }
}

export function writerpc_msg_body(w: XdrWriter, v: rpc_msg_body): void {
  w.i32(v.mtype)
  switch (v.mtype) {
    case msg_type.CALL:
      writecall_body(w, v.cbody)
      break
    case msg_type.REPLY:
      writereply_body(w, v.rbody)
      break
    default:
      throw new XdrError(`rpc_msg_body has no arm ${(v as { mtype: number }).mtype}`)
  }
}

export function sizerpc_msg_body(v: rpc_msg_body): number {
  switch (v.mtype) {
    case msg_type.CALL:
      return 4 + sizecall_body(v.cbody)
    case msg_type.REPLY:
      return 4 + sizereply_body(v.rbody)
    default:
      throw new XdrError(`rpc_msg_body has no arm ${(v as { mtype: number }).mtype}`)
  }
}

/** A whole message, but for the arguments or results: RFC 5531 §9. */
export interface rpc_msg {
  xid: number
  body: rpc_msg_body
}

export function readrpc_msg(r: XdrReader): rpc_msg {
  return {
    xid: r.u32(),
    body: readrpc_msg_body(r),
  }
}

export function readrpc_msgInto(r: XdrReader, out: rpc_msg): void {
  out.xid = r.u32()
  out.body = readrpc_msg_body(r)
}

export function writerpc_msg(w: XdrWriter, v: rpc_msg): void {
  w.u32(v.xid)
  writerpc_msg_body(w, v.body)
}

export function sizerpc_msg(v: rpc_msg): number {
  let size = 4
  size += sizerpc_msg_body(v.body)
  return size
}

/** The body of an AUTH_SYS credential: RFC 5531 appendix A. */
export interface authsys_parms {
  stamp: number
  machinename: Uint8Array
  uid: number
  gid: number
  gids: authsys_parms_gids
}

export function readauthsys_parms(r: XdrReader): authsys_parms {
  return {
    stamp: r.u32(),
    machinename: r.opaque(255),
    uid: r.u32(),
    gid: r.u32(),
    gids: readauthsys_parms_gids(r),
  }
}

export function readauthsys_parmsInto(r: XdrReader, out: authsys_parms): void {
  out.stamp = r.u32()
  out.machinename = r.opaque(255)
  out.uid = r.u32()
  out.gid = r.u32()
  out.gids = readauthsys_parms_gids(r)
}

export function writeauthsys_parms(w: XdrWriter, v: authsys_parms): void {
  w.u32(v.stamp)
  w.opaque(v.machinename, 255)
  w.u32(v.uid)
  w.u32(v.gid)
  writeauthsys_parms_gids(w, v.gids)
}

export function sizeauthsys_parms(v: authsys_parms): number {
  let size = 12
  size += 4 + padded(v.machinename.length)
  size += sizeauthsys_parms_gids(v.gids)
  return size
}

export type authsys_parms_gids = number[]

export function readauthsys_parms_gids(r: XdrReader): authsys_parms_gids {
  const count = r.count(16, 4)
  const out: authsys_parms_gids = []
  for (let i = 0; i < count; i++) out.push(r.u32())
  return out
}

export function writeauthsys_parms_gids(w: XdrWriter, v: authsys_parms_gids): void {
  w.count(v.length, 16)
  for (const element of v) w.u32(element)
}

export function sizeauthsys_parms_gids(v: authsys_parms_gids): number {
  return 4 + v.length * 4
}
