/**
 * Real movers of which one stands still for longer than its lease, while clients of both work on the same few files and names:
 * what they are told is one history. For longer runs: rounds.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { Random } from '../crash/random.ts'
import { Cluster, SHORT_LEASE } from './cluster.ts'
import { aMoment, CLIENTS, OPERATIONS, ROUNDS, SEED } from './rounds.ts'
import { SharedLoad } from './shared-load.ts'

t.setTimeout(3_600_000)

/** Who stands still, counted from the primary; and whether it is woken about when it is given up: it may live then. */
const STOPS: readonly [string, victim: number, isWoken: boolean][] = [
  ['a secondary that stands still', 1, false],
  ['a primary that stands still', 0, false],
  ['a secondary that is woken late', 1, true],
  ['a primary that is woken late', 0, true],
]
/** From a moment before a mover's lease is over to one at which nothing is left of it. */
const WOKEN_MS = { first: 600, last: 1800 }

t.test('movers that stand still for longer than their lease are killed, and have written nothing', async (t) => {
  const cluster = await Cluster.start(t, 2, SHORT_LEASE)
  const load = new SharedLoad({ seed: SEED, movers: cluster.endpoints, clients: CLIENTS, deaths: true })
  t.teardown(() => load.close())
  const random = new Random(SEED)
  await load.prepare()
  // A busy machine may hold up any mover for a lease, at any time.
  for (const endpoint of cluster.endpoints) load.dies(endpoint)
  for (let round = 0; round < ROUNDS; round++) {
    for (const [what, victim, isWoken] of STOPS) {
      await load.run(OPERATIONS, async () => {
        await aMoment(random)
        const mover = ((await cluster.primary()) + victim) % 2
        const pid = await cluster.signal(mover, 'SIGSTOP')
        if (isWoken) {
          await sleep(WOKEN_MS.first + random.below(WOKEN_MS.last - WOKEN_MS.first))
          wake(pid)
          return
        }
        await cluster.serving(pid)
        t.throws(() => process.kill(pid, 'SIGCONT'), { code: 'ESRCH' }, 'nobody is there to be woken')
      })
      await cluster.serving()
      t.pass(`${what}, round ${round}`)
    }
  }
  t.match(cluster.up.err, /mover b: did not answer for 1000 ms and was killed/)
  t.match(cluster.up.err, /mover a: did not answer for 1000 ms and was killed/)
  t.equal(await cluster.stop(), '')
})

/** Wakes a process, if it lives. */
function wake(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
