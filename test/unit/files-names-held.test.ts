/** Names that a secondary remembers under the tokens of their directories: no message for what nobody can have changed. */
import t from 'tap'
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
