/** Names that clients of several movers change, look up and list, and links that they read: what they are told is one history. */
import t from 'tap'
import { NAMES_SEEDS, namesWorld, playNames } from './names-runs.ts'
import { worldsPlayed } from './worlds.ts'

t.test('names, listings and links are what the last change left, whichever movers serve', async (t) => {
  const { counts, failure } = playNames(1, NAMES_SEEDS)
  t.comment(JSON.stringify(counts))
  if (t.equal(failure, null)) t.comment(worldsPlayed('names', 1, NAMES_SEEDS))
  for (const [what, count] of Object.entries(counts)) t.ok(count > 100, `${what}: ${count}`)
})

t.test('one seed is one world', async (t) => {
  const digests = [7, 7, 8].map((seed) => {
    const world = namesWorld(seed)
    world.run()
    return world.digest
  })
  t.equal(digests[0], digests[1])
  t.not(digests[1], digests[2])
})
