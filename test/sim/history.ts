/**
 * What clients of all movers have seen of one file, sector by sector. Every write has a value of its own, so that a read
 * tells which write it saw; times are those of asking and of the answer.
 */

interface Write {
  readonly value: number
  readonly askedAt: number
  /** Infinite while it has not been answered: it may have happened, or happen yet. */
  answeredAt: number
}

interface Read {
  readonly write: Write
  readonly askedAt: number
  readonly answeredAt: number
}

/** A read that no order of the operations explains. */
export class Incoherence extends Error {}

/** What was there at first. */
const NOTHING: Write = { value: 0, askedAt: Number.NEGATIVE_INFINITY, answeredAt: Number.NEGATIVE_INFINITY }

/**
 * One sector as a register. A read must see a write that was asked for before the read was answered, that no other write
 * has surely replaced before the read was asked, and not an older one than an earlier read has seen.
 */
class Register {
  readonly #writes = new Map<number, Write>([[0, NOTHING]])
  #reads: Read[] = []

  /** That the write was seen tells nothing any more of what is seen later. */
  forgetReadsOf(write: Write): void {
    this.#reads = this.#reads.filter((read) => read.write !== write)
  }

  begin(write: Write): void {
    this.#writes.set(write.value, write)
  }

  read(value: number, askedAt: number, answeredAt: number): void {
    const write = this.#writes.get(value)
    if (write === undefined) throw new Incoherence(`value ${value} was never written here`)
    if (write.askedAt > answeredAt) throw new Incoherence(`value ${value} was read before it was written`)
    for (const other of this.#writes.values()) {
      if (other.askedAt > write.answeredAt && other.answeredAt < askedAt) {
        throw new Incoherence(`value ${value} was read although value ${other.value} had replaced it`)
      }
    }
    for (const earlier of this.#reads) {
      if (earlier.answeredAt < askedAt && earlier.write.askedAt > write.answeredAt) {
        throw new Incoherence(`value ${value} was read after value ${earlier.write.value}, which is newer`)
      }
    }
    this.#reads.push({ write, askedAt, answeredAt })
    if (this.#reads.length > 64) this.#reads = this.#reads.slice(32)
  }
}

/** A write of sectors that is under way. */
export interface HistoryWrite {
  readonly value: number
  /** It is acknowledged. */
  answered(): void
  /** It was acknowledged, but may be lost: until it is acknowledged again, it may be there or not. */
  unsure(): void
}

/** The history of one file. */
export class FileHistory {
  readonly #registers = new Map<number, Register>()
  #time = 0
  /** Sectors that the file has at least: what has been written and acknowledged. */
  #acknowledgedEnd = 0
  #seenEnd = 0
  #lastValue = 0

  /** Where the file ends at least, in sectors. */
  get end(): number {
    return Math.max(this.#acknowledgedEnd, this.#seenEnd)
  }

  /** The next moment: every asking and answering has its own. */
  tick(): number {
    return ++this.#time
  }

  /** A write of sectors is asked for; gives its value, and what to call with the answer. What was lost was within the size that it had before. */
  write(first: number, end: number): HistoryWrite {
    const write: Write = { value: ++this.#lastValue, askedAt: this.tick(), answeredAt: Number.POSITIVE_INFINITY }
    for (let sector = first; sector < end; sector++) this.#register(sector).begin(write)
    return {
      value: write.value,
      answered: () => {
        write.answeredAt = this.tick()
        this.#acknowledgedEnd = Math.max(this.#acknowledgedEnd, end)
      },
      unsure: () => {
        write.answeredAt = Number.POSITIVE_INFINITY
        for (let sector = first; sector < end; sector++) this.#register(sector).forgetReadsOf(write)
      },
    }
  }

  /** A read is asked for; gives what to call with the values of the sectors that it got. */
  read(first: number, end: number): (values: readonly number[], eof: boolean) => void {
    const askedAt = this.tick()
    const leastEnd = Math.max(this.#acknowledgedEnd, this.#seenEnd)
    return (values, eof) => {
      const answeredAt = this.tick()
      const reached = first + values.length
      if (reached < Math.min(end, leastEnd)) {
        throw new Incoherence(`a read from sector ${first} ends at ${reached}, although the file has ${leastEnd}`)
      }
      if (reached < end && !eof) throw new Incoherence('a short read that is not the end of the file')
      if (eof && reached < leastEnd) {
        throw new Incoherence(`sector ${reached} is said to be the end, although the file has ${leastEnd}`)
      }
      if (values.length > 0) this.#seenEnd = Math.max(this.#seenEnd, reached)
      for (const [i, value] of values.entries()) {
        try {
          this.#register(first + i).read(value, askedAt, answeredAt)
        } catch (error) {
          throw new Incoherence(`sector ${first + i}: ${(error as Error).message}`)
        }
      }
    }
  }

  #register(sector: number): Register {
    let register = this.#registers.get(sector)
    if (register === undefined) {
      register = new Register()
      this.#registers.set(sector, register)
    }
    return register
  }
}
