import type { answer } from '../../protocol/moverlock/moverlock.gen.ts'
import { failureWord } from '../authority/codes.ts'
import type { VolumeStatistics } from './service.ts'

/** The statistics of a volume with another primary, as that mover told them last: for who must not wait for newer ones. */
export class RemoteStatistics {
  readonly #ask: (done: (answer: answer | null) => void) => void
  #known: VolumeStatistics = { totalBytes: 0, freeBytes: 0, totalFiles: 0, freeFiles: 0 }
  #isAsking = false

  /** `ask` sends a STATISTICS call; see `CallTransport`. */
  constructor(ask: (done: (answer: answer | null) => void) => void) {
    this.#ask = ask
  }

  /** Zeros while nothing is known; newer ones are asked for behind it. */
  latest(): VolumeStatistics {
    if (!this.#isAsking) {
      this.#isAsking = true
      this.#ask((answer) => {
        this.#isAsking = false
        if (answer !== null && failureWord(answer.status) === null) this.take(answer)
      })
    }
    return this.#known
  }

  /** What the answer to a STATISTICS call tells. */
  take({ status, space }: answer): VolumeStatistics {
    if (space === null) {
      throw new Error(`the primary of the volume does not tell its statistics: ${failureWord(status) ?? 'it has none'}`)
    }
    this.#known = {
      totalBytes: space.total_bytes,
      freeBytes: space.free_bytes,
      totalFiles: space.total_files,
      freeFiles: space.free_files,
    }
    return this.#known
  }
}
