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
  /** What it may have done beside, each thing or not: it was sent again, and had been carried out in part, or whole. */
  beside: readonly Recorded<S>[]
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

  /**
   * An operation is asked for; gives what to call when it is answered. `beside`: steps that may have been made beside its own,
   * once each, also before it: it was sent again. Steps are made when `check` is called.
   */
  begin(what: string): (answer: string, step: Step<S>, beside?: readonly Step<S>[]) => void {
    const op = recorded<S>(what)
    this.#events.push({ op, isAnswer: false })
    return (answer, step, beside = []) => {
      op.step = step
      op.beside = beside.map((one) => ({ ...recorded<S>(`${what}, in part`), step: one }))
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
      if (!isAnswer) {
        begin(op)
        op.beside.forEach(begin)
        continue
      }
      const before = this.#possible
      this.#possible = this.#carryOut(op, pending)
      end(op)
      if (op.beside.length > 0) {
        this.#possible = this.#different(this.#possible.map((one) => op.beside.reduce(without, one)))
        op.beside.forEach(end)
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

  /** Each once. */
  #different(all: readonly Possible<S>[]): Possible<S>[] {
    return [...new Map(all.map((one) => [keyOf(one), one])).values()]
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

function recorded<S>(what: string): Recorded<S> {
  return { what, step: null, answer: '', beside: [], bit: 0, made: new Map() }
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
