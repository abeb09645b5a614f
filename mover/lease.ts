/** Leave to do I/O and to answer clients, which somebody else renews. */
export interface Lease {
  /** With a clock that is read now. */
  readonly isHeld: boolean
  /** Runs `task` now, or when the lease has been renewed: perhaps never. */
  whenHeld(task: () => void): void
}

/** Of whoever has nobody that might give him up. */
export const UNLIMITED: Lease = { isHeld: true, whenHeld: (task) => task() }

/**
 * A mover's lease from its supervisor, which gives a mover up that does not answer for so long. It counts from the moment at
 * which the supervisor asked: what lies unread for a while renews it for the less. Who is still starting has one without an end.
 */
export class RenewedLease implements Lease {
  readonly #leaseMs: number
  readonly #hostMs: () => number
  #endMs = Number.POSITIVE_INFINITY
  #waiting: (() => void)[] = []

  /** `hostMs`: `Environment.hostMs`, the clock that both sides share. */
  constructor(leaseMs: number, hostMs: () => number) {
    this.#leaseMs = leaseMs
    this.#hostMs = hostMs
  }

  get isHeld(): boolean {
    return this.#hostMs() < this.#endMs
  }

  /** The mover begins to serve: if it has not been asked yet, the lease counts from now. The supervisor counts from later on. */
  begin(): void {
    if (this.#endMs === Number.POSITIVE_INFINITY) this.#endMs = this.#hostMs() + this.#leaseMs
  }

  /** The other side asked at `askedMs` of the shared clock, and has been answered. */
  renew(askedMs: number): void {
    this.#endMs = askedMs + this.#leaseMs
    if (!this.isHeld) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const task of waiting) task()
  }

  whenHeld(task: () => void): void {
    if (this.isHeld) task()
    else this.#waiting.push(task)
  }
}
