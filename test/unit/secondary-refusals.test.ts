/** What a secondary's clients are told when something cannot be done: the reason, once, and the mover goes on. */
import t from 'tap'
import type { Failure } from '../../mover/failure.ts'
import type { Operation, WriteResult } from '../../mover/files/service.ts'
import { type message, message_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import { MoverWorld, type Secondary } from '../sim/mover-world.ts'
import { filled } from './files-support.ts'

/** Writes at a mover as the given user; returns what it has come to. */
function write(world: MoverWorld, mover: Secondary, ino: number, prepare = (_: Operation): void => {}): Failure | null {
  const result: WriteResult = { count: 0, committed: 'unstable' }
  let outcome: { failure: Failure | null } | null = null
  world.run(
    mover,
    (op) => {
      prepare(op)
      op.intent = 'write'
      op.rangeStart = 0
      op.rangeEnd = 4096
      const inode = mover.files.inode(op, ino, world.files.inode(ino).generation)
      return typeof inode === 'string' ? inode : mover.files.write(op, inode, 0, filled(4096, 1), 'fileSync', result)
    },
    (failure) => {
      outcome = { failure }
    },
  )
  world.env.runUntil(() => outcome !== null)
  world.env.runUntilIdle()
  return (outcome as unknown as { failure: Failure | null }).failure
}

t.test('a volume that has become read-only is one for all movers', async (t) => {
  const world = new MoverWorld(1, 1)
  const [mover] = world.secondaries
  const ino = world.files.create('file')
  world.files.files.volume.fail(new Error('the log cannot be written'))
  t.equal(write(world, mover, ino), 'ROFS')
  t.ok(mover.session.isOpen, 'the mover goes on')
  t.equal(write(world, mover, ino), 'ROFS', 'and says so again')
  t.notOk(world.primary.authority.describe(ino).held.some(({ kind }) => kind !== 'WF_R'))
})

t.test('who writes through a read-only export asks for nothing to write', async (t) => {
  const world = new MoverWorld(2, 1)
  const [mover] = world.secondaries
  const ino = world.files.create('file')
  const readOnly = (op: Operation): void => {
    op.readOnly = true
  }
  t.equal(write(world, mover, ino, readOnly), 'ROFS')
  t.same(
    world.primary.authority.describe(ino).held.map(({ kind }) => kind),
    ['WF_R'],
  )
})

t.test('a mode that cannot be changed is told, not tried for ever', async (t) => {
  const world = new MoverWorld(3, 1)
  const [mover] = world.secondaries
  const ino = world.files.create('setuid', 0o4777)
  let asked = 0
  world.files.files.dropPrivileges = () => {
    asked++
    return 'NOSPC'
  }
  const somebody = (op: Operation): void => {
    op.credentials = { uid: 1000, gid: 1000, gids: [] }
  }
  t.equal(write(world, mover, ino, somebody), 'NOSPC')
  t.equal(asked, 1)
  t.equal(world.files.inode(ino).mode, 0o4777, 'nothing was written, and setuid stays')
})

t.test('a recovery that cannot be logged is shown all the same', async (t) => {
  const world = new MoverWorld(4, 1)
  const [mover] = world.secondaries
  const ino = world.files.create('file')
  t.equal(write(world, mover, ino), null)
  const { change } = world.files.inode(ino)
  world.files.files.volume.fail(new Error('the log cannot be written'))
  world.primary.authority.gone(mover.peer)
  t.ok(world.files.inode(ino).change >= change + 2 ** 32)
  t.ok(world.files.inode(ino).marked, 'and is done again when the volume is opened')
})

t.test('what a mover has said before it died gives nothing back twice', async (t) => {
  const world = new MoverWorld(5, 1)
  const [mover] = world.secondaries
  const ino = world.files.create('file')
  t.equal(write(world, mover, ino), null)
  const runs = mover.peer.reserved.takeAll()
  for (const { start, length } of runs) mover.peer.reserved.add(start, length)
  t.ok(runs.length > 0, 'something is reserved')
  world.primary.authority.gone(mover.peer)
  const { dataFreeBlocks } = world.files.files.volume.status()
  t.throws(() => mover.peer.received({ kind: message_kind.GIVE_BACK, give_back: { runs } }), /has not reserved/)
  t.equal(world.files.files.volume.status().dataFreeBlocks, dataFreeBlocks)
})

t.test('where a file lies that was given up is not asked of the next primary', async (t) => {
  const world = new MoverWorld(5, 1)
  const [{ authority, session }] = world.secondaries
  const ino = world.files.create('file')
  world.answer(world.secondaries[0], (op) => {
    world.secondaries[0].look(op, ino)
    return null
  })
  const answers: unknown[] = []
  authority.map(ino, 0, (map) => answers.push(map))
  authority.map(99, 0, (map) => answers.push(map))
  authority.parted()
  const sent: message[] = []
  session.send = (message) => void sent.push(message)
  authority.join(session)
  authority.received({ kind: message_kind.READY })
  const asked = sent.flatMap((message) => (message.kind === message_kind.MAP ? [message.map.ino] : []))
  t.same(asked, [ino])
  t.same(answers, [null], 'who has asked looks again what it needs')
})
