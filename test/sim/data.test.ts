/**
 * The data of files at a primary and its secondaries, with the real drivers, volume and write-back over one device and
 * messages that take any time: what clients see, at whichever mover, is one history.
 */
import t from 'tap'
import { DATA_SEEDS, dataWorld, playData } from './data-runs.ts'
import { worldsPlayed } from './worlds.ts'

t.test('every read sees the last write, whichever movers serve the two', async (t) => {
  const { counts, failure } = playData(1, DATA_SEEDS)
  t.comment(JSON.stringify(counts))
  if (t.equal(failure, null)) t.comment(worldsPlayed('data', 1, DATA_SEEDS))
  for (const [what, count] of Object.entries(counts)) t.ok(count > 500, `${what}: ${count}`)
})

t.test('one seed is one world', async (t) => {
  const digests = [7, 7, 8].map((seed) => {
    const world = dataWorld(seed)
    world.run()
    return world.digest
  })
  t.equal(digests[0], digests[1])
  t.not(digests[1], digests[2])
})
