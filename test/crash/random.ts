/** A seeded generator (sfc32, 128 bits of state): the same seed gives the same sequence everywhere. */
export class Random {
  private a: number
  private b: number
  private c: number
  private counter = 1

  constructor(seed: number) {
    this.a = seed >>> 0
    this.b = Math.floor(seed / 2 ** 32) >>> 0
    this.c = 0x9e3779b9
    for (let i = 0; i < 12; i++) this.u32()
  }

  /** 0 to 2^32 - 1. */
  u32(): number {
    const sum = (this.a + this.b + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** A whole number from 0 to `bound` - 1; `bound` at most 2^32. */
  below(bound: number): number {
    return Math.floor((this.u32() / 2 ** 32) * bound)
  }

  /** From 0 (included) to 1 (not). */
  float(): number {
    return this.u32() / 2 ** 32
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.u32() < probability * 2 ** 32
  }

  /** One element of a list that is not empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.u32() >>> 24
  }

  /** A new generator whose sequence does not depend on how far this one is used afterwards. */
  fork(): Random {
    return new Random(this.u32() * 2 ** 20 + (this.u32() >>> 12))
  }
}
