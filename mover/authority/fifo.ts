/** First in, first out: to go in or out costs the same however many there are. */
export class Fifo<T extends object> {
  readonly #items: (T | null)[] = []
  /** Items in front that have gone out. */
  #gone = 0

  get length(): number {
    return this.#items.length - this.#gone
  }

  /** The one that goes out next; null when there is none. */
  get first(): T | null {
    return this.#items[this.#gone] ?? null
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes out the first; null when there is none. */
  shift(): T | null {
    if (this.length === 0) return null
    const item = this.#items[this.#gone]
    this.#items[this.#gone++] = null
    // No more move up than have gone.
    if (this.#gone >= this.length) {
      this.#items.splice(0, this.#gone)
      this.#gone = 0
    }
    return item
  }

  takeAll(): T[] {
    const items = this.#items.splice(0).slice(this.#gone) as T[]
    this.#gone = 0
    return items
  }
}
