/**
 * HalfSipHash-2-4 with a tag of 32 bits (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, and its
 * reference implementation): for who does not know the key, inputs of the same hash are not to be found but by chance.
 * Of the first `length` bytes, under the key of two 32-bit words, low word first.
 */
export function halfSipHash(keyLow: number, keyHigh: number, bytes: Uint8Array, length: number): number {
  let v0 = keyLow | 0
  let v1 = keyHigh | 0
  let v2 = keyLow ^ 0x6c796765
  let v3 = keyHigh ^ 0x74656462
  const whole = length >>> 2
  // A word more holds the rest and the length. The four final rounds are those of two words more, which are zero.
  for (let i = 0; i < whole + 3; i++) {
    let word = 0
    if (i < whole) {
      const at = i * 4
      word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    } else if (i === whole) {
      word = length << 24
      for (let at = whole * 4; at < length; at++) word |= bytes[at] << (8 * (at & 3))
    } else if (i === whole + 1) {
      v2 ^= 0xff
    }
    v3 ^= word
    for (let round = 0; round < 2; round++) {
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    v0 ^= word
  }
  return (v1 ^ v3) >>> 0
}
