import t from 'tap'
import { parseAddressSet } from '../../mover/files/cidr.ts'
import type { Barrier, ReplayTag } from '../../mover/operation.ts'
import { Suspend } from '../../mover/suspend.ts'
import { ftype3, NFS_V3_codecs, nfsstat3 } from '../../protocol/nfs3/nfs3.gen.ts'
import { PLACES } from './files-support.ts'
import { bytes, type Name, nothingSet, TestServer } from './nfs3-client.ts'

const OK = nfsstat3.NFS3_OK

t.test('the program has every procedure at its number, and knows which ones may run twice', (t) => {
  const { program } = new TestServer()
  t.match(program, { program: 100003, version: 3, name: 'nfs' })
  t.equal(program.procedures.length, 22)
  const once = Object.values(NFS_V3_codecs).filter(({ name, number }) => {
    t.equal(program.procedures[number]?.name, name)
    return !program.procedures[number]?.idempotent
  })
  const NAMES = ['SETATTR', 'CREATE', 'MKDIR', 'SYMLINK', 'MKNOD', 'REMOVE', 'RMDIR', 'RENAME', 'LINK']
  t.same(
    once.map(({ name }) => name),
    NAMES.map((name) => `NFSPROC3_${name}`),
  )
  t.equal(program.procedures[0]?.handle(undefined, new TestServer().call), undefined)
  t.end()
})

for (const place of PLACES) {
  t.test(`at the ${place}: an export lets in whom its rules let in`, (t) => {
    const server = new TestServer(place)
    const status = () => [
      server.run('NFSPROC3_GETATTR', { object: server.handle() }).status,
      server.run('NFSPROC3_ACCESS', { object: server.handle(), access: 1 }).status,
      server.run('NFSPROC3_READLINK', { symlink: server.handle() }).status,
    ]
    server.call.address = '10.0.0.1'
    t.same(status(), [nfsstat3.NFS3ERR_STALE, nfsstat3.NFS3ERR_STALE, nfsstat3.NFS3ERR_ACCES], 'not this address')
    server.share({ clients: parseAddressSet('10.0.0.0/24'), privilegedPort: true })
    t.same(status(), [OK, OK, nfsstat3.NFS3ERR_INVAL])
    server.call.port = 1024
    t.equal(status()[0], nfsstat3.NFS3ERR_STALE, 'not this port')
    t.end()
  })
}

for (const place of PLACES) {
  t.test(`at the ${place}: callers are squashed as the export says`, (t) => {
    const server = new TestServer(place)
    server.files.root.mode = 0o777
    const where = (name: string) => ({ dir: server.handle(), name: bytes(name) })
    server.run('NFSPROC3_MKDIR', { where: where('root'), attributes: nothingSet() })
    server.share({ squash: 'root' })
    server.run('NFSPROC3_MKDIR', { where: where('nobody'), attributes: nothingSet() })
    server.call.credentials = { flavour: 1, uid: 7, gid: 8, gids: [], machineName: '' }
    server.run('NFSPROC3_MKDIR', { where: where('seven'), attributes: nothingSet() })
    const owners = ['root', 'nobody', 'seven'].map((name) => {
      const inode = server.files.root.names.get(name)?.inode
      return [inode?.uid, inode?.gid]
    })
    t.same(owners, [
      [0, 0],
      [65534, 65534],
      [7, 8],
    ])
    t.end()
  })
}

t.test("what an operation leaves behind is its own call's", (t) => {
  const server = new TestServer()
  const barrier: Barrier = { wait: () => {} }
  server.files.barrier = barrier
  server.run('NFSPROC3_GETATTR', { object: server.handle() })
  t.equal(server.call.barrier, barrier)
  server.files.barrier = null
  server.run('NFSPROC3_GETATTR', { object: { data: bytes('none') } })
  t.equal(server.call.barrier, null, 'not the one of the call before')

  const tags: (ReplayTag | null)[] = []
  const { mkdir } = server.files
  server.files.mkdir = (op, ...rest) => {
    tags.push(op.replay)
    return mkdir.call(server.files, op, ...rest)
  }
  const args = { where: { dir: server.handle(), name: bytes('d') }, attributes: nothingSet() }
  server.call.replay = { clientHigh: 1, clientLow: 2, program: 100003, procedure: 9, xid: 3, checksum: 4 }
  server.run('NFSPROC3_MKDIR', args)
  const tag = server.call.replay
  server.call.replay = null
  server.run('NFSPROC3_MKDIR', args)
  t.same(tags, [tag, null])
  t.end()
})

