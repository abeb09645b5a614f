/**
 * What clients of all movers have seen of one file, sector by sector. Every write has a value of its own, so that a read
 * tells which write it saw; times are those of asking and of the answer.
 */
import { type SizeChange, SizeHistory } from './size-history.ts'
import { WholeWrites } from './whole-writes.ts'

interface Write {
  readonly value: number
  readonly askedAt: number
  /** Infinite while it has not been answered: it may have happened, or happen yet. */
  answeredAt: number
  /** It may be lost yet, also when it is seen. */
  isUnsure: boolean
}

interface Read {
  readonly write: Write
  readonly askedAt: number
  readonly answeredAt: number
}

/** A read that no order of the operations explains. */
export class Incoherence extends Error {}

/** Behind all sectors. */
const NOWHERE = Number.POSITIVE_INFINITY
/** What was there at first. */
const NOTHING: Write = {
  value: 0,
  askedAt: Number.NEGATIVE_INFINITY,
  answeredAt: Number.NEGATIVE_INFINITY,
  isUnsure: false,
}

/**
 * One sector as a register. A read must see a write that was asked for before the read was answered, that no other write
 * has surely replaced before the read was asked, and not an older one than an earlier read has seen.
 */
class Register {
  readonly #writes: Write[] = [NOTHING]
  #reads: Read[] = []

  /** That the write was seen tells nothing any more of what is seen later. */
  forgetReadsOf(write: Write): void {
    this.#reads = this.#reads.filter((read) => read.write !== write)
  }

  begin(write: Write): void {
    this.#writes.push(write)
  }

