/** What a secondary leaves behind when it dies: nothing that it held, and nothing that it has written is passed off as old. */
import t from 'tap'
import type { WriteResult } from '../../mover/files/service.ts'
import { MoverWorld, type SimulatedMover } from '../sim/mover-world.ts'
import { filled, readResult } from './files-support.ts'

/** Starts a write; returns what tells whether it has been answered. */
function write(world: MoverWorld, mover: SimulatedMover, ino: number, fill: number): () => boolean {
  const result: WriteResult = { count: 0, committed: 'unstable' }
  let isAnswered = false
  world.run(
    mover,
    (op) => mover.write(op, ino, 0, filled(4096, fill), 'fileSync', result),
    (failure) => {
      if (failure !== null) throw new Error(failure)
      isAnswered = true
    },
  )
  return () => isAnswered
}

t.test('its writes in place are changes that nobody has counted', async (t) => {
  const world = new MoverWorld(1, 1)
  const [mover] = world.secondaries
  const ino = world.files.create('file')
  world.env.runUntil(write(world, mover, ino, 1))
  world.env.runUntilIdle()
  const { change, mtimeSec, mtimeNsec } = world.files.inode(ino)
  const freeBlocks = world.files.files.volume.status().dataFreeBlocks
  world.env.advance(10_000)
  world.env.runUntil(write(world, mover, ino, 2))
  world.primary.authority.gone(mover.peer)
  const after = world.files.inode(ino)
  t.ok(after.change >= change + 2 ** 32, `the change number was ${change}, is ${after.change}`)
  t.ok(after.mtimeSec > mtimeSec || after.mtimeNsec > mtimeNsec, 'the times are later')
  t.ok(after.isCurrent, 'nobody writes to it elsewhere any more')
  t.ok(world.files.files.volume.status().dataFreeBlocks > freeBlocks, 'what it had reserved is free')
  t.same(world.primary.authority.describe(ino), { held: [], waiting: [] })
  const read = readResult()
  let data: number[] = []
  world.run(
    world.primary,
    (op) => {
      const failure = world.primary.read(op, ino, 0, 4096, read)
      data = [...(read.segments[0] ?? [])].slice(0, 2)
      if (failure === null) read.release()
      return failure
    },
    () => {},
  )
  world.env.runUntilIdle()
  t.same(data, [2, 2], 'and what it has acknowledged is there')
})

t.test('what it still waits for is dropped', async (t) => {
  const world = new MoverWorld(2, 2)
  const [first, second] = world.secondaries
  const ino = world.files.create('file')
  world.env.runUntil(write(world, first, ino, 1))
  world.env.runUntilIdle()
  // It asks for what the first one holds, and dies before that has given it up.
  write(world, second, ino, 2)
  world.env.runUntil(() => world.primary.authority.describe(ino).waiting.length > 0)
  world.primary.authority.gone(second.peer)
  world.env.runUntilIdle()
  const { held, waiting } = world.primary.authority.describe(ino)
  t.same(waiting, [])
  t.notOk(held.some(({ mover }) => mover === second.name))
  world.env.runUntil(write(world, first, ino, 3))
  t.pass('the others go on')
})
