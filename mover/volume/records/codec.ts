import type { Timestamp } from '../../environment.ts'
import type { ReplayTag } from '../../operation.ts'
import { get64, put64 } from '../u64.ts'
import {
  type ExtentRun,
  type LogRecord,
  MAX_EXTENTS_PER_RECORD,
  MAX_INOS_PER_RECORD,
  RECORDS,
  type RecordName,
} from './schema.ts'

const WORD = 4294967296

/** A log record cannot be decoded: the log is damaged in a way that its checksums do not show. */
export class RecordError extends Error {}

class Cursor {
  bytes: Uint8Array
  view: DataView
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  room(count: number): number {
    const at = this.at
    if (at + count > this.bytes.length) throw new RecordError('a log record ends too early')
    this.at = at + count
    return at
  }

  putU32(v: number): void {
    this.view.setUint32(this.room(4), v, true)
  }
  getU32(): number {
    return this.view.getUint32(this.room(4), true)
  }
  putU64(v: number): void {
    put64(this.view, this.room(8), v)
  }
  getU64(): number {
    return get64(this.view, this.room(8))
  }
}

interface Codec<T> {
  put(c: Cursor, v: T): void
  get(c: Cursor): T
}

const u8: Codec<number> = {
  put: (c, v) => c.view.setUint8(c.room(1), v),
  get: (c) => c.view.getUint8(c.room(1)),
}
const u16: Codec<number> = {
  put: (c, v) => c.view.setUint16(c.room(2), v, true),
  get: (c) => c.view.getUint16(c.room(2), true),
}
const u32: Codec<number> = { put: (c, v) => c.putU32(v), get: (c) => c.getU32() }
const u64: Codec<number> = { put: (c, v) => c.putU64(v), get: (c) => c.getU64() }
const time: Codec<Timestamp> = {
  put: (c, v) => {
    const at = c.room(12)
    c.view.setUint32(at, ((v.sec % WORD) + WORD) % WORD, true)
    c.view.setInt32(at + 4, Math.floor(v.sec / WORD), true)
    c.view.setUint32(at + 8, v.nsec, true)
  },
  get: (c) => {
    const at = c.room(12)
    return {
      sec: c.view.getInt32(at + 4, true) * WORD + c.view.getUint32(at, true),
      nsec: c.view.getUint32(at + 8, true),
    }
  },
}
const bytes: Codec<Uint8Array> = {
  put: (c, v) => {
    u16.put(c, v.length)
    c.bytes.set(v, c.room(v.length))
  },
  get: (c) => {
    const length = u16.get(c)
    const at = c.room(length)
    return c.bytes.subarray(at, at + length)
  },
}
const replay: Codec<ReplayTag | null> = {
  put: (c, v) => {
    u8.put(c, v === null ? 0 : 1)
    if (v === null) return
    c.putU32(v.clientHigh)
    c.putU32(v.clientLow)
    c.putU32(v.program)
    u8.put(c, v.procedure)
    c.putU32(v.xid)
    c.putU32(v.checksum)
  },
  get: (c) => {
    if (u8.get(c) === 0) return null
    return {
      clientHigh: c.getU32(),
      clientLow: c.getU32(),
      program: c.getU32(),
      procedure: u8.get(c),
      xid: c.getU32(),
      checksum: c.getU32(),
    }
  },
}
const runs: Codec<ExtentRun[]> = {
  put: (c, v) => {
    if (v.length > MAX_EXTENTS_PER_RECORD) throw new RecordError(`${v.length} extents in one record`)
    u16.put(c, v.length)
    for (const run of v) {
      c.putU64(run.fileBlock)
      c.putU64(run.deviceBlock)
      c.putU32(run.length)
    }
  },
  get: (c) => {
    const count = u16.get(c)
    if (count > MAX_EXTENTS_PER_RECORD) throw new RecordError(`${count} extents in one record`)
    return Array.from({ length: count }, () => ({ fileBlock: c.getU64(), deviceBlock: c.getU64(), length: c.getU32() }))
  },
}
const inos: Codec<number[]> = {
  put: (c, v) => {
    if (v.length > MAX_INOS_PER_RECORD) throw new RecordError(`${v.length} inodes in one record`)
    u16.put(c, v.length)
    for (const ino of v) c.putU64(ino)
  },
  get: (c) => {
    const count = u16.get(c)
    if (count > MAX_INOS_PER_RECORD) throw new RecordError(`${count} inodes in one record`)
    return Array.from({ length: count }, () => c.getU64())
  },
}

// biome-ignore lint/suspicious/noExplicitAny: the field kinds have different value types
const CODECS: Record<string, Codec<any>> = { u8, u16, u32, u64, time, bytes, replay, runs, inos }

const PLANS = Object.fromEntries(
  (Object.keys(RECORDS) as RecordName[]).map((name) => [
    name,
    Object.entries(RECORDS[name].fields).map(([field, kind]) => ({ field, codec: CODECS[kind] })),
  ]),
) as Record<RecordName, { field: string; codec: Codec<unknown> }[]>

/** Encodes records' payloads into a buffer of its own, one after the other. */
export class RecordEncoder {
  readonly bytes: Uint8Array
  readonly #cursor: Cursor

  constructor(maxBytes: number) {
    this.bytes = new Uint8Array(maxBytes)
    this.#cursor = new Cursor(this.bytes)
  }

  /** Encodes a record's payload into `bytes`; returns its length. */
  encode<N extends RecordName>(name: N, record: LogRecord<N>): number {
    const cursor = this.#cursor
    cursor.at = 0
    const fields = record as Record<string, unknown>
    for (const { field, codec } of PLANS[name]) codec.put(cursor, fields[field])
    return cursor.at
  }
}

/** Decodes a payload. Byte strings are views into it. Throws RecordError when it is too short or too long. */
export function decodeRecord<N extends RecordName>(name: N, payload: Uint8Array): LogRecord<N> {
  const cursor = new Cursor(payload)
  const fields: Record<string, unknown> = {}
  for (const { field, codec } of PLANS[name]) fields[field] = codec.get(cursor)
  if (cursor.at !== payload.length) throw new RecordError(`a ${name} record has bytes left over`)
  return fields as LogRecord<N>
}
