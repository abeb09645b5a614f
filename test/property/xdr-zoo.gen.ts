// Generated from xdr-zoo.x by scripts/gen.ts: do not edit.
import { type ProcedureCodec, readVoid, writeVoid } from '../../protocol/xdr/procedure.ts'
import { padded, XdrError, type XdrReader } from '../../protocol/xdr/reader.ts'
import type { XdrWriter } from '../../protocol/xdr/writer.ts'

export const SMALL = 3

export const HEX = 16

export const OCTAL = 8

export const NEGATIVE = -5

export type exact = number

export function readexact(r: XdrReader): exact {
  return r.number64()
}

export function writeexact(w: XdrWriter, v: exact): void {
  w.number64(v)
}

export function sizeexact(_v: exact): number {
  return 8
}

export type also_exact = exact

export function readalso_exact(r: XdrReader): also_exact {
  return r.number64()
}

export function writealso_exact(w: XdrWriter, v: also_exact): void {
  w.number64(v)
}

export function sizealso_exact(_v: also_exact): number {
  return 8
}

export type signed_hyper = bigint

export function readsigned_hyper(r: XdrReader): signed_hyper {
  return r.i64()
}

export function writesigned_hyper(w: XdrWriter, v: signed_hyper): void {
  w.i64(v)
}

export function sizesigned_hyper(_v: signed_hyper): number {
  return 8
}

export type single = number

export function readsingle(r: XdrReader): single {
  return r.float()
}

export function writesingle(w: XdrWriter, v: single): void {
  w.float(v)
}

export function sizesingle(_v: single): number {
  return 4
}

export type precise = number

export function readprecise(r: XdrReader): precise {
  return r.double()
}

export function writeprecise(w: XdrWriter, v: precise): void {
  w.double(v)
}

export function sizeprecise(_v: precise): number {
  return 8
}

export type block = Uint8Array

export function readblock(r: XdrReader): block {
  return r.opaqueFixed(7)
}

export function writeblock(w: XdrWriter, v: block): void {
  w.opaqueFixed(v, 7)
}

export function sizeblock(_v: block): number {
  return 8
}

export type numbers = number[]

export function readnumbers(r: XdrReader): numbers {
  const out: numbers = []
  for (let i = 0; i < 3; i++) out.push(r.i32())
  return out
}

export function writenumbers(w: XdrWriter, v: numbers): void {
  if (v.length !== 3) throw new XdrError(`${v.length} elements given where 3 belong`)
  for (const element of v) w.i32(element)
}

export function sizenumbers(_v: numbers): number {
  return 12
}

export type words = Uint8Array

export function readwords(r: XdrReader): words {
  return r.opaque(8)
}

export function writewords(w: XdrWriter, v: words): void {
  w.opaque(v, 8)
}

export function sizewords(v: words): number {
  return 4 + padded(v.length)
}

export type offsets = exact[]

export function readoffsets(r: XdrReader): offsets {
  const count = r.count(16, 8)
  const out: offsets = []
  for (let i = 0; i < count; i++) out.push(r.number64())
  return out
}

export function writeoffsets(w: XdrWriter, v: offsets): void {
  w.count(v.length, 16)
  for (const element of v) w.number64(element)
}

export function sizeoffsets(v: offsets): number {
  return 4 + v.length * 8
}

export type maybe = number | null

export function readmaybe(r: XdrReader): maybe {
  return r.bool() ? r.double() : null
}

export function writemaybe(w: XdrWriter, v: maybe): void {
  w.bool(v !== null)
  if (v !== null) w.double(v)
}

export function sizemaybe(v: maybe): number {
  return v === null ? 4 : 4 + 8
}

export const sparse = {
  BELOW: -5,
  ABOVE: 100,
} as const
export type sparse = (typeof sparse)[keyof typeof sparse]

const sparse_values: ReadonlySet<number> = new Set(Object.values(sparse))

