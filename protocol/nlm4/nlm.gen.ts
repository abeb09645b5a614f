// Generated from nlm.x by scripts/gen.ts: do not edit.
import { type ProcedureCodec, readVoid, writeVoid } from '../xdr/procedure.ts'
import { padded, XdrError, type XdrReader } from '../xdr/reader.ts'
import type { XdrWriter } from '../xdr/writer.ts'

/** Sizes: C702 §10.2. */
export const LM_MAXSTRLEN = 1024

export const LM_MAXNAMELEN = 1025

export const MAXNETOBJ_SZ = 1024

/** C702 §10.2. */
export type netobj = Uint8Array

export function readnetobj(r: XdrReader): netobj {
  return r.opaque(1024)
}

export function writenetobj(w: XdrWriter, v: netobj): void {
  w.opaque(v, 1024)
}

export function sizenetobj(v: netobj): number {
  return 4 + padded(v.length)
}

/** Versions 1 and 3: C702 §10.2. LCK_DEADLCK is not in it; Sun's lock managers and their descendants know it. */
export const nlm_stats = {
  LCK_GRANTED: 0,
  LCK_DENIED: 1,
  LCK_DENIED_NOLOCKS: 2,
  LCK_BLOCKED: 3,
  LCK_DENIED_GRACE_PERIOD: 4,
  LCK_DEADLCK: 5,
} as const
export type nlm_stats = (typeof nlm_stats)[keyof typeof nlm_stats]

export function readnlm_stats(r: XdrReader): nlm_stats {
  const value = r.i32()
  if (!(value >= 0 && value <= 5)) throw new XdrError(`nlm_stats is ${value}`)
  return value as nlm_stats
}

export function writenlm_stats(w: XdrWriter, v: nlm_stats): void {
  w.i32(v)
}

export function sizenlm_stats(_v: nlm_stats): number {
  return 4
}

/** C702 §10.2. */
export interface nlm_stat {
  stat: nlm_stats
}

export function readnlm_stat(r: XdrReader): nlm_stat {
  return {
    stat: readnlm_stats(r),
  }
}

export function readnlm_statInto(r: XdrReader, out: nlm_stat): void {
  out.stat = readnlm_stats(r)
}

export function writenlm_stat(w: XdrWriter, v: nlm_stat): void {
  w.i32(v.stat)
}

export function sizenlm_stat(_v: nlm_stat): number {
  return 4
}

/** C702 §10.2. */
export interface nlm_res {
  cookie: netobj
  stat: nlm_stat
}

export function readnlm_res(r: XdrReader): nlm_res {
  return {
    cookie: r.opaque(1024),
    stat: readnlm_stat(r),
  }
}

export function readnlm_resInto(r: XdrReader, out: nlm_res): void {
  out.cookie = r.opaque(1024)
  readnlm_statInto(r, out.stat)
}

export function writenlm_res(w: XdrWriter, v: nlm_res): void {
  w.opaque(v.cookie, 1024)
  writenlm_stat(w, v.stat)
}

export function sizenlm_res(v: nlm_res): number {
  let size = 4
  size += 4 + padded(v.cookie.length)
  return size
}

/** Whose lock is in the way: C702 §10.2. */
export interface nlm_holder {
  exclusive: boolean
  svid: number
  oh: netobj
  l_offset: number
  l_len: number
}

export function readnlm_holder(r: XdrReader): nlm_holder {
  return {
    exclusive: r.bool(),
    svid: r.i32(),
    oh: r.opaque(1024),
    l_offset: r.u32(),
    l_len: r.u32(),
  }
}

export function readnlm_holderInto(r: XdrReader, out: nlm_holder): void {
  out.exclusive = r.bool()
  out.svid = r.i32()
  out.oh = r.opaque(1024)
  out.l_offset = r.u32()
  out.l_len = r.u32()
}

export function writenlm_holder(w: XdrWriter, v: nlm_holder): void {
  w.bool(v.exclusive)
  w.i32(v.svid)
  w.opaque(v.oh, 1024)
  w.u32(v.l_offset)
  w.u32(v.l_len)
}

export function sizenlm_holder(v: nlm_holder): number {
  let size = 16
  size += 4 + padded(v.oh.length)
  return size
}

/** C702 §10.2. */
export type nlm_testrply =
  | { stat: typeof nlm_stats.LCK_DENIED; holder: nlm_holder }
  | { stat: Exclude<nlm_stats, typeof nlm_stats.LCK_DENIED> }

export function readnlm_testrply(r: XdrReader): nlm_testrply {
  const stat = readnlm_stats(r)
  switch (stat) {
    case nlm_stats.LCK_DENIED:
      return { stat, holder: readnlm_holder(r) }
    default:
      return { stat }
  }
}

export function writenlm_testrply(w: XdrWriter, v: nlm_testrply): void {
  w.i32(v.stat)
  switch (v.stat) {
    case nlm_stats.LCK_DENIED:
      writenlm_holder(w, v.holder)
      break
    default:
      break
  }
}

export function sizenlm_testrply(v: nlm_testrply): number {
  switch (v.stat) {
    case nlm_stats.LCK_DENIED:
      return 4 + sizenlm_holder(v.holder)
    default:
      return 4
  }
}

/** C702 §10.2. */
export interface nlm_testres {
  cookie: netobj
  test_stat: nlm_testrply
}

export function readnlm_testres(r: XdrReader): nlm_testres {
  return {
    cookie: r.opaque(1024),
    test_stat: readnlm_testrply(r),
  }
}

export function readnlm_testresInto(r: XdrReader, out: nlm_testres): void {
  out.cookie = r.opaque(1024)
  out.test_stat = readnlm_testrply(r)
}

export function writenlm_testres(w: XdrWriter, v: nlm_testres): void {
  w.opaque(v.cookie, 1024)
  writenlm_testrply(w, v.test_stat)
}

export function sizenlm_testres(v: nlm_testres): number {
  let size = 0
  size += 4 + padded(v.cookie.length)
  size += sizenlm_testrply(v.test_stat)
  return size
}

/** A lock: C702 §10.2. A length of 0 reaches to the end of the file, however long that gets. */
export interface nlm_lock {
  caller_name: Uint8Array
  fh: netobj
  oh: netobj
  svid: number
  l_offset: number
  l_len: number
}

