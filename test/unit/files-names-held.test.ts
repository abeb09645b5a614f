/** Names that a secondary remembers under the tokens of their directories: no message for what nobody can have changed. */
import t from 'tap'
import { QUIET_MS } from '../../mover/authority/quiet.ts'
import { MoverWorld, type Secondary } from '../sim/mover-world.ts'
import { bytes } from './files-support.ts'
import { call, HeldClient } from './held-client.ts'

t.test('a name is asked for once, as long as nobody changes its directory', async (t) => {
  const world = new MoverWorld(1, 2)
  const [a, b] = world.secondaries.map((mover) => new HeldClient(world, mover)) as [HeldClient, HeldClient]
  const { rootIno } = world.files.files
  const ino = world.files.create('known')
  a.attributes(rootIno)
  t.equal(a.lookup(rootIno, 'known'), ino)
  t.equal(
    a.messages(() => t.equal(a.lookup(rootIno, 'known'), ino)),
    0,
    'the second time no message is needed',
  )
  t.equal(a.lookup(rootIno, 'new'), 'NOENT')
  t.equal(
    a.messages(() => t.equal(a.lookup(rootIno, 'new'), 'NOENT')),
    0,
    'that there is no such name is remembered too',
  )
  const made = b.create(rootIno, 'new')
  t.equal(a.lookup(rootIno, 'new'), made, 'what another mover has made is seen at once')
  a.attributes(rootIno)
  t.equal(a.lookup(rootIno, 'new'), made)
  world.files.call((op) => world.files.files.remove(op, world.files.root, bytes('new')))
  t.equal(a.lookup(rootIno, 'new'), 'NOENT', 'what the primary has removed is gone at once')
})

/** A client looks at a directory, and a name in it; returns the messages that took. */
function glance(client: HeldClient, dir: number, name: string): number {
  return client.messages(() => {
    client.attributes(dir)
    client.lookup(dir, name)
  })
}

t.test('a directory that is changed again and again is not held until it has been quiet', async (t) => {
  const world = new MoverWorld(1, 2)
  const [a, b] = world.secondaries.map((mover) => new HeldClient(world, mover)) as [HeldClient, HeldClient]
  const { rootIno } = world.files.files
  const known = world.files.create('known')
  const holds = (): boolean => a.mover.authority.tokens.allows(rootIno, 'WF_R', 0, 1)
  let made = 0
  for (; made < 3; made++) {
    glance(a, rootIno, 'known')
    t.ok(holds(), `${made} changes`)
    b.create(rootIno, `file ${made}`)
  }
  for (; made < 8; made++) {
    t.equal(glance(a, rootIno, 'known'), 2, 'both are asked')
    t.notOk(holds(), `${made} changes: nothing is held`)
    const ino = b.create(rootIno, `file ${made}`)
    t.equal(a.lookup(rootIno, `file ${made}`), ino, 'what is made is seen at once')
    world.env.advance(QUIET_MS / 2)
  }
  t.equal(a.lookup(rootIno, 'known'), known)
  glance(a, rootIno, 'known')
  world.env.advance(QUIET_MS)
  glance(a, rootIno, 'known')
  glance(a, rootIno, 'known')
  t.ok(holds(), 'it has been quiet')
  t.equal(glance(a, rootIno, 'known'), 0)
  b.create(rootIno, 'last')
  t.notOk(holds())
  glance(a, rootIno, 'known')
  t.ok(holds(), 'one change does not make it busy')
})

t.test('who only looks names up need not ask for each again and again', async (t) => {
  const world = new MoverWorld(3, 1)
  const client = new HeldClient(world, world.secondaries[0])
  const { rootIno } = world.files.files
  const ino = world.files.create('known')
  t.equal(client.lookup(rootIno, 'known'), ino)
  t.equal(client.lookup(rootIno, 'known'), ino)
  t.equal(
    client.messages(() => t.equal(client.lookup(rootIno, 'known'), ino)),
    0,
  )
})

t.test('an operation that has asked is answered, also when the directory is held meanwhile', async (t) => {
  const world = new MoverWorld(1, 1)
  const [{ files, held }] = world.secondaries as [Secondary]
  const { rootIno } = world.files.files
  const { generation } = world.files.inode(rootIno)
  for (let i = 0; i < 3; i++) held.busyDirectories.revoked(rootIno, world.env.monotonicMs())
  let runs = 0
  const total = call(world, (op) => {
    if (++runs === 3) {
      for (const laterMs of [0, QUIET_MS]) held.busyDirectories.shown(rootIno, 77, world.env.monotonicMs() + laterMs)
      t.notOk(held.busyDirectories.has(rootIno))
    }
    op.intent = 'attributes'
    files.inode(op, rootIno, generation)
    return files.statistics(op).totalBytes
  })
  t.ok(runs > 2)
  t.ok(total > 0)
})

t.test('a busy directory is no file either', async (t) => {
  const world = new MoverWorld(1, 1)
  const [{ files, held }] = world.secondaries as [Secondary]
  const { rootIno } = world.files.files
  const { generation } = world.files.inode(rootIno)
  for (let i = 0; i < 3; i++) held.busyDirectories.revoked(rootIno, world.env.monotonicMs())
  const failure = call(world, (op) => {
    op.intent = 'attributes'
    const inode = files.inode(op, rootIno, generation)
    return typeof inode === 'string' ? inode : files.commit(op, inode)
  })
  t.equal(failure, 'ISDIR')
})

t.test('who may not search a directory learns nothing from what others have asked', async (t) => {
  const world = new MoverWorld(2, 1)
  const client = new HeldClient(world, world.secondaries[0])
  const made = world.files.call((op) =>
    world.files.files.mkdir(op, world.files.root, bytes('private'), { mode: 0o700 }),
  )
  if (typeof made === 'string') throw new Error(made)
  client.attributes(made.ino)
  client.lookup(made.ino, 'nothing')
  const nobody = { uid: 1000, gid: 1000, gids: [] }
  t.equal(
    client.messages(() => t.equal(client.lookup(made.ino, 'nothing', nobody), 'ACCES')),
    0,
  )
})
