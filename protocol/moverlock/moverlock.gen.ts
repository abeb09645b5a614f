// Generated from moverlock.x by scripts/gen.ts: do not edit.
import { padded, XdrError, type XdrReader } from '../xdr/reader.ts'
import { putNumber64, type XdrWriter } from '../xdr/writer.ts'

export const MOVERLOCK_VERSION = 6

/** Bytes of an inode record's value, as the volume has it. */
export const INODE_VALUE_BYTES = 176

export const MAX_EXTENTS = 1024

export const MAX_SERIALS = 65536

/** Of one log record. */
export const MAX_COMMIT_EXTENTS = 64

export const MAX_ENTRIES = 1024

/** CALLs of one mover that have not been answered: more wait at that mover, and at it alone. */
export const MAX_CALLS = 16384

/** The same of LOCKs. */
export const MAX_TOKEN_REQUESTS = 65536

/** Of one mover. */
export const MAX_CLIENTS = 4096

/** Client locks in one message. */
export const MAX_LOCKS = 1024

/** Of NLM's clients: what the client calls itself or its owner, 1024 bytes at most, and its address or process. */
export const MAX_LOCK_NAME_BYTES = 1280

export type number64 = number

export function readnumber64(r: XdrReader): number64 {
  return r.number64()
}

export function writenumber64(w: XdrWriter, v: number64): void {
  w.number64(v)
}

