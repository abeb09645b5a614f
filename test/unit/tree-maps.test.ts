import fc from 'fast-check'
import t from 'tap'
import { AddressMap } from '../../mover/volume/tree/address-map.ts'
import { BlockSet } from '../../mover/volume/tree/block-set.ts'

/** Few homes, so that probe runs are long and wrap around the end of the table. */
const addressArbitrary = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 1, max: 2 ** 48 - 1 }),
  fc.nat(30).map((n) => 5 + n * 2 ** 32),
)

t.test('an address map is a map', async (t) => {
  const commands = fc.array(fc.tuple(fc.constantFrom('add', 'add', 'delete'), addressArbitrary), {
    maxLength: 300,
    size: 'max',
  })
  fc.assert(
    fc.property(commands, (list) => {
      const map = new AddressMap(32)
      const model = new Map<number, number>()
      for (const [i, [kind, address]] of list.entries()) {
        if (kind === 'add' && !model.has(address) && model.size < 32) {
          map.add(address, i)
          model.set(address, i)
        } else if (kind === 'delete' && model.delete(address)) {
          map.delete(address)
        }
        for (const [, other] of list) {
          if (map.get(other) !== (model.get(other) ?? -1)) throw new Error(`${other} after ${i}`)
        }
      }
      if (map.size !== model.size) throw new Error('size')
    }),
  )
  t.pass()
})

t.test('misuse of an address map is refused', async (t) => {
  const map = new AddressMap(4)
  map.add(9, 1)
  t.throws(() => map.add(9, 2), /already/)
  t.throws(() => map.delete(10), /is not in/)
  t.throws(() => {
    for (let i = 100; i < 200; i++) map.add(i, 0)
  }, RangeError)
})

t.test('a block set is a set', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(70), fc.integer({ min: 0, max: 2 ** 48 }), fc.integer({ min: 32_760, max: 32_775 }))),
      (list) => {
        const set = new BlockSet()
        const model = new Set<number>()
        for (const block of list) {
          if (set.add(block) === model.has(block)) throw new Error(`add ${block}`)
          model.add(block)
        }
        for (const block of list)
          for (const other of [block, block + 1]) {
            if (set.has(other) !== model.has(other)) throw new Error(`has ${other}`)
          }
        if (set.size !== model.size) throw new Error('size')
      },
    ),
  )
  t.pass()
})
