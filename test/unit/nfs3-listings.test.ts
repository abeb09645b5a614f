import t from 'tap'
import {
  nfsstat3,
  type READDIR3res,
  type READDIRPLUS3res,
  sizeREADDIR3resok,
  sizeREADDIRPLUS3resok,
} from '../../protocol/nfs3/nfs3.gen.ts'
import { PLACES, type Place } from './files-support.ts'
import { bytes, TestServer } from './nfs3-client.ts'

const OK = nfsstat3.NFS3_OK
const BAD_HANDLE = { data: bytes('nothing that was ever given') }
const MIB = 1024 * 1024

/** A directory with names of every length from 1 to 40. */
function directory(place: Place): TestServer {
  const server = new TestServer(place)
  for (let i = 1; i <= 40; i++) server.files.add(server.sub, 'n'.repeat(i), 'file', 'x'.repeat(i))
  return server
}

const VERIFIER = bytes('whatever')

function list(server: TestServer, cookie: number, count: number): READDIR3res {
  return server.run('NFSPROC3_READDIR', { dir: server.handle(server.sub), cookie, cookieverf: VERIFIER, count })
}

function listPlus(server: TestServer, cookie: number, dircount: number, maxcount: number): READDIRPLUS3res {
  const dir = server.handle(server.sub)
  return server.run('NFSPROC3_READDIRPLUS', { dir, cookie, cookieverf: VERIFIER, dircount, maxcount })
}

function names(entries: readonly { name: Uint8Array }[]): string[] {
  return entries.map((entry) => Buffer.from(entry.name).toString())
}

const ALL_NAMES = ['.', '..', ...Array.from({ length: 40 }, (_, i) => 'n'.repeat(i + 1))]

