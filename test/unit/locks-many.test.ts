/** How much memory 100,000 client locks take, at their mover and at the primary. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import type { LockOwner } from '../../mover/locks/client-lock.ts'
import { LockHolder } from '../../mover/locks/lock-holder.ts'
import { LockTable } from '../../mover/locks/lock-table.ts'
import { HOME } from './locks-support.ts'

const COUNT = 100_000
const MOST_BYTES = 64 * 1024 * 1024
const CLIENTS = 100
const OWNERS = 1000
const OTHER = HOME + 1

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

function owner(i: number): LockOwner {
  return { protocol: 'nlm', client: `client-${i % CLIENTS}`, owner: `process ${i % OWNERS}` }
}

/** The primary's own mover, whose messages are calls. */
class Home {
  readonly table = new LockTable()
  readonly holder: LockHolder

  constructor() {
    this.table.ready()
    this.holder = new LockHolder(HOME, {
      ask: (ino, id, op) => this.table.ask(ino, HOME, id, op),
      demote: (ino, demotion) => this.table.demote(ino, HOME, demotion),
      pause: () => {},
      assert: () => {},
      granted: () => {},
      gone: () => {},
    })
  }

  lock(ino: number, i: number, start: number, isExclusive: boolean, end = start + 1): void {
    this.holder.lock(
      ino,
      { kind: 'range', owner: owner(i), flavour: 'posix', start, end, isExclusive },
      'try',
      () => {},
    )
    this.table.tell((effect) => {
      if (effect.type === 'answer') this.holder.answered(effect.ino, effect.id, effect.outcome, effect.delegation)
    })
  }

  /** A client of another mover asks what it would meet: so the primary manages the file's locks from now on. */
  demote(ino: number): void {
    const lock = { kind: 'range', owner: owner(0), flavour: 'posix', start: 0, end: 1, isExclusive: true } as const
    this.table.ask(ino, OTHER, 1, { type: 'test', lock })
    this.table.tell((effect) => {
      if (effect.type === 'recall') this.holder.recalled(effect.ino, effect.serial, effect.level)
    })
    while (!this.holder.goOn());
    this.table.tell(() => {})
  }
}

const KINDS: Readonly<Record<string, (home: Home, i: number) => void>> = {
  'on one file': (home, i) => home.lock(1, i, 2 * ((i * 7919) % COUNT), true),
  'on as many files': (home, i) => home.lock(i + 1, i, 0, true, 2 ** 40),
}

for (const [name, lock] of Object.entries(KINDS)) {
  t.test(`${COUNT} locks ${name}`, async (t) => {
    // What is compiled and made once counts for nobody.
    for (let i = 0, warm = new Home(); i < 1000; i++) lock(warm, i)
    const before = heapBytes()
    const home = new Home()
    for (let i = 0; i < COUNT; i++) lock(home, i)
    const bytes = heapBytes() - before
    const files = [...home.holder.inos()]
    const held = files.reduce((sum, ino) => sum + home.holder.locksOf(ino).length, 0)
    t.equal(held, COUNT)
    t.ok(bytes < MOST_BYTES, `${Math.round(bytes / 2 ** 20)} MiB, ${Math.round(bytes / COUNT)} bytes each`)
    for (const ino of files) home.demote(ino)
    t.equal(
      files.reduce((sum, ino) => sum + home.table.describe(ino).held.length, 0),
      COUNT,
    )
    const more = heapBytes() - before - bytes
    t.ok(more < MOST_BYTES, `${Math.round(more / 2 ** 20)} MiB more where the primary manages them`)
  })
}
