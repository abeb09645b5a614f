/**
 * What the outside world gives to deterministic code: time, randomness, deferral. The real one is built in the
 * composition root, the simulated ones in tests; nothing else reads a clock or draws a random number.
 */
export interface Environment {
  /** Wall clock: whole milliseconds since 1970 (may jump). */
  wallMs(): number
  /** Wall clock in nanoseconds since 1970, as seconds and nanoseconds, written into `out`. */
  wallTime(out: Timestamp): void
  /** Monotonic milliseconds; the origin means nothing. */
  monotonicMs(): number
  /** Milliseconds of a clock that never goes back and that all processes of a host share. */
  hostMs(): number
  /** Runs `task` after the events of this tick have been handled (`setImmediate`). */
  defer(task: () => void): void
  /**
   * Something is expected that comes sooner than this process would be woken: its event loop does not sleep for so many
   * milliseconds (fractions of one), or until `isWaiting` says that it has come.
   */
  stayAwake(isWaiting: () => boolean, mostMs: number): void
  /** Runs `task` once, `delayMs` from now; the returned function cancels it. Never keeps the process alive. */
  timer(delayMs: number, task: () => void): () => void
  /** `count` random bytes. */
  randomBytes(count: number): Uint8Array
}

/** A point in time; `sec` is a whole number of seconds since 1970, `nsec` is 0 to 999,999,999. */
export interface Timestamp {
  sec: number
  nsec: number
}
