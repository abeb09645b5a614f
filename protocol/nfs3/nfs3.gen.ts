// Generated from nfs3.x by scripts/gen.ts: do not edit.
import { type ProcedureCodec, readVoid, writeVoid } from '../xdr/procedure.ts'
import { padded, XdrError, type XdrReader } from '../xdr/reader.ts'
import { putNumber64, type XdrWriter } from '../xdr/writer.ts'

/** Sizes: RFC 1813 §2.4. */
export const NFS3_FHSIZE = 64

export const NFS3_COOKIEVERFSIZE = 8

export const NFS3_CREATEVERFSIZE = 8

export const NFS3_WRITEVERFSIZE = 8

/** Bits of ACCESS3args.access: RFC 1813 §3.3.4. */
export const ACCESS3_READ = 1

export const ACCESS3_LOOKUP = 2

export const ACCESS3_MODIFY = 4

export const ACCESS3_EXTEND = 8

export const ACCESS3_DELETE = 16

export const ACCESS3_EXECUTE = 32

/** Bits of FSINFO3resok.properties: RFC 1813 §3.3.19. */
export const FSF3_LINK = 1

export const FSF3_SYMLINK = 2

export const FSF3_HOMOGENEOUS = 8

export const FSF3_CANSETTIME = 16

/** Basic types: RFC 1813 §2.5. */
export type uint64 = bigint

export function readuint64(r: XdrReader): uint64 {
  return r.u64()
}

export function writeuint64(w: XdrWriter, v: uint64): void {
  w.u64(v)
}

export function sizeuint64(_v: uint64): number {
  return 8
}

export type int64 = bigint

export function readint64(r: XdrReader): int64 {
  return r.i64()
}

export function writeint64(w: XdrWriter, v: int64): void {
  w.i64(v)
}

export function sizeint64(_v: int64): number {
  return 8
}

export type uint32 = number

export function readuint32(r: XdrReader): uint32 {
  return r.u32()
}

export function writeuint32(w: XdrWriter, v: uint32): void {
  w.u32(v)
}

export function sizeuint32(_v: uint32): number {
  return 4
}

export type int32 = number

export function readint32(r: XdrReader): int32 {
  return r.i32()
}

export function writeint32(w: XdrWriter, v: int32): void {
  w.i32(v)
}

export function sizeint32(_v: int32): number {
  return 4
}

export type filename3 = Uint8Array

export function readfilename3(r: XdrReader): filename3 {
  return r.opaque(0xffffffff)
}

export function writefilename3(w: XdrWriter, v: filename3): void {
  w.opaque(v)
}

export function sizefilename3(v: filename3): number {
  return 4 + padded(v.length)
}

export type nfspath3 = Uint8Array

export function readnfspath3(r: XdrReader): nfspath3 {
  return r.opaque(0xffffffff)
}

export function writenfspath3(w: XdrWriter, v: nfspath3): void {
  w.opaque(v)
}

export function sizenfspath3(v: nfspath3): number {
  return 4 + padded(v.length)
}

export type fileid3 = number

export function readfileid3(r: XdrReader): fileid3 {
  return r.number64()
}

export function writefileid3(w: XdrWriter, v: fileid3): void {
  w.number64(v)
}

export function sizefileid3(_v: fileid3): number {
  return 8
}

export type cookie3 = number

export function readcookie3(r: XdrReader): cookie3 {
  return r.number64()
}

export function writecookie3(w: XdrWriter, v: cookie3): void {
  w.number64(v)
}

export function sizecookie3(_v: cookie3): number {
  return 8
}

export type cookieverf3 = Uint8Array

export function readcookieverf3(r: XdrReader): cookieverf3 {
  return r.opaqueFixed(8)
}

export function writecookieverf3(w: XdrWriter, v: cookieverf3): void {
  w.opaqueFixed(v, 8)
}

export function sizecookieverf3(_v: cookieverf3): number {
  return 8
}

export type createverf3 = Uint8Array

export function readcreateverf3(r: XdrReader): createverf3 {
  return r.opaqueFixed(8)
}

export function writecreateverf3(w: XdrWriter, v: createverf3): void {
  w.opaqueFixed(v, 8)
}

export function sizecreateverf3(_v: createverf3): number {
  return 8
}

export type writeverf3 = Uint8Array

export function readwriteverf3(r: XdrReader): writeverf3 {
  return r.opaqueFixed(8)
}

export function writewriteverf3(w: XdrWriter, v: writeverf3): void {
  w.opaqueFixed(v, 8)
}

export function sizewriteverf3(_v: writeverf3): number {
  return 8
}

export type uid3 = uint32

export function readuid3(r: XdrReader): uid3 {
  return r.u32()
}

export function writeuid3(w: XdrWriter, v: uid3): void {
  w.u32(v)
}

export function sizeuid3(_v: uid3): number {
  return 4
}

export type gid3 = uint32

export function readgid3(r: XdrReader): gid3 {
  return r.u32()
}

export function writegid3(w: XdrWriter, v: gid3): void {
  w.u32(v)
}

export function sizegid3(_v: gid3): number {
  return 4
}

export type size3 = number

export function readsize3(r: XdrReader): size3 {
  return r.number64()
}

export function writesize3(w: XdrWriter, v: size3): void {
  w.number64(v)
}

export function sizesize3(_v: size3): number {
  return 8
}

export type offset3 = number

export function readoffset3(r: XdrReader): offset3 {
  return r.number64()
}

export function writeoffset3(w: XdrWriter, v: offset3): void {
  w.number64(v)
}

export function sizeoffset3(_v: offset3): number {
  return 8
}

export type mode3 = uint32

export function readmode3(r: XdrReader): mode3 {
  return r.u32()
}

export function writemode3(w: XdrWriter, v: mode3): void {
  w.u32(v)
}

export function sizemode3(_v: mode3): number {
  return 4
}

export type count3 = uint32

export function readcount3(r: XdrReader): count3 {
  return r.u32()
}

export function writecount3(w: XdrWriter, v: count3): void {
  w.u32(v)
}

export function sizecount3(_v: count3): number {
  return 4
}

/** RFC 1813 §2.6. */
export const nfsstat3 = {
  NFS3_OK: 0,
  NFS3ERR_PERM: 1,
  NFS3ERR_NOENT: 2,
  NFS3ERR_IO: 5,
  NFS3ERR_NXIO: 6,
  NFS3ERR_ACCES: 13,
  NFS3ERR_EXIST: 17,
  NFS3ERR_XDEV: 18,
  NFS3ERR_NODEV: 19,
  NFS3ERR_NOTDIR: 20,
  NFS3ERR_ISDIR: 21,
  NFS3ERR_INVAL: 22,
  NFS3ERR_FBIG: 27,
  NFS3ERR_NOSPC: 28,
  NFS3ERR_ROFS: 30,
  NFS3ERR_MLINK: 31,
  NFS3ERR_NAMETOOLONG: 63,
  NFS3ERR_NOTEMPTY: 66,
  NFS3ERR_DQUOT: 69,
  NFS3ERR_STALE: 70,
  NFS3ERR_REMOTE: 71,
  NFS3ERR_BADHANDLE: 10001,
  NFS3ERR_NOT_SYNC: 10002,
  NFS3ERR_BAD_COOKIE: 10003,
  NFS3ERR_NOTSUPP: 10004,
  NFS3ERR_TOOSMALL: 10005,
  NFS3ERR_SERVERFAULT: 10006,
  NFS3ERR_BADTYPE: 10007,
  NFS3ERR_JUKEBOX: 10008,
} as const
export type nfsstat3 = (typeof nfsstat3)[keyof typeof nfsstat3]

const nfsstat3_values: ReadonlySet<number> = new Set(Object.values(nfsstat3))

export function readnfsstat3(r: XdrReader): nfsstat3 {
  const value = r.i32()
  if (!(nfsstat3_values.has(value))) throw new XdrError(`nfsstat3 is ${value}`)
  return value as nfsstat3
}

export function writenfsstat3(w: XdrWriter, v: nfsstat3): void {
  w.i32(v)
}

export function sizenfsstat3(_v: nfsstat3): number {
  return 4
}

/** RFC 1813 §2.6. */
export const ftype3 = {
  NF3REG: 1,
  NF3DIR: 2,
  NF3BLK: 3,
  NF3CHR: 4,
  NF3LNK: 5,
  NF3SOCK: 6,
  NF3FIFO: 7,
} as const
export type ftype3 = (typeof ftype3)[keyof typeof ftype3]

export function readftype3(r: XdrReader): ftype3 {
  const value = r.i32()
  if (!(value >= 1 && value <= 7)) throw new XdrError(`ftype3 is ${value}`)
  return value as ftype3
}

export function writeftype3(w: XdrWriter, v: ftype3): void {
  w.i32(v)
}

export function sizeftype3(_v: ftype3): number {
  return 4
}

/** Major and minor device number: RFC 1813 §2.6. */
export interface specdata3 {
  specdata1: uint32
  specdata2: uint32
}

export function readspecdata3(r: XdrReader): specdata3 {
  return {
    specdata1: r.u32(),
    specdata2: r.u32(),
  }
}

export function readspecdata3Into(r: XdrReader, out: specdata3): void {
  out.specdata1 = r.u32()
  out.specdata2 = r.u32()
}

export function writespecdata3(w: XdrWriter, v: specdata3): void {
  const at = w.reserve(8)
  const { view } = w
  view.setUint32(at, v.specdata1)
  view.setUint32(at + 4, v.specdata2)
}

export function sizespecdata3(_v: specdata3): number {
  return 8
}

/** A file handle: RFC 1813 §2.6. */
export interface nfs_fh3 {
  data: Uint8Array
}

export function readnfs_fh3(r: XdrReader): nfs_fh3 {
  return {
    data: r.opaque(64),
  }
}

export function readnfs_fh3Into(r: XdrReader, out: nfs_fh3): void {
  out.data = r.opaque(64)
}

export function writenfs_fh3(w: XdrWriter, v: nfs_fh3): void {
  w.opaque(v.data, 64)
}

export function sizenfs_fh3(v: nfs_fh3): number {
  return 4 + padded(v.data.length)
}

/** Seconds and nanoseconds since 1970: RFC 1813 §2.6. */
export interface nfstime3 {
  seconds: uint32
  nseconds: uint32
}

export function readnfstime3(r: XdrReader): nfstime3 {
  return {
    seconds: r.u32(),
    nseconds: r.u32(),
  }
}

export function readnfstime3Into(r: XdrReader, out: nfstime3): void {
  out.seconds = r.u32()
  out.nseconds = r.u32()
}

export function writenfstime3(w: XdrWriter, v: nfstime3): void {
  const at = w.reserve(8)
  const { view } = w
  view.setUint32(at, v.seconds)
  view.setUint32(at + 4, v.nseconds)
}

export function sizenfstime3(_v: nfstime3): number {
  return 8
}

/** RFC 1813 §2.6. */
export interface fattr3 {
  type: ftype3
  mode: mode3
  nlink: uint32
  uid: uid3
  gid: gid3
  size: size3
  used: size3
  rdev: specdata3
  fsid: uint64
  fileid: fileid3
  atime: nfstime3
  mtime: nfstime3
  ctime: nfstime3
}

export function readfattr3(r: XdrReader): fattr3 {
  return {
    type: readftype3(r),
    mode: r.u32(),
    nlink: r.u32(),
    uid: r.u32(),
    gid: r.u32(),
    size: r.number64(),
    used: r.number64(),
    rdev: readspecdata3(r),
    fsid: r.u64(),
    fileid: r.number64(),
    atime: readnfstime3(r),
    mtime: readnfstime3(r),
    ctime: readnfstime3(r),
  }
}

export function readfattr3Into(r: XdrReader, out: fattr3): void {
  out.type = readftype3(r)
  out.mode = r.u32()
  out.nlink = r.u32()
  out.uid = r.u32()
  out.gid = r.u32()
  out.size = r.number64()
  out.used = r.number64()
  readspecdata3Into(r, out.rdev)
  out.fsid = r.u64()
  out.fileid = r.number64()
  readnfstime3Into(r, out.atime)
  readnfstime3Into(r, out.mtime)
  readnfstime3Into(r, out.ctime)
}

export function writefattr3(w: XdrWriter, v: fattr3): void {
  const at = w.reserve(84)
  const { view } = w
  view.setInt32(at, v.type)
  view.setUint32(at + 4, v.mode)
  view.setUint32(at + 8, v.nlink)
  view.setUint32(at + 12, v.uid)
  view.setUint32(at + 16, v.gid)
  putNumber64(view, at + 20, v.size)
  putNumber64(view, at + 28, v.used)
  view.setUint32(at + 36, v.rdev.specdata1)
  view.setUint32(at + 40, v.rdev.specdata2)
  view.setBigUint64(at + 44, v.fsid)
  putNumber64(view, at + 52, v.fileid)
  view.setUint32(at + 60, v.atime.seconds)
  view.setUint32(at + 64, v.atime.nseconds)
  view.setUint32(at + 68, v.mtime.seconds)
  view.setUint32(at + 72, v.mtime.nseconds)
  view.setUint32(at + 76, v.ctime.seconds)
  view.setUint32(at + 80, v.ctime.nseconds)
}

export function sizefattr3(_v: fattr3): number {
  return 84
}

/** RFC 1813 §2.6. */
export type post_op_attr =
  | { attributes_follow: true; attributes: fattr3 }
  | { attributes_follow: false }

export function readpost_op_attr(r: XdrReader): post_op_attr {
  const attributes_follow = r.bool()
  if (attributes_follow) return { attributes_follow, attributes: readfattr3(r) }
  return { attributes_follow }
}

export function writepost_op_attr(w: XdrWriter, v: post_op_attr): void {
  w.bool(v.attributes_follow)
  if (v.attributes_follow) writefattr3(w, v.attributes)
}

export function sizepost_op_attr(v: post_op_attr): number {
  if (v.attributes_follow) return 4 + 84
  return 4
}

/** RFC 1813 §2.6. */
export interface wcc_attr {
  size: size3
  mtime: nfstime3
  ctime: nfstime3
}

export function readwcc_attr(r: XdrReader): wcc_attr {
  return {
    size: r.number64(),
    mtime: readnfstime3(r),
    ctime: readnfstime3(r),
  }
}

export function readwcc_attrInto(r: XdrReader, out: wcc_attr): void {
  out.size = r.number64()
  readnfstime3Into(r, out.mtime)
  readnfstime3Into(r, out.ctime)
}

