/** What a volume remembers of clients, as movers ask for it. */
import t from 'tap'
import type { ClientRecord } from '../../mover/files/client-records.ts'
import { bytes, FilesWorld, PLACES } from './files-support.ts'

const COUNT = 4100

t.test('as many as there are can be listed, in pages', async (t) => {
  for (const place of PLACES) {
    const world = FilesWorld.at(place)
    // Those of others lie before, between and behind them.
    for (const prefix of ['a', 'b', 'c'])
      for (let i = 0; i < (prefix === 'b' ? COUNT : 3); i++)
        world.start((op) => world.service.clients.set(op, { id: bytes(`${prefix} ${i}`), value: bytes(`value ${i}`) }))
    world.env.runUntilIdle()
    const page = (after: string): ClientRecord[] => {
      const listed = world.call((op) => world.service.clients.list(op, bytes('b '), bytes(after)))
      if (typeof listed === 'string') throw new Error(listed)
      return listed
    }
    const text = (part: Uint8Array): string => Buffer.from(part).toString()
    const first = page('b ')
    const second = page(text(first[first.length - 1].id))
    t.same([first.length, second.length], [4096, 4])
    t.same(page(text(second[3].id)), [])
    const all = [...first, ...second].map(({ id, value }) => `${text(id)} ${text(value)}`)
    const expected = Array.from({ length: COUNT }, (_, i) => `b ${i} value ${i}`)
    t.same(
      all,
      expected.sort((x, y) => (x.split(' ')[1] < y.split(' ')[1] ? -1 : 1)),
      'in order, each once',
    )
  }
})
