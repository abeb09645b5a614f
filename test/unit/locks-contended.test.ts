/** Which mover decides alone about a file whose locks clients of several movers want. */
import t from 'tap'
import type { LockEffect, LockOp, RangeLock } from '../../mover/locks/client-lock.ts'
import { LockTable } from '../../mover/locks/lock-table.ts'

const INO = 7

function range(client: string, isExclusive = true): RangeLock {
  const owner = { protocol: 'nlm', client, owner: '1' } as const
  return { kind: 'range', owner, flavour: 'posix', start: 0, end: 10, isExclusive }
}

/** A table, and movers that give back what they are asked for. */
class Table {
  readonly table = new LockTable()
  recalls = 0
  #lastId = 0

  constructor() {
    this.table.ready()
  }

  /** What the mover is given to decide about with the answer; `null`: nothing. */
  ask(mover: number, op: LockOp): string | null {
    const id = ++this.#lastId
    this.table.ask(INO, mover, id, op)
    let given: string | null = null
    for (let effects = this.#effects(); effects.length > 0; effects = this.#effects()) {
      for (const effect of effects) {
        if (effect.type === 'answer' && effect.id === id) given = effect.delegation?.level ?? null
        if (effect.type !== 'recall') continue
        this.recalls++
        this.table.demote(INO, effect.mover, { serial: effect.serial, level: effect.level, locks: [] })
      }
    }
    return given
  }

  lock(mover: number, isExclusive = true): string | null {
    return this.ask(mover, { type: 'lock', mode: 'try', lock: range(`c${mover}`, isExclusive) })
  }

  unlock(mover: number): void {
    this.ask(mover, { type: 'unlock', lock: range(`c${mover}`) })
  }

  #effects(): LockEffect[] {
    return this.table.takeEffects()
  }
}

t.test('a lock that goes from mover to mover is asked back once, however long it goes on', async (t) => {
  const world = new Table()
  t.equal(world.lock(1), 'all')
  for (let turn = 0; turn < 20; turn++) {
    const mover = 2 - (turn % 2)
    t.equal(world.lock(mover), null, `not mover ${mover}'s to decide about`)
    world.unlock(mover)
    if (turn % 3 === 0) world.table.tick(turn)
  }
  t.equal(world.recalls, 1)
  t.ok(world.table.needsTicks)
})

t.test('when only one mover has asked for a while it decides alone', async (t) => {
  const world = new Table()
  world.lock(1)
  t.equal(world.lock(2), null)
  world.unlock(2)
  world.table.tick(1)
  t.equal(world.lock(2), null, 'not yet')
  world.unlock(2)
  t.ok(world.table.isContended(INO))
  world.table.tick(2)
  t.notOk(world.table.isContended(INO))
  t.notOk(world.table.needsTicks)
  t.equal(world.lock(2), 'all')
})

t.test('movers whose clients all share a lock do not keep each other from deciding', async (t) => {
  const world = new Table()
  t.equal(world.lock(1, false), 'all')
  t.equal(world.lock(2, false), 'shared')
  t.notOk(world.table.isContended(INO))
})

t.test('a file that is gone is not remembered', async (t) => {
  const world = new Table()
  world.lock(1)
  world.lock(2)
  world.table.drop(INO)
  t.notOk(world.table.isContended(INO))
  t.notOk(world.table.needsTicks)
})
