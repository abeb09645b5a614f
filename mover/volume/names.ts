import { foldCodePoint } from './fold-table.ts'
import { halfSipHash } from './half-siphash.ts'
import { MAX_VALUE_BYTES } from './tree/node-layout.ts'

/** Version of the fold table and of the hashes below; the superblock carries it. */
export const NAME_FOLD_VERSION = 2
/** Bytes of a volume's secret: a key of 64 bits for each of the two hashes. */
export const NAME_SECRET_BYTES = 16

/** A letter takes half as much again when it is folded, at most. */
const MAX_FOLDED_BYTES = 2 * MAX_VALUE_BYTES
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/**
 * The two hashes of the name index, keyed by a secret of the volume: a client who could choose names of the same hashes
 * would have every search for one of them walk through all. Reused: it holds the hashes of the last name.
 */
export class NameHasher {
  /** Hash of the case-folded name. */
  folded = 0
  /** Hash of the bytes. */
  exact = 0
  readonly #key: Int32Array
  readonly #foldedName = new Uint8Array(MAX_FOLDED_BYTES)

  constructor(secret: Uint8Array) {
    if (secret.length !== NAME_SECRET_BYTES) throw new RangeError(`a secret of ${secret.length} bytes for names`)
    const view = new DataView(secret.buffer, secret.byteOffset)
    this.#key = Int32Array.from([0, 4, 8, 12], (at) => view.getInt32(at, true))
  }

  /** Hashes a name (raw bytes). Names that are not UTF-8 fold their ASCII letters only. */
  hash(name: Uint8Array): this {
    const key = this.#key
    this.folded = halfSipHash(key[0], key[1], this.#foldedName, this.#fold(name))
    this.exact = halfSipHash(key[2], key[3], name, name.length)
    return this
  }

  /** Leaves the folded name in `#foldedName`; returns its length. */
  #fold(name: Uint8Array): number {
    const folded = this.#foldedName
    let ascii = true
    for (let i = 0; i < name.length; i++) {
      const byte = name[i]
      if (byte >= 0x80) ascii = false
      folded[i] = byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte
    }
    if (ascii) return name.length
    let text: string
    try {
      text = decoder.decode(name)
    } catch {
      return name.length
    }
    let foldedText = ''
    for (const character of text) foldedText += String.fromCodePoint(foldCodePoint(character.codePointAt(0) as number))
    return encoder.encodeInto(foldedText, folded).written
  }
}

/** True when two names are the same bytes. */
export function sameName(a: Uint8Array, b: Uint8Array, bOffset: number, bLength: number): boolean {
  if (a.length !== bLength) return false
  for (let i = 0; i < bLength; i++) if (a[i] !== b[bOffset + i]) return false
  return true
}
