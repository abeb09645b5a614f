import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { Environment } from '../environment.ts'

/** A client's lines of one kind are this far apart. */
const QUIET_MS = 60_000
const MAX_REMEMBERED = 4096
/** Lines in a second, of all clients. */
const MAX_BURST = 20

/** A line that was written, and how many like it were not. */
interface Spoken {
  atMs: number
  suppressed: number
}

/** Warnings about clients, of which a hostile one could cause any number: one a minute for each client and kind. */
export class LimitedLog {
  readonly #logger: Logger
  readonly #environment: Environment
  /** By kind and client; made for the first line. */
  #spoken: LRUCache<string, Spoken> | null = null
  #burstStartMs = Number.NEGATIVE_INFINITY
  #burstLines = 0
  /** Lines that did not fit into a burst. */
  #lost = 0

  constructor(logger: Logger, environment: Environment) {
    this.#logger = logger
    this.#environment = environment
  }

  /** Writes `message()` as a warning, unless one of this kind about this client was written less than a minute ago. */
  warn(kind: string, client: string, message: () => string): void {
    const fields = this.#fields(kind, client)
    if (fields !== null) this.#logger.warn(fields, message())
  }

  /** As `warn`, for a fault of ours that a client's call has brought to light. */
  error(kind: string, client: string, error: unknown, message: () => string): void {
    const fields = this.#fields(kind, client)
    if (fields !== null) this.#logger.error({ ...fields, err: error }, message())
  }

  /** What goes with a line; null when it must not be written. */
  #fields(kind: string, client: string): { client: string; suppressed: number; lost: number } | null {
    const nowMs = this.#environment.monotonicMs()
    const key = `${kind} ${client}`
    this.#spoken ??= new LRUCache({ max: MAX_REMEMBERED })
    const last = this.#spoken.get(key)
    if (last !== undefined && nowMs - last.atMs < QUIET_MS) {
      last.suppressed++
      return null
    }
    if (nowMs - this.#burstStartMs >= 1000) {
      this.#burstStartMs = nowMs
      this.#burstLines = 0
    }
    if (++this.#burstLines > MAX_BURST) {
      this.#lost++
      return null
    }
    const fields = { client, suppressed: last?.suppressed ?? 0, lost: this.#lost }
    this.#spoken.set(key, { atMs: nowMs, suppressed: 0 })
    this.#lost = 0
    return fields
  }
}
