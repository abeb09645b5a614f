import type { TraceEvent, TracePage } from '../trace-event.ts'

/** An event with the mover whose it is. */
export type ShownEvent = { from: string } & TraceEvent

/** Something about the trace itself. */
export interface Notice {
  mover: string
  notice: string
}

/** Makes one story of what several movers of a host show about a file, in the order in which it has happened. */
export class TraceMerger {
  /** Of each mover, how far its story is known. */
  readonly #known = new Map<string, { trace: string; last: number }>()
  #pending: ShownEvent[] = []

  /** What to ask a mover for next. */
  query(mover: string): string {
    const known = this.#known.get(mover)
    return known === undefined ? '' : `&trace=${known.trace}&after=${known.last}`
  }

  /**
   * Takes the pages of all movers that have answered. Returns what can be told now: nobody that still tells can come with
   * something earlier.
   */
  round(pages: ReadonlyMap<string, TracePage>): (Notice | ShownEvent)[] {
    const notices: Notice[] = []
    let sureMs = Number.POSITIVE_INFINITY
    for (const [mover, { trace, last, dropped, hostMs, events }] of pages) {
      const known = this.#known.get(mover)
      if (known === undefined) notices.push({ mover, notice: 'is traced from here on' })
      else if (known.trace !== trace)
        notices.push({ mover, notice: 'is traced anew from here on; some may be missing' })
      if (dropped > 0)
        notices.push({ mover, notice: `has said more than could be kept: ${dropped} events are missing` })
      this.#known.set(mover, { trace, last })
      this.#pending.push(...events.map((event) => ({ from: mover, ...event })))
      sureMs = Math.min(sureMs, hostMs)
    }
    // Stable: events of one mover stay in their order.
    this.#pending.sort((a, b) => a.hostMs - b.hostMs)
    const told = this.#pending.filter(({ hostMs }) => hostMs <= sureMs)
    this.#pending = this.#pending.slice(told.length)
    return [...notices, ...told]
  }
}