export function writewcc_attr(w: XdrWriter, v: wcc_attr): void {
  const at = w.reserve(24)
  const { view } = w
  putNumber64(view, at, v.size)
  view.setUint32(at + 8, v.mtime.seconds)
  view.setUint32(at + 12, v.mtime.nseconds)
  view.setUint32(at + 16, v.ctime.seconds)
  view.setUint32(at + 20, v.ctime.nseconds)
}

export function sizewcc_attr(_v: wcc_attr): number {
  return 24
}

/** RFC 1813 §2.6. */
export type pre_op_attr =
  | { attributes_follow: true; attributes: wcc_attr }
  | { attributes_follow: false }

export function readpre_op_attr(r: XdrReader): pre_op_attr {
  const attributes_follow = r.bool()
  if (attributes_follow) return { attributes_follow, attributes: readwcc_attr(r) }
  return { attributes_follow }
}

export function writepre_op_attr(w: XdrWriter, v: pre_op_attr): void {
  w.bool(v.attributes_follow)
  if (v.attributes_follow) writewcc_attr(w, v.attributes)
}

export function sizepre_op_attr(v: pre_op_attr): number {
  if (v.attributes_follow) return 4 + 24
  return 4
}

/** Weak cache consistency: RFC 1813 §2.6. */
export interface wcc_data {
  before: pre_op_attr
  after: post_op_attr
}

export function readwcc_data(r: XdrReader): wcc_data {
  return {
    before: readpre_op_attr(r),
    after: readpost_op_attr(r),
  }
}

export function readwcc_dataInto(r: XdrReader, out: wcc_data): void {
  out.before = readpre_op_attr(r)
  out.after = readpost_op_attr(r)
}

export function writewcc_data(w: XdrWriter, v: wcc_data): void {
  writepre_op_attr(w, v.before)
  writepost_op_attr(w, v.after)
}

export function sizewcc_data(v: wcc_data): number {
  let size = 0
  size += sizepre_op_attr(v.before)
  size += sizepost_op_attr(v.after)
  return size
}

/** RFC 1813 §2.6. */
export type post_op_fh3 =
  | { handle_follows: true; handle: nfs_fh3 }
  | { handle_follows: false }

export function readpost_op_fh3(r: XdrReader): post_op_fh3 {
  const handle_follows = r.bool()
  if (handle_follows) return { handle_follows, handle: readnfs_fh3(r) }
  return { handle_follows }
}

export function writepost_op_fh3(w: XdrWriter, v: post_op_fh3): void {
  w.bool(v.handle_follows)
  if (v.handle_follows) writenfs_fh3(w, v.handle)
}

export function sizepost_op_fh3(v: post_op_fh3): number {
  if (v.handle_follows) return 4 + sizenfs_fh3(v.handle)
  return 4
}

/** RFC 1813 §2.6. */
export const time_how = {
  DONT_CHANGE: 0,
  SET_TO_SERVER_TIME: 1,
  SET_TO_CLIENT_TIME: 2,
} as const
export type time_how = (typeof time_how)[keyof typeof time_how]

export function readtime_how(r: XdrReader): time_how {
  const value = r.i32()
  if (!(value >= 0 && value <= 2)) throw new XdrError(`time_how is ${value}`)
  return value as time_how
}

export function writetime_how(w: XdrWriter, v: time_how): void {
  w.i32(v)
}

export function sizetime_how(_v: time_how): number {
  return 4
}

/** RFC 1813 §2.6. */
export type set_mode3 =
  | { set_it: true; mode: mode3 }
  | { set_it: Exclude<boolean, true> }

export function readset_mode3(r: XdrReader): set_mode3 {
  const set_it = r.bool()
  if (set_it) return { set_it, mode: r.u32() }
  return { set_it }
}

export function writeset_mode3(w: XdrWriter, v: set_mode3): void {
  w.bool(v.set_it)
  if (v.set_it) w.u32(v.mode)
}

export function sizeset_mode3(v: set_mode3): number {
  if (v.set_it) return 4 + 4
  return 4
}

/** RFC 1813 §2.6. */
export type set_uid3 =
  | { set_it: true; uid: uid3 }
  | { set_it: Exclude<boolean, true> }

export function readset_uid3(r: XdrReader): set_uid3 {
  const set_it = r.bool()
  if (set_it) return { set_it, uid: r.u32() }
  return { set_it }
}

export function writeset_uid3(w: XdrWriter, v: set_uid3): void {
  w.bool(v.set_it)
  if (v.set_it) w.u32(v.uid)
}

export function sizeset_uid3(v: set_uid3): number {
  if (v.set_it) return 4 + 4
  return 4
}

/** RFC 1813 §2.6. */
export type set_gid3 =
  | { set_it: true; gid: gid3 }
  | { set_it: Exclude<boolean, true> }

export function readset_gid3(r: XdrReader): set_gid3 {
  const set_it = r.bool()
  if (set_it) return { set_it, gid: r.u32() }
  return { set_it }
}

export function writeset_gid3(w: XdrWriter, v: set_gid3): void {
  w.bool(v.set_it)
  if (v.set_it) w.u32(v.gid)
}

export function sizeset_gid3(v: set_gid3): number {
  if (v.set_it) return 4 + 4
  return 4
}

/** RFC 1813 §2.6. */
export type set_size3 =
  | { set_it: true; size: size3 }
  | { set_it: Exclude<boolean, true> }

export function readset_size3(r: XdrReader): set_size3 {
  const set_it = r.bool()
  if (set_it) return { set_it, size: r.number64() }
  return { set_it }
}

export function writeset_size3(w: XdrWriter, v: set_size3): void {
  w.bool(v.set_it)
  if (v.set_it) w.number64(v.size)
}

export function sizeset_size3(v: set_size3): number {
  if (v.set_it) return 4 + 8
  return 4
}

/** RFC 1813 §2.6. */
export type set_atime =
  | { set_it: typeof time_how.SET_TO_CLIENT_TIME; atime: nfstime3 }
  | { set_it: Exclude<time_how, typeof time_how.SET_TO_CLIENT_TIME> }

export function readset_atime(r: XdrReader): set_atime {
  const set_it = readtime_how(r)
  switch (set_it) {
    case time_how.SET_TO_CLIENT_TIME:
      return { set_it, atime: readnfstime3(r) }
    default:
      return { set_it }
  }
}

export function writeset_atime(w: XdrWriter, v: set_atime): void {
  w.i32(v.set_it)
  switch (v.set_it) {
    case time_how.SET_TO_CLIENT_TIME:
      writenfstime3(w, v.atime)
      break
    default:
      break
  }
}

export function sizeset_atime(v: set_atime): number {
  switch (v.set_it) {
    case time_how.SET_TO_CLIENT_TIME:
      return 4 + 8
    default:
      return 4
  }
}

/** RFC 1813 §2.6. */
export type set_mtime =
  | { set_it: typeof time_how.SET_TO_CLIENT_TIME; mtime: nfstime3 }
  | { set_it: Exclude<time_how, typeof time_how.SET_TO_CLIENT_TIME> }

export function readset_mtime(r: XdrReader): set_mtime {
  const set_it = readtime_how(r)
  switch (set_it) {
    case time_how.SET_TO_CLIENT_TIME:
      return { set_it, mtime: readnfstime3(r) }
    default:
      return { set_it }
  }
}

export function writeset_mtime(w: XdrWriter, v: set_mtime): void {
  w.i32(v.set_it)
  switch (v.set_it) {
    case time_how.SET_TO_CLIENT_TIME:
      writenfstime3(w, v.mtime)
      break
    default:
      break
  }
}

export function sizeset_mtime(v: set_mtime): number {
  switch (v.set_it) {
    case time_how.SET_TO_CLIENT_TIME:
      return 4 + 8
    default:
      return 4
  }
}

/** Attributes that can be set: RFC 1813 §2.6. */
export interface sattr3 {
  mode: set_mode3
  uid: set_uid3
  gid: set_gid3
  size: set_size3
  atime: set_atime
  mtime: set_mtime
}

export function readsattr3(r: XdrReader): sattr3 {
  return {
    mode: readset_mode3(r),
    uid: readset_uid3(r),
    gid: readset_gid3(r),
    size: readset_size3(r),
    atime: readset_atime(r),
    mtime: readset_mtime(r),
  }
}

export function readsattr3Into(r: XdrReader, out: sattr3): void {
  out.mode = readset_mode3(r)
  out.uid = readset_uid3(r)
  out.gid = readset_gid3(r)
  out.size = readset_size3(r)
  out.atime = readset_atime(r)
  out.mtime = readset_mtime(r)
}

export function writesattr3(w: XdrWriter, v: sattr3): void {
  writeset_mode3(w, v.mode)
  writeset_uid3(w, v.uid)
  writeset_gid3(w, v.gid)
  writeset_size3(w, v.size)
  writeset_atime(w, v.atime)
  writeset_mtime(w, v.mtime)
}

export function sizesattr3(v: sattr3): number {
  let size = 0
  size += sizeset_mode3(v.mode)
  size += sizeset_uid3(v.uid)
  size += sizeset_gid3(v.gid)
  size += sizeset_size3(v.size)
  size += sizeset_atime(v.atime)
  size += sizeset_mtime(v.mtime)
  return size
}

/** A name in a directory: RFC 1813 §2.6. */
export interface diropargs3 {
  dir: nfs_fh3
  name: filename3
}

export function readdiropargs3(r: XdrReader): diropargs3 {
  return {
    dir: readnfs_fh3(r),
    name: r.opaque(0xffffffff),
  }
}

export function readdiropargs3Into(r: XdrReader, out: diropargs3): void {
  readnfs_fh3Into(r, out.dir)
  out.name = r.opaque(0xffffffff)
}

export function writediropargs3(w: XdrWriter, v: diropargs3): void {
  writenfs_fh3(w, v.dir)
  w.opaque(v.name)
}

export function sizediropargs3(v: diropargs3): number {
  let size = 0
  size += sizenfs_fh3(v.dir)
  size += 4 + padded(v.name.length)
  return size
}

/** RFC 1813 §3.3.1. */
export interface GETATTR3args {
  object: nfs_fh3
}

export function readGETATTR3args(r: XdrReader): GETATTR3args {
  return {
    object: readnfs_fh3(r),
  }
}

export function readGETATTR3argsInto(r: XdrReader, out: GETATTR3args): void {
  readnfs_fh3Into(r, out.object)
}

export function writeGETATTR3args(w: XdrWriter, v: GETATTR3args): void {
  writenfs_fh3(w, v.object)
}

export function sizeGETATTR3args(v: GETATTR3args): number {
  return sizenfs_fh3(v.object)
}

/** RFC 1813 §3.3.1. */
export interface GETATTR3resok {
  obj_attributes: fattr3
}

export function readGETATTR3resok(r: XdrReader): GETATTR3resok {
  return {
    obj_attributes: readfattr3(r),
  }
}

export function readGETATTR3resokInto(r: XdrReader, out: GETATTR3resok): void {
  readfattr3Into(r, out.obj_attributes)
}

export function writeGETATTR3resok(w: XdrWriter, v: GETATTR3resok): void {
  const at = w.reserve(84)
  const { view } = w
  view.setInt32(at, v.obj_attributes.type)
  view.setUint32(at + 4, v.obj_attributes.mode)
  view.setUint32(at + 8, v.obj_attributes.nlink)
  view.setUint32(at + 12, v.obj_attributes.uid)
  view.setUint32(at + 16, v.obj_attributes.gid)
  putNumber64(view, at + 20, v.obj_attributes.size)
  putNumber64(view, at + 28, v.obj_attributes.used)
  view.setUint32(at + 36, v.obj_attributes.rdev.specdata1)
  view.setUint32(at + 40, v.obj_attributes.rdev.specdata2)
  view.setBigUint64(at + 44, v.obj_attributes.fsid)
  putNumber64(view, at + 52, v.obj_attributes.fileid)
  view.setUint32(at + 60, v.obj_attributes.atime.seconds)
  view.setUint32(at + 64, v.obj_attributes.atime.nseconds)
  view.setUint32(at + 68, v.obj_attributes.mtime.seconds)
  view.setUint32(at + 72, v.obj_attributes.mtime.nseconds)
  view.setUint32(at + 76, v.obj_attributes.ctime.seconds)
  view.setUint32(at + 80, v.obj_attributes.ctime.nseconds)
}

export function sizeGETATTR3resok(_v: GETATTR3resok): number {
  return 84
}

/** RFC 1813 §3.3.1. */
export type GETATTR3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: GETATTR3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK> }

export function readGETATTR3res(r: XdrReader): GETATTR3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readGETATTR3resok(r) }
    default:
      return { status }
  }
}

export function writeGETATTR3res(w: XdrWriter, v: GETATTR3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeGETATTR3resok(w, v.resok)
      break
    default:
      break
  }
}

export function sizeGETATTR3res(v: GETATTR3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + 84
    default:
      return 4
  }
}

/** RFC 1813 §3.3.2. */
export type sattrguard3 =
  | { check: true; obj_ctime: nfstime3 }
  | { check: false }

export function readsattrguard3(r: XdrReader): sattrguard3 {
  const check = r.bool()
  if (check) return { check, obj_ctime: readnfstime3(r) }
  return { check }
}

export function writesattrguard3(w: XdrWriter, v: sattrguard3): void {
  w.bool(v.check)
  if (v.check) writenfstime3(w, v.obj_ctime)
}

export function sizesattrguard3(v: sattrguard3): number {
  if (v.check) return 4 + 8
  return 4
}

/** RFC 1813 §3.3.2. */
export interface SETATTR3args {
  object: nfs_fh3
  new_attributes: sattr3
  guard: sattrguard3
}

export function readSETATTR3args(r: XdrReader): SETATTR3args {
  return {
    object: readnfs_fh3(r),
    new_attributes: readsattr3(r),
    guard: readsattrguard3(r),
  }
}

export function readSETATTR3argsInto(r: XdrReader, out: SETATTR3args): void {
  readnfs_fh3Into(r, out.object)
  readsattr3Into(r, out.new_attributes)
  out.guard = readsattrguard3(r)
}

export function writeSETATTR3args(w: XdrWriter, v: SETATTR3args): void {
  writenfs_fh3(w, v.object)
  writesattr3(w, v.new_attributes)
  writesattrguard3(w, v.guard)
}

export function sizeSETATTR3args(v: SETATTR3args): number {
  let size = 0
  size += sizenfs_fh3(v.object)
  size += sizesattr3(v.new_attributes)
  size += sizesattrguard3(v.guard)
  return size
}

/** RFC 1813 §3.3.2. */
export interface SETATTR3resok {
  obj_wcc: wcc_data
}

