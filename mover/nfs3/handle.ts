import { hash } from 'node:crypto'
import { padded } from '../../protocol/xdr/reader.ts'
import type { Export, ExportTable } from '../files/exports.ts'
import { SIPHASH_KEY_BYTES, SIPHASH_TAG_BYTES, SipHash } from './siphash.ts'

/*
 * A file handle (RFC 1813 §2.6 nfs_fh3), the same on every mover of a cluster and across restarts:
 *
 *   0      1               17       25          29         33             49
 *   | 0x01 | volume's uuid | inode  | generation | export  | MAC          |
 *
 * All numbers big-endian. The MAC is SipHash-2-4 of all that is in front of it, under a key that the movers share:
 * handles cannot be made up, nor moved from one export to another.
 */
const VERSION = 1
const UUID_AT = 1
const UUID_BYTES = 16
const INO_AT = 17
const GENERATION_AT = 25
const EXPORT_AT = 29
const MAC_AT = 33
const MAC_BYTES = SIPHASH_TAG_BYTES

/** Bytes of every handle. */
export const HANDLE_BYTES = MAC_AT + MAC_BYTES
/** As XDR has them. */
export const HANDLE_PADDED_BYTES = padded(HANDLE_BYTES)
const HANDLE_WORDS = HANDLE_PADDED_BYTES / 4
/** Of the processor, in arrays of numbers. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

const LEAST_KEY_BYTES = 16
const DEFAULT_SLOTS = 32768
const TWO_32 = 4294967296

/** What a genuine handle names. */
export interface Handle {
  readonly export: Export
  readonly ino: number
  readonly generation: number
}

/*
 * A slot of what has been worked out is a line of a processor's cache: what a listing of a large directory costs is how many of
 * them it touches.
 *
 *   0        49      52           56          64
 *   | handle | zeros | generation | inode f64 |
 */
const SLOT_BYTES = 64
const SLOT_GENERATION = 13
const SLOT_INO = 7
const SLOT_U32 = SLOT_BYTES / 4
const SLOT_F64 = SLOT_BYTES / 8

/**
 * Makes and checks file handles. Both remember what they have worked out in one table of `slots` places, chosen by
 * inode number, so that a request on a file in use computes no MAC.
 */
export class HandleCodec {
  readonly #exports: ExportTable
  readonly #slots: number
  readonly #bytes: Uint8Array
  readonly #words: Uint32Array
  readonly #inos: Float64Array
  /** Through which export, slot by slot. */
  readonly #entries: (Export | undefined)[]
  readonly #mac: SipHash
  readonly #decoded = { ino: 0, generation: 0 } as { -readonly [K in keyof Handle]: Handle[K] }

  /** `key`: 16 random bytes or more, the same on every mover. */
  constructor(key: Uint8Array, exports: ExportTable, slots: number = DEFAULT_SLOTS) {
    if (key.length < LEAST_KEY_BYTES) throw new RangeError(`handle key of ${key.length} bytes`)
    this.#exports = exports
    this.#slots = slots
    const memory = new ArrayBuffer(slots * SLOT_BYTES)
    this.#bytes = new Uint8Array(memory)
    this.#words = new Uint32Array(memory)
    this.#inos = new Float64Array(memory)
    this.#entries = new Array(slots).fill(undefined)
    this.#mac = new SipHash(hash('sha256', key, 'buffer').subarray(0, SIPHASH_KEY_BYTES))
  }

  /** The handle of an inode as seen through an export. */
  encode(entry: Export, ino: number, generation: number): Uint8Array {
    const out = new DataView(new ArrayBuffer(HANDLE_PADDED_BYTES))
    this.put(out, 0, entry, ino, generation)
    return new Uint8Array(out.buffer, 0, HANDLE_BYTES)
  }

  /** Puts the handle of an inode as seen through an export to `out[at, at + HANDLE_PADDED_BYTES)`, with its padding. */
  put(out: DataView, at: number, entry: Export, ino: number, generation: number): void {
    const slot = this.#slot(entry.id, ino)
    const words = this.#words
    const start = slot * SLOT_U32
    const isKnown =
      this.#inos[slot * SLOT_F64 + SLOT_INO] === ino &&
      words[start + SLOT_GENERATION] === generation &&
      this.#entries[slot] === entry
    if (!isKnown) this.#remember(slot, entry, ino, generation)
    for (let i = 0; i < HANDLE_WORDS; i++) out.setUint32(at + 4 * i, words[start + i], IS_LITTLE_ENDIAN)
  }

  /**
   * What a handle names, until the next call: BADHANDLE when it was not made by `encode` under this key, STALE when its export
   * is not there any more or shows another volume now.
   */
  decode(bytes: Uint8Array): Handle | 'BADHANDLE' | 'STALE' {
    if (bytes.length !== HANDLE_BYTES || bytes[0] !== VERSION) return 'BADHANDLE'
    const ino = u32(bytes, INO_AT) * TWO_32 + u32(bytes, INO_AT + 4)
    const exportId = u32(bytes, EXPORT_AT)
    const slot = this.#slot(exportId, ino)
    const entry = this.#exports.byId(exportId)
    const isKnown = equal(this.#bytes, slot * SLOT_BYTES, bytes, 0, HANDLE_BYTES)
    if (!isKnown || entry === undefined || entry !== this.#entries[slot]) {
      if (!isKnown && !equal(this.#mac.compute(bytes, MAC_AT), 0, bytes, MAC_AT, MAC_BYTES)) return 'BADHANDLE'
      if (entry === undefined || !equal(entry.service.volumeUuid, 0, bytes, UUID_AT, UUID_BYTES)) return 'STALE'
      this.#remember(slot, entry, ino, u32(bytes, GENERATION_AT))
    }
    const handle = this.#decoded
    handle.export = entry
    handle.ino = ino
    handle.generation = this.#words[slot * SLOT_U32 + SLOT_GENERATION]
    return handle
  }

  #remember(slot: number, entry: Export, ino: number, generation: number): void {
    this.#inos[slot * SLOT_F64 + SLOT_INO] = ino
    this.#words[slot * SLOT_U32 + SLOT_GENERATION] = generation
    this.#entries[slot] = entry
    const bytes = this.#bytes.subarray(slot * SLOT_BYTES, slot * SLOT_BYTES + HANDLE_BYTES)
    bytes[0] = VERSION
    bytes.set(entry.service.volumeUuid, UUID_AT)
    putU32(bytes, INO_AT, Math.floor(ino / TWO_32))
    putU32(bytes, INO_AT + 4, ino % TWO_32)
    putU32(bytes, GENERATION_AT, generation)
    putU32(bytes, EXPORT_AT, entry.id)
    bytes.set(this.#mac.compute(bytes, MAC_AT), MAC_AT)
  }

  /** Whole numbers of 32 bits only: a remainder of larger ones is ten times as slow. */
  #slot(exportId: number, ino: number): number {
    return (((ino >>> 0) ^ exportId) >>> 0) % this.#slots
  }
}

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Takes as long whatever the difference: the time tells nothing of a MAC. */
function equal(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, count: number): boolean {
  let difference = 0
  for (let i = 0; i < count; i++) difference |= a[aAt + i] ^ b[bAt + i]
  return difference === 0
}
