import type { Break } from '../crash/mutant-runs.ts'

const HOLDER = 'mover/locks/lock-holder.ts'
const LOCKS = 'mover/authority/primary-locks.ts'
const TABLE = 'mover/locks/lock-table.ts'

/** Deliberate breaks of what becomes of clients' locks when movers fail. */
export const OF_LOCKERS: readonly Break[] = [
  {
    name: 'times of grace end before clients can have reclaimed',
    seed: 4,
    file: LOCKS,
    find: 'return this.#o.env.monotonicMs() + this.#o.graceMs',
    replace: 'return this.#o.env.monotonicMs() + this.#o.graceMs / 100',
  },
  {
    name: 'a mover that is gone leaves no time of grace',
    file: LOCKS,
    find: 'this.#table.forget(mover, this.#grace(this.#placeOf(peer.name)))',
    replace: 'this.#table.forget(mover, new GracePeriod(0))',
    seed: 4,
  },
  {
    name: 'locked files are noted for the primary’s own clients alone',
    seed: 2,
    file: LOCKS,
    find: 'this.#bitOf(mover === HOME ? self : this.#peer(mover).name)',
    replace: 'this.#bitOf(self)',
  },
  {
    name: 'locks that are asserted are not in the next table',
    seed: 1,
    file: TABLE,
    find: '    for (const lock of locks) this.#hold(file, mover, lock)\n    for (const { waiter',
    replace: '    for (const { waiter',
  },
  {
    name: 'who waits is lost at a take-over',
    seed: 32,
    file: HOLDER,
    find: 'const queue = waiting.map(({ waiter, lock }) => ({ waiter, lock }))',
    replace: 'const queue = waiting.map(({ waiter, lock }) => ({ waiter, lock })).slice(0, 0)',
  },
  {
    name: 'who comes again while its record is dropped is remembered before that',
    file: 'mover/nlm4/remembered.ts',
    find: '!memory.failed.has(client) && !memory.busy.has(key)) {',
    replace: '!memory.failed.has(client)) {',
    seed: 7,
  },
  {
    name: 'a client that has started anew keeps its locks',
    file: 'mover/nlm4/context.ts',
    find: '    this.remembered.left(client)\n    this.#releaseLocks(client, null)\n',
    replace: '    this.remembered.left(client)\n',
    seed: 3,
  },
]
