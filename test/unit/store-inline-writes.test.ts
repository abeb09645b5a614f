import t from 'tap'
import { InlineWrites } from '../../mover/store/inline-writes.ts'

/** Lone writes until the next trial. */
function untilTrial(policy: InlineWrites): number {
  for (let i = 1; i <= 1_000_000; i++) if (policy.shouldTry(4096)) return i
  throw new Error('no trial in a million writes')
}

t.test('a quick medium is used at once after one trial', async (t) => {
  const policy = new InlineWrites()
  t.equal(untilTrial(policy), 16)
  policy.took(5)
  for (let i = 0; i < 100; i++) {
    t.ok(policy.shouldTry(4096))
    policy.took(8)
  }
  t.notOk(policy.shouldTry(1024 * 1024), 'long writes go to a thread all the same')
})

t.test('a slow medium is tried ever more rarely', async (t) => {
  const policy = new InlineWrites()
  const pauses: number[] = []
  for (let i = 0; i < 16; i++) {
    pauses.push(untilTrial(policy))
    policy.took(300)
  }
  t.same(pauses.slice(0, 5), [16, 32, 64, 128, 256])
  t.equal(pauses.at(-1), 65_536)
})

t.test('a medium that becomes slow loses the privilege, one slow write does not take it', async (t) => {
  const policy = new InlineWrites()
  untilTrial(policy)
  policy.took(5)
  policy.took(200)
  t.ok(policy.shouldTry(4096))
  let more = 0
  while (policy.shouldTry(4096)) {
    policy.took(200)
    more++
  }
  t.ok(more > 0 && more < 8, `${more} more slow ones do`)
  t.equal(untilTrial(policy), 15)
})
