import t from 'tap'
import type { Failure } from '../../mover/failure.ts'
import { parseAddressSet } from '../../mover/files/cidr.ts'
import { Export, ExportTable } from '../../mover/files/exports.ts'
import type { FileService, Operation } from '../../mover/files/service.ts'
import { ExportMountBackend } from '../../mover/mount/export-backend.ts'
import { MountList } from '../../mover/mount/mount-list.ts'
import { mountPrograms } from '../../mover/mount/program.ts'
import { Dispatcher } from '../../mover/rpc/dispatch.ts'
import { Suspend } from '../../mover/suspend.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import {
  type exports,
  type mountlist,
  mountstat3,
  readexports,
  readfhstatus,
  readmountlist,
  readmountres3,
} from '../../protocol/mount/mount.gen.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { callMessage, FakeConnection, memoryLogger } from './rpc-support.ts'

const MOUNT = 100005

/** A tree in memory: nested objects are directories, strings files. */
interface Tree {
  [name: string]: Tree | string
}

/** Just what MOUNT asks a file service for. */
class TreeService {
  readonly volumeUuid = new Uint8Array(16).fill(1)
  readonly inodes: { inode: Inode; node: Tree | string }[] = []
  /** The next lookups suspend. */
  suspensions = 0
  readonly resumes: (() => void)[] = []
  barrier: Operation['barrier'] = null
  uids: number[] = []

  constructor(tree: Tree) {
    this.inodeOf(tree)
  }

  inodeOf(node: Tree | string): Inode {
    const known = this.inodes.find((entry) => entry.node === node)
    if (known !== undefined) return known.inode
    const type = typeof node === 'string' ? 'file' : 'directory'
    const inode = { ino: 100 + this.inodes.length, generation: 7, type } as Inode
    this.inodes.push({ inode, node })
    return inode
  }

  lookup(op: Operation, dir: Inode, name: Uint8Array): Inode | Failure {
    if (this.suspensions > 0) {
      this.suspensions--
      throw new Suspend((resume) => this.resumes.push(resume))
    }
    this.uids.push(op.credentials.uid)
    op.barrier = this.barrier
    const node = this.inodes.find((entry) => entry.inode === dir)?.node as Tree
    const child = node[Buffer.from(name).toString('latin1')]
    return child === undefined ? 'NOENT' : this.inodeOf(child)
  }
}

function setUp() {
  const service = new TreeService({ file: 'x', dir: { sub: {}, 'caf\xe9': {} }, inner: { deep: {} } })
  const entry = (id: number, path: string, clients: string[], node: Tree | string | undefined): Export =>
    new Export({
      id,
      path,
      service: service as unknown as FileService,
      rootIno: service.inodeOf(node as Tree).ino,
      policy: 'wlock',
      rules: clients.map((text) => ({
        clients: parseAddressSet(text),
        access: 'rw',
        squash: 'root',
        privilegedPort: id === 3,
      })),
    })
  const root = service.inodes[0].node as Tree
  const table = new ExportTable([
    entry(1, '/share', ['10.0.0.0/8', '192.168.0.0/16'], root),
    entry(2, '/share/inner', ['192.168.0.0/16'], root['inner']),
    entry(3, '/low', ['10.0.0.0/8'], root),
    entry(4, '/gone', ['10.0.0.0/8'], root),
  ])
  const handles = {
    encode: (export_: Export, ino: number, generation: number) => Buffer.from(`${export_.id}:${ino}:${generation}`),
  }
  const rootOf = (export_: Export): Inode | Failure =>
    export_.id === 4 ? 'STALE' : (service.inodes.find(({ inode }) => inode.ino === export_.rootIno)?.inode as Inode)
  const dropped: string[] = []
  const mounts = new MountList(({ host }) => dropped.push(host))
  const programs = mountPrograms(new ExportMountBackend(table, handles, rootOf), mounts)
  const { logger, lines } = memoryLogger()
  const dispatcher = new Dispatcher({ environment: new TestEnvironment(1), logger, programs })
  const connect = (address: string, port: number): FakeConnection => {
    const connection = new FakeConnection(address, port)
    return connection.attach(dispatcher.open(connection))
  }
  return { service, connect, connection: connect('10.0.0.1', 700), dispatcher, mounts, dropped, lines, table }
}

