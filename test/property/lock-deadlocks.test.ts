/** Waiting clients of several movers against a search of all cycles of who waits for whom. */
import t from 'tap'
import type { ClientLock } from '../../mover/locks/client-lock.ts'
import { Random } from '../crash/random.ts'
import { LockMovers, range } from '../unit/locks-support.ts'

const ROUNDS = 150
const STEPS = 60
const FILES = 3
const MOVERS = 3
const NAMES = ['a', 'b']

interface Named {
  readonly mover: number
  readonly lock: ClientLock
}

function nameOf({ mover, lock }: Named): string {
  return `${mover}.${lock.owner.owner}`
}

function meets(a: Named, b: Named): boolean {
  if (nameOf(a) === nameOf(b) || a.lock.kind === 'open' || b.lock.kind === 'open') return false
  return a.lock.start < b.lock.end && b.lock.start < a.lock.end && (a.lock.isExclusive || b.lock.isExclusive)
}

/** Who waits for whom: for who holds what is in the way, and for earlier waiters that are. */
function edges(movers: LockMovers, more: { ino: number; named: Named } | null): [from: string, to: string][] {
  const found: [string, string][] = []
  for (let ino = 1; ino <= FILES; ino++) {
    const held: Named[] = [...movers.holders].flatMap(([mover, holder]) =>
      holder.locksOf(ino).map((lock) => ({ mover, lock })),
    )
    const queue: Named[] = movers.table.describe(ino).waiting
    const waiting = more?.ino === ino ? [...queue, more.named] : queue
    waiting.forEach((waiter, i) => {
      for (const other of [...held, ...waiting.slice(0, i)]) {
        if (meets(other, waiter)) found.push([nameOf(waiter), nameOf(other)])
      }
    })
  }
  return found
}

function hasCycle(graph: [string, string][]): boolean {
  let left = graph
  for (;;) {
    // Who waits for nobody is in no cycle.
    const next = left.filter(([, to]) => left.some(([from]) => from === to))
    if (next.length === left.length) return left.length > 0
    left = next
  }
}

t.test('no cycle is ever waited in, and nobody is refused without one', async (t) => {
  const counts = { deadlock: 0, waiting: 0, granted: 0 }
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const random = new Random(seed)
    const movers = new LockMovers()
    for (let id = 0; id < MOVERS; id++) movers.holder(id)
    const waits = new Set<string>()
    for (let step = 0; step < STEPS; step++) {
      const [mover, name, ino] = [random.below(MOVERS), random.pick(NAMES), 1 + random.below(FILES)]
      const start = random.below(3)
      const lock = range(name, start, start + 1 + random.below(2), random.chance(0.5))
      const named = { mover, lock }
      // An owner that waits does nothing else.
      for (const waiting of [...waits]) {
        const stillWaits = [1, 2, 3].some((file) =>
          movers.table.describe(file).waiting.some((one) => nameOf(one) === waiting),
        )
        if (!stillWaits) waits.delete(waiting)
      }
      if (waits.has(nameOf(named))) continue
      const before = edges(movers, { ino, named })
      let outcome = ''
      const told = ({ type }: { type: string }): void => {
        outcome = type
      }
      const holder = movers.holder(mover)
      const now = random.chance(0.35) ? holder.unlock(ino, lock, told) : holder.lock(ino, lock, 'wait', told)
      if (now !== null) told(now)
      movers.settle()
      if (outcome in counts) counts[outcome as 'granted']++
      if (outcome === 'waiting') waits.add(nameOf(named))
      if (outcome === 'deadlock' && !hasCycle(before)) throw new Error(`seed ${seed}, step ${step}: there is no cycle`)
      if (hasCycle(edges(movers, null))) throw new Error(`seed ${seed}, step ${step}: a cycle of waiters`)
    }
  }
  t.comment(JSON.stringify(counts))
  for (const [what, count] of Object.entries(counts)) t.ok(count > 200, `${what}: ${count}`)
})
