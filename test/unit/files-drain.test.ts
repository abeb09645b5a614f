/** What is asked back of a file waits for what is under way of it, and for nothing else. */
import t from 'tap'
import { drainedPieces } from '../../mover/files/drain.ts'
import type { ReadResult, WriteResult } from '../../mover/files/service.ts'
import type { BlockDevice } from '../../mover/store/device.ts'
import { MoverWorld, type SimulatedMover } from '../sim/mover-world.ts'
import { filled } from './files-support.ts'

const BLOCK_BYTES = 4096
const BLOCKS = 16
/** Far more than a message takes. */
const LONG_MS = 100

type Write = (mover: SimulatedMover, block: number, count: number) => { isAnswered: boolean }

/** Begins writes to a file. */
function writerOf(world: MoverWorld, ino: number): Write {
  return (mover, block, count) => {
    const state = { isAnswered: false }
    const result: WriteResult = { count: 0, committed: 'unstable' }
    const data = filled(count * BLOCK_BYTES, 1)
    world.run(
      mover,
      (op) => mover.write(op, ino, block * BLOCK_BYTES, data, 'unstable', result),
      () => {
        state.isAnswered = true
      },
    )
    return state
  }
}

/** Writes of the device, which do not reach it until `isOver` has been called: those of before are the caller's to carry out. */
function withheldWrites({ files }: MoverWorld): { late: (() => void)[]; isOver: () => void } {
  const device: BlockDevice = files.device
  const { write } = device
  const late: (() => void)[] = []
  device.write = (...args) => void late.push(() => write.apply(device, args))
  const isOver = (): void => {
    device.write = write
  }
  return { late, isOver }
}

t.test('a part of a file is given back while other parts are written', (t) => {
  for (const place of ['a secondary', 'the primary'] as const) {
    const world = new MoverWorld(1, 2)
    const [other, first] = world.secondaries
    const writer = place === 'a secondary' ? first : world.primary
    const ino = world.create(writer, 'file')
    const write = writerOf(world, ino)
    write(writer, 0, BLOCKS)
    world.env.runUntilIdle()
    world.answer(writer, (op) => writer.commit(op, ino))
    // A write of somebody else makes pieces of what is held.
    write(other, BLOCKS - 1, 1)
    world.env.runUntilIdle()

    write(writer, 3, 1)
    write(writer, 10, 1)
    world.env.runUntilIdle()
    const { late, isOver } = withheldWrites(world)
    world.run(
      writer,
      (op) => writer.commit(op, ino),
      () => {},
    )
    world.env.advance(LONG_MS)
    t.ok(late.length > 0, `${place}: something is being written`)
    t.ok(write(writer, 3, 1).isAnswered, 'some of it is changed meanwhile')
    const [beside, changed, same] = [write(other, 7, 1), write(other, 3, 1), write(other, 10, 1)]
    world.env.advance(LONG_MS)
    t.ok(beside.isAnswered, 'what lies beside it is given back')
    t.notOk(changed.isAnswered || same.isAnswered, 'what is being written is not')
    isOver()
    for (const task of late) task()
    world.env.advance(LONG_MS)
    t.ok(changed.isAnswered && same.isAnswered, 'when it is written, it is')
  }
  t.end()
})

t.test('of a file with dirty pieces what is clean is given back at once, each piece when it is written', (t) => {
  for (const place of ['a secondary', 'the primary'] as const) {
    const world = new MoverWorld(1, 2)
    const [other, first] = world.secondaries
    const writer = place === 'a secondary' ? first : world.primary
    const ino = world.create(writer, 'file')
    const write = writerOf(world, ino)
    write(writer, 0, BLOCKS)
    world.env.runUntilIdle()
    world.answer(writer, (op) => writer.commit(op, ino))
    for (const block of [0, 1, 8, 14]) write(writer, block, 1)
    world.env.runUntilIdle()

    const { late, isOver } = withheldWrites(world)
    const clean = write(other, 4, 1)
    world.env.advance(LONG_MS)
    t.ok(clean.isAnswered, `${place}: what is clean is given back before anything is written`)
    t.equal(late.length, 1, 'one piece is being written')
    const [wanted, last] = [write(other, 14, 1), write(other, 8, 1)]
    for (const task of late.splice(0)) task()
    world.env.advance(LONG_MS)
    for (const task of late.splice(0)) task()
    world.env.advance(LONG_MS)
    t.ok(wanted.isAnswered || last.isAnswered, 'each piece goes when it is written')
    isOver()
    for (const task of late) task()
    world.env.advance(LONG_MS)
    t.ok(wanted.isAnswered && last.isAnswered)
  }
  t.end()
})