function pathArgs(path: string): Uint8Array {
  const bytes = Buffer.alloc(4 + Math.ceil(path.length / 4) * 4)
  bytes.writeUInt32BE(path.length)
  bytes.write(path, 4, 'latin1')
  return bytes
}

/** The reader stands behind the accept status of one reply, which must be SUCCESS. */
function resultOf(replies: Uint8Array[]): XdrReader {
  if (replies.length !== 1) throw new Error(`${replies.length} replies`)
  const reader = new XdrReader().reset(replies[0], 20, replies[0].length)
  const stat = reader.u32()
  if (stat !== 0) throw new Error(`accept_stat ${stat}`)
  return reader
}

function ask(
  connection: FakeConnection,
  procedure: number,
  args: Uint8Array = new Uint8Array(0),
  version = 3,
): XdrReader {
  connection.receive(callMessage({ program: MOUNT, version, procedure, args }))
  return resultOf(connection.drain())
}

/** The handle's text, or the status. */
function mount(connection: FakeConnection, path: string): string | number {
  const result = readmountres3(ask(connection, 1, pathArgs(path)))
  if (result.fhs_status !== mountstat3.MNT3_OK) return result.fhs_status
  const { fhandle, auth_flavors } = result.mountinfo
  return `${Buffer.from(fhandle).toString()} ${auth_flavors}`
}

function dump(connection: FakeConnection): string[] {
  const list: mountlist = readmountlist(ask(connection, 2))
  return list.map((entry) => `${Buffer.from(entry.ml_hostname)} ${Buffer.from(entry.ml_directory)}`)
}

t.test('MNT of an export, and of directories under it', (t) => {
  const { connection, service } = setUp()
  t.equal(mount(connection, '/share'), '1:100:7 1', 'handle, AUTH_SYS')
  for (const path of ['/share/', '//share', '/share/.', '/./share']) t.equal(mount(connection, path), '1:100:7 1', path)
  t.match(mount(connection, '/share/dir'), /^1:\d+:7 1$/)
  t.match(mount(connection, '/share/dir/sub'), /^1:\d+:7 1$/)
  t.match(mount(connection, '/share/dir/caf\xe9'), /^1:\d+:7 1$/, 'names are bytes')
  t.ok(service.uids.every((uid) => uid === 0))
  t.end()
})

t.test('MNT of what cannot be mounted', (t) => {
  const { connection, connect } = setUp()
  const cases: [string, number][] = [
    ['/', mountstat3.MNT3ERR_NOENT],
    ['/other', mountstat3.MNT3ERR_NOENT],
    ['/shar', mountstat3.MNT3ERR_NOENT],
    ['/share2', mountstat3.MNT3ERR_NOENT],
    ['/share/none', mountstat3.MNT3ERR_NOENT],
    ['/share/none/dir', mountstat3.MNT3ERR_NOENT],
    ['/share/file', mountstat3.MNT3ERR_NOTDIR],
    ['/share/file/x', mountstat3.MNT3ERR_NOTDIR],
    ['/share/dir/..', mountstat3.MNT3ERR_INVAL],
    ['/share/../share', mountstat3.MNT3ERR_INVAL],
    ['share', mountstat3.MNT3ERR_INVAL],
    ['', mountstat3.MNT3ERR_INVAL],
    ['/share\0', mountstat3.MNT3ERR_INVAL],
    ['/share/inner', mountstat3.MNT3ERR_ACCES],
    ['/share/inner/deep', mountstat3.MNT3ERR_ACCES],
    ['/gone', mountstat3.MNT3ERR_NOENT],
  ]
  for (const [path, status] of cases) t.equal(mount(connection, path), status, JSON.stringify(path))
  t.same(dump(connection), [], 'nothing of that is on the mount list')
  const other = connect('192.168.1.1', 700)
  t.match(mount(other, '/share/inner/deep'), /^2:/, 'the longest export counts')
  t.equal(mount(connect('172.16.0.1', 700), '/share'), mountstat3.MNT3ERR_ACCES)
  t.equal(mount(connect('10.0.0.1', 1024), '/low'), mountstat3.MNT3ERR_ACCES)
  t.match(mount(connect('10.0.0.1', 1023), '/low'), /^3:/)
  t.end()
})

