import { Incoherence } from './history.ts'

/** What a reply shows of an object. */
export interface Shown {
  /** Nanoseconds. */
  ctime: bigint
  size: number
  nlink: number
}

const KEPT = 200

/**
 * The attributes of one object, as replies of all movers have shown them: what is asked for later never shows an older state,
 * each change shows, and one time of change is one state.
 */
export class AttributeHistory {
  readonly #name: string
  #shown: { ctime: bigint; answeredAt: number; by: string }[] = []
  #changes: { askedAt: number; answeredAt: number }[] = []
  readonly #states = new Map<bigint, { state: string; by: string }>()

  constructor(name: string) {
    this.#name = name
  }

  /** A change was asked for and has been acknowledged. */
  changed(askedAt: number, answeredAt: number): void {
    this.#changes.push({ askedAt, answeredAt })
    if (this.#changes.length > KEPT) this.#changes = this.#changes.slice(KEPT / 2)
  }

  /** `by` says who has shown it, for people. */
  shown({ ctime, size, nlink }: Shown, by: string, askedAt: number, answeredAt: number): void {
    for (const earlier of this.#shown) {
      if (earlier.answeredAt >= askedAt) continue
      if (earlier.ctime > ctime)
        throw new Incoherence(`${this.#name}: ctime ${ctime} (${by}) after ${earlier.ctime} (${earlier.by})`)
      if (earlier.ctime < ctime) continue
      for (const change of this.#changes) {
        if (change.askedAt > earlier.answeredAt && change.answeredAt < askedAt) {
          throw new Incoherence(`${this.#name}: ctime ${ctime} both before (${earlier.by}) and after (${by}) a change`)
        }
      }
    }
    const state = `size ${size}, nlink ${nlink}`
    const known = this.#states.get(ctime)
    if (known !== undefined && known.state !== state) {
      throw new Incoherence(`${this.#name}: ctime ${ctime} is ${known.state} (${known.by}) and ${state} (${by})`)
    }
    this.#states.set(ctime, { state, by })
    this.#shown.push({ ctime, answeredAt, by })
    if (this.#shown.length > KEPT) this.#shown = this.#shown.slice(KEPT / 2)
  }
}
