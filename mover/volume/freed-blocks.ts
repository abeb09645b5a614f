import type { Run } from './layout.ts'

interface Freed extends Run {
  lsn: number
  ioEpoch: number
}

/**
 * Blocks that log records have freed, until they may be used again: when their record is durable, and all I/O that began
 * before it has ended.
 */
export class FreedBlocks {
  /** So many. */
  count = 0
  readonly #reuse: (run: Run) => void
  #freed: Freed[] = []
  #ioEpoch = 0
  #ioInFlight: number[] = [0]
  #ioOldest = 0
  #waiters: (() => void)[] = []

  /** `reuse` is told which blocks may be used again. */
  constructor(reuse: (run: Run) => void) {
    this.#reuse = reuse
  }

  /** A log record with `lsn` has freed these. */
  add(start: number, length: number, lsn: number): void {
    this.#freed.push({ start, length, lsn, ioEpoch: this.#ioEpoch })
    this.count += length
    this.#ioEpoch++
    this.#ioInFlight.push(0)
  }

  /** A data I/O starts; the token goes to `ioEnd`. No block freed from now on is reused before it has ended. */
  ioBegin(): number {
    this.#ioInFlight[this.#ioEpoch - this.#ioOldest]++
    return this.#ioEpoch
  }

  ioEnd(epoch: number): void {
    this.#ioInFlight[epoch - this.#ioOldest]--
  }

  /** Lets go what was freed by records up to `durableLsn` and is out of every I/O's reach. */
  release(durableLsn: number): void {
    while (this.#ioOldest < this.#ioEpoch && this.#ioInFlight[0] === 0) {
      this.#ioInFlight.shift()
      this.#ioOldest++
    }
    let count = 0
    while (count < this.#freed.length) {
      const free = this.#freed[count]
      if (free.lsn > durableLsn || free.ioEpoch >= this.#ioOldest) break
      this.#reuse(free)
      this.count -= free.length
      count++
    }
    if (count === 0) return
    this.#freed.splice(0, count)
    this.wakeWaiters()
  }

  /** Calls `resume` once, when some may be used again. */
  onRelease(resume: () => void): void {
    this.#waiters.push(resume)
  }

  /** Runs again who waits for freed blocks: there are some, or none will come. */
  wakeWaiters(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter()
  }
}
