// Generated from mount.x by scripts/gen.ts: do not edit.
import { type ProcedureCodec, readVoid, writeVoid } from '../xdr/procedure.ts'
import { padded, XdrError, type XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'

/** Sizes: RFC 1813 §5.1.4. */
export const MNTPATHLEN = 1024

export const MNTNAMLEN = 255

export const FHSIZE3 = 64

/** Of a file handle of version 1: RFC 1094 §A.3. */
export const FHSIZE = 32

/** Basic types: RFC 1813 §5.1.5. */
export type fhandle3 = Uint8Array

export function readfhandle3(r: XdrReader): fhandle3 {
  return r.opaque(64)
}

export function writefhandle3(w: XdrWriter, v: fhandle3): void {
  w.opaque(v, 64)
}

export function sizefhandle3(v: fhandle3): number {
  return 4 + padded(v.length)
}

export type dirpath = Uint8Array

export function readdirpath(r: XdrReader): dirpath {
  return r.opaque(1024)
}

export function writedirpath(w: XdrWriter, v: dirpath): void {
  w.opaque(v, 1024)
}

export function sizedirpath(v: dirpath): number {
  return 4 + padded(v.length)
}

export type name = Uint8Array

export function readname(r: XdrReader): name {
  return r.opaque(255)
}

export function writename(w: XdrWriter, v: name): void {
  w.opaque(v, 255)
}

export function sizename(v: name): number {
  return 4 + padded(v.length)
}

/** RFC 1813 §5.1.5. */
export const mountstat3 = {
  MNT3_OK: 0,
  MNT3ERR_PERM: 1,
  MNT3ERR_NOENT: 2,
  MNT3ERR_IO: 5,
  MNT3ERR_ACCES: 13,
  MNT3ERR_NOTDIR: 20,
  MNT3ERR_INVAL: 22,
  MNT3ERR_NAMETOOLONG: 63,
  MNT3ERR_NOTSUPP: 10004,
  MNT3ERR_SERVERFAULT: 10006,
} as const
export type mountstat3 = (typeof mountstat3)[keyof typeof mountstat3]

const mountstat3_values: ReadonlySet<number> = new Set(Object.values(mountstat3))

export function readmountstat3(r: XdrReader): mountstat3 {
  const value = r.i32()
  if (!(mountstat3_values.has(value))) throw new XdrError(`mountstat3 is ${value}`)
  return value as mountstat3
}

export function writemountstat3(w: XdrWriter, v: mountstat3): void {
  w.i32(v)
}

export function sizemountstat3(_v: mountstat3): number {
  return 4
}

/** RFC 1813 §5.2.1. */
export interface mountres3_ok {
  fhandle: fhandle3
  auth_flavors: mountres3_ok_auth_flavors
}

export function readmountres3_ok(r: XdrReader): mountres3_ok {
  return {
    fhandle: r.opaque(64),
    auth_flavors: readmountres3_ok_auth_flavors(r),
  }
}

export function readmountres3_okInto(r: XdrReader, out: mountres3_ok): void {
  out.fhandle = r.opaque(64)
  out.auth_flavors = readmountres3_ok_auth_flavors(r)
}

export function writemountres3_ok(w: XdrWriter, v: mountres3_ok): void {
  w.opaque(v.fhandle, 64)
  writemountres3_ok_auth_flavors(w, v.auth_flavors)
}

export function sizemountres3_ok(v: mountres3_ok): number {
  let size = 0
  size += 4 + padded(v.fhandle.length)
  size += sizemountres3_ok_auth_flavors(v.auth_flavors)
  return size
}

/** RFC 1813 §5.2.1. */
export type mountres3 =
  | { fhs_status: typeof mountstat3.MNT3_OK; mountinfo: mountres3_ok }
  | { fhs_status: Exclude<mountstat3, typeof mountstat3.MNT3_OK> }

export function readmountres3(r: XdrReader): mountres3 {
  const fhs_status = readmountstat3(r)
  switch (fhs_status) {
    case mountstat3.MNT3_OK:
      return { fhs_status, mountinfo: readmountres3_ok(r) }
    default:
      return { fhs_status }
  }
}

export function writemountres3(w: XdrWriter, v: mountres3): void {
  w.i32(v.fhs_status)
  switch (v.fhs_status) {
    case mountstat3.MNT3_OK:
      writemountres3_ok(w, v.mountinfo)
      break
    default:
      break
  }
}

export function sizemountres3(v: mountres3): number {
  switch (v.fhs_status) {
    case mountstat3.MNT3_OK:
      return 4 + sizemountres3_ok(v.mountinfo)
    default:
      return 4
  }
}

/** RFC 1813 §5.2.2. */
export type mountlist = mountbody[]

export function readmountlist(r: XdrReader): mountlist {
  const out: mountlist = []
  while (r.bool()) out.push(readmountbody(r))
  return out
}

export function writemountlist(w: XdrWriter, v: mountlist): void {
  for (const element of v) {
    w.u32(1)
    writemountbody(w, element)
  }
  w.u32(0)
}

export function sizemountlist(v: mountlist): number {
  let size = 4
  for (const element of v) size += 4 + sizemountbody(element)
  return size
}

/** RFC 1813 §5.2.2. */
export interface mountbody {
  ml_hostname: name
  ml_directory: dirpath
}

export function readmountbody(r: XdrReader): mountbody {
  return {
    ml_hostname: r.opaque(255),
    ml_directory: r.opaque(1024),
  }
}

export function readmountbodyInto(r: XdrReader, out: mountbody): void {
  out.ml_hostname = r.opaque(255)
  out.ml_directory = r.opaque(1024)
}

export function writemountbody(w: XdrWriter, v: mountbody): void {
  w.opaque(v.ml_hostname, 255)
  w.opaque(v.ml_directory, 1024)
}

export function sizemountbody(v: mountbody): number {
  let size = 0
  size += 4 + padded(v.ml_hostname.length)
  size += 4 + padded(v.ml_directory.length)
  return size
}

/** RFC 1813 §5.2.5. */
export type groups = groupnode[]

export function readgroups(r: XdrReader): groups {
  const out: groups = []
  while (r.bool()) out.push(readgroupnode(r))
  return out
}

export function writegroups(w: XdrWriter, v: groups): void {
  for (const element of v) {
    w.u32(1)
    writegroupnode(w, element)
  }
  w.u32(0)
}

export function sizegroups(v: groups): number {
  let size = 4
  for (const element of v) size += 4 + sizegroupnode(element)
  return size
}

/** RFC 1813 §5.2.5. */
export interface groupnode {
  gr_name: name
}

export function readgroupnode(r: XdrReader): groupnode {
  return {
    gr_name: r.opaque(255),
  }
}

export function readgroupnodeInto(r: XdrReader, out: groupnode): void {
  out.gr_name = r.opaque(255)
}

export function writegroupnode(w: XdrWriter, v: groupnode): void {
  w.opaque(v.gr_name, 255)
}

export function sizegroupnode(v: groupnode): number {
  return 4 + padded(v.gr_name.length)
}

/** RFC 1813 §5.2.5. */
export type exports = exportnode[]

export function readexports(r: XdrReader): exports {
  const out: exports = []
  while (r.bool()) out.push(readexportnode(r))
  return out
}

export function writeexports(w: XdrWriter, v: exports): void {
  for (const element of v) {
    w.u32(1)
    writeexportnode(w, element)
  }
  w.u32(0)
}

export function sizeexports(v: exports): number {
  let size = 4
  for (const element of v) size += 4 + sizeexportnode(element)
  return size
}

/** RFC 1813 §5.2.5. */
export interface exportnode {
  ex_dir: dirpath
  ex_groups: groups
}

export function readexportnode(r: XdrReader): exportnode {
  return {
    ex_dir: r.opaque(1024),
    ex_groups: readgroups(r),
  }
}

export function readexportnodeInto(r: XdrReader, out: exportnode): void {
  out.ex_dir = r.opaque(1024)
  out.ex_groups = readgroups(r)
}

export function writeexportnode(w: XdrWriter, v: exportnode): void {
  w.opaque(v.ex_dir, 1024)
  writegroups(w, v.ex_groups)
}

export function sizeexportnode(v: exportnode): number {
  let size = 0
  size += 4 + padded(v.ex_dir.length)
  size += sizegroups(v.ex_groups)
  return size
}

/** A file handle of NFS version 2: RFC 1094 §A.4. */
export type fhandle = Uint8Array

export function readfhandle(r: XdrReader): fhandle {
  return r.opaqueFixed(32)
}

export function writefhandle(w: XdrWriter, v: fhandle): void {
  w.opaqueFixed(v, 32)
}

export function sizefhandle(_v: fhandle): number {
  return 32
}

/** RFC 1094 §A.4; the status is a number of UNIX. */
export type fhstatus =
  | { status: 0; directory: fhandle }
  | { status: number }

export function readfhstatus(r: XdrReader): fhstatus {
  const status = r.u32()
  switch (status) {
    case 0:
      return { status, directory: r.opaqueFixed(32) }
    default:
      return { status }
  }
}

export function writefhstatus(w: XdrWriter, v: fhstatus): void {
  w.u32(v.status)
  switch (v.status) {
    case 0:
      w.opaqueFixed((v as unknown as { directory: fhandle }).directory, 32)
      break
    default:
      break
  }
}

export function sizefhstatus(v: fhstatus): number {
  switch (v.status) {
    case 0:
      return 4 + 32
    default:
      return 4
  }
}

export type mountres3_ok_auth_flavors = number[]

export function readmountres3_ok_auth_flavors(r: XdrReader): mountres3_ok_auth_flavors {
  const count = r.count(0xffffffff, 4)
  const out: mountres3_ok_auth_flavors = []
  for (let i = 0; i < count; i++) out.push(r.i32())
  return out
}

export function writemountres3_ok_auth_flavors(w: XdrWriter, v: mountres3_ok_auth_flavors): void {
  w.count(v.length, 0xffffffff)
  for (const element of v) w.i32(element)
}

export function sizemountres3_ok_auth_flavors(v: mountres3_ok_auth_flavors): number {
  return 4 + v.length * 4
}

/** RFC 1813 §5.2, RFC 1094 §A.5. The lists of both versions are the same. */
export const MOUNT_PROGRAM = 100005

export const MOUNT_V1 = 1

export const MOUNTPROC_NULL = 0
export const MOUNTPROC_MNT = 1
export const MOUNTPROC_DUMP = 2
export const MOUNTPROC_UMNT = 3
export const MOUNTPROC_UMNTALL = 4
export const MOUNTPROC_EXPORT = 5

/** The procedures of MOUNT_PROGRAM version 1; `Context` is what a server passes along. */
export interface MOUNT_V1_server<Context> {
  MOUNTPROC_NULL(args: undefined, context: Context): undefined
  MOUNTPROC_MNT(args: dirpath, context: Context): fhstatus
  MOUNTPROC_DUMP(args: undefined, context: Context): mountlist
  MOUNTPROC_UMNT(args: dirpath, context: Context): undefined
  MOUNTPROC_UMNTALL(args: undefined, context: Context): undefined
  MOUNTPROC_EXPORT(args: undefined, context: Context): exports
}

/** The wire side of MOUNT_PROGRAM version 1, by procedure. */
export const MOUNT_V1_codecs = {
  MOUNTPROC_NULL: {
    number: 0,
    name: 'MOUNTPROC_NULL',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  MOUNTPROC_MNT: {
    number: 1,
    name: 'MOUNTPROC_MNT',
    readArgs: readdirpath,
    writeArgs: writedirpath,
    readResult: readfhstatus,
    writeResult: writefhstatus,
  },
  MOUNTPROC_DUMP: {
    number: 2,
    name: 'MOUNTPROC_DUMP',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readmountlist,
    writeResult: writemountlist,
  },
  MOUNTPROC_UMNT: {
    number: 3,
    name: 'MOUNTPROC_UMNT',
    readArgs: readdirpath,
    writeArgs: writedirpath,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  MOUNTPROC_UMNTALL: {
    number: 4,
    name: 'MOUNTPROC_UMNTALL',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  MOUNTPROC_EXPORT: {
    number: 5,
    name: 'MOUNTPROC_EXPORT',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readexports,
    writeResult: writeexports,
  },
} as const satisfies {
  MOUNTPROC_NULL: ProcedureCodec<'MOUNTPROC_NULL', undefined, undefined>
  MOUNTPROC_MNT: ProcedureCodec<'MOUNTPROC_MNT', dirpath, fhstatus>
  MOUNTPROC_DUMP: ProcedureCodec<'MOUNTPROC_DUMP', undefined, mountlist>
  MOUNTPROC_UMNT: ProcedureCodec<'MOUNTPROC_UMNT', dirpath, undefined>
  MOUNTPROC_UMNTALL: ProcedureCodec<'MOUNTPROC_UMNTALL', undefined, undefined>
  MOUNTPROC_EXPORT: ProcedureCodec<'MOUNTPROC_EXPORT', undefined, exports>
}

export const MOUNT_V3 = 3

export const MOUNTPROC3_NULL = 0
export const MOUNTPROC3_MNT = 1
export const MOUNTPROC3_DUMP = 2
export const MOUNTPROC3_UMNT = 3
export const MOUNTPROC3_UMNTALL = 4
export const MOUNTPROC3_EXPORT = 5

/** The procedures of MOUNT_PROGRAM version 3; `Context` is what a server passes along. */
export interface MOUNT_V3_server<Context> {
  MOUNTPROC3_NULL(args: undefined, context: Context): undefined
  MOUNTPROC3_MNT(args: dirpath, context: Context): mountres3
  MOUNTPROC3_DUMP(args: undefined, context: Context): mountlist
  MOUNTPROC3_UMNT(args: dirpath, context: Context): undefined
  MOUNTPROC3_UMNTALL(args: undefined, context: Context): undefined
  MOUNTPROC3_EXPORT(args: undefined, context: Context): exports
}

/** The wire side of MOUNT_PROGRAM version 3, by procedure. */
export const MOUNT_V3_codecs = {
  MOUNTPROC3_NULL: {
    number: 0,
    name: 'MOUNTPROC3_NULL',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  MOUNTPROC3_MNT: {
    number: 1,
    name: 'MOUNTPROC3_MNT',
    readArgs: readdirpath,
    writeArgs: writedirpath,
    readResult: readmountres3,
    writeResult: writemountres3,
  },
  MOUNTPROC3_DUMP: {
    number: 2,
    name: 'MOUNTPROC3_DUMP',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readmountlist,
    writeResult: writemountlist,
  },
  MOUNTPROC3_UMNT: {
    number: 3,
    name: 'MOUNTPROC3_UMNT',
    readArgs: readdirpath,
    writeArgs: writedirpath,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  MOUNTPROC3_UMNTALL: {
    number: 4,
    name: 'MOUNTPROC3_UMNTALL',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  MOUNTPROC3_EXPORT: {
    number: 5,
    name: 'MOUNTPROC3_EXPORT',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readexports,
    writeResult: writeexports,
  },
} as const satisfies {
  MOUNTPROC3_NULL: ProcedureCodec<'MOUNTPROC3_NULL', undefined, undefined>
  MOUNTPROC3_MNT: ProcedureCodec<'MOUNTPROC3_MNT', dirpath, mountres3>
  MOUNTPROC3_DUMP: ProcedureCodec<'MOUNTPROC3_DUMP', undefined, mountlist>
  MOUNTPROC3_UMNT: ProcedureCodec<'MOUNTPROC3_UMNT', dirpath, undefined>
  MOUNTPROC3_UMNTALL: ProcedureCodec<'MOUNTPROC3_UMNTALL', undefined, undefined>
  MOUNTPROC3_EXPORT: ProcedureCodec<'MOUNTPROC3_EXPORT', undefined, exports>
}