  read(value: number, askedAt: number, answeredAt: number): void {
    // Only zeros are written more than once: by truncations.
    const candidates = this.#writes.filter((write) => write.value === value)
    if (candidates.length === 0) throw new Incoherence(`value ${value} was never written here`)
    const objections = candidates.map((write) => this.#objection(write, askedAt, answeredAt))
    if (!objections.includes(null)) throw new Incoherence(`value ${value} was read ${objections.at(-1)}`)
    const [write] = candidates as [Write]
    if (candidates.length > 1 || write.isUnsure) return
    this.#reads.push({ write, askedAt, answeredAt })
    if (this.#reads.length > 64) this.#reads = this.#reads.slice(32)
  }

  /** Why a read cannot have seen the write, in words that follow "was read"; null: it can. */
  #objection(write: Write, askedAt: number, answeredAt: number): string | null {
    if (write.askedAt > answeredAt) return 'before it was written'
    for (const other of this.#writes) {
      if (other.askedAt > write.answeredAt && other.answeredAt < askedAt) {
        return `although value ${other.value} had replaced it`
      }
    }
    for (const earlier of this.#reads) {
      if (earlier.answeredAt < askedAt && earlier.write.askedAt > write.answeredAt) {
        return `after value ${earlier.write.value}, which is newer`
      }
    }
    return null
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
  readonly #registers: Register[] = []
  #sizes = new SizeHistory()
  /** What reads have seen of its size: worth nothing when something may have been lost. */
  #seen = new SizeHistory()
  readonly #cuts: (Write & SizeChange)[] = []
  /** Writes that may be lost yet. */
  readonly #unsure = new Set<SizeChange>()
  readonly #whole: WholeWrites | null
  #time = 0
  #lastValue = 0

  /** `isWhole`: a read sees each write whole or not at all, since nothing is lost, cut off or sent again. */
  constructor({ isWhole } = { isWhole: false }) {
    this.#whole = isWhole ? new WholeWrites() : null
  }

  /** Where the file ends at least, in sectors. */
  get end(): number {
    return this.#least(this.#time + 1)
  }

  /** The next moment: every asking and answering has its own. */
  tick(): number {
    return ++this.#time
  }

  /** A write of sectors is asked for; gives its value, and what to call with the answer. */
  write(first: number, end: number): HistoryWrite {
    const value = ++this.#lastValue
    const write = {
      value,
      first,
      size: end,
      askedAt: this.tick(),
      answeredAt: Number.POSITIVE_INFINITY,
      isUnsure: false,
    }
    for (let sector = first; sector < end; sector++) this.#register(sector).begin(write)
    this.#sizes.grows(write)
    this.#whole?.begin(write)
    return {
      value,
      answered: () => {
        write.answeredAt = this.tick()
        write.isUnsure = false
        this.#unsure.delete(write)
      },
      unsure: () => {
        write.answeredAt = Number.POSITIVE_INFINITY
        write.isUnsure = true
        this.#unsure.add(write)
        this.#seen = new SizeHistory()
        for (const change of this.#cuts) this.#seen.cuts(change)
        for (let sector = first; sector < end; sector++) this.#register(sector).forgetReadsOf(write)
      },
    }
  }

  /** The file is to end at a sector; gives what to call with the answer. What was behind it reads as zeros from then on. */
  truncate(size: number): () => void {
    const askedAt = this.tick()
    const change = { value: 0, first: NOWHERE, size, askedAt, answeredAt: Number.POSITIVE_INFINITY, isUnsure: false }
    this.#cuts.push(change)
    for (const register of this.#registers.slice(size)) register.begin(change)
    this.#sizes.cuts(change)
    this.#seen.cuts(change)
    return () => {
      change.answeredAt = this.tick()
    }
  }

  /** A read is asked for; gives what to call with the values of the sectors that it got. */
  read(first: number, end: number): (values: readonly number[], eof: boolean) => void {
    const askedAt = this.tick()
    return (values, eof) => {
      const answeredAt = this.tick()
      const reached = first + values.length
      const least = this.#least(askedAt, answeredAt)
      if (reached < Math.min(end, least)) {
        throw new Incoherence(`a read from sector ${first} ends at ${reached}, although the file has ${least}`)
      }
      if (reached < end && !eof) throw new Incoherence('a short read that is not the end of the file')
      if (eof && reached < least) {
        throw new Incoherence(`sector ${reached} is said to be the end, although the file has ${least}`)
      }
      if (values.length > 0) this.#reached(reached, askedAt, answeredAt)
      for (const [i, value] of values.entries()) {
        try {
          if (value === 0) this.#hole(first + i, askedAt, answeredAt)
          this.#register(first + i).read(value, askedAt, answeredAt)
        } catch (error) {
          throw new Incoherence(`sector ${first + i}: ${(error as Error).message}`)
        }
      }
      const torn = this.#whole?.torn(first, end, values) ?? null
      if (torn !== null) throw new Incoherence(torn)
    }
  }

  /** The size is asked for; gives what to call with the answer, in sectors. */
  look(): (size: number) => void {
    const askedAt = this.tick()
    return (size) => {
      const answeredAt = this.tick()
      const least = this.#least(askedAt, answeredAt)
      if (size < least) throw new Incoherence(`the size is said to be ${size}, although the file has ${least}`)
      this.#reached(size, askedAt, answeredAt)
    }
  }

  /** The file had so many sectors. */
  #reached(size: number, askedAt: number, answeredAt: number): void {
    if (!this.#sizes.canReach(size, askedAt, answeredAt)) {
      throw new Incoherence(`the file is seen to have ${size} sectors, which it cannot have`)
    }
    for (const write of this.#unsure) if (write.size >= size) return
    if (size > this.#seen.least(askedAt)) this.#seen.grows({ size, first: NOWHERE, askedAt, answeredAt })
  }

  /** A sector is there, though nothing is in it: something must have lengthened the file without writing it. */
  #hole(sector: number, askedAt: number, answeredAt: number): void {
    if (this.#sizes.canReach(sector + 1, askedAt, answeredAt, sector)) return
    throw new Incoherence('it is empty, although the file can only be so long because it was written')
  }

  #least(askedAt: number, answeredAt = Number.POSITIVE_INFINITY): number {
    return Math.max(this.#sizes.least(askedAt, answeredAt), this.#seen.least(askedAt, answeredAt))
  }

  #register(sector: number): Register {
    while (this.#registers.length <= sector) {
      const register = new Register()
      for (const change of this.#cuts) if (this.#registers.length >= change.size) register.begin(change)
      this.#registers.push(register)
    }
    return this.#registers[sector] as Register
  }
}