export function sizenumber64(_v: number64): number {
  return 8
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

export type verifier = Uint8Array

export function readverifier(r: XdrReader): verifier {
  return r.opaqueFixed(8)
}

export function writeverifier(w: XdrWriter, v: verifier): void {
  w.opaqueFixed(v, 8)
}

export function sizeverifier(_v: verifier): number {
  return 8
}

export type inode_value = Uint8Array

export function readinode_value(r: XdrReader): inode_value {
  return r.opaqueFixed(176)
}

export function writeinode_value(w: XdrWriter, v: inode_value): void {
  w.opaqueFixed(v, 176)
}

export function sizeinode_value(_v: inode_value): number {
  return 176
}

export const token_kind = {
  WF_R: 1,
  BR_R: 2,
  BR_W: 3,
  WF_X: 4,
} as const
export type token_kind = (typeof token_kind)[keyof typeof token_kind]

export function readtoken_kind(r: XdrReader): token_kind {
  const value = r.i32()
  if (!(value >= 1 && value <= 4)) throw new XdrError(`token_kind is ${value}`)
  return value as token_kind
}

export function writetoken_kind(w: XdrWriter, v: token_kind): void {
  w.i32(v)
}

export function sizetoken_kind(_v: token_kind): number {
  return 4
}

/** In blocks of 4 KiB, half-open; the end of every file is 2^52. */
export interface span {
  start: number64
  end: number64
}

export function readspan(r: XdrReader): span {
  return {
    start: r.number64(),
    end: r.number64(),
  }
}

export function readspanInto(r: XdrReader, out: span): void {
  out.start = r.number64()
  out.end = r.number64()
}

export function writespan(w: XdrWriter, v: span): void {
  const at = w.reserve(16)
  const { view } = w
  putNumber64(view, at, v.start)
  putNumber64(view, at + 8, v.end)
}

export function sizespan(_v: span): number {
  return 16
}

export interface token {
  serial: number64
  kind: token_kind
  blocks: span
}

export function readtoken(r: XdrReader): token {
  return {
    serial: r.number64(),
    kind: readtoken_kind(r),
    blocks: readspan(r),
  }
}

export function readtokenInto(r: XdrReader, out: token): void {
  out.serial = r.number64()
  out.kind = readtoken_kind(r)
  readspanInto(r, out.blocks)
}

export function writetoken(w: XdrWriter, v: token): void {
  const at = w.reserve(28)
  const { view } = w
  putNumber64(view, at, v.serial)
  view.setInt32(at + 8, v.kind)
  putNumber64(view, at + 12, v.blocks.start)
  putNumber64(view, at + 20, v.blocks.end)
}

export function sizetoken(_v: token): number {
  return 28
}

export interface moment {
  sec: number64
  nsec: number
}

export function readmoment(r: XdrReader): moment {
  return {
    sec: r.number64(),
    nsec: r.u32(),
  }
}

export function readmomentInto(r: XdrReader, out: moment): void {
  out.sec = r.number64()
  out.nsec = r.u32()
}

export function writemoment(w: XdrWriter, v: moment): void {
  const at = w.reserve(12)
  const { view } = w
  putNumber64(view, at, v.sec)
  view.setUint32(at + 8, v.nsec)
}

export function sizemoment(_v: moment): number {
  return 12
}

/** An object's number and the generation that its file handles have. */
export interface object_id {
  ino: number64
  generation: number
}

export function readobject_id(r: XdrReader): object_id {
  return {
    ino: r.number64(),
    generation: r.u32(),
  }
}

export function readobject_idInto(r: XdrReader, out: object_id): void {
  out.ino = r.number64()
  out.generation = r.u32()
}

export function writeobject_id(w: XdrWriter, v: object_id): void {
  const at = w.reserve(12)
  const { view } = w
  putNumber64(view, at, v.ino)
  view.setUint32(at + 8, v.generation)
}

export function sizeobject_id(_v: object_id): number {
  return 12
}

/** An object as its mover would show it now. */
export interface attributes {
  ino: number64
  value: inode_value
  current: boolean
}

export function readattributes(r: XdrReader): attributes {
  return {
    ino: r.number64(),
    value: r.opaqueFixed(176),
    current: r.bool(),
  }
}

export function readattributesInto(r: XdrReader, out: attributes): void {
  out.ino = r.number64()
  out.value = r.opaqueFixed(176)
  out.current = r.bool()
}

export function writeattributes(w: XdrWriter, v: attributes): void {
  w.number64(v.ino)
  w.opaqueFixed(v.value, 176)
  w.bool(v.current)
}

export function sizeattributes(_v: attributes): number {
  return 188
}

/** Blocks of a file that lie together on the device. */
export interface extent {
  file_block: number64
  device_block: number64
  length: number64
}

export function readextent(r: XdrReader): extent {
  return {
    file_block: r.number64(),
    device_block: r.number64(),
    length: r.number64(),
  }
}

export function readextentInto(r: XdrReader, out: extent): void {
  out.file_block = r.number64()
  out.device_block = r.number64()
  out.length = r.number64()
}

export function writeextent(w: XdrWriter, v: extent): void {
  const at = w.reserve(24)
  const { view } = w
  putNumber64(view, at, v.file_block)
  putNumber64(view, at + 8, v.device_block)
  putNumber64(view, at + 16, v.length)
}

export function sizeextent(_v: extent): number {
  return 24
}

/** Device blocks that lie together. */
export interface run {
  start: number64
  length: number64
}

export function readrun(r: XdrReader): run {
  return {
    start: r.number64(),
    length: r.number64(),
  }
}

export function readrunInto(r: XdrReader, out: run): void {
  out.start = r.number64()
  out.length = r.number64()
}

export function writerun(w: XdrWriter, v: run): void {
  const at = w.reserve(16)
  const { view } = w
  putNumber64(view, at, v.start)
  putNumber64(view, at + 8, v.length)
}

export function sizerun(_v: run): number {
  return 16
}

/** Why something was refused; NONE: it was not. In the words of mover/failure.ts. */
export const failure = {
  NONE: 0,
  PERM: 1,
  NOENT: 2,
  IO: 3,
  ACCES: 4,
  EXIST: 5,
  XDEV: 6,
  NOTDIR: 7,
  ISDIR: 8,
  INVAL: 9,
  FBIG: 10,
  NOSPC: 11,
  ROFS: 12,
  MLINK: 13,
  NAMETOOLONG: 14,
  NOTEMPTY: 15,
  DQUOT: 16,
  STALE: 17,
  BADHANDLE: 18,
  NOT_SYNC: 19,
  BAD_COOKIE: 20,
  NOTSUPP: 21,
  TOOSMALL: 22,
  BADTYPE: 23,
  DELAY: 24,
  SERVERFAULT: 25,
} as const
export type failure = (typeof failure)[keyof typeof failure]

export function readfailure(r: XdrReader): failure {
  const value = r.i32()
  if (!(value >= 0 && value <= 25)) throw new XdrError(`failure is ${value}`)
  return value as failure
}

export function writefailure(w: XdrWriter, v: failure): void {
  w.i32(v)
}

export function sizefailure(_v: failure): number {
  return 4
}

/**
 * The first message of a secondary. The primary answers WELCOME, or REFUSED and closes the session. Behind WELCOME the
 * secondary says what it holds of an earlier reign of the volume: ASSERT and LOCK_ASSERT for files, ASSERT_SPACE, its COMMITs that nobody
 * has answered, and ASSERTED at the end. When all movers have done so, the primary answers READY; everything else comes
 * behind that, but RELEASE, which may come when what it releases has been asserted.
 */
export interface hello {
  protocol: number
  mover: name
  incarnation: Uint8Array
  volume: Uint8Array
  term: number64
  device: Uint8Array
  direct: boolean
}

export function readhello(r: XdrReader): hello {
  return {
    protocol: r.u32(),
    mover: r.opaque(255),
    incarnation: r.opaqueFixed(16),
    volume: r.opaqueFixed(16),
    term: r.number64(),
    device: r.opaque(256),
    direct: r.bool(),
  }
}

export function readhelloInto(r: XdrReader, out: hello): void {
  out.protocol = r.u32()
  out.mover = r.opaque(255)
  out.incarnation = r.opaqueFixed(16)
  out.volume = r.opaqueFixed(16)
  out.term = r.number64()
  out.device = r.opaque(256)
  out.direct = r.bool()
}

export function writehello(w: XdrWriter, v: hello): void {
  w.u32(v.protocol)
  w.opaque(v.mover, 255)
  w.opaqueFixed(v.incarnation, 16)
  w.opaqueFixed(v.volume, 16)
  w.number64(v.term)
  w.opaque(v.device, 256)
  w.bool(v.direct)
}

export function sizehello(v: hello): number {
  let size = 48
  size += 4 + padded(v.mover.length)
  size += 4 + padded(v.device.length)
  return size
}

export interface welcome {
  term: number64
  mover: number
}

export function readwelcome(r: XdrReader): welcome {
  return {
    term: r.number64(),
    mover: r.u32(),
  }
}

export function readwelcomeInto(r: XdrReader, out: welcome): void {
  out.term = r.number64()
  out.mover = r.u32()
}

export function writewelcome(w: XdrWriter, v: welcome): void {
  const at = w.reserve(12)
  const { view } = w
  putNumber64(view, at, v.term)
  view.setUint32(at + 8, v.mover)
}

export function sizewelcome(_v: welcome): number {
  return 12
}

export interface refused {
  reason: Uint8Array
}

export function readrefused(r: XdrReader): refused {
  return {
    reason: r.opaque(512),
  }
}

export function readrefusedInto(r: XdrReader, out: refused): void {
  out.reason = r.opaque(512)
}

export function writerefused(w: XdrWriter, v: refused): void {
  w.opaque(v.reason, 512)
}

export function sizerefused(v: refused): number {
  return 4 + padded(v.reason.length)
}

/** ASSERT: what the secondary holds of a file, and, if that lets it write, what it has made of it. */
export interface assertion {
  ino: number64
  tokens: assertion_tokens
  changes: assertion_changes
}

export function readassertion(r: XdrReader): assertion {
  return {
    ino: r.number64(),
    tokens: readassertion_tokens(r),
    changes: readassertion_changes(r),
  }
}

export function readassertionInto(r: XdrReader, out: assertion): void {
  out.ino = r.number64()
  out.tokens = readassertion_tokens(r)
  out.changes = readassertion_changes(r)
}

export function writeassertion(w: XdrWriter, v: assertion): void {
  w.number64(v.ino)
  writeassertion_tokens(w, v.tokens)
  writeassertion_changes(w, v.changes)
}

export function sizeassertion(v: assertion): number {
  let size = 8
  size += sizeassertion_tokens(v.tokens)
  size += sizeassertion_changes(v.changes)
  return size
}

/** ASSERT_SPACE: blocks that were reserved for the secondary and are nobody's yet. */
export interface assert_space {
  runs: assert_space_runs
}

export function readassert_space(r: XdrReader): assert_space {
  return {
    runs: readassert_space_runs(r),
  }
}

export function readassert_spaceInto(r: XdrReader, out: assert_space): void {
  out.runs = readassert_space_runs(r)
}

export function writeassert_space(w: XdrWriter, v: assert_space): void {
  writeassert_space_runs(w, v.runs)
}

export function sizeassert_space(v: assert_space): number {
  return sizeassert_space_runs(v.runs)
}

/** KNOWN: an asserted file's attributes: its holder was perhaps told others by an earlier primary. */
export interface known {
  ino: number64
  value: inode_value
}

export function readknown(r: XdrReader): known {
  return {
    ino: r.number64(),
    value: r.opaqueFixed(176),
  }
}

export function readknownInto(r: XdrReader, out: known): void {
  out.ino = r.number64()
  out.value = r.opaqueFixed(176)
}

export function writeknown(w: XdrWriter, v: known): void {
  w.number64(v.ino)
  w.opaqueFixed(v.value, 176)
}

export function sizeknown(_v: known): number {
  return 184
}

/** LOCK: a token is asked for. */
export interface lock {
  ino: number64
  id: number64
  kind: token_kind
  need: span
  exact: boolean
}

export function readlock(r: XdrReader): lock {
  return {
    ino: r.number64(),
    id: r.number64(),
    kind: readtoken_kind(r),
    need: readspan(r),
    exact: r.bool(),
  }
}

export function readlockInto(r: XdrReader, out: lock): void {
  out.ino = r.number64()
  out.id = r.number64()
  out.kind = readtoken_kind(r)
  readspanInto(r, out.need)
  out.exact = r.bool()
}

export function writelock(w: XdrWriter, v: lock): void {
  const at = w.reserve(40)
  const { view } = w
  putNumber64(view, at, v.ino)
  putNumber64(view, at + 8, v.id)
  view.setInt32(at + 16, v.kind)
  putNumber64(view, at + 20, v.need.start)
  putNumber64(view, at + 28, v.need.end)
  view.setUint32(at + 36, v.exact ? 1 : 0)
}

export function sizelock(_v: lock): number {
  return 40
}

/** What a mover's writes have made of a file since it was last told. */
export interface written {
  sequence: number64
  size: number64
  atime: moment
  mtime: moment
  ctime: moment
  changes: number64
}

export function readwritten(r: XdrReader): written {
  return {
    sequence: r.number64(),
    size: r.number64(),
    atime: readmoment(r),
    mtime: readmoment(r),
    ctime: readmoment(r),
    changes: r.number64(),
  }
}

export function readwrittenInto(r: XdrReader, out: written): void {
  out.sequence = r.number64()
  out.size = r.number64()
  readmomentInto(r, out.atime)
  readmomentInto(r, out.mtime)
  readmomentInto(r, out.ctime)
  out.changes = r.number64()
}

export function writewritten(w: XdrWriter, v: written): void {
  const at = w.reserve(60)
  const { view } = w
  putNumber64(view, at, v.sequence)
  putNumber64(view, at + 8, v.size)
  putNumber64(view, at + 16, v.atime.sec)
  view.setUint32(at + 24, v.atime.nsec)
  putNumber64(view, at + 28, v.mtime.sec)
  view.setUint32(at + 36, v.mtime.nsec)
  putNumber64(view, at + 40, v.ctime.sec)
  view.setUint32(at + 48, v.ctime.nsec)
  putNumber64(view, at + 52, v.changes)
}

export function sizewritten(_v: written): number {
  return 60
}

/**
 * RELEASE: the span is not used any more; what was written to it is on the device, and its extents are committed. Of a WF_X
 * of which some has been released the holder has BR_W of the rest, under the same serial.
 */
export interface release {
  ino: number64
  serial: number64
  blocks: span
  changes: release_changes
}

export function readrelease(r: XdrReader): release {
  return {
    ino: r.number64(),
    serial: r.number64(),
    blocks: readspan(r),
    changes: readrelease_changes(r),
  }
}

export function readreleaseInto(r: XdrReader, out: release): void {
  out.ino = r.number64()
  out.serial = r.number64()
  readspanInto(r, out.blocks)
  out.changes = readrelease_changes(r)
}

export function writerelease(w: XdrWriter, v: release): void {
  w.number64(v.ino)
  w.number64(v.serial)
  writespan(w, v.blocks)
  writerelease_changes(w, v.changes)
}

export function sizerelease(v: release): number {
  let size = 32
  size += sizerelease_changes(v.changes)
  return size
}

/** Where the blocks from `first` up to `end` lie; what is between the extents are holes. */
export interface block_map {
  seen: number64
  first: number64
  end: number64
  extents: block_map_extents
}

export function readblock_map(r: XdrReader): block_map {
  return {
    seen: r.number64(),
    first: r.number64(),
    end: r.number64(),
    extents: readblock_map_extents(r),
  }
}

export function readblock_mapInto(r: XdrReader, out: block_map): void {
  out.seen = r.number64()
  out.first = r.number64()
  out.end = r.number64()
  out.extents = readblock_map_extents(r)
}

export function writeblock_map(w: XdrWriter, v: block_map): void {
  w.number64(v.seen)
  w.number64(v.first)
  w.number64(v.end)
  writeblock_map_extents(w, v.extents)
}

export function sizeblock_map(v: block_map): number {
  let size = 24
  size += sizeblock_map_extents(v.extents)
  return size
}

/**
 * GRANT: with the file's attributes and, as far as it has room, where it lies from the beginning of what was needed on. An
 * id of 0 answers no LOCK: the mover has made the file, and its ANSWER follows.
 */
export interface grant {
  ino: number64
  id: number64
  granted: token
  replaces: grant_replaces
  value: inode_value
  map: block_map
}

export function readgrant(r: XdrReader): grant {
  return {
    ino: r.number64(),
    id: r.number64(),
    granted: readtoken(r),
    replaces: readgrant_replaces(r),
    value: r.opaqueFixed(176),
    map: readblock_map(r),
  }
}

export function readgrantInto(r: XdrReader, out: grant): void {
  out.ino = r.number64()
  out.id = r.number64()
  readtokenInto(r, out.granted)
  out.replaces = readgrant_replaces(r)
  out.value = r.opaqueFixed(176)
  readblock_mapInto(r, out.map)
}

export function writegrant(w: XdrWriter, v: grant): void {
  w.number64(v.ino)
  w.number64(v.id)
  writetoken(w, v.granted)
  writegrant_replaces(w, v.replaces)
  w.opaqueFixed(v.value, 176)
  writeblock_map(w, v.map)
}

export function sizegrant(v: grant): number {
  let size = 220
  size += sizegrant_replaces(v.replaces)
  size += sizeblock_map(v.map)
  return size
}

/** Nothing was granted: the file does not exist (any more), or cannot be written to. */
export interface denied {
  ino: number64
  id: number64
  why: failure
}

export function readdenied(r: XdrReader): denied {
  return {
    ino: r.number64(),
    id: r.number64(),
    why: readfailure(r),
  }
}

export function readdeniedInto(r: XdrReader, out: denied): void {
  out.ino = r.number64()
  out.id = r.number64()
  out.why = readfailure(r)
}

export function writedenied(w: XdrWriter, v: denied): void {
  const at = w.reserve(20)
  const { view } = w
  putNumber64(view, at, v.ino)
  putNumber64(view, at + 8, v.id)
  view.setInt32(at + 16, v.why)
}

export function sizedenied(_v: denied): number {
  return 20
}

/**
 * REVOKE: the holder drains the span and releases it, in as many parts as it likes. Of a WF_R or WF_X it releases all, and
 * this first.
 */
export interface revoke {
  ino: number64
  serial: number64
  blocks: span
}

export function readrevoke(r: XdrReader): revoke {
  return {
    ino: r.number64(),
    serial: r.number64(),
    blocks: readspan(r),
  }
}

export function readrevokeInto(r: XdrReader, out: revoke): void {
  out.ino = r.number64()
  out.serial = r.number64()
  readspanInto(r, out.blocks)
}

export function writerevoke(w: XdrWriter, v: revoke): void {
  const at = w.reserve(32)
  const { view } = w
  putNumber64(view, at, v.ino)
  putNumber64(view, at + 8, v.serial)
  putNumber64(view, at + 16, v.blocks.start)
  putNumber64(view, at + 24, v.blocks.end)
}

export function sizerevoke(_v: revoke): number {
  return 32
}

/** Where do the blocks from `first` on lie? Asked by the holder of a token. */
export interface map_request {
  ino: number64
  id: number64
  first: number64
}

export function readmap_request(r: XdrReader): map_request {
  return {
    ino: r.number64(),
    id: r.number64(),
    first: r.number64(),
  }
}

export function readmap_requestInto(r: XdrReader, out: map_request): void {
  out.ino = r.number64()
  out.id = r.number64()
  out.first = r.number64()
}

export function writemap_request(w: XdrWriter, v: map_request): void {
  const at = w.reserve(24)
  const { view } = w
  putNumber64(view, at, v.ino)
  putNumber64(view, at + 8, v.id)
  putNumber64(view, at + 16, v.first)
}

export function sizemap_request(_v: map_request): number {
  return 24
}

export interface mapped {
  id: number64
  map: block_map
}

export function readmapped(r: XdrReader): mapped {
  return {
    id: r.number64(),
    map: readblock_map(r),
  }
}

export function readmappedInto(r: XdrReader, out: mapped): void {
  out.id = r.number64()
  readblock_mapInto(r, out.map)
}

export function writemapped(w: XdrWriter, v: mapped): void {
  w.number64(v.id)
  writeblock_map(w, v.map)
}

export function sizemapped(v: mapped): number {
  let size = 8
  size += sizeblock_map(v.map)
  return size
}

/**
 * Blocks are asked for, to be written before they are anybody's; given durably, until they are committed or returned. Nobody
 * asks for more than its memory has pages to write, and a few beforehand.
 */
export interface reserve {
  id: number64
  count: number64
}

export function readreserve(r: XdrReader): reserve {
  return {
    id: r.number64(),
    count: r.number64(),
  }
}

export function readreserveInto(r: XdrReader, out: reserve): void {
  out.id = r.number64()
  out.count = r.number64()
}

export function writereserve(w: XdrWriter, v: reserve): void {
  const at = w.reserve(16)
  const { view } = w
  putNumber64(view, at, v.id)
  putNumber64(view, at + 8, v.count)
}

export function sizereserve(_v: reserve): number {
  return 16
}

export interface reserved {
  id: number64
  runs: reserved_runs
}

export function readreserved(r: XdrReader): reserved {
  return {
    id: r.number64(),
    runs: readreserved_runs(r),
  }
}

export function readreservedInto(r: XdrReader, out: reserved): void {
  out.id = r.number64()
  out.runs = readreserved_runs(r)
}

export function writereserved(w: XdrWriter, v: reserved): void {
  w.number64(v.id)
  writereserved_runs(w, v.runs)
}

export function sizereserved(v: reserved): number {
  let size = 8
  size += sizereserved_runs(v.runs)
  return size
}

export interface give_back {
  runs: give_back_runs
}

export function readgive_back(r: XdrReader): give_back {
  return {
    runs: readgive_back_runs(r),
  }
}

export function readgive_backInto(r: XdrReader, out: give_back): void {
  out.runs = readgive_back_runs(r)
}

export function writegive_back(w: XdrWriter, v: give_back): void {
  writegive_back_runs(w, v.runs)
}

export function sizegive_back(v: give_back): number {
  return sizegive_back_runs(v.runs)
}

/**
 * An extent commit: data is on the device, though not flushed; its extents, the size that the file has with them and no
 * later write, and what all writes have changed.
 */
export interface commit {
  id: number64
  ino: number64
  size: number64
  changes: written
  runs: commit_runs
}

export function readcommit(r: XdrReader): commit {
  return {
    id: r.number64(),
    ino: r.number64(),
    size: r.number64(),
    changes: readwritten(r),
    runs: readcommit_runs(r),
  }
}

export function readcommitInto(r: XdrReader, out: commit): void {
  out.id = r.number64()
  out.ino = r.number64()
  out.size = r.number64()
  readwrittenInto(r, out.changes)
  out.runs = readcommit_runs(r)
}

export function writecommit(w: XdrWriter, v: commit): void {
  w.number64(v.id)
  w.number64(v.ino)
  w.number64(v.size)
  writewritten(w, v.changes)
  writecommit_runs(w, v.runs)
}

export function sizecommit(v: commit): number {
  let size = 84
  size += sizecommit_runs(v.runs)
  return size
}

/** The commit is durable. */
export interface committed {
  id: number64
  status: failure
}

export function readcommitted(r: XdrReader): committed {
  return {
    id: r.number64(),
    status: readfailure(r),
  }
}

export function readcommittedInto(r: XdrReader, out: committed): void {
  out.id = r.number64()
  out.status = readfailure(r)
}

export function writecommitted(w: XdrWriter, v: committed): void {
  const at = w.reserve(12)
  const { view } = w
  putNumber64(view, at, v.id)
  view.setInt32(at + 8, v.status)
}

export function sizecommitted(_v: committed): number {
  return 12
}

/**
 * What has a mover's writing made of the file up to now? Behind its answer, who has not written lately releases its rights
 * to write: others look at the file.
 */
export interface glimpse {
  ino: number64
  id: number64
  seen: number64
}

export function readglimpse(r: XdrReader): glimpse {
  return {
    ino: r.number64(),
    id: r.number64(),
    seen: r.number64(),
  }
}

export function readglimpseInto(r: XdrReader, out: glimpse): void {
  out.ino = r.number64()
  out.id = r.number64()
  out.seen = r.number64()
}

export function writeglimpse(w: XdrWriter, v: glimpse): void {
  const at = w.reserve(24)
  const { view } = w
  putNumber64(view, at, v.ino)
  putNumber64(view, at + 8, v.id)
  putNumber64(view, at + 16, v.seen)
}

export function sizeglimpse(_v: glimpse): number {
  return 24
}

export interface glimpsed {
  ino: number64
  id: number64
  changes: glimpsed_changes
}

export function readglimpsed(r: XdrReader): glimpsed {
  return {
    ino: r.number64(),
    id: r.number64(),
    changes: readglimpsed_changes(r),
  }
}

export function readglimpsedInto(r: XdrReader, out: glimpsed): void {
  out.ino = r.number64()
  out.id = r.number64()
  out.changes = readglimpsed_changes(r)
}

export function writeglimpsed(w: XdrWriter, v: glimpsed): void {
  w.number64(v.ino)
  w.number64(v.id)
  writeglimpsed_changes(w, v.changes)
}

export function sizeglimpsed(v: glimpsed): number {
  let size = 16
  size += sizeglimpsed_changes(v.changes)
  return size
}

export interface credentials {
  uid: number
  gid: number
  gids: credentials_gids
}

export function readcredentials(r: XdrReader): credentials {
  return {
    uid: r.u32(),
    gid: r.u32(),
    gids: readcredentials_gids(r),
  }
}

export function readcredentialsInto(r: XdrReader, out: credentials): void {
  out.uid = r.u32()
  out.gid = r.u32()
  out.gids = readcredentials_gids(r)
}

export function writecredentials(w: XdrWriter, v: credentials): void {
  w.u32(v.uid)
  w.u32(v.gid)
  writecredentials_gids(w, v.gids)
}

export function sizecredentials(v: credentials): number {
  let size = 8
  size += sizecredentials_gids(v.gids)
  return size
}

/** See ReplayTag of mover/operation.ts. */
export interface replay_tag {
  client_high: number
  client_low: number
  prog: number
  proc: number
  xid: number
  checksum: number
}

export function readreplay_tag(r: XdrReader): replay_tag {
  return {
    client_high: r.u32(),
    client_low: r.u32(),
    prog: r.u32(),
    proc: r.u32(),
    xid: r.u32(),
    checksum: r.u32(),
  }
}

export function readreplay_tagInto(r: XdrReader, out: replay_tag): void {
  out.client_high = r.u32()
  out.client_low = r.u32()
  out.prog = r.u32()
  out.proc = r.u32()
  out.xid = r.u32()
  out.checksum = r.u32()
}

export function writereplay_tag(w: XdrWriter, v: replay_tag): void {
  const at = w.reserve(24)
  const { view } = w
  view.setUint32(at, v.client_high)
  view.setUint32(at + 4, v.client_low)
  view.setUint32(at + 8, v.prog)
  view.setUint32(at + 12, v.proc)
  view.setUint32(at + 16, v.xid)
  view.setUint32(at + 20, v.checksum)
}

export function sizereplay_tag(_v: replay_tag): number {
  return 24
}

export const time_how = {
  LEAVE: 0,
  SERVER_TIME: 1,
  CLIENT_TIME: 2,
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

export type set_time =
  | { how: typeof time_how.CLIENT_TIME; time: moment }
  | { how: Exclude<time_how, typeof time_how.CLIENT_TIME> }

export function readset_time(r: XdrReader): set_time {
  const how = readtime_how(r)
  switch (how) {
    case time_how.CLIENT_TIME:
      return { how, time: readmoment(r) }
    default:
      return { how }
  }
}

export function writeset_time(w: XdrWriter, v: set_time): void {
  w.i32(v.how)
  switch (v.how) {
    case time_how.CLIENT_TIME:
      writemoment(w, v.time)
      break
    default:
      break
  }
}

export function sizeset_time(v: set_time): number {
  switch (v.how) {
    case time_how.CLIENT_TIME:
      return 4 + 12
    default:
      return 4
  }
}

export interface set_attributes {
  mode: set_attributes_mode
  uid: set_attributes_uid
  gid: set_attributes_gid
  size: set_attributes_size
  atime: set_time
  mtime: set_time
}

export function readset_attributes(r: XdrReader): set_attributes {
  return {
    mode: readset_attributes_mode(r),
    uid: readset_attributes_uid(r),
    gid: readset_attributes_gid(r),
    size: readset_attributes_size(r),
    atime: readset_time(r),
    mtime: readset_time(r),
  }
}

export function readset_attributesInto(r: XdrReader, out: set_attributes): void {
  out.mode = readset_attributes_mode(r)
  out.uid = readset_attributes_uid(r)
  out.gid = readset_attributes_gid(r)
  out.size = readset_attributes_size(r)
  out.atime = readset_time(r)
  out.mtime = readset_time(r)
}

export function writeset_attributes(w: XdrWriter, v: set_attributes): void {
  writeset_attributes_mode(w, v.mode)
  writeset_attributes_uid(w, v.uid)
  writeset_attributes_gid(w, v.gid)
  writeset_attributes_size(w, v.size)
  writeset_time(w, v.atime)
  writeset_time(w, v.mtime)
}

export function sizeset_attributes(v: set_attributes): number {
  let size = 0
  size += sizeset_attributes_mode(v.mode)
  size += sizeset_attributes_uid(v.uid)
  size += sizeset_attributes_gid(v.gid)
  size += sizeset_attributes_size(v.size)
  size += sizeset_time(v.atime)
  size += sizeset_time(v.mtime)
  return size
}

export const create_how = {
  UNCHECKED: 0,
  GUARDED: 1,
  EXCLUSIVE: 2,
} as const
export type create_how = (typeof create_how)[keyof typeof create_how]

export function readcreate_how(r: XdrReader): create_how {
  const value = r.i32()
  if (!(value >= 0 && value <= 2)) throw new XdrError(`create_how is ${value}`)
  return value as create_how
}

export function writecreate_how(w: XdrWriter, v: create_how): void {
  w.i32(v)
}

export function sizecreate_how(_v: create_how): number {
  return 4
}

export const operation_kind = {
  GETATTR: 1,
  LOOKUP: 2,
  SETATTR: 3,
  READLINK: 4,
  CREATE: 5,
  MKDIR: 6,
  SYMLINK: 7,
  MKNOD: 8,
  REMOVE: 9,
  RMDIR: 10,
  RENAME: 11,
  LINK: 12,
  READDIR: 13,
  STATISTICS: 14,
  FIND: 15,
  SET_CLIENT: 16,
  DROP_CLIENT: 17,
  CLIENTS: 18,
  ATTRIBUTES: 19,
  DROP_PRIVILEGES: 20,
} as const
export type operation_kind = (typeof operation_kind)[keyof typeof operation_kind]

export function readoperation_kind(r: XdrReader): operation_kind {
  const value = r.i32()
  if (!(value >= 1 && value <= 20)) throw new XdrError(`operation_kind is ${value}`)
  return value as operation_kind
}

export function writeoperation_kind(w: XdrWriter, v: operation_kind): void {
  w.i32(v)
}

export function sizeoperation_kind(_v: operation_kind): number {
  return 4
}

export interface named {
  dir: object_id
  what: name
}

export function readnamed(r: XdrReader): named {
  return {
    dir: readobject_id(r),
    what: r.opaque(255),
  }
}

export function readnamedInto(r: XdrReader, out: named): void {
  readobject_idInto(r, out.dir)
  out.what = r.opaque(255)
}

export function writenamed(w: XdrWriter, v: named): void {
  writeobject_id(w, v.dir)
  w.opaque(v.what, 255)
}

export function sizenamed(v: named): number {
  let size = 12
  size += 4 + padded(v.what.length)
  return size
}

export interface lookup_args {
  where: named
  export_root: number64
}

export function readlookup_args(r: XdrReader): lookup_args {
  return {
    where: readnamed(r),
    export_root: r.number64(),
  }
}

export function readlookup_argsInto(r: XdrReader, out: lookup_args): void {
  readnamedInto(r, out.where)
  out.export_root = r.number64()
}

export function writelookup_args(w: XdrWriter, v: lookup_args): void {
  writenamed(w, v.where)
  w.number64(v.export_root)
}

export function sizelookup_args(v: lookup_args): number {
  let size = 8
  size += sizenamed(v.where)
  return size
}

export interface setattr_args {
  what: object_id
  set: set_attributes
  guard: setattr_args_guard
}

export function readsetattr_args(r: XdrReader): setattr_args {
  return {
    what: readobject_id(r),
    set: readset_attributes(r),
    guard: readsetattr_args_guard(r),
  }
}

export function readsetattr_argsInto(r: XdrReader, out: setattr_args): void {
  readobject_idInto(r, out.what)
  readset_attributesInto(r, out.set)
  out.guard = readsetattr_args_guard(r)
}

export function writesetattr_args(w: XdrWriter, v: setattr_args): void {
  writeobject_id(w, v.what)
  writeset_attributes(w, v.set)
  writesetattr_args_guard(w, v.guard)
}

export function sizesetattr_args(v: setattr_args): number {
  let size = 12
  size += sizeset_attributes(v.set)
  size += sizesetattr_args_guard(v.guard)
  return size
}

export interface create_args {
  where: named
  how: create_how
  set: set_attributes
  exclusive: verifier
}

export function readcreate_args(r: XdrReader): create_args {
  return {
    where: readnamed(r),
    how: readcreate_how(r),
    set: readset_attributes(r),
    exclusive: r.opaqueFixed(8),
  }
}

export function readcreate_argsInto(r: XdrReader, out: create_args): void {
  readnamedInto(r, out.where)
  out.how = readcreate_how(r)
  readset_attributesInto(r, out.set)
  out.exclusive = r.opaqueFixed(8)
}

export function writecreate_args(w: XdrWriter, v: create_args): void {
  writenamed(w, v.where)
  w.i32(v.how)
  writeset_attributes(w, v.set)
  w.opaqueFixed(v.exclusive, 8)
}

export function sizecreate_args(v: create_args): number {
  let size = 12
  size += sizenamed(v.where)
  size += sizeset_attributes(v.set)
  return size
}

export interface mkdir_args {
  where: named
  set: set_attributes
}

export function readmkdir_args(r: XdrReader): mkdir_args {
  return {
    where: readnamed(r),
    set: readset_attributes(r),
  }
}

export function readmkdir_argsInto(r: XdrReader, out: mkdir_args): void {
  readnamedInto(r, out.where)
  readset_attributesInto(r, out.set)
}

export function writemkdir_args(w: XdrWriter, v: mkdir_args): void {
  writenamed(w, v.where)
  writeset_attributes(w, v.set)
}

export function sizemkdir_args(v: mkdir_args): number {
  let size = 0
  size += sizenamed(v.where)
  size += sizeset_attributes(v.set)
  return size
}

export interface symlink_args {
  where: named
  target: Uint8Array
  set: set_attributes
}

export function readsymlink_args(r: XdrReader): symlink_args {
  return {
    where: readnamed(r),
    target: r.opaque(4096),
    set: readset_attributes(r),
  }
}

export function readsymlink_argsInto(r: XdrReader, out: symlink_args): void {
  readnamedInto(r, out.where)
  out.target = r.opaque(4096)
  readset_attributesInto(r, out.set)
}

export function writesymlink_args(w: XdrWriter, v: symlink_args): void {
  writenamed(w, v.where)
  w.opaque(v.target, 4096)
  writeset_attributes(w, v.set)
}

export function sizesymlink_args(v: symlink_args): number {
  let size = 0
  size += sizenamed(v.where)
  size += 4 + padded(v.target.length)
  size += sizeset_attributes(v.set)
  return size
}

export interface mknod_args {
  where: named
  type: number
  set: set_attributes
  major: number
  minor: number
}

export function readmknod_args(r: XdrReader): mknod_args {
  return {
    where: readnamed(r),
    type: r.u32(),
    set: readset_attributes(r),
    major: r.u32(),
    minor: r.u32(),
  }
}

export function readmknod_argsInto(r: XdrReader, out: mknod_args): void {
  readnamedInto(r, out.where)
  out.type = r.u32()
  readset_attributesInto(r, out.set)
  out.major = r.u32()
  out.minor = r.u32()
}

export function writemknod_args(w: XdrWriter, v: mknod_args): void {
  writenamed(w, v.where)
  w.u32(v.type)
  writeset_attributes(w, v.set)
  w.u32(v.major)
  w.u32(v.minor)
}

export function sizemknod_args(v: mknod_args): number {
  let size = 12
  size += sizenamed(v.where)
  size += sizeset_attributes(v.set)
  return size
}

export interface rename_args {
  from: named
  to: named
}

export function readrename_args(r: XdrReader): rename_args {
  return {
    from: readnamed(r),
    to: readnamed(r),
  }
}

export function readrename_argsInto(r: XdrReader, out: rename_args): void {
  readnamedInto(r, out.from)
  readnamedInto(r, out.to)
}

export function writerename_args(w: XdrWriter, v: rename_args): void {
  writenamed(w, v.from)
  writenamed(w, v.to)
}

export function sizerename_args(v: rename_args): number {
  let size = 0
  size += sizenamed(v.from)
  size += sizenamed(v.to)
  return size
}

export interface link_args {
  what: object_id
  where: named
}

export function readlink_args(r: XdrReader): link_args {
  return {
    what: readobject_id(r),
    where: readnamed(r),
  }
}

export function readlink_argsInto(r: XdrReader, out: link_args): void {
  readobject_idInto(r, out.what)
  readnamedInto(r, out.where)
}

export function writelink_args(w: XdrWriter, v: link_args): void {
  writeobject_id(w, v.what)
  writenamed(w, v.where)
}

export function sizelink_args(v: link_args): number {
  let size = 12
  size += sizenamed(v.where)
  return size
}

export interface readdir_args {
  dir: object_id
  cookie: number64
  export_root: number64
  bytes: number
  attributes: boolean
}

export function readreaddir_args(r: XdrReader): readdir_args {
  return {
    dir: readobject_id(r),
    cookie: r.number64(),
    export_root: r.number64(),
    bytes: r.u32(),
    attributes: r.bool(),
  }
}

export function readreaddir_argsInto(r: XdrReader, out: readdir_args): void {
  readobject_idInto(r, out.dir)
  out.cookie = r.number64()
  out.export_root = r.number64()
  out.bytes = r.u32()
  out.attributes = r.bool()
}

export function writereaddir_args(w: XdrWriter, v: readdir_args): void {
  const at = w.reserve(36)
  const { view } = w
  putNumber64(view, at, v.dir.ino)
  view.setUint32(at + 8, v.dir.generation)
  putNumber64(view, at + 12, v.cookie)
  putNumber64(view, at + 20, v.export_root)
  view.setUint32(at + 28, v.bytes)
  view.setUint32(at + 32, v.attributes ? 1 : 0)
}

export function sizereaddir_args(_v: readdir_args): number {
  return 36
}

/** Something that movers remember of a client, in their own words. */
export interface client_record {
  id: Uint8Array
  value: Uint8Array
}

export function readclient_record(r: XdrReader): client_record {
  return {
    id: r.opaque(255),
    value: r.opaque(640),
  }
}

export function readclient_recordInto(r: XdrReader, out: client_record): void {
  out.id = r.opaque(255)
  out.value = r.opaque(640)
}

export function writeclient_record(w: XdrWriter, v: client_record): void {
  w.opaque(v.id, 255)
  w.opaque(v.value, 640)
}

export function sizeclient_record(v: client_record): number {
  let size = 0
  size += 4 + padded(v.id.length)
  size += 4 + padded(v.value.length)
  return size
}

export interface attributes_args {
  dir: object_id
  inos: attributes_args_inos
}

export function readattributes_args(r: XdrReader): attributes_args {
  return {
    dir: readobject_id(r),
    inos: readattributes_args_inos(r),
  }
}

export function readattributes_argsInto(r: XdrReader, out: attributes_args): void {
  readobject_idInto(r, out.dir)
  out.inos = readattributes_args_inos(r)
}

export function writeattributes_args(w: XdrWriter, v: attributes_args): void {
  writeobject_id(w, v.dir)
  writeattributes_args_inos(w, v.inos)
}

export function sizeattributes_args(v: attributes_args): number {
  let size = 12
  size += sizeattributes_args_inos(v.inos)
  return size
}

/** Those whose ids begin so, in their order, and come behind this one. */
export interface clients_args {
  prefix: Uint8Array
  after: Uint8Array
}

export function readclients_args(r: XdrReader): clients_args {
  return {
    prefix: r.opaque(255),
    after: r.opaque(255),
  }
}

export function readclients_argsInto(r: XdrReader, out: clients_args): void {
  out.prefix = r.opaque(255)
  out.after = r.opaque(255)
}

export function writeclients_args(w: XdrWriter, v: clients_args): void {
  w.opaque(v.prefix, 255)
  w.opaque(v.after, 255)
}

export function sizeclients_args(v: clients_args): number {
  let size = 0
  size += 4 + padded(v.prefix.length)
  size += 4 + padded(v.after.length)
  return size
}

export type operation =
  | { kind: typeof operation_kind.GETATTR | typeof operation_kind.READLINK; what: object_id }
  | { kind: typeof operation_kind.LOOKUP; lookup: lookup_args }
  | { kind: typeof operation_kind.SETATTR; setattr: setattr_args }
  | { kind: typeof operation_kind.CREATE; create: create_args }
  | { kind: typeof operation_kind.MKDIR; mkdir: mkdir_args }
  | { kind: typeof operation_kind.SYMLINK; symlink: symlink_args }
  | { kind: typeof operation_kind.MKNOD; mknod: mknod_args }
  | { kind: typeof operation_kind.REMOVE | typeof operation_kind.RMDIR; where: named }
  | { kind: typeof operation_kind.RENAME; rename: rename_args }
  | { kind: typeof operation_kind.LINK; link: link_args }
  | { kind: typeof operation_kind.READDIR; readdir: readdir_args }
  | { kind: typeof operation_kind.STATISTICS }
  | { kind: typeof operation_kind.FIND; ino: number64 }
  | { kind: typeof operation_kind.SET_CLIENT; client: client_record }
  | { kind: typeof operation_kind.DROP_CLIENT; id: Uint8Array }
  | { kind: typeof operation_kind.CLIENTS; clients: clients_args }
  | { kind: typeof operation_kind.DROP_PRIVILEGES; file: object_id }
  | { kind: typeof operation_kind.ATTRIBUTES; attributes: attributes_args }

export function readoperation(r: XdrReader): operation {
  const kind = readoperation_kind(r)
  switch (kind) {
    case operation_kind.GETATTR:
    case operation_kind.READLINK:
      return { kind, what: readobject_id(r) }
    case operation_kind.LOOKUP:
      return { kind, lookup: readlookup_args(r) }
    case operation_kind.SETATTR:
      return { kind, setattr: readsetattr_args(r) }
    case operation_kind.CREATE:
      return { kind, create: readcreate_args(r) }
    case operation_kind.MKDIR:
      return { kind, mkdir: readmkdir_args(r) }
    case operation_kind.SYMLINK:
      return { kind, symlink: readsymlink_args(r) }
    case operation_kind.MKNOD:
      return { kind, mknod: readmknod_args(r) }
    case operation_kind.REMOVE:
    case operation_kind.RMDIR:
      return { kind, where: readnamed(r) }
    case operation_kind.RENAME:
      return { kind, rename: readrename_args(r) }
    case operation_kind.LINK:
      return { kind, link: readlink_args(r) }
    case operation_kind.READDIR:
      return { kind, readdir: readreaddir_args(r) }
    case operation_kind.STATISTICS:
      return { kind }
    case operation_kind.FIND:
      return { kind, ino: r.number64() }
    case operation_kind.SET_CLIENT:
      return { kind, client: readclient_record(r) }
    case operation_kind.DROP_CLIENT:
      return { kind, id: r.opaque(255) }
    case operation_kind.CLIENTS:
      return { kind, clients: readclients_args(r) }
    case operation_kind.DROP_PRIVILEGES:
      return { kind, file: readobject_id(r) }
    case operation_kind.ATTRIBUTES:
      return { kind, attributes: readattributes_args(r) }
    default:
      throw new XdrError(`operation has no arm ${kind}`)
  }
}

export function writeoperation(w: XdrWriter, v: operation): void {
  w.i32(v.kind)
  switch (v.kind) {
    case operation_kind.GETATTR:
    case operation_kind.READLINK:
      writeobject_id(w, v.what)
      break
    case operation_kind.LOOKUP:
      writelookup_args(w, v.lookup)
      break
    case operation_kind.SETATTR:
      writesetattr_args(w, v.setattr)
      break
    case operation_kind.CREATE:
      writecreate_args(w, v.create)
      break
    case operation_kind.MKDIR:
      writemkdir_args(w, v.mkdir)
      break
    case operation_kind.SYMLINK:
      writesymlink_args(w, v.symlink)
      break
    case operation_kind.MKNOD:
      writemknod_args(w, v.mknod)
      break
    case operation_kind.REMOVE:
    case operation_kind.RMDIR:
      writenamed(w, v.where)
      break
    case operation_kind.RENAME:
      writerename_args(w, v.rename)
      break
    case operation_kind.LINK:
      writelink_args(w, v.link)
      break
    case operation_kind.READDIR:
      writereaddir_args(w, v.readdir)
      break
    case operation_kind.STATISTICS:
      break
    case operation_kind.FIND:
      w.number64(v.ino)
      break
    case operation_kind.SET_CLIENT:
      writeclient_record(w, v.client)
      break
    case operation_kind.DROP_CLIENT:
      w.opaque(v.id, 255)
      break
    case operation_kind.CLIENTS:
      writeclients_args(w, v.clients)
      break
    case operation_kind.DROP_PRIVILEGES:
      writeobject_id(w, v.file)
      break
    case operation_kind.ATTRIBUTES:
      writeattributes_args(w, v.attributes)
      break
    default:
      throw new XdrError(`operation has no arm ${(v as { kind: number }).kind}`)
  }
}

export function sizeoperation(v: operation): number {
  switch (v.kind) {
    case operation_kind.GETATTR:
    case operation_kind.READLINK:
      return 4 + 12
    case operation_kind.LOOKUP:
      return 4 + sizelookup_args(v.lookup)
    case operation_kind.SETATTR:
      return 4 + sizesetattr_args(v.setattr)
    case operation_kind.CREATE:
      return 4 + sizecreate_args(v.create)
    case operation_kind.MKDIR:
      return 4 + sizemkdir_args(v.mkdir)
    case operation_kind.SYMLINK:
      return 4 + sizesymlink_args(v.symlink)
    case operation_kind.MKNOD:
      return 4 + sizemknod_args(v.mknod)
    case operation_kind.REMOVE:
    case operation_kind.RMDIR:
      return 4 + sizenamed(v.where)
    case operation_kind.RENAME:
      return 4 + sizerename_args(v.rename)
    case operation_kind.LINK:
      return 4 + sizelink_args(v.link)
    case operation_kind.READDIR:
      return 4 + 36
    case operation_kind.STATISTICS:
      return 4
    case operation_kind.FIND:
      return 4 + 8
    case operation_kind.SET_CLIENT:
      return 4 + sizeclient_record(v.client)
    case operation_kind.DROP_CLIENT:
      return 4 + 4 + padded(v.id.length)
    case operation_kind.CLIENTS:
      return 4 + sizeclients_args(v.clients)
    case operation_kind.DROP_PRIVILEGES:
      return 4 + 12
    case operation_kind.ATTRIBUTES:
      return 4 + sizeattributes_args(v.attributes)
    default:
      throw new XdrError(`operation has no arm ${(v as { kind: number }).kind}`)
  }
}

/**
 * CALL: a metadata operation of one of the secondary's clients. It is sent again, with the same replay tag, when the
 * session has ended before its ANSWER came. MAX_CALLS are under way at a time.
 */
export interface call {
  id: number64
  caller: credentials
  read_only: boolean
  replay: call_replay
  what: operation
}

export function readcall(r: XdrReader): call {
  return {
    id: r.number64(),
    caller: readcredentials(r),
    read_only: r.bool(),
    replay: readcall_replay(r),
    what: readoperation(r),
  }
}

export function readcallInto(r: XdrReader, out: call): void {
  out.id = r.number64()
  readcredentialsInto(r, out.caller)
  out.read_only = r.bool()
  out.replay = readcall_replay(r)
  out.what = readoperation(r)
}

export function writecall(w: XdrWriter, v: call): void {
  w.number64(v.id)
  writecredentials(w, v.caller)
  w.bool(v.read_only)
  writecall_replay(w, v.replay)
  writeoperation(w, v.what)
}

export function sizecall(v: call): number {
  let size = 12
  size += sizecredentials(v.caller)
  size += sizecall_replay(v.replay)
  size += sizeoperation(v.what)
  return size
}

/** Of a directory; in the answer to ATTRIBUTES without cookie and name. */
export interface entry {
  cookie: number64
  ino: number64
  what: name
  object: entry_object
}

export function readentry(r: XdrReader): entry {
  return {
    cookie: r.number64(),
    ino: r.number64(),
    what: r.opaque(255),
    object: readentry_object(r),
  }
}

export function readentryInto(r: XdrReader, out: entry): void {
  out.cookie = r.number64()
  out.ino = r.number64()
  out.what = r.opaque(255)
  out.object = readentry_object(r)
}

export function writeentry(w: XdrWriter, v: entry): void {
  w.number64(v.cookie)
  w.number64(v.ino)
  w.opaque(v.what, 255)
  writeentry_object(w, v.object)
}

export function sizeentry(v: entry): number {
  let size = 16
  size += 4 + padded(v.what.length)
  size += sizeentry_object(v.object)
  return size
}

export interface listing {
  entries: listing_entries
  eof: boolean
}

export function readlisting(r: XdrReader): listing {
  return {
    entries: readlisting_entries(r),
    eof: r.bool(),
  }
}

export function readlistingInto(r: XdrReader, out: listing): void {
  out.entries = readlisting_entries(r)
  out.eof = r.bool()
}

export function writelisting(w: XdrWriter, v: listing): void {
  writelisting_entries(w, v.entries)
  w.bool(v.eof)
}

export function sizelisting(v: listing): number {
  let size = 4
  size += sizelisting_entries(v.entries)
  return size
}

export interface client_list {
  clients: client_list_clients
}

export function readclient_list(r: XdrReader): client_list {
  return {
    clients: readclient_list_clients(r),
  }
}

export function readclient_listInto(r: XdrReader, out: client_list): void {
  out.clients = readclient_list_clients(r)
}

export function writeclient_list(w: XdrWriter, v: client_list): void {
  writeclient_list_clients(w, v.clients)
}

export function sizeclient_list(v: client_list): number {
  return sizeclient_list_clients(v.clients)
}

export interface statistics {
  total_bytes: number64
  free_bytes: number64
  total_files: number64
  free_files: number64
}

export function readstatistics(r: XdrReader): statistics {
  return {
    total_bytes: r.number64(),
    free_bytes: r.number64(),
    total_files: r.number64(),
    free_files: r.number64(),
  }
}

export function readstatisticsInto(r: XdrReader, out: statistics): void {
  out.total_bytes = r.number64()
  out.free_bytes = r.number64()
  out.total_files = r.number64()
  out.free_files = r.number64()
}

export function writestatistics(w: XdrWriter, v: statistics): void {
  const at = w.reserve(32)
  const { view } = w
  putNumber64(view, at, v.total_bytes)
  putNumber64(view, at + 8, v.free_bytes)
  putNumber64(view, at + 16, v.total_files)
  putNumber64(view, at + 24, v.free_files)
}

export function sizestatistics(_v: statistics): number {
  return 32
}

/**
 * The answer to a CALL, durable. `before` has the call's objects as they were when it was carried out, unless it only
 * looks; `after` has them as they are then, and last what was found or made. Objects that are not there are left out.
 */
export interface answer {
  id: number64
  status: failure
  replayed_object: answer_replayed_object
  before: answer_before
  after: answer_after
  target: Uint8Array
  list: answer_list
  space: answer_space
  remembered: answer_remembered
}

export function readanswer(r: XdrReader): answer {
  return {
    id: r.number64(),
    status: readfailure(r),
    replayed_object: readanswer_replayed_object(r),
    before: readanswer_before(r),
    after: readanswer_after(r),
    target: r.opaque(4096),
    list: readanswer_list(r),
    space: readanswer_space(r),
    remembered: readanswer_remembered(r),
  }
}

export function readanswerInto(r: XdrReader, out: answer): void {
  out.id = r.number64()
  out.status = readfailure(r)
  out.replayed_object = readanswer_replayed_object(r)
  out.before = readanswer_before(r)
  out.after = readanswer_after(r)
  out.target = r.opaque(4096)
  out.list = readanswer_list(r)
  out.space = readanswer_space(r)
  out.remembered = readanswer_remembered(r)
}

export function writeanswer(w: XdrWriter, v: answer): void {
  w.number64(v.id)
  w.i32(v.status)
  writeanswer_replayed_object(w, v.replayed_object)
  writeanswer_before(w, v.before)
  writeanswer_after(w, v.after)
  w.opaque(v.target, 4096)
  writeanswer_list(w, v.list)
  writeanswer_space(w, v.space)
  writeanswer_remembered(w, v.remembered)
}

export function sizeanswer(v: answer): number {
  let size = 12
  size += sizeanswer_replayed_object(v.replayed_object)
  size += sizeanswer_before(v.before)
  size += sizeanswer_after(v.after)
  size += 4 + padded(v.target.length)
  size += sizeanswer_list(v.list)
  size += sizeanswer_space(v.space)
  size += sizeanswer_remembered(v.remembered)
  return size
}

export const lock_protocol = {
  OF_NLM: 1,
  OF_NFS4: 2,
  OF_SMB: 3,
} as const
export type lock_protocol = (typeof lock_protocol)[keyof typeof lock_protocol]

export function readlock_protocol(r: XdrReader): lock_protocol {
  const value = r.i32()
  if (!(value >= 1 && value <= 3)) throw new XdrError(`lock_protocol is ${value}`)
  return value as lock_protocol
}

export function writelock_protocol(w: XdrWriter, v: lock_protocol): void {
  w.i32(v)
}

export function sizelock_protocol(_v: lock_protocol): number {
  return 4
}

export interface lock_owner {
  protocol: lock_protocol
  client: Uint8Array
  owner: Uint8Array
}

export function readlock_owner(r: XdrReader): lock_owner {
  return {
    protocol: readlock_protocol(r),
    client: r.opaque(1280),
    owner: r.opaque(1280),
  }
}

export function readlock_ownerInto(r: XdrReader, out: lock_owner): void {
  out.protocol = readlock_protocol(r)
  out.client = r.opaque(1280)
  out.owner = r.opaque(1280)
}

export function writelock_owner(w: XdrWriter, v: lock_owner): void {
  w.i32(v.protocol)
  w.opaque(v.client, 1280)
  w.opaque(v.owner, 1280)
}

export function sizelock_owner(v: lock_owner): number {
  let size = 4
  size += 4 + padded(v.client.length)
  size += 4 + padded(v.owner.length)
  return size
}

/** Half-open; `to_end`: up to 2^64, whatever `end` says. */
export interface lock_range {
  windows: boolean
  exclusive: boolean
  start: bigint
  end: bigint
  to_end: boolean
}

export function readlock_range(r: XdrReader): lock_range {
  return {
    windows: r.bool(),
    exclusive: r.bool(),
    start: r.u64(),
    end: r.u64(),
    to_end: r.bool(),
  }
}

export function readlock_rangeInto(r: XdrReader, out: lock_range): void {
  out.windows = r.bool()
  out.exclusive = r.bool()
  out.start = r.u64()
  out.end = r.u64()
  out.to_end = r.bool()
}

export function writelock_range(w: XdrWriter, v: lock_range): void {
  const at = w.reserve(28)
  const { view } = w
  view.setUint32(at, v.windows ? 1 : 0)
  view.setUint32(at + 4, v.exclusive ? 1 : 0)
  view.setBigUint64(at + 8, v.start)
  view.setBigUint64(at + 16, v.end)
  view.setUint32(at + 24, v.to_end ? 1 : 0)
}

export function sizelock_range(_v: lock_range): number {
  return 28
}

export interface lock_open {
  id: number
  access: number
  deny: number
}

export function readlock_open(r: XdrReader): lock_open {
  return {
    id: r.u32(),
    access: r.u32(),
    deny: r.u32(),
  }
}

export function readlock_openInto(r: XdrReader, out: lock_open): void {
  out.id = r.u32()
  out.access = r.u32()
  out.deny = r.u32()
}

export function writelock_open(w: XdrWriter, v: lock_open): void {
  const at = w.reserve(12)
  const { view } = w
  view.setUint32(at, v.id)
  view.setUint32(at + 4, v.access)
  view.setUint32(at + 8, v.deny)
}

export function sizelock_open(_v: lock_open): number {
  return 12
}

export const client_lock_kind = {
  RANGE_LOCK: 1,
  OPEN_LOCK: 2,
} as const
export type client_lock_kind = (typeof client_lock_kind)[keyof typeof client_lock_kind]

export function readclient_lock_kind(r: XdrReader): client_lock_kind {
  const value = r.i32()
  if (!(value >= 1 && value <= 2)) throw new XdrError(`client_lock_kind is ${value}`)
  return value as client_lock_kind
}

export function writeclient_lock_kind(w: XdrWriter, v: client_lock_kind): void {
  w.i32(v)
}

export function sizeclient_lock_kind(_v: client_lock_kind): number {
  return 4
}

export type client_lock_what =
  | { kind: typeof client_lock_kind.RANGE_LOCK; range: lock_range }
  | { kind: typeof client_lock_kind.OPEN_LOCK; open: lock_open }

export function readclient_lock_what(r: XdrReader): client_lock_what {
  const kind = readclient_lock_kind(r)
  switch (kind) {
    case client_lock_kind.RANGE_LOCK:
      return { kind, range: readlock_range(r) }
    case client_lock_kind.OPEN_LOCK:
      return { kind, open: readlock_open(r) }
    default:
      throw new XdrError(`client_lock_what has no arm ${kind}`)
  }
}

export function writeclient_lock_what(w: XdrWriter, v: client_lock_what): void {
  w.i32(v.kind)
  switch (v.kind) {
    case client_lock_kind.RANGE_LOCK:
      writelock_range(w, v.range)
      break
    case client_lock_kind.OPEN_LOCK:
      writelock_open(w, v.open)
      break
    default:
      throw new XdrError(`client_lock_what has no arm ${(v as { kind: number }).kind}`)
  }
}

export function sizeclient_lock_what(v: client_lock_what): number {
  switch (v.kind) {
    case client_lock_kind.RANGE_LOCK:
      return 4 + 28
    case client_lock_kind.OPEN_LOCK:
      return 4 + 12
    default:
      throw new XdrError(`client_lock_what has no arm ${(v as { kind: number }).kind}`)
  }
}

export interface client_lock {
  owner: lock_owner
  what: client_lock_what
}

export function readclient_lock(r: XdrReader): client_lock {
  return {
    owner: readlock_owner(r),
    what: readclient_lock_what(r),
  }
}

export function readclient_lockInto(r: XdrReader, out: client_lock): void {
  readlock_ownerInto(r, out.owner)
  out.what = readclient_lock_what(r)
}

export function writeclient_lock(w: XdrWriter, v: client_lock): void {
  writelock_owner(w, v.owner)
  writeclient_lock_what(w, v.what)
}

export function sizeclient_lock(v: client_lock): number {
  let size = 0
  size += sizelock_owner(v.owner)
  size += sizeclient_lock_what(v.what)
  return size
}

export interface waiting_lock {
  waiter: number64
  what: client_lock
}

export function readwaiting_lock(r: XdrReader): waiting_lock {
  return {
    waiter: r.number64(),
    what: readclient_lock(r),
  }
}

export function readwaiting_lockInto(r: XdrReader, out: waiting_lock): void {
  out.waiter = r.number64()
  readclient_lockInto(r, out.what)
}

export function writewaiting_lock(w: XdrWriter, v: waiting_lock): void {
  w.number64(v.waiter)
  writeclient_lock(w, v.what)
}

export function sizewaiting_lock(v: waiting_lock): number {
  let size = 8
  size += sizeclient_lock(v.what)
  return size
}

export const delegation_level = {
  DECIDES_NOTHING: 0,
  DECIDES_SHARED: 1,
  DECIDES_ALL: 2,
} as const
export type delegation_level = (typeof delegation_level)[keyof typeof delegation_level]

export function readdelegation_level(r: XdrReader): delegation_level {
  const value = r.i32()
  if (!(value >= 0 && value <= 2)) throw new XdrError(`delegation_level is ${value}`)
  return value as delegation_level
}

export function writedelegation_level(w: XdrWriter, v: delegation_level): void {
  w.i32(v)
}

export function sizedelegation_level(_v: delegation_level): number {
  return 4
}

export interface delegation {
  serial: number64
  level: delegation_level
}

export function readdelegation(r: XdrReader): delegation {
  return {
    serial: r.number64(),
    level: readdelegation_level(r),
  }
}

export function readdelegationInto(r: XdrReader, out: delegation): void {
  out.serial = r.number64()
  out.level = readdelegation_level(r)
}

export function writedelegation(w: XdrWriter, v: delegation): void {
  const at = w.reserve(12)
  const { view } = w
  putNumber64(view, at, v.serial)
  view.setInt32(at + 8, v.level)
}

export function sizedelegation(_v: delegation): number {
  return 12
}

export const lock_op_kind = {
  ASK_TRY: 1,
  ASK_WAIT: 2,
  ASK_RECLAIM: 3,
  ASK_TEST: 4,
  ASK_WEAKEN: 5,
  ASK_UNLOCK: 6,
  ASK_CANCEL: 7,
  ASK_FREE: 8,
} as const
export type lock_op_kind = (typeof lock_op_kind)[keyof typeof lock_op_kind]

export function readlock_op_kind(r: XdrReader): lock_op_kind {
  const value = r.i32()
  if (!(value >= 1 && value <= 8)) throw new XdrError(`lock_op_kind is ${value}`)
  return value as lock_op_kind
}

export function writelock_op_kind(w: XdrWriter, v: lock_op_kind): void {
  w.i32(v)
}

export function sizelock_op_kind(_v: lock_op_kind): number {
  return 4
}

export interface lock_cancel {
  owner: lock_owner
  waiter: number64
}

export function readlock_cancel(r: XdrReader): lock_cancel {
  return {
    owner: readlock_owner(r),
    waiter: r.number64(),
  }
}

export function readlock_cancelInto(r: XdrReader, out: lock_cancel): void {
  readlock_ownerInto(r, out.owner)
  out.waiter = r.number64()
}

export function writelock_cancel(w: XdrWriter, v: lock_cancel): void {
  writelock_owner(w, v.owner)
  w.number64(v.waiter)
}

export function sizelock_cancel(v: lock_cancel): number {
  let size = 8
  size += sizelock_owner(v.owner)
  return size
}

export type lock_op =
  | { kind: typeof lock_op_kind.ASK_TRY | typeof lock_op_kind.ASK_WAIT | typeof lock_op_kind.ASK_RECLAIM | typeof lock_op_kind.ASK_TEST | typeof lock_op_kind.ASK_WEAKEN | typeof lock_op_kind.ASK_UNLOCK; what: client_lock }
  | { kind: typeof lock_op_kind.ASK_CANCEL; cancel: lock_cancel }
  | { kind: typeof lock_op_kind.ASK_FREE; owner: lock_owner }

export function readlock_op(r: XdrReader): lock_op {
  const kind = readlock_op_kind(r)
  switch (kind) {
    case lock_op_kind.ASK_TRY:
    case lock_op_kind.ASK_WAIT:
    case lock_op_kind.ASK_RECLAIM:
    case lock_op_kind.ASK_TEST:
    case lock_op_kind.ASK_WEAKEN:
    case lock_op_kind.ASK_UNLOCK:
      return { kind, what: readclient_lock(r) }
    case lock_op_kind.ASK_CANCEL:
      return { kind, cancel: readlock_cancel(r) }
    case lock_op_kind.ASK_FREE:
      return { kind, owner: readlock_owner(r) }
    default:
      throw new XdrError(`lock_op has no arm ${kind}`)
  }
}

export function writelock_op(w: XdrWriter, v: lock_op): void {
  w.i32(v.kind)
  switch (v.kind) {
    case lock_op_kind.ASK_TRY:
    case lock_op_kind.ASK_WAIT:
    case lock_op_kind.ASK_RECLAIM:
    case lock_op_kind.ASK_TEST:
    case lock_op_kind.ASK_WEAKEN:
    case lock_op_kind.ASK_UNLOCK:
      writeclient_lock(w, v.what)
      break
    case lock_op_kind.ASK_CANCEL:
      writelock_cancel(w, v.cancel)
      break
    case lock_op_kind.ASK_FREE:
      writelock_owner(w, v.owner)
      break
    default:
      throw new XdrError(`lock_op has no arm ${(v as { kind: number }).kind}`)
  }
}

export function sizelock_op(v: lock_op): number {
  switch (v.kind) {
    case lock_op_kind.ASK_TRY:
    case lock_op_kind.ASK_WAIT:
    case lock_op_kind.ASK_RECLAIM:
    case lock_op_kind.ASK_TEST:
    case lock_op_kind.ASK_WEAKEN:
    case lock_op_kind.ASK_UNLOCK:
      return 4 + sizeclient_lock(v.what)
    case lock_op_kind.ASK_CANCEL:
      return 4 + sizelock_cancel(v.cancel)
    case lock_op_kind.ASK_FREE:
      return 4 + sizelock_owner(v.owner)
    default:
      throw new XdrError(`lock_op has no arm ${(v as { kind: number }).kind}`)
  }
}

/** LOCK_ASK: something about a file's client locks is asked of the primary. */
export interface lock_ask {
  ino: number64
  id: number64
  what: lock_op
}

export function readlock_ask(r: XdrReader): lock_ask {
  return {
    ino: r.number64(),
    id: r.number64(),
    what: readlock_op(r),
  }
}

export function readlock_askInto(r: XdrReader, out: lock_ask): void {
  out.ino = r.number64()
  out.id = r.number64()
  out.what = readlock_op(r)
}

export function writelock_ask(w: XdrWriter, v: lock_ask): void {
  w.number64(v.ino)
  w.number64(v.id)
  writelock_op(w, v.what)
}

export function sizelock_ask(v: lock_ask): number {
  let size = 16
  size += sizelock_op(v.what)
  return size
}

/**
 * LOCK_DEMOTE: a delegation is given back down to `level`, and with it these locks become the primary's to manage. Of a
 * file with many of them several messages come, one behind the other; it is carried out with the last one.
 */
export interface lock_demotion {
  ino: number64
  given: delegation
  locks: lock_demotion_locks
  more: boolean
}

export function readlock_demotion(r: XdrReader): lock_demotion {
  return {
    ino: r.number64(),
    given: readdelegation(r),
    locks: readlock_demotion_locks(r),
    more: r.bool(),
  }
}

export function readlock_demotionInto(r: XdrReader, out: lock_demotion): void {
  out.ino = r.number64()
  readdelegationInto(r, out.given)
  out.locks = readlock_demotion_locks(r)
  out.more = r.bool()
}

export function writelock_demotion(w: XdrWriter, v: lock_demotion): void {
  w.number64(v.ino)
  writedelegation(w, v.given)
  writelock_demotion_locks(w, v.locks)
  w.bool(v.more)
}

export function sizelock_demotion(v: lock_demotion): number {
  let size = 24
  size += sizelock_demotion_locks(v.locks)
  return size
}

/** LOCK_ASSERT: what a mover has of a file at the beginning of a reign; in several messages, as LOCK_DEMOTE. */
export interface lock_assertion {
  ino: number64
  held: delegation
  locks: lock_assertion_locks
  waiting: lock_assertion_waiting
  more: boolean
}

export function readlock_assertion(r: XdrReader): lock_assertion {
  return {
    ino: r.number64(),
    held: readdelegation(r),
    locks: readlock_assertion_locks(r),
    waiting: readlock_assertion_waiting(r),
    more: r.bool(),
  }
}

export function readlock_assertionInto(r: XdrReader, out: lock_assertion): void {
  out.ino = r.number64()
  readdelegationInto(r, out.held)
  out.locks = readlock_assertion_locks(r)
  out.waiting = readlock_assertion_waiting(r)
  out.more = r.bool()
}

export function writelock_assertion(w: XdrWriter, v: lock_assertion): void {
  w.number64(v.ino)
  writedelegation(w, v.held)
  writelock_assertion_locks(w, v.locks)
  writelock_assertion_waiting(w, v.waiting)
  w.bool(v.more)
}

export function sizelock_assertion(v: lock_assertion): number {
  let size = 24
  size += sizelock_assertion_locks(v.locks)
  size += sizelock_assertion_waiting(v.waiting)
  return size
}

export const lock_outcome_kind = {
  IS_GRANTED: 1,
  IS_DENIED: 2,
  IS_WAITING: 3,
  IS_DEADLOCK: 4,
  IS_GRACE: 5,
  IS_NO_GRACE: 6,
  IS_LIMIT: 7,
  IS_NOT_HELD: 8,
  IS_GONE: 9,
} as const
export type lock_outcome_kind = (typeof lock_outcome_kind)[keyof typeof lock_outcome_kind]

export function readlock_outcome_kind(r: XdrReader): lock_outcome_kind {
  const value = r.i32()
  if (!(value >= 1 && value <= 9)) throw new XdrError(`lock_outcome_kind is ${value}`)
  return value as lock_outcome_kind
}

export function writelock_outcome_kind(w: XdrWriter, v: lock_outcome_kind): void {
  w.i32(v)
}

export function sizelock_outcome_kind(_v: lock_outcome_kind): number {
  return 4
}

export interface lock_in_the_way {
  mover: number
  what: client_lock
}

export function readlock_in_the_way(r: XdrReader): lock_in_the_way {
  return {
    mover: r.u32(),
    what: readclient_lock(r),
  }
}

export function readlock_in_the_wayInto(r: XdrReader, out: lock_in_the_way): void {
  out.mover = r.u32()
  readclient_lockInto(r, out.what)
}

export function writelock_in_the_way(w: XdrWriter, v: lock_in_the_way): void {
  w.u32(v.mover)
  writeclient_lock(w, v.what)
}

export function sizelock_in_the_way(v: lock_in_the_way): number {
  let size = 4
  size += sizeclient_lock(v.what)
  return size
}

export type lock_outcome =
  | { kind: typeof lock_outcome_kind.IS_DENIED; met: lock_in_the_way }
  | { kind: typeof lock_outcome_kind.IS_WAITING; waiter: number64 }
  | { kind: Exclude<lock_outcome_kind, typeof lock_outcome_kind.IS_DENIED | typeof lock_outcome_kind.IS_WAITING> }

export function readlock_outcome(r: XdrReader): lock_outcome {
  const kind = readlock_outcome_kind(r)
  switch (kind) {
    case lock_outcome_kind.IS_DENIED:
      return { kind, met: readlock_in_the_way(r) }
    case lock_outcome_kind.IS_WAITING:
      return { kind, waiter: r.number64() }
    default:
      return { kind }
  }
}

export function writelock_outcome(w: XdrWriter, v: lock_outcome): void {
  w.i32(v.kind)
  switch (v.kind) {
    case lock_outcome_kind.IS_DENIED:
      writelock_in_the_way(w, v.met)
      break
    case lock_outcome_kind.IS_WAITING:
      w.number64(v.waiter)
      break
    default:
      break
  }
}

export function sizelock_outcome(v: lock_outcome): number {
  switch (v.kind) {
    case lock_outcome_kind.IS_DENIED:
      return 4 + sizelock_in_the_way(v.met)
    case lock_outcome_kind.IS_WAITING:
      return 4 + 8
    default:
      return 4
  }
}

/** What a mover decides from now on; if it is brief, until it has no locks of the file. */
export interface given_delegation {
  what: delegation
  brief: boolean
}

export function readgiven_delegation(r: XdrReader): given_delegation {
  return {
    what: readdelegation(r),
    brief: r.bool(),
  }
}

export function readgiven_delegationInto(r: XdrReader, out: given_delegation): void {
  readdelegationInto(r, out.what)
  out.brief = r.bool()
}

export function writegiven_delegation(w: XdrWriter, v: given_delegation): void {
  const at = w.reserve(16)
  const { view } = w
  putNumber64(view, at, v.what.serial)
  view.setInt32(at + 8, v.what.level)
  view.setUint32(at + 12, v.brief ? 1 : 0)
}

export function sizegiven_delegation(_v: given_delegation): number {
  return 16
}

/** LOCK_ANSWER: to a LOCK_ASK, perhaps with a delegation. */
export interface lock_answer {
  ino: number64
  id: number64
  outcome: lock_outcome
  given: lock_answer_given
}

export function readlock_answer(r: XdrReader): lock_answer {
  return {
    ino: r.number64(),
    id: r.number64(),
    outcome: readlock_outcome(r),
    given: readlock_answer_given(r),
  }
}

export function readlock_answerInto(r: XdrReader, out: lock_answer): void {
  out.ino = r.number64()
  out.id = r.number64()
  out.outcome = readlock_outcome(r)
  out.given = readlock_answer_given(r)
}

export function writelock_answer(w: XdrWriter, v: lock_answer): void {
  w.number64(v.ino)
  w.number64(v.id)
  writelock_outcome(w, v.outcome)
  writelock_answer_given(w, v.given)
}

export function sizelock_answer(v: lock_answer): number {
  let size = 16
  size += sizelock_outcome(v.outcome)
  size += sizelock_answer_given(v.given)
  return size
}

/** LOCK_BACK: what was asked is the mover's own to decide: it has crossed a delegation. */
export interface lock_back {
  ino: number64
  id: number64
}

export function readlock_back(r: XdrReader): lock_back {
  return {
    ino: r.number64(),
    id: r.number64(),
  }
}

export function readlock_backInto(r: XdrReader, out: lock_back): void {
  out.ino = r.number64()
  out.id = r.number64()
}

export function writelock_back(w: XdrWriter, v: lock_back): void {
  const at = w.reserve(16)
  const { view } = w
  putNumber64(view, at, v.ino)
  putNumber64(view, at + 8, v.id)
}

export function sizelock_back(_v: lock_back): number {
  return 16
}

/** LOCK_GRANT: who has waited has the lock. */
export interface lock_grant {
  ino: number64
  waiter: number64
  given: lock_grant_given
}

export function readlock_grant(r: XdrReader): lock_grant {
  return {
    ino: r.number64(),
    waiter: r.number64(),
    given: readlock_grant_given(r),
  }
}

export function readlock_grantInto(r: XdrReader, out: lock_grant): void {
  out.ino = r.number64()
  out.waiter = r.number64()
  out.given = readlock_grant_given(r)
}

export function writelock_grant(w: XdrWriter, v: lock_grant): void {
  w.number64(v.ino)
  w.number64(v.waiter)
  writelock_grant_given(w, v.given)
}

export function sizelock_grant(v: lock_grant): number {
  let size = 16
  size += sizelock_grant_given(v.given)
  return size
}

/** LOCK_RECALL: the delegation is to be given back, down to this level. */
export interface lock_recall {
  ino: number64
  to: delegation
}

export function readlock_recall(r: XdrReader): lock_recall {
  return {
    ino: r.number64(),
    to: readdelegation(r),
  }
}

export function readlock_recallInto(r: XdrReader, out: lock_recall): void {
  out.ino = r.number64()
  readdelegationInto(r, out.to)
}

export function writelock_recall(w: XdrWriter, v: lock_recall): void {
  const at = w.reserve(20)
  const { view } = w
  putNumber64(view, at, v.ino)
  putNumber64(view, at + 8, v.to.serial)
  view.setInt32(at + 16, v.to.level)
}

export function sizelock_recall(_v: lock_recall): number {
  return 20
}

/** LOCK_DROP: the file is gone, and all client locks on it. */
export interface lock_drop {
  ino: number64
}

export function readlock_drop(r: XdrReader): lock_drop {
  return {
    ino: r.number64(),
  }
}

export function readlock_dropInto(r: XdrReader, out: lock_drop): void {
  out.ino = r.number64()
}

export function writelock_drop(w: XdrWriter, v: lock_drop): void {
  w.number64(v.ino)
}

export function sizelock_drop(_v: lock_drop): number {
  return 8
}

export const message_kind = {
  HELLO: 1,
  WELCOME: 2,
  REFUSED: 3,
  LOCK: 4,
  RELEASE: 5,
  GRANT: 6,
  DENIED: 7,
  REVOKE: 8,
  MAP: 9,
  MAPPED: 10,
  RESERVE: 11,
  RESERVED: 12,
  GIVE_BACK: 13,
  COMMIT: 14,
  COMMITTED: 15,
  GLIMPSE: 16,
  GLIMPSED: 17,
  CALL: 18,
  ANSWER: 19,
  ASSERT: 20,
  ASSERT_SPACE: 21,
  ASSERTED: 22,
  KNOWN: 23,
  READY: 24,
  LOCK_ASK: 25,
  LOCK_DEMOTE: 26,
  LOCK_ASSERT: 27,
  LOCK_ANSWER: 28,
  LOCK_BACK: 29,
  LOCK_GRANT: 30,
  LOCK_RECALL: 31,
  LOCK_DROP: 32,
} as const
export type message_kind = (typeof message_kind)[keyof typeof message_kind]

export function readmessage_kind(r: XdrReader): message_kind {
  const value = r.i32()
  if (!(value >= 1 && value <= 32)) throw new XdrError(`message_kind is ${value}`)
  return value as message_kind
}

export function writemessage_kind(w: XdrWriter, v: message_kind): void {
  w.i32(v)
}

export function sizemessage_kind(_v: message_kind): number {
  return 4
}

export type message =
  | { kind: typeof message_kind.HELLO; hello: hello }
  | { kind: typeof message_kind.WELCOME; welcome: welcome }
  | { kind: typeof message_kind.REFUSED; refused: refused }
  | { kind: typeof message_kind.LOCK; lock: lock }
  | { kind: typeof message_kind.RELEASE; release: release }
  | { kind: typeof message_kind.GRANT; grant: grant }
  | { kind: typeof message_kind.DENIED; denied: denied }
  | { kind: typeof message_kind.REVOKE; revoke: revoke }
  | { kind: typeof message_kind.MAP; map: map_request }
  | { kind: typeof message_kind.MAPPED; mapped: mapped }
  | { kind: typeof message_kind.RESERVE; reserve: reserve }
  | { kind: typeof message_kind.RESERVED; reserved: reserved }
  | { kind: typeof message_kind.GIVE_BACK; give_back: give_back }
  | { kind: typeof message_kind.COMMIT; commit: commit }
  | { kind: typeof message_kind.COMMITTED; committed: committed }
  | { kind: typeof message_kind.GLIMPSE; glimpse: glimpse }
  | { kind: typeof message_kind.GLIMPSED; glimpsed: glimpsed }
  | { kind: typeof message_kind.CALL; call: call }
  | { kind: typeof message_kind.ANSWER; answer: answer }
  | { kind: typeof message_kind.ASSERT; assertion: assertion }
  | { kind: typeof message_kind.ASSERT_SPACE; assert_space: assert_space }
  | { kind: typeof message_kind.KNOWN; known: known }
  | { kind: typeof message_kind.LOCK_ASK; lock_ask: lock_ask }
  | { kind: typeof message_kind.LOCK_DEMOTE; lock_demotion: lock_demotion }
  | { kind: typeof message_kind.LOCK_ASSERT; lock_assertion: lock_assertion }
  | { kind: typeof message_kind.LOCK_ANSWER; lock_answer: lock_answer }
  | { kind: typeof message_kind.LOCK_BACK; lock_back: lock_back }
  | { kind: typeof message_kind.LOCK_GRANT; lock_grant: lock_grant }
  | { kind: typeof message_kind.LOCK_RECALL; lock_recall: lock_recall }
  | { kind: typeof message_kind.LOCK_DROP; lock_drop: lock_drop }
  | { kind: typeof message_kind.ASSERTED | typeof message_kind.READY }

export function readmessage(r: XdrReader): message {
  const kind = readmessage_kind(r)
  switch (kind) {
    case message_kind.HELLO:
      return { kind, hello: readhello(r) }
    case message_kind.WELCOME:
      return { kind, welcome: readwelcome(r) }
    case message_kind.REFUSED:
      return { kind, refused: readrefused(r) }
    case message_kind.LOCK:
      return { kind, lock: readlock(r) }
    case message_kind.RELEASE:
      return { kind, release: readrelease(r) }
    case message_kind.GRANT:
      return { kind, grant: readgrant(r) }
    case message_kind.DENIED:
      return { kind, denied: readdenied(r) }
    case message_kind.REVOKE:
      return { kind, revoke: readrevoke(r) }
    case message_kind.MAP:
      return { kind, map: readmap_request(r) }
    case message_kind.MAPPED:
      return { kind, mapped: readmapped(r) }
    case message_kind.RESERVE:
      return { kind, reserve: readreserve(r) }
    case message_kind.RESERVED:
      return { kind, reserved: readreserved(r) }
    case message_kind.GIVE_BACK:
      return { kind, give_back: readgive_back(r) }
    case message_kind.COMMIT:
      return { kind, commit: readcommit(r) }
    case message_kind.COMMITTED:
      return { kind, committed: readcommitted(r) }
    case message_kind.GLIMPSE:
      return { kind, glimpse: readglimpse(r) }
    case message_kind.GLIMPSED:
      return { kind, glimpsed: readglimpsed(r) }
    case message_kind.CALL:
      return { kind, call: readcall(r) }
    case message_kind.ANSWER:
      return { kind, answer: readanswer(r) }
    case message_kind.ASSERT:
      return { kind, assertion: readassertion(r) }
    case message_kind.ASSERT_SPACE:
      return { kind, assert_space: readassert_space(r) }
    case message_kind.KNOWN:
      return { kind, known: readknown(r) }
    case message_kind.LOCK_ASK:
      return { kind, lock_ask: readlock_ask(r) }
    case message_kind.LOCK_DEMOTE:
      return { kind, lock_demotion: readlock_demotion(r) }
    case message_kind.LOCK_ASSERT:
      return { kind, lock_assertion: readlock_assertion(r) }
    case message_kind.LOCK_ANSWER:
      return { kind, lock_answer: readlock_answer(r) }
    case message_kind.LOCK_BACK:
      return { kind, lock_back: readlock_back(r) }
    case message_kind.LOCK_GRANT:
      return { kind, lock_grant: readlock_grant(r) }
    case message_kind.LOCK_RECALL:
      return { kind, lock_recall: readlock_recall(r) }
    case message_kind.LOCK_DROP:
      return { kind, lock_drop: readlock_drop(r) }
    case message_kind.ASSERTED:
    case message_kind.READY:
      return { kind }
    default:
      throw new XdrError(`message has no arm ${kind}`)
  }
}

export function writemessage(w: XdrWriter, v: message): void {
  w.i32(v.kind)
  switch (v.kind) {
    case message_kind.HELLO:
      writehello(w, v.hello)
      break
    case message_kind.WELCOME:
      writewelcome(w, v.welcome)
      break
    case message_kind.REFUSED:
      writerefused(w, v.refused)
      break
    case message_kind.LOCK:
      writelock(w, v.lock)
      break
    case message_kind.RELEASE:
      writerelease(w, v.release)
      break
    case message_kind.GRANT:
      writegrant(w, v.grant)
      break
    case message_kind.DENIED:
      writedenied(w, v.denied)
      break
    case message_kind.REVOKE:
      writerevoke(w, v.revoke)
      break
    case message_kind.MAP:
      writemap_request(w, v.map)
      break
    case message_kind.MAPPED:
      writemapped(w, v.mapped)
      break
    case message_kind.RESERVE:
      writereserve(w, v.reserve)
      break
    case message_kind.RESERVED:
      writereserved(w, v.reserved)
      break
    case message_kind.GIVE_BACK:
      writegive_back(w, v.give_back)
      break
    case message_kind.COMMIT:
      writecommit(w, v.commit)
      break
    case message_kind.COMMITTED:
      writecommitted(w, v.committed)
      break
    case message_kind.GLIMPSE:
      writeglimpse(w, v.glimpse)
      break
    case message_kind.GLIMPSED:
      writeglimpsed(w, v.glimpsed)
      break
    case message_kind.CALL:
      writecall(w, v.call)
      break
    case message_kind.ANSWER:
      writeanswer(w, v.answer)
      break
    case message_kind.ASSERT:
      writeassertion(w, v.assertion)
      break
    case message_kind.ASSERT_SPACE:
      writeassert_space(w, v.assert_space)
      break
    case message_kind.KNOWN:
      writeknown(w, v.known)
      break
    case message_kind.LOCK_ASK:
      writelock_ask(w, v.lock_ask)
      break
    case message_kind.LOCK_DEMOTE:
      writelock_demotion(w, v.lock_demotion)
      break
    case message_kind.LOCK_ASSERT:
      writelock_assertion(w, v.lock_assertion)
      break
    case message_kind.LOCK_ANSWER:
      writelock_answer(w, v.lock_answer)
      break
    case message_kind.LOCK_BACK:
      writelock_back(w, v.lock_back)
      break
    case message_kind.LOCK_GRANT:
      writelock_grant(w, v.lock_grant)
      break
    case message_kind.LOCK_RECALL:
      writelock_recall(w, v.lock_recall)
      break
    case message_kind.LOCK_DROP:
      writelock_drop(w, v.lock_drop)
      break
    case message_kind.ASSERTED:
    case message_kind.READY:
      break
    default:
      throw new XdrError(`message has no arm ${(v as { kind: number }).kind}`)
  }
}

export function sizemessage(v: message): number {
  switch (v.kind) {
    case message_kind.HELLO:
      return 4 + sizehello(v.hello)
    case message_kind.WELCOME:
      return 4 + 12
    case message_kind.REFUSED:
      return 4 + sizerefused(v.refused)
    case message_kind.LOCK:
      return 4 + 40
    case message_kind.RELEASE:
      return 4 + sizerelease(v.release)
    case message_kind.GRANT:
      return 4 + sizegrant(v.grant)
    case message_kind.DENIED:
      return 4 + 20
    case message_kind.REVOKE:
      return 4 + 32
    case message_kind.MAP:
      return 4 + 24
    case message_kind.MAPPED:
      return 4 + sizemapped(v.mapped)
    case message_kind.RESERVE:
      return 4 + 16
    case message_kind.RESERVED:
      return 4 + sizereserved(v.reserved)
    case message_kind.GIVE_BACK:
      return 4 + sizegive_back(v.give_back)
    case message_kind.COMMIT:
      return 4 + sizecommit(v.commit)
    case message_kind.COMMITTED:
      return 4 + 12
    case message_kind.GLIMPSE:
      return 4 + 24
    case message_kind.GLIMPSED:
      return 4 + sizeglimpsed(v.glimpsed)
    case message_kind.CALL:
      return 4 + sizecall(v.call)
    case message_kind.ANSWER:
      return 4 + sizeanswer(v.answer)
    case message_kind.ASSERT:
      return 4 + sizeassertion(v.assertion)
    case message_kind.ASSERT_SPACE:
      return 4 + sizeassert_space(v.assert_space)
    case message_kind.KNOWN:
      return 4 + 184
    case message_kind.LOCK_ASK:
      return 4 + sizelock_ask(v.lock_ask)
    case message_kind.LOCK_DEMOTE:
      return 4 + sizelock_demotion(v.lock_demotion)
    case message_kind.LOCK_ASSERT:
      return 4 + sizelock_assertion(v.lock_assertion)
    case message_kind.LOCK_ANSWER:
      return 4 + sizelock_answer(v.lock_answer)
    case message_kind.LOCK_BACK:
      return 4 + 16
    case message_kind.LOCK_GRANT:
      return 4 + sizelock_grant(v.lock_grant)
    case message_kind.LOCK_RECALL:
      return 4 + 20
    case message_kind.LOCK_DROP:
      return 4 + 8
    case message_kind.ASSERTED:
    case message_kind.READY:
      return 4
    default:
      throw new XdrError(`message has no arm ${(v as { kind: number }).kind}`)
  }
}

export type assertion_tokens = token[]

export function readassertion_tokens(r: XdrReader): assertion_tokens {
  const count = r.count(65536, 28)
  const out: assertion_tokens = []
  for (let i = 0; i < count; i++) out.push(readtoken(r))
  return out
}

export function writeassertion_tokens(w: XdrWriter, v: assertion_tokens): void {
  w.count(v.length, 65536)
  for (const element of v) writetoken(w, element)
}

export function sizeassertion_tokens(v: assertion_tokens): number {
  return 4 + v.length * 28
}

export type assertion_changes = written | null

export function readassertion_changes(r: XdrReader): assertion_changes {
  return r.bool() ? readwritten(r) : null
}

export function writeassertion_changes(w: XdrWriter, v: assertion_changes): void {
  w.bool(v !== null)
  if (v !== null) writewritten(w, v)
}

export function sizeassertion_changes(v: assertion_changes): number {
  return v === null ? 4 : 4 + 60
}

export type assert_space_runs = run[]

export function readassert_space_runs(r: XdrReader): assert_space_runs {
  const count = r.count(1024, 16)
  const out: assert_space_runs = []
  for (let i = 0; i < count; i++) out.push(readrun(r))
  return out
}

export function writeassert_space_runs(w: XdrWriter, v: assert_space_runs): void {
  w.count(v.length, 1024)
  for (const element of v) writerun(w, element)
}

export function sizeassert_space_runs(v: assert_space_runs): number {
  return 4 + v.length * 16
}

export type release_changes = written | null

export function readrelease_changes(r: XdrReader): release_changes {
  return r.bool() ? readwritten(r) : null
}

export function writerelease_changes(w: XdrWriter, v: release_changes): void {
  w.bool(v !== null)
  if (v !== null) writewritten(w, v)
}

export function sizerelease_changes(v: release_changes): number {
  return v === null ? 4 : 4 + 60
}

export type block_map_extents = extent[]

export function readblock_map_extents(r: XdrReader): block_map_extents {
  const count = r.count(1024, 24)
  const out: block_map_extents = []
  for (let i = 0; i < count; i++) out.push(readextent(r))
  return out
}

export function writeblock_map_extents(w: XdrWriter, v: block_map_extents): void {
  w.count(v.length, 1024)
  for (const element of v) writeextent(w, element)
}

export function sizeblock_map_extents(v: block_map_extents): number {
  return 4 + v.length * 24
}

export type grant_replaces = number64[]

export function readgrant_replaces(r: XdrReader): grant_replaces {
  const count = r.count(65536, 8)
  const out: grant_replaces = []
  for (let i = 0; i < count; i++) out.push(r.number64())
  return out
}

export function writegrant_replaces(w: XdrWriter, v: grant_replaces): void {
  w.count(v.length, 65536)
  for (const element of v) w.number64(element)
}

export function sizegrant_replaces(v: grant_replaces): number {
  return 4 + v.length * 8
}

export type reserved_runs = run[]

export function readreserved_runs(r: XdrReader): reserved_runs {
  const count = r.count(1024, 16)
  const out: reserved_runs = []
  for (let i = 0; i < count; i++) out.push(readrun(r))
  return out
}

export function writereserved_runs(w: XdrWriter, v: reserved_runs): void {
  w.count(v.length, 1024)
  for (const element of v) writerun(w, element)
}

export function sizereserved_runs(v: reserved_runs): number {
  return 4 + v.length * 16
}

export type give_back_runs = run[]

export function readgive_back_runs(r: XdrReader): give_back_runs {
  const count = r.count(1024, 16)
  const out: give_back_runs = []
  for (let i = 0; i < count; i++) out.push(readrun(r))
  return out
}

export function writegive_back_runs(w: XdrWriter, v: give_back_runs): void {
  w.count(v.length, 1024)
  for (const element of v) writerun(w, element)
}

export function sizegive_back_runs(v: give_back_runs): number {
  return 4 + v.length * 16
}

export type commit_runs = extent[]

export function readcommit_runs(r: XdrReader): commit_runs {
  const count = r.count(64, 24)
  const out: commit_runs = []
  for (let i = 0; i < count; i++) out.push(readextent(r))
  return out
}

export function writecommit_runs(w: XdrWriter, v: commit_runs): void {
  w.count(v.length, 64)
  for (const element of v) writeextent(w, element)
}

export function sizecommit_runs(v: commit_runs): number {
  return 4 + v.length * 24
}

export type glimpsed_changes = written | null

export function readglimpsed_changes(r: XdrReader): glimpsed_changes {
  return r.bool() ? readwritten(r) : null
}

export function writeglimpsed_changes(w: XdrWriter, v: glimpsed_changes): void {
  w.bool(v !== null)
  if (v !== null) writewritten(w, v)
}

export function sizeglimpsed_changes(v: glimpsed_changes): number {
  return v === null ? 4 : 4 + 60
}

export type credentials_gids = number[]

export function readcredentials_gids(r: XdrReader): credentials_gids {
  const count = r.count(64, 4)
  const out: credentials_gids = []
  for (let i = 0; i < count; i++) out.push(r.u32())
  return out
}

export function writecredentials_gids(w: XdrWriter, v: credentials_gids): void {
  w.count(v.length, 64)
  for (const element of v) w.u32(element)
}

export function sizecredentials_gids(v: credentials_gids): number {
  return 4 + v.length * 4
}

export type set_attributes_mode = number | null

export function readset_attributes_mode(r: XdrReader): set_attributes_mode {
  return r.bool() ? r.u32() : null
}

export function writeset_attributes_mode(w: XdrWriter, v: set_attributes_mode): void {
  w.bool(v !== null)
  if (v !== null) w.u32(v)
}

export function sizeset_attributes_mode(v: set_attributes_mode): number {
  return v === null ? 4 : 4 + 4
}

export type set_attributes_uid = number | null

export function readset_attributes_uid(r: XdrReader): set_attributes_uid {
  return r.bool() ? r.u32() : null
}

export function writeset_attributes_uid(w: XdrWriter, v: set_attributes_uid): void {
  w.bool(v !== null)
  if (v !== null) w.u32(v)
}

export function sizeset_attributes_uid(v: set_attributes_uid): number {
  return v === null ? 4 : 4 + 4
}

export type set_attributes_gid = number | null

export function readset_attributes_gid(r: XdrReader): set_attributes_gid {
  return r.bool() ? r.u32() : null
}

export function writeset_attributes_gid(w: XdrWriter, v: set_attributes_gid): void {
  w.bool(v !== null)
  if (v !== null) w.u32(v)
}

export function sizeset_attributes_gid(v: set_attributes_gid): number {
  return v === null ? 4 : 4 + 4
}

export type set_attributes_size = number64 | null

export function readset_attributes_size(r: XdrReader): set_attributes_size {
  return r.bool() ? r.number64() : null
}

export function writeset_attributes_size(w: XdrWriter, v: set_attributes_size): void {
  w.bool(v !== null)
  if (v !== null) w.number64(v)
}

export function sizeset_attributes_size(v: set_attributes_size): number {
  return v === null ? 4 : 4 + 8
}

export type setattr_args_guard = moment | null

export function readsetattr_args_guard(r: XdrReader): setattr_args_guard {
  return r.bool() ? readmoment(r) : null
}

export function writesetattr_args_guard(w: XdrWriter, v: setattr_args_guard): void {
  w.bool(v !== null)
  if (v !== null) writemoment(w, v)
}

export function sizesetattr_args_guard(v: setattr_args_guard): number {
  return v === null ? 4 : 4 + 12
}

export type attributes_args_inos = number64[]

export function readattributes_args_inos(r: XdrReader): attributes_args_inos {
  const count = r.count(1024, 8)
  const out: attributes_args_inos = []
  for (let i = 0; i < count; i++) out.push(r.number64())
  return out
}

export function writeattributes_args_inos(w: XdrWriter, v: attributes_args_inos): void {
  w.count(v.length, 1024)
  for (const element of v) w.number64(element)
}

export function sizeattributes_args_inos(v: attributes_args_inos): number {
  return 4 + v.length * 8
}

export type call_replay = replay_tag | null

export function readcall_replay(r: XdrReader): call_replay {
  return r.bool() ? readreplay_tag(r) : null
}

export function writecall_replay(w: XdrWriter, v: call_replay): void {
  w.bool(v !== null)
  if (v !== null) writereplay_tag(w, v)
}

export function sizecall_replay(v: call_replay): number {
  return v === null ? 4 : 4 + 24
}

export type entry_object = attributes | null

export function readentry_object(r: XdrReader): entry_object {
  return r.bool() ? readattributes(r) : null
}

export function writeentry_object(w: XdrWriter, v: entry_object): void {
  w.bool(v !== null)
  if (v !== null) writeattributes(w, v)
}

export function sizeentry_object(v: entry_object): number {
  return v === null ? 4 : 4 + 188
}

export type listing_entries = entry[]

export function readlisting_entries(r: XdrReader): listing_entries {
  const count = r.count(1024, 24)
  const out: listing_entries = []
  for (let i = 0; i < count; i++) out.push(readentry(r))
  return out
}

export function writelisting_entries(w: XdrWriter, v: listing_entries): void {
  w.count(v.length, 1024)
  for (const element of v) writeentry(w, element)
}

export function sizelisting_entries(v: listing_entries): number {
  let size = 4
  for (const element of v) size += sizeentry(element)
  return size
}

export type client_list_clients = client_record[]

export function readclient_list_clients(r: XdrReader): client_list_clients {
  const count = r.count(4096, 8)
  const out: client_list_clients = []
  for (let i = 0; i < count; i++) out.push(readclient_record(r))
  return out
}

export function writeclient_list_clients(w: XdrWriter, v: client_list_clients): void {
  w.count(v.length, 4096)
  for (const element of v) writeclient_record(w, element)
}

export function sizeclient_list_clients(v: client_list_clients): number {
  let size = 4
  for (const element of v) size += sizeclient_record(element)
  return size
}

export type answer_replayed_object = number64 | null

export function readanswer_replayed_object(r: XdrReader): answer_replayed_object {
  return r.bool() ? r.number64() : null
}

export function writeanswer_replayed_object(w: XdrWriter, v: answer_replayed_object): void {
  w.bool(v !== null)
  if (v !== null) w.number64(v)
}

export function sizeanswer_replayed_object(v: answer_replayed_object): number {
  return v === null ? 4 : 4 + 8
}

export type answer_before = attributes[]

export function readanswer_before(r: XdrReader): answer_before {
  const count = r.count(2, 188)
  const out: answer_before = []
  for (let i = 0; i < count; i++) out.push(readattributes(r))
  return out
}

export function writeanswer_before(w: XdrWriter, v: answer_before): void {
  w.count(v.length, 2)
  for (const element of v) writeattributes(w, element)
}

export function sizeanswer_before(v: answer_before): number {
  return 4 + v.length * 188
}

export type answer_after = attributes[]

export function readanswer_after(r: XdrReader): answer_after {
  const count = r.count(3, 188)
  const out: answer_after = []
  for (let i = 0; i < count; i++) out.push(readattributes(r))
  return out
}

export function writeanswer_after(w: XdrWriter, v: answer_after): void {
  w.count(v.length, 3)
  for (const element of v) writeattributes(w, element)
}

export function sizeanswer_after(v: answer_after): number {
  return 4 + v.length * 188
}

export type answer_list = listing | null

export function readanswer_list(r: XdrReader): answer_list {
  return r.bool() ? readlisting(r) : null
}

export function writeanswer_list(w: XdrWriter, v: answer_list): void {
  w.bool(v !== null)
  if (v !== null) writelisting(w, v)
}

export function sizeanswer_list(v: answer_list): number {
  return v === null ? 4 : 4 + sizelisting(v)
}

export type answer_space = statistics | null

export function readanswer_space(r: XdrReader): answer_space {
  return r.bool() ? readstatistics(r) : null
}

export function writeanswer_space(w: XdrWriter, v: answer_space): void {
  w.bool(v !== null)
  if (v !== null) writestatistics(w, v)
}

export function sizeanswer_space(v: answer_space): number {
  return v === null ? 4 : 4 + 32
}

export type answer_remembered = client_list | null

export function readanswer_remembered(r: XdrReader): answer_remembered {
  return r.bool() ? readclient_list(r) : null
}

export function writeanswer_remembered(w: XdrWriter, v: answer_remembered): void {
  w.bool(v !== null)
  if (v !== null) writeclient_list(w, v)
}

export function sizeanswer_remembered(v: answer_remembered): number {
  return v === null ? 4 : 4 + sizeclient_list(v)
}

export type lock_demotion_locks = client_lock[]

export function readlock_demotion_locks(r: XdrReader): lock_demotion_locks {
  const count = r.count(1024, 28)
  const out: lock_demotion_locks = []
  for (let i = 0; i < count; i++) out.push(readclient_lock(r))
  return out
}

export function writelock_demotion_locks(w: XdrWriter, v: lock_demotion_locks): void {
  w.count(v.length, 1024)
  for (const element of v) writeclient_lock(w, element)
}

export function sizelock_demotion_locks(v: lock_demotion_locks): number {
  let size = 4
  for (const element of v) size += sizeclient_lock(element)
  return size
}

export type lock_assertion_locks = client_lock[]

export function readlock_assertion_locks(r: XdrReader): lock_assertion_locks {
  const count = r.count(1024, 28)
  const out: lock_assertion_locks = []
  for (let i = 0; i < count; i++) out.push(readclient_lock(r))
  return out
}

export function writelock_assertion_locks(w: XdrWriter, v: lock_assertion_locks): void {
  w.count(v.length, 1024)
  for (const element of v) writeclient_lock(w, element)
}

export function sizelock_assertion_locks(v: lock_assertion_locks): number {
  let size = 4
  for (const element of v) size += sizeclient_lock(element)
  return size
}

export type lock_assertion_waiting = waiting_lock[]

export function readlock_assertion_waiting(r: XdrReader): lock_assertion_waiting {
  const count = r.count(1024, 36)
  const out: lock_assertion_waiting = []
  for (let i = 0; i < count; i++) out.push(readwaiting_lock(r))
  return out
}

export function writelock_assertion_waiting(w: XdrWriter, v: lock_assertion_waiting): void {
  w.count(v.length, 1024)
  for (const element of v) writewaiting_lock(w, element)
}

export function sizelock_assertion_waiting(v: lock_assertion_waiting): number {
  let size = 4
  for (const element of v) size += sizewaiting_lock(element)
  return size
}

export type lock_answer_given = given_delegation | null

export function readlock_answer_given(r: XdrReader): lock_answer_given {
  return r.bool() ? readgiven_delegation(r) : null
}

export function writelock_answer_given(w: XdrWriter, v: lock_answer_given): void {
  w.bool(v !== null)
  if (v !== null) writegiven_delegation(w, v)
}

export function sizelock_answer_given(v: lock_answer_given): number {
  return v === null ? 4 : 4 + 16
}

export type lock_grant_given = given_delegation | null

export function readlock_grant_given(r: XdrReader): lock_grant_given {
  return r.bool() ? readgiven_delegation(r) : null
}

export function writelock_grant_given(w: XdrWriter, v: lock_grant_given): void {
  w.bool(v !== null)
  if (v !== null) writegiven_delegation(w, v)
}

export function sizelock_grant_given(v: lock_grant_given): number {
  return v === null ? 4 : 4 + 16
}
