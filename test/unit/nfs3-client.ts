import { parseAddressSet } from '../../mover/files/cidr.ts'
import { Export, type ExportRule, ExportTable } from '../../mover/files/exports.ts'
import type { FileService } from '../../mover/files/service.ts'
import { HandleCodec } from '../../mover/nfs3/handle.ts'
import { nfs3Program } from '../../mover/nfs3/table.ts'
import type { Barrier, ForwardedCall, ReplayTag } from '../../mover/operation.ts'
import type { Call, Procedure, RpcCredentials } from '../../mover/rpc/program.ts'
import { Suspend } from '../../mover/suspend.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { NFS_V3_codecs, type sattr3 } from '../../protocol/nfs3/nfs3.gen.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import type { Place } from './files-support.ts'
import { RemoteFiles, TestPrimary } from './forwarding-support.ts'
import { FakeFiles } from './nfs3-fake-files.ts'

type Codecs = typeof NFS_V3_codecs
export type Name = keyof Codecs
type Args<N extends Name> = ReturnType<Codecs[N]['readArgs']>
type Result<N extends Name> = ReturnType<Codecs[N]['readResult']>

export const KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 7)

/** A call as the dispatcher makes it. */
export class TestCall implements Call {
  readonly transport = 'tcp'
  readonly localAddress = '10.0.0.254'
  xid = 1
  credentials: RpcCredentials = { flavour: 1, uid: 0, gid: 0, gids: [], machineName: 'test' }
  address = '127.0.0.1'
  port = 700
  replay: ReplayTag | null = null
  barrier: Barrier | null = null
  release: (() => void) | null = null
  forwarded: ForwardedCall | null = null
  ended: (() => void) | null = null
}

export const RULE: ExportRule = {
  clients: parseAddressSet('127.0.0.0/8'),
  access: 'rw',
  squash: 'none',
  privilegedPort: false,
}

/** NFS version 3 over a file service in memory, called with bytes and answering with bytes. */
export class TestServer {
  readonly files = new FakeFiles()
  readonly sub = this.files.add(this.files.root, 'sub', 'directory')
  readonly other = new FakeFiles()
  readonly exports = new ExportTable([])
  readonly handles = new HandleCodec(KEY, this.exports)
  readonly program = nfs3Program(this.handles)
  readonly call = new TestCall()
  readonly place: Place
  readonly #env = new TestEnvironment(1)
  readonly #services: { files: FileService; other: FileService }

  /** A secondary asks for names and attributes by messages; `files` and `other` are the primary's then. */
  constructor(place: Place = 'primary') {
    this.place = place
    this.other.volumeUuid[0] = 99
    const at = (files: FakeFiles) => (place === 'primary' ? files : new RemoteFiles(new TestPrimary(files, this.#env)))
    this.#services = { files: at(this.files), other: at(this.other) }
    this.share({})
  }

  /** Export 1 is the whole volume with `rule`, 2 its directory `sub`, 3 another volume. */
  share(rule: Partial<ExportRule>): void {
    const { files, other } = this.#services
    const entry = (id: number, path: string, service: FileService, rootIno: number) =>
      new Export({ id, path, service, rootIno, policy: 'wlock', rules: [{ ...RULE, ...rule }] })
    this.exports.replace([
      entry(1, '/share', files, 2),
      entry(2, '/sub', files, this.sub.ino),
      entry(3, '/other', other, 2),
    ])
  }

  /** The handle of an inode, through an export. */
  handle(inode: Inode = this.files.root, exportId = 1): { data: Uint8Array } {
    const entry = this.exports.byId(exportId)
    if (entry === undefined) throw new Error(`no export ${exportId}`)
    return { data: this.handles.encode(entry, inode.ino, inode.generation) }
  }

  procedure<N extends Name>(name: N): Procedure<Args<N>, unknown> {
    const procedure = this.program.procedures[NFS_V3_codecs[name].number]
    if (procedure === undefined) throw new Error(`no ${name}`)
    return procedure
  }

  /** Encodes the arguments, serves the call, decodes the result; everything through bytes. */
  run<N extends Name>(name: N, args: Args<N>): Result<N> {
    const procedure = this.procedure(name)
    return this.#serve(() => this.decode(name, procedure.handle(this.decodeArgs(name, args), this.call)))
  }

  /** As `run`, of a call that ran before the mover was started. */
  replay<N extends Name>(name: N, args: Args<N>, objectIno: number): Result<N> {
    const { replayed } = this.procedure(name)
    if (replayed === undefined) throw new Error(`${name} is idempotent`)
    return this.#serve(() => this.decode(name, replayed(objectIno, this.decodeArgs(name, args), this.call)))
  }

  /** At a secondary a call waits for the primary, and is run again. */
  #serve<T>(run: () => T): T {
    this.call.forwarded = null
    for (;;) {
      this.call.barrier = null
      this.call.release = null
      try {
        return run()
      } catch (error) {
        if (!(error instanceof Suspend) || this.place === 'primary') throw error
        let isOver = false
        error.wait(() => {
          isOver = true
        })
        this.#env.runUntil(() => isOver)
      }
    }
  }

  decodeArgs<N extends Name>(name: N, args: Args<N>): Args<N> {
    const writer = new XdrWriter(1 << 22)
    const codec = NFS_V3_codecs[name] as unknown as { writeArgs(w: XdrWriter, v: Args<N>): void }
    codec.writeArgs(writer, args)
    const reader = new XdrReader().reset(writer.bytes, 0, writer.position)
    const decoded = this.procedure(name).read(reader)
    reader.expectEnd()
    return decoded
  }

  /** What a client makes of a result of `procedure.handle`. */
  decode<N extends Name>(name: N, result: unknown): Result<N> {
    const writer = new XdrWriter(1 << 22)
    this.procedure(name).write(writer, result)
    const bytes = joined(writer)
    const reader = new XdrReader().reset(bytes, 0, bytes.length)
    const decoded = NFS_V3_codecs[name].readResult(reader)
    reader.expectEnd()
    return decoded as Result<N>
  }
}

function joined(writer: XdrWriter): Uint8Array {
  const parts: Uint8Array[] = []
  let from = 0
  for (const { position, segments } of writer.splices) {
    parts.push(writer.bytes.subarray(from, position), ...segments)
    from = position
  }
  parts.push(writer.bytes.subarray(from, writer.position))
  return Buffer.concat(parts)
}

/** Bytes of a name or text. */
export function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

/** A sattr3 that sets nothing. */
export function nothingSet(): sattr3 {
  return {
    mode: { set_it: false },
    uid: { set_it: false },
    gid: { set_it: false },
    size: { set_it: false },
    atime: { set_it: 0 },
    mtime: { set_it: 0 },
  }
}
