import type { answer } from '../../protocol/moverlock/moverlock.gen.ts'
import type { Environment } from '../environment.ts'
import type { Failure } from '../failure.ts'
import { Suspend } from '../suspend.ts'
import { failureWord } from './call-words.ts'
import type { VolumeStatistics } from './service.ts'

/** Numbers that are older are asked for again, behind the answer that still has them. */
const FRESH_MS = 1000

/** The statistics of a volume with another primary, as that mover told them last. */
export class RemoteStatistics {
  readonly #env: Pick<Environment, 'monotonicMs'>
  readonly #ask: (done: (answer: answer | null) => void) => void
  #known: VolumeStatistics | null = null
  #knownSinceMs = 0
  /** Why they were not told, for those who have waited. */
  #refused: Failure | null = null
  #isAsking = false
  #waiters: (() => void)[] = []

  /** `ask` sends a STATISTICS call; see `CallTransport`. */
  constructor(env: Pick<Environment, 'monotonicMs'>, ask: (done: (answer: answer | null) => void) => void) {
    this.#env = env
    this.#ask = ask
  }

  /** Throws Suspend while nothing is known. */
  numbers(): VolumeStatistics {
    const known = this.#known
    if (known !== null) {
      if (this.#env.monotonicMs() - this.#knownSinceMs >= FRESH_MS) this.#refresh()
      return known
    }
    const refused = this.#refused
    this.#refused = null
    if (refused !== null) throw new Error(`the primary of the volume does not tell its statistics: ${refused}`)
    throw new Suspend((resume) => {
      this.#waiters.push(resume)
      this.#refresh()
    })
  }

  #refresh(): void {
    if (this.#isAsking) return
    this.#isAsking = true
    this.#ask((answer) => {
      this.#isAsking = false
      if (answer !== null) this.#take(answer)
      const waiters = this.#waiters
      this.#waiters = []
      for (const resume of waiters) resume()
    })
  }

  #take({ status, space }: answer): void {
    this.#refused = failureWord(status)
    if (space === null) return
    this.#knownSinceMs = this.#env.monotonicMs()
    this.#known = {
      totalBytes: space.total_bytes,
      freeBytes: space.free_bytes,
      totalFiles: space.total_files,
      freeFiles: space.free_files,
    }
  }
}
