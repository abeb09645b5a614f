/** What a secondary leaves behind when it dies: nothing that it held, and nothing that it has written is passed off as old. */
import t from 'tap'
import { isLater } from '../../mover/files/live-inode.ts'
import type { WriteResult } from '../../mover/files/service.ts'
import { FILE_END } from '../../mover/locks/token.ts'
import { Suspend } from '../../mover/suspend.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { MoverWorld, type SimulatedMover } from '../sim/mover-world.ts'
import { filled, readResult } from './files-support.ts'

/** Starts a write; returns what tells whether it has been answered. */
function write(world: MoverWorld, mover: SimulatedMover, ino: number, fill: number, offset = 0): () => boolean {
  const result: WriteResult = { count: 0, committed: 'unstable' }
  let isAnswered = false
  world.run(
    mover,
    (op) => mover.write(op, ino, offset, filled(4096, fill), 'fileSync', result),
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

t.test('what it waits for when its session ends stays unanswered: its clients ask another mover', async (t) => {
  const world = new MoverWorld(3, 1)
  const [mover] = world.secondaries
  const ino = world.files.create('file')
  const isAnswered = write(world, mover, ino, 1)
  const { log } = mover.held.volume
  world.env.runUntil(() => log.lastLsn > log.durableLsn)
  mover.session.end('its mover is gone')
  mover.authority.ended()
  world.env.runUntilIdle()
  t.notOk(isAnswered(), 'neither that it is done nor that it has failed')
  t.equal(mover.held.volume.failure, null)
})

t.test('a reservation that is not answered does not say that the volume is full', async (t) => {
  const world = new MoverWorld(4, 1)
  const [mover] = world.secondaries
  const asked: ((runs: null | []) => void)[] = []
  mover.authority.reserve = (_count, done) => asked.push(done)
  let isResumed = false
  try {
    mover.held.volume.reserveData(1)
  } catch (error) {
    if (!(error instanceof Suspend)) throw error
    error.wait(() => {
      isResumed = true
    })
  }
  asked.shift()?.([])
  asked.shift()?.(null)
  t.same([isResumed, asked.length], [false, 0])
})

t.test('while the clock is behind, its last times of change are not shown again', async (t) => {
  const world = new MoverWorld(5, 1)
  const [mover] = world.secondaries
  const ino = world.files.create('file')
  world.env.runUntil(write(world, mover, ino, 1))
  world.env.runUntilIdle()
  world.env.advance(10_000)
  world.env.jumpWallClock(-3_600_000)
  for (const fill of [2, 3, 4]) world.env.runUntil(write(world, mover, ino, fill))
  const { ctimeSec, ctimeNsec } = mover.held.inode(ino) as Inode
  world.primary.authority.gone(mover.peer)
  const after = world.files.inode(ino)
  t.ok(isLater(after.ctimeSec, after.ctimeNsec, ctimeSec, ctimeNsec))
})

t.test('what others have written into the growth of a file is not lost with who has lengthened it', async (t) => {
  const world = new MoverWorld(6, 1)
  const [mover] = world.secondaries
  const { primary, env } = world
  const ino = world.files.create('file')
  env.runUntil(write(world, primary, ino, 1))
  const result: WriteResult = { count: 0, committed: 'unstable' }
  const done = { written: false, seen: false }
  world.run(
    mover,
    (op) => mover.write(op, ino, 10 * 4096, filled(4096, 2), 'unstable', result),
    () => {
      done.written = true
    },
  )
  env.runUntil(() => done.written)
  // The primary knows of the growth: what it writes does not reach the end.
  world.run(
    primary,
    (op) => {
      primary.look(op, ino)
      return null
    },
    () => {
      done.seen = true
    },
  )
  env.runUntil(() => done.seen)
  t.equal(world.files.inode(ino).size, 11 * 4096)
  env.runUntil(write(world, primary, ino, 3, 2 * 4096))
  primary.authority.gone(mover.peer)
  env.runUntilIdle()
  const read = world.files.read(ino, 2 * 4096, 4096)
  t.same(typeof read === 'string' ? read : [...read.data.subarray(0, 2)], [3, 3])
})

t.test(
  'bytes behind an old end are not shown when two have lengthened the file, and the first of them dies',
  async (t) => {
    const world = new MoverWorld(7, 2)
    const [mover, other] = world.secondaries
    const { primary, env } = world
    const ino = world.files.create('file')
    env.runUntil(write(world, primary, ino, 1))
    world.answer(primary, (op) => primary.truncate(op, ino, 512))
    const read = readResult()
    world.answer(other, (op) => {
      const failure = other.read(op, ino, 0, 512, read)
      if (failure === null) read.release()
      return failure
    })
    const result: WriteResult = { count: 0, committed: 'unstable' }
    world.run(
      mover,
      (op) => mover.write(op, ino, 10 * 4096, filled(4096, 2), 'unstable', result),
      () => {},
    )
    env.runUntil(() => result.count > 0)
    t.match(primary.authority.describe(ino).held, [{ kind: 'BR_W', end: FILE_END }], 'a part of it can be asked back')
    env.runUntil(write(world, other, ino, 3, 20 * 4096))
    primary.authority.gone(mover.peer)
    env.runUntilIdle()
    const shown = world.files.read(ino, 0, 4096)
    t.same(typeof shown === 'string' ? shown : [...shown.data.subarray(510, 514)], [1, 1, 0, 0])
  },
)