export function readnlm_lock(r: XdrReader): nlm_lock {
  return {
    caller_name: r.opaque(1024),
    fh: r.opaque(1024),
    oh: r.opaque(1024),
    svid: r.i32(),
    l_offset: r.u32(),
    l_len: r.u32(),
  }
}

export function readnlm_lockInto(r: XdrReader, out: nlm_lock): void {
  out.caller_name = r.opaque(1024)
  out.fh = r.opaque(1024)
  out.oh = r.opaque(1024)
  out.svid = r.i32()
  out.l_offset = r.u32()
  out.l_len = r.u32()
}

export function writenlm_lock(w: XdrWriter, v: nlm_lock): void {
  w.opaque(v.caller_name, 1024)
  w.opaque(v.fh, 1024)
  w.opaque(v.oh, 1024)
  w.i32(v.svid)
  w.u32(v.l_offset)
  w.u32(v.l_len)
}

export function sizenlm_lock(v: nlm_lock): number {
  let size = 12
  size += 4 + padded(v.caller_name.length)
  size += 4 + padded(v.fh.length)
  size += 4 + padded(v.oh.length)
  return size
}

/** C702 §10.2. */
export interface nlm_lockargs {
  cookie: netobj
  block: boolean
  exclusive: boolean
  alock: nlm_lock
  reclaim: boolean
  state: number
}

export function readnlm_lockargs(r: XdrReader): nlm_lockargs {
  return {
    cookie: r.opaque(1024),
    block: r.bool(),
    exclusive: r.bool(),
    alock: readnlm_lock(r),
    reclaim: r.bool(),
    state: r.i32(),
  }
}

export function readnlm_lockargsInto(r: XdrReader, out: nlm_lockargs): void {
  out.cookie = r.opaque(1024)
  out.block = r.bool()
  out.exclusive = r.bool()
  readnlm_lockInto(r, out.alock)
  out.reclaim = r.bool()
  out.state = r.i32()
}

export function writenlm_lockargs(w: XdrWriter, v: nlm_lockargs): void {
  w.opaque(v.cookie, 1024)
  w.bool(v.block)
  w.bool(v.exclusive)
  writenlm_lock(w, v.alock)
  w.bool(v.reclaim)
  w.i32(v.state)
}

export function sizenlm_lockargs(v: nlm_lockargs): number {
  let size = 16
  size += 4 + padded(v.cookie.length)
  size += sizenlm_lock(v.alock)
  return size
}

/** C702 §10.2. */
export interface nlm_cancargs {
  cookie: netobj
  block: boolean
  exclusive: boolean
  alock: nlm_lock
}

export function readnlm_cancargs(r: XdrReader): nlm_cancargs {
  return {
    cookie: r.opaque(1024),
    block: r.bool(),
    exclusive: r.bool(),
    alock: readnlm_lock(r),
  }
}

export function readnlm_cancargsInto(r: XdrReader, out: nlm_cancargs): void {
  out.cookie = r.opaque(1024)
  out.block = r.bool()
  out.exclusive = r.bool()
  readnlm_lockInto(r, out.alock)
}

export function writenlm_cancargs(w: XdrWriter, v: nlm_cancargs): void {
  w.opaque(v.cookie, 1024)
  w.bool(v.block)
  w.bool(v.exclusive)
  writenlm_lock(w, v.alock)
}

export function sizenlm_cancargs(v: nlm_cancargs): number {
  let size = 8
  size += 4 + padded(v.cookie.length)
  size += sizenlm_lock(v.alock)
  return size
}

/** C702 §10.2. */
export interface nlm_testargs {
  cookie: netobj
  exclusive: boolean
  alock: nlm_lock
}

export function readnlm_testargs(r: XdrReader): nlm_testargs {
  return {
    cookie: r.opaque(1024),
    exclusive: r.bool(),
    alock: readnlm_lock(r),
  }
}

export function readnlm_testargsInto(r: XdrReader, out: nlm_testargs): void {
  out.cookie = r.opaque(1024)
  out.exclusive = r.bool()
  readnlm_lockInto(r, out.alock)
}

export function writenlm_testargs(w: XdrWriter, v: nlm_testargs): void {
  w.opaque(v.cookie, 1024)
  w.bool(v.exclusive)
  writenlm_lock(w, v.alock)
}

export function sizenlm_testargs(v: nlm_testargs): number {
  let size = 4
  size += 4 + padded(v.cookie.length)
  size += sizenlm_lock(v.alock)
  return size
}

/** C702 §10.2. */
export interface nlm_unlockargs {
  cookie: netobj
  alock: nlm_lock
}

export function readnlm_unlockargs(r: XdrReader): nlm_unlockargs {
  return {
    cookie: r.opaque(1024),
    alock: readnlm_lock(r),
  }
}

export function readnlm_unlockargsInto(r: XdrReader, out: nlm_unlockargs): void {
  out.cookie = r.opaque(1024)
  readnlm_lockInto(r, out.alock)
}

export function writenlm_unlockargs(w: XdrWriter, v: nlm_unlockargs): void {
  w.opaque(v.cookie, 1024)
  writenlm_lock(w, v.alock)
}

export function sizenlm_unlockargs(v: nlm_unlockargs): number {
  let size = 0
  size += 4 + padded(v.cookie.length)
  size += sizenlm_lock(v.alock)
  return size
}

/** What others are denied: C702 §10.2; in version 4 it is fsh4_mode. */
export const fsh_mode = {
  fsm_DN: 0,
  fsm_DR: 1,
  fsm_DW: 2,
  fsm_DRW: 3,
} as const
export type fsh_mode = (typeof fsh_mode)[keyof typeof fsh_mode]

export function readfsh_mode(r: XdrReader): fsh_mode {
  const value = r.i32()
  if (!(value >= 0 && value <= 3)) throw new XdrError(`fsh_mode is ${value}`)
  return value as fsh_mode
}

export function writefsh_mode(w: XdrWriter, v: fsh_mode): void {
  w.i32(v)
}

export function sizefsh_mode(_v: fsh_mode): number {
  return 4
}

