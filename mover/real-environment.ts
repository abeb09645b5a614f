import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { Environment, Timestamp } from './environment.ts'
import { Vigil } from './vigil.ts'

/** The wall clock is followed anew when it and ours are further apart than this: it was set. */
const MAX_DRIFT_MS = 3
/** More than one: who is to answer can run while this process stays awake. */
const HAS_PROCESSORS = availableParallelism() > 1
const NSEC_PER_SEC = 1_000_000_000

/** CLOCK_MONOTONIC when `performance.now()` was 0. */
const ORIGIN_HOST_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** See `Environment.hostMs`. */
export function hostMs(): number {
  return ORIGIN_HOST_MS + performance.now()
}

/** The clocks, timers and randomness of this machine. */
export class RealEnvironment implements Environment {
  /** The wall clock's reading when `performance.now()` was `#anchorMs`. */
  #anchorSec = 0
  #anchorNsec = 0
  #anchorMs = 0
  readonly #vigil = new Vigil({ nowMs: () => performance.now(), nextTurn: (task) => void setImmediate(task) })

  constructor() {
    this.#anchor(performance.timeOrigin, 0)
  }

  wallMs(): number {
    return Date.now()
  }

  /**
   * `Date.now()` has milliseconds only, so the time since an anchor is added to it. The wall clock may be set or
   * disciplined meanwhile: then there is a new anchor.
   */
  wallTime(out: Timestamp): void {
    const nowMs = performance.now()
    const wallMs = Date.now()
    this.#since(nowMs, out)
    const drift = out.sec * 1000 + out.nsec / 1e6 - wallMs
    if (drift < -1 || drift > MAX_DRIFT_MS) {
      this.#anchor(wallMs, nowMs)
      this.#since(nowMs, out)
    }
  }

  monotonicMs(): number {
    return performance.now()
  }

  /** CLOCK_MONOTONIC: what one process does before it tells another is earlier. */
  hostMs(): number {
    return hostMs()
  }

  defer(task: () => void): void {
    setImmediate(task)
  }

  stayAwake(isWaiting: () => boolean, mostMs: number): void {
    if (HAS_PROCESSORS) this.#vigil.keep(isWaiting, mostMs)
  }

  timer(delayMs: number, task: () => void): () => void {
    const timeout = setTimeout(task, delayMs)
    timeout.unref()
    return () => clearTimeout(timeout)
  }

  randomBytes(count: number): Uint8Array {
    return randomBytes(count)
  }

  #since(nowMs: number, out: Timestamp): void {
    const nsec = this.#anchorNsec + (nowMs - this.#anchorMs) * 1e6
    const seconds = Math.floor(nsec / NSEC_PER_SEC)
    out.sec = this.#anchorSec + seconds
    out.nsec = Math.floor(nsec - seconds * NSEC_PER_SEC)
  }

  #anchor(wallMs: number, nowMs: number): void {
    this.#anchorSec = Math.floor(wallMs / 1000)
    this.#anchorNsec = Math.floor((wallMs - this.#anchorSec * 1000) * 1e6)
    this.#anchorMs = nowMs
  }
}
