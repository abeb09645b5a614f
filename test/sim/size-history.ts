/** Something that has made a file at least so long, or cut it there. Times are those of asking and of the answer. */
export interface SizeChange {
  readonly size: number
  /** Where what was written begins; a truncation writes nothing. */
  readonly first: number
  readonly askedAt: number
  /** Infinite while it has not been answered, or may have been lost. */
  answeredAt: number
}

const NOTHING: SizeChange = {
  size: 0,
  first: 0,
  askedAt: Number.NEGATIVE_INFINITY,
  answeredAt: Number.NEGATIVE_INFINITY,
}

/** How long a file can be at a moment, by what its clients have asked for and been answered. */
export class SizeHistory {
  readonly #growths: SizeChange[] = [NOTHING]
  readonly #cuts: SizeChange[] = []

  /** A write, or a truncation that lengthens the file. */
  grows(change: SizeChange): void {
    this.#growths.push(change)
  }

  /** A truncation: the file has this size, whatever it had before. */
  cuts(change: SizeChange): void {
    this.grows(change)
    this.#cuts.push(change)
  }

  /** The size that the file has at least while somebody who asked at `askedAt` is answered. */
  least(askedAt: number, answeredAt = Number.POSITIVE_INFINITY): number {
    let least = 0
    for (const growth of this.#growths) {
      if (growth.size <= least || growth.answeredAt >= askedAt) continue
      const mayBeCut = this.#cuts.some(
        (cut) => cut.size < growth.size && cut.askedAt < answeredAt && cut.answeredAt > growth.askedAt,
      )
      if (!mayBeCut) least = growth.size
    }
    return least
  }

  /** True when the file can be so long for who asked and was answered then; by what has not written from `written` on. */
  canReach(size: number, askedAt: number, answeredAt: number, written = Number.NEGATIVE_INFINITY): boolean {
    return this.#growths.some((growth) => {
      if (growth.size < size || growth.askedAt >= answeredAt || growth.first <= written) return false
      return !this.#cuts.some((cut) => cut.size < size && cut.askedAt > growth.answeredAt && cut.answeredAt < askedAt)
    })
  }
}