export function readsparse(r: XdrReader): sparse {
  const value = r.i32()
  if (!(sparse_values.has(value))) throw new XdrError(`sparse is ${value}`)
  return value as sparse
}

export function writesparse(w: XdrWriter, v: sparse): void {
  w.i32(v)
}

export function sizesparse(_v: sparse): number {
  return 4
}

export interface leaf {
  tag: block
  when: signed_hyper
  ratio: number
}

export function readleaf(r: XdrReader): leaf {
  return {
    tag: r.opaqueFixed(7),
    when: r.i64(),
    ratio: r.float(),
  }
}

export function readleafInto(r: XdrReader, out: leaf): void {
  out.tag = r.opaqueFixed(7)
  out.when = r.i64()
  out.ratio = r.float()
}

export function writeleaf(w: XdrWriter, v: leaf): void {
  w.opaqueFixed(v.tag, 7)
  w.i64(v.when)
  w.float(v.ratio)
}

export function sizeleaf(_v: leaf): number {
  return 20
}

export interface branch_point {
  x: number
  y: number
}

export function readbranch_point(r: XdrReader): branch_point {
  return {
    x: r.i32(),
    y: r.i32(),
  }
}

export function readbranch_pointInto(r: XdrReader, out: branch_point): void {
  out.x = r.i32()
  out.y = r.i32()
}

export function writebranch_point(w: XdrWriter, v: branch_point): void {
  const at = w.reserve(8)
  const { view } = w
  view.setInt32(at, v.x)
  view.setInt32(at + 4, v.y)
}

export function sizebranch_point(_v: branch_point): number {
  return 8
}

export const branch_colour = {
  RED: 1,
  GREEN: 2,
} as const
export type branch_colour = (typeof branch_colour)[keyof typeof branch_colour]

export function readbranch_colour(r: XdrReader): branch_colour {
  const value = r.i32()
  if (!(value >= 1 && value <= 2)) throw new XdrError(`branch_colour is ${value}`)
  return value as branch_colour
}

export function writebranch_colour(w: XdrWriter, v: branch_colour): void {
  w.i32(v)
}

export function sizebranch_colour(_v: branch_colour): number {
  return 4
}

export interface branch {
  leaves: branch_leaves
  pair: branch_pair
  one: branch_one
  big: bigint
  offset: also_exact
  three: numbers
  point: branch_point
  colour: branch_colour
}

export function readbranch(r: XdrReader): branch {
  return {
    leaves: readbranch_leaves(r),
    pair: readbranch_pair(r),
    one: readbranch_one(r),
    big: r.u64(),
    offset: r.number64(),
    three: readnumbers(r),
    point: readbranch_point(r),
    colour: readbranch_colour(r),
  }
}

export function readbranchInto(r: XdrReader, out: branch): void {
  out.leaves = readbranch_leaves(r)
  out.pair = readbranch_pair(r)
  out.one = readbranch_one(r)
  out.big = r.u64()
  out.offset = r.number64()
  out.three = readnumbers(r)
  readbranch_pointInto(r, out.point)
  out.colour = readbranch_colour(r)
}

export function writebranch(w: XdrWriter, v: branch): void {
  writebranch_leaves(w, v.leaves)
  writebranch_pair(w, v.pair)
  writebranch_one(w, v.one)
  w.u64(v.big)
  w.number64(v.offset)
  writenumbers(w, v.three)
  writebranch_point(w, v.point)
  w.i32(v.colour)
}

export function sizebranch(v: branch): number {
  let size = 80
  size += sizebranch_leaves(v.leaves)
  size += sizebranch_one(v.one)
  return size
}

export type by_number =
  | { code: 1 | 16; found: leaf }
  | { code: 2; value: maybe }
  | { code: number }

export function readby_number(r: XdrReader): by_number {
  const code = r.u32()
  switch (code) {
    case 1:
    case 16:
      return { code, found: readleaf(r) }
    case 2:
      return { code, value: readmaybe(r) }
    default:
      return { code }
  }
}

