import type { run } from '../../protocol/moverlock/moverlock.gen.ts'

/** Device blocks, as runs that do not touch each other: what a mover has reserved. */
export class BlockSet {
  /** Ends by start, and starts by end. */
  readonly #runs = new Map<number, number>()
  readonly #starts = new Map<number, number>()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** All there are, in no order. */
  runs(): run[] {
    return [...this.#runs].map(([start, end]) => ({ start, length: end - start }))
  }

  /** Takes out all there are, as runs in no order. */
  takeAll(): run[] {
    const runs = this.runs()
    this.#runs.clear()
    this.#starts.clear()
    this.#count = 0
    return runs
  }

  /** Adds blocks that are not in it. They join what they touch: whoever takes blocks need not know how they came. */
  add(start: number, length: number): void {
    const end = start + length
    const from = this.#starts.get(start) ?? start
    const to = this.#runs.get(end) ?? end
    this.#starts.delete(start)
    this.#runs.delete(end)
    this.#set(from, to)
    this.#count += length
  }

  /** Takes blocks out; false, and nothing is changed, when some of them are not in it. */
  take(start: number, length: number): boolean {
    const end = start + length
    for (const [from, to] of this.#runs) {
      if (from > start || to < end) continue
      this.#runs.delete(from)
      this.#starts.delete(to)
      if (from < start) this.#set(from, start)
      if (end < to) this.#set(end, to)
      this.#count -= length
      return true
    }
    return false
  }

  #set(from: number, to: number): void {
    this.#runs.set(from, to)
    this.#starts.set(to, from)
  }
}
