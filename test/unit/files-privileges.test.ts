/** A write takes setuid and setgid away, wherever it is made, and nothing else: whoever changes the mode meanwhile. */
import t, { type Test } from 'tap'
import type { Failure } from '../../mover/failure.ts'
import type { Credentials, Operation, WriteResult } from '../../mover/files/service.ts'
import { MoverWorld, type SimulatedMover } from '../sim/mover-world.ts'
import { filled, ROOT } from './files-support.ts'

const OWNER: Credentials = { uid: 1000, gid: 1000, gids: [] }
const STRANGER: Credentials = { uid: 1001, gid: 1001, gids: [] }
const BYTES = filled(4096, 7)

/** What an operation has come to; undefined until it is answered. */
interface Pending {
  outcome: Failure | null | undefined
}

/** A primary, two secondaries, and a file. */
class Privileged {
  readonly world = new MoverWorld(1, 2)
  readonly ino: number

  constructor(mode: number) {
    const { files } = this.world
    this.ino = files.create('program')
    files.call((op) => files.files.setattr(op, files.object(op, this.ino), { mode, uid: OWNER.uid }, null))
  }

  get movers(): SimulatedMover[] {
    return this.world.movers
  }

  /** As the primary has it. */
  get mode(): number {
    return this.world.files.inode(this.ino).mode
  }

  start(mover: SimulatedMover, credentials: Credentials, run: (op: Operation) => Failure | null): Pending {
    const pending: Pending = { outcome: undefined }
    const attempt = (op: Operation): Failure | null => {
      op.credentials = credentials
      return run(op)
    }
    this.world.run(mover, attempt, (failure) => {
      pending.outcome = failure
    })
    return pending
  }

  write(mover: SimulatedMover, credentials: Credentials): Pending {
    const result: WriteResult = { count: 0, committed: 'unstable' }
    return this.start(mover, credentials, (op) => mover.write(op, this.ino, 0, BYTES, 'fileSync', result))
  }

  chmod(mode: number): Pending {
    const { primary, files } = this.world
    return this.start(primary, ROOT, (op) => primary.files.setattr(op, files.object(op, this.ino), { mode }, null))
  }

  /** How often secondaries have asked for it. */
  get asked(): number {
    return this.world.secondaries.reduce((sum, { session }) => sum + (session.counters()['sent.CALL'] ?? 0), 0)
  }

  end(t: Test, ...pending: Pending[]): void {
    const { env } = this.world
    env.runUntil(() => pending.every(({ outcome }) => outcome !== undefined))
    env.runUntilIdle()
    t.same(
      pending.map(({ outcome }) => outcome),
      pending.map(() => null),
    )
  }
}

t.test('setuid and setgid are gone when a write is acknowledged, at whatever mover', async (t) => {
  for (const place of [0, 1]) {
    const file = new Privileged(0o6777)
    file.end(t, file.write(file.movers[place], STRANGER))
    t.equal(file.mode, 0o777)
    t.equal(file.asked, place)
    file.end(t, file.write(file.movers[place], STRANGER))
    t.equal(file.asked, place, 'once')
  }
})

t.test('the superuser, and who may not write, take nothing away', async (t) => {
  for (const place of [0, 1]) {
    const file = new Privileged(0o4755)
    file.end(t, file.write(file.movers[place], ROOT))
    const refused = file.write(file.movers[place], STRANGER)
    file.world.env.runUntil(() => refused.outcome !== undefined)
    t.equal(refused.outcome, 'ACCES')
    t.equal(file.mode, 0o4755)
    t.equal(file.asked, 0)
  }
})

t.test('a mode that is set before the primary hears of the write is not undone by it', async (t) => {
  const file = new Privileged(0o4777)
  const write = file.write(file.movers[1], OWNER)
  file.world.env.runUntil(() => file.asked > 0)
  file.end(t, write, file.chmod(0o4710))
  t.equal(file.mode, 0o710)
})

t.test('a mode that is set before the write is carried out loses setuid with it', async (t) => {
  const file = new Privileged(0o4777)
  const write = file.write(file.movers[1], OWNER)
  file.world.env.runUntil(() => file.mode === 0o777)
  file.end(t, write, file.chmod(0o4750))
  t.equal(file.mode, 0o750)
  t.equal(file.asked, 2)
})

t.test('who has lost the right to write meanwhile takes nothing away', async (t) => {
  const file = new Privileged(0o4777)
  const write = file.write(file.movers[1], STRANGER)
  file.world.env.runUntil(() => file.asked > 0)
  file.end(t, file.chmod(0o4755))
  file.world.env.runUntil(() => write.outcome !== undefined)
  t.equal(write.outcome, 'ACCES')
  t.equal(file.mode, 0o4755)
})

t.test('writers at several movers take it away together', async (t) => {
  const file = new Privileged(0o6777)
  file.end(t, ...file.movers.flatMap((mover) => [file.write(mover, OWNER), file.write(mover, STRANGER)]))
  t.equal(file.mode, 0o777)
})