export function writeby_number(w: XdrWriter, v: by_number): void {
  w.u32(v.code)
  switch (v.code) {
    case 1:
    case 16:
      writeleaf(w, (v as unknown as { found: leaf }).found)
      break
    case 2:
      writemaybe(w, (v as unknown as { value: maybe }).value)
      break
    default:
      break
  }
}

export function sizeby_number(v: by_number): number {
  switch (v.code) {
    case 1:
    case 16:
      return 4 + 20
    case 2:
      return 4 + sizemaybe((v as unknown as { value: maybe }).value)
    default:
      return 4
  }
}

export type by_signed =
  | { code: -5; below: words }
  | { code: 5 }

export function readby_signed(r: XdrReader): by_signed {
  const code = r.i32()
  switch (code) {
    case -5:
      return { code, below: r.opaque(8) }
    case 5:
      return { code }
    default:
      throw new XdrError(`by_signed has no arm ${code}`)
  }
}

export function writeby_signed(w: XdrWriter, v: by_signed): void {
  w.i32(v.code)
  switch (v.code) {
    case -5:
      w.opaque((v as unknown as { below: words }).below, 8)
      break
    case 5:
      break
    default:
      throw new XdrError(`by_signed has no arm ${(v as { code: number }).code}`)
  }
}

export function sizeby_signed(v: by_signed): number {
  switch (v.code) {
    case -5:
      return 4 + 4 + padded((v as unknown as { below: words }).below.length)
    case 5:
      return 4
    default:
      throw new XdrError(`by_signed has no arm ${(v as { code: number }).code}`)
  }
}

export type by_colour =
  | { kind: typeof sparse.ABOVE; list: offsets }
  | { kind: Exclude<sparse, typeof sparse.ABOVE>; rest: numbers }

export function readby_colour(r: XdrReader): by_colour {
  const kind = readsparse(r)
  switch (kind) {
    case sparse.ABOVE:
      return { kind, list: readoffsets(r) }
    default:
      return { kind, rest: readnumbers(r) }
  }
}

export function writeby_colour(w: XdrWriter, v: by_colour): void {
  w.i32(v.kind)
  switch (v.kind) {
    case sparse.ABOVE:
      writeoffsets(w, v.list)
      break
    default:
      writenumbers(w, v.rest)
      break
  }
}

export function sizeby_colour(v: by_colour): number {
  switch (v.kind) {
    case sparse.ABOVE:
      return 4 + sizeoffsets(v.list)
    default:
      return 4 + 12
  }
}

export type chain_ptr = chain[]

export function readchain_ptr(r: XdrReader): chain_ptr {
  const out: chain_ptr = []
  while (r.bool()) out.push(readchain(r))
  return out
}

export function writechain_ptr(w: XdrWriter, v: chain_ptr): void {
  for (const element of v) {
    w.u32(1)
    writechain(w, element)
  }
  w.u32(0)
}

export function sizechain_ptr(v: chain_ptr): number {
  let size = 4
  for (const element of v) size += 4 + sizechain(element)
  return size
}

export interface chain {
  what: by_number
}

export function readchain(r: XdrReader): chain {
  return {
    what: readby_number(r),
  }
}

export function readchainInto(r: XdrReader, out: chain): void {
  out.what = readby_number(r)
}

export function writechain(w: XdrWriter, v: chain): void {
  writeby_number(w, v.what)
}

export function sizechain(v: chain): number {
  return sizeby_number(v.what)
}

export interface chains {
  first: chains_first
  second: chain_ptr
}

export function readchains(r: XdrReader): chains {
  return {
    first: readchains_first(r),
    second: readchain_ptr(r),
  }
}

export function readchainsInto(r: XdrReader, out: chains): void {
  out.first = readchains_first(r)
  out.second = readchain_ptr(r)
}