export function readSETATTR3resok(r: XdrReader): SETATTR3resok {
  return {
    obj_wcc: readwcc_data(r),
  }
}

export function readSETATTR3resokInto(r: XdrReader, out: SETATTR3resok): void {
  readwcc_dataInto(r, out.obj_wcc)
}

export function writeSETATTR3resok(w: XdrWriter, v: SETATTR3resok): void {
  writewcc_data(w, v.obj_wcc)
}

export function sizeSETATTR3resok(v: SETATTR3resok): number {
  return sizewcc_data(v.obj_wcc)
}

/** RFC 1813 §3.3.2. */
export interface SETATTR3resfail {
  obj_wcc: wcc_data
}

export function readSETATTR3resfail(r: XdrReader): SETATTR3resfail {
  return {
    obj_wcc: readwcc_data(r),
  }
}

export function readSETATTR3resfailInto(r: XdrReader, out: SETATTR3resfail): void {
  readwcc_dataInto(r, out.obj_wcc)
}

export function writeSETATTR3resfail(w: XdrWriter, v: SETATTR3resfail): void {
  writewcc_data(w, v.obj_wcc)
}

export function sizeSETATTR3resfail(v: SETATTR3resfail): number {
  return sizewcc_data(v.obj_wcc)
}

/** RFC 1813 §3.3.2. */
export type SETATTR3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: SETATTR3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: SETATTR3resfail }

export function readSETATTR3res(r: XdrReader): SETATTR3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readSETATTR3resok(r) }
    default:
      return { status, resfail: readSETATTR3resfail(r) }
  }
}

export function writeSETATTR3res(w: XdrWriter, v: SETATTR3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeSETATTR3resok(w, v.resok)
      break
    default:
      writeSETATTR3resfail(w, v.resfail)
      break
  }
}

export function sizeSETATTR3res(v: SETATTR3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeSETATTR3resok(v.resok)
    default:
      return 4 + sizeSETATTR3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.3. */
export interface LOOKUP3args {
  what: diropargs3
}

export function readLOOKUP3args(r: XdrReader): LOOKUP3args {
  return {
    what: readdiropargs3(r),
  }
}

export function readLOOKUP3argsInto(r: XdrReader, out: LOOKUP3args): void {
  readdiropargs3Into(r, out.what)
}

export function writeLOOKUP3args(w: XdrWriter, v: LOOKUP3args): void {
  writediropargs3(w, v.what)
}

export function sizeLOOKUP3args(v: LOOKUP3args): number {
  return sizediropargs3(v.what)
}

/** RFC 1813 §3.3.3. */
export interface LOOKUP3resok {
  object: nfs_fh3
  obj_attributes: post_op_attr
  dir_attributes: post_op_attr
}

export function readLOOKUP3resok(r: XdrReader): LOOKUP3resok {
  return {
    object: readnfs_fh3(r),
    obj_attributes: readpost_op_attr(r),
    dir_attributes: readpost_op_attr(r),
  }
}

export function readLOOKUP3resokInto(r: XdrReader, out: LOOKUP3resok): void {
  readnfs_fh3Into(r, out.object)
  out.obj_attributes = readpost_op_attr(r)
  out.dir_attributes = readpost_op_attr(r)
}

export function writeLOOKUP3resok(w: XdrWriter, v: LOOKUP3resok): void {
  writenfs_fh3(w, v.object)
  writepost_op_attr(w, v.obj_attributes)
  writepost_op_attr(w, v.dir_attributes)
}

export function sizeLOOKUP3resok(v: LOOKUP3resok): number {
  let size = 0
  size += sizenfs_fh3(v.object)
  size += sizepost_op_attr(v.obj_attributes)
  size += sizepost_op_attr(v.dir_attributes)
  return size
}

/** RFC 1813 §3.3.3. */
export interface LOOKUP3resfail {
  dir_attributes: post_op_attr
}

export function readLOOKUP3resfail(r: XdrReader): LOOKUP3resfail {
  return {
    dir_attributes: readpost_op_attr(r),
  }
}

export function readLOOKUP3resfailInto(r: XdrReader, out: LOOKUP3resfail): void {
  out.dir_attributes = readpost_op_attr(r)
}

export function writeLOOKUP3resfail(w: XdrWriter, v: LOOKUP3resfail): void {
  writepost_op_attr(w, v.dir_attributes)
}

export function sizeLOOKUP3resfail(v: LOOKUP3resfail): number {
  return sizepost_op_attr(v.dir_attributes)
}

/** RFC 1813 §3.3.3. */
export type LOOKUP3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: LOOKUP3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: LOOKUP3resfail }

export function readLOOKUP3res(r: XdrReader): LOOKUP3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readLOOKUP3resok(r) }
    default:
      return { status, resfail: readLOOKUP3resfail(r) }
  }
}

export function writeLOOKUP3res(w: XdrWriter, v: LOOKUP3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeLOOKUP3resok(w, v.resok)
      break
    default:
      writeLOOKUP3resfail(w, v.resfail)
      break
  }
}

export function sizeLOOKUP3res(v: LOOKUP3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeLOOKUP3resok(v.resok)
    default:
      return 4 + sizeLOOKUP3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.4. */
export interface ACCESS3args {
  object: nfs_fh3
  access: uint32
}

export function readACCESS3args(r: XdrReader): ACCESS3args {
  return {
    object: readnfs_fh3(r),
    access: r.u32(),
  }
}

export function readACCESS3argsInto(r: XdrReader, out: ACCESS3args): void {
  readnfs_fh3Into(r, out.object)
  out.access = r.u32()
}

export function writeACCESS3args(w: XdrWriter, v: ACCESS3args): void {
  writenfs_fh3(w, v.object)
  w.u32(v.access)
}

export function sizeACCESS3args(v: ACCESS3args): number {
  let size = 4
  size += sizenfs_fh3(v.object)
  return size
}

/** RFC 1813 §3.3.4. */
export interface ACCESS3resok {
  obj_attributes: post_op_attr
  access: uint32
}

export function readACCESS3resok(r: XdrReader): ACCESS3resok {
  return {
    obj_attributes: readpost_op_attr(r),
    access: r.u32(),
  }
}

export function readACCESS3resokInto(r: XdrReader, out: ACCESS3resok): void {
  out.obj_attributes = readpost_op_attr(r)
  out.access = r.u32()
}

export function writeACCESS3resok(w: XdrWriter, v: ACCESS3resok): void {
  writepost_op_attr(w, v.obj_attributes)
  w.u32(v.access)
}

export function sizeACCESS3resok(v: ACCESS3resok): number {
  let size = 4
  size += sizepost_op_attr(v.obj_attributes)
  return size
}

/** RFC 1813 §3.3.4. */
export interface ACCESS3resfail {
  obj_attributes: post_op_attr
}

export function readACCESS3resfail(r: XdrReader): ACCESS3resfail {
  return {
    obj_attributes: readpost_op_attr(r),
  }
}

export function readACCESS3resfailInto(r: XdrReader, out: ACCESS3resfail): void {
  out.obj_attributes = readpost_op_attr(r)
}

export function writeACCESS3resfail(w: XdrWriter, v: ACCESS3resfail): void {
  writepost_op_attr(w, v.obj_attributes)
}

export function sizeACCESS3resfail(v: ACCESS3resfail): number {
  return sizepost_op_attr(v.obj_attributes)
}

/** RFC 1813 §3.3.4. */
export type ACCESS3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: ACCESS3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: ACCESS3resfail }

export function readACCESS3res(r: XdrReader): ACCESS3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readACCESS3resok(r) }
    default:
      return { status, resfail: readACCESS3resfail(r) }
  }
}

export function writeACCESS3res(w: XdrWriter, v: ACCESS3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeACCESS3resok(w, v.resok)
      break
    default:
      writeACCESS3resfail(w, v.resfail)
      break
  }
}

export function sizeACCESS3res(v: ACCESS3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeACCESS3resok(v.resok)
    default:
      return 4 + sizeACCESS3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.5. */
export interface READLINK3args {
  symlink: nfs_fh3
}

export function readREADLINK3args(r: XdrReader): READLINK3args {
  return {
    symlink: readnfs_fh3(r),
  }
}

export function readREADLINK3argsInto(r: XdrReader, out: READLINK3args): void {
  readnfs_fh3Into(r, out.symlink)
}

export function writeREADLINK3args(w: XdrWriter, v: READLINK3args): void {
  writenfs_fh3(w, v.symlink)
}

export function sizeREADLINK3args(v: READLINK3args): number {
  return sizenfs_fh3(v.symlink)
}

/** RFC 1813 §3.3.5. */
export interface READLINK3resok {
  symlink_attributes: post_op_attr
  data: nfspath3
}

export function readREADLINK3resok(r: XdrReader): READLINK3resok {
  return {
    symlink_attributes: readpost_op_attr(r),
    data: r.opaque(0xffffffff),
  }
}

export function readREADLINK3resokInto(r: XdrReader, out: READLINK3resok): void {
  out.symlink_attributes = readpost_op_attr(r)
  out.data = r.opaque(0xffffffff)
}

export function writeREADLINK3resok(w: XdrWriter, v: READLINK3resok): void {
  writepost_op_attr(w, v.symlink_attributes)
  w.opaque(v.data)
}

export function sizeREADLINK3resok(v: READLINK3resok): number {
  let size = 0
  size += sizepost_op_attr(v.symlink_attributes)
  size += 4 + padded(v.data.length)
  return size
}

/** RFC 1813 §3.3.5. */
export interface READLINK3resfail {
  symlink_attributes: post_op_attr
}

export function readREADLINK3resfail(r: XdrReader): READLINK3resfail {
  return {
    symlink_attributes: readpost_op_attr(r),
  }
}

export function readREADLINK3resfailInto(r: XdrReader, out: READLINK3resfail): void {
  out.symlink_attributes = readpost_op_attr(r)
}

export function writeREADLINK3resfail(w: XdrWriter, v: READLINK3resfail): void {
  writepost_op_attr(w, v.symlink_attributes)
}

export function sizeREADLINK3resfail(v: READLINK3resfail): number {
  return sizepost_op_attr(v.symlink_attributes)
}

/** RFC 1813 §3.3.5. */
export type READLINK3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: READLINK3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: READLINK3resfail }

export function readREADLINK3res(r: XdrReader): READLINK3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readREADLINK3resok(r) }
    default:
      return { status, resfail: readREADLINK3resfail(r) }
  }
}

export function writeREADLINK3res(w: XdrWriter, v: READLINK3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeREADLINK3resok(w, v.resok)
      break
    default:
      writeREADLINK3resfail(w, v.resfail)
      break
  }
}

export function sizeREADLINK3res(v: READLINK3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeREADLINK3resok(v.resok)
    default:
      return 4 + sizeREADLINK3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.6. */
export interface READ3args {
  file: nfs_fh3
  offset: offset3
  count: count3
}

export function readREAD3args(r: XdrReader): READ3args {
  return {
    file: readnfs_fh3(r),
    offset: r.number64(),
    count: r.u32(),
  }
}

export function readREAD3argsInto(r: XdrReader, out: READ3args): void {
  readnfs_fh3Into(r, out.file)
  out.offset = r.number64()
  out.count = r.u32()
}

export function writeREAD3args(w: XdrWriter, v: READ3args): void {
  writenfs_fh3(w, v.file)
  w.number64(v.offset)
  w.u32(v.count)
}

export function sizeREAD3args(v: READ3args): number {
  let size = 12
  size += sizenfs_fh3(v.file)
  return size
}

/** RFC 1813 §3.3.6. */
export interface READ3resok {
  file_attributes: post_op_attr
  count: count3
  eof: boolean
  data: Uint8Array
}

export function readREAD3resok(r: XdrReader): READ3resok {
  return {
    file_attributes: readpost_op_attr(r),
    count: r.u32(),
    eof: r.bool(),
    data: r.opaque(0xffffffff),
  }
}

export function readREAD3resokInto(r: XdrReader, out: READ3resok): void {
  out.file_attributes = readpost_op_attr(r)
  out.count = r.u32()
  out.eof = r.bool()
  out.data = r.opaque(0xffffffff)
}

export function writeREAD3resok(w: XdrWriter, v: READ3resok): void {
  writepost_op_attr(w, v.file_attributes)
  w.u32(v.count)
  w.bool(v.eof)
  w.opaque(v.data)
}

export function sizeREAD3resok(v: READ3resok): number {
  let size = 8
  size += sizepost_op_attr(v.file_attributes)
  size += 4 + padded(v.data.length)
  return size
}

/** RFC 1813 §3.3.6. */
export interface READ3resfail {
  file_attributes: post_op_attr
}

export function readREAD3resfail(r: XdrReader): READ3resfail {
  return {
    file_attributes: readpost_op_attr(r),
  }
}

export function readREAD3resfailInto(r: XdrReader, out: READ3resfail): void {
  out.file_attributes = readpost_op_attr(r)
}

export function writeREAD3resfail(w: XdrWriter, v: READ3resfail): void {
  writepost_op_attr(w, v.file_attributes)
}

export function sizeREAD3resfail(v: READ3resfail): number {
  return sizepost_op_attr(v.file_attributes)
}

/** RFC 1813 §3.3.6. */
export type READ3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: READ3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: READ3resfail }

export function readREAD3res(r: XdrReader): READ3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readREAD3resok(r) }
    default:
      return { status, resfail: readREAD3resfail(r) }
  }
}

export function writeREAD3res(w: XdrWriter, v: READ3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeREAD3resok(w, v.resok)
      break
    default:
      writeREAD3resfail(w, v.resfail)
      break
  }
}

export function sizeREAD3res(v: READ3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeREAD3resok(v.resok)
    default:
      return 4 + sizeREAD3resfail(v.resfail)
  }
}

/** How durable a write must be: RFC 1813 §3.3.7. */
export const stable_how = {
  UNSTABLE: 0,
  DATA_SYNC: 1,
  FILE_SYNC: 2,
} as const
export type stable_how = (typeof stable_how)[keyof typeof stable_how]

export function readstable_how(r: XdrReader): stable_how {
  const value = r.i32()
  if (!(value >= 0 && value <= 2)) throw new XdrError(`stable_how is ${value}`)
  return value as stable_how
}

export function writestable_how(w: XdrWriter, v: stable_how): void {
  w.i32(v)
}

export function sizestable_how(_v: stable_how): number {
  return 4
}

/** RFC 1813 §3.3.7. */
export interface WRITE3args {
  file: nfs_fh3
  offset: offset3
  count: count3
  stable: stable_how
  data: Uint8Array
}