/** What is wanted: C702 §10.2; in version 4 it is fsh4_access. */
export const fsh_access = {
  fsa_NONE: 0,
  fsa_R: 1,
  fsa_W: 2,
  fsa_RW: 3,
} as const
export type fsh_access = (typeof fsh_access)[keyof typeof fsh_access]

export function readfsh_access(r: XdrReader): fsh_access {
  const value = r.i32()
  if (!(value >= 0 && value <= 3)) throw new XdrError(`fsh_access is ${value}`)
  return value as fsh_access
}

export function writefsh_access(w: XdrWriter, v: fsh_access): void {
  w.i32(v)
}

export function sizefsh_access(_v: fsh_access): number {
  return 4
}

/** A share reservation, the same in all versions (version 4 calls it nlm4_share): C702 §10.2. */
export interface nlm_share {
  caller_name: Uint8Array
  fh: netobj
  oh: netobj
  mode: fsh_mode
  access: fsh_access
}

export function readnlm_share(r: XdrReader): nlm_share {
  return {
    caller_name: r.opaque(1024),
    fh: r.opaque(1024),
    oh: r.opaque(1024),
    mode: readfsh_mode(r),
    access: readfsh_access(r),
  }
}

export function readnlm_shareInto(r: XdrReader, out: nlm_share): void {
  out.caller_name = r.opaque(1024)
  out.fh = r.opaque(1024)
  out.oh = r.opaque(1024)
  out.mode = readfsh_mode(r)
  out.access = readfsh_access(r)
}

export function writenlm_share(w: XdrWriter, v: nlm_share): void {
  w.opaque(v.caller_name, 1024)
  w.opaque(v.fh, 1024)
  w.opaque(v.oh, 1024)
  w.i32(v.mode)
  w.i32(v.access)
}

export function sizenlm_share(v: nlm_share): number {
  let size = 8
  size += 4 + padded(v.caller_name.length)
  size += 4 + padded(v.fh.length)
  size += 4 + padded(v.oh.length)
  return size
}

/** The same in all versions (version 4 calls it nlm4_shareargs): C702 §10.2. */
export interface nlm_shareargs {
  cookie: netobj
  share: nlm_share
  reclaim: boolean
}

export function readnlm_shareargs(r: XdrReader): nlm_shareargs {
  return {
    cookie: r.opaque(1024),
    share: readnlm_share(r),
    reclaim: r.bool(),
  }
}

export function readnlm_shareargsInto(r: XdrReader, out: nlm_shareargs): void {
  out.cookie = r.opaque(1024)
  readnlm_shareInto(r, out.share)
  out.reclaim = r.bool()
}

export function writenlm_shareargs(w: XdrWriter, v: nlm_shareargs): void {
  w.opaque(v.cookie, 1024)
  writenlm_share(w, v.share)
  w.bool(v.reclaim)
}

export function sizenlm_shareargs(v: nlm_shareargs): number {
  let size = 4
  size += 4 + padded(v.cookie.length)
  size += sizenlm_share(v.share)
  return size
}

/** C702 §10.2. */
export interface nlm_shareres {
  cookie: netobj
  stat: nlm_stats
  sequence: number
}

export function readnlm_shareres(r: XdrReader): nlm_shareres {
  return {
    cookie: r.opaque(1024),
    stat: readnlm_stats(r),
    sequence: r.i32(),
  }
}

export function readnlm_shareresInto(r: XdrReader, out: nlm_shareres): void {
  out.cookie = r.opaque(1024)
  out.stat = readnlm_stats(r)
  out.sequence = r.i32()
}

export function writenlm_shareres(w: XdrWriter, v: nlm_shareres): void {
  w.opaque(v.cookie, 1024)
  w.i32(v.stat)
  w.i32(v.sequence)
}

export function sizenlm_shareres(v: nlm_shareres): number {
  let size = 8
  size += 4 + padded(v.cookie.length)
  return size
}

/** A client whose locks are to go; the same in all versions (version 4 calls it nlm4_notify): C702 §10.2. */
export interface nlm_notify {
  name: Uint8Array
  state: number
}

export function readnlm_notify(r: XdrReader): nlm_notify {
  return {
    name: r.opaque(1025),
    state: r.i32(),
  }
}

export function readnlm_notifyInto(r: XdrReader, out: nlm_notify): void {
  out.name = r.opaque(1025)
  out.state = r.i32()
}

export function writenlm_notify(w: XdrWriter, v: nlm_notify): void {
  w.opaque(v.name, 1025)
  w.i32(v.state)
}

export function sizenlm_notify(v: nlm_notify): number {
  let size = 4
  size += 4 + padded(v.name.length)
  return size
}

/** Version 4: RFC 1813 §6.1. */
export const nlm4_stats = {
  NLM4_GRANTED: 0,
  NLM4_DENIED: 1,
  NLM4_DENIED_NOLOCKS: 2,
  NLM4_BLOCKED: 3,
  NLM4_DENIED_GRACE_PERIOD: 4,
  NLM4_DEADLCK: 5,
  NLM4_ROFS: 6,
  NLM4_STALE_FH: 7,
  NLM4_FBIG: 8,
  NLM4_FAILED: 9,
} as const
export type nlm4_stats = (typeof nlm4_stats)[keyof typeof nlm4_stats]

export function readnlm4_stats(r: XdrReader): nlm4_stats {
  const value = r.i32()
  if (!(value >= 0 && value <= 9)) throw new XdrError(`nlm4_stats is ${value}`)
  return value as nlm4_stats
}

export function writenlm4_stats(w: XdrWriter, v: nlm4_stats): void {
  w.i32(v)
}

export function sizenlm4_stats(_v: nlm4_stats): number {
  return 4
}

/** C702 chapter 14. */
export interface nlm4_stat {
  stat: nlm4_stats
}

export function readnlm4_stat(r: XdrReader): nlm4_stat {
  return {
    stat: readnlm4_stats(r),
  }
}

export function readnlm4_statInto(r: XdrReader, out: nlm4_stat): void {
  out.stat = readnlm4_stats(r)
}

export function writenlm4_stat(w: XdrWriter, v: nlm4_stat): void {
  w.i32(v.stat)
}

export function sizenlm4_stat(_v: nlm4_stat): number {
  return 4
}

/** C702 chapter 14. */
export interface nlm4_res {
  cookie: netobj
  stat: nlm4_stat
}

