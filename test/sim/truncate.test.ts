/** A file that is written and truncated by clients of several movers: data, size and times are one history. */
import t from 'tap'
import { playTruncate, TRUNCATE_SEEDS, truncateWorld } from './truncate-runs.ts'
import { worldsPlayed } from './worlds.ts'

t.test('data, size and times are what the last change left, whichever movers serve', async (t) => {
  const { counts, failure } = playTruncate(1, TRUNCATE_SEEDS)
  t.comment(JSON.stringify(counts))
  if (t.equal(failure, null)) t.comment(worldsPlayed('truncate', 1, TRUNCATE_SEEDS))
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