export function readWRITE3args(r: XdrReader): WRITE3args {
  return {
    file: readnfs_fh3(r),
    offset: r.number64(),
    count: r.u32(),
    stable: readstable_how(r),
    data: r.opaque(0xffffffff),
  }
}

export function readWRITE3argsInto(r: XdrReader, out: WRITE3args): void {
  readnfs_fh3Into(r, out.file)
  out.offset = r.number64()
  out.count = r.u32()
  out.stable = readstable_how(r)
  out.data = r.opaque(0xffffffff)
}

export function writeWRITE3args(w: XdrWriter, v: WRITE3args): void {
  writenfs_fh3(w, v.file)
  w.number64(v.offset)
  w.u32(v.count)
  w.i32(v.stable)
  w.opaque(v.data)
}

export function sizeWRITE3args(v: WRITE3args): number {
  let size = 16
  size += sizenfs_fh3(v.file)
  size += 4 + padded(v.data.length)
  return size
}

/** RFC 1813 §3.3.7. */
export interface WRITE3resok {
  file_wcc: wcc_data
  count: count3
  committed: stable_how
  verf: writeverf3
}

export function readWRITE3resok(r: XdrReader): WRITE3resok {
  return {
    file_wcc: readwcc_data(r),
    count: r.u32(),
    committed: readstable_how(r),
    verf: r.opaqueFixed(8),
  }
}

export function readWRITE3resokInto(r: XdrReader, out: WRITE3resok): void {
  readwcc_dataInto(r, out.file_wcc)
  out.count = r.u32()
  out.committed = readstable_how(r)
  out.verf = r.opaqueFixed(8)
}

export function writeWRITE3resok(w: XdrWriter, v: WRITE3resok): void {
  writewcc_data(w, v.file_wcc)
  w.u32(v.count)
  w.i32(v.committed)
  w.opaqueFixed(v.verf, 8)
}

export function sizeWRITE3resok(v: WRITE3resok): number {
  let size = 16
  size += sizewcc_data(v.file_wcc)
  return size
}

/** RFC 1813 §3.3.7. */
export interface WRITE3resfail {
  file_wcc: wcc_data
}

export function readWRITE3resfail(r: XdrReader): WRITE3resfail {
  return {
    file_wcc: readwcc_data(r),
  }
}

export function readWRITE3resfailInto(r: XdrReader, out: WRITE3resfail): void {
  readwcc_dataInto(r, out.file_wcc)
}

export function writeWRITE3resfail(w: XdrWriter, v: WRITE3resfail): void {
  writewcc_data(w, v.file_wcc)
}

export function sizeWRITE3resfail(v: WRITE3resfail): number {
  return sizewcc_data(v.file_wcc)
}

/** RFC 1813 §3.3.7. */
export type WRITE3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: WRITE3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: WRITE3resfail }

export function readWRITE3res(r: XdrReader): WRITE3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readWRITE3resok(r) }
    default:
      return { status, resfail: readWRITE3resfail(r) }
  }
}

export function writeWRITE3res(w: XdrWriter, v: WRITE3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeWRITE3resok(w, v.resok)
      break
    default:
      writeWRITE3resfail(w, v.resfail)
      break
  }
}

export function sizeWRITE3res(v: WRITE3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeWRITE3resok(v.resok)
    default:
      return 4 + sizeWRITE3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.8. */
export const createmode3 = {
  UNCHECKED: 0,
  GUARDED: 1,
  EXCLUSIVE: 2,
} as const
export type createmode3 = (typeof createmode3)[keyof typeof createmode3]

export function readcreatemode3(r: XdrReader): createmode3 {
  const value = r.i32()
  if (!(value >= 0 && value <= 2)) throw new XdrError(`createmode3 is ${value}`)
  return value as createmode3
}

export function writecreatemode3(w: XdrWriter, v: createmode3): void {
  w.i32(v)
}

export function sizecreatemode3(_v: createmode3): number {
  return 4
}

/** RFC 1813 §3.3.8. */
export type createhow3 =
  | { mode: typeof createmode3.UNCHECKED | typeof createmode3.GUARDED; obj_attributes: sattr3 }
  | { mode: typeof createmode3.EXCLUSIVE; verf: createverf3 }

export function readcreatehow3(r: XdrReader): createhow3 {
  const mode = readcreatemode3(r)
  switch (mode) {
    case createmode3.UNCHECKED:
    case createmode3.GUARDED:
      return { mode, obj_attributes: readsattr3(r) }
    case createmode3.EXCLUSIVE:
      return { mode, verf: r.opaqueFixed(8) }
    default:
      throw new XdrError(`createhow3 has no arm ${mode}`)
  }
}

export function writecreatehow3(w: XdrWriter, v: createhow3): void {
  w.i32(v.mode)
  switch (v.mode) {
    case createmode3.UNCHECKED:
    case createmode3.GUARDED:
      writesattr3(w, v.obj_attributes)
      break
    case createmode3.EXCLUSIVE:
      w.opaqueFixed(v.verf, 8)
      break
    default:
      throw new XdrError(`createhow3 has no arm ${(v as { mode: number }).mode}`)
  }
}

export function sizecreatehow3(v: createhow3): number {
  switch (v.mode) {
    case createmode3.UNCHECKED:
    case createmode3.GUARDED:
      return 4 + sizesattr3(v.obj_attributes)
    case createmode3.EXCLUSIVE:
      return 4 + 8
    default:
      throw new XdrError(`createhow3 has no arm ${(v as { mode: number }).mode}`)
  }
}

/** RFC 1813 §3.3.8. */
export interface CREATE3args {
  where: diropargs3
  how: createhow3
}

export function readCREATE3args(r: XdrReader): CREATE3args {
  return {
    where: readdiropargs3(r),
    how: readcreatehow3(r),
  }
}

export function readCREATE3argsInto(r: XdrReader, out: CREATE3args): void {
  readdiropargs3Into(r, out.where)
  out.how = readcreatehow3(r)
}

export function writeCREATE3args(w: XdrWriter, v: CREATE3args): void {
  writediropargs3(w, v.where)
  writecreatehow3(w, v.how)
}

export function sizeCREATE3args(v: CREATE3args): number {
  let size = 0
  size += sizediropargs3(v.where)
  size += sizecreatehow3(v.how)
  return size
}

/** RFC 1813 §3.3.8. */
export interface CREATE3resok {
  obj: post_op_fh3
  obj_attributes: post_op_attr
  dir_wcc: wcc_data
}

export function readCREATE3resok(r: XdrReader): CREATE3resok {
  return {
    obj: readpost_op_fh3(r),
    obj_attributes: readpost_op_attr(r),
    dir_wcc: readwcc_data(r),
  }
}

export function readCREATE3resokInto(r: XdrReader, out: CREATE3resok): void {
  out.obj = readpost_op_fh3(r)
  out.obj_attributes = readpost_op_attr(r)
  readwcc_dataInto(r, out.dir_wcc)
}

export function writeCREATE3resok(w: XdrWriter, v: CREATE3resok): void {
  writepost_op_fh3(w, v.obj)
  writepost_op_attr(w, v.obj_attributes)
  writewcc_data(w, v.dir_wcc)
}

export function sizeCREATE3resok(v: CREATE3resok): number {
  let size = 0
  size += sizepost_op_fh3(v.obj)
  size += sizepost_op_attr(v.obj_attributes)
  size += sizewcc_data(v.dir_wcc)
  return size
}

/** RFC 1813 §3.3.8. */
export interface CREATE3resfail {
  dir_wcc: wcc_data
}

export function readCREATE3resfail(r: XdrReader): CREATE3resfail {
  return {
    dir_wcc: readwcc_data(r),
  }
}

export function readCREATE3resfailInto(r: XdrReader, out: CREATE3resfail): void {
  readwcc_dataInto(r, out.dir_wcc)
}

export function writeCREATE3resfail(w: XdrWriter, v: CREATE3resfail): void {
  writewcc_data(w, v.dir_wcc)
}

export function sizeCREATE3resfail(v: CREATE3resfail): number {
  return sizewcc_data(v.dir_wcc)
}

/** RFC 1813 §3.3.8. */
export type CREATE3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: CREATE3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: CREATE3resfail }

export function readCREATE3res(r: XdrReader): CREATE3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readCREATE3resok(r) }
    default:
      return { status, resfail: readCREATE3resfail(r) }
  }
}

export function writeCREATE3res(w: XdrWriter, v: CREATE3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeCREATE3resok(w, v.resok)
      break
    default:
      writeCREATE3resfail(w, v.resfail)
      break
  }
}

export function sizeCREATE3res(v: CREATE3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeCREATE3resok(v.resok)
    default:
      return 4 + sizeCREATE3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.9. */
export interface MKDIR3args {
  where: diropargs3
  attributes: sattr3
}

export function readMKDIR3args(r: XdrReader): MKDIR3args {
  return {
    where: readdiropargs3(r),
    attributes: readsattr3(r),
  }
}

export function readMKDIR3argsInto(r: XdrReader, out: MKDIR3args): void {
  readdiropargs3Into(r, out.where)
  readsattr3Into(r, out.attributes)
}

export function writeMKDIR3args(w: XdrWriter, v: MKDIR3args): void {
  writediropargs3(w, v.where)
  writesattr3(w, v.attributes)
}

export function sizeMKDIR3args(v: MKDIR3args): number {
  let size = 0
  size += sizediropargs3(v.where)
  size += sizesattr3(v.attributes)
  return size
}

/** RFC 1813 §3.3.9. */
export interface MKDIR3resok {
  obj: post_op_fh3
  obj_attributes: post_op_attr
  dir_wcc: wcc_data
}

export function readMKDIR3resok(r: XdrReader): MKDIR3resok {
  return {
    obj: readpost_op_fh3(r),
    obj_attributes: readpost_op_attr(r),
    dir_wcc: readwcc_data(r),
  }
}

export function readMKDIR3resokInto(r: XdrReader, out: MKDIR3resok): void {
  out.obj = readpost_op_fh3(r)
  out.obj_attributes = readpost_op_attr(r)
  readwcc_dataInto(r, out.dir_wcc)
}

export function writeMKDIR3resok(w: XdrWriter, v: MKDIR3resok): void {
  writepost_op_fh3(w, v.obj)
  writepost_op_attr(w, v.obj_attributes)
  writewcc_data(w, v.dir_wcc)
}

export function sizeMKDIR3resok(v: MKDIR3resok): number {
  let size = 0
  size += sizepost_op_fh3(v.obj)
  size += sizepost_op_attr(v.obj_attributes)
  size += sizewcc_data(v.dir_wcc)
  return size
}

/** RFC 1813 §3.3.9. */
export interface MKDIR3resfail {
  dir_wcc: wcc_data
}

export function readMKDIR3resfail(r: XdrReader): MKDIR3resfail {
  return {
    dir_wcc: readwcc_data(r),
  }
}

export function readMKDIR3resfailInto(r: XdrReader, out: MKDIR3resfail): void {
  readwcc_dataInto(r, out.dir_wcc)
}

export function writeMKDIR3resfail(w: XdrWriter, v: MKDIR3resfail): void {
  writewcc_data(w, v.dir_wcc)
}

export function sizeMKDIR3resfail(v: MKDIR3resfail): number {
  return sizewcc_data(v.dir_wcc)
}

/** RFC 1813 §3.3.9. */
export type MKDIR3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: MKDIR3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: MKDIR3resfail }

export function readMKDIR3res(r: XdrReader): MKDIR3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readMKDIR3resok(r) }
    default:
      return { status, resfail: readMKDIR3resfail(r) }
  }
}

export function writeMKDIR3res(w: XdrWriter, v: MKDIR3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeMKDIR3resok(w, v.resok)
      break
    default:
      writeMKDIR3resfail(w, v.resfail)
      break
  }
}

export function sizeMKDIR3res(v: MKDIR3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeMKDIR3resok(v.resok)
    default:
      return 4 + sizeMKDIR3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.10. */
export interface symlinkdata3 {
  symlink_attributes: sattr3
  symlink_data: nfspath3
}

export function readsymlinkdata3(r: XdrReader): symlinkdata3 {
  return {
    symlink_attributes: readsattr3(r),
    symlink_data: r.opaque(0xffffffff),
  }
}

export function readsymlinkdata3Into(r: XdrReader, out: symlinkdata3): void {
  readsattr3Into(r, out.symlink_attributes)
  out.symlink_data = r.opaque(0xffffffff)
}

export function writesymlinkdata3(w: XdrWriter, v: symlinkdata3): void {
  writesattr3(w, v.symlink_attributes)
  w.opaque(v.symlink_data)
}

export function sizesymlinkdata3(v: symlinkdata3): number {
  let size = 0
  size += sizesattr3(v.symlink_attributes)
  size += 4 + padded(v.symlink_data.length)
  return size
}

/** RFC 1813 §3.3.10. */
export interface SYMLINK3args {
  where: diropargs3
  symlink: symlinkdata3
}

export function readSYMLINK3args(r: XdrReader): SYMLINK3args {
  return {
    where: readdiropargs3(r),
    symlink: readsymlinkdata3(r),
  }
}

export function readSYMLINK3argsInto(r: XdrReader, out: SYMLINK3args): void {
  readdiropargs3Into(r, out.where)
  readsymlinkdata3Into(r, out.symlink)
}

export function writeSYMLINK3args(w: XdrWriter, v: SYMLINK3args): void {
  writediropargs3(w, v.where)
  writesymlinkdata3(w, v.symlink)
}

export function sizeSYMLINK3args(v: SYMLINK3args): number {
  let size = 0
  size += sizediropargs3(v.where)
  size += sizesymlinkdata3(v.symlink)
  return size
}

/** RFC 1813 §3.3.10. */
export interface SYMLINK3resok {
  obj: post_op_fh3
  obj_attributes: post_op_attr
  dir_wcc: wcc_data
}

export function readSYMLINK3resok(r: XdrReader): SYMLINK3resok {
  return {
    obj: readpost_op_fh3(r),
    obj_attributes: readpost_op_attr(r),
    dir_wcc: readwcc_data(r),
  }
}

export function readSYMLINK3resokInto(r: XdrReader, out: SYMLINK3resok): void {
  out.obj = readpost_op_fh3(r)
  out.obj_attributes = readpost_op_attr(r)
  readwcc_dataInto(r, out.dir_wcc)
}

export function writeSYMLINK3resok(w: XdrWriter, v: SYMLINK3resok): void {
  writepost_op_fh3(w, v.obj)
  writepost_op_attr(w, v.obj_attributes)
  writewcc_data(w, v.dir_wcc)
}

export function sizeSYMLINK3resok(v: SYMLINK3resok): number {
  let size = 0
  size += sizepost_op_fh3(v.obj)
  size += sizepost_op_attr(v.obj_attributes)
  size += sizewcc_data(v.dir_wcc)
  return size
}

/** RFC 1813 §3.3.10. */
export interface SYMLINK3resfail {
  dir_wcc: wcc_data
}

export function readSYMLINK3resfail(r: XdrReader): SYMLINK3resfail {
  return {
    dir_wcc: readwcc_data(r),
  }
}

export function readSYMLINK3resfailInto(r: XdrReader, out: SYMLINK3resfail): void {
  readwcc_dataInto(r, out.dir_wcc)
}

export function writeSYMLINK3resfail(w: XdrWriter, v: SYMLINK3resfail): void {
  writewcc_data(w, v.dir_wcc)
}

export function sizeSYMLINK3resfail(v: SYMLINK3resfail): number {
  return sizewcc_data(v.dir_wcc)
}

/** RFC 1813 §3.3.10. */
export type SYMLINK3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: SYMLINK3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: SYMLINK3resfail }