t.test('what is about to be done is told before the objects are given', (t) => {
  const server = new TestServer()
  const { files } = server
  const told: string[] = []
  const { inode } = files
  files.inode = (op, ...rest) => {
    const isRange = op.intent === 'read' || op.intent === 'write'
    told.push(isRange ? `${op.intent} ${op.rangeStart} ${op.rangeEnd}` : op.intent)
    return inode.call(files, op, ...rest)
  }
  const object = server.handle()
  const where = { dir: object, name: bytes('sub') }
  const cookies = { cookie: 0, cookieverf: bytes('whatever'), count: 1000, dircount: 1000, maxcount: 1000 }
  const rows: [Name, unknown, string][] = [
    ['NFSPROC3_GETATTR', { object }, 'attributes'],
    ['NFSPROC3_SETATTR', { object, new_attributes: nothingSet(), guard: { check: false } }, 'change'],
    ['NFSPROC3_LOOKUP', { what: where }, 'names'],
    ['NFSPROC3_ACCESS', { object, access: 1 }, 'attributes'],
    ['NFSPROC3_READLINK', { symlink: object }, 'names'],
    ['NFSPROC3_READ', { file: object, offset: 2 ** 40, count: 2 ** 30 }, `read ${2 ** 40} ${2 ** 40 + 2 ** 20}`],
    ['NFSPROC3_WRITE', { file: object, offset: 5, count: 3, stable: 0, data: bytes('abc') }, 'write 5 8'],
    ['NFSPROC3_CREATE', { where, how: { mode: 0, obj_attributes: nothingSet() } }, 'change'],
    ['NFSPROC3_MKDIR', { where, attributes: nothingSet() }, 'change'],
    ['NFSPROC3_SYMLINK', { where, symlink: { symlink_attributes: nothingSet(), symlink_data: bytes('x') } }, 'change'],
    ['NFSPROC3_MKNOD', { where, what: { type: ftype3.NF3FIFO, pipe_attributes: nothingSet() } }, 'change'],
    ['NFSPROC3_REMOVE', { object: where }, 'change'],
    ['NFSPROC3_RMDIR', { object: { ...where, name: bytes('none') } }, 'change'],
    ['NFSPROC3_RENAME', { from: where, to: where }, 'change, change'],
    ['NFSPROC3_LINK', { file: object, link: where }, 'change, change'],
    ['NFSPROC3_READDIR', { ...cookies, dir: object }, 'names'],
    ['NFSPROC3_READDIRPLUS', { ...cookies, dir: object }, 'names'],
    ['NFSPROC3_FSSTAT', { fsroot: object }, 'attributes'],
    ['NFSPROC3_FSINFO', { fsroot: object }, 'attributes'],
    ['NFSPROC3_PATHCONF', { object }, 'attributes'],
    ['NFSPROC3_COMMIT', { file: object, offset: 0, count: 0 }, 'attributes'],
  ]
  t.equal(rows.length, 21)
  for (const [name, args, intent] of rows) {
    server.run(name, args as never)
    t.equal(told.splice(0).join(', '), intent, name)
  }
  t.end()
})

t.test('attributes that may be newer elsewhere are told by GETATTR alone', (t) => {
  const server = new TestServer()
  const { files } = server
  const file = files.add(files.root, 'f', 'file', 'hello')
  const object = server.handle(file)
  const absent = { attributes_follow: false }
  const none = { before: absent, after: absent }
  const write = () => server.run('NFSPROC3_WRITE', { file: object, offset: 0, count: 1, stable: 0, data: bytes('x') })
  t.match(write(), { resok: { file_wcc: { before: { attributes_follow: true }, after: { attributes_follow: true } } } })
  file.isCurrent = false
  t.match(server.run('NFSPROC3_GETATTR', { object }), { status: OK, resok: { obj_attributes: { size: 5 } } })
  t.match(write(), { status: OK, resok: { file_wcc: none } })
  t.match(server.run('NFSPROC3_COMMIT', { file: object, offset: 0, count: 0 }), { resok: { file_wcc: none } })
  t.match(server.run('NFSPROC3_READ', { file: object, offset: 0, count: 1 }), { resok: { file_attributes: absent } })
  t.match(server.run('NFSPROC3_ACCESS', { object, access: 1 }), { resok: { obj_attributes: absent } })
  const found = server.run('NFSPROC3_LOOKUP', { what: { dir: server.handle(), name: bytes('f') } })
  t.match(found, { resok: { obj_attributes: absent, dir_attributes: { attributes_follow: true } } })
  // What is true afterwards only is no answer to what has changed.
  const { write: carryOut } = files
  files.write = (...args) => {
    file.isCurrent = true
    return carryOut.apply(files, args)
  }
  t.match(write(), { status: OK, resok: { file_wcc: none } })
  t.match(write(), { resok: { file_wcc: { before: { attributes_follow: true } } } })
  t.end()
})

