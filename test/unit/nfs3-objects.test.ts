import t, { type Test } from 'tap'
import {
  createmode3,
  type fattr3,
  ftype3,
  nfsstat3,
  type post_op_attr,
  type post_op_fh3,
  time_how,
  type wcc_data,
} from '../../protocol/nfs3/nfs3.gen.ts'
import { PLACES, type Place } from './files-support.ts'
import { bytes, nothingSet, TestServer } from './nfs3-client.ts'
import type { FakeInode } from './nfs3-fake-files.ts'

const OK = nfsstat3.NFS3_OK
const BAD_HANDLE = { data: bytes('nothing that was ever given') }

/** What an inode shows now. */
function shown(inode: FakeInode): fattr3 {
  return {
    type: { file: 1, directory: 2, block: 3, character: 4, symlink: 5, socket: 6, fifo: 7 }[inode.type] as ftype3,
    mode: inode.mode,
    nlink: inode.nlink,
    uid: inode.uid,
    gid: inode.gid,
    size: inode.size,
    used: inode.space,
    rdev: { specdata1: inode.rdevMajor, specdata2: inode.rdevMinor },
    fsid: 0x0102030405060708n,
    fileid: inode.ino,
    atime: { seconds: inode.atimeSec, nseconds: inode.atimeNsec },
    mtime: { seconds: inode.mtimeSec, nseconds: inode.mtimeNsec },
    ctime: { seconds: inode.ctimeSec, nseconds: inode.ctimeNsec },
  }
}

/** Weak cache consistency data of an inode that showed `before`. */
function wccOf(before: fattr3, inode: FakeInode): wcc_data {
  const { size, mtime, ctime } = before
  return {
    before: { attributes_follow: true, attributes: { size, mtime, ctime } },
    after: { attributes_follow: true, attributes: shown(inode) },
  }
}

const ABSENT: post_op_attr = { attributes_follow: false }
const NO_WCC: wcc_data = { before: { attributes_follow: false }, after: ABSENT }

function given(inode: FakeInode): post_op_attr {
  return { attributes_follow: true, attributes: shown(inode) }
}

function handleOf(server: TestServer, inode: FakeInode): post_op_fh3 {
  return { handle_follows: true, handle: server.handle(inode) }
}

/** What is answered without asking the primary: a secondary knows no attributes then. */
function unasked(place: Place, answer: object): unknown {
  if (place === 'primary') return answer
  if ('attributes_follow' in answer) return ABSENT
  return Object.fromEntries(
    Object.entries(answer).map(([name, part]) => [name, part instanceof Object ? unasked(place, part) : part]),
  )
}

/** Buffers and views of the same bytes are the same to us. */
function same(t: Test, found: unknown, wanted: unknown, message = 'as wanted'): void {
  const plain = (value: unknown) =>
    JSON.stringify(value, (_key, part) => {
      if (ArrayBuffer.isView(part)) return Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('hex')
      if (part?.type === 'Buffer') return Buffer.from(part.data).toString('hex')
      return typeof part === 'bigint' ? String(part) : part
    })
  t.equal(plain(found), plain(wanted), message)
}

/** The four procedures that make an object, each with arguments for a name in a directory. */
const MAKERS = {
  NFSPROC3_CREATE: (where: Where) =>
    ({ where, how: { mode: createmode3.GUARDED, obj_attributes: withMode() } }) as const,
  NFSPROC3_MKDIR: (where: Where) => ({ where, attributes: withMode() }),
  NFSPROC3_SYMLINK: (where: Where) => ({
    where,
    symlink: { symlink_attributes: withMode(), symlink_data: bytes('away') },
  }),
  NFSPROC3_MKNOD: (where: Where) => ({ where, what: { type: ftype3.NF3FIFO, pipe_attributes: withMode() } }) as const,
}
type Where = { dir: { data: Uint8Array }; name: Uint8Array }
type Maker = keyof typeof MAKERS
const MADE_TYPES = {
  NFSPROC3_CREATE: 'file',
  NFSPROC3_MKDIR: 'directory',
  NFSPROC3_SYMLINK: 'symlink',
  NFSPROC3_MKNOD: 'fifo',
} as const

function withMode() {
  return { ...nothingSet(), mode: { set_it: true, mode: 0o640 } as const }
}

