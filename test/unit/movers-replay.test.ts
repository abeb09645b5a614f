/** A call that is sent again, to whichever mover, is carried out once and gets its first answer. */
import t from 'tap'
import { createmode3, ftype3, nfsstat3, type post_op_attr } from '../../protocol/nfs3/nfs3.gen.ts'
import { FilesWorld } from './files-support.ts'
import { type Args, type Name, TestMover } from './movers-support.ts'
import { bytes, nothingSet } from './nfs3-client.ts'

const OK = nfsstat3.NFS3_OK
const ABSENT: post_op_attr = { attributes_follow: false }

/** A primary and two secondaries. */
function movers(world = new FilesWorld()) {
  const primary = TestMover.primaryOf(world)
  return { world, primary, first: TestMover.secondaryOf(world), second: TestMover.secondaryOf(world) }
}

type Call = { [N in Name]: { name: N; args: Args<N> } }[Name]

/** A call of each procedure that must not run twice, in an order in which all can be done. */
function changes(primary: TestMover, file: number): Call[] {
  const where = (name: string) => ({ dir: primary.handle(), name: bytes(name) })
  const mode = { ...nothingSet(), mode: { set_it: true, mode: 0o600 } } as const
  const symlink = { symlink_attributes: nothingSet(), symlink_data: bytes('../away') }
  return [
    { name: 'NFSPROC3_SETATTR', args: { object: primary.handle(file), new_attributes: mode, guard: { check: false } } },
    {
      name: 'NFSPROC3_CREATE',
      args: { where: where('made'), how: { mode: createmode3.GUARDED, obj_attributes: nothingSet() } },
    },
    { name: 'NFSPROC3_MKDIR', args: { where: where('dir'), attributes: nothingSet() } },
    { name: 'NFSPROC3_SYMLINK', args: { where: where('symlink'), symlink } },
    {
      name: 'NFSPROC3_MKNOD',
      args: { where: where('fifo'), what: { type: ftype3.NF3FIFO, pipe_attributes: nothingSet() } },
    },
    { name: 'NFSPROC3_LINK', args: { file: primary.handle(file), link: where('link') } },
    { name: 'NFSPROC3_RENAME', args: { from: where('link'), to: where('renamed') } },
    { name: 'NFSPROC3_REMOVE', args: { object: where('renamed') } },
    { name: 'NFSPROC3_RMDIR', args: { object: where('dir') } },
  ]
}

t.test('each change, sent to one mover and then to all others', (t) => {
  const { world, primary, first, second } = movers()
  const file = world.create('f')
  const ways = [
    [first, second, primary],
    [primary, second, first],
    [second, first, primary],
  ]
  ways.forEach(([begins, ...others], way) => {
    changes(primary, file).forEach(({ name, args }, i) => {
      const xid = 100 * way + i
      const answer = begins.call(xid, name, args)
      t.equal(answer.status, OK, name)
      world.env.runUntilIdle()
      const { lastLsn } = world.files.volume.log
      for (const other of others) {
        const again = other.call(xid, name, args)
        t.equal(again.status, OK, `${name} again`)
        if (!('resok' in answer && 'resok' in again)) return
        if ('obj' in answer.resok && 'obj' in again.resok) {
          t.same(handle(again.resok.obj), handle(answer.resok.obj), `${name}: the same handle`)
          t.same(again.resok.obj_attributes, ABSENT)
        }
        if ('dir_wcc' in again.resok) t.same(again.resok.dir_wcc.after, ABSENT)
      }
      t.equal(world.files.volume.log.lastLsn, lastLsn, `${name}: nothing was done again`)
    })
    // Back to the beginning.
    for (const name of ['made', 'symlink', 'fifo']) {
      primary.call(100 * way + 50, 'NFSPROC3_REMOVE', { object: { dir: primary.handle(), name: bytes(name) } })
    }
  })
  t.end()
})

function handle(obj: { handle_follows: boolean; handle?: { data: Uint8Array } }): string | null {
  return obj.handle === undefined ? null : Buffer.from(obj.handle.data).toString('hex')
}

