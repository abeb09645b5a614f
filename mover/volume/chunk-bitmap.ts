/** Bit operations on a chunk's bitmap: 32-bit words, bit b of the chunk is bit b%32 of word b/32. 1 is in use. */

/** True when `bit` is set. */
export function testBit(words: Uint32Array, bit: number): boolean {
  return (words[bit >>> 5] & (1 << (bit & 31))) !== 0
}

/** Sets `count` bits from `bit`; returns how many of them were clear. */
export function setBits(words: Uint32Array, bit: number, count: number): number {
  let changed = 0
  for (let b = bit; b < bit + count; b++) {
    const mask = 1 << (b & 31)
    if ((words[b >>> 5] & mask) === 0) {
      words[b >>> 5] |= mask
      changed++
    }
  }
  return changed
}

/** Clears `count` bits from `bit`; returns how many of them were set. */
export function clearBits(words: Uint32Array, bit: number, count: number): number {
  let changed = 0
  for (let b = bit; b < bit + count; b++) {
    const mask = 1 << (b & 31)
    if ((words[b >>> 5] & mask) !== 0) {
      words[b >>> 5] &= ~mask
      changed++
    }
  }
  return changed
}

/** First clear bit in [from, end), or -1. */
export function firstClear(words: Uint32Array, from: number, end: number): number {
  let bit = from
  while (bit < end) {
    const word = words[bit >>> 5] >>> (bit & 31)
    const inverted = ~word >>> 0
    const left = 32 - (bit & 31)
    if (inverted !== 0) {
      const skip = 31 - Math.clz32(inverted & -inverted)
      if (skip < left) return bit + skip < end ? bit + skip : -1
    }
    bit += left
  }
  return -1
}

/** Length of the clear run that starts at `from`, at most `max`. */
export function clearRun(words: Uint32Array, from: number, end: number, max: number): number {
  const stop = Math.min(end, from + max)
  let bit = from
  while (bit < stop) {
    const word = words[bit >>> 5] >>> (bit & 31)
    const left = 32 - (bit & 31)
    if (word !== 0) {
      const skip = 31 - Math.clz32(word & -word)
      if (skip < left) return Math.min(bit + skip, stop) - from
    }
    bit += left
  }
  return stop - from
}

/** How many bits of [from, end) are set. */
export function countSet(words: Uint32Array, from: number, end: number): number {
  let count = 0
  for (let bit = from; bit < end; ) {
    const next = Math.min(end, (bit & ~31) + 32)
    const unwanted = 32 - (next - bit)
    // The bits from `bit` to `next`, at the top of a word.
    count += setInWord(((words[bit >>> 5] >>> (bit & 31)) << unwanted) >>> 0)
    bit = next
  }
  return count
}

function setInWord(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555)
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}
