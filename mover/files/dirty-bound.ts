import type { Environment } from '../environment.ts'

/** 32 MiB. */
const MOST_PAGES = 8192
/** One write of any length, which need not begin with a page. */
const LEAST_PAGES = 257
/** Fewer pages say how long a write takes, and not how many can be written. */
const SAMPLE_PAGES = 64

/** What is bounded: see `PageCache`. */
interface Dirtied {
  dirtyLimit: number
}

/**
 * Bounds what is dirty where others may ask for it: they wait until it is on the device. As much as has lately been written in
 * half a lease, so that a slow device keeps nobody waiting for longer.
 */
export class DirtyBound {
  readonly #pages: Dirtied
  readonly #env: Environment
  readonly #windowMs: number
  readonly #mostPages: number
  /** Pages a millisecond. */
  #rate: number
  #writesUnderWay = 0
  #sampledPages = 0
  #sampledMs = 0
  /** When time that counts began. */
  #sinceMs = 0

  constructor(pages: Dirtied, env: Environment, leaseMs: number) {
    this.#pages = pages
    this.#env = env
    this.#windowMs = leaseMs / 2
    this.#mostPages = Math.min(pages.dirtyLimit, MOST_PAGES)
    this.#rate = this.#mostPages / this.#windowMs
    this.#settle()
  }

  /** Some pages are on their way to the device. */
  writes(): void {
    if (this.#writesUnderWay++ === 0) this.#sinceMs = this.#env.monotonicMs()
  }

  /** So many of them are there, or none: they could not be written. */
  wrote(pages: number): void {
    const now = this.#env.monotonicMs()
    this.#sampledMs += now - this.#sinceMs
    this.#sampledPages += pages
    this.#sinceMs = now
    this.#writesUnderWay--
    if (this.#sampledPages >= SAMPLE_PAGES) {
      const mostRate = this.#mostPages / this.#windowMs
      const rate = this.#sampledMs > 0 ? Math.min(mostRate, this.#sampledPages / this.#sampledMs) : mostRate
      this.#rate = (this.#rate + rate) / 2
      this.#settle()
    } else if (this.#writesUnderWay > 0) return
    this.#sampledPages = 0
    this.#sampledMs = 0
  }

  #settle(): void {
    const pages = Math.max(LEAST_PAGES, Math.round(this.#rate * this.#windowMs))
    this.#pages.dirtyLimit = Math.min(this.#mostPages, pages)
  }
}