t.test('what has come to the name since is left alone', (t) => {
  const { world, primary, first, second } = movers()
  world.create('f')
  const args = { object: { dir: primary.handle(), name: bytes('f') } }
  t.equal(first.call(1, 'NFSPROC3_REMOVE', args).status, OK)
  const ino = world.create('f')
  t.equal(second.call(1, 'NFSPROC3_REMOVE', args).status, OK)
  t.equal(primary.call(1, 'NFSPROC3_REMOVE', args).status, OK)
  t.equal(world.inode(ino).nlink, 1)

  const making = { where: { dir: primary.handle(), name: bytes('d') }, attributes: nothingSet() }
  t.equal(first.call(2, 'NFSPROC3_MKDIR', making).status, OK)
  t.equal(primary.call(3, 'NFSPROC3_RMDIR', { object: making.where }).status, OK)
  t.equal(primary.call(4, 'NFSPROC3_MKDIR', making).status, OK)
  const again = second.call(2, 'NFSPROC3_MKDIR', making)
  t.same(again.status === OK && again.resok.obj, { handle_follows: false }, 'the name leads elsewhere now')
  t.equal(second.call(5, 'NFSPROC3_MKDIR', making).status, nfsstat3.NFS3ERR_EXIST, 'another call is another call')
  t.end()
})

t.test('that a call was carried out is told by no mover before it is durable', (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const { world, primary, first, second } = movers(new FilesWorld(seed))
    world.create('f')
    const { log } = world.files.volume
    const before = log.lastLsn
    const args = { object: { dir: primary.handle(), name: bytes('f') } }
    first.send(1, 'NFSPROC3_REMOVE', args)
    world.env.runUntil(() => log.lastLsn > before)
    primary.send(1, 'NFSPROC3_REMOVE', args)
    second.send(1, 'NFSPROC3_REMOVE', args)
    let answered = 0
    const look = (): boolean => {
      for (const mover of [first, primary, second]) {
        const answer = mover.answer(1, 'NFSPROC3_REMOVE')
        if (answer === null) continue
        answered++
        t.equal(answer.status, OK)
        t.ok(log.durableLsn > before, `seed ${seed}: durable`)
      }
      return answered === 3
    }
    world.env.runUntil(look)
    t.equal(log.lastLsn, before + 1)
  }
  t.end()
})

t.test('a call that waits at the primary and comes by another way meanwhile is carried out once', (t) => {
  const { world } = movers()
  world.create('f')
  world.world.run(world.files.close())
  const again = new FilesWorld(1, {}, { disk: world.device, wallMs: world.env.wallMs() })
  const { primary, first, second } = movers(again)
  const root = { data: primary.handles.encode(primary.export, again.files.rootIno, world.root.generation) }
  const { log } = again.files.volume
  const before = log.lastLsn
  const args = { object: { dir: root, name: bytes('f') } }
  for (const mover of [first, second, primary]) mover.send(1, 'NFSPROC3_REMOVE', args)
  t.equal(primary.dispatcher.heldCalls, 1, 'its directory is read first')
  const answers = new Map<TestMover, number>()
  again.env.runUntil(() => {
    for (const mover of [first, second, primary]) {
      const answer = mover.answer(1, 'NFSPROC3_REMOVE')
      if (answer !== null) answers.set(mover, answer.status)
    }
    return answers.size === 3
  })
  t.same([...answers.values()], [OK, OK, OK])
  t.equal(log.lastLsn, before + 1)
  t.end()
})

t.test('MOUNT walks to a directory at the primary', (t) => {
  const { world, primary, first } = movers()
  const inos: number[] = []
  let dir = world.files.rootIno
  for (const name of ['a', 'b', 'c']) {
    const made = primary.call(1 + inos.length, 'NFSPROC3_MKDIR', {
      where: { dir: primary.handle(dir), name: bytes(name) },
      attributes: nothingSet(),
    })
    if (made.status !== OK || !made.resok.obj_attributes.attributes_follow) throw new Error(`status ${made.status}`)
    dir = made.resok.obj_attributes.attributes.fileid
    inos.push(dir)
  }
  for (const [i, path] of ['/share', '/share/a', '/share/a/b/c', '/share/a/x', '/share/a/b/c/d/e'].entries()) {
    const here = first.mount(10 + i, path)
    t.same(JSON.stringify(here), JSON.stringify(primary.mount(10 + i, path)), path)
  }
  t.end()
})

t.test('two clients whose verifiers are alike do not both make the file', async (t) => {
  const { primary, first, second } = movers()
  const where = { dir: primary.handle(), name: bytes('one') }
  const args = { where, how: { mode: createmode3.EXCLUSIVE, verf: bytes('12345678') } } as const
  second.machine = 'client2'
  t.equal(first.call(1, 'NFSPROC3_CREATE', args).status, OK)
  t.equal(second.call(2, 'NFSPROC3_CREATE', args).status, nfsstat3.NFS3ERR_EXIST, 'the other client')
  t.equal(primary.call(3, 'NFSPROC3_CREATE', args).status, OK, 'the same client, by way of another mover')
})