export function readSYMLINK3res(r: XdrReader): SYMLINK3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readSYMLINK3resok(r) }
    default:
      return { status, resfail: readSYMLINK3resfail(r) }
  }
}

export function writeSYMLINK3res(w: XdrWriter, v: SYMLINK3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeSYMLINK3resok(w, v.resok)
      break
    default:
      writeSYMLINK3resfail(w, v.resfail)
      break
  }
}

export function sizeSYMLINK3res(v: SYMLINK3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeSYMLINK3resok(v.resok)
    default:
      return 4 + sizeSYMLINK3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.11. */
export interface devicedata3 {
  dev_attributes: sattr3
  spec: specdata3
}

export function readdevicedata3(r: XdrReader): devicedata3 {
  return {
    dev_attributes: readsattr3(r),
    spec: readspecdata3(r),
  }
}

export function readdevicedata3Into(r: XdrReader, out: devicedata3): void {
  readsattr3Into(r, out.dev_attributes)
  readspecdata3Into(r, out.spec)
}

export function writedevicedata3(w: XdrWriter, v: devicedata3): void {
  writesattr3(w, v.dev_attributes)
  writespecdata3(w, v.spec)
}

export function sizedevicedata3(v: devicedata3): number {
  let size = 8
  size += sizesattr3(v.dev_attributes)
  return size
}

/** RFC 1813 §3.3.11. */
export type mknoddata3 =
  | { type: typeof ftype3.NF3CHR | typeof ftype3.NF3BLK; device: devicedata3 }
  | { type: typeof ftype3.NF3SOCK | typeof ftype3.NF3FIFO; pipe_attributes: sattr3 }
  | { type: Exclude<ftype3, typeof ftype3.NF3CHR | typeof ftype3.NF3BLK | typeof ftype3.NF3SOCK | typeof ftype3.NF3FIFO> }

export function readmknoddata3(r: XdrReader): mknoddata3 {
  const type = readftype3(r)
  switch (type) {
    case ftype3.NF3CHR:
    case ftype3.NF3BLK:
      return { type, device: readdevicedata3(r) }
    case ftype3.NF3SOCK:
    case ftype3.NF3FIFO:
      return { type, pipe_attributes: readsattr3(r) }
    default:
      return { type }
  }
}

export function writemknoddata3(w: XdrWriter, v: mknoddata3): void {
  w.i32(v.type)
  switch (v.type) {
    case ftype3.NF3CHR:
    case ftype3.NF3BLK:
      writedevicedata3(w, v.device)
      break
    case ftype3.NF3SOCK:
    case ftype3.NF3FIFO:
      writesattr3(w, v.pipe_attributes)
      break
    default:
      break
  }
}

export function sizemknoddata3(v: mknoddata3): number {
  switch (v.type) {
    case ftype3.NF3CHR:
    case ftype3.NF3BLK:
      return 4 + sizedevicedata3(v.device)
    case ftype3.NF3SOCK:
    case ftype3.NF3FIFO:
      return 4 + sizesattr3(v.pipe_attributes)
    default:
      return 4
  }
}

/** RFC 1813 §3.3.11. */
export interface MKNOD3args {
  where: diropargs3
  what: mknoddata3
}

export function readMKNOD3args(r: XdrReader): MKNOD3args {
  return {
    where: readdiropargs3(r),
    what: readmknoddata3(r),
  }
}

export function readMKNOD3argsInto(r: XdrReader, out: MKNOD3args): void {
  readdiropargs3Into(r, out.where)
  out.what = readmknoddata3(r)
}

export function writeMKNOD3args(w: XdrWriter, v: MKNOD3args): void {
  writediropargs3(w, v.where)
  writemknoddata3(w, v.what)
}

export function sizeMKNOD3args(v: MKNOD3args): number {
  let size = 0
  size += sizediropargs3(v.where)
  size += sizemknoddata3(v.what)
  return size
}

/** RFC 1813 §3.3.11. */
export interface MKNOD3resok {
  obj: post_op_fh3
  obj_attributes: post_op_attr
  dir_wcc: wcc_data
}

export function readMKNOD3resok(r: XdrReader): MKNOD3resok {
  return {
    obj: readpost_op_fh3(r),
    obj_attributes: readpost_op_attr(r),
    dir_wcc: readwcc_data(r),
  }
}

export function readMKNOD3resokInto(r: XdrReader, out: MKNOD3resok): void {
  out.obj = readpost_op_fh3(r)
  out.obj_attributes = readpost_op_attr(r)
  readwcc_dataInto(r, out.dir_wcc)
}

export function writeMKNOD3resok(w: XdrWriter, v: MKNOD3resok): void {
  writepost_op_fh3(w, v.obj)
  writepost_op_attr(w, v.obj_attributes)
  writewcc_data(w, v.dir_wcc)
}

export function sizeMKNOD3resok(v: MKNOD3resok): number {
  let size = 0
  size += sizepost_op_fh3(v.obj)
  size += sizepost_op_attr(v.obj_attributes)
  size += sizewcc_data(v.dir_wcc)
  return size
}

/** RFC 1813 §3.3.11. */
export interface MKNOD3resfail {
  dir_wcc: wcc_data
}

export function readMKNOD3resfail(r: XdrReader): MKNOD3resfail {
  return {
    dir_wcc: readwcc_data(r),
  }
}

export function readMKNOD3resfailInto(r: XdrReader, out: MKNOD3resfail): void {
  readwcc_dataInto(r, out.dir_wcc)
}

export function writeMKNOD3resfail(w: XdrWriter, v: MKNOD3resfail): void {
  writewcc_data(w, v.dir_wcc)
}

export function sizeMKNOD3resfail(v: MKNOD3resfail): number {
  return sizewcc_data(v.dir_wcc)
}

/** RFC 1813 §3.3.11. */
export type MKNOD3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: MKNOD3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: MKNOD3resfail }

export function readMKNOD3res(r: XdrReader): MKNOD3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readMKNOD3resok(r) }
    default:
      return { status, resfail: readMKNOD3resfail(r) }
  }
}

export function writeMKNOD3res(w: XdrWriter, v: MKNOD3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeMKNOD3resok(w, v.resok)
      break
    default:
      writeMKNOD3resfail(w, v.resfail)
      break
  }
}

export function sizeMKNOD3res(v: MKNOD3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeMKNOD3resok(v.resok)
    default:
      return 4 + sizeMKNOD3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.12. */
export interface REMOVE3args {
  object: diropargs3
}

export function readREMOVE3args(r: XdrReader): REMOVE3args {
  return {
    object: readdiropargs3(r),
  }
}

export function readREMOVE3argsInto(r: XdrReader, out: REMOVE3args): void {
  readdiropargs3Into(r, out.object)
}

export function writeREMOVE3args(w: XdrWriter, v: REMOVE3args): void {
  writediropargs3(w, v.object)
}

export function sizeREMOVE3args(v: REMOVE3args): number {
  return sizediropargs3(v.object)
}

/** RFC 1813 §3.3.12. */
export interface REMOVE3resok {
  dir_wcc: wcc_data
}

export function readREMOVE3resok(r: XdrReader): REMOVE3resok {
  return {
    dir_wcc: readwcc_data(r),
  }
}

export function readREMOVE3resokInto(r: XdrReader, out: REMOVE3resok): void {
  readwcc_dataInto(r, out.dir_wcc)
}

export function writeREMOVE3resok(w: XdrWriter, v: REMOVE3resok): void {
  writewcc_data(w, v.dir_wcc)
}

export function sizeREMOVE3resok(v: REMOVE3resok): number {
  return sizewcc_data(v.dir_wcc)
}

/** RFC 1813 §3.3.12. */
export interface REMOVE3resfail {
  dir_wcc: wcc_data
}

export function readREMOVE3resfail(r: XdrReader): REMOVE3resfail {
  return {
    dir_wcc: readwcc_data(r),
  }
}

export function readREMOVE3resfailInto(r: XdrReader, out: REMOVE3resfail): void {
  readwcc_dataInto(r, out.dir_wcc)
}

export function writeREMOVE3resfail(w: XdrWriter, v: REMOVE3resfail): void {
  writewcc_data(w, v.dir_wcc)
}

export function sizeREMOVE3resfail(v: REMOVE3resfail): number {
  return sizewcc_data(v.dir_wcc)
}

/** RFC 1813 §3.3.12. */
export type REMOVE3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: REMOVE3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: REMOVE3resfail }

export function readREMOVE3res(r: XdrReader): REMOVE3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readREMOVE3resok(r) }
    default:
      return { status, resfail: readREMOVE3resfail(r) }
  }
}

export function writeREMOVE3res(w: XdrWriter, v: REMOVE3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeREMOVE3resok(w, v.resok)
      break
    default:
      writeREMOVE3resfail(w, v.resfail)
      break
  }
}

export function sizeREMOVE3res(v: REMOVE3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeREMOVE3resok(v.resok)
    default:
      return 4 + sizeREMOVE3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.13. */
export interface RMDIR3args {
  object: diropargs3
}

export function readRMDIR3args(r: XdrReader): RMDIR3args {
  return {
    object: readdiropargs3(r),
  }
}

export function readRMDIR3argsInto(r: XdrReader, out: RMDIR3args): void {
  readdiropargs3Into(r, out.object)
}

export function writeRMDIR3args(w: XdrWriter, v: RMDIR3args): void {
  writediropargs3(w, v.object)
}

export function sizeRMDIR3args(v: RMDIR3args): number {
  return sizediropargs3(v.object)
}

/** RFC 1813 §3.3.13. */
export interface RMDIR3resok {
  dir_wcc: wcc_data
}

export function readRMDIR3resok(r: XdrReader): RMDIR3resok {
  return {
    dir_wcc: readwcc_data(r),
  }
}

export function readRMDIR3resokInto(r: XdrReader, out: RMDIR3resok): void {
  readwcc_dataInto(r, out.dir_wcc)
}

export function writeRMDIR3resok(w: XdrWriter, v: RMDIR3resok): void {
  writewcc_data(w, v.dir_wcc)
}

export function sizeRMDIR3resok(v: RMDIR3resok): number {
  return sizewcc_data(v.dir_wcc)
}

/** RFC 1813 §3.3.13. */
export interface RMDIR3resfail {
  dir_wcc: wcc_data
}

export function readRMDIR3resfail(r: XdrReader): RMDIR3resfail {
  return {
    dir_wcc: readwcc_data(r),
  }
}

export function readRMDIR3resfailInto(r: XdrReader, out: RMDIR3resfail): void {
  readwcc_dataInto(r, out.dir_wcc)
}

export function writeRMDIR3resfail(w: XdrWriter, v: RMDIR3resfail): void {
  writewcc_data(w, v.dir_wcc)
}

export function sizeRMDIR3resfail(v: RMDIR3resfail): number {
  return sizewcc_data(v.dir_wcc)
}

/** RFC 1813 §3.3.13. */
export type RMDIR3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: RMDIR3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: RMDIR3resfail }

export function readRMDIR3res(r: XdrReader): RMDIR3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readRMDIR3resok(r) }
    default:
      return { status, resfail: readRMDIR3resfail(r) }
  }
}

export function writeRMDIR3res(w: XdrWriter, v: RMDIR3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeRMDIR3resok(w, v.resok)
      break
    default:
      writeRMDIR3resfail(w, v.resfail)
      break
  }
}

export function sizeRMDIR3res(v: RMDIR3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeRMDIR3resok(v.resok)
    default:
      return 4 + sizeRMDIR3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.14. */
export interface RENAME3args {
  from: diropargs3
  to: diropargs3
}

export function readRENAME3args(r: XdrReader): RENAME3args {
  return {
    from: readdiropargs3(r),
    to: readdiropargs3(r),
  }
}

export function readRENAME3argsInto(r: XdrReader, out: RENAME3args): void {
  readdiropargs3Into(r, out.from)
  readdiropargs3Into(r, out.to)
}

export function writeRENAME3args(w: XdrWriter, v: RENAME3args): void {
  writediropargs3(w, v.from)
  writediropargs3(w, v.to)
}

export function sizeRENAME3args(v: RENAME3args): number {
  let size = 0
  size += sizediropargs3(v.from)
  size += sizediropargs3(v.to)
  return size
}

/** RFC 1813 §3.3.14. */
export interface RENAME3resok {
  fromdir_wcc: wcc_data
  todir_wcc: wcc_data
}

export function readRENAME3resok(r: XdrReader): RENAME3resok {
  return {
    fromdir_wcc: readwcc_data(r),
    todir_wcc: readwcc_data(r),
  }
}

export function readRENAME3resokInto(r: XdrReader, out: RENAME3resok): void {
  readwcc_dataInto(r, out.fromdir_wcc)
  readwcc_dataInto(r, out.todir_wcc)
}

export function writeRENAME3resok(w: XdrWriter, v: RENAME3resok): void {
  writewcc_data(w, v.fromdir_wcc)
  writewcc_data(w, v.todir_wcc)
}

export function sizeRENAME3resok(v: RENAME3resok): number {
  let size = 0
  size += sizewcc_data(v.fromdir_wcc)
  size += sizewcc_data(v.todir_wcc)
  return size
}

/** RFC 1813 §3.3.14. */
export interface RENAME3resfail {
  fromdir_wcc: wcc_data
  todir_wcc: wcc_data
}

export function readRENAME3resfail(r: XdrReader): RENAME3resfail {
  return {
    fromdir_wcc: readwcc_data(r),
    todir_wcc: readwcc_data(r),
  }
}

export function readRENAME3resfailInto(r: XdrReader, out: RENAME3resfail): void {
  readwcc_dataInto(r, out.fromdir_wcc)
  readwcc_dataInto(r, out.todir_wcc)
}

export function writeRENAME3resfail(w: XdrWriter, v: RENAME3resfail): void {
  writewcc_data(w, v.fromdir_wcc)
  writewcc_data(w, v.todir_wcc)
}

export function sizeRENAME3resfail(v: RENAME3resfail): number {
  let size = 0
  size += sizewcc_data(v.fromdir_wcc)
  size += sizewcc_data(v.todir_wcc)
  return size
}

/** RFC 1813 §3.3.14. */
export type RENAME3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: RENAME3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: RENAME3resfail }

