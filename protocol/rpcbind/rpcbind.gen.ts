// Generated from rpcbind.x by scripts/gen.ts: do not edit.
import { type ProcedureCodec, readVoid, writeVoid } from '../xdr/procedure.ts'
import { padded, XdrError, type XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'

/** The longest address, network id and owner here; RFC 1833 §2.1 gives no limit. */
export const RPCB_MAXSTRLEN = 1024

/** Statistics: RFC 1833 §2.1. */
export const RPCBSTAT_HIGHPROC = 13

export const RPCBVERS_STAT = 3

export const RPCBVERS_2_STAT = 0

export const RPCBVERS_3_STAT = 1

export const RPCBVERS_4_STAT = 2

/** RFC 1833 §2.1 has it as a string. */
export type uaddr = Uint8Array

export function readuaddr(r: XdrReader): uaddr {
  return r.opaque(1024)
}

export function writeuaddr(w: XdrWriter, v: uaddr): void {
  w.opaque(v, 1024)
}

export function sizeuaddr(v: uaddr): number {
  return 4 + padded(v.length)
}

/** A program, and the transport and universal address that it is to be found at: RFC 1833 §2.1. */
export interface rpcb {
  r_prog: number
  r_vers: number
  r_netid: Uint8Array
  r_addr: uaddr
  r_owner: Uint8Array
}

export function readrpcb(r: XdrReader): rpcb {
  return {
    r_prog: r.u32(),
    r_vers: r.u32(),
    r_netid: r.opaque(1024),
    r_addr: r.opaque(1024),
    r_owner: r.opaque(1024),
  }
}

export function readrpcbInto(r: XdrReader, out: rpcb): void {
  out.r_prog = r.u32()
  out.r_vers = r.u32()
  out.r_netid = r.opaque(1024)
  out.r_addr = r.opaque(1024)
  out.r_owner = r.opaque(1024)
}

export function writerpcb(w: XdrWriter, v: rpcb): void {
  w.u32(v.r_prog)
  w.u32(v.r_vers)
  w.opaque(v.r_netid, 1024)
  w.opaque(v.r_addr, 1024)
  w.opaque(v.r_owner, 1024)
}

export function sizerpcb(v: rpcb): number {
  let size = 8
  size += 4 + padded(v.r_netid.length)
  size += 4 + padded(v.r_addr.length)
  size += 4 + padded(v.r_owner.length)
  return size
}

/** RFC 1833 §2.1 calls it rp__list. */
export interface rpcblist {
  rpcb_map: rpcb
}

export function readrpcblist(r: XdrReader): rpcblist {
  return {
    rpcb_map: readrpcb(r),
  }
}

export function readrpcblistInto(r: XdrReader, out: rpcblist): void {
  readrpcbInto(r, out.rpcb_map)
}

export function writerpcblist(w: XdrWriter, v: rpcblist): void {
  writerpcb(w, v.rpcb_map)
}

export function sizerpcblist(v: rpcblist): number {
  return sizerpcb(v.rpcb_map)
}

/** RFC 1833 §2.1. */
export type rpcblist_ptr = rpcblist[]

export function readrpcblist_ptr(r: XdrReader): rpcblist_ptr {
  const out: rpcblist_ptr = []
  while (r.bool()) out.push(readrpcblist(r))
  return out
}

export function writerpcblist_ptr(w: XdrWriter, v: rpcblist_ptr): void {
  for (const element of v) {
    w.u32(1)
    writerpcblist(w, element)
  }
  w.u32(0)
}

export function sizerpcblist_ptr(v: rpcblist_ptr): number {
  let size = 4
  for (const element of v) size += 4 + sizerpcblist(element)
  return size
}

/** Arguments of CALLIT, BCAST and INDIRECT: RFC 1833 §2.1. */
export interface rpcb_rmtcallargs {
  prog: number
  vers: number
  proc: number
  args: Uint8Array
}

export function readrpcb_rmtcallargs(r: XdrReader): rpcb_rmtcallargs {
  return {
    prog: r.u32(),
    vers: r.u32(),
    proc: r.u32(),
    args: r.opaque(0xffffffff),
  }
}

export function readrpcb_rmtcallargsInto(r: XdrReader, out: rpcb_rmtcallargs): void {
  out.prog = r.u32()
  out.vers = r.u32()
  out.proc = r.u32()
  out.args = r.opaque(0xffffffff)
}

export function writerpcb_rmtcallargs(w: XdrWriter, v: rpcb_rmtcallargs): void {
  w.u32(v.prog)
  w.u32(v.vers)
  w.u32(v.proc)
  w.opaque(v.args)
}

export function sizerpcb_rmtcallargs(v: rpcb_rmtcallargs): number {
  let size = 12
  size += 4 + padded(v.args.length)
  return size
}

/** Their results: RFC 1833 §2.1. */
export interface rpcb_rmtcallres {
  addr: uaddr
  results: Uint8Array
}

export function readrpcb_rmtcallres(r: XdrReader): rpcb_rmtcallres {
  return {
    addr: r.opaque(1024),
    results: r.opaque(0xffffffff),
  }
}

export function readrpcb_rmtcallresInto(r: XdrReader, out: rpcb_rmtcallres): void {
  out.addr = r.opaque(1024)
  out.results = r.opaque(0xffffffff)
}

export function writerpcb_rmtcallres(w: XdrWriter, v: rpcb_rmtcallres): void {
  w.opaque(v.addr, 1024)
  w.opaque(v.results)
}

export function sizerpcb_rmtcallres(v: rpcb_rmtcallres): number {
  let size = 0
  size += 4 + padded(v.addr.length)
  size += 4 + padded(v.results.length)
  return size
}

/** One address of a program: RFC 1833 §2.1. */
export interface rpcb_entry {
  r_maddr: uaddr
  r_nc_netid: Uint8Array
  r_nc_semantics: number
  r_nc_protofmly: Uint8Array
  r_nc_proto: Uint8Array
}

export function readrpcb_entry(r: XdrReader): rpcb_entry {
  return {
    r_maddr: r.opaque(1024),
    r_nc_netid: r.opaque(1024),
    r_nc_semantics: r.u32(),
    r_nc_protofmly: r.opaque(1024),
    r_nc_proto: r.opaque(1024),
  }
}

export function readrpcb_entryInto(r: XdrReader, out: rpcb_entry): void {
  out.r_maddr = r.opaque(1024)
  out.r_nc_netid = r.opaque(1024)
  out.r_nc_semantics = r.u32()
  out.r_nc_protofmly = r.opaque(1024)
  out.r_nc_proto = r.opaque(1024)
}

export function writerpcb_entry(w: XdrWriter, v: rpcb_entry): void {
  w.opaque(v.r_maddr, 1024)
  w.opaque(v.r_nc_netid, 1024)
  w.u32(v.r_nc_semantics)
  w.opaque(v.r_nc_protofmly, 1024)
  w.opaque(v.r_nc_proto, 1024)
}

export function sizerpcb_entry(v: rpcb_entry): number {
  let size = 4
  size += 4 + padded(v.r_maddr.length)
  size += 4 + padded(v.r_nc_netid.length)
  size += 4 + padded(v.r_nc_protofmly.length)
  size += 4 + padded(v.r_nc_proto.length)
  return size
}

/** RFC 1833 §2.1. */
export interface rpcb_entry_list {
  rpcb_entry_map: rpcb_entry
}

export function readrpcb_entry_list(r: XdrReader): rpcb_entry_list {
  return {
    rpcb_entry_map: readrpcb_entry(r),
  }
}

export function readrpcb_entry_listInto(r: XdrReader, out: rpcb_entry_list): void {
  readrpcb_entryInto(r, out.rpcb_entry_map)
}

export function writerpcb_entry_list(w: XdrWriter, v: rpcb_entry_list): void {
  writerpcb_entry(w, v.rpcb_entry_map)
}

export function sizerpcb_entry_list(v: rpcb_entry_list): number {
  return sizerpcb_entry(v.rpcb_entry_map)
}

/** RFC 1833 §2.1. */
export type rpcb_entry_list_ptr = rpcb_entry_list[]

export function readrpcb_entry_list_ptr(r: XdrReader): rpcb_entry_list_ptr {
  const out: rpcb_entry_list_ptr = []
  while (r.bool()) out.push(readrpcb_entry_list(r))
  return out
}

export function writerpcb_entry_list_ptr(w: XdrWriter, v: rpcb_entry_list_ptr): void {
  for (const element of v) {
    w.u32(1)
    writerpcb_entry_list(w, element)
  }
  w.u32(0)
}

export function sizerpcb_entry_list_ptr(v: rpcb_entry_list_ptr): number {
  let size = 4
  for (const element of v) size += 4 + sizerpcb_entry_list(element)
  return size
}

/** What became of the questions for an address: RFC 1833 §2.1. */
export interface rpcbs_addrlist {
  prog: number
  vers: number
  success: number
  failure: number
  netid: Uint8Array
}

export function readrpcbs_addrlist(r: XdrReader): rpcbs_addrlist {
  return {
    prog: r.u32(),
    vers: r.u32(),
    success: r.i32(),
    failure: r.i32(),
    netid: r.opaque(1024),
  }
}

export function readrpcbs_addrlistInto(r: XdrReader, out: rpcbs_addrlist): void {
  out.prog = r.u32()
  out.vers = r.u32()
  out.success = r.i32()
  out.failure = r.i32()
  out.netid = r.opaque(1024)
}

export function writerpcbs_addrlist(w: XdrWriter, v: rpcbs_addrlist): void {
  w.u32(v.prog)
  w.u32(v.vers)
  w.i32(v.success)
  w.i32(v.failure)
  w.opaque(v.netid, 1024)
}

export function sizerpcbs_addrlist(v: rpcbs_addrlist): number {
  let size = 16
  size += 4 + padded(v.netid.length)
  return size
}

/** What became of forwarded calls: RFC 1833 §2.1. */
export interface rpcbs_rmtcalllist {
  prog: number
  vers: number
  proc: number
  success: number
  failure: number
  indirect: number
  netid: Uint8Array
}

export function readrpcbs_rmtcalllist(r: XdrReader): rpcbs_rmtcalllist {
  return {
    prog: r.u32(),
    vers: r.u32(),
    proc: r.u32(),
    success: r.i32(),
    failure: r.i32(),
    indirect: r.i32(),
    netid: r.opaque(1024),
  }
}

export function readrpcbs_rmtcalllistInto(r: XdrReader, out: rpcbs_rmtcalllist): void {
  out.prog = r.u32()
  out.vers = r.u32()
  out.proc = r.u32()
  out.success = r.i32()
  out.failure = r.i32()
  out.indirect = r.i32()
  out.netid = r.opaque(1024)
}

export function writerpcbs_rmtcalllist(w: XdrWriter, v: rpcbs_rmtcalllist): void {
  w.u32(v.prog)
  w.u32(v.vers)
  w.u32(v.proc)
  w.i32(v.success)
  w.i32(v.failure)
  w.i32(v.indirect)
  w.opaque(v.netid, 1024)
}

export function sizerpcbs_rmtcalllist(v: rpcbs_rmtcalllist): number {
  let size = 24
  size += 4 + padded(v.netid.length)
  return size
}

/** Calls by procedure: RFC 1833 §2.1. */
export type rpcbs_proc = number[]

export function readrpcbs_proc(r: XdrReader): rpcbs_proc {
  const out: rpcbs_proc = []
  for (let i = 0; i < 13; i++) out.push(r.i32())
  return out
}

export function writerpcbs_proc(w: XdrWriter, v: rpcbs_proc): void {
  if (v.length !== 13) throw new XdrError(`${v.length} elements given where 13 belong`)
  for (const element of v) w.i32(element)
}

export function sizerpcbs_proc(_v: rpcbs_proc): number {
  return 52
}

/** RFC 1833 §2.1. */
export type rpcbs_addrlist_ptr = rpcbs_addrlist[]

export function readrpcbs_addrlist_ptr(r: XdrReader): rpcbs_addrlist_ptr {
  const out: rpcbs_addrlist_ptr = []
  while (r.bool()) out.push(readrpcbs_addrlist(r))
  return out
}

export function writerpcbs_addrlist_ptr(w: XdrWriter, v: rpcbs_addrlist_ptr): void {
  for (const element of v) {
    w.u32(1)
    writerpcbs_addrlist(w, element)
  }
  w.u32(0)
}

export function sizerpcbs_addrlist_ptr(v: rpcbs_addrlist_ptr): number {
  let size = 4
  for (const element of v) size += 4 + sizerpcbs_addrlist(element)
  return size
}

/** RFC 1833 §2.1. */
export type rpcbs_rmtcalllist_ptr = rpcbs_rmtcalllist[]

export function readrpcbs_rmtcalllist_ptr(r: XdrReader): rpcbs_rmtcalllist_ptr {
  const out: rpcbs_rmtcalllist_ptr = []
  while (r.bool()) out.push(readrpcbs_rmtcalllist(r))
  return out
}

export function writerpcbs_rmtcalllist_ptr(w: XdrWriter, v: rpcbs_rmtcalllist_ptr): void {
  for (const element of v) {
    w.u32(1)
    writerpcbs_rmtcalllist(w, element)
  }
  w.u32(0)
}

export function sizerpcbs_rmtcalllist_ptr(v: rpcbs_rmtcalllist_ptr): number {
  let size = 4
  for (const element of v) size += 4 + sizerpcbs_rmtcalllist(element)
  return size
}

/** RFC 1833 §2.1. */
export interface rpcb_stat {
  info: rpcbs_proc
  setinfo: number
  unsetinfo: number
  addrinfo: rpcbs_addrlist_ptr
  rmtinfo: rpcbs_rmtcalllist_ptr
}

export function readrpcb_stat(r: XdrReader): rpcb_stat {
  return {
    info: readrpcbs_proc(r),
    setinfo: r.i32(),
    unsetinfo: r.i32(),
    addrinfo: readrpcbs_addrlist_ptr(r),
    rmtinfo: readrpcbs_rmtcalllist_ptr(r),
  }
}

export function readrpcb_statInto(r: XdrReader, out: rpcb_stat): void {
  out.info = readrpcbs_proc(r)
  out.setinfo = r.i32()
  out.unsetinfo = r.i32()
  out.addrinfo = readrpcbs_addrlist_ptr(r)
  out.rmtinfo = readrpcbs_rmtcalllist_ptr(r)
}

export function writerpcb_stat(w: XdrWriter, v: rpcb_stat): void {
  writerpcbs_proc(w, v.info)
  w.i32(v.setinfo)
  w.i32(v.unsetinfo)
  writerpcbs_addrlist_ptr(w, v.addrinfo)
  writerpcbs_rmtcalllist_ptr(w, v.rmtinfo)
}

export function sizerpcb_stat(v: rpcb_stat): number {
  let size = 60
  size += sizerpcbs_addrlist_ptr(v.addrinfo)
  size += sizerpcbs_rmtcalllist_ptr(v.rmtinfo)
  return size
}

/** Versions 2, 3 and 4, in this order: RFC 1833 §2.1. */
export type rpcb_stat_byvers = rpcb_stat[]

export function readrpcb_stat_byvers(r: XdrReader): rpcb_stat_byvers {
  const out: rpcb_stat_byvers = []
  for (let i = 0; i < 3; i++) out.push(readrpcb_stat(r))
  return out
}

export function writerpcb_stat_byvers(w: XdrWriter, v: rpcb_stat_byvers): void {
  if (v.length !== 3) throw new XdrError(`${v.length} elements given where 3 belong`)
  for (const element of v) writerpcb_stat(w, element)
}

export function sizerpcb_stat_byvers(v: rpcb_stat_byvers): number {
  let size = 0
  for (const element of v) size += sizerpcb_stat(element)
  return size
}

/** A transport address as a program has it in memory: RFC 1833 §2.1. */
export interface netbuf {
  maxlen: number
  buf: Uint8Array
}

export function readnetbuf(r: XdrReader): netbuf {
  return {
    maxlen: r.u32(),
    buf: r.opaque(1024),
  }
}

export function readnetbufInto(r: XdrReader, out: netbuf): void {
  out.maxlen = r.u32()
  out.buf = r.opaque(1024)
}

export function writenetbuf(w: XdrWriter, v: netbuf): void {
  w.u32(v.maxlen)
  w.opaque(v.buf, 1024)
}

export function sizenetbuf(v: netbuf): number {
  let size = 4
  size += 4 + padded(v.buf.length)
  return size
}

/**
 * RFC 1833 §2.1. Version 4 has the procedures of version 3 too; its BCAST has CALLIT's number and is the same. There they
 * all are listed again.
 */
export const RPCBPROG = 100000

export const RPCBVERS = 3

export const RPCBPROC_NULL = 0
export const RPCBPROC_SET = 1
export const RPCBPROC_UNSET = 2
export const RPCBPROC_GETADDR = 3
export const RPCBPROC_DUMP = 4
export const RPCBPROC_CALLIT = 5
export const RPCBPROC_GETTIME = 6
export const RPCBPROC_UADDR2TADDR = 7
export const RPCBPROC_TADDR2UADDR = 8

/** The procedures of RPCBPROG version 3; `Context` is what a server passes along. */
export interface RPCBVERS_server<Context> {
  RPCBPROC_NULL(args: undefined, context: Context): undefined
  RPCBPROC_SET(args: rpcb, context: Context): boolean
  RPCBPROC_UNSET(args: rpcb, context: Context): boolean
  RPCBPROC_GETADDR(args: rpcb, context: Context): uaddr
  RPCBPROC_DUMP(args: undefined, context: Context): rpcblist_ptr
  RPCBPROC_CALLIT(args: rpcb_rmtcallargs, context: Context): rpcb_rmtcallres
  RPCBPROC_GETTIME(args: undefined, context: Context): number
  RPCBPROC_UADDR2TADDR(args: uaddr, context: Context): netbuf
  RPCBPROC_TADDR2UADDR(args: netbuf, context: Context): uaddr
}

/** The wire side of RPCBPROG version 3, by procedure. */
export const RPCBVERS_codecs = {
  RPCBPROC_NULL: {
    number: 0,
    name: 'RPCBPROC_NULL',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  RPCBPROC_SET: {
    number: 1,
    name: 'RPCBPROC_SET',
    readArgs: readrpcb,
    writeArgs: writerpcb,
    readResult: (r: XdrReader) => r.bool(),
    writeResult: (w: XdrWriter, v: boolean) => w.bool(v),
  },
  RPCBPROC_UNSET: {
    number: 2,
    name: 'RPCBPROC_UNSET',
    readArgs: readrpcb,
    writeArgs: writerpcb,
    readResult: (r: XdrReader) => r.bool(),
    writeResult: (w: XdrWriter, v: boolean) => w.bool(v),
  },
  RPCBPROC_GETADDR: {
    number: 3,
    name: 'RPCBPROC_GETADDR',
    readArgs: readrpcb,
    writeArgs: writerpcb,
    readResult: readuaddr,
    writeResult: writeuaddr,
  },
  RPCBPROC_DUMP: {
    number: 4,
    name: 'RPCBPROC_DUMP',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readrpcblist_ptr,
    writeResult: writerpcblist_ptr,
  },
  RPCBPROC_CALLIT: {
    number: 5,
    name: 'RPCBPROC_CALLIT',
    readArgs: readrpcb_rmtcallargs,
    writeArgs: writerpcb_rmtcallargs,
    readResult: readrpcb_rmtcallres,
    writeResult: writerpcb_rmtcallres,
  },
  RPCBPROC_GETTIME: {
    number: 6,
    name: 'RPCBPROC_GETTIME',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: (r: XdrReader) => r.u32(),
    writeResult: (w: XdrWriter, v: number) => w.u32(v),
  },
  RPCBPROC_UADDR2TADDR: {
    number: 7,
    name: 'RPCBPROC_UADDR2TADDR',
    readArgs: readuaddr,
    writeArgs: writeuaddr,
    readResult: readnetbuf,
    writeResult: writenetbuf,
  },
  RPCBPROC_TADDR2UADDR: {
    number: 8,
    name: 'RPCBPROC_TADDR2UADDR',
    readArgs: readnetbuf,
    writeArgs: writenetbuf,
    readResult: readuaddr,
    writeResult: writeuaddr,
  },
} as const satisfies {
  RPCBPROC_NULL: ProcedureCodec<'RPCBPROC_NULL', undefined, undefined>
  RPCBPROC_SET: ProcedureCodec<'RPCBPROC_SET', rpcb, boolean>
  RPCBPROC_UNSET: ProcedureCodec<'RPCBPROC_UNSET', rpcb, boolean>
  RPCBPROC_GETADDR: ProcedureCodec<'RPCBPROC_GETADDR', rpcb, uaddr>
  RPCBPROC_DUMP: ProcedureCodec<'RPCBPROC_DUMP', undefined, rpcblist_ptr>
  RPCBPROC_CALLIT: ProcedureCodec<'RPCBPROC_CALLIT', rpcb_rmtcallargs, rpcb_rmtcallres>
  RPCBPROC_GETTIME: ProcedureCodec<'RPCBPROC_GETTIME', undefined, number>
  RPCBPROC_UADDR2TADDR: ProcedureCodec<'RPCBPROC_UADDR2TADDR', uaddr, netbuf>
  RPCBPROC_TADDR2UADDR: ProcedureCodec<'RPCBPROC_TADDR2UADDR', netbuf, uaddr>
}

export const RPCBVERS4 = 4

export const RPCBPROC_BCAST = 5
export const RPCBPROC_GETVERSADDR = 9
export const RPCBPROC_INDIRECT = 10
export const RPCBPROC_GETADDRLIST = 11
export const RPCBPROC_GETSTAT = 12

/** The procedures of RPCBPROG version 4; `Context` is what a server passes along. */
export interface RPCBVERS4_server<Context> {
  RPCBPROC_BCAST(args: rpcb_rmtcallargs, context: Context): rpcb_rmtcallres
  RPCBPROC_GETVERSADDR(args: rpcb, context: Context): uaddr
  RPCBPROC_INDIRECT(args: rpcb_rmtcallargs, context: Context): rpcb_rmtcallres
  RPCBPROC_GETADDRLIST(args: rpcb, context: Context): rpcb_entry_list_ptr
  RPCBPROC_GETSTAT(args: undefined, context: Context): rpcb_stat_byvers
}

/** The wire side of RPCBPROG version 4, by procedure. */
export const RPCBVERS4_codecs = {
  RPCBPROC_BCAST: {
    number: 5,
    name: 'RPCBPROC_BCAST',
    readArgs: readrpcb_rmtcallargs,
    writeArgs: writerpcb_rmtcallargs,
    readResult: readrpcb_rmtcallres,
    writeResult: writerpcb_rmtcallres,
  },
  RPCBPROC_GETVERSADDR: {
    number: 9,
    name: 'RPCBPROC_GETVERSADDR',
    readArgs: readrpcb,
    writeArgs: writerpcb,
    readResult: readuaddr,
    writeResult: writeuaddr,
  },
  RPCBPROC_INDIRECT: {
    number: 10,
    name: 'RPCBPROC_INDIRECT',
    readArgs: readrpcb_rmtcallargs,
    writeArgs: writerpcb_rmtcallargs,
    readResult: readrpcb_rmtcallres,
    writeResult: writerpcb_rmtcallres,
  },
  RPCBPROC_GETADDRLIST: {
    number: 11,
    name: 'RPCBPROC_GETADDRLIST',
    readArgs: readrpcb,
    writeArgs: writerpcb,
    readResult: readrpcb_entry_list_ptr,
    writeResult: writerpcb_entry_list_ptr,
  },
  RPCBPROC_GETSTAT: {
    number: 12,
    name: 'RPCBPROC_GETSTAT',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readrpcb_stat_byvers,
    writeResult: writerpcb_stat_byvers,
  },
} as const satisfies {
  RPCBPROC_BCAST: ProcedureCodec<'RPCBPROC_BCAST', rpcb_rmtcallargs, rpcb_rmtcallres>
  RPCBPROC_GETVERSADDR: ProcedureCodec<'RPCBPROC_GETVERSADDR', rpcb, uaddr>
  RPCBPROC_INDIRECT: ProcedureCodec<'RPCBPROC_INDIRECT', rpcb_rmtcallargs, rpcb_rmtcallres>
  RPCBPROC_GETADDRLIST: ProcedureCodec<'RPCBPROC_GETADDRLIST', rpcb, rpcb_entry_list_ptr>
  RPCBPROC_GETSTAT: ProcedureCodec<'RPCBPROC_GETSTAT', undefined, rpcb_stat_byvers>
}