export function readnlm4_res(r: XdrReader): nlm4_res {
  return {
    cookie: r.opaque(1024),
    stat: readnlm4_stat(r),
  }
}

export function readnlm4_resInto(r: XdrReader, out: nlm4_res): void {
  out.cookie = r.opaque(1024)
  readnlm4_statInto(r, out.stat)
}

export function writenlm4_res(w: XdrWriter, v: nlm4_res): void {
  w.opaque(v.cookie, 1024)
  writenlm4_stat(w, v.stat)
}

export function sizenlm4_res(v: nlm4_res): number {
  let size = 4
  size += 4 + padded(v.cookie.length)
  return size
}

/** RFC 1813 §6.1. */
export interface nlm4_holder {
  exclusive: boolean
  svid: number
  oh: netobj
  l_offset: bigint
  l_len: bigint
}

export function readnlm4_holder(r: XdrReader): nlm4_holder {
  return {
    exclusive: r.bool(),
    svid: r.i32(),
    oh: r.opaque(1024),
    l_offset: r.u64(),
    l_len: r.u64(),
  }
}

export function readnlm4_holderInto(r: XdrReader, out: nlm4_holder): void {
  out.exclusive = r.bool()
  out.svid = r.i32()
  out.oh = r.opaque(1024)
  out.l_offset = r.u64()
  out.l_len = r.u64()
}

export function writenlm4_holder(w: XdrWriter, v: nlm4_holder): void {
  w.bool(v.exclusive)
  w.i32(v.svid)
  w.opaque(v.oh, 1024)
  w.u64(v.l_offset)
  w.u64(v.l_len)
}

export function sizenlm4_holder(v: nlm4_holder): number {
  let size = 24
  size += 4 + padded(v.oh.length)
  return size
}

/** C702 chapter 14. */
export type nlm4_testrply =
  | { stat: typeof nlm4_stats.NLM4_DENIED; holder: nlm4_holder }
  | { stat: Exclude<nlm4_stats, typeof nlm4_stats.NLM4_DENIED> }

export function readnlm4_testrply(r: XdrReader): nlm4_testrply {
  const stat = readnlm4_stats(r)
  switch (stat) {
    case nlm4_stats.NLM4_DENIED:
      return { stat, holder: readnlm4_holder(r) }
    default:
      return { stat }
  }
}

export function writenlm4_testrply(w: XdrWriter, v: nlm4_testrply): void {
  w.i32(v.stat)
  switch (v.stat) {
    case nlm4_stats.NLM4_DENIED:
      writenlm4_holder(w, v.holder)
      break
    default:
      break
  }
}

export function sizenlm4_testrply(v: nlm4_testrply): number {
  switch (v.stat) {
    case nlm4_stats.NLM4_DENIED:
      return 4 + sizenlm4_holder(v.holder)
    default:
      return 4
  }
}

/** C702 chapter 14. */
export interface nlm4_testres {
  cookie: netobj
  test_stat: nlm4_testrply
}

export function readnlm4_testres(r: XdrReader): nlm4_testres {
  return {
    cookie: r.opaque(1024),
    test_stat: readnlm4_testrply(r),
  }
}

export function readnlm4_testresInto(r: XdrReader, out: nlm4_testres): void {
  out.cookie = r.opaque(1024)
  out.test_stat = readnlm4_testrply(r)
}

export function writenlm4_testres(w: XdrWriter, v: nlm4_testres): void {
  w.opaque(v.cookie, 1024)
  writenlm4_testrply(w, v.test_stat)
}

export function sizenlm4_testres(v: nlm4_testres): number {
  let size = 0
  size += 4 + padded(v.cookie.length)
  size += sizenlm4_testrply(v.test_stat)
  return size
}

/** RFC 1813 §6.1. A length of 0 reaches to the end of the file, however long that gets. */
export interface nlm4_lock {
  caller_name: Uint8Array
  fh: netobj
  oh: netobj
  svid: number
  l_offset: bigint
  l_len: bigint
}

export function readnlm4_lock(r: XdrReader): nlm4_lock {
  return {
    caller_name: r.opaque(1024),
    fh: r.opaque(1024),
    oh: r.opaque(1024),
    svid: r.i32(),
    l_offset: r.u64(),
    l_len: r.u64(),
  }
}

export function readnlm4_lockInto(r: XdrReader, out: nlm4_lock): void {
  out.caller_name = r.opaque(1024)
  out.fh = r.opaque(1024)
  out.oh = r.opaque(1024)
  out.svid = r.i32()
  out.l_offset = r.u64()
  out.l_len = r.u64()
}

export function writenlm4_lock(w: XdrWriter, v: nlm4_lock): void {
  w.opaque(v.caller_name, 1024)
  w.opaque(v.fh, 1024)
  w.opaque(v.oh, 1024)
  w.i32(v.svid)
  w.u64(v.l_offset)
  w.u64(v.l_len)
}

export function sizenlm4_lock(v: nlm4_lock): number {
  let size = 20
  size += 4 + padded(v.caller_name.length)
  size += 4 + padded(v.fh.length)
  size += 4 + padded(v.oh.length)
  return size
}

/** C702 chapter 14. */
export interface nlm4_lockargs {
  cookie: netobj
  block: boolean
  exclusive: boolean
  alock: nlm4_lock
  reclaim: boolean
  state: number
}

export function readnlm4_lockargs(r: XdrReader): nlm4_lockargs {
  return {
    cookie: r.opaque(1024),
    block: r.bool(),
    exclusive: r.bool(),
    alock: readnlm4_lock(r),
    reclaim: r.bool(),
    state: r.i32(),
  }
}

export function readnlm4_lockargsInto(r: XdrReader, out: nlm4_lockargs): void {
  out.cookie = r.opaque(1024)
  out.block = r.bool()
  out.exclusive = r.bool()
  readnlm4_lockInto(r, out.alock)
  out.reclaim = r.bool()
  out.state = r.i32()
}

export function writenlm4_lockargs(w: XdrWriter, v: nlm4_lockargs): void {
  w.opaque(v.cookie, 1024)
  w.bool(v.block)
  w.bool(v.exclusive)
  writenlm4_lock(w, v.alock)
  w.bool(v.reclaim)
  w.i32(v.state)
}

