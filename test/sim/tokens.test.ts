/**
 * Tokens under many movers, with messages that take any time and movers that die: every read sees the last write, no two
 * movers do what must not be done together, and nobody waits for ever. `--seed N` of a failure: run.ts of this folder.
 */
import t from 'tap'
import { playTokens, TOKEN_SEEDS, tokenOptions } from './token-runs.ts'
import { TokenWorld } from './token-world.ts'
import { worldsPlayed } from './worlds.ts'

t.test('every world comes to rest, and all that can happen has happened', async (t) => {
  const { counts, failure } = playTokens(1, TOKEN_SEEDS)
  t.comment(JSON.stringify(counts))
  if (t.equal(failure, null)) t.comment(worldsPlayed('tokens', 1, TOKEN_SEEDS))
  for (const [what, count] of Object.entries({ ...counts, ...counts.grants })) {
    if (typeof count === 'number') t.ok(count > 500, `${what}: ${count}`)
  }
})

t.test('one seed is one world', async (t) => {
  const digests = [7, 7, 8].map((seed) => {
    const world = new TokenWorld(tokenOptions(seed))
    world.run()
    return world.digest
  })
  t.equal(digests[0], digests[1])
  t.not(digests[1], digests[2])
})