export function readRENAME3res(r: XdrReader): RENAME3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readRENAME3resok(r) }
    default:
      return { status, resfail: readRENAME3resfail(r) }
  }
}

export function writeRENAME3res(w: XdrWriter, v: RENAME3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeRENAME3resok(w, v.resok)
      break
    default:
      writeRENAME3resfail(w, v.resfail)
      break
  }
}

export function sizeRENAME3res(v: RENAME3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeRENAME3resok(v.resok)
    default:
      return 4 + sizeRENAME3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.15. */
export interface LINK3args {
  file: nfs_fh3
  link: diropargs3
}

export function readLINK3args(r: XdrReader): LINK3args {
  return {
    file: readnfs_fh3(r),
    link: readdiropargs3(r),
  }
}

export function readLINK3argsInto(r: XdrReader, out: LINK3args): void {
  readnfs_fh3Into(r, out.file)
  readdiropargs3Into(r, out.link)
}

export function writeLINK3args(w: XdrWriter, v: LINK3args): void {
  writenfs_fh3(w, v.file)
  writediropargs3(w, v.link)
}

export function sizeLINK3args(v: LINK3args): number {
  let size = 0
  size += sizenfs_fh3(v.file)
  size += sizediropargs3(v.link)
  return size
}

/** RFC 1813 §3.3.15. */
export interface LINK3resok {
  file_attributes: post_op_attr
  linkdir_wcc: wcc_data
}

export function readLINK3resok(r: XdrReader): LINK3resok {
  return {
    file_attributes: readpost_op_attr(r),
    linkdir_wcc: readwcc_data(r),
  }
}

export function readLINK3resokInto(r: XdrReader, out: LINK3resok): void {
  out.file_attributes = readpost_op_attr(r)
  readwcc_dataInto(r, out.linkdir_wcc)
}

export function writeLINK3resok(w: XdrWriter, v: LINK3resok): void {
  writepost_op_attr(w, v.file_attributes)
  writewcc_data(w, v.linkdir_wcc)
}

export function sizeLINK3resok(v: LINK3resok): number {
  let size = 0
  size += sizepost_op_attr(v.file_attributes)
  size += sizewcc_data(v.linkdir_wcc)
  return size
}

/** RFC 1813 §3.3.15. */
export interface LINK3resfail {
  file_attributes: post_op_attr
  linkdir_wcc: wcc_data
}

export function readLINK3resfail(r: XdrReader): LINK3resfail {
  return {
    file_attributes: readpost_op_attr(r),
    linkdir_wcc: readwcc_data(r),
  }
}

export function readLINK3resfailInto(r: XdrReader, out: LINK3resfail): void {
  out.file_attributes = readpost_op_attr(r)
  readwcc_dataInto(r, out.linkdir_wcc)
}

export function writeLINK3resfail(w: XdrWriter, v: LINK3resfail): void {
  writepost_op_attr(w, v.file_attributes)
  writewcc_data(w, v.linkdir_wcc)
}

export function sizeLINK3resfail(v: LINK3resfail): number {
  let size = 0
  size += sizepost_op_attr(v.file_attributes)
  size += sizewcc_data(v.linkdir_wcc)
  return size
}

/** RFC 1813 §3.3.15. */
export type LINK3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: LINK3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: LINK3resfail }

export function readLINK3res(r: XdrReader): LINK3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readLINK3resok(r) }
    default:
      return { status, resfail: readLINK3resfail(r) }
  }
}

export function writeLINK3res(w: XdrWriter, v: LINK3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeLINK3resok(w, v.resok)
      break
    default:
      writeLINK3resfail(w, v.resfail)
      break
  }
}

export function sizeLINK3res(v: LINK3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeLINK3resok(v.resok)
    default:
      return 4 + sizeLINK3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.16. */
export interface READDIR3args {
  dir: nfs_fh3
  cookie: cookie3
  cookieverf: cookieverf3
  count: count3
}

export function readREADDIR3args(r: XdrReader): READDIR3args {
  return {
    dir: readnfs_fh3(r),
    cookie: r.number64(),
    cookieverf: r.opaqueFixed(8),
    count: r.u32(),
  }
}

export function readREADDIR3argsInto(r: XdrReader, out: READDIR3args): void {
  readnfs_fh3Into(r, out.dir)
  out.cookie = r.number64()
  out.cookieverf = r.opaqueFixed(8)
  out.count = r.u32()
}

export function writeREADDIR3args(w: XdrWriter, v: READDIR3args): void {
  writenfs_fh3(w, v.dir)
  w.number64(v.cookie)
  w.opaqueFixed(v.cookieverf, 8)
  w.u32(v.count)
}

export function sizeREADDIR3args(v: READDIR3args): number {
  let size = 20
  size += sizenfs_fh3(v.dir)
  return size
}

/** RFC 1813 §3.3.16. */
export interface entry3 {
  fileid: fileid3
  name: filename3
  cookie: cookie3
}

export function readentry3(r: XdrReader): entry3 {
  return {
    fileid: r.number64(),
    name: r.opaque(0xffffffff),
    cookie: r.number64(),
  }
}

export function readentry3Into(r: XdrReader, out: entry3): void {
  out.fileid = r.number64()
  out.name = r.opaque(0xffffffff)
  out.cookie = r.number64()
}

export function writeentry3(w: XdrWriter, v: entry3): void {
  w.number64(v.fileid)
  w.opaque(v.name)
  w.number64(v.cookie)
}

export function sizeentry3(v: entry3): number {
  let size = 16
  size += 4 + padded(v.name.length)
  return size
}

/** RFC 1813 §3.3.16. */
export interface dirlist3 {
  entries: dirlist3_entries
  eof: boolean
}

export function readdirlist3(r: XdrReader): dirlist3 {
  return {
    entries: readdirlist3_entries(r),
    eof: r.bool(),
  }
}

export function readdirlist3Into(r: XdrReader, out: dirlist3): void {
  out.entries = readdirlist3_entries(r)
  out.eof = r.bool()
}

export function writedirlist3(w: XdrWriter, v: dirlist3): void {
  writedirlist3_entries(w, v.entries)
  w.bool(v.eof)
}

export function sizedirlist3(v: dirlist3): number {
  let size = 4
  size += sizedirlist3_entries(v.entries)
  return size
}

/** RFC 1813 §3.3.16. */
export interface READDIR3resok {
  dir_attributes: post_op_attr
  cookieverf: cookieverf3
  reply: dirlist3
}

export function readREADDIR3resok(r: XdrReader): READDIR3resok {
  return {
    dir_attributes: readpost_op_attr(r),
    cookieverf: r.opaqueFixed(8),
    reply: readdirlist3(r),
  }
}

export function readREADDIR3resokInto(r: XdrReader, out: READDIR3resok): void {
  out.dir_attributes = readpost_op_attr(r)
  out.cookieverf = r.opaqueFixed(8)
  readdirlist3Into(r, out.reply)
}

export function writeREADDIR3resok(w: XdrWriter, v: READDIR3resok): void {
  writepost_op_attr(w, v.dir_attributes)
  w.opaqueFixed(v.cookieverf, 8)
  writedirlist3(w, v.reply)
}

export function sizeREADDIR3resok(v: READDIR3resok): number {
  let size = 8
  size += sizepost_op_attr(v.dir_attributes)
  size += sizedirlist3(v.reply)
  return size
}

/** RFC 1813 §3.3.16. */
export interface READDIR3resfail {
  dir_attributes: post_op_attr
}

export function readREADDIR3resfail(r: XdrReader): READDIR3resfail {
  return {
    dir_attributes: readpost_op_attr(r),
  }
}

export function readREADDIR3resfailInto(r: XdrReader, out: READDIR3resfail): void {
  out.dir_attributes = readpost_op_attr(r)
}

export function writeREADDIR3resfail(w: XdrWriter, v: READDIR3resfail): void {
  writepost_op_attr(w, v.dir_attributes)
}

export function sizeREADDIR3resfail(v: READDIR3resfail): number {
  return sizepost_op_attr(v.dir_attributes)
}

/** RFC 1813 §3.3.16. */
export type READDIR3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: READDIR3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: READDIR3resfail }

export function readREADDIR3res(r: XdrReader): READDIR3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readREADDIR3resok(r) }
    default:
      return { status, resfail: readREADDIR3resfail(r) }
  }
}

export function writeREADDIR3res(w: XdrWriter, v: READDIR3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeREADDIR3resok(w, v.resok)
      break
    default:
      writeREADDIR3resfail(w, v.resfail)
      break
  }
}

export function sizeREADDIR3res(v: READDIR3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeREADDIR3resok(v.resok)
    default:
      return 4 + sizeREADDIR3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.17. */
export interface READDIRPLUS3args {
  dir: nfs_fh3
  cookie: cookie3
  cookieverf: cookieverf3
  dircount: count3
  maxcount: count3
}

export function readREADDIRPLUS3args(r: XdrReader): READDIRPLUS3args {
  return {
    dir: readnfs_fh3(r),
    cookie: r.number64(),
    cookieverf: r.opaqueFixed(8),
    dircount: r.u32(),
    maxcount: r.u32(),
  }
}

export function readREADDIRPLUS3argsInto(r: XdrReader, out: READDIRPLUS3args): void {
  readnfs_fh3Into(r, out.dir)
  out.cookie = r.number64()
  out.cookieverf = r.opaqueFixed(8)
  out.dircount = r.u32()
  out.maxcount = r.u32()
}

export function writeREADDIRPLUS3args(w: XdrWriter, v: READDIRPLUS3args): void {
  writenfs_fh3(w, v.dir)
  w.number64(v.cookie)
  w.opaqueFixed(v.cookieverf, 8)
  w.u32(v.dircount)
  w.u32(v.maxcount)
}

export function sizeREADDIRPLUS3args(v: READDIRPLUS3args): number {
  let size = 24
  size += sizenfs_fh3(v.dir)
  return size
}

/** RFC 1813 §3.3.17. */
export interface entryplus3 {
  fileid: fileid3
  name: filename3
  cookie: cookie3
  name_attributes: post_op_attr
  name_handle: post_op_fh3
}

export function readentryplus3(r: XdrReader): entryplus3 {
  return {
    fileid: r.number64(),
    name: r.opaque(0xffffffff),
    cookie: r.number64(),
    name_attributes: readpost_op_attr(r),
    name_handle: readpost_op_fh3(r),
  }
}

export function readentryplus3Into(r: XdrReader, out: entryplus3): void {
  out.fileid = r.number64()
  out.name = r.opaque(0xffffffff)
  out.cookie = r.number64()
  out.name_attributes = readpost_op_attr(r)
  out.name_handle = readpost_op_fh3(r)
}

export function writeentryplus3(w: XdrWriter, v: entryplus3): void {
  w.number64(v.fileid)
  w.opaque(v.name)
  w.number64(v.cookie)
  writepost_op_attr(w, v.name_attributes)
  writepost_op_fh3(w, v.name_handle)
}

export function sizeentryplus3(v: entryplus3): number {
  let size = 16
  size += 4 + padded(v.name.length)
  size += sizepost_op_attr(v.name_attributes)
  size += sizepost_op_fh3(v.name_handle)
  return size
}

/** RFC 1813 §3.3.17. */
export interface dirlistplus3 {
  entries: dirlistplus3_entries
  eof: boolean
}

export function readdirlistplus3(r: XdrReader): dirlistplus3 {
  return {
    entries: readdirlistplus3_entries(r),
    eof: r.bool(),
  }
}

export function readdirlistplus3Into(r: XdrReader, out: dirlistplus3): void {
  out.entries = readdirlistplus3_entries(r)
  out.eof = r.bool()
}

export function writedirlistplus3(w: XdrWriter, v: dirlistplus3): void {
  writedirlistplus3_entries(w, v.entries)
  w.bool(v.eof)
}

export function sizedirlistplus3(v: dirlistplus3): number {
  let size = 4
  size += sizedirlistplus3_entries(v.entries)
  return size
}

/** RFC 1813 §3.3.17. */
export interface READDIRPLUS3resok {
  dir_attributes: post_op_attr
  cookieverf: cookieverf3
  reply: dirlistplus3
}

export function readREADDIRPLUS3resok(r: XdrReader): READDIRPLUS3resok {
  return {
    dir_attributes: readpost_op_attr(r),
    cookieverf: r.opaqueFixed(8),
    reply: readdirlistplus3(r),
  }
}

export function readREADDIRPLUS3resokInto(r: XdrReader, out: READDIRPLUS3resok): void {
  out.dir_attributes = readpost_op_attr(r)
  out.cookieverf = r.opaqueFixed(8)
  readdirlistplus3Into(r, out.reply)
}

export function writeREADDIRPLUS3resok(w: XdrWriter, v: READDIRPLUS3resok): void {
  writepost_op_attr(w, v.dir_attributes)
  w.opaqueFixed(v.cookieverf, 8)
  writedirlistplus3(w, v.reply)
}

export function sizeREADDIRPLUS3resok(v: READDIRPLUS3resok): number {
  let size = 8
  size += sizepost_op_attr(v.dir_attributes)
  size += sizedirlistplus3(v.reply)
  return size
}

/** RFC 1813 §3.3.17. */
export interface READDIRPLUS3resfail {
  dir_attributes: post_op_attr
}

export function readREADDIRPLUS3resfail(r: XdrReader): READDIRPLUS3resfail {
  return {
    dir_attributes: readpost_op_attr(r),
  }
}

export function readREADDIRPLUS3resfailInto(r: XdrReader, out: READDIRPLUS3resfail): void {
  out.dir_attributes = readpost_op_attr(r)
}

export function writeREADDIRPLUS3resfail(w: XdrWriter, v: READDIRPLUS3resfail): void {
  writepost_op_attr(w, v.dir_attributes)
}

export function sizeREADDIRPLUS3resfail(v: READDIRPLUS3resfail): number {
  return sizepost_op_attr(v.dir_attributes)
}

/** RFC 1813 §3.3.17. */
export type READDIRPLUS3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: READDIRPLUS3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: READDIRPLUS3resfail }

