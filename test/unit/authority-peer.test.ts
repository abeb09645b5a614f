/** How much a mover may ask for at a time; and one that dies: nobody is shown less than it has shown. */
import t from 'tap'
import { FILE_END } from '../../mover/locks/token.ts'
import { Suspend } from '../../mover/suspend.ts'
import { LOST_CHANGES } from '../../mover/volume/records/apply.ts'
import {
  MAX_CALLS,
  message_kind,
  type operation,
  operation_kind,
  time_how,
  token_kind,
} from '../../protocol/moverlock/moverlock.gen.ts'
import { isClean, MOST_RESERVED, Rude, removal, WHOLE } from './rude-mover.ts'

t.test('blocks that have been asked for, and not answered, count too', async (t) => {
  const rude = new Rude()
  // Somebody's are about to be free.
  rude.world.files.volume.reserveData = () => {
    throw new Suspend(() => {})
  }
  for (let id = 1; id <= 8; id++) rude.say({ kind: message_kind.RESERVE, reserve: { id, count: MOST_RESERVED / 8 } })
  t.equal(rude.endedWith, null)
  rude.say({ kind: message_kind.RESERVE, reserve: { id: 9, count: 1 } })
  t.match(rude.endedWith, /device blocks reserved/)
})

t.test('blocks that have been committed or given back make room for others', async (t) => {
  const rude = new Rude()
  rude.lock(token_kind.BR_W, 0, FILE_END)
  for (let i = 1; i <= 8; i++) {
    const [{ start }, ...others] = rude.reserve(MOST_RESERVED)
    // What the file has already lies before these.
    const runs = [{ file_block: MOST_RESERVED * i, device_block: start, length: MOST_RESERVED / 2 }]
    const size = MOST_RESERVED * 4096 * (i + 1)
    rude.say(rude.commit({ size, changes: rude.written({ size }), runs }))
    t.same(others, [])
    const rest = { start: start + MOST_RESERVED / 2, length: MOST_RESERVED / 2 }
    rude.say({ kind: message_kind.GIVE_BACK, give_back: { runs: [rest] } })
  }
  t.equal(rude.endedWith, null)
  rude.die()
  isClean(t, rude)
})

t.test('a mover has so many calls under way, and no more', async (t) => {
  const rude = new Rude()
  const { env, files } = rude.world
  const what = { ino: rude.ino, generation: rude.world.inode(rude.ino).generation }
  const leave = { how: time_how.LEAVE }
  const set = { mode: 0o600, uid: null, gid: null, size: null, atime: leave, mtime: leave }
  const look: operation = { kind: operation_kind.GETATTR, what }
  const change: operation = { kind: operation_kind.SETATTR, setattr: { what, set, guard: null } }
  const ask = (operation: operation, count: number): void => {
    const call = { ...removal(rude), what: operation }
    for (let i = 0; i < count; i++) rude.session.send({ kind: message_kind.CALL, call })
    const asked = rude.calls + count
    rude.session.flush()
    env.runUntil(() => rude.calls === asked)
  }
  ask(look, 10)
  // Nothing becomes durable any more.
  files.volume.log.whenDurable = () => {}
  ask(change, MAX_CALLS)
  t.equal(rude.endedWith, null)
  ask(change, 1)
  t.match(rude.endedWith, /more than 16384 calls at a time/)
})

t.test('what a writer commits counts once, and is shown with the times that it has told', async (t) => {
  const rude = new Rude()
  const before = rude.world.inode(rude.ino).change
  rude.lock(token_kind.BR_W)
  const changes = rude.written({ changes: 3 })
  const [answer] = rude.say(rude.commit({ changes }))
  t.equal(answer?.kind, message_kind.COMMITTED)
  const { change, ctimeSec, ctimeNsec } = rude.world.inode(rude.ino)
  t.same([change, ctimeSec, ctimeNsec], [before + 3, changes.ctime.sec, changes.ctime.nsec])
  rude.die()
  isClean(t, rude)
})

t.test('growth that is told with a commit, but not committed, is shown and lost with its writer', async (t) => {
  const rude = new Rude()
  const { size } = rude.world.inode(rude.ino)
  rude.lock(token_kind.BR_W, 2, FILE_END)
  const changes = rude.written({ size: size + 500 })
  rude.say(rude.commit({ size: size + 100, changes }))
  const inode = rude.world.inode(rude.ino)
  t.same([inode.size, inode.loggedSize], [size + 500, size + 100])
  rude.die()
  t.same([inode.size, inode.loggedSize], [size + 100, size + 100])
  isClean(t, rude)
})

t.test(
  'when a writer dies, its file changes beyond all that it may have shown, durably, before others get it',
  async (t) => {
    const rude = new Rude()
    const { files, env } = rude.world
    rude.lock(token_kind.BR_W, 0, FILE_END)
    const inode = rude.world.inode(rude.ino)
    const { change, ctimeSec, ctimeNsec } = inode
    const write = rude.world.startWrite(rude.ino, 0, new Uint8Array(1), 'fileSync')
    env.defer(() => rude.die())
    env.runUntil(() => write.outcome !== undefined)
    t.ok(inode.change >= change + LOST_CHANGES)
    t.ok(inode.ctimeSec > ctimeSec || (inode.ctimeSec === ctimeSec && inode.ctimeNsec > ctimeNsec))
    t.ok(inode.lastLsn > 0 && inode.lastLsn <= files.volume.log.durableLsn)
    t.equal(rude.reign.authority.sharedFiles, 0)
    isClean(t, rude)
  },
)

