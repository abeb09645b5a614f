import type { Environment } from '../environment.ts'

/** What is owed for so long may be what the mover waits for; so long ago nothing counts. */
const LATE_MS = 100

/** What was asked back of a file, and nothing has come of for so long. */
export interface Stuck {
  readonly ino: number
  readonly forMs: number
}

/**
 * What one mover has been asked to give back, and since when it has done nothing for that: it has neither released anything of
 * the file nor committed what it has written to it. That counts only while the primary owes it nothing that this may wait for.
 */
export class Revocations {
  readonly #env: Environment
  /** By file. */
  readonly #sinceMs = new Map<number, number>()
  /** When each thing was asked for that is owed. */
  readonly #owed = new Set<{ sinceMs: number }>()
  /** Nothing before counts. */
  #freshMs = Number.NEGATIVE_INFINITY

  constructor(env: Environment) {
    this.#env = env
  }

  /** Something of a file is asked back. */
  asked(ino: number): void {
    if (!this.#sinceMs.has(ino)) this.#sinceMs.set(ino, this.#env.monotonicMs())
  }

  /** The mover has done something for it. */
  progress(ino: number): void {
    if (this.#sinceMs.has(ino)) this.#sinceMs.set(ino, this.#env.monotonicMs())
  }

  /** Nothing that was asked back of a file is left. */
  settled(ino: number): void {
    this.#sinceMs.delete(ino)
  }

  /** The mover waits for the primary; to be called again, what this returns, when it does not any more. */
  owe(): () => void {
    const owed = { sinceMs: this.#env.monotonicMs() }
    this.#owed.add(owed)
    return () => {
      if (this.#owed.delete(owed) && this.#env.monotonicMs() - owed.sinceMs >= LATE_MS) this.refresh()
    }
  }

  /** All counts anew: who counts was held up. */
  refresh(): void {
    this.#freshMs = this.#env.monotonicMs()
  }

  /** A file of which nothing has come for `limitMs`; null: there is none, or this mover may be to blame. */
  stuck(limitMs: number): Stuck | null {
    const now = this.#env.monotonicMs()
    for (const { sinceMs } of this.#owed) if (now - sinceMs >= LATE_MS) return null
    for (const [ino, sinceMs] of this.#sinceMs) {
      const forMs = now - Math.max(sinceMs, this.#freshMs)
      if (forMs >= limitMs) return { ino, forMs }
    }
    return null
  }
}
