/**
 * Real movers, whose clients all work on the same few files and names: what they are told is one history, also when movers
 * and their supervisor die meanwhile. For longer runs: rounds.ts.
 */
import t from 'tap'
import { Random } from '../crash/random.ts'
import { Cluster } from './cluster.ts'
import { LockLoad } from './lock-load.ts'
import { aMoment, CLIENTS, OPERATIONS, ROUNDS, SEED } from './rounds.ts'
import { SharedLoad } from './shared-load.ts'

/** Where they die. */
const MOVERS = 3

t.setTimeout(3_600_000)

for (const movers of [2, 3]) {
  t.test(`what clients of ${movers} movers are told is one history`, async (t) => {
    const cluster = await Cluster.start(t, movers)
    const load = new SharedLoad({ seed: SEED, movers: cluster.endpoints, clients: CLIENTS, deaths: false })
    t.teardown(() => load.close())
    await load.prepare()
    for (let round = 0; round < ROUNDS; round++) await load.run(OPERATIONS)
    t.comment(`seed ${SEED}: ${load.operations} operations`)
    t.strictSame(cluster.complaints, [])
    t.equal(await cluster.stop(), '')
  })
}

/** What dies: movers, counted from the one that is primary then, or the supervisor. */
type Victims = readonly number[] | 'supervisor'

const DEATHS: readonly [string, Victims][] = [
  ['a secondary', [1]],
  ['the primary', [0]],
  ['a secondary and the primary', [1, 0]],
  ['the supervisor', 'supervisor'],
]

t.test('nothing is lost or out of order when movers die', async (t) => {
  const cluster = await Cluster.start(t, MOVERS)
  const load = new SharedLoad({ seed: SEED, movers: cluster.endpoints, clients: CLIENTS, deaths: true })
  t.teardown(() => load.close())
  const random = new Random(SEED)
  await load.prepare()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [what, victims] of DEATHS) {
      const die = async (): Promise<void> => {
        await aMoment(random)
        const primary = await cluster.primary()
        const dying = victims === 'supervisor' ? [0, 1, 2] : victims.map((victim) => (primary + victim) % MOVERS)
        for (const mover of dying) load.dies(cluster.endpoints[mover])
        if (victims === 'supervisor') await cluster.restart()
        else {
          const before = await Promise.all(dying.map((mover) => cluster.signal(mover, 'SIGKILL')))
          await cluster.serving(...before)
          if (dying.includes(primary)) t.notOk(dying.includes(await cluster.primary()), 'who lives is primary')
        }
        for (const mover of dying) load.lives(cluster.endpoints[mover])
      }
      await load.run(OPERATIONS, die)
      t.pass(`${what}, round ${round}`)
    }
  }
  t.comment(`seed ${SEED}: ${load.operations} operations`)
  t.equal(await cluster.stop(), '')
})

/** Each client's increments of counters around a death. */
const INCREMENTS = 8
const GRACE_S = 5
/** Whose clients have locked something when it dies, counted from the primary. */
const LOCKED_AT: readonly [string, victim: number][] = [
  ['a secondary whose clients have locks', 1],
  ['a primary whose clients have locks', 0],
]

t.test('counters that are locked lose no increment when movers die', async (t) => {
  const cluster = await Cluster.start(t, 2, undefined, `${GRACE_S}s`)
  const load = new LockLoad({ seed: SEED, movers: cluster.endpoints, clients: CLIENTS, graceMs: 1000 * GRACE_S })
  t.teardown(() => load.close())
  const random = new Random(SEED)
  await load.prepare()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [what, victim] of LOCKED_AT) {
      await load.run(INCREMENTS, async () => {
        await aMoment(random)
        const mover = ((await cluster.primary()) + victim) % 2
        load.dies(cluster.endpoints[mover])
        await cluster.serving(await cluster.signal(mover, 'SIGKILL'))
        await load.lives(cluster.endpoints[mover])
      })
      t.pass(`${what}, round ${round}`)
    }
  }
  t.comment(`seed ${SEED}: ${load.increments} increments, ${load.reclaims} reclaims`)
  t.equal(await cluster.stop(), '')
})