/** Makes the file one of many pieces, and cuts it to nothing: its blocks are freed in steps. */
function beginTruncation({ world, ino }: Rude): void {
  for (let i = 0; i < 200; i++) world.write(ino, 8192 * (i + 2), new Uint8Array(1))
  world.call((op) => world.files.commit(op, world.inode(ino), 0, 0))
  world.start((op) => world.files.setattr(op, world.object(op, ino), { size: 0 }, null))
}

t.test('nothing is granted of a file that is still being truncated', async (t) => {
  const rude = new Rude()
  beginTruncation(rude)
  t.ok(rude.world.inode(rude.ino).truncating)
  const { value, map } = rude.lock(token_kind.BR_W)
  t.notOk(rude.world.inode(rude.ino).truncating)
  t.equal(value.length > 0 && map.extents.length, 0)
  rude.die()
  isClean(t, rude)
})

t.test('what a mover has asked for is not granted when it is gone', async (t) => {
  const rude = new Rude()
  beginTruncation(rude)
  const lock = { ino: rude.ino, id: 1, kind: token_kind.BR_W, need: { start: 0, end: 1 }, exact: false }
  rude.session.send({ kind: message_kind.LOCK, lock })
  rude.session.flush()
  rude.world.env.runUntil(() => rude.received > 0)
  t.ok(rude.world.inode(rude.ino).truncating, 'it has to wait')
  rude.die()
  t.equal(rude.reign.authority.sharedFiles, 0)
  isClean(t, rude)
})

t.test('growth that its writer has not committed is not logged for it by somebody else', async (t) => {
  const rude = new Rude()
  const inode = rude.world.inode(rude.ino)
  const { size } = inode
  rude.lock(token_kind.BR_W, 2, FILE_END)
  rude.say(rude.commit({ size, changes: rude.written({ size: size + 500 }) }))
  t.same([inode.size, inode.loggedSize], [size + 500, size])
  const write = rude.world.startWrite(rude.ino, 0, new Uint8Array(10), 'fileSync')
  rude.world.env.runUntil(() => write.outcome !== undefined)
  t.same([inode.size, inode.loggedSize], [size + 500, size], 'the primary writes elsewhere in the file')
  rude.die()
  t.same([inode.size, inode.loggedSize], [size, size])
  isClean(t, rude)
})

t.test('who may not write behind the end does not lengthen a file', async (t) => {
  const rude = new Rude()
  const inode = rude.world.inode(rude.ino)
  const { size, change } = inode
  rude.lock(token_kind.BR_W, 0, 1)
  rude.say(rude.commit({ size: size + 500, changes: rude.written({ size: size + 500 }) }))
  t.same([inode.size, inode.loggedSize, inode.change], [size, size, change + 1], 'it tells what somebody else has lost')
  rude.die()
  isClean(t, rude)
})

t.test('behind growth that its writer has committed, the primary logs its own', async (t) => {
  const rude = new Rude()
  const inode = rude.world.inode(rude.ino)
  const end = inode.size + 500
  const { granted } = rude.lock(token_kind.BR_W, 2, FILE_END)
  rude.say(rude.commit({ size: end, changes: rude.written({ size: end }) }))
  const release = { ino: rude.ino, serial: granted.serial, blocks: WHOLE, changes: null }
  rude.say({ kind: message_kind.RELEASE, release })
  rude.world.write(rude.ino, end, new Uint8Array(100), 'fileSync')
  t.same([inode.size, inode.loggedSize], [end + 100, end + 100])
  rude.die()
  isClean(t, rude)
})

t.test('who writes to a file since an earlier reign is known before anybody is shown it', async (t) => {
  const rude = new Rude(true)
  const { ino, world } = rude
  t.ok(world.inode(ino).isCurrent)
  const blocks = { start: 0, end: 3 }
  const tokens = [{ serial: 40, kind: token_kind.BR_W, blocks }]
  rude.say({ kind: message_kind.ASSERT, assertion: { ino, tokens, changes: rude.written() } })
  rude.say({ kind: message_kind.ASSERTED })
  t.equal(rude.endedWith, null)
  t.ok(rude.reign.isRecovered)
  t.notOk(world.inode(ino).isCurrent, 'its size and times may be newer where it is written to')
})

t.test(
  'who writes to a file since an earlier reign goes on, also where there is no room for anything new',
  async (t) => {
    const rude = new Rude(true)
    const { ino, world } = rude
    const { env, files } = world
    // Its mark is cleared when it has been quiet.
    env.advance(60_000)
    env.runUntilIdle()
    t.notOk(world.inode(ino).marked)
    Object.defineProperty(files.volume.space, 'metaHeadroom', { value: 0 })
    t.equal(
      world.call((op) => files.mkdir(op, world.root, Buffer.from('d'), {})),
      'NOSPC',
    )
    const tokens = [{ serial: 40, kind: token_kind.BR_W, blocks: { start: 0, end: 3 } }]
    rude.say({ kind: message_kind.ASSERT, assertion: { ino, tokens, changes: rude.written() } })
    rude.say({ kind: message_kind.ASSERTED })
    t.equal(rude.endedWith, null)
    t.ok(rude.reign.isRecovered)
    t.ok(world.inode(ino).marked)
  },
)
