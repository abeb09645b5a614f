/** Who may use a file, at a secondary: what every lock of a file asks first. */
import t from 'tap'
import type { Failure } from '../../mover/failure.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { MoverWorld } from '../sim/mover-world.ts'
import { filled } from './files-support.ts'
import { call, HeldClient } from './held-client.ts'

const BLOCK = 4096
const NO_BYTES = { segments: [], segmentCount: 0, count: 0, eof: false, release: () => {} }

function modeOf(inode: Inode | Failure): number | Failure {
  return typeof inode === 'string' ? inode : inode.mode & 0o777
}

t.test(
  'of a file that several movers write to it is known without a message, and size and times are not',
  async (t) => {
    const world = new MoverWorld(1, 2)
    const [one, other] = world.secondaries.map((mover) => new HeldClient(world, mover))
    const ino = world.files.create('f')
    world.files.write(ino, 0, new Uint8Array(2 * BLOCK), 'fileSync')
    const write = (client: HeldClient, block: number, value: number): void => {
      const result = { count: 0, committed: 'unstable' as const }
      const data = filled(BLOCK, value)
      world.answer(client.mover, (op) => client.mover.write(op, ino, block * BLOCK, data, 'unstable', result))
      t.equal(result.count, BLOCK)
    }
    for (let turn = 1; turn <= 3; turn++) {
      write(one, 0, turn)
      write(other, 1, turn)
    }
    for (const client of [one, other]) {
      t.equal(
        client.messages(() => t.equal(modeOf(client.access(ino)), 0o644)),
        0,
      )
      t.ok(client.messages(() => t.equal(modeOf(client.attributes(ino)), 0o644)) > 0)
    }
    other.setMode(ino, 0o600)
    for (const client of [one, other]) t.equal(modeOf(client.access(ino)), 0o600)
    write(one, 0, 4)
    one.setMode(ino, 0o640)
    t.equal(modeOf(other.access(ino)), 0o640)
  },
)

t.test('of a file that the primary itself writes, and gives to a secondary nothing but a look', async (t) => {
  const world = new MoverWorld(3, 2)
  const [one, other] = world.secondaries.map((mover) => new HeldClient(world, mover))
  const ino = world.files.create('f')
  world.files.write(ino, 0, new Uint8Array(2 * BLOCK), 'unstable')
  t.equal(modeOf(one.access(ino)), 0o644)
  other.setMode(ino, 0o600)
  t.equal(modeOf(one.access(ino)), 0o600)
  one.setMode(ino, 0o640)
  t.equal(modeOf(one.access(ino)), 0o640)
})

t.test('who reads or writes no bytes of a file is judged by the mode that it has now', async (t) => {
  const world = new MoverWorld(4, 2)
  const [one, other] = world.secondaries.map((mover) => new HeldClient(world, mover))
  const ino = world.files.create('f')
  const tried = (intent: 'read' | 'write', at: number): Failure | null =>
    call(
      world,
      (op) => {
        Object.assign(op, { intent, rangeStart: at, rangeEnd: at })
        const { files } = one.mover
        const inode = files.inode(op, ino, world.files.inode(ino).generation)
        if (typeof inode === 'string') return inode
        if (intent === 'read') return files.read(op, inode, at, 0, { ...NO_BYTES })
        return files.write(op, inode, at, new Uint8Array(0), 'unstable', { count: 0, committed: 'unstable' })
      },
      { uid: 1000, gid: 1000, gids: [] },
    )
  for (const intent of ['read', 'write'] as const) {
    for (const at of [0, BLOCK, 100 * BLOCK, intent === 'read' ? 2 ** 60 : 5]) {
      other.setMode(ino, 0o666)
      world.files.write(ino, 0, new Uint8Array(2 * BLOCK), 'unstable')
      // With this comes a right to no blocks, beside the primary's own to all.
      t.equal(modeOf(one.attributes(ino)), 0o666)
      other.setMode(ino, 0o600)
      t.equal(tried(intent, at), 'ACCES', `${intent} at ${at}`)
      other.setMode(ino, 0o666)
      t.equal(tried(intent, at), null, `${intent} at ${at}`)
    }
  }
})

t.test('of a file of which nothing is held, and of one that is gone', async (t) => {
  const world = new MoverWorld(2, 2)
  const [one, other] = world.secondaries.map((mover) => new HeldClient(world, mover))
  const ino = one.create(world.files.files.rootIno, 'f')
  const { generation } = world.files.inode(ino)
  t.equal(modeOf(other.access(ino)), 0o644)
  one.setMode(ino, 0o400)
  t.equal(modeOf(other.access(ino)), 0o400)
  one.remove(world.files.files.rootIno, 'f')
  t.equal(modeOf(other.access(ino, generation)), 'STALE')
})
