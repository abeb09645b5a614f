import { foldCodePoint } from './fold-table.ts'

/** Version of the fold table and of the hashes below; the superblock carries it. */
export const NAME_FOLD_VERSION = 1

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193
const decoder = new TextDecoder('utf-8', { fatal: true })

/** The two hashes of the name index; a reused object. */
export interface NameHash {
  /** Hash of the case-folded name. */
  folded: number
  /** Hash of the bytes. */
  exact: number
}

/** Hashes a name (raw bytes) into `out`. Names that are not UTF-8 fold their ASCII letters only. */
export function hashName(name: Uint8Array, out: NameHash): NameHash {
  let exact = FNV_OFFSET
  let folded = FNV_OFFSET
  let ascii = true
  for (let i = 0; i < name.length; i++) {
    const byte = name[i]
    if (byte >= 0x80) ascii = false
    exact = Math.imul(exact ^ byte, FNV_PRIME)
    folded = Math.imul(folded ^ (byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte), FNV_PRIME)
  }
  out.exact = finish(exact)
  out.folded = ascii ? finish(folded) : hashFolded(name, folded)
  return out
}

function hashFolded(name: Uint8Array, asciiOnly: number): number {
  let text: string
  try {
    text = decoder.decode(name)
  } catch {
    return finish(asciiOnly)
  }
  let hash = FNV_OFFSET
  for (const character of text) {
    let point = foldCodePoint(character.codePointAt(0) as number)
    do {
      hash = Math.imul(hash ^ (point & 0xff), FNV_PRIME)
      point >>>= 8
    } while (point > 0)
  }
  return finish(hash)
}

/** FNV's low bits mix poorly; the index sorts by the whole word. */
function finish(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  return h >>> 0
}

/** True when two names are the same bytes. */
export function sameName(a: Uint8Array, b: Uint8Array, bOffset: number, bLength: number): boolean {
  if (a.length !== bLength) return false
  for (let i = 0; i < bLength; i++) if (a[i] !== b[bOffset + i]) return false
  return true
}
