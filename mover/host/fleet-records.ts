import type { Resume } from '../task.ts'
import { type MoverRecord, writeMoverRecords } from './mover-records.ts'
import type { StartStates } from './start-states.ts'
import type { TermCounter } from './terms.ts'

/** What a supervisor writes down before it tells anybody of it. */
export interface FleetRecords {
  /** The last term of a volume that was given out; 0 when there was none. */
  termOf(volume: string): number
  /** Begins a new term of each of the volumes, durably, one call after the other. With an error none has begun. */
  raiseTerms(volumes: readonly string[], resume: Resume<void>): void
  /**
   * Gives the states of so many starts at `wallMs` (see `StartStates`), and notes who the movers are; both durably. `movers` is
   * asked when it is written.
   */
  noteStarts(
    count: number,
    wallMs: number,
    movers: () => readonly MoverRecord[],
    resume: Resume<readonly number[]>,
  ): void
}

/** In the files of the state folder. */
export class DurableRecords implements FleetRecords {
  readonly #terms: TermCounter
  readonly #states: StartStates
  readonly #moversPath: string
  #noting: Promise<void> = Promise.resolve()

  constructor(terms: TermCounter, states: StartStates, moversPath: string) {
    this.#terms = terms
    this.#states = states
    this.#moversPath = moversPath
  }

  termOf(volume: string): number {
    return this.#terms.of(volume)
  }

  raiseTerms(volumes: readonly string[], resume: Resume<void>): void {
    this.#terms.raise(volumes).then(() => resume(null), resume)
  }

  noteStarts(
    count: number,
    wallMs: number,
    movers: () => readonly MoverRecord[],
    resume: Resume<readonly number[]>,
  ): void {
    const write = (): Promise<void> => writeMoverRecords(this.#moversPath, movers())
    this.#noting = this.#noting.then(write, write)
    Promise.all([this.#states.take(count, wallMs), this.#noting]).then(([states]) => resume(null, states), resume)
  }
}