t.test('a file that one read after the other waits for the device of is given back all the same', (t) => {
  for (const place of ['a secondary', 'the primary'] as const) {
    const world = new MoverWorld(1, 2)
    const [other, first] = world.secondaries
    const reader = place === 'a secondary' ? first : world.primary
    const ino = world.create(other, 'file')
    const write = writerOf(world, ino)
    write(other, 0, 4 * BLOCKS)
    world.env.runUntilIdle()
    world.answer(other, (op) => other.commit(op, ino))
    world.env.runUntilIdle()

    const device: BlockDevice = world.files.device
    const { read: readNow } = device
    const late: (() => void)[] = []
    let answers = 0
    /** Begins to read a block that is not in memory, behind none that has been read. */
    const read = (block: number): void => {
      const result: ReadResult = { count: 0, eof: false, segments: [], segmentCount: 0, release: () => {} }
      world.run(
        reader,
        (op) => reader.read(op, ino, block * BLOCK_BYTES, BLOCK_BYTES, result),
        () => {
          answers++
          result.release()
        },
      )
      world.env.advance(LONG_MS)
    }
    read(0)
    device.read = (...args) => void late.push(() => readNow.apply(device, args))
    read(3)
    t.equal(late.length, 1, `${place}: one read waits for the device`)
    const written = write(other, 20, 1)
    world.env.advance(LONG_MS)
    t.notOk(written.isAnswered, 'what it needs is kept for it')
    for (let block = 6; block < 3 * BLOCKS && !written.isAnswered; block += 3) {
      read(block)
      late.shift()?.()
      world.env.advance(LONG_MS)
    }
    t.ok(written.isAnswered, 'reads that come later do not keep it')
    device.read = readNow
    for (const task of late) task()
    world.env.advance(10 * LONG_MS)
    t.ok(answers > 2, 'and are answered when they have it again')
  }
  t.end()
})

t.test('where less may be dirty, pieces are smaller', (t) => {
  const world = new MoverWorld(1, 2)
  const { context } = world.secondaries[0].held
  const blocks = Array.from({ length: 2048 }, (_, block) => block)
  const part = { serial: 1, kind: 'BR_W', start: 0, end: 2048, first: { start: 0, end: 2048 } } as const
  const leaving = { ...part, isPiece: false, inTurn: false, draining: false }
  const countOf = (dirtyLimit: number): number => {
    const pages = Object.assign(Object.create(context.pages), { dirtyLimit })
    return drainedPieces({ ...context, pages }, undefined, leaving, { blocks, from: Number.POSITIVE_INFINITY }).length
  }
  t.equal(countOf(8192), 2, '4 MiB')
  t.equal(countOf(100_000), 2)
  t.equal(countOf(2048), 8)
  t.equal(countOf(257), 32, 'and not too small')
  t.end()
})

t.test('what others have lengthened a file by meanwhile is not taken from it', (t) => {
  const world = new MoverWorld(1, 2)
  const { primary } = world
  const [other] = world.secondaries
  const ino = world.create(primary, 'file')
  const write = writerOf(world, ino)
  world.answer(primary, (op) => primary.truncate(op, ino, BLOCKS * BLOCK_BYTES))
  write(other, BLOCKS - 1, 1)
  world.env.runUntilIdle()
  world.answer(other, (op) => other.commit(op, ino))
  // Into a hole: where its block lies must be logged.
  write(primary, 2, 1)
  world.env.runUntilIdle()
  const { late, isOver } = withheldWrites(world)
  world.run(
    primary,
    (op) => primary.commit(op, ino),
    () => {},
  )
  world.env.advance(LONG_MS)
  t.equal(late.length, 1, 'it is on its way to the device')
  isOver()
  write(other, BLOCKS, 1)
  world.env.advance(LONG_MS)
  world.answer(other, (op) => other.commit(op, ino))
  const logged = (): number | undefined => primary.files.context.inodes.peek(ino)?.loggedSize
  t.equal(logged(), (BLOCKS + 1) * BLOCK_BYTES, 'meanwhile another mover lengthens the file')
  for (const task of late) task()
  world.env.advance(LONG_MS)
  t.equal(logged(), (BLOCKS + 1) * BLOCK_BYTES)
  t.end()
})
