/** The first read of a file at a secondary: its blocks are read with its token, before the call runs again. */
import t from 'tap'
import type { WriteResult } from '../../mover/files/service.ts'
import { MoverWorld, type Secondary, type SimulatedMover } from '../sim/mover-world.ts'
import { filled, readResult } from './files-support.ts'

const BLOCK_BYTES = 4096
const BLOCKS = 4

function write(world: MoverWorld, mover: SimulatedMover, ino: number, block: number, count: number): void {
  const result: WriteResult = { count: 0, committed: 'unstable' }
  const data = filled(count * BLOCK_BYTES, 7)
  world.answer(mover, (op) => mover.write(op, ino, block * BLOCK_BYTES, data, 'unstable', result))
}

/** How often a read runs until it is answered, with what is right. */
function runsOfRead(world: MoverWorld, mover: SimulatedMover, ino: number, block: number, count: number): number {
  const result = readResult()
  let runs = 0
  world.answer(mover, (op) => {
    runs++
    const failure = mover.read(op, ino, block * BLOCK_BYTES, count, result)
    if (failure !== null) return failure
    const data = Buffer.concat(result.segments.slice(0, result.segmentCount))
    result.release()
    if (!data.equals(Buffer.alloc(Math.min(count, (BLOCKS - block) * BLOCK_BYTES), 7))) throw new Error('wrong data')
    return null
  })
  return runs
}

t.test('a read runs when it asks for the file, and when it has been read', (t) => {
  const world = new MoverWorld(1, 2)
  const [reader, writer] = world.secondaries as [Secondary, Secondary]
  const ino = world.files.create('file')
  write(world, world.primary, ino, 0, BLOCKS)
  world.answer(world.primary, (op) => world.primary.commit(op, ino))
  t.equal(runsOfRead(world, reader, ino, 1, 2 * BLOCK_BYTES), 2, 'of the whole file')
  t.equal(runsOfRead(world, reader, ino, 1, BLOCK_BYTES), 1, 'nothing is missing any more')
  write(world, writer, ino, 0, 1)
  t.equal(runsOfRead(world, reader, ino, 2, 8 * BLOCK_BYTES), 2, 'of what others do not write to, up to its end')
  t.equal(runsOfRead(world, reader, ino, BLOCKS, BLOCK_BYTES), 1, 'of nothing')
  t.end()
})

t.test('one of many reads of a file that is asked for loses nothing', (t) => {
  const world = new MoverWorld(2, 1)
  const [reader] = world.secondaries as [Secondary]
  const ino = world.files.create('file')
  write(world, world.primary, ino, 0, BLOCKS)
  world.answer(world.primary, (op) => world.primary.commit(op, ino))
  let answers = 0
  for (let block = 0; block < BLOCKS; block++) {
    const result = readResult()
    world.run(
      reader,
      (op) => reader.read(op, ino, block * BLOCK_BYTES, BLOCK_BYTES, result),
      (failure) => {
        t.equal(failure, null)
        t.equal(result.count, BLOCK_BYTES)
        answers++
      },
    )
  }
  // It is asked back while they are waited for.
  write(world, world.primary, ino, 1, 1)
  world.env.runUntilIdle()
  t.equal(answers, BLOCKS)
  t.end()
})
