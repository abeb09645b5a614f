import fc from 'fast-check'
import t from 'tap'
import { PageTable } from '../../mover/files/page-table.ts'

t.test('a page table is a map of numbers', (t) => {
  const block = fc.oneof(fc.nat(200), fc.integer({ min: 2 ** 32 - 100, max: 2 ** 32 }))
  const step = fc.record({ what: fc.constantFrom('set', 'delete', 'get'), block, slot: fc.nat(5) })
  const span = fc.tuple(block, fc.oneof(fc.nat(200), fc.constant(Number.POSITIVE_INFINITY)))
  fc.assert(
    fc.property(fc.array(step, { size: 'large' }), span, (steps, [first, length]) => {
      const table = new PageTable()
      const model = new Map<number, number>()
      for (const { what, block, slot } of steps) {
        if (what === 'set') {
          table.set(block, slot)
          model.set(block, slot)
        } else if (what === 'delete') {
          table.delete(block)
          model.delete(block)
        }
        if (table.get(block) !== model.get(block) || table.has(block) !== model.has(block)) return false
        if (table.get(block - 1) !== model.get(block - 1)) return false
      }
      const end = first + length
      const found = [...table.within(first, end)].sort(([a], [b]) => a - b)
      const expected = [...model].filter(([block]) => block >= first && block < end).sort(([a], [b]) => a - b)
      return JSON.stringify(found) === JSON.stringify(expected) && table.isEmpty === (model.size === 0)
    }),
  )
  t.end()
})

t.test('what is deleted during an iteration is not told', (t) => {
  const table = new PageTable()
  for (const block of [1, 2, 3, 300]) table.set(block, block)
  const told: number[] = []
  for (const [block] of table.within(0, Number.POSITIVE_INFINITY)) {
    told.push(block)
    table.delete(2)
    table.delete(300)
  }
  t.same(told, [1, 3])
  t.end()
})
