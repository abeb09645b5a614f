/** A write of sectors, half-open, with the times of its asking and of its answer. */
export interface SectorWrite {
  readonly value: number
  readonly first: number
  readonly size: number
  readonly askedAt: number
  readonly answeredAt: number
}

/**
 * Writes of one file of which each read must see all or nothing, in the sectors that it reads. This holds where nothing is
 * lost, cut off or sent again.
 */
export class WholeWrites {
  readonly #writes = new Map<number, SectorWrite>()

  begin(write: SectorWrite): void {
    this.#writes.set(write.value, write)
  }

  /** A read of sectors has seen these values, and then the end of the file: what is wrong with them together, or null. */
  torn(first: number, end: number, values: readonly number[]): string | null {
    for (const value of new Set(values)) {
      const write = this.#writes.get(value)
      if (write === undefined) continue
      for (let sector = Math.max(write.first, first); sector < Math.min(write.size, end); sector++) {
        const other = values[sector - first]
        if (other === value || this.#mayFollow(other, write, first, values)) continue
        const what = other === undefined ? 'the end of the file' : `value ${other}`
        return `sector ${sector}: ${what} was read together with a part of value ${value}`
      }
    }
    return null
  }

  /** What was read beside `write`, in a sector that this wrote too, can be of a write that came after it. */
  #mayFollow(value: number | undefined, write: SectorWrite, first: number, values: readonly number[]): boolean {
    const other = value === undefined ? undefined : this.#writes.get(value)
    if (other === undefined || other.answeredAt < write.askedAt) return false
    // It would have replaced the other one wherever both have written.
    for (let sector = Math.max(other.first, first); sector < other.size; sector++) {
      if (values[sector - first] === write.value) return false
    }
    return true
  }
}
