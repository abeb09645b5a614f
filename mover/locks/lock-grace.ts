/**
 * Times in which only what was locked before may be locked: on some files, since a mover is gone whose clients had locked
 * them, or on all.
 */
export class LockGrace {
  readonly #untilMs = new Map<number, number>()
  #allUntilMs = Number.NEGATIVE_INFINITY
  #nowMs = Number.NEGATIVE_INFINITY

  /** `ino` null: all files. A longer time that has begun already stays. */
  begin(ino: number | null, untilMs: number): void {
    if (ino === null) this.#allUntilMs = Math.max(this.#allUntilMs, untilMs)
    else this.#untilMs.set(ino, Math.max(this.#untilMs.get(ino) ?? untilMs, untilMs))
  }

  isOn(ino: number): boolean {
    return this.#allUntilMs > this.#nowMs || this.#untilMs.has(ino)
  }

  /** True when there is none now. */
  get isOver(): boolean {
    return this.#allUntilMs <= this.#nowMs && this.#untilMs.size === 0
  }

  /** True when some time of grace is over. */
  tick(nowMs: number): boolean {
    const wasOn = this.#allUntilMs > this.#nowMs
    this.#nowMs = nowMs
    let isOver = wasOn && this.#allUntilMs <= nowMs
    for (const [ino, untilMs] of this.#untilMs) {
      if (untilMs > nowMs) continue
      this.#untilMs.delete(ino)
      isOver = true
    }
    return isOver
  }
}
