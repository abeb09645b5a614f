/** The judge of what clients are told: it must find an order where there is one, and none where there is not. */
import t from 'tap'
import { read, sized, wrote, wroteInPart } from './file-model.ts'

import { LinearHistory } from './linear.ts'

const NO_ORDER = /^x: no order explains the last answer of/

t.test('operations that overlap may have any order, the same for everybody', async (t) => {
  const asked = (): LinearHistory<readonly number[]> => new LinearHistory<readonly number[]>('x', [])
  for (const [first, second, isCoherent] of [
    [1, 1, true],
    [1, 2, true],
    [2, 1, true],
    [2, 0, false],
    [0, 0, false],
  ] as const) {
    const history = asked()
    const [one, two] = [history.begin('write 1'), history.begin('write 2')]
    const early = history.begin('read')
    early(`${first}`, read(0, 1, first === 0 ? [] : [first], true))
    one('done', wrote(0, 1, 1))
    two('done', wrote(0, 1, 2))
    const late = history.begin('read')
    late(`${second}`, read(0, 1, second === 0 ? [] : [second], true))
    if (isCoherent) t.doesNotThrow(() => history.check(), `${first}, then ${second}`)
    else t.throws(() => history.check(), NO_ORDER, `${first}, then ${second}`)
  }
})

t.test('what was answered is over, also for the next check; what was sent twice may be done twice', async (t) => {
  const history = new LinearHistory<readonly number[]>('x', [])
  const write = (value: number): void => history.begin(`write ${value}`)('done', wrote(0, 1, value))
  const see = (value: number): void => history.begin('read')(`${value}`, read(0, 1, [value], true))
  write(1)
  const slow = history.begin('write 2')
  see(1)
  see(2)
  write(3)
  see(3)
  see(2)
  slow('done', wrote(0, 1, 2), [wrote(0, 1, 2)])
  history.check()
  see(2)
  history.check()
  see(1)
  t.throws(
    () => history.check(),
    /no order explains the last answer of\n {2}read\n {2}answered read: 1\nbefore it: \[2\]/,
  )

  const once = new LinearHistory<readonly number[]>('x', [])
  const late = once.begin('write 2')
  once.begin('read')('2', read(0, 1, [2], true))
  once.begin('write 3')('done', wrote(0, 1, 3))
  once.begin('read')('2', read(0, 1, [2], true))
  late('done', wrote(0, 1, 2))
  t.throws(() => once.check(), NO_ORDER, 'but not what was sent once')
})

t.test(
  'what a mover that dies has written in part is there by pages, and what was seen early may be gone again',
  async (t) => {
    const value = 5
    for (const [what, units, isCoherent] of [
      ['the second page of it', [0, 0, 0, 0, 5, 5, 0, 0], true],
      ['the first page of it', [0, 0, 5, 5, 0, 0, 0, 0], true],
      ['a part of a page', [0, 0, 5, 0, 0, 0, 0, 0], false],
    ] as const) {
      const history = new LinearHistory<readonly number[]>('x', Array(8).fill(0))
      const write = history.begin('write')
      history.begin('read')(`${units}`, read(0, 8, units, true))
      write('done', wrote(2, 4, value), wroteInPart(2, 4, value))
      history.begin('read')('all', read(0, 8, [0, 0, 5, 5, 5, 5, 0, 0], true))
      if (isCoherent) t.doesNotThrow(() => history.check(), what)
      else t.throws(() => history.check(), NO_ORDER, what)
    }
    for (const isLost of [true, false]) {
      const history = new LinearHistory<readonly number[]>('x', [1])
      const write = history.begin('write')
      const early = [{ at: 0, count: 2, value, isLost }]
      history.begin('read')('5,5', read(0, 2, [value, value], true, early))
      history.begin('size')('2', sized(2, early))
      history.begin('read')('1', read(0, 2, [1], true))
      write('done', wrote(0, 2, value), isLost ? wroteInPart(0, 2, value) : [])
      if (isLost) t.doesNotThrow(() => history.check(), 'it was lost')
      else t.throws(() => history.check(), NO_ORDER, 'it was not lost')
    }
  },
)
