import t from 'tap'
import { Sequel } from '../../mover/net/sequel.ts'

/** A client that calls so many microseconds after each answer, which takes 20. */
class Dialogue {
  nowMs = 0
  #isAwaited: (() => boolean) | null = null
  readonly sequel = new Sequel({
    monotonicMs: () => this.nowMs,
    stayAwake: (isWaiting) => {
      this.#isAwaited = isWaiting
    },
  })

  /** Whether the loop is told to stay awake after the answer to such a call, and is not any more when the next one is there. */
  call(afterUs: number): boolean {
    this.nowMs += afterUs / 1000
    this.sequel.arrived()
    if (this.#isAwaited?.() === true) throw new Error('a call that has come is still awaited')
    this.nowMs += 0.02
    this.#isAwaited = null
    this.sequel.answered()
    return this.#isAwaited !== null && (this.#isAwaited as () => boolean)()
  }
}

t.test('while calls follow answers at once, the next one is waited for awake', (t) => {
  const { call } = { call: Dialogue.prototype.call.bind(new Dialogue()) }
  t.same([call(0), call(30), call(30), call(30)], [false, true, true, true], 'the first shows how soon it comes')
  t.end()
})

t.test('a client far away, or one that has nothing to ask, is not', (t) => {
  const { call } = { call: Dialogue.prototype.call.bind(new Dialogue()) }
  t.same([call(0), call(120), call(120)], [false, false, false])
  t.same([call(30), call(1e6), call(1e6), call(30)], [true, false, false, true])
  t.end()
})

t.test('calls that come together count once: the first tells', (t) => {
  const dialogue = new Dialogue()
  dialogue.call(0)
  dialogue.nowMs += 0.2
  dialogue.sequel.arrived()
  t.notOk(dialogue.call(1), 'the second followed the first, not the answer')
  t.equal(dialogue.sequel.arrivals, 3)
  t.end()
})
