import t from 'tap'
import type { Credentials, SetAttributes } from '../../mover/files/service.ts'
import { bytes, FilesWorld, filled, PLACES, ROOT } from './files-support.ts'

const OWNER: Credentials = { uid: 100, gid: 200, gids: [201] }
const STRANGER: Credentials = { uid: 101, gid: 300, gids: [] }
const MEMBER: Credentials = { uid: 102, gid: 200, gids: [] }
const PAGE = 4096

/** What SETATTR answers on a new file of OWNER with `mode`, and the mode that it leaves. */
function set(world: FilesWorld, mode: number, who: Credentials, attributes: SetAttributes): [unknown, number] {
  const ino = world.create(`f${world.inode(world.files.rootIno).change}`)
  const { uid, gid } = OWNER
  world.call((op) => world.service.setattr(op, world.object(op, ino), { uid, gid }, null))
  world.call((op) => world.service.setattr(op, world.object(op, ino), { mode }, null))
  const answer = world.call((op) => world.service.setattr(op, world.object(op, ino), attributes, null), who)
  return [answer, world.inode(ino).mode]
}

for (const place of PLACES) {
  t.test(`at the ${place}: who may set which attributes`, (t) => {
    const world = FilesWorld.at(place)
    const time = { sec: 1, nsec: 2 }
    const rows: [string, number, Credentials, SetAttributes, unknown, number?][] = [
      ['chmod by the owner', 0o644, OWNER, { mode: 0o4711 }, null, 0o4711],
      ['chmod by somebody else', 0o666, STRANGER, { mode: 0o777 }, 'PERM', 0o666],
      ['chmod by the superuser', 0o600, ROOT, { mode: 0o2755 }, null, 0o2755],
      ['setgid by an owner outside the group', 0o644, { ...OWNER, gid: 7, gids: [] }, { mode: 0o2755 }, null, 0o755],
      ['chown by the owner', 0o644, OWNER, { uid: 5 }, 'PERM'],
      ['chown by the superuser takes setuid and setgid', 0o6755, ROOT, { uid: 5 }, null, 0o755],
      ['chown to the same owner, by the owner', 0o644, OWNER, { uid: 100 }, null, 0o644],
      ['chown to the same owner, by somebody else', 0o4755, STRANGER, { uid: 100 }, 'PERM', 0o4755],
      ['chgrp to the same group, by somebody else', 0o4755, MEMBER, { gid: 200 }, 'PERM', 0o4755],
      ['chgrp to a group of the owner', 0o644, OWNER, { gid: 201 }, null],
      ['chgrp to another group', 0o644, OWNER, { gid: 300 }, 'PERM'],
      ['chgrp by a member', 0o664, MEMBER, { gid: 200 }, 'PERM'],
      ['times by the owner', 0o444, OWNER, { atime: time, mtime: time }, null],
      ['times by somebody who may write', 0o666, STRANGER, { atime: time }, 'PERM'],
      ['times now by somebody who may write', 0o666, STRANGER, { atime: 'now', mtime: 'now' }, null],
      ['times now by somebody who may not write', 0o644, STRANGER, { mtime: 'now' }, 'ACCES'],
      ['truncation by the owner of a read-only file', 0o444, OWNER, { size: 0 }, null],
      ['truncation by somebody who may write takes setuid', 0o4666, STRANGER, { size: 0 }, null, 0o666],
      ['truncation by somebody who may not write', 0o644, STRANGER, { size: 0 }, 'ACCES'],
      ['too large', 0o644, OWNER, { size: 2 ** 44 + 1 }, 'FBIG'],
      ['the largest', 0o644, OWNER, { size: 2 ** 44 }, null],
      ['nothing', 0o4755, STRANGER, {}, null, 0o4755],
    ]
    for (const [name, mode, who, attributes, answer, after = mode] of rows) {
      t.same(set(world, mode, who, attributes), [answer, after], name)
    }
    t.end()
  })

  t.test(`at the ${place}: SETATTR: guard, read-only exports, directories, and nothing to set`, (t) => {
    const world = FilesWorld.at(place)
    const ino = world.create('f')
    const run = (attributes: SetAttributes, guard: { sec: number; nsec: number } | null, readOnly = false, of = ino) =>
      world.call((op) => world.service.setattr(op, world.object(op, of), attributes, guard), ROOT, readOnly)
    const { ctimeSec: sec, ctimeNsec: nsec } = world.inode(ino)
    t.equal(run({ mode: 0o600 }, { sec, nsec: nsec + 1 }), 'NOT_SYNC')
    t.equal(run({ mode: 0o600 }, { sec, nsec }), null)
    t.equal(run({ mode: 0o600 }, { sec, nsec }), 'NOT_SYNC', 'the ctime has changed')
    t.equal(run({ mode: 0o644 }, null, true), 'ROFS')
    t.equal(run({ size: 0 }, null, false, world.files.rootIno), 'ISDIR')
    const { change, ctimeNsec } = world.inode(ino)
    t.equal(run({}, null), null)
    t.same([world.inode(ino).change, world.inode(ino).ctimeNsec], [change, ctimeNsec], 'nothing set, nothing changed')
    t.end()
  })

  t.test(`at the ${place}: a size that cannot be set for want of a working device is an error, not for ever`, (t) => {
    const world = FilesWorld.at(place)
    const ino = world.create('f')
    world.write(ino, 0, filled(100, 1), 'fileSync')
    world.device.inject({ on: 'anyWrite', code: 'IO', times: Number.POSITIVE_INFINITY, fromOffset: PAGE })
    const pending = world.start(
      (op) => world.service.setattr(op, world.object(op, ino), { size: PAGE * 2 }, null) ?? true,
    )
    world.env.advance(10_000)
    t.equal(pending.outcome, 'IO')
    t.end()
  })

  t.test(`at the ${place}: an exclusive CREATE succeeds again with its own verifier only`, (t) => {
    const world = FilesWorld.at(place)
    const create = (name: string, verifier: Uint8Array) => {
      const made = world.call((op) =>
        world.service.create(op, world.object(op, world.files.rootIno), bytes(name), { kind: 'exclusive', verifier }),
      )
      return typeof made === 'string' ? made : made.ino
    }
    const ino = create('x', filled(8, 1))
    t.type(ino, 'number')
    t.equal(create('x', filled(8, 1)), ino)
    t.equal(create('x', filled(8, 2)), 'EXIST')
    world.create('plain')
    t.equal(create('plain', filled(8, 0)), 'EXIST', 'a file that no exclusive CREATE has made')
    t.end()
  })

  t.test(`at the ${place}: a replaced file with other names keeps a ctime that grows`, (t) => {
    const world = FilesWorld.at(place)
    const first = world.create('a')
    const second = world.create('b')
    world.call(
      (op) =>
        world.service.link(op, world.object(op, second), world.object(op, world.files.rootIno), bytes('c')) ?? true,
    )
    world.env.jumpWallClock(60_000)
    world.call((op) => world.service.setattr(op, world.object(op, second), { mode: 0o600 }, null))
    world.env.jumpWallClock(-60_000)
    const before = world.inode(second)
    const { ctimeSec } = before
    t.equal(
      world.call((op) =>
        world.service.rename(
          op,
          world.object(op, world.files.rootIno),
          bytes('a'),
          world.object(op, world.files.rootIno),
          bytes('b'),
        ),
      ),
      null,
    )
    const after = world.inode(second)
    t.equal(after.nlink, 1)
    t.ok(after.ctimeSec >= ctimeSec, 'not earlier')
    t.equal(world.inode(first).nlink, 1)
    t.end()
  })
}
