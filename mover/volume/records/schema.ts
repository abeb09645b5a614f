import type { Timestamp } from '../../environment.ts'
import type { ReplayTag } from '../../operation.ts'

/** Blocks that became a file's: `length` blocks from file block `fileBlock` lie at device block `deviceBlock`. */
export interface ExtentRun {
  fileBlock: number
  deviceBlock: number
  length: number
}

/** Most extents one record carries, or one bounded step frees. */
export const MAX_EXTENTS_PER_RECORD = 64
/** Most inodes one record lists. */
export const MAX_INOS_PER_RECORD = 256
/** What a client is remembered by, bytes, and how much may be remembered of it. */
export const MAX_CLIENT_ID_BYTES = 255
export const MAX_CLIENT_BYTES = 640

interface FieldTypes {
  u8: number
  u16: number
  u32: number
  u64: number
  time: Timestamp
  bytes: Uint8Array
  replay: ReplayTag | null
  runs: ExtentRun[]
  inos: number[]
}

type Schema = Readonly<Record<string, keyof FieldTypes>>
type Fields<S extends Schema> = { -readonly [K in keyof S]: FieldTypes[S[K]] }

/**
 * The log's record types: logical operations, applied by the same code when they happen and at replay. `type` is the
 * number on the device; fields are encoded in this order. Absolute times and change numbers make replay exact.
 */
export const RECORDS = {
  /** The root directory of a new volume. */
  createRoot: { type: 1, fields: { ino: 'u64', generation: 'u32', mode: 'u16', uid: 'u32', gid: 'u32', time: 'time' } },
  /** A new object under a name. `target` is a symbolic link's. A file's write mark is set by this record itself. */
  create: {
    type: 2,
    fields: {
      dir: 'u64',
      ino: 'u64',
      generation: 'u32',
      objectType: 'u8',
      mode: 'u16',
      uid: 'u32',
      gid: 'u32',
      rdevMajor: 'u32',
      rdevMinor: 'u32',
      time: 'time',
      atime: 'time',
      mtime: 'time',
      size: 'u64',
      verifier: 'bytes',
      name: 'bytes',
      target: 'bytes',
      replay: 'replay',
    },
  },
  /** One more name for an object. */
  link: { type: 3, fields: { ino: 'u64', dir: 'u64', time: 'time', change: 'u64', name: 'bytes', replay: 'replay' } },
  /** A name is removed; `reap` frees an object without names at once, otherwise it becomes an orphan. */
  unlink: {
    type: 4,
    fields: {
      dir: 'u64',
      cookie: 'u64',
      ino: 'u64',
      reap: 'u8',
      time: 'time',
      change: 'u64',
      name: 'bytes',
      replay: 'replay',
    },
  },
  /** A name moves; `replacedIno` is what had the new name, 0 if nothing. */
  rename: {
    type: 5,
    fields: {
      fromDir: 'u64',
      fromCookie: 'u64',
      toDir: 'u64',
      ino: 'u64',
      change: 'u64',
      replacedIno: 'u64',
      replacedCookie: 'u64',
      replacedChange: 'u64',
      reap: 'u8',
      time: 'time',
      fromName: 'bytes',
      toName: 'bytes',
      replay: 'replay',
    },
  },
  /** Attributes set by a client; `mask` has the bits of ATTRIBUTE. `time` becomes the ctime. */
  setattr: {
    type: 6,
    fields: {
      ino: 'u64',
      mask: 'u16',
      mode: 'u16',
      uid: 'u32',
      gid: 'u32',
      size: 'u64',
      atime: 'time',
      mtime: 'time',
      time: 'time',
      change: 'u64',
      replay: 'replay',
    },
  },
  /** What a mover's writes left: new extents, size, times; `clearMark` when nothing volatile is left of them. */
  fold: {
    type: 7,
    fields: {
      ino: 'u64',
      size: 'u64',
      atime: 'time',
      mtime: 'time',
      ctime: 'time',
      change: 'u64',
      clearMark: 'u8',
      runs: 'runs',
    },
  },
  /** A mover is about to write to this file without logging each write. */
  mark: { type: 8, fields: { ino: 'u64', mover: 'u16' } },
  /** After a crash: the counters of these marked files were lost; change numbers jump, times rise to at least `time`. */
  recoverMarks: { type: 9, fields: { time: 'time', inos: 'inos' } },
  /** Frees up to `count` extents of an orphan from its end; removes it when it has none left. */
  reapOrphan: { type: 10, fields: { ino: 'u64', count: 'u16' } },
  /** Frees up to `count` extents behind the size of a file that is being truncated. */
  truncateStep: { type: 11, fields: { ino: 'u64', count: 'u16' } },
  /** These files are quiet and the log has all that their writes left: their marks go. */
  clearMarks: { type: 12, fields: { inos: 'inos' } },
  /** Clients of these movers (bits) are about to have locks on this file: it waits for their reclaims after a crash. */
  noteLocks: { type: 17, fields: { ino: 'u64', movers: 'u16' } },
  /** The same of all movers: what the log of a volume has that an earlier version has served. */
  noteAnyLocks: { type: 13, fields: { ino: 'u64' } },
  /** No client has a lock on these files any more. */
  forgetLocks: { type: 14, fields: { inos: 'inos' } },
  /** Something that movers remember of a client, in their own words; it replaces what there was under `id`. */
  setClient: { type: 15, fields: { id: 'bytes', value: 'bytes' } },
  dropClient: { type: 16, fields: { id: 'bytes' } },
} as const satisfies Record<string, { type: number; fields: Schema }>

export type RecordName = keyof typeof RECORDS
/** A record's fields by its name. */
export type LogRecord<N extends RecordName> = Fields<(typeof RECORDS)[N]['fields']>

/** Bits of setattr's `mask`. */
export const ATTRIBUTE = { mode: 1, uid: 2, gid: 4, size: 8, atime: 16, mtime: 32 } as const

/** Names by number. */
export const RECORD_NAMES = new Map<number, RecordName>(
  (Object.keys(RECORDS) as RecordName[]).map((name) => [RECORDS[name].type, name]),
)
