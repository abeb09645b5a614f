/** Names that a secondary remembers under the tokens of their directories: no message for what nobody can have changed. */
import t from 'tap'
import { QUIET_MS } from '../../mover/authority/quiet.ts'
import type { Failure } from '../../mover/failure.ts'
import { newOperation, type Operation } from '../../mover/files/service.ts'
import { Suspend } from '../../mover/suspend.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { MoverWorld, type Secondary } from '../sim/mover-world.ts'
import { bytes, ROOT } from './files-support.ts'

/** Runs an operation at a mover to its end, as a protocol server does. */
function call<T>(world: MoverWorld, attempt: (op: Operation) => T, credentials = ROOT): T {
  const op = newOperation(credentials, false)
  let result: { value: T } | null = null
  const run = (): void => {
    op.barrier = null
    op.forwarded?.rewind()
    try {
      result = { value: attempt(op) }
    } catch (error) {
      if (!(error instanceof Suspend)) throw error
      error.wait(run)
    }
  }
  run()
  world.env.runUntil(() => result !== null)
  world.env.runUntilIdle()
  return (result as unknown as { value: T }).value
}

class Client {
  readonly world: MoverWorld
  readonly mover: Secondary

  constructor(world: MoverWorld, mover: Secondary) {
    this.world = world
    this.mover = mover
  }

  /** Messages that `run` takes. */
  messages(run: () => void): number {
    const before = this.mover.session.counts.messagesSent
    run()
    return this.mover.session.counts.messagesSent - before
  }

  attributes(ino: number): Inode | Failure {
    return call(this.world, (op) => {
      op.intent = 'attributes'
      return this.mover.files.inode(op, ino, this.#generation(ino))
    })
  }

  lookup(dir: number, name: string, credentials = ROOT): number | Failure {
    return call(
      this.world,
      (op) => {
        op.intent = 'names'
        const inode = this.mover.files.inode(op, dir, this.#generation(dir))
        if (typeof inode === 'string') return inode
        const found = this.mover.files.lookup(op, inode, bytes(name), dir)
        return typeof found === 'string' ? found : found.ino
      },
      credentials,
    )
  }

  create(dir: number, name: string): number {
    const made = call(this.world, (op) => {
      op.intent = 'change'
      const inode = this.mover.files.inode(op, dir, this.#generation(dir))
      if (typeof inode === 'string') return inode
      const file = this.mover.files.create(op, inode, bytes(name), { kind: 'guarded', attributes: { mode: 0o644 } })
      return typeof file === 'string' ? file : file.ino
    })
    if (typeof made === 'string') throw new Error(`CREATE ${name}: ${made}`)
    return made
  }

  #generation(ino: number): number {
    return this.world.files.inode(ino).generation
  }
}

t.test('a name is asked for once, as long as nobody changes its directory', async (t) => {
  const world = new MoverWorld(1, 2)
  const [a, b] = world.secondaries.map((mover) => new Client(world, mover)) as [Client, Client]
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
function glance(client: Client, dir: number, name: string): number {
  return client.messages(() => {
    client.attributes(dir)
    client.lookup(dir, name)
  })
}

t.test('a directory that is changed again and again is not held until it has been quiet', async (t) => {
  const world = new MoverWorld(1, 2)
  const [a, b] = world.secondaries.map((mover) => new Client(world, mover)) as [Client, Client]
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
  const client = new Client(world, world.secondaries[0])
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
  const client = new Client(world, world.secondaries[0])
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
