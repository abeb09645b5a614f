/** Bytes of a SipHash key, and of the tag. */
export const SIPHASH_KEY_BYTES = 16
export const SIPHASH_TAG_BYTES = 16

const BLOCK_ROUNDS = 2
const FINAL_ROUNDS = 4

/**
 * SipHash-2-4 with a tag of 128 bits (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a keyed hash for
 * short inputs, where a call of a general HMAC costs ten times the hash. Reused; the state's words are pairs of 32 bits,
 * low half first.
 */
export class SipHash {
  /** The tag of the last `compute`. */
  readonly tag = new Uint8Array(SIPHASH_TAG_BYTES)
  readonly #initial = new Int32Array(8)
  readonly #state = new Int32Array(8)

  constructor(key: Uint8Array) {
    if (key.length !== SIPHASH_KEY_BYTES) throw new RangeError(`a SipHash key of ${key.length} bytes`)
    const [k0l, k0h, k1l, k1h] = [0, 4, 8, 12].map((at) => word(key, at))
    this.#initial.set([
      k0l ^ 0x70736575,
      k0h ^ 0x736f6d65,
      // 0xee tells the variant of 128 bits.
      k1l ^ 0x6e646f6d ^ 0xee,
      k1h ^ 0x646f7261,
      k0l ^ 0x6e657261,
      k0h ^ 0x6c796765,
      k1l ^ 0x79746573,
      k1h ^ 0x74656462,
    ])
  }

  /** Computes the tag of the first `length` bytes. */
  compute(bytes: Uint8Array, length: number): Uint8Array {
    const s = this.#state
    s.set(this.#initial)
    let at = 0
    for (; at + 8 <= length; at += 8) absorb(s, word(bytes, at), word(bytes, at + 4))
    let low = 0
    let high = length << 24
    for (let i = at; i < length; i++) {
      if (i - at < 4) low |= bytes[i] << (8 * (i - at))
      else high |= bytes[i] << (8 * (i - at - 4))
    }
    absorb(s, low, high)
    s[4] ^= 0xee
    rounds(s, FINAL_ROUNDS)
    this.#emit(0)
    s[2] ^= 0xdd
    rounds(s, FINAL_ROUNDS)
    this.#emit(8)
    return this.tag
  }

  #emit(at: number): void {
    const s = this.#state
    const low = s[0] ^ s[2] ^ s[4] ^ s[6]
    const high = s[1] ^ s[3] ^ s[5] ^ s[7]
    for (let i = 0; i < 4; i++) {
      this.tag[at + i] = low >>> (8 * i)
      this.tag[at + 4 + i] = high >>> (8 * i)
    }
  }
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
}

function absorb(s: Int32Array, low: number, high: number): void {
  s[6] ^= low
  s[7] ^= high
  rounds(s, BLOCK_ROUNDS)
  s[0] ^= low
  s[1] ^= high
}

/** `count` SipRounds: additions, rotations and exclusive ors of 64 bits, in halves. */
function rounds(s: Int32Array, count: number): void {
  let [l0, h0, l1, h1, l2, h2, l3, h3] = [s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]]
  for (let i = 0; i < count; i++) {
    // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
    let sum = (l0 + l1) | 0
    h0 = (h0 + h1 + (sum >>> 0 < l0 >>> 0 ? 1 : 0)) | 0
    l0 = sum
    let turned = (l1 << 13) | (h1 >>> 19)
    h1 = ((h1 << 13) | (l1 >>> 19)) ^ h0
    l1 = turned ^ l0
    turned = l0
    l0 = h0
    h0 = turned
    // v2 += v3; v3 <<<= 16; v3 ^= v2
    sum = (l2 + l3) | 0
    h2 = (h2 + h3 + (sum >>> 0 < l2 >>> 0 ? 1 : 0)) | 0
    l2 = sum
    turned = (l3 << 16) | (h3 >>> 16)
    h3 = ((h3 << 16) | (l3 >>> 16)) ^ h2
    l3 = turned ^ l2
    // v0 += v3; v3 <<<= 21; v3 ^= v0
    sum = (l0 + l3) | 0
    h0 = (h0 + h3 + (sum >>> 0 < l0 >>> 0 ? 1 : 0)) | 0
    l0 = sum
    turned = (l3 << 21) | (h3 >>> 11)
    h3 = ((h3 << 21) | (l3 >>> 11)) ^ h0
    l3 = turned ^ l0
    // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
    sum = (l2 + l1) | 0
    h2 = (h2 + h1 + (sum >>> 0 < l2 >>> 0 ? 1 : 0)) | 0
    l2 = sum
    turned = (l1 << 17) | (h1 >>> 15)
    h1 = ((h1 << 17) | (l1 >>> 15)) ^ h2
    l1 = turned ^ l2
    turned = l2
    l2 = h2
    h2 = turned
  }
  s[0] = l0
  s[1] = h0
  s[2] = l1
  s[3] = h1
  s[4] = l2
  s[5] = h2
  s[6] = l3
  s[7] = h3
}
