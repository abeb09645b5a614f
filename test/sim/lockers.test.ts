/**
 * Clients that lock, and read and write what they have locked, while movers fail: no two have what cannot be together, nothing
 * is lost that a client reclaims in time, and who waits is answered. `--seed N` of a failure: run.ts of this folder.
 */
import t from 'tap'
import { FailureWorld } from './failure-world.ts'
import { LOCKER_SEEDS, lockerOptions, playLockers } from './locker-runs.ts'
import { worldsPlayed } from './worlds.ts'

/** What must have happened in some of the worlds. */
const EVENTS = [
  'granted',
  'granted later',
  'deadlocks',
  'cancels',
  'updates',
  'notices',
  'reclaims',
  'reclaims elsewhere',
  'restarts of clients',
  'crashes',
  'primary crashes',
  'primary crashes again',
  'elections',
  'power cuts',
]

t.test('whoever fails, what is locked stays locked', async (t) => {
  const { counts, failure } = playLockers(1, LOCKER_SEEDS)
  t.comment(JSON.stringify(counts))
  if (t.equal(failure, null)) t.comment(worldsPlayed('lockers', 1, LOCKER_SEEDS))
  for (const what of EVENTS) t.ok((counts[what] ?? 0) > 0, `${what}: ${counts[what]}`)
})

t.test('one seed is one world', async (t) => {
  const digests = [3, 3, 4].map((seed) => {
    const world = new FailureWorld(lockerOptions(seed))
    world.run()
    return world.trace.digest
  })
  t.equal(digests[0], digests[1])
  t.not(digests[1], digests[2])
})