for (const place of PLACES) {
  t.test(`at the ${place}: GETATTR`, (t) => {
    const server = new TestServer(place)
    const types = ['file', 'directory', 'symlink', 'block', 'character', 'fifo', 'socket'] as const
    for (const type of types) {
      const inode = server.files.add(server.files.root, type, type, 'x'.repeat(5000))
      Object.assign(inode, { mode: 0o7654, uid: 4294967295, gid: 8, rdevMajor: 9, rdevMinor: 10, nlink: 3 })
      Object.assign(inode, { atimeSec: 1, atimeNsec: 2, mtimeSec: 3, mtimeNsec: 999_999_999, size: 2 ** 44 })
      const result = server.run('NFSPROC3_GETATTR', { object: server.handle(inode) })
      same(t, result, { status: OK, resok: { obj_attributes: shown(inode) } }, type)
      t.equal(server.files.calls.at(-1), `getattr ${inode.ino}`)
    }
    same(t, server.run('NFSPROC3_GETATTR', { object: BAD_HANDLE }), { status: nfsstat3.NFS3ERR_BADHANDLE })
    const gone = server.handle(server.sub)
    server.files.inodes.delete(server.sub.ino)
    same(t, server.run('NFSPROC3_GETATTR', { object: gone }), { status: nfsstat3.NFS3ERR_STALE })
    t.end()
  })

  t.test(`at the ${place}: SETATTR`, (t) => {
    const server = new TestServer(place)
    const file = server.files.add(server.files.root, 'f', 'file', 'hello')
    const object = server.handle(file)
    const guard = { check: false } as const
    const before = shown(file)
    const all = {
      mode: { set_it: true, mode: 0o177_777 },
      uid: { set_it: true, uid: 5 },
      gid: { set_it: true, gid: 6 },
      size: { set_it: true, size: 2 },
      atime: { set_it: time_how.SET_TO_CLIENT_TIME, atime: { seconds: 0xffffffff, nseconds: 999_999_999 } },
      mtime: { set_it: time_how.SET_TO_SERVER_TIME },
    } as const
    const done = server.run('NFSPROC3_SETATTR', { object, new_attributes: all, guard })
    same(t, done, { status: OK, resok: { obj_wcc: wccOf(before, file) } })
    t.match(file, { mode: 0o7777, uid: 5, gid: 6, size: 2, atimeSec: 0xffffffff, atimeNsec: 999_999_999, mtimeNsec: 7 })

    const untouched = shown(file)
    const wrongTime = { ...nothingSet(), mtime: { set_it: 2, mtime: { seconds: 1, nseconds: 1_000_000_000 } } } as const
    const refused = server.run('NFSPROC3_SETATTR', { object, new_attributes: wrongTime, guard })
    const unchanged = { obj_wcc: wccOf(untouched, file) }
    same(t, refused, unasked(place, { status: nfsstat3.NFS3ERR_INVAL, resfail: unchanged }))

    const ctime = { seconds: file.ctimeSec, nseconds: file.ctimeNsec }
    const guarded = (obj_ctime: typeof ctime) =>
      server.run('NFSPROC3_SETATTR', { object, new_attributes: nothingSet(), guard: { check: true, obj_ctime } }).status
    t.equal(guarded({ ...ctime, nseconds: 6 }), nfsstat3.NFS3ERR_NOT_SYNC)
    t.equal(guarded(ctime), OK)
    t.equal(guarded(ctime), nfsstat3.NFS3ERR_NOT_SYNC, 'the first one has changed it')

    const huge = { ...nothingSet(), size: { set_it: true, size: 2 ** 44 + 1 } } as const
    t.equal(server.run('NFSPROC3_SETATTR', { object, new_attributes: huge, guard }).status, nfsstat3.NFS3ERR_INVAL)
    const lost = server.run('NFSPROC3_SETATTR', { object: BAD_HANDLE, new_attributes: huge, guard })
    same(t, lost, { status: nfsstat3.NFS3ERR_BADHANDLE, resfail: { obj_wcc: NO_WCC } })
    t.end()
  })

  t.test(`at the ${place}: LOOKUP`, (t) => {
    const server = new TestServer(place)
    const { root } = server.files
    const file = server.files.add(server.sub, 'f\xff', 'file', 'hello')
    const look = (dir: FakeInode, name: string, exportId = 1) =>
      server.run('NFSPROC3_LOOKUP', { what: { dir: server.handle(dir, exportId), name: bytes(name) } })
    const found = (inode: FakeInode, dir: FakeInode, exportId = 1) => ({
      status: OK,
      resok: { object: server.handle(inode, exportId), obj_attributes: given(inode), dir_attributes: given(dir) },
    })
    same(t, look(server.sub, 'f\xff'), found(file, server.sub))
    same(t, look(server.sub, '.'), found(server.sub, server.sub))
    same(t, look(server.sub, '..'), found(root, server.sub))
    same(t, look(root, '..'), found(root, root), 'the root of an export is its own parent')
    same(t, look(server.sub, '..', 2), found(server.sub, server.sub, 2), 'also where the volume goes on above it')

    const refused = (status: nfsstat3, dir: FakeInode) => ({ status, resfail: { dir_attributes: given(dir) } })
    same(t, look(root, 'nothing'), refused(nfsstat3.NFS3ERR_NOENT, root))
    same(t, look(file, 'x'), refused(nfsstat3.NFS3ERR_NOTDIR, file))
    same(t, look(root, ''), unasked(place, refused(nfsstat3.NFS3ERR_ACCES, root)))
    same(t, look(root, 'a/b'), unasked(place, refused(nfsstat3.NFS3ERR_ACCES, root)))
    same(t, look(root, 'a\0'), unasked(place, refused(nfsstat3.NFS3ERR_ACCES, root)))
    same(t, look(root, 'n'.repeat(255)), refused(nfsstat3.NFS3ERR_NOENT, root))
    same(t, look(root, 'n'.repeat(256)), unasked(place, refused(nfsstat3.NFS3ERR_NAMETOOLONG, root)))
    const lost = server.run('NFSPROC3_LOOKUP', { what: { dir: BAD_HANDLE, name: bytes('x') } })
    same(t, lost, { status: nfsstat3.NFS3ERR_BADHANDLE, resfail: { dir_attributes: ABSENT } })
    t.end()
  })

  t.test(`at the ${place}: ACCESS`, (t) => {
    const server = new TestServer(place)
    const file = server.files.add(server.files.root, 'f', 'file')
    Object.assign(file, { mode: 0o754, uid: 1, gid: 2 })
    const who = (uid: number, gid: number, gids: number[]) => {
      server.call.credentials = { flavour: 1, uid, gid, gids, machineName: '' }
      const result = server.run('NFSPROC3_ACCESS', { object: server.handle(file), access: 0xffff })
      same(t, result.status === OK && result.resok.obj_attributes, given(file))
      return result.status === OK ? result.resok.access : null
    }
    t.equal(who(1, 9, []), 0x2d)
    t.equal(who(9, 2, []), 0x21)
    t.equal(who(9, 9, [3, 2]), 0x21)
    t.equal(who(9, 9, []), 0x01)
    server.share({ access: 'ro' })
    t.equal(who(1, 9, []), 0x21, 'no changes on a read-only export')
    const lost = server.run('NFSPROC3_ACCESS', { object: BAD_HANDLE, access: 1 })
    same(t, lost, { status: nfsstat3.NFS3ERR_BADHANDLE, resfail: { obj_attributes: ABSENT } })
    t.end()
  })

  t.test(`at the ${place}: READLINK`, (t) => {
    const server = new TestServer(place)
    const { root } = server.files
    const link = server.files.add(root, 'l', 'symlink', '../some where')
    const result = server.run('NFSPROC3_READLINK', { symlink: server.handle(link) })
    same(t, result, { status: OK, resok: { symlink_attributes: given(link), data: bytes('../some where') } })
    const refused = server.run('NFSPROC3_READLINK', { symlink: server.handle(root) })
    same(t, refused, { status: nfsstat3.NFS3ERR_INVAL, resfail: { symlink_attributes: given(root) } })
    server.files.failNext = 'IO'
    t.equal(server.run('NFSPROC3_READLINK', { symlink: server.handle(link) }).status, nfsstat3.NFS3ERR_IO)
    const lost = server.run('NFSPROC3_READLINK', { symlink: BAD_HANDLE })
    same(t, lost, { status: nfsstat3.NFS3ERR_BADHANDLE, resfail: { symlink_attributes: ABSENT } })
    t.end()
  })

  for (const name of Object.keys(MAKERS) as Maker[]) {
    t.test(`at the ${place}: ${name}`, (t) => {
      const server = new TestServer(place)
      const { root } = server.files
      const make = (dir: { data: Uint8Array }, entry: string) =>
        server.run(name, MAKERS[name]({ dir, name: bytes(entry) }) as never)
      const before = shown(root)
      const result = make(server.handle(), 'new')
      const made = root.names.get('new')?.inode as FakeInode
      t.match(made, { type: MADE_TYPES[name], mode: 0o640 })
      const resok = { obj: handleOf(server, made), obj_attributes: given(made), dir_wcc: wccOf(before, root) }
      same(t, result, { status: OK, resok })

      const untouched = shown(root)
      const refused = (status: nfsstat3) => ({ status, resfail: { dir_wcc: wccOf(untouched, root) } })
      same(t, make(server.handle(), 'new'), refused(nfsstat3.NFS3ERR_EXIST), 'new')
      for (const exists of ['.', '..'])
        same(t, make(server.handle(), exists), unasked(place, refused(nfsstat3.NFS3ERR_EXIST)), exists)
      same(t, make(server.handle(), ''), unasked(place, refused(nfsstat3.NFS3ERR_ACCES)))
      same(t, make(server.handle(), 'a/b'), unasked(place, refused(nfsstat3.NFS3ERR_ACCES)))
      same(t, make(server.handle(), 'n'.repeat(256)), unasked(place, refused(nfsstat3.NFS3ERR_NAMETOOLONG)))
      server.files.failNext = 'NOSPC'
      same(t, make(server.handle(), 'more'), refused(nfsstat3.NFS3ERR_NOSPC))
      same(t, make(BAD_HANDLE, 'x'), { status: nfsstat3.NFS3ERR_BADHANDLE, resfail: { dir_wcc: NO_WCC } })
      const file = server.files.add(root, 'file', 'file')
      t.equal(make(server.handle(file), 'x').status, nfsstat3.NFS3ERR_NOTDIR)
      server.share({ access: 'ro' })
      t.equal(make(server.handle(), 'late').status, nfsstat3.NFS3ERR_ROFS)
      t.end()
    })
  }

  t.test(`at the ${place}: CREATE: unchecked, guarded, exclusive`, (t) => {
    const server = new TestServer(place)
    const { root } = server.files
    const where = { dir: server.handle(), name: bytes('f') }
    const exclusive = (verf: string) =>
      server.run('NFSPROC3_CREATE', { where, how: { mode: createmode3.EXCLUSIVE, verf: bytes(verf) } })
    const plain = (mode: 0 | 1, size: number) =>
      server.run('NFSPROC3_CREATE', {
        where,
        how: { mode, obj_attributes: { ...nothingSet(), size: { set_it: true, size } } },
      })
    t.equal(exclusive('verifier').status, OK)
    const made = root.names.get('f')?.inode as FakeInode
    t.equal(made.verifier, 'verifier')
    const again = exclusive('verifier')
    same(t, again.status === OK && again.resok.obj, handleOf(server, made), 'a retransmission finds its own file')
    t.equal(exclusive('another!').status, nfsstat3.NFS3ERR_EXIST)
    t.equal(plain(createmode3.GUARDED, 3).status, nfsstat3.NFS3ERR_EXIST)
    t.equal(made.size, 0)
    t.equal(plain(createmode3.UNCHECKED, 3).status, OK)
    t.equal(made.size, 3)
    where.name = bytes('sub')
    t.equal(plain(createmode3.UNCHECKED, 3).status, nfsstat3.NFS3ERR_EXIST, 'a directory of that name')
    where.name = bytes('time')
    const attributes = { ...nothingSet(), atime: { set_it: 2, atime: { seconds: 1, nseconds: 2 ** 31 } } } as const
    const how = { mode: createmode3.UNCHECKED, obj_attributes: attributes }
    t.equal(server.run('NFSPROC3_CREATE', { where, how }).status, nfsstat3.NFS3ERR_ACCES, 'no time at all')
    t.notOk(root.names.has('time'))
    t.end()
  })

  t.test(`at the ${place}: SYMLINK and MKNOD: what is in them`, (t) => {
    const server = new TestServer(place)
    const { root } = server.files
    const where = (name: string) => ({ dir: server.handle(), name: bytes(name) })
    const symlink = { symlink_attributes: nothingSet(), symlink_data: bytes('/a//b/\xff') }
    t.equal(server.run('NFSPROC3_SYMLINK', { where: where('l'), symlink }).status, OK)
    same(t, root.names.get('l')?.inode.data, bytes('/a//b/\xff'))

    const device = { dev_attributes: nothingSet(), spec: { specdata1: 7, specdata2: 0xffffffff } }
    const nodes = [
      [{ type: ftype3.NF3CHR, device }, 'character', 7],
      [{ type: ftype3.NF3BLK, device }, 'block', 7],
      [{ type: ftype3.NF3SOCK, pipe_attributes: nothingSet() }, 'socket', 0],
      [{ type: ftype3.NF3FIFO, pipe_attributes: nothingSet() }, 'fifo', 0],
    ] as const
    for (const [what, type, rdevMajor] of nodes) {
      t.equal(server.run('NFSPROC3_MKNOD', { where: where(type), what }).status, OK)
      t.match(root.names.get(type)?.inode, { type, rdevMajor, rdevMinor: rdevMajor === 0 ? 0 : 0xffffffff })
    }
    for (const type of [ftype3.NF3REG, ftype3.NF3DIR, ftype3.NF3LNK]) {
      t.equal(server.run('NFSPROC3_MKNOD', { where: where('no'), what: { type } }).status, nfsstat3.NFS3ERR_BADTYPE)
    }
    t.end()
  })

  t.test(`at the ${place}: REMOVE and RMDIR`, (t) => {
    const server = new TestServer(place)
    const { files } = server
    const { root } = files
    files.add(root, 'f', 'file')
    files.add(server.sub, 'x', 'file')
    const run = (name: 'NFSPROC3_REMOVE' | 'NFSPROC3_RMDIR', entry: string, dir = server.handle()) => {
      const before = shown(root)
      const result = server.run(name, { object: { dir, name: bytes(entry) } })
      const half = result.status === OK ? result.resok : result.resfail
      const wcc = dir === BAD_HANDLE ? NO_WCC : wccOf(before, root)
      const isName = !['', '.', '..'].includes(entry)
      same(t, half.dir_wcc, isName ? wcc : unasked(place, wcc), `${name} ${entry}: wcc_data`)
      return result.status
    }
    t.equal(run('NFSPROC3_REMOVE', 'sub'), nfsstat3.NFS3ERR_ACCES)
    t.equal(run('NFSPROC3_RMDIR', 'f'), nfsstat3.NFS3ERR_NOTDIR)
    t.equal(run('NFSPROC3_RMDIR', 'sub'), nfsstat3.NFS3ERR_NOTEMPTY)
    t.equal(run('NFSPROC3_RMDIR', '.'), nfsstat3.NFS3ERR_INVAL)
    t.equal(run('NFSPROC3_RMDIR', '..'), nfsstat3.NFS3ERR_EXIST)
    t.equal(run('NFSPROC3_REMOVE', '.'), nfsstat3.NFS3ERR_ACCES)
    for (const name of ['NFSPROC3_REMOVE', 'NFSPROC3_RMDIR'] as const) {
      t.equal(run(name, 'nothing'), nfsstat3.NFS3ERR_NOENT)
      t.equal(run(name, ''), nfsstat3.NFS3ERR_ACCES)
      t.equal(run(name, 'x', BAD_HANDLE), nfsstat3.NFS3ERR_BADHANDLE)
    }
    t.equal(run('NFSPROC3_REMOVE', 'f'), OK)
    server.sub.names.clear()
    t.equal(run('NFSPROC3_RMDIR', 'sub'), OK)
    t.equal(root.names.size, 0)
    server.share({ access: 'ro' })
    t.equal(run('NFSPROC3_REMOVE', 'f'), nfsstat3.NFS3ERR_ROFS)
    t.end()
  })

  t.test(`at the ${place}: RENAME`, (t) => {
    const server = new TestServer(place)
    const { files, sub } = server
    const { root } = files
    const file = files.add(root, 'f', 'file')
    const run = (from: string, to: string, fromDir = server.handle(), toDir = server.handle(sub)) =>
      server.run('NFSPROC3_RENAME', {
        from: { dir: fromDir, name: bytes(from) },
        to: { dir: toDir, name: bytes(to) },
      })
    const [rootBefore, subBefore] = [shown(root), shown(sub)]
    const wccs = () => ({ fromdir_wcc: wccOf(rootBefore, root), todir_wcc: wccOf(subBefore, sub) })
    same(t, run('nothing', 'g'), { status: nfsstat3.NFS3ERR_NOENT, resfail: wccs() })
    for (const [from, to] of [
      ['.', 'g'],
      ['..', 'g'],
      ['f', '.'],
      ['f', '..'],
    ] as const) {
      same(t, run(from, to), unasked(place, { status: nfsstat3.NFS3ERR_INVAL, resfail: wccs() }), `${from} to ${to}`)
    }
    same(t, run('f', ''), unasked(place, { status: nfsstat3.NFS3ERR_ACCES, resfail: wccs() }))
    same(t, run('f', 'g'), { status: OK, resok: wccs() })
    t.equal(sub.names.get('g')?.inode, file)

    const between = run('sub', 'x', server.handle(), server.handle(sub, 2))
    const fromOnly = { fromdir_wcc: wccOf(shown(root), root), todir_wcc: NO_WCC }
    same(t, between, unasked(place, { status: nfsstat3.NFS3ERR_XDEV, resfail: fromOnly }), 'two exports of one volume')
    t.equal(run('sub', 'x', server.handle(), server.handle(server.other.root, 3)).status, nfsstat3.NFS3ERR_XDEV)
    const bad = run('sub', 'x', server.handle(), BAD_HANDLE)
    same(t, bad, unasked(place, { status: nfsstat3.NFS3ERR_BADHANDLE, resfail: fromOnly }))
    const nothing = { fromdir_wcc: NO_WCC, todir_wcc: NO_WCC }
    same(t, run('sub', 'x', BAD_HANDLE), { status: nfsstat3.NFS3ERR_BADHANDLE, resfail: nothing })
    const inOne = run('sub', 'sub2', server.handle(), server.handle())
    t.equal(inOne.status, OK)
    if (inOne.status === OK) same(t, inOne.resok.todir_wcc, inOne.resok.fromdir_wcc, 'one directory: the same twice')
    t.end()
  })

  t.test(`at the ${place}: LINK`, (t) => {
    const server = new TestServer(place)
    const { files, sub } = server
    const file = files.add(files.root, 'f', 'file')
    const run = (name: string, object = server.handle(file), dir = server.handle(sub)) =>
      server.run('NFSPROC3_LINK', { file: object, link: { dir, name: bytes(name) } })
    const before = shown(sub)
    same(t, run('g'), { status: OK, resok: { file_attributes: given(file), linkdir_wcc: wccOf(before, sub) } })
    t.equal(file.nlink, 2)
    const untouched = shown(sub)
    const refused = (status: nfsstat3) => ({
      status,
      resfail: { file_attributes: given(file), linkdir_wcc: wccOf(untouched, sub) },
    })
    same(t, run('g'), refused(nfsstat3.NFS3ERR_EXIST))
    same(t, run('.'), unasked(place, refused(nfsstat3.NFS3ERR_EXIST)))
    same(t, run('a/b'), unasked(place, refused(nfsstat3.NFS3ERR_ACCES)))
    t.equal(run('d', server.handle(sub)).status, nfsstat3.NFS3ERR_INVAL, 'a directory')
    const fileOnly = { file_attributes: given(file), linkdir_wcc: NO_WCC }
    const between = run('h', undefined, server.handle(sub, 2))
    same(t, between, unasked(place, { status: nfsstat3.NFS3ERR_XDEV, resfail: fileOnly }))
    const bad = run('h', undefined, BAD_HANDLE)
    same(t, bad, unasked(place, { status: nfsstat3.NFS3ERR_BADHANDLE, resfail: fileOnly }))
    const nothing = { file_attributes: ABSENT, linkdir_wcc: NO_WCC }
    same(t, run('h', BAD_HANDLE), { status: nfsstat3.NFS3ERR_BADHANDLE, resfail: nothing })
    t.end()
  })
}
