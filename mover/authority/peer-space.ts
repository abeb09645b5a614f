import type { run } from '../../protocol/moverlock/moverlock.gen.ts'
import { Suspend } from '../suspend.ts'
import { BlockSet } from './block-set.ts'
import type { GovernedFiles } from './governed.ts'
import { SessionError } from './session-error.ts'

/** Device blocks that are reserved for one secondary: no file's, and nobody else's. */
export class PeerSpace {
  readonly reserved = new BlockSet()
  readonly #files: GovernedFiles
  /** Blocks that it has asked for, and that are not there yet. */
  #asked = 0
  #isGone = false

  constructor(files: GovernedFiles) {
    this.#files = files
  }

  /** Nothing of the mover is left. */
  gone(): void {
    this.#isGone = true
    this.#files.giveBack(this.reserved.takeAll())
  }

  /** What was reserved in an earlier reign. Throws `SessionError` when it cannot be. */
  assert(runs: readonly run[]): void {
    this.#checkMost(runs.reduce((sum, { length }) => sum + length, 0))
    this.takeAgain(runs)
    this.keep(runs)
  }

  /** Blocks of an earlier reign are in use again: all of them, or none when that cannot be: throws `SessionError`. */
  takeAgain(runs: readonly run[]): void {
    for (const [i, { start, length }] of runs.entries()) {
      if (this.#files.take({ start, length })) continue
      this.#files.giveBack(runs.slice(0, i))
      throw new SessionError(`it has device blocks ${start}+${length}, which cannot be reserved for it`)
    }
  }

  /** Takes blocks out of what is reserved; all of them, or none when some are not: throws `SessionError`. */
  take(runs: readonly run[]): void {
    for (const [i, { start, length }] of runs.entries()) {
      if (length > 0 && this.reserved.take(start, length)) continue
      this.keep(runs.slice(0, i))
      throw new SessionError(`it disposes of device blocks ${start}+${length}, which it has not reserved`)
    }
  }

  /** These are reserved for the mover: from now on, or again. */
  keep(runs: readonly run[]): void {
    for (const { start, length } of runs) this.reserved.add(start, length)
  }

  giveBack(runs: readonly run[]): void {
    this.take(runs)
    this.#files.giveBack(runs)
  }

  /** Reserves so many blocks, as soon as it is known whether they are free; `done` is told which, unless the mover is gone. */
  reserve(count: number, done: (runs: run[]) => void): void {
    this.#checkMost(count)
    this.#asked += count
    const attempt = (): void => {
      let runs: run[]
      try {
        runs = this.#files.reserve(count)
      } catch (error) {
        if (!(error instanceof Suspend)) throw error
        error.wait(attempt)
        return
      }
      this.#asked -= count
      if (this.#isGone) {
        this.#files.giveBack(runs)
        return
      }
      this.keep(runs)
      done(runs)
    }
    attempt()
  }

  /** Who misbehaves must not take all that is free from the others. */
  #checkMost(more: number): void {
    const { mostReserved } = this.#files
    if (this.reserved.count + this.#asked + more > mostReserved)
      throw new SessionError(`more than ${mostReserved} device blocks reserved at a time`)
  }
}
