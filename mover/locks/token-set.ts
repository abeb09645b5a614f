import type { Span, Token } from './token.ts'

/** Tokens of one file, overlapping or not, found by where they lie: random writes of several movers leave thousands. */
export class TokenSet<T extends Token> {
  /** In the order of their starts. */
  #tokens: T[] = []
  /** By index: how far any of the tokens up to there reaches. */
  #reach: number[] = []

  get all(): readonly T[] {
    return this.#tokens
  }

  add(token: T): void {
    if (this.#tokens.length === 0) {
      // Most sets have one: no room for more.
      this.#tokens = [token]
      this.#reach = [token.end]
      return
    }
    const at = this.#indexBehind(token.start)
    this.#tokens.splice(at, 0, token)
    this.#reach.splice(at, 0, Number.NEGATIVE_INFINITY)
    this.#reachFrom(at)
  }

  /** Takes one out that is there. */
  remove(token: T): void {
    let at = this.#indexBehind(token.start) - 1
    while (this.#tokens[at] !== token) at--
    this.#tokens.splice(at, 1)
    this.#reach.splice(at, 1)
    this.#reachFrom(at)
  }

  /** Those that have some of the span or lie beside it, in order; the caller's to keep. */
  near({ start, end }: Span): T[] {
    const found: T[] = []
    for (let at = this.#indexBehind(end) - 1; at >= 0 && this.#reach[at] >= start; at--) {
      const token = this.#tokens[at]
      if (token.end >= start) found.push(token)
    }
    return found.reverse()
  }

  #reachFrom(first: number): void {
    let reach = first > 0 ? this.#reach[first - 1] : Number.NEGATIVE_INFINITY
    for (let at = first; at < this.#tokens.length; at++) {
      reach = Math.max(reach, this.#tokens[at].end)
      if (this.#reach[at] === reach) return
      this.#reach[at] = reach
    }
  }

  /** Index of the first token that starts behind `place`. */
  #indexBehind(place: number): number {
    let low = 0
    let high = this.#tokens.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#tokens[middle].start > place) high = middle
      else low = middle + 1
    }
    return low
  }
}