t.test('a suspended call runs again from its beginning', (t) => {
  const server = new TestServer()
  const args = { what: { dir: server.handle(), name: bytes('sub') } }
  const { lookup } = server.files
  server.files.lookup = () => {
    throw new Suspend(() => {})
  }
  t.throws(() => server.run('NFSPROC3_LOOKUP', args), Suspend)
  server.files.lookup = lookup
  t.equal(server.run('NFSPROC3_LOOKUP', args).status, OK)
  t.end()
})

for (const place of PLACES) {
  t.test(`at the ${place}: answers of calls that ran before a restart`, (t) => {
    const server = new TestServer(place)
    const { files } = server
    const made = files.add(files.root, 'd', 'directory')
    const where = { dir: server.handle(), name: bytes('d') }
    const noWcc = { before: { attributes_follow: false }, after: { attributes_follow: false } }
    const handle = { handle_follows: true, handle: { data: Buffer.from(server.handle(made).data) } }
    const resok = (obj: unknown) => ({
      status: OK,
      resok: { obj, obj_attributes: { attributes_follow: false }, dir_wcc: noWcc },
    })
    const same = (found: unknown, wanted: unknown, message: string) => {
      const plain = (value: unknown) =>
        JSON.stringify(value, (_key, part) =>
          part?.type === 'Buffer'
            ? Buffer.from(part.data).toString('hex')
            : part instanceof Uint8Array
              ? Buffer.from(part).toString('hex')
              : part,
        )
      t.equal(plain(found), plain(wanted), message)
    }
    const makers = [
      ['NFSPROC3_CREATE', { where, how: { mode: 0, obj_attributes: nothingSet() } }],
      ['NFSPROC3_MKDIR', { where, attributes: nothingSet() }],
      ['NFSPROC3_SYMLINK', { where, symlink: { symlink_attributes: nothingSet(), symlink_data: bytes('x') } }],
      ['NFSPROC3_MKNOD', { where, what: { type: ftype3.NF3FIFO, pipe_attributes: nothingSet() } }],
    ] as const
    for (const [name, args] of makers) {
      same(server.replay(name, args as never, made.ino), resok(handle), name)
      same(
        server.replay(name, args as never, made.ino + 1),
        resok({ handle_follows: false }),
        `${name}: another object`,
      )
    }
    files.root.names.delete('d')
    same(server.replay('NFSPROC3_MKDIR', makers[1][1], made.ino), resok({ handle_follows: false }), 'the name is gone')
    const lost = { where: { dir: { data: bytes('?') }, name: bytes('d') }, attributes: nothingSet() }
    same(server.replay('NFSPROC3_MKDIR', lost, made.ino), resok({ handle_follows: false }), 'the directory is gone')

    const object = { object: where }
    same(server.replay('NFSPROC3_REMOVE', object, 0), { status: OK, resok: { dir_wcc: noWcc } }, 'REMOVE')
    same(server.replay('NFSPROC3_RMDIR', object, 0), { status: OK, resok: { dir_wcc: noWcc } }, 'RMDIR')
    const twice = { fromdir_wcc: noWcc, todir_wcc: noWcc }
    same(server.replay('NFSPROC3_RENAME', { from: where, to: where }, 0), { status: OK, resok: twice }, 'RENAME')
    const linked = { file_attributes: { attributes_follow: false }, linkdir_wcc: noWcc }
    same(
      server.replay('NFSPROC3_LINK', { file: server.handle(), link: where }, 0),
      { status: OK, resok: linked },
      'LINK',
    )
    const set = { object: server.handle(), new_attributes: nothingSet(), guard: { check: false } } as const
    same(server.replay('NFSPROC3_SETATTR', set, 0), { status: OK, resok: { obj_wcc: noWcc } }, 'SETATTR')
    t.notOk(files.root.names.has('d'), 'nothing was done again')
    t.end()
  })
}