for (const place of PLACES) {
  t.test(`at the ${place}: READDIR fills what the client has room for, to the byte`, (t) => {
    const server = directory(place)
    const whole = list(server, 0, 65536)
    if (whole.status !== OK) throw new Error(`status ${whole.status}`)
    t.same(names(whole.resok.reply.entries), ALL_NAMES)
    t.equal(whole.resok.reply.eof, true)
    t.same([...whole.resok.cookieverf], [0, 0, 0, 0, 0, 0, 0, 0])
    t.ok(whole.resok.dir_attributes.attributes_follow)
    t.same(
      whole.resok.reply.entries.slice(0, 3).map(({ fileid, cookie }) => [fileid, cookie]),
      [
        [server.sub.ino, 1],
        [server.files.root.ino, 2],
        [server.sub.names.get('n')?.inode.ino, 3],
      ],
    )
    const size = sizeREADDIR3resok(whole.resok)
    const exact = list(server, 0, size)
    t.ok(exact.status === OK && exact.resok.reply.eof && exact.resok.reply.entries.length === 42)
    const less = list(server, 0, size - 1)
    t.ok(less.status === OK && !less.resok.reply.eof && less.resok.reply.entries.length === 41)

    for (let count = 132; count < size; count += 37) {
      const part = list(server, 0, count)
      if (part.status !== OK) throw new Error(`status ${part.status}`)
      const { entries } = part.resok.reply
      t.ok(sizeREADDIR3resok(part.resok) <= count, `no more than ${count}`)
      const next = whole.resok.reply.entries.slice(0, entries.length + 1)
      const one = { ...part.resok, reply: { entries: next, eof: false } }
      t.ok(sizeREADDIR3resok(one) > count, `one more would be more than ${count}`)
    }
    t.end()
  })

  t.test(`at the ${place}: READDIR goes on after any cookie until the end`, (t) => {
    const server = directory(place)
    const seen: string[] = []
    let cookie = 0
    for (let eof = false; !eof; ) {
      const part = list(server, cookie, 300)
      if (part.status !== OK) throw new Error(`status ${part.status}`)
      seen.push(...names(part.resok.reply.entries))
      cookie = part.resok.reply.entries.at(-1)?.cookie ?? cookie
      eof = part.resok.reply.eof
    }
    t.same(seen, ALL_NAMES)
    const end = list(server, cookie, 200)
    t.ok(end.status === OK && end.resok.reply.eof && end.resok.reply.entries.length === 0)
    t.end()
  })

  t.test(`at the ${place}: READDIR and READDIRPLUS refused`, (t) => {
    const server = directory(place)
    for (const count of [0, 103, 104, 131]) {
      const small = list(server, 0, count)
      t.equal(small.status, nfsstat3.NFS3ERR_TOOSMALL, `count ${count}`)
      t.ok(small.status !== OK && small.resfail.dir_attributes.attributes_follow)
    }
    t.equal(list(server, 0, 132).status, OK)
    t.equal(listPlus(server, 0, 27, 65536).status, nfsstat3.NFS3_OK, 'dircount is a hint')
    t.equal(listPlus(server, 0, 28, 279).status, nfsstat3.NFS3ERR_TOOSMALL, 'maxcount')
    const one = listPlus(server, 0, 28, 280)
    t.equal(one.status === OK && one.resok.reply.entries.length, 1)

    const file = server.handle(server.files.add(server.files.root, 'f', 'file'))
    const args = { cookie: 0, cookieverf: VERIFIER, count: 1000, dircount: 1000, maxcount: 1000 }
    for (const name of ['NFSPROC3_READDIR', 'NFSPROC3_READDIRPLUS'] as const) {
      t.equal(server.run(name, { ...args, dir: file }).status, nfsstat3.NFS3ERR_NOTDIR)
      t.same(server.run(name, { ...args, dir: BAD_HANDLE }), {
        status: nfsstat3.NFS3ERR_BADHANDLE,
        resfail: { dir_attributes: { attributes_follow: false } },
      })
    }
    t.end()
  })

  t.test(`at the ${place}: READDIRPLUS minds both of its counts, to the byte`, (t) => {
    const server = directory(place)
    const whole = listPlus(server, 0, 65536, 65536)
    if (whole.status !== OK) throw new Error(`status ${whole.status}`)
    t.same(names(whole.resok.reply.entries), ALL_NAMES)
    t.equal(whole.resok.reply.eof, true)
    for (const entry of whole.resok.reply.entries) {
      const inode = server.files.inodes.get(entry.fileid)
      if (inode === undefined || !entry.name_handle.handle_follows) throw new Error(`entry ${entry.fileid}`)
      t.same(Buffer.from(entry.name_handle.handle.data), Buffer.from(server.handle(inode).data))
      t.equal(entry.name_attributes.attributes_follow && entry.name_attributes.attributes.fileid, entry.fileid)
      t.equal(entry.name_attributes.attributes_follow && entry.name_attributes.attributes.size, inode.size)
    }
    const size = sizeREADDIRPLUS3resok(whole.resok)
    const exact = listPlus(server, 0, 65536, size)
    t.ok(exact.status === OK && exact.resok.reply.eof && exact.resok.reply.entries.length === 42)
    const less = listPlus(server, 0, 65536, size - 1)
    t.ok(less.status === OK && !less.resok.reply.eof && less.resok.reply.entries.length === 41)

    const directoryBytes = whole.resok.reply.entries.reduce(
      (sum, { name }) => sum + 24 + Math.ceil(name.length / 4) * 4,
      0,
    )
    const exactDir = listPlus(server, 0, directoryBytes, 65536)
    t.ok(exactDir.status === OK && exactDir.resok.reply.eof)
    const lessDir = listPlus(server, 0, directoryBytes - 1, 65536)
    t.ok(lessDir.status === OK && !lessDir.resok.reply.eof && lessDir.resok.reply.entries.length === 41)
    t.end()
  })

  t.test(
    `at the ${place}: READDIRPLUS shows names only where the caller may not look them up, or an object is gone`,
    (t) => {
      const server = directory(place)
      server.files.inodes.delete(server.sub.names.get('n')?.inode.ino ?? 0)
      const whole = listPlus(server, 0, 65536, 65536)
      if (whole.status !== OK) throw new Error(`status ${whole.status}`)
      t.same(
        whole.resok.reply.entries
          .slice(1, 4)
          .map((entry) => [entry.name_attributes.attributes_follow, entry.name_handle.handle_follows]),
        [
          [true, true],
          [false, false],
          [true, true],
        ],
      )
      server.sub.mode = 0o744
      server.call.credentials = { flavour: 1, uid: 5, gid: 5, gids: [], machineName: '' }
      const blind = listPlus(server, 0, 65536, 65536)
      if (blind.status !== OK) throw new Error(`status ${blind.status}`)
      t.same(names(blind.resok.reply.entries), ALL_NAMES)
      t.notOk(
        blind.resok.reply.entries.some(
          (entry) => entry.name_attributes.attributes_follow || entry.name_handle.handle_follows,
        ),
      )
      server.sub.mode = 0o711
      t.equal(listPlus(server, 0, 65536, 65536).status, nfsstat3.NFS3ERR_ACCES)
      t.end()
    },
  )

  t.test(`at the ${place}: .. of the root of an export is that root, in listings too`, (t) => {
    const server = directory(place)
    const args = { dir: server.handle(server.sub, 2), cookie: 0, cookieverf: VERIFIER, dircount: 60, maxcount: 9999 }
    const result = server.run('NFSPROC3_READDIRPLUS', args)
    if (result.status !== OK) throw new Error(`status ${result.status}`)
    t.same(
      result.resok.reply.entries.map((entry) => entry.fileid),
      [server.sub.ino, server.sub.ino],
    )
    t.end()
  })

  t.test(`at the ${place}: FSSTAT, FSINFO, PATHCONF`, (t) => {
    const server = new TestServer(place)
    const stat = server.run('NFSPROC3_FSSTAT', { fsroot: server.handle() })
    t.match(stat, {
      status: OK,
      resok: {
        obj_attributes: { attributes_follow: true, attributes: { fileid: 2 } },
        tbytes: 2 ** 40,
        fbytes: 2 ** 39,
        abytes: 2 ** 39,
        tfiles: 1000,
        ffiles: 900,
        afiles: 900,
        invarsec: 0,
      },
    })
    const info = server.run('NFSPROC3_FSINFO', { fsroot: server.handle(server.sub) })
    t.match(info, {
      status: OK,
      resok: {
        obj_attributes: { attributes_follow: true, attributes: { fileid: server.sub.ino } },
        rtmax: MIB,
        rtpref: MIB,
        rtmult: 4096,
        wtmax: MIB,
        wtpref: MIB,
        wtmult: 4096,
        dtpref: 65536,
        maxfilesize: 2 ** 44,
        time_delta: { seconds: 0, nseconds: 1 },
        properties: 0x1b,
      },
    })
    const conf = server.run('NFSPROC3_PATHCONF', { object: server.handle() })
    t.match(conf, {
      status: OK,
      resok: {
        obj_attributes: { attributes_follow: true },
        linkmax: 65000,
        name_max: 255,
        no_trunc: true,
        chown_restricted: true,
        case_insensitive: false,
        case_preserving: true,
      },
    })
    const absent = { status: nfsstat3.NFS3ERR_BADHANDLE, resfail: { obj_attributes: { attributes_follow: false } } }
    t.same(server.run('NFSPROC3_FSSTAT', { fsroot: BAD_HANDLE }), absent)
    t.same(server.run('NFSPROC3_FSINFO', { fsroot: BAD_HANDLE }), absent)
    t.same(server.run('NFSPROC3_PATHCONF', { object: BAD_HANDLE }), absent)
    t.end()
  })
}
