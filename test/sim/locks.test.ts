/**
 * Client locks of several movers' clients, with messages that take any time, movers that die, and primaries that are
 * replaced: what clients are told fits together at every moment. `--seed N` of a failure: run.ts of this folder.
 */
import t from 'tap'
import { LOCK_SEEDS, lockOptions, playLocks } from './lock-runs.ts'
import { LockWorld } from './lock-world.ts'
import { worldsPlayed } from './worlds.ts'

t.test('every world comes to rest, and all that can happen has happened', async (t) => {
  const { counts, failure } = playLocks(1, LOCK_SEEDS)
  t.comment(JSON.stringify(counts))
  if (t.equal(failure, null)) t.comment(worldsPlayed('locks', 1, LOCK_SEEDS))
  for (const [what, count] of Object.entries(counts)) t.ok(count > 100, `${what}: ${count}`)
})

t.test('so it is where what is given back is told by and by', async (t) => {
  for (const toldAtOnce of [1, 2]) {
    const { counts, failure } = playLocks(1, LOCK_SEEDS / 2, { toldAtOnce })
    t.equal(failure, null, `${toldAtOnce} at once`)
    t.comment(JSON.stringify(counts))
  }
})

t.test('one seed is one world', async (t) => {
  const digests = [7, 7, 8].map((seed) => {
    const world = new LockWorld(lockOptions(seed))
    world.run()
    return world.digest
  })
  t.equal(digests[0], digests[1])
  t.not(digests[1], digests[2])
})