export function writechains(w: XdrWriter, v: chains): void {
  writechains_first(w, v.first)
  writechain_ptr(w, v.second)
}

export function sizechains(v: chains): number {
  let size = 0
  size += sizechains_first(v.first)
  size += sizechain_ptr(v.second)
  return size
}

export type branch_leaves = leaf[]

export function readbranch_leaves(r: XdrReader): branch_leaves {
  const count = r.count(4, 20)
  const out: branch_leaves = []
  for (let i = 0; i < count; i++) out.push(readleaf(r))
  return out
}

export function writebranch_leaves(w: XdrWriter, v: branch_leaves): void {
  w.count(v.length, 4)
  for (const element of v) writeleaf(w, element)
}

export function sizebranch_leaves(v: branch_leaves): number {
  return 4 + v.length * 20
}

export type branch_pair = leaf[]

export function readbranch_pair(r: XdrReader): branch_pair {
  const out: branch_pair = []
  for (let i = 0; i < 2; i++) out.push(readleaf(r))
  return out
}

export function writebranch_pair(w: XdrWriter, v: branch_pair): void {
  if (v.length !== 2) throw new XdrError(`${v.length} elements given where 2 belong`)
  for (const element of v) writeleaf(w, element)
}

export function sizebranch_pair(_v: branch_pair): number {
  return 40
}

export type branch_one = leaf | null

export function readbranch_one(r: XdrReader): branch_one {
  return r.bool() ? readleaf(r) : null
}

export function writebranch_one(w: XdrWriter, v: branch_one): void {
  w.bool(v !== null)
  if (v !== null) writeleaf(w, v)
}

export function sizebranch_one(v: branch_one): number {
  return v === null ? 4 : 4 + 20
}

export type chains_first = chain[]

export function readchains_first(r: XdrReader): chains_first {
  const out: chains_first = []
  while (r.bool()) out.push(readchain(r))
  return out
}

export function writechains_first(w: XdrWriter, v: chains_first): void {
  for (const element of v) {
    w.u32(1)
    writechain(w, element)
  }
  w.u32(0)
}

export function sizechains_first(v: chains_first): number {
  let size = 4
  for (const element of v) size += 4 + sizechain(element)
  return size
}

export const ZOO = 536870913

export const ZOO_V1 = 1

export const ZOO_NULL = 0
export const ZOO_COUNT = 1
export const ZOO_CHAINS = 2

/** The procedures of ZOO version 1; `Context` is what a server passes along. */
export interface ZOO_V1_server<Context> {
  ZOO_NULL(args: undefined, context: Context): undefined
  ZOO_COUNT(args: boolean, context: Context): number
  ZOO_CHAINS(args: by_colour, context: Context): chains
}

/** The wire side of ZOO version 1, by procedure. */
export const ZOO_V1_codecs = {
  ZOO_NULL: {
    number: 0,
    name: 'ZOO_NULL',
    readArgs: readVoid,
    writeArgs: writeVoid,
    readResult: readVoid,
    writeResult: writeVoid,
  },
  ZOO_COUNT: {
    number: 1,
    name: 'ZOO_COUNT',
    readArgs: (r: XdrReader) => r.bool(),
    writeArgs: (w: XdrWriter, v: boolean) => w.bool(v),
    readResult: (r: XdrReader) => r.u32(),
    writeResult: (w: XdrWriter, v: number) => w.u32(v),
  },
  ZOO_CHAINS: {
    number: 2,
    name: 'ZOO_CHAINS',
    readArgs: readby_colour,
    writeArgs: writeby_colour,
    readResult: readchains,
    writeResult: writechains,
  },
} as const satisfies {
  ZOO_NULL: ProcedureCodec<'ZOO_NULL', undefined, undefined>
  ZOO_COUNT: ProcedureCodec<'ZOO_COUNT', boolean, number>
  ZOO_CHAINS: ProcedureCodec<'ZOO_CHAINS', by_colour, chains>
}
