/** Blocks that a secondary reserves, with the real drivers: more of them than one reservation brings. */
import t from 'tap'
import type { Failure } from '../../mover/failure.ts'
import type { Operation, WriteResult } from '../../mover/files/service.ts'
import { BLOCK_BYTES } from '../../mover/volume/layout.ts'
import { MoverWorld } from './mover-world.ts'

const PIECE_BYTES = 2 ** 20
/** More than two reservations. */
const PIECES = 20
const MOST_STEPS = 100_000
/** Of the world in which the first secondary has the largest cache. */
const SEED = 2

t.test('a file that takes several reservations', async (t) => {
  const world = new MoverWorld(SEED, 1)
  const [mover] = world.secondaries
  const ino = world.files.create('large')
  const result: WriteResult = { count: 0, committed: 'unstable' }
  const run = (attempt: (op: Operation) => Failure | null): Failure | null => {
    let outcome: Failure | null | undefined
    world.run(mover, attempt, (failure) => {
      outcome = failure
    })
    world.env.runUntil(() => outcome !== undefined, MOST_STEPS)
    return outcome ?? null
  }
  const freeBytes = (): number => {
    const { unpromised } = mover.held.volume.space
    return world.files.files.statistics().freeBytes + unpromised * BLOCK_BYTES
  }
  const before = freeBytes()
  for (let piece = 0; piece < PIECES; piece++) {
    const bytes = new Uint8Array(PIECE_BYTES).fill(piece + 1)
    t.equal(
      run((op) => mover.write(op, ino, piece * PIECE_BYTES, bytes, 'unstable', result)),
      null,
    )
    t.equal(before - freeBytes(), (piece + 1) * PIECE_BYTES, 'what is reserved in advance is free to its clients')
  }
  t.equal(
    run((op) => mover.commit(op, ino)),
    null,
  )
  t.equal(before - freeBytes(), PIECES * PIECE_BYTES)
  t.ok(mover.held.volume.space.unpromised > 0)
})

t.test('what no write asks for any more goes back, and comes again when one does', async (t) => {
  const world = new MoverWorld(SEED, 1)
  const [mover] = world.secondaries
  const { space } = mover.held.volume
  const { reserved } = mover.peer
  const ino = world.files.create('small')
  const result: WriteResult = { count: 0, committed: 'unstable' }
  const write = (offset: number, count: number): void => {
    let isDone = false
    world.run(
      mover,
      (op) => mover.write(op, ino, offset, new Uint8Array(count).fill(1), 'unstable', result),
      () => {
        isDone = true
      },
    )
    world.env.runUntil(() => isDone, MOST_STEPS)
  }
  const before = world.files.files.statistics().freeBytes
  for (let second = 0; second < 10; second++) {
    write(second * BLOCK_BYTES, BLOCK_BYTES)
    world.env.advance(1000)
  }
  t.ok(space.unpromised > 1000, 'a writer keeps them')
  // What is written behind them has none of its blocks on the device yet.
  write(100 * BLOCK_BYTES, BLOCK_BYTES)
  world.env.advance(4000)
  t.ok(space.unpromised > 1000)
  t.equal(
    reserved.count,
    space.all().reduce((sum, { length }) => sum + length, 0),
  )
  world.env.advance(20_000)
  t.same([space.unpromised, reserved.count, space.all()], [0, 0, []])
  t.equal(before - world.files.files.statistics().freeBytes, 11 * BLOCK_BYTES, 'as free for all as before')
  write(200 * BLOCK_BYTES, BLOCK_BYTES)
  t.ok(space.unpromised > 1000)
  world.env.advance(20_000)
  t.same([space.unpromised, reserved.count], [0, 0])
  // All that is free is promised when it is looked at next, and is not written after all.
  write(300 * BLOCK_BYTES, BLOCK_BYTES)
  const promised = space.unpromised
  space.promise(promised)
  world.env.advance(20_000)
  t.equal(space.unpromised, 0)
  space.unreserve(promised)
  world.env.advance(20_000)
  t.same([space.unpromised, reserved.count], [0, 0])
})
