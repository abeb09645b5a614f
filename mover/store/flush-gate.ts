import type { BlockDevice, DeviceError } from './device.ts'

type Waiter = (error: DeviceError | null) => void

/**
 * Shares device flushes: everybody who asks while one flush is in flight waits for the next one together. A failed flush
 * is never retried (the kernel may have dropped the data): every later request gets the same error.
 */
export class FlushGate {
  readonly #device: BlockDevice
  readonly #defer: (task: () => void) => void
  #failure: DeviceError | null = null
  #running: Waiter[] | null = null
  #next: Waiter[] = []
  #written = 0
  #flushed = 0
  /** Flushes issued, for metrics. */
  flushes = 0

  /** `defer` runs a task after this tick (`Environment.defer`). */
  constructor(device: BlockDevice, defer: (task: () => void) => void) {
    this.#device = device
    this.#defer = defer
  }

  /** A data write has completed. Returns a mark for `isFlushed`. */
  wrote(): number {
    return ++this.#written
  }

  /** True when the write that got `mark` has been flushed since. */
  isFlushed(mark: number): boolean {
    return mark <= this.#flushed
  }

  /** A flush has failed. */
  get failed(): boolean {
    return this.#failure !== null
  }

  /** A flush is under way. */
  get isFlushing(): boolean {
    return this.#running !== null
  }

  /** True when some completed write has not been flushed since. */
  get hasUnflushed(): boolean {
    return this.#written > this.#flushed
  }

  /** Calls `done` when everything written before this call is durable. */
  flush(done: Waiter): void {
    this.#next.push(done)
    if (this.#running === null) this.#start()
  }

  #start(): void {
    const waiters = this.#next
    this.#next = []
    this.#running = waiters
    const mark = this.#written
    const finish = (error: DeviceError | null): void => {
      if (error !== null) this.#failure = error
      else this.#flushed = mark
      this.#running = null
      if (this.#next.length > 0) this.#start()
      for (const waiter of waiters) waiter(error)
    }
    if (this.#failure !== null) {
      const failure = this.#failure
      this.#defer(() => finish(failure))
      return
    }
    this.flushes++
    this.#device.flush(finish)
  }
}
