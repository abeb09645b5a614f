/** The pieces in which a token is given back, against what is said of each block. */
import fc from 'fast-check'
import t from 'tap'
import { piecesOf } from '../../mover/files/pieces.ts'

const MOST_BLOCKS = 24
const MOST_OF_PIECE = 3

const spans = fc.tuple(fc.nat(MOST_BLOCKS - 1), fc.integer({ min: 1, max: MOST_BLOCKS })).map(([start, length]) => {
  return { start, end: Math.min(MOST_BLOCKS, start + length) }
})
const blocks = fc.uniqueArray(fc.nat(MOST_BLOCKS - 1)).map((list) => list.sort((a, b) => a - b))
const growths = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat(MOST_BLOCKS))

t.test('each block goes once: with what must be written, or at once', async () => {
  fc.assert(
    fc.property(spans, spans, blocks, growths, (part, first, dirty, growsFrom) => {
      const pieces = piecesOf(part, first, { blocks: dirty, growsFrom }, MOST_OF_PIECE)
      const mustBeWritten = (block: number): boolean => dirty.includes(block) || block >= growsFrom
      const isWanted = (block: number): boolean => first.start <= block && block < first.end
      const goes: number[] = []
      for (const [at, { start, end, inTurn }] of pieces.entries()) {
        const own = Array.from({ length: end - start }, (_, i) => start + i)
        goes.push(...own)
        if (pieces.length === 1) {
          if (own.some(isWanted) || !own.some(mustBeWritten) || own.every(mustBeWritten)) continue
          // What must be written begins and ends the part.
          if (mustBeWritten(start) && mustBeWritten(end - 1)) continue
          throw new Error('what is clean waits for what nobody wants')
        }
        if (own.some(mustBeWritten) !== inTurn) throw new Error(`[${start}, ${end}) goes at the wrong time`)
        if (!inTurn) continue
        const isEnd = end - 1 >= growsFrom
        if (!isEnd && own.filter(mustBeWritten).length > MOST_OF_PIECE) throw new Error('a piece of too many blocks')
        const passed = pieces.slice(0, at).some((piece) => {
          return piece.inTurn && !(piece.start < first.end && first.start < piece.end)
        })
        if (own.some(isWanted) && passed) throw new Error('what is wanted waits for what is not')
        const [wanted, others] = [own.filter(isWanted), own.filter((block) => !isWanted(block))]
        if (!isEnd && wanted.some(mustBeWritten) && others.some(mustBeWritten)) throw new Error('not apart')
      }
      goes.sort((a, b) => a - b)
      const all = Array.from({ length: part.end - part.start }, (_, i) => part.start + i)
      if (goes.join() !== all.join()) throw new Error(`${goes} goes of ${all}`)
    }),
    { numRuns: 2000 },
  )
})
