/** The judge of reads of several sectors: it must notice each read that has seen a part of a write, and no other one. */
import t from 'tap'
import { FileHistory } from './history.ts'

/** Sectors of the file: all of one write, which has been answered. */
const OLD = 4

for (const [values, torn] of [
  [[1, 1, 1, 1], null],
  [[2, 2, 1, 1], null],
  [[2, 2, 3, 3], null],
  [[1, 3, 3, 3], null],
  [[2, 3, 3, 3], null],
  [[1, 2, 1, 1], 1],
  [[2, 1, 1, 1], 1],
  [[2, 2, 3, 1], 3],
  [[1, 2, 3, 3], 1],
  [[2, 2, 1, 3], 3],
] as const) {
  const wrong = torn === null ? 'can be seen' : `sector ${torn} is torn`
  t.test(`${values}: ${wrong}`, async (t) => {
    const history = new FileHistory({ isWhole: true })
    history.write(0, OLD).answered()
    const answered = history.read(0, OLD)
    history.write(0, 2)
    history.write(1, OLD)
    const see = (): void => answered(values, false)
    if (torn === null) t.doesNotThrow(see)
    else t.throws(see, { message: new RegExp(`^sector ${torn}: value \\d was read together with a part of`) })
    // The same at a file whose writes may be lost in parts.
    const lossy = new FileHistory()
    lossy.write(0, OLD).answered()
    const seen = lossy.read(0, OLD)
    lossy.write(0, 2)
    lossy.write(1, OLD)
    t.doesNotThrow(() => seen(values, false))
  })
}

t.test('a file that ends in the midst of what was written at its end', async (t) => {
  const history = new FileHistory({ isWhole: true })
  const asked = [history.read(0, 2), history.read(0, 2), history.read(0, 1)]
  history.write(0, 2)
  t.throws(() => asked[0]?.([1], true), {
    message: /^sector 1: the end of the file was read together with a part of value 1/,
  })
  t.doesNotThrow(() => asked[1]?.([1, 1], true))
  t.doesNotThrow(() => asked[2]?.([1], false))
})
