import type { Span } from './token.ts'

/**
 * Blocks, as spans in order, apart from each other. An empty span at a place where there is nothing else is kept: its place
 * is in the set.
 */
export class SpanSet {
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  /** Spans that it takes. */
  get size(): number {
    return this.#starts.length
  }

  /** True when all of [start, end) is in the set; of an empty span, when its place is. Allocates nothing. */
  has(start: number, end: number): boolean {
    const at = indexBehind(this.#starts, start) - 1
    return at >= 0 && end <= this.#ends[at]
  }

  add({ start, end }: Span): void {
    const [from, to] = this.#touched(start, end)
    const first = from < to ? Math.min(start, this.#starts[from]) : start
    const last = from < to ? Math.max(end, this.#ends[to - 1]) : end
    this.#starts.splice(from, to - from, first)
    this.#ends.splice(from, to - from, last)
  }

  remove({ start, end }: Span): void {
    const [from, to] = this.#touched(start, end)
    if (from === to) return
    const [first, last] = [this.#starts[from], this.#ends[to - 1]]
    if (start === end && first < last) return
    const starts: number[] = []
    const ends: number[] = []
    if (first < start) {
      starts.push(first)
      ends.push(start)
    }
    if (end < last) {
      starts.push(end)
      ends.push(last)
    }
    this.#starts.splice(from, to - from, ...starts)
    this.#ends.splice(from, to - from, ...ends)
  }

  /** Indices of the spans that have some of [start, end) or lie beside it. */
  #touched(start: number, end: number): [from: number, to: number] {
    const from = indexBehind(this.#starts, start) - 1
    return [from >= 0 && this.#ends[from] >= start ? from : from + 1, indexBehind(this.#starts, end)]
  }
}

/** Index of the first number, in order, that is larger than `value`. */
function indexBehind(numbers: readonly number[], value: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (numbers[middle] > value) high = middle
    else low = middle + 1
  }
  return low
}