export function readREADDIRPLUS3res(r: XdrReader): READDIRPLUS3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readREADDIRPLUS3resok(r) }
    default:
      return { status, resfail: readREADDIRPLUS3resfail(r) }
  }
}

export function writeREADDIRPLUS3res(w: XdrWriter, v: READDIRPLUS3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeREADDIRPLUS3resok(w, v.resok)
      break
    default:
      writeREADDIRPLUS3resfail(w, v.resfail)
      break
  }
}

export function sizeREADDIRPLUS3res(v: READDIRPLUS3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeREADDIRPLUS3resok(v.resok)
    default:
      return 4 + sizeREADDIRPLUS3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.18. */
export interface FSSTAT3args {
  fsroot: nfs_fh3
}

export function readFSSTAT3args(r: XdrReader): FSSTAT3args {
  return {
    fsroot: readnfs_fh3(r),
  }
}

export function readFSSTAT3argsInto(r: XdrReader, out: FSSTAT3args): void {
  readnfs_fh3Into(r, out.fsroot)
}

export function writeFSSTAT3args(w: XdrWriter, v: FSSTAT3args): void {
  writenfs_fh3(w, v.fsroot)
}

export function sizeFSSTAT3args(v: FSSTAT3args): number {
  return sizenfs_fh3(v.fsroot)
}

/** RFC 1813 §3.3.18. */
export interface FSSTAT3resok {
  obj_attributes: post_op_attr
  tbytes: size3
  fbytes: size3
  abytes: size3
  tfiles: size3
  ffiles: size3
  afiles: size3
  invarsec: uint32
}

export function readFSSTAT3resok(r: XdrReader): FSSTAT3resok {
  return {
    obj_attributes: readpost_op_attr(r),
    tbytes: r.number64(),
    fbytes: r.number64(),
    abytes: r.number64(),
    tfiles: r.number64(),
    ffiles: r.number64(),
    afiles: r.number64(),
    invarsec: r.u32(),
  }
}

export function readFSSTAT3resokInto(r: XdrReader, out: FSSTAT3resok): void {
  out.obj_attributes = readpost_op_attr(r)
  out.tbytes = r.number64()
  out.fbytes = r.number64()
  out.abytes = r.number64()
  out.tfiles = r.number64()
  out.ffiles = r.number64()
  out.afiles = r.number64()
  out.invarsec = r.u32()
}

export function writeFSSTAT3resok(w: XdrWriter, v: FSSTAT3resok): void {
  writepost_op_attr(w, v.obj_attributes)
  w.number64(v.tbytes)
  w.number64(v.fbytes)
  w.number64(v.abytes)
  w.number64(v.tfiles)
  w.number64(v.ffiles)
  w.number64(v.afiles)
  w.u32(v.invarsec)
}

export function sizeFSSTAT3resok(v: FSSTAT3resok): number {
  let size = 52
  size += sizepost_op_attr(v.obj_attributes)
  return size
}

/** RFC 1813 §3.3.18. */
export interface FSSTAT3resfail {
  obj_attributes: post_op_attr
}

export function readFSSTAT3resfail(r: XdrReader): FSSTAT3resfail {
  return {
    obj_attributes: readpost_op_attr(r),
  }
}

export function readFSSTAT3resfailInto(r: XdrReader, out: FSSTAT3resfail): void {
  out.obj_attributes = readpost_op_attr(r)
}

export function writeFSSTAT3resfail(w: XdrWriter, v: FSSTAT3resfail): void {
  writepost_op_attr(w, v.obj_attributes)
}

export function sizeFSSTAT3resfail(v: FSSTAT3resfail): number {
  return sizepost_op_attr(v.obj_attributes)
}

/** RFC 1813 §3.3.18. */
export type FSSTAT3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: FSSTAT3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: FSSTAT3resfail }

export function readFSSTAT3res(r: XdrReader): FSSTAT3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readFSSTAT3resok(r) }
    default:
      return { status, resfail: readFSSTAT3resfail(r) }
  }
}

export function writeFSSTAT3res(w: XdrWriter, v: FSSTAT3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeFSSTAT3resok(w, v.resok)
      break
    default:
      writeFSSTAT3resfail(w, v.resfail)
      break
  }
}

export function sizeFSSTAT3res(v: FSSTAT3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeFSSTAT3resok(v.resok)
    default:
      return 4 + sizeFSSTAT3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.19. */
export interface FSINFO3args {
  fsroot: nfs_fh3
}

export function readFSINFO3args(r: XdrReader): FSINFO3args {
  return {
    fsroot: readnfs_fh3(r),
  }
}

export function readFSINFO3argsInto(r: XdrReader, out: FSINFO3args): void {
  readnfs_fh3Into(r, out.fsroot)
}

export function writeFSINFO3args(w: XdrWriter, v: FSINFO3args): void {
  writenfs_fh3(w, v.fsroot)
}

export function sizeFSINFO3args(v: FSINFO3args): number {
  return sizenfs_fh3(v.fsroot)
}

/** RFC 1813 §3.3.19. */
export interface FSINFO3resok {
  obj_attributes: post_op_attr
  rtmax: uint32
  rtpref: uint32
  rtmult: uint32
  wtmax: uint32
  wtpref: uint32
  wtmult: uint32
  dtpref: uint32
  maxfilesize: size3
  time_delta: nfstime3
  properties: uint32
}

export function readFSINFO3resok(r: XdrReader): FSINFO3resok {
  return {
    obj_attributes: readpost_op_attr(r),
    rtmax: r.u32(),
    rtpref: r.u32(),
    rtmult: r.u32(),
    wtmax: r.u32(),
    wtpref: r.u32(),
    wtmult: r.u32(),
    dtpref: r.u32(),
    maxfilesize: r.number64(),
    time_delta: readnfstime3(r),
    properties: r.u32(),
  }
}

export function readFSINFO3resokInto(r: XdrReader, out: FSINFO3resok): void {
  out.obj_attributes = readpost_op_attr(r)
  out.rtmax = r.u32()
  out.rtpref = r.u32()
  out.rtmult = r.u32()
  out.wtmax = r.u32()
  out.wtpref = r.u32()
  out.wtmult = r.u32()
  out.dtpref = r.u32()
  out.maxfilesize = r.number64()
  readnfstime3Into(r, out.time_delta)
  out.properties = r.u32()
}

export function writeFSINFO3resok(w: XdrWriter, v: FSINFO3resok): void {
  writepost_op_attr(w, v.obj_attributes)
  w.u32(v.rtmax)
  w.u32(v.rtpref)
  w.u32(v.rtmult)
  w.u32(v.wtmax)
  w.u32(v.wtpref)
  w.u32(v.wtmult)
  w.u32(v.dtpref)
  w.number64(v.maxfilesize)
  writenfstime3(w, v.time_delta)
  w.u32(v.properties)
}

export function sizeFSINFO3resok(v: FSINFO3resok): number {
  let size = 48
  size += sizepost_op_attr(v.obj_attributes)
  return size
}

/** RFC 1813 §3.3.19. */
export interface FSINFO3resfail {
  obj_attributes: post_op_attr
}

export function readFSINFO3resfail(r: XdrReader): FSINFO3resfail {
  return {
    obj_attributes: readpost_op_attr(r),
  }
}

export function readFSINFO3resfailInto(r: XdrReader, out: FSINFO3resfail): void {
  out.obj_attributes = readpost_op_attr(r)
}

export function writeFSINFO3resfail(w: XdrWriter, v: FSINFO3resfail): void {
  writepost_op_attr(w, v.obj_attributes)
}

export function sizeFSINFO3resfail(v: FSINFO3resfail): number {
  return sizepost_op_attr(v.obj_attributes)
}

/** RFC 1813 §3.3.19. */
export type FSINFO3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: FSINFO3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: FSINFO3resfail }

export function readFSINFO3res(r: XdrReader): FSINFO3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readFSINFO3resok(r) }
    default:
      return { status, resfail: readFSINFO3resfail(r) }
  }
}

export function writeFSINFO3res(w: XdrWriter, v: FSINFO3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeFSINFO3resok(w, v.resok)
      break
    default:
      writeFSINFO3resfail(w, v.resfail)
      break
  }
}

export function sizeFSINFO3res(v: FSINFO3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeFSINFO3resok(v.resok)
    default:
      return 4 + sizeFSINFO3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.20. */
export interface PATHCONF3args {
  object: nfs_fh3
}

export function readPATHCONF3args(r: XdrReader): PATHCONF3args {
  return {
    object: readnfs_fh3(r),
  }
}

export function readPATHCONF3argsInto(r: XdrReader, out: PATHCONF3args): void {
  readnfs_fh3Into(r, out.object)
}

export function writePATHCONF3args(w: XdrWriter, v: PATHCONF3args): void {
  writenfs_fh3(w, v.object)
}

export function sizePATHCONF3args(v: PATHCONF3args): number {
  return sizenfs_fh3(v.object)
}

/** RFC 1813 §3.3.20. */
export interface PATHCONF3resok {
  obj_attributes: post_op_attr
  linkmax: uint32
  name_max: uint32
  no_trunc: boolean
  chown_restricted: boolean
  case_insensitive: boolean
  case_preserving: boolean
}

export function readPATHCONF3resok(r: XdrReader): PATHCONF3resok {
  return {
    obj_attributes: readpost_op_attr(r),
    linkmax: r.u32(),
    name_max: r.u32(),
    no_trunc: r.bool(),
    chown_restricted: r.bool(),
    case_insensitive: r.bool(),
    case_preserving: r.bool(),
  }
}

export function readPATHCONF3resokInto(r: XdrReader, out: PATHCONF3resok): void {
  out.obj_attributes = readpost_op_attr(r)
  out.linkmax = r.u32()
  out.name_max = r.u32()
  out.no_trunc = r.bool()
  out.chown_restricted = r.bool()
  out.case_insensitive = r.bool()
  out.case_preserving = r.bool()
}

export function writePATHCONF3resok(w: XdrWriter, v: PATHCONF3resok): void {
  writepost_op_attr(w, v.obj_attributes)
  w.u32(v.linkmax)
  w.u32(v.name_max)
  w.bool(v.no_trunc)
  w.bool(v.chown_restricted)
  w.bool(v.case_insensitive)
  w.bool(v.case_preserving)
}

export function sizePATHCONF3resok(v: PATHCONF3resok): number {
  let size = 24
  size += sizepost_op_attr(v.obj_attributes)
  return size
}

/** RFC 1813 §3.3.20. */
export interface PATHCONF3resfail {
  obj_attributes: post_op_attr
}

export function readPATHCONF3resfail(r: XdrReader): PATHCONF3resfail {
  return {
    obj_attributes: readpost_op_attr(r),
  }
}

export function readPATHCONF3resfailInto(r: XdrReader, out: PATHCONF3resfail): void {
  out.obj_attributes = readpost_op_attr(r)
}

export function writePATHCONF3resfail(w: XdrWriter, v: PATHCONF3resfail): void {
  writepost_op_attr(w, v.obj_attributes)
}

export function sizePATHCONF3resfail(v: PATHCONF3resfail): number {
  return sizepost_op_attr(v.obj_attributes)
}

/** RFC 1813 §3.3.20. */
export type PATHCONF3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: PATHCONF3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: PATHCONF3resfail }

export function readPATHCONF3res(r: XdrReader): PATHCONF3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readPATHCONF3resok(r) }
    default:
      return { status, resfail: readPATHCONF3resfail(r) }
  }
}

export function writePATHCONF3res(w: XdrWriter, v: PATHCONF3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writePATHCONF3resok(w, v.resok)
      break
    default:
      writePATHCONF3resfail(w, v.resfail)
      break
  }
}

export function sizePATHCONF3res(v: PATHCONF3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizePATHCONF3resok(v.resok)
    default:
      return 4 + sizePATHCONF3resfail(v.resfail)
  }
}

/** RFC 1813 §3.3.21. */
export interface COMMIT3args {
  file: nfs_fh3
  offset: offset3
  count: count3
}

export function readCOMMIT3args(r: XdrReader): COMMIT3args {
  return {
    file: readnfs_fh3(r),
    offset: r.number64(),
    count: r.u32(),
  }
}

export function readCOMMIT3argsInto(r: XdrReader, out: COMMIT3args): void {
  readnfs_fh3Into(r, out.file)
  out.offset = r.number64()
  out.count = r.u32()
}

export function writeCOMMIT3args(w: XdrWriter, v: COMMIT3args): void {
  writenfs_fh3(w, v.file)
  w.number64(v.offset)
  w.u32(v.count)
}

export function sizeCOMMIT3args(v: COMMIT3args): number {
  let size = 12
  size += sizenfs_fh3(v.file)
  return size
}

/** RFC 1813 §3.3.21. */
export interface COMMIT3resok {
  file_wcc: wcc_data
  verf: writeverf3
}

export function readCOMMIT3resok(r: XdrReader): COMMIT3resok {
  return {
    file_wcc: readwcc_data(r),
    verf: r.opaqueFixed(8),
  }
}

export function readCOMMIT3resokInto(r: XdrReader, out: COMMIT3resok): void {
  readwcc_dataInto(r, out.file_wcc)
  out.verf = r.opaqueFixed(8)
}

export function writeCOMMIT3resok(w: XdrWriter, v: COMMIT3resok): void {
  writewcc_data(w, v.file_wcc)
  w.opaqueFixed(v.verf, 8)
}

export function sizeCOMMIT3resok(v: COMMIT3resok): number {
  let size = 8
  size += sizewcc_data(v.file_wcc)
  return size
}

/** RFC 1813 §3.3.21. */
export interface COMMIT3resfail {
  file_wcc: wcc_data
}

export function readCOMMIT3resfail(r: XdrReader): COMMIT3resfail {
  return {
    file_wcc: readwcc_data(r),
  }
}

export function readCOMMIT3resfailInto(r: XdrReader, out: COMMIT3resfail): void {
  readwcc_dataInto(r, out.file_wcc)
}

export function writeCOMMIT3resfail(w: XdrWriter, v: COMMIT3resfail): void {
  writewcc_data(w, v.file_wcc)
}

export function sizeCOMMIT3resfail(v: COMMIT3resfail): number {
  return sizewcc_data(v.file_wcc)
}

