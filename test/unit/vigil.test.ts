import t from 'tap'
import { Vigil } from '../../mover/vigil.ts'

const MOST_MS = 0.06

/** An event loop whose turns take so many microseconds. */
class Loop {
  nowMs = 1000
  turns = 0
  #next: (() => void)[] = []
  readonly vigil = new Vigil({ nowMs: () => this.nowMs, nextTurn: (task) => this.#next.push(task) })

  /** Turns until it would go to sleep. */
  run(turnUs: number, each = (): void => {}): number {
    const before = this.turns
    while (this.#next.length > 0) {
      const tasks = this.#next
      this.#next = []
      this.nowMs += turnUs / 1000
      this.turns++
      each()
      for (const task of tasks) task()
    }
    return this.turns - before
  }
}

t.test('the loop turns until the answer has come', (t) => {
  const loop = new Loop()
  let isWaiting = true
  loop.vigil.keep(() => isWaiting, MOST_MS)
  const turns = loop.run(1, () => {
    if (loop.turns === 9) isWaiting = false
  })
  t.equal(turns, 9)
  t.end()
})

t.test('an answer that does not come is not stayed awake for', (t) => {
  const loop = new Loop()
  loop.vigil.keep(() => true, MOST_MS)
  t.equal(loop.run(10), 6)
  t.equal(loop.run(10), 0)
  loop.vigil.keep(() => true, MOST_MS)
  t.equal(loop.run(100), 1, 'but for the next one')
  t.end()
})

t.test('who asks again meanwhile is stayed awake for from then on, in the same turns', (t) => {
  const loop = new Loop()
  loop.vigil.keep(() => false, MOST_MS)
  const turns = loop.run(10, () => {
    if (loop.turns === 1) loop.vigil.keep(() => true, MOST_MS)
  })
  t.equal(turns, 7)
  t.end()
})
