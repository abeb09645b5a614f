import type { Environment } from '../environment.ts'
import type { Span } from '../locks/token.ts'
import { Fifo } from './fifo.ts'

/** What is owed for so long may be what the mover waits for; so long ago nothing counts. */
const LATE_MS = 100
/** A span that has been asked back for so many times the limit is stuck, whatever else its holder does or waits for. */
export const MOST_EXCUSED = 12

/** What was asked back of a file, or about it, and nothing has come of for so long. */
export interface Stuck {
  readonly ino: number
  readonly forMs: number
}

/** A span of a token that was asked back. */
interface AskedSpan extends Span {
  readonly serial: number
  readonly sinceMs: number
}

/** What was asked back of one file. */
interface AskedFile {
  /** When the mover has last done something for it, or was first asked. */
  progressMs: number
  /** In the order of the asking; the first is still held in part. */
  readonly spans: Fifo<AskedSpan>
}

/** A question that a mover answers at once, whatever it waits for. */
interface Question {
  readonly ino: number
  readonly sinceMs: number
}

/**
 * What one mover has been asked to give back, and since when it has done nothing for that: it has neither released anything of
 * the file nor committed what it has written to it. That counts only while the primary owes it nothing that this may wait for;
 * but no span is waited for without an end. And what it has been asked about files, and has not answered.
 */
export class Revocations {
  readonly #env: Environment
  readonly #files = new Map<number, AskedFile>()
  /** When each thing was asked for that is owed. */
  readonly #owed = new Set<{ sinceMs: number }>()
  /** By number, in the order of the asking. */
  readonly #questions = new Map<number, Question>()
  /** Nothing before counts: of who counts, and of what was owed. */
  #freshMs = Number.NEGATIVE_INFINITY
  #answeredLateMs = Number.NEGATIVE_INFINITY

  constructor(env: Environment) {
    this.#env = env
  }

  /** A span of a token is asked back. */
  asked(ino: number, serial: number, { start, end }: Span): void {
    const nowMs = this.#env.monotonicMs()
    let file = this.#files.get(ino)
    if (file === undefined) {
      file = { progressMs: nowMs, spans: new Fifo() }
      this.#files.set(ino, file)
    }
    file.spans.push({ serial, start, end, sinceMs: nowMs })
  }

  /** The mover has done something for it. */
  progress(ino: number): void {
    const file = this.#files.get(ino)
    if (file !== undefined) file.progressMs = this.#env.monotonicMs()
  }

  /** Something was released: what is not held any more, not even in part, counts no more. */
  released(ino: number, isHeld: (serial: number, span: Span) => boolean): void {
    const spans = this.#files.get(ino)?.spans
    for (let first = spans?.first; first != null && !isHeld(first.serial, first); first = spans?.first) spans?.shift()
  }

  /** Nothing that was asked back of a file is left. */
  settled(ino: number): void {
    this.#files.delete(ino)
  }

  /** Question `id` is about a file. */
  question(id: number, ino: number): void {
    this.#questions.set(id, { ino, sinceMs: this.#env.monotonicMs() })
  }

  /** Its answer has come. */
  answered(id: number): void {
    this.#questions.delete(id)
  }

  /** The mover waits for the primary; to be called again, what this returns, when it does not any more. */
  owe(): () => void {
    const owed = { sinceMs: this.#env.monotonicMs() }
    this.#owed.add(owed)
    return () => {
      const nowMs = this.#env.monotonicMs()
      if (this.#owed.delete(owed) && nowMs - owed.sinceMs >= LATE_MS) this.#answeredLateMs = nowMs
    }
  }

  /** All counts anew: who counts was held up. */
  refresh(): void {
    this.#freshMs = this.#env.monotonicMs()
  }

  /** A file of which nothing has come for `limitMs`; null: there is none, or this mover may be to blame. */
  stuck(limitMs: number): Stuck | null {
    const now = this.#env.monotonicMs()
    const [asked] = this.#questions.values()
    const unansweredMs = asked === undefined ? 0 : now - Math.max(asked.sinceMs, this.#freshMs)
    if (asked !== undefined && unansweredMs >= limitMs) return { ino: asked.ino, forMs: unansweredMs }
    let isOwed = false
    for (const { sinceMs } of this.#owed) isOwed ||= now - sinceMs >= LATE_MS
    for (const [ino, { progressMs, spans }] of this.#files) {
      const idleMs = isOwed ? 0 : now - Math.max(progressMs, this.#freshMs, this.#answeredLateMs)
      const oldest = spans.first?.sinceMs ?? now
      const heldMs = now - Math.max(oldest, this.#freshMs)
      if (idleMs >= limitMs) return { ino, forMs: idleMs }
      if (heldMs >= MOST_EXCUSED * limitMs) return { ino, forMs: heldMs }
    }
    return null
  }
}
