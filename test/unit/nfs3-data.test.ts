import t from 'tap'
import { nfsstat3, stable_how } from '../../protocol/nfs3/nfs3.gen.ts'
import { bytes, TestServer } from './nfs3-client.ts'

const OK = nfsstat3.NFS3_OK
const BAD_HANDLE = { data: bytes('nothing that was ever given') }
const MIB = 1024 * 1024

t.test('READ sends the pages, and unpins them when they are gone', (t) => {
  const server = new TestServer()
  const inode = server.files.add(server.files.root, 'f', 'file', 'hello, world')
  const file = server.handle(inode)
  const run = (offset: number, count: number) => {
    const result = server.run('NFSPROC3_READ', { file, offset, count })
    if (result.status !== OK) return [result.status]
    const { file_attributes, count: got, eof, data } = result.resok
    t.ok(file_attributes.attributes_follow && file_attributes.attributes.size === inode.size)
    t.equal(got, data.length)
    return [Buffer.from(data).toString(), eof]
  }
  t.same(run(0, 100), ['hello, world', true])
  t.equal(server.files.released, 0)
  server.call.release?.()
  t.equal(server.files.released, 1)
  t.same(run(0, 5), ['hello', false])
  t.same(run(7, 5), ['world', true])
  t.same(run(5, 2), [', ', false])
  t.same(run(12, 5), ['', true])
  t.same(run(2 ** 50, 5), ['', true])
  t.same(run(3, 0), ['', false])
  run(0, 2 ** 32 - 1)
  t.equal(server.files.calls.at(-1), `read 0 ${MIB}`, 'no more than rtmax')
  t.end()
})

t.test('READ refused', (t) => {
  const server = new TestServer()
  const inode = server.files.add(server.files.root, 'f', 'file', 'hello')
  inode.mode = 0o200
  const run = (file: { data: Uint8Array }) => server.run('NFSPROC3_READ', { file, offset: 0, count: 5 })
  t.equal(run(server.handle()).status, nfsstat3.NFS3ERR_INVAL, 'a directory')
  t.equal(server.call.release, null)
  server.call.credentials = { flavour: 1, uid: 5, gid: 5, gids: [], machineName: '' }
  const refused = run(server.handle(inode))
  t.equal(refused.status, nfsstat3.NFS3ERR_ACCES)
  t.ok(refused.status !== OK && refused.resfail.file_attributes.attributes_follow)
  t.same(run(BAD_HANDLE), {
    status: nfsstat3.NFS3ERR_BADHANDLE,
    resfail: { file_attributes: { attributes_follow: false } },
  })
  t.end()
})

t.test('WRITE', (t) => {
  const server = new TestServer()
  const inode = server.files.add(server.files.root, 'f', 'file', 'hello')
  const file = server.handle(inode)
  const run = (offset: number, text: string, stable: stable_how, count = text.length) =>
    server.run('NFSPROC3_WRITE', { file, offset, count, stable, data: bytes(text) })
  for (const stable of Object.values(stable_how)) {
    const sizeBefore = inode.size
    const result = run(inode.size, 'abc', stable)
    if (result.status !== OK) throw new Error(`status ${result.status}`)
    const { file_wcc, count, committed, verf } = result.resok
    t.same([count, committed, Buffer.from(verf).toString('hex')], [3, stable, '0908070605040302'])
    t.equal(file_wcc.before.attributes_follow && file_wcc.before.attributes.size, sizeBefore)
    t.equal(file_wcc.after.attributes_follow && file_wcc.after.attributes.size, sizeBefore + 3)
  }
  t.equal(inode.data.toString(), 'helloabcabcabc')
  server.files.writeVerifier = bytes('changed!')
  const changed = run(0, 'H', stable_how.FILE_SYNC)
  t.equal(changed.status === OK && Buffer.from(changed.resok.verf).toString(), 'changed!')
  t.equal(run(0, 'XYZ', stable_how.UNSTABLE, 2).status, OK)
  t.equal(inode.data.toString('latin1', 0, 4), 'XYll', 'count decides where there is more data')
  t.equal(run(0, 'XYZ', stable_how.UNSTABLE, 4).status, nfsstat3.NFS3ERR_INVAL, 'less data than count')
  t.equal(run(2 ** 44, 'x', stable_how.UNSTABLE).status, nfsstat3.NFS3ERR_FBIG)
  t.equal(run(2 ** 60, 'x', stable_how.UNSTABLE).status, nfsstat3.NFS3ERR_FBIG)
  const long = run(0, 'y'.repeat(MIB + 1), stable_how.UNSTABLE)
  t.equal(long.status === OK && long.resok.count, MIB, 'no more than wtmax')
  t.end()
})

t.test('WRITE and COMMIT refused', (t) => {
  const server = new TestServer()
  const inode = server.files.add(server.files.root, 'f', 'file', 'hello')
  const file = server.handle(inode)
  const args = { offset: 0, count: 1, stable: stable_how.UNSTABLE, data: bytes('x') }
  const absent = { before: { attributes_follow: false }, after: { attributes_follow: false } }
  t.equal(
    server.run('NFSPROC3_WRITE', { ...args, file: server.handle() }).status,
    nfsstat3.NFS3ERR_INVAL,
    'a directory',
  )
  for (const [failure, status] of [
    ['NOSPC', nfsstat3.NFS3ERR_NOSPC],
    ['DELAY', nfsstat3.NFS3ERR_JUKEBOX],
  ] as const) {
    server.files.failNext = failure
    const refused = server.run('NFSPROC3_WRITE', { ...args, file })
    t.equal(refused.status, status)
    t.ok(refused.status !== OK && refused.resfail.file_wcc.before.attributes_follow, 'with wcc_data')
  }
  t.same(server.run('NFSPROC3_WRITE', { ...args, file: BAD_HANDLE }), {
    status: nfsstat3.NFS3ERR_BADHANDLE,
    resfail: { file_wcc: absent },
  })
  server.share({ access: 'ro' })
  t.equal(server.run('NFSPROC3_WRITE', { ...args, file }).status, nfsstat3.NFS3ERR_ROFS)

  server.files.failNext = 'NOSPC'
  const refused = server.run('NFSPROC3_COMMIT', { file, offset: 0, count: 0 })
  t.equal(refused.status, nfsstat3.NFS3ERR_IO)
  t.ok(refused.status !== OK && refused.resfail.file_wcc.after.attributes_follow)
  t.same(server.run('NFSPROC3_COMMIT', { file: BAD_HANDLE, offset: 0, count: 0 }), {
    status: nfsstat3.NFS3ERR_BADHANDLE,
    resfail: { file_wcc: absent },
  })
  t.end()
})

t.test('COMMIT', (t) => {
  const server = new TestServer()
  const inode = server.files.add(server.files.root, 'f', 'file', 'hello')
  const result = server.run('NFSPROC3_COMMIT', { file: server.handle(inode), offset: 2 ** 43, count: 0xffffffff })
  if (result.status !== OK) throw new Error(`status ${result.status}`)
  const { verf, file_wcc } = result.resok
  t.same([...verf], [9, 8, 7, 6, 5, 4, 3, 2])
  t.ok(file_wcc.before.attributes_follow && file_wcc.after.attributes_follow)
  t.equal(server.files.calls.at(-1), `commit ${inode.ino} ${2 ** 43} ${0xffffffff}`)
  t.end()
})
