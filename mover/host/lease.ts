import type { Environment } from '../environment.ts'

/** How often in a lease each side shows that it lives. */
const BEATS = 3
/** How long a mover may be silent before it serves: it loads its program, and replays logs. */
const START_LIMIT_MS = 30_000
/** Without a supervisor nobody holds the volumes for a mover: what it does not write in this time stays in the log. */
const ORPHAN_LIMIT_MS = 1000

/**
 * Calls `beat` three times in a lease, each time when what has arrived by then has been handled: who was held up does not
 * take what waits for him for silence. `wasLate`: nothing was looked at for two beats, so that silence proves nothing.
 * Returns a function that ends it.
 */
export function startBeat(
  leaseMs: number,
  env: Environment,
  beat: (nowMs: number, wasLate: boolean) => void,
): () => void {
  const periodMs = leaseMs / BEATS
  let lastMs = env.monotonicMs()
  let isOver = false
  let cancel = env.timer(periodMs, due)
  function due(): void {
    env.defer(() => {
      if (isOver) return
      const nowMs = env.monotonicMs()
      const wasLate = nowMs - lastMs > 2 * periodMs
      lastMs = nowMs
      cancel = env.timer(periodMs, due)
      beat(nowMs, wasLate)
    })
  }
  return () => {
    isOver = true
    cancel()
  }
}

/**
 * How long a process has not answered its pings; it is told the time. A channel keeps order, so that an answer is always
 * that to the oldest ping.
 */
export class AnswerWatch {
  /** When those were sent that are not answered. */
  readonly #sentMs: number[] = []

  sent(nowMs: number): void {
    this.#sentMs.push(nowMs)
  }

  answered(): void {
    this.#sentMs.shift()
  }

  /** For how long the oldest ping has had no answer. */
  silentMs(nowMs: number): number {
    return this.#sentMs.length === 0 ? 0 : nowMs - this.#sentMs[0]
  }

  /** All that is not answered counts as if it were sent now. */
  renew(nowMs: number): void {
    this.#sentMs.fill(nowMs)
  }
}

/** The supervisor's look at a mover's process, which it gives up when that has not answered for a lease. */
export class MoverWatch {
  readonly #leaseMs: number
  readonly #answers = new AnswerWatch()
  #limitMs: number

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs
    this.#limitMs = Math.max(leaseMs, START_LIMIT_MS)
  }

  /** The mover serves from now on. What it has not answered yet was asked while it could take its time. */
  serves(nowMs: number): void {
    this.#answers.renew(nowMs)
    this.#limitMs = this.#leaseMs
  }

  answered(): void {
    this.#answers.answered()
  }

  /** It is time to ask the mover: null. Or it has been silent for too long: that limit, in milliseconds. See `startBeat`. */
  beat(nowMs: number, wasLate: boolean): number | null {
    if (wasLate) this.#answers.renew(nowMs)
    if (this.#answers.silentMs(nowMs) >= this.#limitMs) return this.#limitMs
    this.#answers.sent(nowMs)
    return null
  }
}

export interface SupervisorWatchOptions {
  env: Environment
  /** There is no supervisor any more, `why` in words: the mover is to end. Called once. */
  orphaned: (why: string) => void
  /** The mover has had its time. */
  end: () => void
}

/**
 * A mover's look at its supervisor: without one the mover ends, in a second or, when that is shorter, a lease from then. One
 * that has asked whether the mover lives, and has not asked again for a lease, may have given it up.
 */
export class SupervisorWatch {
  readonly #o: SupervisorWatchOptions
  /** When the supervisor last asked whether we live; null: it need not yet. */
  #askedMs: number | null = null
  #limitMs = ORPHAN_LIMIT_MS
  #isOrphaned = false

  constructor(options: SupervisorWatchOptions) {
    this.#o = options
  }

  /** The supervisor has said how long a lease is. */
  begin(leaseMs: number): void {
    this.#limitMs = Math.min(ORPHAN_LIMIT_MS, leaseMs)
    startBeat(leaseMs, this.#o.env, (nowMs, wasLate) => {
      if (this.#askedMs === null) return
      if (wasLate) this.#askedMs = nowMs
      else if (nowMs - this.#askedMs >= leaseMs) this.lost(`the supervisor has been silent for ${leaseMs} ms`)
    })
  }

  /** The supervisor asks whether the mover lives. */
  asked(): void {
    this.#askedMs = this.#o.env.monotonicMs()
  }

  /** The mover begins to serve: from now on it is to be asked, if it has not been yet. */
  serves(): void {
    this.#askedMs ??= this.#o.env.monotonicMs()
  }

  /** There is no supervisor any more, as far as we can see. */
  lost(why: string): void {
    if (this.#isOrphaned) return
    this.#isOrphaned = true
    this.#o.env.timer(this.#limitMs, this.#o.end)
    this.#o.orphaned(why)
  }
}
