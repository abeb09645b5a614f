/** Files wait at most so many times of grace for clients of a mover that comes again and again, or is not told to serve. */
export const MOST_GRACES = 10

/** A time in which clients reclaim what they had locked of some files, or of all. */
export class GracePeriod {
  /** The place of the mover whose clients reclaim; null: whose they are is not known. */
  readonly place: number | null
  /** Waits for that mover, again and again, until then at most. */
  readonly lastMs: number
  /** Those who may reclaim have not been told yet: it does not end before `lastMs` until they are. */
  isHeld = false
  #untilMs: number
  readonly #inos = new Set<number>()
  #isOfAll = false

  constructor(untilMs: number, lastMs = untilMs, place: number | null = null) {
    this.#untilMs = untilMs
    this.lastMs = lastMs
    this.place = place
  }

  get endMs(): number {
    return this.isHeld ? this.lastMs : this.#untilMs
  }

  /** It does not end before that, as far as it may wait. */
  prolong(untilMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, Math.min(untilMs, this.lastMs))
  }

  covers(ino: number): boolean {
    return this.#isOfAll || this.#inos.has(ino)
  }

  /** `ino` null: all files. */
  add(ino: number | null): void {
    if (ino === null) this.#isOfAll = true
    else this.#inos.add(ino)
  }
}

/**
 * Times in which only what was locked before may be locked: on some files, since a mover is gone whose clients had locked
 * them, or on all.
 */
export class LockGrace {
  readonly #periods = new Set<GracePeriod>()

  /** `ino` null: all files. Other periods that the file has go on. */
  begin(ino: number | null, period: GracePeriod): void {
    period.add(ino)
    this.#periods.add(period)
  }

  /** The mover of a place is there again: its clients have until then at least. */
  prolong(place: number, untilMs: number): void {
    for (const period of this.#periods) if (period.place === place) period.prolong(untilMs)
  }

  isOn(ino: number): boolean {
    for (const period of this.#periods) if (period.covers(ino)) return true
    return false
  }

  /** True when there is none now. */
  get isOver(): boolean {
    return this.#periods.size === 0
  }

  /** True when some time of grace is over. */
  tick(nowMs: number): boolean {
    let isOver = false
    for (const period of this.#periods) {
      if (period.endMs > nowMs) continue
      this.#periods.delete(period)
      isOver = true
    }
    return isOver
  }
}
