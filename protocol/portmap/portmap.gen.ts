// Generated from portmap.x by scripts/gen.ts: do not edit.
import { type ProcedureCodec, readVoid, writeVoid } from '../xdr/procedure.ts'
import { padded, type XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'

export const PMAP_PORT = 111

/** Values of mapping.prot. */
export const IPPROTO_TCP = 6

export const IPPROTO_UDP = 17

/** What a program listens on: RFC 1833 §3.1. */
export interface mapping {
  prog: number
  vers: number
  prot: number
  port: number
}

export function readmapping(r: XdrReader): mapping {
  return {
    prog: r.u32(),
    vers: r.u32(),
    prot: r.u32(),
    port: r.u32(),
  }
}

export function readmappingInto(r: XdrReader, out: mapping): void {
  out.prog = r.u32()
  out.vers = r.u32()
  out.prot = r.u32()
  out.port = r.u32()
}

export function writemapping(w: XdrWriter, v: mapping): void {
  const at = w.reserve(16)
  const { view } = w
  view.setUint32(at, v.prog)
  view.setUint32(at + 4, v.vers)
  view.setUint32(at + 8, v.prot)
  view.setUint32(at + 12, v.port)
}

export function sizemapping(_v: mapping): number {
  return 16
}

/** RFC 1833 §3.1. */
export interface pmaplist {
  map: mapping
}

export function readpmaplist(r: XdrReader): pmaplist {
  return {
    map: readmapping(r),
  }
}

export function readpmaplistInto(r: XdrReader, out: pmaplist): void {
  readmappingInto(r, out.map)
}

export function writepmaplist(w: XdrWriter, v: pmaplist): void {
  writemapping(w, v.map)
}

export function sizepmaplist(_v: pmaplist): number {
  return 16
}

/** RFC 1833 §3.1 lets DUMP return a pmaplist; on the wire that is the optional one of a list. */
export type pmaplist_ptr = pmaplist[]

export function readpmaplist_ptr(r: XdrReader): pmaplist_ptr {
  const out: pmaplist_ptr = []
  while (r.bool()) out.push(readpmaplist(r))
  return out
}

export function writepmaplist_ptr(w: XdrWriter, v: pmaplist_ptr): void {
  for (const element of v) {
    w.u32(1)
    writepmaplist(w, element)
  }
  w.u32(0)
}

export function sizepmaplist_ptr(v: pmaplist_ptr): number {
  return 4 + v.length * 20
}

/** Arguments of CALLIT: RFC 1833 §3.1. */
export interface call_args {
  prog: number
  vers: number
  proc: number
  args: Uint8Array
}

export function readcall_args(r: XdrReader): call_args {
  return {
    prog: r.u32(),
    vers: r.u32(),
    proc: r.u32(),
    args: r.opaque(0xffffffff),
  }
}

export function readcall_argsInto(r: XdrReader, out: call_args): void {
  out.prog = r.u32()
  out.vers = r.u32()
  out.proc = r.u32()
  out.args = r.opaque(0xffffffff)
}

export function writecall_args(w: XdrWriter, v: call_args): void {
  w.u32(v.prog)
  w.u32(v.vers)
  w.u32(v.proc)
  w.opaque(v.args)
}

export function sizecall_args(v: call_args): number {
  let size = 12
  size += 4 + padded(v.args.length)
  return size
}

/** Results of CALLIT: RFC 1833 §3.1. */
export interface call_result {
  port: number
  res: Uint8Array
}

export function readcall_result(r: XdrReader): call_result {
  return {
    port: r.u32(),
    res: r.opaque(0xffffffff),
  }
}

export function readcall_resultInto(r: XdrReader, out: call_result): void {
  out.port = r.u32()
  out.res = r.opaque(0xffffffff)
}

export function writecall_result(w: XdrWriter, v: call_result): void {
  w.u32(v.port)
  w.opaque(v.res)
}

export function sizecall_result(v: call_result): number {
  let size = 4
  size += 4 + padded(v.res.length)
  return size
}

/** RFC 1833 §3.1. */
export const PMAP_PROG = 100000

export const PMAP_VERS = 2

export const PMAPPROC_NULL = 0
export const PMAPPROC_SET = 1
export const PMAPPROC_UNSET = 2
export const PMAPPROC_GETPORT = 3
export const PMAPPROC_DUMP = 4
export const PMAPPROC_CALLIT = 5

/** The procedures of PMAP_PROG version 2; `Context` is what a server passes along. */
export interface PMAP_VERS_server<Context> {
  PMAPPROC_NULL(args: undefined, context: Context): undefined
  PMAPPROC_SET(args: mapping, context: Context): boolean
  PMAPPROC_UNSET(args: mapping, context: Context): boolean
  PMAPPROC_GETPORT(args: mapping, context: Context): number
  PMAPPROC_DUMP(args: undefined, context: Context): pmaplist_ptr
  PMAPPROC_CALLIT(args: call_args, context: Context): call_result
}

/** The wire side of PMAP_PROG version 2, by procedure. */
export const PMAP_VERS_codecs = {
  PMAPPROC_NULL: {
    number: 0,
    name: 'PMAPPROC_NULL',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  PMAPPROC_SET: {
    number: 1,
    name: 'PMAPPROC_SET',
    readArgs: readmapping,
    writeArgs: writemapping,
    readResult: (r: XdrReader) => r.bool(),
    writeResult: (w: XdrWriter, v: boolean) => w.bool(v),
  },
  PMAPPROC_UNSET: {
    number: 2,
    name: 'PMAPPROC_UNSET',
    readArgs: readmapping,
    writeArgs: writemapping,
    readResult: (r: XdrReader) => r.bool(),
    writeResult: (w: XdrWriter, v: boolean) => w.bool(v),
  },
  PMAPPROC_GETPORT: {
    number: 3,
    name: 'PMAPPROC_GETPORT',
    readArgs: readmapping,
    writeArgs: writemapping,
    readResult: (r: XdrReader) => r.u32(),
    writeResult: (w: XdrWriter, v: number) => w.u32(v),
  },
  PMAPPROC_DUMP: {
    number: 4,
    name: 'PMAPPROC_DUMP',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readpmaplist_ptr,
    writeResult: writepmaplist_ptr,
  },
  PMAPPROC_CALLIT: {
    number: 5,
    name: 'PMAPPROC_CALLIT',
    readArgs: readcall_args,
    writeArgs: writecall_args,
    readResult: readcall_result,
    writeResult: writecall_result,
  },
} as const satisfies {
  PMAPPROC_NULL: ProcedureCodec<'PMAPPROC_NULL', undefined, undefined>
  PMAPPROC_SET: ProcedureCodec<'PMAPPROC_SET', mapping, boolean>
  PMAPPROC_UNSET: ProcedureCodec<'PMAPPROC_UNSET', mapping, boolean>
  PMAPPROC_GETPORT: ProcedureCodec<'PMAPPROC_GETPORT', mapping, number>
  PMAPPROC_DUMP: ProcedureCodec<'PMAPPROC_DUMP', undefined, pmaplist_ptr>
  PMAPPROC_CALLIT: ProcedureCodec<'PMAPPROC_CALLIT', call_args, call_result>
}
