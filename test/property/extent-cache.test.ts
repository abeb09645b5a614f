/** What a secondary knows of a file's blocks, beside an array that says it block by block. */
import fc from 'fast-check'
import t from 'tap'
import { ExtentCache, type KnownExtent } from '../../mover/authority/extent-cache.ts'

const BLOCKS = 40
const range = fc.tuple(fc.nat(BLOCKS - 1), fc.integer({ min: 1, max: 12 }))

/** Extents in order, with holes between some. */
const extents = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 })), {
  maxLength: 6,
})

interface Step {
  isLearning: boolean
  range: [number, number]
  extents: [number, number, number][]
}

const steps = fc.array(fc.record({ isLearning: fc.boolean(), range, extents }) as fc.Arbitrary<Step>, {
  minLength: 1,
  maxLength: 12,
})

/** The extents of a step: they may begin before and end behind what is learned. */
function laidOut({ range: [first], extents: parts }: Step, place: number): KnownExtent[] {
  const laid: KnownExtent[] = []
  let at = Math.max(0, first - 2)
  for (const [gap, length, jump] of parts) {
    at += gap
    laid.push({ fileBlock: at, deviceBlock: 1000 * place + 50 * jump + at, length })
    at += length
  }
  return laid
}

t.test('what was learned last is known, what was forgotten is not', async (t) => {
  fc.assert(
    fc.property(steps, (all) => {
      const cache = new ExtentCache()
      const known: (number | undefined)[] = []
      for (const [place, step] of all.entries()) {
        const [first, length] = step.range
        const end = first + length
        if (!step.isLearning) {
          cache.forget(first, end)
          for (let block = first; block < end; block++) known[block] = undefined
          continue
        }
        const laid = laidOut(step, place + 1)
        cache.learn(first, end, laid)
        for (let block = first; block < end; block++) {
          const extent = laid.find((one) => one.fileBlock <= block && block < one.fileBlock + one.length)
          known[block] = extent === undefined ? 0 : extent.deviceBlock + (block - extent.fileBlock)
        }
      }
      check(cache, known)
    }),
    { numRuns: 2000, seed: 3 },
  )
  t.pass('2000 histories')
})

function check(cache: ExtentCache, known: readonly (number | undefined)[]): void {
  const found = { deviceBlock: 0, length: 0 }
  for (let block = 0; block < BLOCKS + 20; block++) {
    const isKnown = cache.find(block, 100, found)
    if (isKnown !== (known[block] !== undefined)) throw new Error(`block ${block}: known is ${isKnown}`)
    if (!isKnown) continue
    if (found.length < 1) throw new Error(`block ${block}: ${found.length} blocks`)
    for (let i = 0; i < found.length; i++) {
      const device = found.deviceBlock === 0 ? 0 : found.deviceBlock + i
      if (known[block + i] !== device) throw new Error(`block ${block + i} lies at ${device}, not ${known[block + i]}`)
    }
    // Neighbours that lie likewise are told together.
    const next = found.deviceBlock === 0 ? 0 : found.deviceBlock + found.length
    if (known[block + found.length] === next) throw new Error(`block ${block}: ${found.length} blocks are too few`)
  }
}

t.test('at most so many blocks as were asked for', async (t) => {
  const cache = new ExtentCache()
  cache.learn(0, 10, [{ fileBlock: 0, deviceBlock: 100, length: 10 }])
  const found = { deviceBlock: 0, length: 0 }
  t.ok(cache.find(3, 2, found))
  t.same(found, { deviceBlock: 103, length: 2 })
  t.equal(cache.size, 1)
  cache.learn(10, 20, [{ fileBlock: 10, deviceBlock: 110, length: 10 }])
  t.equal(cache.size, 1, 'what continues is one')
})
