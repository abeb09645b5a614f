/** A file that is written and truncated by clients of several movers: data, size and times are one history. */
import t from 'tap'
import { playTruncate, TRUNCATE_SEEDS, truncateWorld } from './truncate-runs.ts'

t.test('data, size and times are what the last change left, whichever movers serve', async (t) => {
  const { counts, failure } = playTruncate(1, TRUNCATE_SEEDS)
  t.comment(`seeds 1 to ${TRUNCATE_SEEDS}: ${JSON.stringify(counts)}`)
  t.equal(failure, null)
  for (const [what, count] of Object.entries(counts)) t.ok(count > 300, `${what}: ${count}`)
})

t.test('one seed is one world', async (t) => {
  const digests = [7, 7, 8].map((seed) => {
    const world = truncateWorld(seed)
    world.run()
    return world.digest
  })
  t.equal(digests[0], digests[1])
  t.not(digests[1], digests[2])
})
