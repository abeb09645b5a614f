// Generated from nsm.x by scripts/gen.ts: do not edit.
import { type ProcedureCodec, readVoid, writeVoid } from '../xdr/procedure.ts'
import { padded, XdrError, type XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'

/** Sizes: C702 §11.2. */
export const SM_MAXSTRLEN = 1024

export const SM_PRIV_SIZE = 16

/** C702 §11.2. */
export const sm_res = {
  STAT_SUCC: 0,
  STAT_FAIL: 1,
} as const
export type sm_res = (typeof sm_res)[keyof typeof sm_res]

export function readsm_res(r: XdrReader): sm_res {
  const value = r.i32()
  if (!(value >= 0 && value <= 1)) throw new XdrError(`sm_res is ${value}`)
  return value as sm_res
}

export function writesm_res(w: XdrWriter, v: sm_res): void {
  w.i32(v)
}

export function sizesm_res(_v: sm_res): number {
  return 4
}

/** The state of the host that answers: odd while it is up, and greater after each start: C702 §11.2. */
export interface sm_stat {
  state: number
}

export function readsm_stat(r: XdrReader): sm_stat {
  return {
    state: r.i32(),
  }
}

export function readsm_statInto(r: XdrReader, out: sm_stat): void {
  out.state = r.i32()
}

export function writesm_stat(w: XdrWriter, v: sm_stat): void {
  w.i32(v.state)
}

export function sizesm_stat(_v: sm_stat): number {
  return 4
}

/** C702 §11.2. */
export interface sm_stat_res {
  res_stat: sm_res
  state: number
}

export function readsm_stat_res(r: XdrReader): sm_stat_res {
  return {
    res_stat: readsm_res(r),
    state: r.i32(),
  }
}

export function readsm_stat_resInto(r: XdrReader, out: sm_stat_res): void {
  out.res_stat = readsm_res(r)
  out.state = r.i32()
}

export function writesm_stat_res(w: XdrWriter, v: sm_stat_res): void {
  const at = w.reserve(8)
  const { view } = w
  view.setInt32(at, v.res_stat)
  view.setInt32(at + 4, v.state)
}

export function sizesm_stat_res(_v: sm_stat_res): number {
  return 8
}

/** C702 §11.2. */
export interface sm_name {
  mon_name: Uint8Array
}

export function readsm_name(r: XdrReader): sm_name {
  return {
    mon_name: r.opaque(1024),
  }
}

export function readsm_nameInto(r: XdrReader, out: sm_name): void {
  out.mon_name = r.opaque(1024)
}

export function writesm_name(w: XdrWriter, v: sm_name): void {
  w.opaque(v.mon_name, 1024)
}

export function sizesm_name(v: sm_name): number {
  return 4 + padded(v.mon_name.length)
}

/** Which procedure of which host is to be called when the state of another changes: C702 §11.2. */
export interface my_id {
  my_name: Uint8Array
  my_prog: number
  my_vers: number
  my_proc: number
}

export function readmy_id(r: XdrReader): my_id {
  return {
    my_name: r.opaque(1024),
    my_prog: r.i32(),
    my_vers: r.i32(),
    my_proc: r.i32(),
  }
}

export function readmy_idInto(r: XdrReader, out: my_id): void {
  out.my_name = r.opaque(1024)
  out.my_prog = r.i32()
  out.my_vers = r.i32()
  out.my_proc = r.i32()
}

export function writemy_id(w: XdrWriter, v: my_id): void {
  w.opaque(v.my_name, 1024)
  w.i32(v.my_prog)
  w.i32(v.my_vers)
  w.i32(v.my_proc)
}

export function sizemy_id(v: my_id): number {
  let size = 12
  size += 4 + padded(v.my_name.length)
  return size
}

/** C702 §11.2. */
export interface mon_id {
  mon_name: Uint8Array
  my_id: my_id
}

export function readmon_id(r: XdrReader): mon_id {
  return {
    mon_name: r.opaque(1024),
    my_id: readmy_id(r),
  }
}

export function readmon_idInto(r: XdrReader, out: mon_id): void {
  out.mon_name = r.opaque(1024)
  readmy_idInto(r, out.my_id)
}

export function writemon_id(w: XdrWriter, v: mon_id): void {
  w.opaque(v.mon_name, 1024)
  writemy_id(w, v.my_id)
}

export function sizemon_id(v: mon_id): number {
  let size = 0
  size += 4 + padded(v.mon_name.length)
  size += sizemy_id(v.my_id)
  return size
}

/** C702 §11.2. */
export interface mon {
  mon_id: mon_id
  priv: Uint8Array
}

export function readmon(r: XdrReader): mon {
  return {
    mon_id: readmon_id(r),
    priv: r.opaqueFixed(16),
  }
}

export function readmonInto(r: XdrReader, out: mon): void {
  readmon_idInto(r, out.mon_id)
  out.priv = r.opaqueFixed(16)
}

export function writemon(w: XdrWriter, v: mon): void {
  writemon_id(w, v.mon_id)
  w.opaqueFixed(v.priv, 16)
}

export function sizemon(v: mon): number {
  let size = 16
  size += sizemon_id(v.mon_id)
  return size
}

/** A host has started anew, and has this state now: C702 §11.2. */
export interface stat_chge {
  mon_name: Uint8Array
  state: number
}

export function readstat_chge(r: XdrReader): stat_chge {
  return {
    mon_name: r.opaque(1024),
    state: r.i32(),
  }
}

export function readstat_chgeInto(r: XdrReader, out: stat_chge): void {
  out.mon_name = r.opaque(1024)
  out.state = r.i32()
}

export function writestat_chge(w: XdrWriter, v: stat_chge): void {
  w.opaque(v.mon_name, 1024)
  w.i32(v.state)
}

export function sizestat_chge(v: stat_chge): number {
  let size = 4
  size += 4 + padded(v.mon_name.length)
  return size
}

/** What the procedure of my_id is called with (there it is called status): C702 §11.3, SM_NOTIFY. */
export interface sm_status {
  mon_name: Uint8Array
  state: number
  priv: Uint8Array
}

export function readsm_status(r: XdrReader): sm_status {
  return {
    mon_name: r.opaque(1024),
    state: r.i32(),
    priv: r.opaqueFixed(16),
  }
}

export function readsm_statusInto(r: XdrReader, out: sm_status): void {
  out.mon_name = r.opaque(1024)
  out.state = r.i32()
  out.priv = r.opaqueFixed(16)
}

export function writesm_status(w: XdrWriter, v: sm_status): void {
  w.opaque(v.mon_name, 1024)
  w.i32(v.state)
  w.opaqueFixed(v.priv, 16)
}

export function sizesm_status(v: sm_status): number {
  let size = 20
  size += 4 + padded(v.mon_name.length)
  return size
}

/** C702 §11.3. */
export const SM_PROG = 100024

export const SM_VERS = 1

export const SM_NULL = 0
export const SM_STAT = 1
export const SM_MON = 2
export const SM_UNMON = 3
export const SM_UNMON_ALL = 4
export const SM_SIMU_CRASH = 5
export const SM_NOTIFY = 6

/** The procedures of SM_PROG version 1; `Context` is what a server passes along. */
export interface SM_VERS_server<Context> {
  SM_NULL(args: undefined, context: Context): undefined
  SM_STAT(args: sm_name, context: Context): sm_stat_res
  SM_MON(args: mon, context: Context): sm_stat_res
  SM_UNMON(args: mon_id, context: Context): sm_stat
  SM_UNMON_ALL(args: my_id, context: Context): sm_stat
  SM_SIMU_CRASH(args: undefined, context: Context): undefined
  SM_NOTIFY(args: stat_chge, context: Context): undefined
}

/** The wire side of SM_PROG version 1, by procedure. */
export const SM_VERS_codecs = {
  SM_NULL: {
    number: 0,
    name: 'SM_NULL',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  SM_STAT: {
    number: 1,
    name: 'SM_STAT',
    readArgs: readsm_name,
    writeArgs: writesm_name,
    readResult: readsm_stat_res,
    writeResult: writesm_stat_res,
  },
  SM_MON: {
    number: 2,
    name: 'SM_MON',
    readArgs: readmon,
    writeArgs: writemon,
    readResult: readsm_stat_res,
    writeResult: writesm_stat_res,
  },
  SM_UNMON: {
    number: 3,
    name: 'SM_UNMON',
    readArgs: readmon_id,
    writeArgs: writemon_id,
    readResult: readsm_stat,
    writeResult: writesm_stat,
  },
  SM_UNMON_ALL: {
    number: 4,
    name: 'SM_UNMON_ALL',
    readArgs: readmy_id,
    writeArgs: writemy_id,
    readResult: readsm_stat,
    writeResult: writesm_stat,
  },
  SM_SIMU_CRASH: {
    number: 5,
    name: 'SM_SIMU_CRASH',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  SM_NOTIFY: {
    number: 6,
    name: 'SM_NOTIFY',
    readArgs: readstat_chge,
    writeArgs: writestat_chge,
    readResult: readVoid,
    writeResult: writeVoid,
  },
} as const satisfies {
  SM_NULL: ProcedureCodec<'SM_NULL', undefined, undefined>
  SM_STAT: ProcedureCodec<'SM_STAT', sm_name, sm_stat_res>
  SM_MON: ProcedureCodec<'SM_MON', mon, sm_stat_res>
  SM_UNMON: ProcedureCodec<'SM_UNMON', mon_id, sm_stat>
  SM_UNMON_ALL: ProcedureCodec<'SM_UNMON_ALL', my_id, sm_stat>
  SM_SIMU_CRASH: ProcedureCodec<'SM_SIMU_CRASH', undefined, undefined>
  SM_NOTIFY: ProcedureCodec<'SM_NOTIFY', stat_chge, undefined>
}
