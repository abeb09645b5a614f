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
  /** Its bit in `Possible.done` while it is under way. */
  bit: number
  /** What it makes of the states that it has been tried on. */
  readonly made: Map<Known<S>, Known<S> | null>
}

/** A state; equal ones are one object, so that none is worked on twice. */
interface Known<S> {
  readonly state: S
  readonly number: number
}

interface Possible<S> {
  readonly known: Known<S>
  /** Bits of the operations that have been carried out already, of those that are under way. */
  readonly done: number
}

const SHOWN_EVENTS = 40
const MOST_UNDER_WAY = 31

export class LinearHistory<S> {
  #possible: Possible<S>[]
  readonly #known = new Map<string, Known<S>>()
  readonly #events: { op: Recorded<S>; isAnswer: boolean }[] = []
  readonly #name: string

  constructor(name: string, state: S) {
    this.#name = name
    this.#possible = [{ known: this.#know(state), done: 0 }]
  }

  get length(): number {
    return this.#events.length
  }

  /** An operation is asked for; gives what to call when it is answered. */
  begin(what: string): (answer: string, step: Step<S>, mayBeTwice?: boolean) => void {
    const again: Recorded<S> = { what: `${what} again`, step: null, answer: '', again: null, bit: 0, made: new Map() }
    const op: Recorded<S> = { what, step: null, answer: '', again, bit: 0, made: new Map() }
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
    const free = Array.from({ length: MOST_UNDER_WAY }, (_, i) => 1 << i)
    const begin = (op: Recorded<S>): void => {
      const bit = free.pop()
      if (bit === undefined) throw new RangeError(`${this.#name}: more than ${MOST_UNDER_WAY} operations at once`)
      op.bit = bit
      pending.add(op)
    }
    const end = (op: Recorded<S>): void => {
      pending.delete(op)
      free.push(op.bit)
    }
    for (const [at, { op, isAnswer }] of this.#events.entries()) {
      const { again } = op
      if (!isAnswer) {
        begin(op)
        if (again?.step != null) begin(again)
        continue
      }
      const before = this.#possible
      this.#possible = this.#carryOut(op, pending)
      end(op)
      if (again !== null && pending.has(again)) {
        this.#possible = this.#possible.map((one) => without(one, again))
        end(again)
      }
      if (this.#possible.length === 0) throw new Incoherence(this.#explain(at, before))
    }
    this.#events.length = 0
    this.#known.clear()
    this.#possible = this.#possible.map(({ known, done }) => ({ known: this.#know(known.state), done }))
  }

  /** All that is possible now that `op` must have been carried out. */
  #carryOut(op: Recorded<S>, pending: ReadonlySet<Recorded<S>>): Possible<S>[] {
    const seen = new Set<number>()
    const found = new Map<number, Possible<S>>()
    const stack = [...this.#possible]
    for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
      const key = keyOf(one)
      if (seen.has(key)) continue
      seen.add(key)
      if ((one.done & op.bit) !== 0) {
        const next = without(one, op)
        found.set(keyOf(next), next)
        continue
      }
      for (const other of pending) {
        const known = (one.done & other.bit) !== 0 ? null : this.#made(other, one.known)
        if (known !== null) stack.push({ known, done: one.done | other.bit })
      }
    }
    return [...found.values()]
  }

  /** What an operation makes of a state. */
  #made(op: Recorded<S>, before: Known<S>): Known<S> | null {
    let after = op.made.get(before)
    if (after === undefined) {
      const state = op.step?.(before.state) ?? null
      after = state === null ? null : state === before.state ? before : this.#know(state)
      op.made.set(before, after)
    }
    return after
  }

  #know(state: S): Known<S> {
    const text = JSON.stringify(state)
    let known = this.#known.get(text)
    if (known === undefined) {
      known = { state, number: this.#known.size }
      this.#known.set(text, known)
    }
    return known
  }

  #explain(at: number, before: readonly Possible<S>[]): string {
    const events = this.#events.slice(Math.max(0, at - SHOWN_EVENTS), at + 1)
    const lines = events.map(({ op, isAnswer }) => `  ${isAnswer ? `answered ${op.what}: ${op.answer}` : op.what}`)
    const states = before.slice(0, 5).map(({ known, done }) => `${JSON.stringify(known.state)} (${bitsOf(done)} ahead)`)
    return `${this.#name}: no order explains the last answer of\n${lines.join('\n')}\nbefore it: ${states.join('; ')}`
  }
}

function without<S>({ known, done }: Possible<S>, op: Recorded<S>): Possible<S> {
  return { known, done: done & ~op.bit }
}

function keyOf<S>({ known, done }: Possible<S>): number {
  return known.number * 2 ** MOST_UNDER_WAY + done
}

function bitsOf(done: number): number {
  let count = 0
  for (let rest = done; rest !== 0; rest &= rest - 1) count++
  return count
}