export function sizenlm4_lockargs(v: nlm4_lockargs): number {
  let size = 16
  size += 4 + padded(v.cookie.length)
  size += sizenlm4_lock(v.alock)
  return size
}

/** C702 chapter 14. */
export interface nlm4_cancargs {
  cookie: netobj
  block: boolean
  exclusive: boolean
  alock: nlm4_lock
}

export function readnlm4_cancargs(r: XdrReader): nlm4_cancargs {
  return {
    cookie: r.opaque(1024),
    block: r.bool(),
    exclusive: r.bool(),
    alock: readnlm4_lock(r),
  }
}

export function readnlm4_cancargsInto(r: XdrReader, out: nlm4_cancargs): void {
  out.cookie = r.opaque(1024)
  out.block = r.bool()
  out.exclusive = r.bool()
  readnlm4_lockInto(r, out.alock)
}

export function writenlm4_cancargs(w: XdrWriter, v: nlm4_cancargs): void {
  w.opaque(v.cookie, 1024)
  w.bool(v.block)
  w.bool(v.exclusive)
  writenlm4_lock(w, v.alock)
}

export function sizenlm4_cancargs(v: nlm4_cancargs): number {
  let size = 8
  size += 4 + padded(v.cookie.length)
  size += sizenlm4_lock(v.alock)
  return size
}

/** C702 chapter 14. */
export interface nlm4_testargs {
  cookie: netobj
  exclusive: boolean
  alock: nlm4_lock
}

export function readnlm4_testargs(r: XdrReader): nlm4_testargs {
  return {
    cookie: r.opaque(1024),
    exclusive: r.bool(),
    alock: readnlm4_lock(r),
  }
}

export function readnlm4_testargsInto(r: XdrReader, out: nlm4_testargs): void {
  out.cookie = r.opaque(1024)
  out.exclusive = r.bool()
  readnlm4_lockInto(r, out.alock)
}

export function writenlm4_testargs(w: XdrWriter, v: nlm4_testargs): void {
  w.opaque(v.cookie, 1024)
  w.bool(v.exclusive)
  writenlm4_lock(w, v.alock)
}

export function sizenlm4_testargs(v: nlm4_testargs): number {
  let size = 4
  size += 4 + padded(v.cookie.length)
  size += sizenlm4_lock(v.alock)
  return size
}

/** C702 chapter 14. */
export interface nlm4_unlockargs {
  cookie: netobj
  alock: nlm4_lock
}

export function readnlm4_unlockargs(r: XdrReader): nlm4_unlockargs {
  return {
    cookie: r.opaque(1024),
    alock: readnlm4_lock(r),
  }
}

export function readnlm4_unlockargsInto(r: XdrReader, out: nlm4_unlockargs): void {
  out.cookie = r.opaque(1024)
  readnlm4_lockInto(r, out.alock)
}

export function writenlm4_unlockargs(w: XdrWriter, v: nlm4_unlockargs): void {
  w.opaque(v.cookie, 1024)
  writenlm4_lock(w, v.alock)
}

export function sizenlm4_unlockargs(v: nlm4_unlockargs): number {
  let size = 0
  size += 4 + padded(v.cookie.length)
  size += sizenlm4_lock(v.alock)
  return size
}

/** C702 chapter 14. */
export interface nlm4_shareres {
  cookie: netobj
  stat: nlm4_stats
  sequence: number
}

export function readnlm4_shareres(r: XdrReader): nlm4_shareres {
  return {
    cookie: r.opaque(1024),
    stat: readnlm4_stats(r),
    sequence: r.i32(),
  }
}

export function readnlm4_shareresInto(r: XdrReader, out: nlm4_shareres): void {
  out.cookie = r.opaque(1024)
  out.stat = readnlm4_stats(r)
  out.sequence = r.i32()
}

export function writenlm4_shareres(w: XdrWriter, v: nlm4_shareres): void {
  w.opaque(v.cookie, 1024)
  w.i32(v.stat)
  w.i32(v.sequence)
}

export function sizenlm4_shareres(v: nlm4_shareres): number {
  let size = 8
  size += 4 + padded(v.cookie.length)
  return size
}

/**
 * C702 §10.3 and chapter 14, RFC 1813 §6.2. Version 3 has the procedures of version 1 too, and four of its own. What ends
 * in _MSG is answered by a call of the procedure that ends in _RES, back to who called; both return nothing.
 */
export const NLM_PROG = 100021

export const NLM_VERS = 1

export const NLM_NULL = 0
export const NLM_TEST = 1
export const NLM_LOCK = 2
export const NLM_CANCEL = 3
export const NLM_UNLOCK = 4
export const NLM_GRANTED = 5
export const NLM_TEST_MSG = 6
export const NLM_LOCK_MSG = 7
export const NLM_CANCEL_MSG = 8
export const NLM_UNLOCK_MSG = 9
export const NLM_GRANTED_MSG = 10
export const NLM_TEST_RES = 11
export const NLM_LOCK_RES = 12
export const NLM_CANCEL_RES = 13
export const NLM_UNLOCK_RES = 14
export const NLM_GRANTED_RES = 15

/** The procedures of NLM_PROG version 1; `Context` is what a server passes along. */
export interface NLM_VERS_server<Context> {
  NLM_NULL(args: undefined, context: Context): undefined
  NLM_TEST(args: nlm_testargs, context: Context): nlm_testres
  NLM_LOCK(args: nlm_lockargs, context: Context): nlm_res
  NLM_CANCEL(args: nlm_cancargs, context: Context): nlm_res
  NLM_UNLOCK(args: nlm_unlockargs, context: Context): nlm_res
  NLM_GRANTED(args: nlm_testargs, context: Context): nlm_res
  NLM_TEST_MSG(args: nlm_testargs, context: Context): undefined
  NLM_LOCK_MSG(args: nlm_lockargs, context: Context): undefined
  NLM_CANCEL_MSG(args: nlm_cancargs, context: Context): undefined
  NLM_UNLOCK_MSG(args: nlm_unlockargs, context: Context): undefined
  NLM_GRANTED_MSG(args: nlm_testargs, context: Context): undefined
  NLM_TEST_RES(args: nlm_testres, context: Context): undefined
  NLM_LOCK_RES(args: nlm_res, context: Context): undefined
  NLM_CANCEL_RES(args: nlm_res, context: Context): undefined
  NLM_UNLOCK_RES(args: nlm_res, context: Context): undefined
  NLM_GRANTED_RES(args: nlm_res, context: Context): undefined
}

