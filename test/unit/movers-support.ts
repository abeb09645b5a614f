import { Export, ExportTable } from '../../mover/files/exports.ts'
import type { Credentials, FileService, Operation } from '../../mover/files/service.ts'
import { ExportMountBackend } from '../../mover/mount/export-backend.ts'
import { MountList } from '../../mover/mount/mount-list.ts'
import { mountPrograms } from '../../mover/mount/program.ts'
import { HandleCodec } from '../../mover/nfs3/handle.ts'
import { nfs3Program } from '../../mover/nfs3/table.ts'
import { Dispatcher } from '../../mover/rpc/dispatch.ts'
import type { ReplayMemory } from '../../mover/rpc/runner.ts'
import { MOUNT_PROGRAM, MOUNT_V3, MOUNTPROC3_MNT, readmountres3 } from '../../protocol/mount/mount.gen.ts'
import { NFS_PROGRAM, NFS_V3, NFS_V3_codecs } from '../../protocol/nfs3/nfs3.gen.ts'
import { accept_stat } from '../../protocol/rpc/rpc.gen.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import type { FilesWorld } from './files-support.ts'
import { RemoteFiles } from './forwarding-support.ts'
import { KEY, RULE } from './nfs3-client.ts'
import { callMessage, FakeConnection, memoryLogger, sysAuth } from './rpc-support.ts'

type Codecs = typeof NFS_V3_codecs
export type Name = Exclude<keyof Codecs, 'NFSPROC3_NULL'>
export type Args<N extends Name> = ReturnType<Codecs[N]['readArgs']>
export type Result<N extends Name> = ReturnType<Codecs[N]['readResult']>

const MAX_BYTES = 2 ** 22
/** xid, REPLY, MSG_ACCEPTED, an empty verifier, accept_stat (RFC 5531 §9). */
const REPLY_HEADER_BYTES = 24
const CLIENT_ADDRESS = '127.0.0.1'

/** A mover as its clients see it: NFS and MOUNT over the volume of a world, spoken to in RPC messages. */
export class TestMover {
  readonly world: FilesWorld
  readonly service: FileService
  readonly dispatcher: Dispatcher
  readonly handles: HandleCodec
  readonly export: Export
  connection: FakeConnection
  /** Who the client's calls come from. */
  caller: Credentials = { uid: 0, gid: 0, gids: [] }
  /** The name that the client states. */
  machine = 'client1'
  readonly #answers = new Map<number, Uint8Array>()

  constructor(world: FilesWorld, service: FileService, find: Find, replayMemory?: ReplayMemory) {
    this.world = world
    this.service = service
    const { rootIno } = service
    this.export = new Export({ id: 1, path: '/share', service, rootIno, policy: 'wlock', rules: [RULE] })
    const exports = new ExportTable([this.export])
    this.handles = new HandleCodec(KEY, exports)
    const backend = new ExportMountBackend(exports, this.handles, (entry, op) => find(op, entry.rootIno))
    this.dispatcher = new Dispatcher({
      environment: world.env,
      logger: memoryLogger().logger,
      programs: [nfs3Program(this.handles), ...mountPrograms(backend, new MountList(() => {}))],
      ...(replayMemory === undefined ? {} : { replayMemory }),
    })
    this.connection = this.connect()
  }

  static primaryOf(world: FilesWorld): TestMover {
    const { files } = world
    return new TestMover(world, files, (op, ino) => files.find(op, ino), { find: (tag) => files.findReplay(tag) })
  }

  static secondaryOf(world: FilesWorld): TestMover & { service: RemoteFiles } {
    const service = new RemoteFiles(world.primary)
    return new TestMover(world, service, (op, ino) => service.find(op, ino)) as TestMover & { service: RemoteFiles }
  }

  /** The client's next connection. */
  connect(): FakeConnection {
    const connection = new FakeConnection(CLIENT_ADDRESS)
    this.connection = connection.attach(this.dispatcher.open(connection))
    return connection
  }

  /** The handle of an object, the same at every mover. */
  handle(ino: number = this.world.files.rootIno): { data: Uint8Array } {
    return { data: this.handles.encode(this.export, ino, this.world.inode(ino).generation) }
  }

  /** A call begins; the same arguments and xid make the same call, at any mover. */
  send<N extends Name>(xid: number, name: N, args: Args<N>): void {
    const codec = NFS_V3_codecs[name] as unknown as { writeArgs(w: XdrWriter, v: Args<N>): void }
    const writer = new XdrWriter(MAX_BYTES)
    codec.writeArgs(writer, args)
    const procedure = NFS_V3_codecs[name].number
    this.#receive(xid, NFS_PROGRAM, NFS_V3, procedure, writer.bytes.subarray(0, writer.position))
  }

  /** The answer to a call, if there is one. */
  answer<N extends Name>(xid: number, name: N): Result<N> | null {
    const bytes = this.#takeAnswer(xid)
    return bytes === null ? null : (NFS_V3_codecs[name].readResult(bytes) as Result<N>)
  }

  /** Sends a call and waits for its answer. */
  call<N extends Name>(xid: number, name: N, args: Args<N>): Result<N> {
    this.send(xid, name, args)
    let answer: Result<N> | null = null
    this.world.env.runUntil(() => {
      answer = this.answer(xid, name)
      return answer !== null
    })
    return answer as unknown as Result<N>
  }

  mount(xid: number, path: string): ReturnType<typeof readmountres3> {
    const writer = new XdrWriter(MAX_BYTES)
    writer.opaque(Buffer.from(path))
    this.#receive(xid, MOUNT_PROGRAM, MOUNT_V3, MOUNTPROC3_MNT, writer.bytes.subarray(0, writer.position))
    let reader: XdrReader | null = null
    this.world.env.runUntil(() => {
      reader = this.#takeAnswer(xid)
      return reader !== null
    })
    return readmountres3(reader as unknown as XdrReader)
  }

  #receive(xid: number, program: number, version: number, procedure: number, args: Uint8Array): void {
    const { uid, gid, gids } = this.caller
    const credential = sysAuth({ machine: this.machine, uid, gid, gids: [...gids] })
    this.connection.receive(callMessage({ xid, program, version, procedure, credential, args }))
  }

  #takeAnswer(xid: number): XdrReader | null {
    for (const message of this.connection.drain()) this.#answers.set(Buffer.from(message).readUInt32BE(0), message)
    const bytes = this.#answers.get(xid)
    if (bytes === undefined) return null
    this.#answers.delete(xid)
    const status = Buffer.from(bytes).readUInt32BE(REPLY_HEADER_BYTES - 4)
    if (status !== accept_stat.SUCCESS) throw new Error(`call ${xid} is answered with status ${status}`)
    return new XdrReader().reset(bytes, REPLY_HEADER_BYTES, bytes.length)
  }
}

type Find = (op: Operation, ino: number) => ReturnType<FileService['inode']>
