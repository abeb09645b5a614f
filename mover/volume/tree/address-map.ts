/**
 * Block number -> slot, by open addressing on typed arrays: no object per entry. Sized once for `capacity` entries at
 * a load of at most one half; deletion shifts back, so there are no tombstones to clean.
 */
export class AddressMap {
  /** Block number, 0 where empty. */
  readonly #keys: Float64Array
  readonly #slots: Int32Array
  readonly #mask: number
  readonly #shift: number
  #size = 0

  constructor(capacity: number) {
    let bits = 4
    while (2 ** bits < capacity * 2) bits += 1
    this.#keys = new Float64Array(2 ** bits)
    this.#slots = new Int32Array(2 ** bits)
    this.#mask = 2 ** bits - 1
    this.#shift = 32 - bits
  }

  get size(): number {
    return this.#size
  }

  /** The slot of `address`, or -1. */
  get(address: number): number {
    const keys = this.#keys
    const mask = this.#mask
    let at = Math.imul(address, 0x9e3779b1) >>> this.#shift
    for (;;) {
      const key = keys[at]
      if (key === address) return this.#slots[at]
      if (key === 0) return -1
      at = (at + 1) & mask
    }
  }

  /** Adds `address`, which must not be there yet. */
  add(address: number, slot: number): void {
    const keys = this.#keys
    const mask = this.#mask
    if (this.#size > mask >>> 1) throw new RangeError('the address map is full')
    let at = Math.imul(address, 0x9e3779b1) >>> this.#shift
    while (keys[at] !== 0) {
      if (keys[at] === address) throw new Error(`block ${address} is in the address map already`)
      at = (at + 1) & mask
    }
    keys[at] = address
    this.#slots[at] = slot
    this.#size += 1
  }

  /** Removes `address`, which must be there. */
  delete(address: number): void {
    const keys = this.#keys
    const slots = this.#slots
    const mask = this.#mask
    let hole = Math.imul(address, 0x9e3779b1) >>> this.#shift
    while (keys[hole] !== address) {
      if (keys[hole] === 0) throw new Error(`block ${address} is not in the address map`)
      hole = (hole + 1) & mask
    }
    let at = hole
    for (;;) {
      at = (at + 1) & mask
      const key = keys[at]
      if (key === 0) break
      const home = Math.imul(key, 0x9e3779b1) >>> this.#shift
      // An entry may fill the hole only if its home does not lie behind the hole.
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        keys[hole] = key
        slots[hole] = slots[at]
        hole = at
      }
    }
    keys[hole] = 0
    this.#size -= 1
  }
}
