// Generated from rfc4506.x by scripts/gen.ts: do not edit.
import { padded, XdrError, type XdrReader } from '../../protocol/xdr/reader.ts'
import type { XdrWriter } from '../../protocol/xdr/writer.ts'

export const MAXUSERNAME = 32

export const MAXFILELEN = 65535

export const MAXNAMELEN = 255

/** Types of files. */
export const filekind = {
  TEXT: 0,
  DATA: 1,
  EXEC: 2,
} as const
export type filekind = (typeof filekind)[keyof typeof filekind]

export function readfilekind(r: XdrReader): filekind {
  const value = r.i32()
  if (!(value >= 0 && value <= 2)) throw new XdrError(`filekind is ${value}`)
  return value as filekind
}

export function writefilekind(w: XdrWriter, v: filekind): void {
  w.i32(v)
}

export function sizefilekind(_v: filekind): number {
  return 4
}

/** File information, per kind of file. */
export type filetype =
  | { kind: typeof filekind.TEXT }
  | { kind: typeof filekind.DATA; creator: Uint8Array }
  | { kind: typeof filekind.EXEC; interpretor: Uint8Array }

export function readfiletype(r: XdrReader): filetype {
  const kind = readfilekind(r)
  switch (kind) {
    case filekind.TEXT:
      return { kind }
    case filekind.DATA:
      return { kind, creator: r.opaque(255) }
    case filekind.EXEC:
      return { kind, interpretor: r.opaque(255) }
    default:
      throw new XdrError(`filetype has no arm ${kind}`)
  }
}

export function writefiletype(w: XdrWriter, v: filetype): void {
  w.i32(v.kind)
  switch (v.kind) {
    case filekind.TEXT:
      break
    case filekind.DATA:
      w.opaque(v.creator, 255)
      break
    case filekind.EXEC:
      w.opaque(v.interpretor, 255)
      break
    default:
      throw new XdrError(`filetype has no arm ${(v as { kind: number }).kind}`)
  }
}

export function sizefiletype(v: filetype): number {
  switch (v.kind) {
    case filekind.TEXT:
      return 4
    case filekind.DATA:
      return 4 + 4 + padded(v.creator.length)
    case filekind.EXEC:
      return 4 + 4 + padded(v.interpretor.length)
    default:
      throw new XdrError(`filetype has no arm ${(v as { kind: number }).kind}`)
  }
}

/** A complete file. */
export interface file {
  filename: Uint8Array
  type: filetype
  owner: Uint8Array
  data: Uint8Array
}

export function readfile(r: XdrReader): file {
  return {
    filename: r.opaque(255),
    type: readfiletype(r),
    owner: r.opaque(32),
    data: r.opaque(65535),
  }
}

export function readfileInto(r: XdrReader, out: file): void {
  out.filename = r.opaque(255)
  out.type = readfiletype(r)
  out.owner = r.opaque(32)
  out.data = r.opaque(65535)
}

export function writefile(w: XdrWriter, v: file): void {
  w.opaque(v.filename, 255)
  writefiletype(w, v.type)
  w.opaque(v.owner, 32)
  w.opaque(v.data, 65535)
}

export function sizefile(v: file): number {
  let size = 0
  size += 4 + padded(v.filename.length)
  size += sizefiletype(v.type)
  size += 4 + padded(v.owner.length)
  size += 4 + padded(v.data.length)
  return size
}
