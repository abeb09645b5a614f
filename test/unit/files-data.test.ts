import t from 'tap'
import type { Failure } from '../../mover/failure.ts'
import type { Operation } from '../../mover/files/service.ts'
import { Suspend } from '../../mover/suspend.ts'
import { Random } from '../crash/random.ts'
import { bytes, FilesWorld, filled, readResult } from './files-support.ts'

const PAGE = 4096

t.test('a READ of nothing lets no page go that an earlier one has pinned', (t) => {
  const world = new FilesWorld()
  const ino = world.create('f')
  world.write(ino, 0, bytes('hello'), 'fileSync')
  const result = readResult()
  t.same(world.read(ino, 0, 100, result), { data: Buffer.from('hello'), eof: true })
  t.same(world.read(ino, 5, 100, result), { data: Buffer.alloc(0), eof: true }, 'at the end')
  t.same(world.read(ino, 2 ** 62, 100, result), { data: Buffer.alloc(0), eof: true }, 'far behind the end')
  t.same(world.read(ino, 0, 0, result), { data: Buffer.alloc(0), eof: false }, 'no bytes')
  const { pages } = world.files.context
  t.same([...pages.pins.filter((count) => count > 0)], [])
  t.end()
})

t.test('data that is lost while a COMMIT or a stable WRITE waits for the next round fails it', (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = new FilesWorld(seed)
    const ino = world.create('f')
    world.write(ino, 0, filled(PAGE, 1), 'fileSync')
    const first = world.write(ino, 0, filled(PAGE, 2))
    t.type(first, 'object')
    const before = world.verifier
    const data = world.inode(ino).data
    world.files.context.writeBack.barrier(data as NonNullable<typeof data>, 0, 1).wait(() => {})
    world.env.runUntil(() => data?.writing === true)
    world.device.inject({ on: 'anyWrite', code: 'IO', fromOffset: 0, times: 1 })
    const commit = world.startCommit(ino)
    const write = world.startWrite(ino, PAGE, filled(PAGE, 3), 'fileSync')
    world.env.runUntil(() => commit.outcome !== undefined && write.outcome !== undefined)
    t.not(world.verifier, before, `seed ${seed}: the verifier changes`)
    t.equal(commit.outcome, 'IO', `seed ${seed}: COMMIT`)
    const stable = typeof write.outcome === 'object'
    world.env.runUntilIdle()
    const now = world.read(ino, PAGE, PAGE)
    if (stable) t.same(now, { data: Buffer.alloc(PAGE, 3), eof: true }, `seed ${seed}: a stable WRITE is kept`)
  }
  t.end()
})

t.test('bytes that were cut off do not come back when data behind them is lost', (t) => {
  const world = new FilesWorld()
  const ino = world.create('f')
  world.write(ino, 0, filled(2 * PAGE, 1), 'fileSync')
  t.equal(
    world.call((op) => world.files.setattr(op, world.inode(ino), { size: 100 }, null)),
    null,
  )
  world.env.runUntilIdle()
  const { change } = world.inode(ino)
  world.write(ino, 3 * PAGE, filled(10, 2))
  world.device.inject({ on: 'write', code: 'NOSPC' })
  t.equal(world.commit(ino), 'NOSPC')
  world.env.runUntilIdle()
  t.ok(world.inode(ino).change > change + 1, 'the contents have changed again')
  const { size } = world.inode(ino)
  const left = world.read(ino, 0, size)
  const expected = Buffer.alloc(size)
  expected.fill(1, 0, 100)
  t.same(left, { data: expected, eof: true })
  t.equal(world.files.context.pages.dirtyCount, 0)
  t.equal(world.files.volume.space.reservedBlocks, 0)
  world.write(ino, 3 * PAGE, filled(10, 2), 'fileSync')
  const again = Buffer.alloc(3 * PAGE + 10)
  again.fill(1, 0, 100).fill(2, 3 * PAGE)
  t.same(world.read(ino, 0, again.length + 5), { data: again, eof: true })
  t.end()
})

