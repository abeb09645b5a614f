import { Incoherence } from './history.ts'

/** A file's attributes as a reply shows them, and the answer to what they name. */
export interface Named {
  change: number
  /** Nanoseconds. */
  ctime: bigint
  size: number
}

/** Which contents a file's change numbers and times of change have been seen to name: each names one. */
export class ContentNames {
  readonly #byChange = new Map<number, string>()
  readonly #byTime = new Map<bigint, string>()
  #last: { change: number; ctime: bigint; answeredAt: number } | null = null

  /** The content was read between two looks that have shown the same. */
  named({ change, ctime, size }: Named, values: readonly number[]): void {
    const content = `${size} bytes, ${values}`
    for (const [what, known] of [
      [`change number ${change}`, put(this.#byChange, change, content)],
      [`ctime ${ctime}`, put(this.#byTime, ctime, content)],
    ]) {
      if (known !== content) throw new Incoherence(`${what} names\n  ${known} and\n  ${content}`)
    }
  }

  /** Who has looked; what is asked for after an answer never shows less. */
  shown({ change, ctime }: Named, askedAt: number, answeredAt: number): void {
    const last = this.#last
    if (last !== null && last.answeredAt < askedAt) {
      if (change < last.change) throw new Incoherence(`change number ${change} after ${last.change}`)
      if (ctime < last.ctime) throw new Incoherence(`ctime ${ctime} after ${last.ctime}`)
    }
    // Of what has been shown several times, the first counts.
    if (last === null || change > last.change) this.#last = { change, ctime, answeredAt }
  }
}

function put<K>(map: Map<K, string>, key: K, content: string): string {
  const known = map.get(key)
  if (known === undefined) map.set(key, content)
  return known ?? content
}
