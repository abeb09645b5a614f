/** Words of a key. */
export const KEY_WORDS = 6

/**
 * A tree key: 24 bytes as six unsigned 32-bit words, the most significant first. Keys compare word by word. The key of
 * all ones is no record's: it stands for infinity in the bounds of nodes.
 */
export class Key {
  readonly words = new Uint32Array(KEY_WORDS)

  /** Sets all six words (each taken modulo 2^32). */
  set(w0: number, w1: number, w2: number, w3: number, w4: number, w5: number): this {
    const words = this.words
    words[0] = w0
    words[1] = w1
    words[2] = w2
    words[3] = w3
    words[4] = w4
    words[5] = w5
    return this
  }

  copyFrom(other: Key): this {
    this.words.set(other.words)
    return this
  }

  /** Takes the six words of `source` that start at `at`. */
  load(source: Uint32Array, at: number): this {
    const words = this.words
    for (let i = 0; i < KEY_WORDS; i++) words[i] = source[at + i]
    return this
  }

  /** Negative, zero or positive as this key is below, equal to or above `other`. */
  compare(other: Key): number {
    return compareWords(this.words, 0, other.words, 0)
  }

  /** True for the key of all ones, which no record may have. */
  get isInfinite(): boolean {
    const words = this.words
    for (let i = 0; i < KEY_WORDS; i++) if (words[i] !== 0xffffffff) return false
    return true
  }

  /** The words in hexadecimal, for messages. */
  toString(): string {
    return formatKey(this.words, 0)
  }
}

/** Compares the key at `a[aAt]` with the key at `b[bAt]`: negative, zero or positive. */
export function compareWords(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number): number {
  for (let i = 0; i < KEY_WORDS; i++) {
    const left = a[aAt + i]
    const right = b[bAt + i]
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

/** The key at `words[at]` in hexadecimal, for messages. */
export function formatKey(words: Uint32Array, at: number): string {
  const parts: string[] = []
  for (let i = 0; i < KEY_WORDS; i++) parts.push(words[at + i].toString(16).padStart(8, '0'))
  return parts.join('.')
}
