import type { Key } from './tree/key.ts'

/**
 * Kinds of records in the main tree, in key order behind the inode number: a file's records lie together. Those of
 * inode 0 belong to the volume.
 */
export const KIND = {
  inode: 1,
  /** a = directory, b = cookie of the entry there; no value. */
  parent: 2,
  /** b = piece number; value: up to 1024 bytes of the target. */
  symlink: 3,
  /** b = cookie; value: inode, type, name. */
  entry: 4,
  /** a = folded hash, exact hash; b = cookie; value: inode, name. */
  name: 5,
  /** b = first file block; value: device block, length. */
  extent: 6,
  /** Specified, not written by this version: */
  extendedAttribute: 7,
  accessControl: 8,
  /** Inode 0: a = inode. Unlinked, its blocks are being freed in bounded steps. */
  orphan: 16,
  /** Inode 0: a = inode. Blocks behind its size are being freed in bounded steps. */
  truncating: 17,
  /** Inode 0: a = inode, b = mover. Written without each write being logged: counters may be lost in a crash. */
  writeMark: 18,
  /** Inode 0: a = hashes of the client's id; value: see records/client-parts.ts. */
  client: 20,
  /** Inode 0: a = inode; value: bits of movers, two bytes. Their clients may have locks on it; so say the inode's `lockers`. */
  locked: 21,
  /** Specified, not written by this version: */
  usage: 19,
  reservation: 22,
  lastOperation: 23,
  reference: 24,
} as const
export type Kind = (typeof KIND)[keyof typeof KIND]

const WORD = 4294967296
/** Largest `b` of a key: 56 bits, but a Number holds 53. */
export const MAX_B = Number.MAX_SAFE_INTEGER

/**
 * Layout of a key's 24 bytes: inode (64 bits), kind (8), a (64, two words), b (56). Sets `key` and returns it.
 */
export function setKey(key: Key, ino: number, kind: Kind, aHigh: number, aLow: number, b: number): Key {
  const bHigh = Math.floor(b / WORD)
  return key.set(
    Math.floor(ino / WORD),
    ino % WORD,
    (kind * 0x1000000 + (aHigh >>> 8)) >>> 0,
    (((aHigh & 0xff) << 24) | (aLow >>> 8)) >>> 0,
    (((aLow & 0xff) << 24) | bHigh) >>> 0,
    b % WORD,
  )
}

/** As `setKey`, with an inode number as `a`. */
export function setKeyOf(key: Key, ino: number, kind: Kind, other: number, b: number): Key {
  return setKey(key, ino, kind, Math.floor(other / WORD), other % WORD, b)
}

/** Inode of the key at `words[at]`. */
export function keyIno(words: Uint32Array, at: number): number {
  return words[at] * WORD + words[at + 1]
}

/** Kind of the key at `words[at]`. */
export function keyKind(words: Uint32Array, at: number): number {
  return words[at + 2] >>> 24
}

/** `b` of the key at `words[at]`. */
export function keyB(words: Uint32Array, at: number): number {
  return (words[at + 4] & 0xffffff) * WORD + words[at + 5]
}

/** `a` of the key at `words[at]`, as an inode number. */
export function keyA(words: Uint32Array, at: number): number {
  return keyAHigh(words, at) * WORD + keyALow(words, at)
}

/** Upper half of `a` (of a name's key: the folded hash). */
export function keyAHigh(words: Uint32Array, at: number): number {
  return (((words[at + 2] & 0xffffff) << 8) | (words[at + 3] >>> 24)) >>> 0
}

/** Lower half of `a` (of a name's key: the exact hash). */
export function keyALow(words: Uint32Array, at: number): number {
  return (((words[at + 3] & 0xffffff) << 8) | (words[at + 4] >>> 24)) >>> 0
}
