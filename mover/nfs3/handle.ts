import { hash } from 'node:crypto'
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

const LEAST_KEY_BYTES = 16
const DEFAULT_SLOTS = 32768
const TWO_32 = 4294967296

/** What a genuine handle names. */
export interface Handle {
  readonly bytes: Uint8Array
  readonly export: Export
  readonly ino: number
  readonly generation: number
}

/**
 * Makes and checks file handles. Both remember what they have worked out in one table of `slots` places, chosen by
 * inode number, so that a request on a file in use computes no MAC.
 */
export class HandleCodec {
  readonly #exports: ExportTable
  readonly #slots: (Handle | undefined)[]
  readonly #mac: SipHash

  /** `key`: 16 random bytes or more, the same on every mover. */
  constructor(key: Uint8Array, exports: ExportTable, slots: number = DEFAULT_SLOTS) {
    if (key.length < LEAST_KEY_BYTES) throw new RangeError(`handle key of ${key.length} bytes`)
    this.#exports = exports
    this.#slots = new Array(slots).fill(undefined)
    this.#mac = new SipHash(hash('sha256', key, 'buffer').subarray(0, SIPHASH_KEY_BYTES))
  }

  /** The handle of an inode as seen through an export. The bytes are shared: nobody may change them. */
  encode(entry: Export, ino: number, generation: number): Uint8Array {
    const slot = this.#slot(entry.id, ino)
    const known = this.#slots[slot]
    if (known !== undefined && known.ino === ino && known.generation === generation && known.export === entry) {
      return known.bytes
    }
    const bytes = new Uint8Array(HANDLE_BYTES)
    bytes[0] = VERSION
    copy(bytes, UUID_AT, entry.service.volumeUuid, UUID_BYTES)
    putU32(bytes, INO_AT, Math.floor(ino / TWO_32))
    putU32(bytes, INO_AT + 4, ino % TWO_32)
    putU32(bytes, GENERATION_AT, generation)
    putU32(bytes, EXPORT_AT, entry.id)
    copy(bytes, MAC_AT, this.#mac.compute(bytes, MAC_AT), MAC_BYTES)
    this.#slots[slot] = { bytes, export: entry, ino, generation }
    return bytes
  }

  /**
   * What a handle names: BADHANDLE when it was not made by `encode` under this key, STALE when its export is not there
   * any more or shows another volume now.
   */
  decode(bytes: Uint8Array): Handle | 'BADHANDLE' | 'STALE' {
    if (bytes.length !== HANDLE_BYTES || bytes[0] !== VERSION) return 'BADHANDLE'
    const ino = u32(bytes, INO_AT) * TWO_32 + u32(bytes, INO_AT + 4)
    const exportId = u32(bytes, EXPORT_AT)
    const slot = this.#slot(exportId, ino)
    const known = this.#slots[slot]
    if (known !== undefined && equal(known.bytes, bytes, 0, HANDLE_BYTES)) {
      if (this.#exports.byId(exportId) === known.export) return known
    } else if (!equal(this.#mac.compute(bytes, MAC_AT), bytes.subarray(MAC_AT), 0, MAC_BYTES)) return 'BADHANDLE'

    const entry = this.#exports.byId(exportId)
    if (entry === undefined || !equal(entry.service.volumeUuid, bytes.subarray(UUID_AT), 0, UUID_BYTES)) return 'STALE'
    const handle = { bytes: bytes.slice(), export: entry, ino, generation: u32(bytes, GENERATION_AT) }
    this.#slots[slot] = handle
    return handle
  }

  /** Whole numbers of 32 bits only: a remainder of larger ones is ten times as slow. */
  #slot(exportId: number, ino: number): number {
    return (((ino >>> 0) ^ exportId) >>> 0) % this.#slots.length
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

/** A loop: for so few bytes a call of `set` costs more. */
function copy(to: Uint8Array, at: number, from: Uint8Array, count: number): void {
  for (let i = 0; i < count; i++) to[at + i] = from[i]
}

/** Takes as long whatever the difference: the time tells nothing of a MAC. */
function equal(a: Uint8Array, b: Uint8Array, start: number, end: number): boolean {
  let difference = 0
  for (let i = start; i < end; i++) difference |= a[i] ^ b[i]
  return difference === 0
}
