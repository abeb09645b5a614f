/**
 * Whether what several clients were told of one thing can be explained by carrying out their operations one after the other,
 * each at some moment between its asking and its answer.
 */
import { Incoherence } from './history.ts'

/** What an operation that was answered so makes of a state; null: it would not have been answered so. */
export type Step<S> = (state: S) => S | null

interface Recorded<S> {
  readonly what: string
  step: Step<S> | null
  answer: string
  /** The same operation once more, which may be carried out or not: it was sent again. */
  readonly again: Recorded<S> | null
}

interface Possible<S> {
  readonly state: S
  /** Operations that have been carried out already, of those that are under way. */
  readonly done: ReadonlySet<Recorded<S>>
}

const SHOWN_EVENTS = 40

export class LinearHistory<S> {
  #possible: Possible<S>[]
  readonly #events: { op: Recorded<S>; isAnswer: boolean }[] = []
  readonly #name: string

  constructor(name: string, state: S) {
    this.#name = name
    this.#possible = [{ state, done: new Set() }]
  }

  get length(): number {
    return this.#events.length
  }

  /** An operation is asked for; gives what to call when it is answered. */
  begin(what: string): (answer: string, step: Step<S>, mayBeTwice?: boolean) => void {
    const again: Recorded<S> = { what: `${what} again`, step: null, answer: '', again: null }
    const op: Recorded<S> = { what, step: null, answer: '', again }
    this.#events.push({ op, isAnswer: false })
    return (answer, step, mayBeTwice = false) => {
      op.step = step
      if (mayBeTwice) again.step = step
      op.answer = answer
      this.#events.push({ op, isAnswer: true })
    }
  }

  /** Throws `Incoherence` when no order explains the answers. All must have come; the history goes on from here. */
  check(): void {
    const pending = new Set<Recorded<S>>()
    for (const [at, { op, isAnswer }] of this.#events.entries()) {
      if (!isAnswer) {
        pending.add(op)
        if (op.again?.step != null) pending.add(op.again)
        continue
      }
      const before = this.#possible
      this.#possible = this.#carryOut(op, pending)
      pending.delete(op)
      if (op.again !== null && pending.delete(op.again))
        this.#possible = this.#possible.map((one) => without(one, op.again))
      if (this.#possible.length === 0) throw new Incoherence(this.#explain(at, before))
    }
    this.#events.length = 0
  }

  /** All that is possible now that `op` must have been carried out. */
  #carryOut(op: Recorded<S>, pending: ReadonlySet<Recorded<S>>): Possible<S>[] {
    const numbers = new Map([...pending].map((one, i) => [one, i]))
    const keyOf = ({ state, done }: Possible<S>): string =>
      `${JSON.stringify(state)} ${[...done].map((one) => numbers.get(one)).sort()}`
    const seen = new Set<string>()
    const found = new Map<string, Possible<S>>()
    const stack = [...this.#possible]
    for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
      const key = keyOf(one)
      if (seen.has(key)) continue
      seen.add(key)
      if (one.done.has(op)) {
        const next = without(one, op)
        found.set(keyOf(next), next)
        continue
      }
      for (const other of pending) {
        const state = one.done.has(other) ? null : (other.step?.(one.state) ?? null)
        if (state !== null) stack.push({ state, done: new Set([...one.done, other]) })
      }
    }
    return [...found.values()]
  }

  #explain(at: number, before: readonly Possible<S>[]): string {
    const events = this.#events.slice(Math.max(0, at - SHOWN_EVENTS), at + 1)
    const lines = events.map(({ op, isAnswer }) => `  ${isAnswer ? `answered ${op.what}: ${op.answer}` : op.what}`)
    const states = before.slice(0, 5).map(({ state, done }) => `${JSON.stringify(state)} (${done.size} ahead)`)
    return `${this.#name}: no order explains the last answer of\n${lines.join('\n')}\nbefore it: ${states.join('; ')}`
  }
}

function without<S>({ state, done }: Possible<S>, op: Recorded<S> | null): Possible<S> {
  return { state, done: new Set([...done].filter((other) => other !== op)) }
}
