import t from 'tap'
import { Fifo } from '../../mover/authority/fifo.ts'

t.test('what came first goes first, however many are there', async (t) => {
  const fifo = new Fifo<{ number: number }>()
  const out: number[] = []
  let last = 0
  const come = (count: number): void => {
    for (let i = 0; i < count; i++) fifo.push({ number: ++last })
  }
  const go = (count: number): void => {
    for (let i = 0; i < count; i++) out.push(fifo.shift()?.number ?? 0)
  }
  for (const [coming, going] of [
    [1, 1],
    [3, 2],
    [50, 7],
    [1, 20],
    [0, 25],
    [2, 2],
    [100, 99],
  ] as const) {
    come(coming)
    go(going)
    t.equal(fifo.length, last - out.length)
  }
  go(fifo.length)
  t.equal(fifo.shift(), null)
  t.same(
    out,
    out.map((_, i) => i + 1),
  )
  t.equal(out.length, last)
})
