/**
 * Movers that die, are stopped, lose their sessions, their supervisor and their leases, and are fenced, with clients that go
 * on at others: nothing is lost that was acknowledged as durable, what is seen is one history, nobody does anything past his
 * lease, no block has two owners, and everybody is answered. `--seed N` of a failure: run.ts of this folder.
 */
import t from 'tap'
import {
  FAILURE_SEEDS,
  FULL_SEEDS,
  failureOptions,
  fullOptions,
  playFailure,
  playWorlds,
  TELLING_SEEDS,
} from './failure-runs.ts'
import { FailureWorld } from './failure-world.ts'
import { worldsPlayed } from './worlds.ts'

/** What must have happened in some of the worlds. */
const EVENTS = [
  'crashes',
  'short stops',
  'long stops',
  'stops of a lease',
  'stutters',
  'cut sessions',
  'stalled sessions',
  'last words',
  'stillbirths',
  'primary crashes',
  'primary crashes again',
  'primary stops',
  'primary stutters',
  'supervisor stops',
  'supervisor crashes',
  'open calls again',
  'answered calls again',
  'looks at blocks',
  'elections',
  'lost reigns',
  'power cuts',
  'clock jumps',
  'truncations',
  'named',
  'pages',
  'strays',
  'stalled stores',
  'told of who holds',
]

t.test('whoever fails, clients see one history', async (t) => {
  const { counts, failure } = playFailure(1, FAILURE_SEEDS)
  t.comment(JSON.stringify(counts))
  let isWhole = t.equal(failure, null)
  for (const seed of TELLING_SEEDS) isWhole = t.equal(playFailure(seed, seed).failure, null) && isWhole
  if (isWhole) t.comment(worldsPlayed('failure', 1, FAILURE_SEEDS, TELLING_SEEDS))
  for (const what of EVENTS) t.ok((counts[what] ?? 0) > 0, `${what}: ${counts[what]}`)
})

t.test('where there is hardly any room clients hear of it, and nothing is lost', async (t) => {
  const [first, last] = FULL_SEEDS
  const { counts, failure } = playWorlds(fullOptions, first, last)
  t.equal(failure, null)
  t.ok((counts['full'] ?? 0) > 1, `${counts['full']} writes found no room`)
})

t.test('one seed is one world', async (t) => {
  const digests = [7, 7, 8].map((seed) => {
    const world = new FailureWorld(failureOptions(seed))
    world.run()
    return world.trace.digest
  })
  t.equal(digests[0], digests[1])
  t.not(digests[1], digests[2])
})
