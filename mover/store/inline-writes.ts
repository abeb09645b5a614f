/** A write that takes no longer than this is cheaper done at once than handed to a thread and back. */
const QUICK_US = 60
/** A longer one counts as this: that the process was not running for a while says nothing of the medium. */
const LONGEST_SAMPLE_US = 2 * QUICK_US
/** Longer writes are the business of threads, however quick the medium. */
const MOST_BYTES = 65_536
/** Lone writes between two trials of a medium that was not quick; doubled after each failed trial up to the limit. */
const FIRST_PAUSE = 16
const LONGEST_PAUSE = 65_536
/** Weight of the newest sample, in 1/8. */
const SAMPLE_SHARE = 1 / 8

/**
 * Decides whether a lone durable write is done in the event loop: on a medium that takes some microseconds (memory, a
 * battery-backed cache) the way through a thread costs ten times the write. Learns from the writes that it allowed; a slow
 * medium is tried ever more rarely. Pure: times are passed in.
 */
export class InlineWrites {
  #isQuick = false
  #meanUs = 0
  #pause = FIRST_PAUSE
  #left = FIRST_PAUSE

  /** True when the next write, of `byteCount` bytes, should be done at once. Counts as one lone write. */
  shouldTry(byteCount: number): boolean {
    if (byteCount > MOST_BYTES) return false
    if (this.#isQuick) return true
    this.#left -= 1
    if (this.#left > 0) return false
    this.#left = this.#pause
    return true
  }

  /** A write that was tried took `us` microseconds. */
  took(us: number): void {
    const sampleUs = Math.min(us, LONGEST_SAMPLE_US)
    this.#meanUs = this.#isQuick ? this.#meanUs + (sampleUs - this.#meanUs) * SAMPLE_SHARE : sampleUs
    const quick = this.#meanUs <= QUICK_US
    if (!quick) {
      this.#pause = this.#isQuick ? FIRST_PAUSE : Math.min(this.#pause * 2, LONGEST_PAUSE)
      this.#left = this.#pause
    }
    this.#isQuick = quick
  }
}
