/** A file that several movers have written to is read without a message again, once it has been quiet. */
import t, { type Test } from 'tap'
import { QUIET_MS } from '../../mover/authority/quiet.ts'
import type { WriteResult } from '../../mover/files/service.ts'
import { MoverWorld, type Secondary, type SimulatedMover } from '../sim/mover-world.ts'
import { filled, readResult } from './files-support.ts'

const BLOCK_BYTES = 4096
const BLOCKS = 8
const FIRST_READ = 2
const READ = 4

function write(world: MoverWorld, mover: SimulatedMover, ino: number, block: number, fill: number): void {
  const result: WriteResult = { count: 0, committed: 'unstable' }
  const data = filled(BLOCK_BYTES, fill)
  world.answer(mover, (op) => mover.write(op, ino, block * BLOCK_BYTES, data, 'unstable', result))
}

/** The first byte of each block between those that others write to. */
function read(world: MoverWorld, mover: SimulatedMover, ino: number): number[] {
  const result = readResult()
  let firsts: number[] = []
  world.answer(mover, (op) => {
    const failure = mover.read(op, ino, FIRST_READ * BLOCK_BYTES, READ * BLOCK_BYTES, result)
    if (failure !== null) return failure
    const data = Buffer.concat(result.segments.slice(0, result.segmentCount))
    result.release()
    firsts = Array.from({ length: data.length / BLOCK_BYTES }, (_, block) => data[block * BLOCK_BYTES])
    return null
  })
  return firsts
}

/** The size, as GETATTR shows it. */
function look(world: MoverWorld, mover: SimulatedMover, ino: number): number {
  let size = -1
  world.answer(mover, (op) => {
    size = mover.look(op, ino).size
    return null
  })
  return size
}

function messages({ session }: Secondary): number {
  return session.counts.messagesSent + session.counts.messagesReceived
}

/** How often a client of `reader` must look until it has the whole file, and nothing has to be told any more. */
function looksUntilSilent(t: Test, world: MoverWorld, reader: Secondary, ino: number, expected: number[]): number {
  for (let looks = 1; looks <= 5; looks++) {
    world.env.advance(QUIET_MS)
    t.equal(look(world, reader, ino), BLOCKS * BLOCK_BYTES)
    t.same(read(world, reader, ino), expected)
    const before = messages(reader)
    t.same(read(world, reader, ino), expected)
    look(world, reader, ino)
    if (messages(reader) === before && reader.authority.tokens.allows(ino, 'WF_R', 0, BLOCKS)) return looks
  }
  return Number.POSITIVE_INFINITY
}

t.test('the whole file can be read again after its writers have been quiet', (t) => {
  for (const writers of ['secondaries', 'primary'] as const) {
    const world = new MoverWorld(1, 3)
    const [a, b, reader] = world.secondaries as [Secondary, Secondary, Secondary]
    const ino = world.files.create('file')
    for (let block = 0; block < BLOCKS; block++) write(world, world.primary, ino, block, 1)
    const first = writers === 'secondaries' ? a : world.primary
    write(world, b, ino, 7, 2)
    write(world, first, ino, 0, 2)
    t.same(read(world, reader, ino), [1, 1, 1, 1])
    t.equal(look(world, reader, ino), BLOCKS * BLOCK_BYTES)
    t.notOk(
      reader.authority.tokens.allows(ino, 'WF_R', 0, BLOCKS),
      `${writers} write: the reader has less than the file`,
    )
    t.ok(looksUntilSilent(t, world, reader, ino, [1, 1, 1, 1]) <= 2, `${writers}: the file is the reader's again`)
    // What others do with it is seen as ever.
    write(world, b, ino, 3, 3)
    t.same(read(world, reader, ino), [1, 3, 1, 1])
  }
  t.end()
})

t.test('who goes on writing keeps the right to', (t) => {
  const world = new MoverWorld(2, 3)
  const [writer, other, reader] = world.secondaries as [Secondary, Secondary, Secondary]
  const ino = world.files.create('file')
  for (let block = 0; block < BLOCKS; block++) write(world, world.primary, ino, block, 1)
  write(world, other, ino, 7, 1)
  write(world, writer, ino, 0, 1)
  for (let i = 0; i < 10; i++) {
    world.env.advance(QUIET_MS / 2)
    const before = writer.session.counts.messagesSent
    write(world, writer, ino, 0, 1)
    t.equal(writer.session.counts.messagesSent, before, 'a write takes no message')
    look(world, reader, ino)
  }
  t.notOk(reader.authority.tokens.allows(ino, 'WF_R', 0, BLOCKS))
  t.end()
})

t.test('who only looks does not take a file from who writes to all of it', (t) => {
  for (const place of ['a secondary', 'the primary'] as const) {
    const world = new MoverWorld(3, 2)
    const [first, reader] = world.secondaries as [Secondary, Secondary]
    const writer = place === 'a secondary' ? first : world.primary
    const ino = world.create(writer, 'file')
    for (let block = 0; block < BLOCKS; block++) write(world, writer, ino, block, 1)
    const { tokens } = writer.authority
    for (let i = 0; i < 10; i++) {
      world.env.advance(QUIET_MS / 2)
      write(world, writer, ino, BLOCKS - 1, 2)
      t.equal(look(world, reader, ino), BLOCKS * BLOCK_BYTES)
      t.ok(tokens.allows(ino, 'WF_X', 0, BLOCKS), `${place} keeps all of the file`)
    }
    write(world, writer, ino, BLOCKS, 2)
    t.equal(look(world, reader, ino), (BLOCKS + 1) * BLOCK_BYTES, 'its growth shows')
    world.answer(writer, (op) => writer.truncate(op, ino, BLOCKS * BLOCK_BYTES))
    t.equal(look(world, reader, ino), BLOCKS * BLOCK_BYTES, 'and its end')
    write(world, writer, ino, 0, 3)
    look(world, reader, ino)
    t.ok(looksUntilSilent(t, world, reader, ino, [1, 1, 1, 1]) <= 2, 'it comes to rest')
  }
  t.end()
})