/** RFC 1813 §3.3.21. */
export type COMMIT3res =
  | { status: typeof nfsstat3.NFS3_OK; resok: COMMIT3resok }
  | { status: Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>; resfail: COMMIT3resfail }

export function readCOMMIT3res(r: XdrReader): COMMIT3res {
  const status = readnfsstat3(r)
  switch (status) {
    case nfsstat3.NFS3_OK:
      return { status, resok: readCOMMIT3resok(r) }
    default:
      return { status, resfail: readCOMMIT3resfail(r) }
  }
}

export function writeCOMMIT3res(w: XdrWriter, v: COMMIT3res): void {
  w.i32(v.status)
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      writeCOMMIT3resok(w, v.resok)
      break
    default:
      writeCOMMIT3resfail(w, v.resfail)
      break
  }
}

export function sizeCOMMIT3res(v: COMMIT3res): number {
  switch (v.status) {
    case nfsstat3.NFS3_OK:
      return 4 + sizeCOMMIT3resok(v.resok)
    default:
      return 4 + sizeCOMMIT3resfail(v.resfail)
  }
}

export type dirlist3_entries = entry3[]

export function readdirlist3_entries(r: XdrReader): dirlist3_entries {
  const out: dirlist3_entries = []
  while (r.bool()) out.push(readentry3(r))
  return out
}

export function writedirlist3_entries(w: XdrWriter, v: dirlist3_entries): void {
  for (const element of v) {
    w.u32(1)
    writeentry3(w, element)
  }
  w.u32(0)
}

export function sizedirlist3_entries(v: dirlist3_entries): number {
  let size = 4
  for (const element of v) size += 4 + sizeentry3(element)
  return size
}

export type dirlistplus3_entries = entryplus3[]

export function readdirlistplus3_entries(r: XdrReader): dirlistplus3_entries {
  const out: dirlistplus3_entries = []
  while (r.bool()) out.push(readentryplus3(r))
  return out
}

export function writedirlistplus3_entries(w: XdrWriter, v: dirlistplus3_entries): void {
  for (const element of v) {
    w.u32(1)
    writeentryplus3(w, element)
  }
  w.u32(0)
}

export function sizedirlistplus3_entries(v: dirlistplus3_entries): number {
  let size = 4
  for (const element of v) size += 4 + sizeentryplus3(element)
  return size
}

/** RFC 1813 §3. */
export const NFS_PROGRAM = 100003

export const NFS_V3 = 3

export const NFSPROC3_NULL = 0
export const NFSPROC3_GETATTR = 1
export const NFSPROC3_SETATTR = 2
export const NFSPROC3_LOOKUP = 3
export const NFSPROC3_ACCESS = 4
export const NFSPROC3_READLINK = 5
export const NFSPROC3_READ = 6
export const NFSPROC3_WRITE = 7
export const NFSPROC3_CREATE = 8
export const NFSPROC3_MKDIR = 9
export const NFSPROC3_SYMLINK = 10
export const NFSPROC3_MKNOD = 11
export const NFSPROC3_REMOVE = 12
export const NFSPROC3_RMDIR = 13
export const NFSPROC3_RENAME = 14
export const NFSPROC3_LINK = 15
export const NFSPROC3_READDIR = 16
export const NFSPROC3_READDIRPLUS = 17
export const NFSPROC3_FSSTAT = 18
export const NFSPROC3_FSINFO = 19
export const NFSPROC3_PATHCONF = 20
export const NFSPROC3_COMMIT = 21

/** The procedures of NFS_PROGRAM version 3; `Context` is what a server passes along. */
export interface NFS_V3_server<Context> {
  NFSPROC3_NULL(args: undefined, context: Context): undefined
  NFSPROC3_GETATTR(args: GETATTR3args, context: Context): GETATTR3res
  NFSPROC3_SETATTR(args: SETATTR3args, context: Context): SETATTR3res
  NFSPROC3_LOOKUP(args: LOOKUP3args, context: Context): LOOKUP3res
  NFSPROC3_ACCESS(args: ACCESS3args, context: Context): ACCESS3res
  NFSPROC3_READLINK(args: READLINK3args, context: Context): READLINK3res
  NFSPROC3_READ(args: READ3args, context: Context): READ3res
  NFSPROC3_WRITE(args: WRITE3args, context: Context): WRITE3res
  NFSPROC3_CREATE(args: CREATE3args, context: Context): CREATE3res
  NFSPROC3_MKDIR(args: MKDIR3args, context: Context): MKDIR3res
  NFSPROC3_SYMLINK(args: SYMLINK3args, context: Context): SYMLINK3res
  NFSPROC3_MKNOD(args: MKNOD3args, context: Context): MKNOD3res
  NFSPROC3_REMOVE(args: REMOVE3args, context: Context): REMOVE3res
  NFSPROC3_RMDIR(args: RMDIR3args, context: Context): RMDIR3res
  NFSPROC3_RENAME(args: RENAME3args, context: Context): RENAME3res
  NFSPROC3_LINK(args: LINK3args, context: Context): LINK3res
  NFSPROC3_READDIR(args: READDIR3args, context: Context): READDIR3res
  NFSPROC3_READDIRPLUS(args: READDIRPLUS3args, context: Context): READDIRPLUS3res
  NFSPROC3_FSSTAT(args: FSSTAT3args, context: Context): FSSTAT3res
  NFSPROC3_FSINFO(args: FSINFO3args, context: Context): FSINFO3res
  NFSPROC3_PATHCONF(args: PATHCONF3args, context: Context): PATHCONF3res
  NFSPROC3_COMMIT(args: COMMIT3args, context: Context): COMMIT3res
}

/** The wire side of NFS_PROGRAM version 3, by procedure. */
export const NFS_V3_codecs = {
  NFSPROC3_NULL: {
    number: 0,
    name: 'NFSPROC3_NULL',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NFSPROC3_GETATTR: {
    number: 1,
    name: 'NFSPROC3_GETATTR',
    readArgs: readGETATTR3args,
    writeArgs: writeGETATTR3args,
    readResult: readGETATTR3res,
    writeResult: writeGETATTR3res,
  },
  NFSPROC3_SETATTR: {
    number: 2,
    name: 'NFSPROC3_SETATTR',
    readArgs: readSETATTR3args,
    writeArgs: writeSETATTR3args,
    readResult: readSETATTR3res,
    writeResult: writeSETATTR3res,
  },
  NFSPROC3_LOOKUP: {
    number: 3,
    name: 'NFSPROC3_LOOKUP',
    readArgs: readLOOKUP3args,
    writeArgs: writeLOOKUP3args,
    readResult: readLOOKUP3res,
    writeResult: writeLOOKUP3res,
  },
  NFSPROC3_ACCESS: {
    number: 4,
    name: 'NFSPROC3_ACCESS',
    readArgs: readACCESS3args,
    writeArgs: writeACCESS3args,
    readResult: readACCESS3res,
    writeResult: writeACCESS3res,
  },
  NFSPROC3_READLINK: {
    number: 5,
    name: 'NFSPROC3_READLINK',
    readArgs: readREADLINK3args,
    writeArgs: writeREADLINK3args,
    readResult: readREADLINK3res,
    writeResult: writeREADLINK3res,
  },
  NFSPROC3_READ: {
    number: 6,
    name: 'NFSPROC3_READ',
    readArgs: readREAD3args,
    writeArgs: writeREAD3args,
    readResult: readREAD3res,
    writeResult: writeREAD3res,
  },
  NFSPROC3_WRITE: {
    number: 7,
    name: 'NFSPROC3_WRITE',
    readArgs: readWRITE3args,
    writeArgs: writeWRITE3args,
    readResult: readWRITE3res,
    writeResult: writeWRITE3res,
  },
  NFSPROC3_CREATE: {
    number: 8,
    name: 'NFSPROC3_CREATE',
    readArgs: readCREATE3args,
    writeArgs: writeCREATE3args,
    readResult: readCREATE3res,
    writeResult: writeCREATE3res,
  },
  NFSPROC3_MKDIR: {
    number: 9,
    name: 'NFSPROC3_MKDIR',
    readArgs: readMKDIR3args,
    writeArgs: writeMKDIR3args,
    readResult: readMKDIR3res,
    writeResult: writeMKDIR3res,
  },
  NFSPROC3_SYMLINK: {
    number: 10,
    name: 'NFSPROC3_SYMLINK',
    readArgs: readSYMLINK3args,
    writeArgs: writeSYMLINK3args,
    readResult: readSYMLINK3res,
    writeResult: writeSYMLINK3res,
  },
  NFSPROC3_MKNOD: {
    number: 11,
    name: 'NFSPROC3_MKNOD',
    readArgs: readMKNOD3args,
    writeArgs: writeMKNOD3args,
    readResult: readMKNOD3res,
    writeResult: writeMKNOD3res,
  },
  NFSPROC3_REMOVE: {
    number: 12,
    name: 'NFSPROC3_REMOVE',
    readArgs: readREMOVE3args,
    writeArgs: writeREMOVE3args,
    readResult: readREMOVE3res,
    writeResult: writeREMOVE3res,
  },
  NFSPROC3_RMDIR: {
    number: 13,
    name: 'NFSPROC3_RMDIR',
    readArgs: readRMDIR3args,
    writeArgs: writeRMDIR3args,
    readResult: readRMDIR3res,
    writeResult: writeRMDIR3res,
  },
  NFSPROC3_RENAME: {
    number: 14,
    name: 'NFSPROC3_RENAME',
    readArgs: readRENAME3args,
    writeArgs: writeRENAME3args,
    readResult: readRENAME3res,
    writeResult: writeRENAME3res,
  },
  NFSPROC3_LINK: {
    number: 15,
    name: 'NFSPROC3_LINK',
    readArgs: readLINK3args,
    writeArgs: writeLINK3args,
    readResult: readLINK3res,
    writeResult: writeLINK3res,
  },
  NFSPROC3_READDIR: {
    number: 16,
    name: 'NFSPROC3_READDIR',
    readArgs: readREADDIR3args,
    writeArgs: writeREADDIR3args,
    readResult: readREADDIR3res,
    writeResult: writeREADDIR3res,
  },
  NFSPROC3_READDIRPLUS: {
    number: 17,
    name: 'NFSPROC3_READDIRPLUS',
    readArgs: readREADDIRPLUS3args,
    writeArgs: writeREADDIRPLUS3args,
    readResult: readREADDIRPLUS3res,
    writeResult: writeREADDIRPLUS3res,
  },
  NFSPROC3_FSSTAT: {
    number: 18,
    name: 'NFSPROC3_FSSTAT',
    readArgs: readFSSTAT3args,
    writeArgs: writeFSSTAT3args,
    readResult: readFSSTAT3res,
    writeResult: writeFSSTAT3res,
  },
  NFSPROC3_FSINFO: {
    number: 19,
    name: 'NFSPROC3_FSINFO',
    readArgs: readFSINFO3args,
    writeArgs: writeFSINFO3args,
    readResult: readFSINFO3res,
    writeResult: writeFSINFO3res,
  },
  NFSPROC3_PATHCONF: {
    number: 20,
    name: 'NFSPROC3_PATHCONF',
    readArgs: readPATHCONF3args,
    writeArgs: writePATHCONF3args,
    readResult: readPATHCONF3res,
    writeResult: writePATHCONF3res,
  },
  NFSPROC3_COMMIT: {
    number: 21,
    name: 'NFSPROC3_COMMIT',
    readArgs: readCOMMIT3args,
    writeArgs: writeCOMMIT3args,
    readResult: readCOMMIT3res,
    writeResult: writeCOMMIT3res,
  },
} as const satisfies {
  NFSPROC3_NULL: ProcedureCodec<'NFSPROC3_NULL', undefined, undefined>
  NFSPROC3_GETATTR: ProcedureCodec<'NFSPROC3_GETATTR', GETATTR3args, GETATTR3res>
  NFSPROC3_SETATTR: ProcedureCodec<'NFSPROC3_SETATTR', SETATTR3args, SETATTR3res>
  NFSPROC3_LOOKUP: ProcedureCodec<'NFSPROC3_LOOKUP', LOOKUP3args, LOOKUP3res>
  NFSPROC3_ACCESS: ProcedureCodec<'NFSPROC3_ACCESS', ACCESS3args, ACCESS3res>
  NFSPROC3_READLINK: ProcedureCodec<'NFSPROC3_READLINK', READLINK3args, READLINK3res>
  NFSPROC3_READ: ProcedureCodec<'NFSPROC3_READ', READ3args, READ3res>
  NFSPROC3_WRITE: ProcedureCodec<'NFSPROC3_WRITE', WRITE3args, WRITE3res>
  NFSPROC3_CREATE: ProcedureCodec<'NFSPROC3_CREATE', CREATE3args, CREATE3res>
  NFSPROC3_MKDIR: ProcedureCodec<'NFSPROC3_MKDIR', MKDIR3args, MKDIR3res>
  NFSPROC3_SYMLINK: ProcedureCodec<'NFSPROC3_SYMLINK', SYMLINK3args, SYMLINK3res>
  NFSPROC3_MKNOD: ProcedureCodec<'NFSPROC3_MKNOD', MKNOD3args, MKNOD3res>
  NFSPROC3_REMOVE: ProcedureCodec<'NFSPROC3_REMOVE', REMOVE3args, REMOVE3res>
  NFSPROC3_RMDIR: ProcedureCodec<'NFSPROC3_RMDIR', RMDIR3args, RMDIR3res>
  NFSPROC3_RENAME: ProcedureCodec<'NFSPROC3_RENAME', RENAME3args, RENAME3res>
  NFSPROC3_LINK: ProcedureCodec<'NFSPROC3_LINK', LINK3args, LINK3res>
  NFSPROC3_READDIR: ProcedureCodec<'NFSPROC3_READDIR', READDIR3args, READDIR3res>
  NFSPROC3_READDIRPLUS: ProcedureCodec<'NFSPROC3_READDIRPLUS', READDIRPLUS3args, READDIRPLUS3res>
  NFSPROC3_FSSTAT: ProcedureCodec<'NFSPROC3_FSSTAT', FSSTAT3args, FSSTAT3res>
  NFSPROC3_FSINFO: ProcedureCodec<'NFSPROC3_FSINFO', FSINFO3args, FSINFO3res>
  NFSPROC3_PATHCONF: ProcedureCodec<'NFSPROC3_PATHCONF', PATHCONF3args, PATHCONF3res>
  NFSPROC3_COMMIT: ProcedureCodec<'NFSPROC3_COMMIT', COMMIT3args, COMMIT3res>
}
