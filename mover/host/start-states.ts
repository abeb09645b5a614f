import { readJson, writeJson } from './durable-file.ts'

/** 2026-01-01T00:00:00Z: no mover was started earlier. */
const FIRST_MS = 1_767_225_600_000
const MOST = 2 ** 31 - 1

/**
 * The state of the start that follows one of state `last`, at `wallMs` (C702 §11.2): odd, and greater, unless there is none
 * greater. It is the clock's where that has gone on: so it has grown, most likely, also where `last` has been forgotten.
 */
export function stateAfter(last: number, wallMs: number): number {
  const seconds = Math.max(0, Math.floor((wallMs - FIRST_MS) / 1000))
  const next = Math.max(Math.min(2 * seconds + 1, MOST), last + 2)
  return next > MOST ? 1 : next
}

/**
 * Gives each start of a mover the state that its clients know it by: no two starts of any movers have the same one. They are
 * written down before anybody is told of them.
 */
export class StartStates {
  readonly #path: string
  /** Nothing is less than the first. */
  #last = -1
  #writing: Promise<void> = Promise.resolve()

  /** Takes up what was written at `path`. Throws when it is not ours. */
  constructor(path: string) {
    this.#path = path
    this.#last = readJson(path, isState, 'remove it: the clock gives the next state') ?? this.#last
  }

  /** States of so many starts. Rejects when they cannot be written down. */
  async take(count: number, wallMs: number): Promise<number[]> {
    const states: number[] = []
    for (let i = 0; i < count; i++) {
      this.#last = stateAfter(this.#last, wallMs)
      states.push(this.#last)
    }
    const last = this.#last
    const write = (): Promise<void> => writeJson(this.#path, last)
    this.#writing = this.#writing.then(write, write)
    await this.#writing
    return states
  }
}

function isState(value: unknown): value is number {
  return (
    Number.isSafeInteger(value) && (value as number) % 2 === 1 && (value as number) > 0 && (value as number) <= MOST
  )
}
