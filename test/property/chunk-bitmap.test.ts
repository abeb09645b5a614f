import fc from 'fast-check'
import t from 'tap'
import { clearBits, clearRun, countSet, firstClear, setBits, testBit } from '../../mover/volume/chunk-bitmap.ts'

const BITS = 160
const bit = fc.nat({ max: BITS })
const words = fc.array(fc.nat({ max: 0xffff_ffff }), { minLength: BITS / 32, maxLength: BITS / 32 })
/** Mostly full and mostly empty words, in which runs are long. */
const runs = words.map((list) => list.map((word) => (word % 3 === 0 ? 0 : word % 3 === 1 ? 0xffff_ffff : word)))
const bitmaps = fc.oneof(words, runs).map((list) => Uint32Array.from(list))

function bitsOf(bitmap: Uint32Array): boolean[] {
  return Array.from({ length: BITS }, (_, at) => testBit(bitmap, at))
}

t.test('a bitmap counts and finds what its bits say one by one', async (t) => {
  fc.assert(
    fc.property(bitmaps, bit, bit, bit, (bitmap, a, b, max) => {
      const [from, end] = a < b ? [a, b] : [b, a]
      const range = bitsOf(bitmap).slice(from, end)
      const clear = range.indexOf(false)
      const set = range.slice(0, max).indexOf(true)
      return (
        countSet(bitmap, from, end) === range.filter((is) => is).length &&
        firstClear(bitmap, from, end) === (clear < 0 ? -1 : from + clear) &&
        clearRun(bitmap, from, end, max) === (set < 0 ? Math.min(max, end - from) : set)
      )
    }),
    { numRuns: 2000, seed: 1 },
  )
  t.pass('2000 bitmaps')
})

t.test('setting and clearing change exactly their range, and say how many bits changed', async (t) => {
  fc.assert(
    fc.property(bitmaps, bit, bit, fc.boolean(), (bitmap, a, b, value) => {
      const [from, end] = a < b ? [a, b] : [b, a]
      const before = bitsOf(bitmap)
      const changed = (value ? setBits : clearBits)(bitmap, from, end - from)
      const differing = before.slice(from, end).filter((is) => is !== value).length
      const isRight = bitsOf(bitmap).every((is, at) => is === (at >= from && at < end ? value : before[at]))
      return isRight && changed === differing
    }),
    { numRuns: 1000, seed: 2 },
  )
  t.pass('1000 bitmaps')
})