t.test('a cache much smaller than the file shows every byte as it was written last', (t) => {
  for (let seed = 1; seed <= 6; seed++) {
    const world = new FilesWorld(seed, { pagePoolSize: 0 })
    const random = new Random(seed)
    const ino = world.create('f')
    let model = Buffer.alloc(0)
    for (let step = 0; step < 800; step++) {
      const block = random.below(400)
      const aligned = random.chance(0.3)
      const at = block * PAGE + (aligned ? 0 : random.below(PAGE))
      const count = aligned ? PAGE * (1 + random.below(16)) : 1 + random.below(16 * PAGE)
      if (random.chance(0.5)) {
        const data = filled(count, 1 + random.below(255))
        const stability = random.chance(0.6) ? 'fileSync' : 'unstable'
        if (typeof world.write(ino, at, data, stability) === 'string') t.fail(`seed ${seed}, step ${step}`)
        if (at + count > model.length) model = Buffer.concat([model, Buffer.alloc(at + count - model.length)])
        model.set(data, at)
      } else if (random.chance(0.05)) {
        const size = random.below(400 * PAGE)
        world.call((op) => world.files.setattr(op, world.inode(ino), { size }, null))
        model = Buffer.concat([model, Buffer.alloc(Math.max(0, size - model.length))]).subarray(0, size)
      } else {
        const expected = model.subarray(at, at + count)
        const got = world.read(ino, at, count)
        if (typeof got === 'string' || !got.data.equals(expected)) {
          t.fail(`seed ${seed}, step ${step}: READ of ${count} bytes at ${at} is wrong`)
          break
        }
      }
    }
    t.equal(
      world.files.context.pages.pins.findIndex((count) => count > 0),
      -1,
      `seed ${seed}: no page stays pinned`,
    )
  }
  t.end()
})

t.test('pages whose place the log does not know yet are not evicted', (t) => {
  const world = new FilesWorld(1, { pagePoolSize: 0 })
  const { volume } = world.files
  const ino = world.create('f')
  const other = world.create('other')
  for (let block = 0; block < 300; block += 10) world.write(other, block * PAGE, filled(10 * PAGE, 1), 'fileSync')
  world.write(ino, 0, filled(20 * PAGE, 2))
  // The log has no room for a while.
  const submit = volume.submit.bind(volume)
  const waiting: (() => void)[] = []
  volume.submit = (name, record, options) => {
    if (name === 'fold') throw new Suspend((resume) => waiting.push(resume))
    return submit(name, record, options)
  }
  const commit = world.startCommit(ino)
  world.env.runUntil(() => waiting.length > 0)
  for (let block = 0; block < 300; block += 10) world.read(other, block * PAGE, 10 * PAGE)
  t.same(world.read(ino, 0, 20 * PAGE), { data: Buffer.alloc(20 * PAGE, 2), eof: true })
  volume.submit = submit
  for (const resume of waiting) resume()
  world.env.runUntil(() => commit.outcome !== undefined)
  t.equal(commit.outcome, true)
  t.same(world.read(ino, 0, 20 * PAGE), { data: Buffer.alloc(20 * PAGE, 2), eof: true })
  t.end()
})

t.test('writers who wait for room go on as soon as there is some', (t) => {
  const world = new FilesWorld(1, { pagePoolSize: 0 })
  const inos = [world.create('a'), world.create('b')]
  const pieces = Array.from({ length: 20 }, (_, i) => i * 10 * PAGE)
  for (const ino of inos) for (const at of pieces) world.write(ino, at, filled(10 * PAGE, 1), 'fileSync')
  const beganMs = world.env.monotonicMs()
  const all = pieces.flatMap((at) => inos.map((ino) => world.startWrite(ino, at, filled(10 * PAGE, 2))))
  world.env.runUntil(() => all.every(({ outcome }) => outcome !== undefined))
  t.ok(world.env.monotonicMs() - beganMs < 400, 'before any timer of the write-back')
  t.end()
})

t.test('replies that clients do not take leave the cache to the others', (t) => {
  const world = new FilesWorld(1, { pagePoolSize: 0 })
  const inos = ['a', 'b'].map((name) => world.create(name))
  for (const [i, ino] of inos.entries()) {
    for (let at = 0; at < 12; at++) world.write(ino, at * 8 * PAGE, filled(8 * PAGE, i * 12 + at + 1), 'fileSync')
  }
  const kept = inos.flatMap((ino, i) =>
    Array.from({ length: 12 }, (_, at) => {
      const result = readResult()
      const answer = world.call((op) => world.files.read(op, world.inode(ino), at * 8 * PAGE + 5, 8 * PAGE - 9, result))
      t.equal(answer, null)
      return { result, expected: filled(8 * PAGE - 9, i * 12 + at + 1) }
    }),
  )
  t.same(world.write(world.create('c'), 0, filled(8 * PAGE, 99), 'fileSync'), {
    count: 8 * PAGE,
    committed: 'fileSync',
  })
  for (const ino of inos) for (let at = 0; at < 12; at++) world.write(ino, at * 8 * PAGE, filled(8 * PAGE, 77))
  for (const { result, expected } of kept) {
    t.ok(Buffer.concat(result.segments.slice(0, result.segmentCount)).equals(expected))
    result.release()
  }
  const { pages } = world.files.context
  t.equal(pages.sendingCount, 0)
  world.env.runUntilIdle()
  t.same([...pages.pins.filter((count) => count > 0)], [])
  t.end()
})

