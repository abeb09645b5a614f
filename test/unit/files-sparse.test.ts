import t from 'tap'
import { bytes, FilesWorld, filled } from './files-support.ts'

const PAGE = 4096
const TIB = 2 ** 40

t.test('sparse files up to 16 TiB', (t) => {
  const world = new FilesWorld()
  const ino = world.create('f')
  const end = 16 * TIB
  const one = { count: 1, committed: 'fileSync' }
  t.same(world.write(ino, end - 1, filled(1, 9), 'fileSync'), one)
  t.equal(world.inode(ino).size, end)
  t.equal(world.inode(ino).space, PAGE)
  t.equal(world.write(ino, end, filled(1, 9)), 'FBIG')
  t.equal(world.write(ino, 2 ** 63, filled(1, 9)), 'FBIG')
  t.equal(world.write(ino, 2 ** 64, filled(1, 9)), 'FBIG')
  t.same(world.write(ino, 5 * TIB + 100, filled(1, 8), 'fileSync'), one)
  t.same(world.read(ino, 5 * TIB + 98, 5), { data: Buffer.from([0, 0, 8, 0, 0]), eof: false })
  t.same(world.read(ino, end - 3, 100), { data: Buffer.from([0, 0, 9]), eof: true })
  t.same(world.read(ino, 7 * TIB + 1, 9000), { data: Buffer.alloc(9000), eof: false })
  t.same(world.read(ino, end, 5), { data: Buffer.alloc(0), eof: true })
  t.same(world.read(ino, 2 ** 64, 5), { data: Buffer.alloc(0), eof: true })
  t.equal(
    world.call((op) => world.files.setattr(op, world.inode(ino), { size: 6 * TIB }, null)),
    null,
  )
  t.equal(world.inode(ino).space, PAGE)
  t.equal(
    world.call((op) => world.files.setattr(op, world.inode(ino), { size: end }, null)),
    null,
  )
  t.same(world.read(ino, end - 3, 100), { data: Buffer.alloc(3), eof: true }, 'what was cut off is gone')
  t.end()
})

t.test('a file in many pieces is cut off in steps, and what is behind does not come back', (t) => {
  const world = new FilesWorld()
  const ino = world.create('f')
  const pieces = 300
  for (let i = 0; i < pieces; i++) world.write(ino, i * 2 * PAGE, filled(PAGE, 1))
  world.commit(ino)
  const free = world.files.statistics().freeBytes
  const cut = world.start((op) => world.files.setattr(op, world.inode(ino), { size: PAGE + 5 }, null) ?? true)
  const write = world.startWrite(ino, 400 * PAGE, filled(10, 2), 'fileSync')
  const grow = world.start((op) => world.files.setattr(op, world.inode(ino), { size: 600 * PAGE }, null) ?? true)
  world.env.runUntil(() => write.outcome !== undefined && grow.outcome !== undefined)
  t.equal(cut.outcome, true)
  t.equal(grow.outcome, true)
  t.same(write.outcome, { count: 10, committed: 'fileSync' })
  world.env.runUntilIdle()
  for (const block of [1, 2, 100, 598]) {
    t.same(world.read(ino, block * PAGE, PAGE), { data: Buffer.alloc(PAGE), eof: false }, `block ${block}`)
  }
  t.equal(world.inode(ino).space, 2 * PAGE)
  t.equal(world.files.statistics().freeBytes - free, (pieces - 2) * PAGE)
  t.equal(
    world.call((op) => world.files.remove(op, world.root, bytes('f'))),
    null,
  )
  world.env.runUntilIdle()
  t.equal(world.files.statistics().freeBytes - free, pieces * PAGE)
  t.end()
})

t.test('a block that cannot be read fails the READ that asks for it, not a WRITE elsewhere', (t) => {
  const world = new FilesWorld(1, { inodeCapacity: 4 })
  const ino = world.create('f')
  world.write(ino, 0, filled(8 * PAGE, 1), 'fileSync')
  world.env.advance(20_000)
  const { data } = world.inode(ino)
  data?.dropAll()
  world.device.inject({ on: 'read', code: 'IO' })
  const read = world.start((op) => {
    const result = { segments: [], segmentCount: 0, count: 0, eof: false, release: () => {} }
    return world.files.read(op, world.inode(ino), 0, PAGE, result) ?? true
  })
  const other = world.start((op) => {
    const result = { segments: [], segmentCount: 0, count: 0, eof: false, release: () => {} }
    const failure = world.files.read(op, world.inode(ino), 0, PAGE, result)
    result.release()
    return failure ?? true
  })
  const write = world.startWrite(ino, 4 * PAGE, filled(PAGE, 2), 'fileSync')
  world.env.runUntil(() => write.outcome !== undefined && read.outcome !== undefined && other.outcome !== undefined)
  t.equal(read.outcome, 'IO')
  t.same(write.outcome, { count: PAGE, committed: 'fileSync' })
  t.same(world.read(ino, 0, PAGE), { data: Buffer.alloc(PAGE, 1), eof: false }, 'it is tried again')
  world.inode(ino).data?.noteFailure(0, 'IO')
  t.type(world.write(ino, 4 * PAGE, filled(PAGE, 2), 'fileSync'), 'object', 'as after reading ahead')
  t.end()
})
