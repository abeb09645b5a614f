/** COMMIT at a secondary that has given the file back since it was written: what was acknowledged UNSTABLE is durable. */
import t, { type Test } from 'tap'
import type { WriteResult } from '../../mover/files/service.ts'
import type { MoverWorld, SimulatedMover } from '../sim/mover-world.ts'
import { MoverWorld as World } from '../sim/mover-world.ts'
import { readResult } from './files-support.ts'

const BLOCK = 4096

function write(world: MoverWorld, mover: SimulatedMover, ino: number, block: number, how: 'unstable' | 'fileSync') {
  const result: WriteResult = { count: 0, committed: 'unstable' }
  world.answer(mover, (op) => mover.write(op, ino, block * BLOCK, new Uint8Array(BLOCK).fill(2), how, result))
}

function read(world: MoverWorld, mover: SimulatedMover, ino: number): void {
  const bytes = readResult()
  world.answer(mover, (op) => mover.read(op, ino, 0, BLOCK, bytes))
  bytes.release()
}

/** A file that the first secondary has written UNSTABLE, and given back for the second one. */
function givenBack(t: Test): { world: MoverWorld; writer: SimulatedMover; ino: number; flushes: () => number } {
  const world = new World(1, 2)
  const [writer, other] = world.secondaries
  const ino = world.files.create('f')
  world.files.write(ino, 0, new Uint8Array(4 * BLOCK).fill(1), 'fileSync')
  world.env.runUntilIdle()
  write(world, writer, ino, 0, 'unstable')
  const before = world.files.device.flushCount
  read(world, other, ino)
  t.equal(world.files.device.flushCount, before, 'giving it back flushes nothing')
  t.equal(writer.held.inode(ino), undefined, 'its writer has forgotten it')
  return { world, writer, ino, flushes: () => world.files.device.flushCount - before }
}

t.test('when nobody has used it there since', async (t) => {
  const { world, writer, ino, flushes } = givenBack(t)
  world.answer(writer, (op) => writer.commit(op, ino))
  t.ok(flushes() > 0)
})

t.test('when a client has read it there since', async (t) => {
  const { world, writer, ino, flushes } = givenBack(t)
  read(world, writer, ino)
  t.equal(flushes(), 0)
  world.answer(writer, (op) => writer.commit(op, ino))
  t.ok(flushes() > 0)
  const flushed = flushes()
  world.answer(writer, (op) => writer.commit(op, ino))
  t.equal(flushes(), flushed, 'once')
})

t.test('when a client has written another block there since, durably', async (t) => {
  const { world, writer, ino, flushes } = givenBack(t)
  write(world, writer, ino, 2, 'fileSync')
  world.answer(writer, (op) => writer.commit(op, ino))
  t.ok(flushes() > 0)
})