t.test('who waits for a file to be quiet has its turn, however many read it', (t) => {
  const world = new FilesWorld(7, { pagePoolSize: 0 })
  const ino = world.create('f')
  const { generation } = world.inode(ino)
  const blocks = 512
  for (let at = 0; at < blocks; at += 8) world.write(ino, at * PAGE, filled(8 * PAGE, 1), 'fileSync')
  const random = new Random(7)
  let isOver = false
  let count = 0
  const readOn = (): void => {
    if (isOver) return
    count++
    const at = random.below(blocks) * PAGE
    const result = readResult()
    const reading = world.start((op) => {
      const inode = world.files.inode(op, ino, generation)
      if (typeof inode === 'string') return inode
      const failure = world.files.read(op, inode, at, PAGE, result)
      result.release()
      return failure ?? true
    })
    const look = (): void => {
      if (reading.outcome === undefined) world.env.timer(0.01, look)
      else if (reading.outcome === true) readOn()
    }
    world.env.timer(0.01, look)
  }
  for (let i = 0; i < 16; i++) readOn()
  world.env.runUntil(() => count > 200)
  const changes: ((op: Operation) => Failure | true)[] = [
    (op) => world.files.setattr(op, world.inode(ino), { size: (blocks - 1) * PAGE }, null) ?? true,
    (op) => world.files.remove(op, world.root, bytes('f')) ?? true,
  ]
  for (const change of changes) {
    const before = count
    const changing = world.start(change)
    world.env.runUntil(() => changing.outcome !== undefined || count > before + 1000)
    t.equal(changing.outcome, true, `${count - before} reads came meanwhile`)
  }
  isOver = true
  world.env.runUntilIdle()
  t.end()
})

t.test('a file grows although its older blocks are written all the time', (t) => {
  const world = new FilesWorld(1)
  const ino = world.create('f')
  world.write(ino, 0, filled(8 * PAGE, 1), 'fileSync')
  let isOver = false
  let count = 0
  const writeOn = (at: number): void => {
    if (isOver) return
    count++
    const writing = world.startWrite(ino, at, filled(PAGE, count % 200), 'fileSync')
    const look = (): void => {
      if (writing.outcome === undefined) world.env.timer(0.01, look)
      else writeOn(at)
    }
    world.env.timer(0.01, look)
  }
  for (let i = 0; i < 6; i++) writeOn(i * PAGE)
  world.env.runUntil(() => count > 50)
  const before = count
  const growing = world.start((op) => world.files.setattr(op, world.inode(ino), { size: 9 * PAGE + 5 }, null) ?? true)
  world.env.runUntil(() => growing.outcome !== undefined || count > before + 1000)
  isOver = true
  t.equal(growing.outcome, true, `${count - before} writes came meanwhile`)
  world.env.runUntilIdle()
  t.end()
})

t.test('a file is not let go while the device holds data of it unflushed', (t) => {
  const world = new FilesWorld(1, { inodeCapacity: 16 })
  const { env, files } = world
  const gate = files.volume.flushGate
  const ino = world.create('f')
  const others = Array.from({ length: 40 }, (_, i) => {
    const made = world.call((op) => files.mkdir(op, world.root, bytes(`d${i}`), {}))
    return (made as { ino: number }).ino
  })
  world.write(ino, 8 * PAGE, filled(PAGE, 1))
  world.write(ino, 8 * PAGE, filled(PAGE, 1))
  world.commit(ino)
  env.runUntilIdle()
  env.advance(9000)
  world.write(ino, 9 * PAGE, filled(PAGE, 2))
  const commit = world.startCommit(ino)
  const data = world.inode(ino).data
  env.runUntil(() => data?.writing === true)
  world.startWrite(ino, 9 * PAGE, filled(PAGE, 3))
  env.runUntil(() => commit.outcome !== undefined)
  env.runUntilIdle()
  const inode = world.inode(ino)
  env.runUntil(() => !inode.marked)
  for (let round = 0; round < 6; round++) for (const other of others) world.inode(other)
  // Whoever reads the file now makes its data anew.
  world.start((op) => {
    const result = readResult()
    const failure = files.read(op, world.inode(ino), 0, PAGE, result)
    result.release()
    return failure ?? true
  })
  const again = world.startCommit(ino)
  env.runUntil(() => again.outcome !== undefined)
  t.equal(again.outcome, true)
  t.notOk(gate.hasUnflushed, 'COMMIT has flushed')
  t.end()
})
