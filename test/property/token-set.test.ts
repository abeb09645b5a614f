/** Tokens that are found by where they lie, against a list that is searched. */
import fc from 'fast-check'
import t from 'tap'
import type { Token } from '../../mover/locks/token.ts'
import { TokenSet } from '../../mover/locks/token-set.ts'

const MOST_BLOCKS = 20

const spans = fc.tuple(fc.nat(MOST_BLOCKS), fc.oneof(fc.nat(3), fc.constant(MOST_BLOCKS))).map(([start, length]) => {
  return { start, end: start + length }
})

t.test('tokens near a span are those that have some of it or lie beside it', async () => {
  const step = fc.oneof(fc.record({ add: spans }), fc.record({ remove: fc.nat(30) }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const set = new TokenSet<Token>()
      const model: Token[] = []
      for (const [serial, one] of steps.entries()) {
        if ('add' in one) {
          const token: Token = { serial, kind: 'BR_R', ...one.add }
          set.add(token)
          model.push(token)
        } else if (model.length > 0) set.remove(model.splice(one.remove % model.length, 1)[0])
        for (let start = 0; start <= MOST_BLOCKS; start++) {
          for (let end = start; end <= MOST_BLOCKS; end++) {
            const found = set.near({ start, end })
            const expected = model.filter((token) => token.start <= end && token.end >= start)
            if (found.length !== expected.length || expected.some((token) => !found.includes(token)))
              throw new Error(`[${start}, ${end}): ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`)
            if (found.some((token, at) => at > 0 && found[at - 1].start > token.start)) throw new Error('out of order')
          }
        }
        if (set.all.length !== model.length) throw new Error(`${set.all.length} tokens instead of ${model.length}`)
      }
    }),
    { numRuns: 300 },
  )
})
