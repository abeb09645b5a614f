/** Who makes a file through a secondary gets the right to write to it with the answer. */
import t from 'tap'
import type { CreateHow, WriteResult } from '../../mover/files/service.ts'
import { MoverWorld, type Secondary, type SimulatedMover } from '../sim/mover-world.ts'
import { bytes, filled, readResult } from './files-support.ts'

const GUARDED: CreateHow = { kind: 'guarded', attributes: { mode: 0o644 } }
const EXCLUSIVE: CreateHow = { kind: 'exclusive', verifier: filled(8, 7) }

function messages({ session }: Secondary): number {
  return session.counts.messagesSent + session.counts.messagesReceived
}

function frames({ session }: Secondary): number {
  return session.counts.framesSent + session.counts.framesReceived
}

function create(world: MoverWorld, mover: Secondary, name: string, how: CreateHow): number {
  const { rootIno } = world.files.files
  let ino = 0
  world.answer(mover, (op) => {
    op.intent = 'change'
    const root = mover.files.inode(op, rootIno, world.files.inode(rootIno).generation)
    if (typeof root === 'string') return root
    const made = mover.files.create(op, root, bytes(name), how)
    if (typeof made === 'string') return made
    ino = made.ino
    return null
  })
  return ino
}

function setMode(world: MoverWorld, mover: Secondary, ino: number): void {
  world.answer(mover, (op) => {
    op.intent = 'change'
    const inode = mover.files.inode(op, ino, world.files.inode(ino).generation)
    return typeof inode === 'string' ? inode : mover.files.setattr(op, inode, { mode: 0o600 }, null)
  })
}

function write(world: MoverWorld, mover: SimulatedMover, ino: number, fill: number): void {
  const result: WriteResult = { count: 0, committed: 'unstable' }
  world.answer(mover, (op) => mover.write(op, ino, 0, filled(4096, fill), 'unstable', result))
}

function commit(world: MoverWorld, mover: SimulatedMover, ino: number): void {
  world.answer(mover, (op) => mover.commit(op, ino))
}

function read(world: MoverWorld, mover: SimulatedMover, ino: number): number[] {
  const result = readResult()
  let found: number[] = []
  world.answer(mover, (op) => {
    const failure = mover.read(op, ino, 0, 8192, result)
    if (failure !== null) return failure
    const data = Buffer.concat(result.segments.slice(0, result.segmentCount))
    found = [data.length, data[0] ?? -1]
    result.release()
    return null
  })
  return found
}

/** What each step takes, as [messages, frames]. */
function steps(world: MoverWorld, mover: Secondary, name: string, how: CreateHow): Record<string, [number, number]> {
  const taken: Record<string, [number, number]> = {}
  const step = (what: string, attempt: () => void): void => {
    const before = [messages(mover), frames(mover)] as const
    attempt()
    taken[what] = [messages(mover) - before[0], frames(mover) - before[1]]
  }
  let ino = 0
  step('create', () => {
    ino = create(world, mover, name, how)
  })
  if (how.kind === 'exclusive') step('setattr', () => setMode(world, mover, ino))
  step('write', () => write(world, mover, ino, 1))
  step('commit', () => commit(world, mover, ino))
  return taken
}

t.test('a small file is made, written and committed in two round trips', async (t) => {
  const world = new MoverWorld(1, 2)
  const [mover] = world.secondaries
  // The first write reserves blocks for many.
  write(world, mover, create(world, mover, 'first', GUARDED), 1)
  t.same(steps(world, mover, 'guarded', GUARDED), { create: [3, 2], write: [0, 0], commit: [2, 2] })
  t.same(
    steps(world, mover, 'exclusive', EXCLUSIVE),
    { create: [2, 2], setattr: [3, 2], write: [0, 0], commit: [2, 2] },
    'made exclusively, it is given its attributes first',
  )
})

t.test('what was written to a new file is seen by everybody', async (t) => {
  const world = new MoverWorld(2, 2)
  const [mover, other] = world.secondaries as [Secondary, Secondary]
  for (const [i, reader] of [other, world.primary].entries()) {
    const ino = create(world, mover, `file ${i}`, GUARDED)
    t.same(
      world.primary.authority.describe(ino).held.map(({ kind }) => kind),
      ['WF_X'],
    )
    write(world, mover, ino, 7)
    t.same(read(world, reader, ino), [4096, 7])
    write(world, reader, ino, 8)
    t.same(read(world, mover, ino), [4096, 8])
  }
})

t.test('its maker shows what it is when it is looked up', async (t) => {
  const world = new MoverWorld(5, 1)
  const [mover] = world.secondaries
  const { rootIno } = world.files.files
  const ino = create(world, mover, 'file', GUARDED)
  write(world, mover, ino, 1)
  world.answer(mover, (op) => {
    const root = mover.files.inode(op, rootIno, world.files.inode(rootIno).generation)
    if (typeof root === 'string') return root
    const found = mover.files.lookup(op, root, bytes('file'), rootIno)
    if (typeof found === 'string') return found
    t.same([found.ino, found.isCurrent, found.size], [ino, true, 4096])
    return null
  })
})

t.test('a file that others use, or that was there before, is not taken from them', async (t) => {
  const world = new MoverWorld(3, 2)
  const [mover, other] = world.secondaries as [Secondary, Secondary]
  const unchecked: CreateHow = { kind: 'unchecked', attributes: {} }
  const ino = create(world, mover, 'file', GUARDED)
  write(world, other, ino, 1)
  const holders = (): string[] =>
    world.primary.authority.describe(ino).held.map((token) => `${token.mover} ${token.kind}`)
  const before = holders()
  t.equal(create(world, mover, 'file', unchecked), ino)
  t.same(holders(), before)
  const old = world.files.create('old')
  world.files.write(old, 0, filled(10, 1))
  create(world, mover, 'old', unchecked)
  t.same(world.primary.authority.describe(old).held, [])
})

t.test('what its maker has written and not told is counted as lost when it dies', async (t) => {
  const world = new MoverWorld(4, 1)
  const [mover] = world.secondaries
  const ino = create(world, mover, 'file', GUARDED)
  const { change } = world.files.inode(ino)
  write(world, mover, ino, 1)
  world.primary.authority.gone(mover.peer)
  t.ok(world.files.inode(ino).change >= change + 2 ** 32)
  t.equal(world.files.inode(ino).size, 0)
})