/** The wire side of NLM_PROG version 1, by procedure. */
export const NLM_VERS_codecs = {
  NLM_NULL: {
    number: 0,
    name: 'NLM_NULL',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLM_TEST: {
    number: 1,
    name: 'NLM_TEST',
    readArgs: readnlm_testargs,
    writeArgs: writenlm_testargs,
    readResult: readnlm_testres,
    writeResult: writenlm_testres,
  },
  NLM_LOCK: {
    number: 2,
    name: 'NLM_LOCK',
    readArgs: readnlm_lockargs,
    writeArgs: writenlm_lockargs,
    readResult: readnlm_res,
    writeResult: writenlm_res,
  },
  NLM_CANCEL: {
    number: 3,
    name: 'NLM_CANCEL',
    readArgs: readnlm_cancargs,
    writeArgs: writenlm_cancargs,
    readResult: readnlm_res,
    writeResult: writenlm_res,
  },
  NLM_UNLOCK: {
    number: 4,
    name: 'NLM_UNLOCK',
    readArgs: readnlm_unlockargs,
    writeArgs: writenlm_unlockargs,
    readResult: readnlm_res,
    writeResult: writenlm_res,
  },
  NLM_GRANTED: {
    number: 5,
    name: 'NLM_GRANTED',
    readArgs: readnlm_testargs,
    writeArgs: writenlm_testargs,
    readResult: readnlm_res,
    writeResult: writenlm_res,
  },
  NLM_TEST_MSG: {
    number: 6,
    name: 'NLM_TEST_MSG',
    readArgs: readnlm_testargs,
    writeArgs: writenlm_testargs,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLM_LOCK_MSG: {
    number: 7,
    name: 'NLM_LOCK_MSG',
    readArgs: readnlm_lockargs,
    writeArgs: writenlm_lockargs,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLM_CANCEL_MSG: {
    number: 8,
    name: 'NLM_CANCEL_MSG',
    readArgs: readnlm_cancargs,
    writeArgs: writenlm_cancargs,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLM_UNLOCK_MSG: {
    number: 9,
    name: 'NLM_UNLOCK_MSG',
    readArgs: readnlm_unlockargs,
    writeArgs: writenlm_unlockargs,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLM_GRANTED_MSG: {
    number: 10,
    name: 'NLM_GRANTED_MSG',
    readArgs: readnlm_testargs,
    writeArgs: writenlm_testargs,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLM_TEST_RES: {
    number: 11,
    name: 'NLM_TEST_RES',
    readArgs: readnlm_testres,
    writeArgs: writenlm_testres,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLM_LOCK_RES: {
    number: 12,
    name: 'NLM_LOCK_RES',
    readArgs: readnlm_res,
    writeArgs: writenlm_res,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLM_CANCEL_RES: {
    number: 13,
    name: 'NLM_CANCEL_RES',
    readArgs: readnlm_res,
    writeArgs: writenlm_res,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLM_UNLOCK_RES: {
    number: 14,
    name: 'NLM_UNLOCK_RES',
    readArgs: readnlm_res,
    writeArgs: writenlm_res,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLM_GRANTED_RES: {
    number: 15,
    name: 'NLM_GRANTED_RES',
    readArgs: readnlm_res,
    writeArgs: writenlm_res,
    readResult: readVoid,
    writeResult: writeVoid,
  },
} as const satisfies {
  NLM_NULL: ProcedureCodec<'NLM_NULL', undefined, undefined>
  NLM_TEST: ProcedureCodec<'NLM_TEST', nlm_testargs, nlm_testres>
  NLM_LOCK: ProcedureCodec<'NLM_LOCK', nlm_lockargs, nlm_res>
  NLM_CANCEL: ProcedureCodec<'NLM_CANCEL', nlm_cancargs, nlm_res>
  NLM_UNLOCK: ProcedureCodec<'NLM_UNLOCK', nlm_unlockargs, nlm_res>
  NLM_GRANTED: ProcedureCodec<'NLM_GRANTED', nlm_testargs, nlm_res>
  NLM_TEST_MSG: ProcedureCodec<'NLM_TEST_MSG', nlm_testargs, undefined>
  NLM_LOCK_MSG: ProcedureCodec<'NLM_LOCK_MSG', nlm_lockargs, undefined>
  NLM_CANCEL_MSG: ProcedureCodec<'NLM_CANCEL_MSG', nlm_cancargs, undefined>
  NLM_UNLOCK_MSG: ProcedureCodec<'NLM_UNLOCK_MSG', nlm_unlockargs, undefined>
  NLM_GRANTED_MSG: ProcedureCodec<'NLM_GRANTED_MSG', nlm_testargs, undefined>
  NLM_TEST_RES: ProcedureCodec<'NLM_TEST_RES', nlm_testres, undefined>
  NLM_LOCK_RES: ProcedureCodec<'NLM_LOCK_RES', nlm_res, undefined>
  NLM_CANCEL_RES: ProcedureCodec<'NLM_CANCEL_RES', nlm_res, undefined>
  NLM_UNLOCK_RES: ProcedureCodec<'NLM_UNLOCK_RES', nlm_res, undefined>
  NLM_GRANTED_RES: ProcedureCodec<'NLM_GRANTED_RES', nlm_res, undefined>
}

export const NLM_VERSX = 3

export const NLM_SHARE = 20
export const NLM_UNSHARE = 21
export const NLM_NM_LOCK = 22
export const NLM_FREE_ALL = 23

/** The procedures of NLM_PROG version 3; `Context` is what a server passes along. */
export interface NLM_VERSX_server<Context> {
  NLM_SHARE(args: nlm_shareargs, context: Context): nlm_shareres
  NLM_UNSHARE(args: nlm_shareargs, context: Context): nlm_shareres
  NLM_NM_LOCK(args: nlm_lockargs, context: Context): nlm_res
  NLM_FREE_ALL(args: nlm_notify, context: Context): undefined
}

/** The wire side of NLM_PROG version 3, by procedure. */
export const NLM_VERSX_codecs = {
  NLM_SHARE: {
    number: 20,
    name: 'NLM_SHARE',
    readArgs: readnlm_shareargs,
    writeArgs: writenlm_shareargs,
    readResult: readnlm_shareres,
    writeResult: writenlm_shareres,
  },
  NLM_UNSHARE: {
    number: 21,
    name: 'NLM_UNSHARE',
    readArgs: readnlm_shareargs,
    writeArgs: writenlm_shareargs,
    readResult: readnlm_shareres,
    writeResult: writenlm_shareres,
  },
  NLM_NM_LOCK: {
    number: 22,
    name: 'NLM_NM_LOCK',
    readArgs: readnlm_lockargs,
    writeArgs: writenlm_lockargs,
    readResult: readnlm_res,
    writeResult: writenlm_res,
  },
  NLM_FREE_ALL: {
    number: 23,
    name: 'NLM_FREE_ALL',
    readArgs: readnlm_notify,
    writeArgs: writenlm_notify,
    readResult: readVoid,
    writeResult: writeVoid,
  },
} as const satisfies {
  NLM_SHARE: ProcedureCodec<'NLM_SHARE', nlm_shareargs, nlm_shareres>
  NLM_UNSHARE: ProcedureCodec<'NLM_UNSHARE', nlm_shareargs, nlm_shareres>
  NLM_NM_LOCK: ProcedureCodec<'NLM_NM_LOCK', nlm_lockargs, nlm_res>
  NLM_FREE_ALL: ProcedureCodec<'NLM_FREE_ALL', nlm_notify, undefined>
}

export const NLM4_VERS = 4

export const NLMPROC4_NULL = 0
export const NLMPROC4_TEST = 1
export const NLMPROC4_LOCK = 2
export const NLMPROC4_CANCEL = 3
export const NLMPROC4_UNLOCK = 4
export const NLMPROC4_GRANTED = 5
export const NLMPROC4_TEST_MSG = 6
export const NLMPROC4_LOCK_MSG = 7
export const NLMPROC4_CANCEL_MSG = 8
export const NLMPROC4_UNLOCK_MSG = 9
export const NLMPROC4_GRANTED_MSG = 10
export const NLMPROC4_TEST_RES = 11
export const NLMPROC4_LOCK_RES = 12
export const NLMPROC4_CANCEL_RES = 13
export const NLMPROC4_UNLOCK_RES = 14
export const NLMPROC4_GRANTED_RES = 15
export const NLMPROC4_SHARE = 20
export const NLMPROC4_UNSHARE = 21
export const NLMPROC4_NM_LOCK = 22
export const NLMPROC4_FREE_ALL = 23

/** The procedures of NLM_PROG version 4; `Context` is what a server passes along. */
export interface NLM4_VERS_server<Context> {
  NLMPROC4_NULL(args: undefined, context: Context): undefined
  NLMPROC4_TEST(args: nlm4_testargs, context: Context): nlm4_testres
  NLMPROC4_LOCK(args: nlm4_lockargs, context: Context): nlm4_res
  NLMPROC4_CANCEL(args: nlm4_cancargs, context: Context): nlm4_res
  NLMPROC4_UNLOCK(args: nlm4_unlockargs, context: Context): nlm4_res
  NLMPROC4_GRANTED(args: nlm4_testargs, context: Context): nlm4_res
  NLMPROC4_TEST_MSG(args: nlm4_testargs, context: Context): undefined
  NLMPROC4_LOCK_MSG(args: nlm4_lockargs, context: Context): undefined
  NLMPROC4_CANCEL_MSG(args: nlm4_cancargs, context: Context): undefined
  NLMPROC4_UNLOCK_MSG(args: nlm4_unlockargs, context: Context): undefined
  NLMPROC4_GRANTED_MSG(args: nlm4_testargs, context: Context): undefined
  NLMPROC4_TEST_RES(args: nlm4_testres, context: Context): undefined
  NLMPROC4_LOCK_RES(args: nlm4_res, context: Context): undefined
  NLMPROC4_CANCEL_RES(args: nlm4_res, context: Context): undefined
  NLMPROC4_UNLOCK_RES(args: nlm4_res, context: Context): undefined
  NLMPROC4_GRANTED_RES(args: nlm4_res, context: Context): undefined
  NLMPROC4_SHARE(args: nlm_shareargs, context: Context): nlm4_shareres
  NLMPROC4_UNSHARE(args: nlm_shareargs, context: Context): nlm4_shareres
  NLMPROC4_NM_LOCK(args: nlm4_lockargs, context: Context): nlm4_res
  NLMPROC4_FREE_ALL(args: nlm_notify, context: Context): undefined
}

/** The wire side of NLM_PROG version 4, by procedure. */
export const NLM4_VERS_codecs = {
  NLMPROC4_NULL: {
    number: 0,
    name: 'NLMPROC4_NULL',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLMPROC4_TEST: {
    number: 1,
    name: 'NLMPROC4_TEST',
    readArgs: readnlm4_testargs,
    writeArgs: writenlm4_testargs,
    readResult: readnlm4_testres,
    writeResult: writenlm4_testres,
  },
  NLMPROC4_LOCK: {
    number: 2,
    name: 'NLMPROC4_LOCK',
    readArgs: readnlm4_lockargs,
    writeArgs: writenlm4_lockargs,
    readResult: readnlm4_res,
    writeResult: writenlm4_res,
  },
  NLMPROC4_CANCEL: {
    number: 3,
    name: 'NLMPROC4_CANCEL',
    readArgs: readnlm4_cancargs,
    writeArgs: writenlm4_cancargs,
    readResult: readnlm4_res,
    writeResult: writenlm4_res,
  },
  NLMPROC4_UNLOCK: {
    number: 4,
    name: 'NLMPROC4_UNLOCK',
    readArgs: readnlm4_unlockargs,
    writeArgs: writenlm4_unlockargs,
    readResult: readnlm4_res,
    writeResult: writenlm4_res,
  },
  NLMPROC4_GRANTED: {
    number: 5,
    name: 'NLMPROC4_GRANTED',
    readArgs: readnlm4_testargs,
    writeArgs: writenlm4_testargs,
    readResult: readnlm4_res,
    writeResult: writenlm4_res,
  },
  NLMPROC4_TEST_MSG: {
    number: 6,
    name: 'NLMPROC4_TEST_MSG',
    readArgs: readnlm4_testargs,
    writeArgs: writenlm4_testargs,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLMPROC4_LOCK_MSG: {
    number: 7,
    name: 'NLMPROC4_LOCK_MSG',
    readArgs: readnlm4_lockargs,
    writeArgs: writenlm4_lockargs,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLMPROC4_CANCEL_MSG: {
    number: 8,
    name: 'NLMPROC4_CANCEL_MSG',
    readArgs: readnlm4_cancargs,
    writeArgs: writenlm4_cancargs,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLMPROC4_UNLOCK_MSG: {
    number: 9,
    name: 'NLMPROC4_UNLOCK_MSG',
    readArgs: readnlm4_unlockargs,
    writeArgs: writenlm4_unlockargs,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLMPROC4_GRANTED_MSG: {
    number: 10,
    name: 'NLMPROC4_GRANTED_MSG',
    readArgs: readnlm4_testargs,
    writeArgs: writenlm4_testargs,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLMPROC4_TEST_RES: {
    number: 11,
    name: 'NLMPROC4_TEST_RES',
    readArgs: readnlm4_testres,
    writeArgs: writenlm4_testres,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLMPROC4_LOCK_RES: {
    number: 12,
    name: 'NLMPROC4_LOCK_RES',
    readArgs: readnlm4_res,
    writeArgs: writenlm4_res,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLMPROC4_CANCEL_RES: {
    number: 13,
    name: 'NLMPROC4_CANCEL_RES',
    readArgs: readnlm4_res,
    writeArgs: writenlm4_res,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLMPROC4_UNLOCK_RES: {
    number: 14,
    name: 'NLMPROC4_UNLOCK_RES',
    readArgs: readnlm4_res,
    writeArgs: writenlm4_res,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLMPROC4_GRANTED_RES: {
    number: 15,
    name: 'NLMPROC4_GRANTED_RES',
    readArgs: readnlm4_res,
    writeArgs: writenlm4_res,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  NLMPROC4_SHARE: {
    number: 20,
    name: 'NLMPROC4_SHARE',
    readArgs: readnlm_shareargs,
    writeArgs: writenlm_shareargs,
    readResult: readnlm4_shareres,
    writeResult: writenlm4_shareres,
  },
  NLMPROC4_UNSHARE: {
    number: 21,
    name: 'NLMPROC4_UNSHARE',
    readArgs: readnlm_shareargs,
    writeArgs: writenlm_shareargs,
    readResult: readnlm4_shareres,
    writeResult: writenlm4_shareres,
  },
  NLMPROC4_NM_LOCK: {
    number: 22,
    name: 'NLMPROC4_NM_LOCK',
    readArgs: readnlm4_lockargs,
    writeArgs: writenlm4_lockargs,
    readResult: readnlm4_res,
    writeResult: writenlm4_res,
  },
  NLMPROC4_FREE_ALL: {
    number: 23,
    name: 'NLMPROC4_FREE_ALL',
    readArgs: readnlm_notify,
    writeArgs: writenlm_notify,
    readResult: readVoid,
    writeResult: writeVoid,
  },
} as const satisfies {
  NLMPROC4_NULL: ProcedureCodec<'NLMPROC4_NULL', undefined, undefined>
  NLMPROC4_TEST: ProcedureCodec<'NLMPROC4_TEST', nlm4_testargs, nlm4_testres>
  NLMPROC4_LOCK: ProcedureCodec<'NLMPROC4_LOCK', nlm4_lockargs, nlm4_res>
  NLMPROC4_CANCEL: ProcedureCodec<'NLMPROC4_CANCEL', nlm4_cancargs, nlm4_res>
  NLMPROC4_UNLOCK: ProcedureCodec<'NLMPROC4_UNLOCK', nlm4_unlockargs, nlm4_res>
  NLMPROC4_GRANTED: ProcedureCodec<'NLMPROC4_GRANTED', nlm4_testargs, nlm4_res>
  NLMPROC4_TEST_MSG: ProcedureCodec<'NLMPROC4_TEST_MSG', nlm4_testargs, undefined>
  NLMPROC4_LOCK_MSG: ProcedureCodec<'NLMPROC4_LOCK_MSG', nlm4_lockargs, undefined>
  NLMPROC4_CANCEL_MSG: ProcedureCodec<'NLMPROC4_CANCEL_MSG', nlm4_cancargs, undefined>
  NLMPROC4_UNLOCK_MSG: ProcedureCodec<'NLMPROC4_UNLOCK_MSG', nlm4_unlockargs, undefined>
  NLMPROC4_GRANTED_MSG: ProcedureCodec<'NLMPROC4_GRANTED_MSG', nlm4_testargs, undefined>
  NLMPROC4_TEST_RES: ProcedureCodec<'NLMPROC4_TEST_RES', nlm4_testres, undefined>
  NLMPROC4_LOCK_RES: ProcedureCodec<'NLMPROC4_LOCK_RES', nlm4_res, undefined>
  NLMPROC4_CANCEL_RES: ProcedureCodec<'NLMPROC4_CANCEL_RES', nlm4_res, undefined>
  NLMPROC4_UNLOCK_RES: ProcedureCodec<'NLMPROC4_UNLOCK_RES', nlm4_res, undefined>
  NLMPROC4_GRANTED_RES: ProcedureCodec<'NLMPROC4_GRANTED_RES', nlm4_res, undefined>
  NLMPROC4_SHARE: ProcedureCodec<'NLMPROC4_SHARE', nlm_shareargs, nlm4_shareres>
  NLMPROC4_UNSHARE: ProcedureCodec<'NLMPROC4_UNSHARE', nlm_shareargs, nlm4_shareres>
  NLMPROC4_NM_LOCK: ProcedureCodec<'NLMPROC4_NM_LOCK', nlm4_lockargs, nlm4_res>
  NLMPROC4_FREE_ALL: ProcedureCodec<'NLMPROC4_FREE_ALL', nlm_notify, undefined>
}