t.test('MNT waits for what must be read, and for what is not durable yet', (t) => {
  const { connection, service } = setUp()
  let done: ((failure: Failure | null) => void) | null = null
  service.barrier = {
    wait: (callback) => {
      done = callback
    },
  }
  service.suspensions = 1
  connection.receive(callMessage({ program: MOUNT, version: 3, procedure: 1, args: pathArgs('/share/dir') }))
  t.same(connection.drain(), [])
  for (const resume of service.resumes) resume()
  t.same(connection.drain(), [])
  ;(done as unknown as (failure: Failure | null) => void)('IO')
  t.equal(readmountres3(resultOf(connection.drain())).fhs_status, mountstat3.MNT3ERR_IO)
  t.end()
})

t.test('the mount list', (t) => {
  const { connection, connect, mounts, dropped } = setUp()
  const other = connect('192.168.1.1', 700)
  mount(connection, '/share')
  mount(connection, '/share')
  mount(connection, '/share/dir')
  mount(other, '/share')
  t.same(dump(connection), ['192.168.1.1 /share', '10.0.0.1 /share/dir', '10.0.0.1 /share'])
  ask(other, 3, pathArgs('/share/dir'))
  t.equal(mounts.entries.length, 3, 'only one’s own')
  ask(connection, 3, pathArgs('/share'))
  t.same(dump(connection), ['192.168.1.1 /share', '10.0.0.1 /share/dir'])
  mount(connection, '/share')
  ask(connection, 4)
  t.same(dump(connection), ['192.168.1.1 /share'])
  for (let i = 0; i < 1030; i++) mounts.add(`host${i}`, Buffer.alloc(1024))
  t.equal(mounts.entries.length, 1024)
  t.equal(dropped.length, 7)
  t.equal(dump(connection).length, 1024, 'and all of it fits into a reply')
  t.end()
})

t.test('EXPORT', (t) => {
  const { connection } = setUp()
  const list: exports = readexports(ask(connection, 5))
  t.same(
    list.map((entry) => `${Buffer.from(entry.ex_dir)}: ${entry.ex_groups.map(({ gr_name }) => Buffer.from(gr_name))}`),
    ['/share: 10.0.0.0/8,192.168.0.0/16', '/share/inner: 192.168.0.0/16', '/low: 10.0.0.0/8', '/gone: 10.0.0.0/8'],
  )
  t.end()
})

t.test('version 1 shows and changes the same lists, and gives no handles', (t) => {
  const { connection, dispatcher } = setUp()
  t.equal(ask(connection, 0, undefined, 1).remaining, 0, 'NULL')
  t.same(readfhstatus(ask(connection, 1, pathArgs('/share'), 1)), { status: 13 }, 'MNT: EACCES')
  t.same(dump(connection), [])
  mount(connection, '/share')
  mount(connection, '/share/dir')
  const list = readmountlist(ask(connection, 2, undefined, 1))
  t.same(
    list.map((entry) => Buffer.from(entry.ml_directory).toString()),
    ['/share/dir', '/share'],
  )
  t.equal(ask(connection, 3, pathArgs('/share'), 1).remaining, 0, 'UMNT')
  t.same(dump(connection), ['10.0.0.1 /share/dir'])
  ask(connection, 4, undefined, 1)
  t.same(dump(connection), [])
  t.same(readexports(ask(connection, 5, undefined, 1)), readexports(ask(connection, 5)))
  connection.receive(callMessage({ program: MOUNT, version: 1, procedure: 6 }))
  t.equal(Buffer.from(connection.drain()[0]).readUInt32BE(20), 3, 'there is no PATHCONF')
  const row = dispatcher.procedures().find(({ procedure }) => procedure === 'MOUNTPROC_MNT')
  t.match(row, { version: 1, calls: 1, errors: 1 })
  t.end()
})

t.test('paths that are too long, and errors counted', (t) => {
  const { connection, dispatcher } = setUp()
  const args = pathArgs(`/${'x'.repeat(1024)}`)
  connection.receive(callMessage({ program: MOUNT, version: 3, procedure: 1, args }))
  t.equal(Buffer.from(connection.drain()[0]).readUInt32BE(20), 4, 'GARBAGE_ARGS')
  mount(connection, '/share')
  mount(connection, '/nowhere')
  const row = dispatcher.procedures().find(({ procedure }) => procedure === 'MOUNTPROC3_MNT')
  t.match(row, { calls: 3, errors: 2 })
  t.end()
})
