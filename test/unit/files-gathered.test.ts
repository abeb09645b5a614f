/** What is written lies in the mover's own right to write, also where one write reaches over what has not changed. */
import t from 'tap'
import type { ReadResult, WriteResult } from '../../mover/files/service.ts'
import { MoverWorld, type SimulatedMover } from '../sim/mover-world.ts'
import { filled } from './files-support.ts'

const BLOCK_BYTES = 4096
const BLOCKS = 16

for (const isShared of [false, true]) {
  const where = isShared ? 'which its mover may only read' : 'which its mover may write'
  t.test(`a block between two dirty ones, ${where}`, async (t) => {
    const world = new MoverWorld(1, 2)
    const [other, writer] = world.secondaries
    const ino = world.create(writer, 'file')
    const write = (mover: SimulatedMover, block: number, count = 1): void => {
      const result: WriteResult = { count: 0, committed: 'unstable' }
      const data = filled(count * BLOCK_BYTES, block)
      world.answer(mover, (op) => mover.write(op, ino, block * BLOCK_BYTES, data, 'unstable', result))
    }
    const read = (mover: SimulatedMover, block: number): void => {
      const result: ReadResult = { segments: [], segmentCount: 0, count: 0, eof: false, release: () => {} }
      world.answer(mover, (op) => mover.read(op, ino, block * BLOCK_BYTES, BLOCK_BYTES, result))
      result.release()
    }
    write(writer, 0, BLOCKS)
    world.answer(writer, (op) => writer.commit(op, ino))
    if (isShared) {
      write(other, 3)
      read(writer, 3)
      read(other, 3)
    }
    // Each time it gets a right to write to this block, or has one.
    write(writer, 2)
    if (isShared) read(other, 3)
    write(writer, 4)
    read(writer, 3)
    const written: number[] = []
    const { device } = world.files
    const { write: writeNow } = device
    device.write = (offset, buffers, lane, done) => {
      written.push(buffers.reduce((sum, { length }) => sum + length, 0) / BLOCK_BYTES)
      writeNow.call(device, offset, buffers, lane, done)
    }
    world.answer(writer, (op) => writer.commit(op, ino))
    t.strictSame(written, isShared ? [1, 1] : [3])
  })
}
