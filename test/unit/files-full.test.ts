import t from 'tap'
import { bytes, FilesWorld, filled, ROOT } from './files-support.ts'

const PAGE = 4096
/** With the page before it no more than a quarter of the small cache, which is the longest WRITE that it takes. */
const PIECE = 60 * PAGE

/** Writes one file after the other until the volume is full; returns their numbers. */
function fill(world: FilesWorld): number[] {
  const inos: number[] = []
  for (let file = 0; file < 100; file++) {
    const ino = world.create(`big${file}`)
    inos.push(ino)
    for (let piece = 0; piece < 16; piece++) {
      const answer = world.write(ino, piece * PIECE, filled(PIECE, file + 1))
      if (answer === 'NOSPC') return inos
      if (typeof answer === 'string') throw new Error(answer)
    }
  }
  throw new Error('the volume is never full')
}

t.test('a full volume says NOSPC, loses nothing, and takes removals', (t) => {
  const world = new FilesWorld()
  const inos = fill(world)
  for (const [file, ino] of inos.entries()) {
    t.equal(world.commit(ino), true)
    if (file === inos.length - 1) break
    const read = world.read(ino, 15 * PIECE, PIECE)
    t.ok(typeof read === 'object' && read.data.equals(filled(PIECE, file + 1)), `file ${file}`)
  }
  t.equal(world.files.volume.space.reservedBlocks, 0)
  t.equal(world.write(inos[0], 0, filled(PIECE, 99), 'fileSync') !== 'NOSPC', true, 'in place there is room')
  t.ok(world.files.statistics().freeBytes < PIECE)
  const other = world.create('other')
  t.equal(world.write(other, 0, filled(PIECE, 7)), 'NOSPC')
  t.equal(world.inode(other).size, 0)
  t.equal(
    world.call((op) => world.files.remove(op, world.root, bytes('big1'))),
    null,
  )
  t.same(world.write(other, 0, filled(PIECE, 7), 'fileSync'), { count: PIECE, committed: 'fileSync' })
  t.equal(
    world.call((op) => world.files.setattr(op, world.inode(inos[2]), { size: 0 }, null)),
    null,
  )
  t.same(world.write(other, PIECE, filled(PIECE, 8), 'fileSync'), { count: PIECE, committed: 'fileSync' })
  t.end()
})

t.test('who waits for freed blocks when the log fails is told', (t) => {
  const world = new FilesWorld()
  const [ino] = fill(world)
  world.env.runUntilIdle()
  world.device.inject({ on: 'durable', code: 'IO', times: Number.POSITIVE_INFINITY })
  const removal = world.start((op) => world.files.remove(op, world.root, bytes('big1')) ?? true)
  const write = world.startWrite(ino, 100 * PIECE, filled(PIECE, 1))
  world.env.advance(10_000)
  t.equal(removal.outcome, 'IO')
  t.equal(write.outcome, 'ROFS')
  t.end()
})

t.test('a failed log write makes the volume read-only; what is durable can be read', (t) => {
  const world = new FilesWorld()
  const { volume } = world.files
  let failed = false
  volume.onFailure = () => {
    failed = true
  }
  const ino = world.create('f')
  const other = world.create('g')
  world.write(ino, 0, filled(PAGE, 1), 'fileSync')
  world.env.advance(20_000)
  world.device.inject({ on: 'durable', code: 'IO' })
  const create = world.start((op) => world.files.mkdir(op, world.root, bytes('d'), {}))
  const write = world.startWrite(other, PAGE, filled(PAGE, 2), 'fileSync')
  world.env.advance(10_000)
  t.equal(create.outcome, 'IO')
  t.ok(write.outcome === 'IO' || write.outcome === 'ROFS')
  t.not(volume.failure, null)
  t.notOk(failed, 'it is still served')
  t.same(world.read(ino, 0, PAGE), { data: Buffer.alloc(PAGE, 1), eof: true })
  t.equal(world.write(ino, 0, filled(PAGE, 3)), 'ROFS')
  t.equal(
    world.call((op) => world.files.mkdir(op, world.root, bytes('e'), {})),
    'ROFS',
  )
  t.equal(
    world.call((op) => world.files.setattr(op, world.inode(ino), { size: 5 }, null), ROOT),
    'ROFS',
  )
  t.end()
})
