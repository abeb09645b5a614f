import type { run } from '../../protocol/moverlock/moverlock.gen.ts'

/** Device blocks, as runs that lie apart: what a mover has reserved. */
export class BlockSet {
  /** Ends by start. */
  readonly #runs = new Map<number, number>()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** The runs, in no order. */
  *runs(): Generator<run> {
    for (const [start, end] of this.#runs) yield { start, length: end - start }
  }

  add(start: number, length: number): void {
    this.#runs.set(start, start + length)
    this.#count += length
  }

  /** Takes blocks out; false, and nothing is changed, when some of them are not in it. */
  take(start: number, length: number): boolean {
    const end = start + length
    for (const [from, to] of this.#runs) {
      if (from > start || to < end) continue
      this.#runs.delete(from)
      if (from < start) this.#runs.set(from, start)
      if (end < to) this.#runs.set(end, to)
      this.#count -= length
      return true
    }
    return false
  }
}
