import { connect, type Socket } from 'node:net'
import { MOUNT_PROGRAM, MOUNT_V3, MOUNTPROC3_MNT, readmountres3 } from '../../protocol/mount/mount.gen.ts'
import {
  createmode3,
  NFS_PROGRAM,
  NFS_V3,
  NFS_V3_codecs,
  type nfs_fh3,
  nfsstat3,
} from '../../protocol/nfs3/nfs3.gen.ts'
import { accept_stat, msg_type, reply_stat } from '../../protocol/rpc/rpc.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import type { Random } from '../crash/random.ts'
import { bytes, nothingSet } from '../unit/nfs3-client.ts'
import { callMessage, record, sysAuth } from '../unit/rpc-support.ts'

type Codecs = typeof NFS_V3_codecs
export type Name = Exclude<keyof Codecs, 'NFSPROC3_NULL'>
export type Args<N extends Name> = ReturnType<Codecs[N]['readArgs']>
export type Result<N extends Name> = ReturnType<Codecs[N]['readResult']>

const MAX_BYTES = 2 ** 21
const AGAIN_MS = 20
/** xid, REPLY, MSG_ACCEPTED, an empty verifier, accept_stat (RFC 5531 §9). */
const REPLY_HEADER_BYTES = 24
const ROOT = sysAuth({ machine: 'faults', uid: 0, gid: 0 })

interface Pending {
  readonly bytes: Uint8Array
  readonly answered: (reply: Uint8Array) => void
}

/**
 * An NFSv3 client as a hard mount is one: a call waits for its answer for ever; when the connection ends, what has not
 * been answered is sent again over the next one, under the same xid.
 */
export class NfsClient {
  #host: string
  #port: number
  readonly #random: Random
  readonly #pending = new Map<number, Pending>()
  #socket: Socket | null = null
  #received: Buffer = Buffer.alloc(0)
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  /** What is answered is lost on the way. */
  isDeaf = false
  /** How often it has connected. */
  connections = 0
  /** Calls that have been sent again. */
  resent = 0

  constructor(host: string, port: number, random: Random) {
    this.#host = host
    this.#port = port
    this.#random = random
    this.#connect()
  }

  /** As the server sees it; null while there is no connection. */
  get localAddress(): string | null {
    const socket = this.#socket
    return socket?.localAddress === undefined ? null : `${socket.localAddress}:${socket.localPort}`
  }

  /** A call's answer. JUKEBOX is no answer: the call is made again, as a new one. */
  async call<N extends Name>(name: N, args: Args<N>): Promise<Result<N>> {
    const codec = NFS_V3_codecs[name] as unknown as ProcedureCodec<string, Args<N>, Result<N>>
    for (;;) {
      const result = await this.ask(NFS_PROGRAM, NFS_V3, codec, args)
      if (result.status !== nfsstat3.NFS3ERR_JUKEBOX) return result
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }

  /** What a procedure of any program there answers. */
  async ask<A, R>(program: number, version: number, codec: ProcedureCodec<string, A, R>, args: A): Promise<R> {
    const writer = new XdrWriter(MAX_BYTES)
    codec.writeArgs(writer, args)
    const bytes = writer.bytes.subarray(0, writer.position)
    return codec.readResult(await this.#ask(program, version, codec.number, bytes))
  }

  /** The file handle of an export. */
  async mount(path: string): Promise<{ data: Uint8Array }> {
    const writer = new XdrWriter(MAX_BYTES)
    writer.opaque(Buffer.from(path))
    const args = writer.bytes.subarray(0, writer.position)
    const answer = readmountres3(await this.#ask(MOUNT_PROGRAM, MOUNT_V3, MOUNTPROC3_MNT, args))
    if (!('mountinfo' in answer)) throw new Error(`${path} cannot be mounted: ${answer.fhs_status}`)
    return { data: answer.mountinfo.fhandle.slice() }
  }

  /** Makes a file; returns its handle. */
  async create(dir: nfs_fh3, name: string): Promise<nfs_fh3> {
    const how = { mode: createmode3.GUARDED, obj_attributes: nothingSet() } as const
    const made = await this.call('NFSPROC3_CREATE', { where: { dir, name: bytes(name) }, how })
    if (made.status !== nfsstat3.NFS3_OK || !made.resok.obj.handle_follows)
      throw new Error(`CREATE ${name}: ${made.status}`)
    return { data: made.resok.obj.handle.data.slice() }
  }

  /** Goes on at another mover: what has not been answered is sent again there. */
  moveTo(host: string, port: number): void {
    this.#host = host
    this.#port = port
    this.isDeaf = false
    this.#socket?.destroy()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#socket?.destroy()
  }

  #ask(program: number, version: number, procedure: number, args: Uint8Array): Promise<XdrReader> {
    let xid = this.#random.u32()
    while (this.#pending.has(xid)) xid = this.#random.u32()
    const bytes = record(callMessage({ xid, program, version, procedure, credential: ROOT, args }))
    return new Promise((resolve, reject) => {
      const answered = (reply: Uint8Array): void => {
        const reader = new XdrReader().reset(reply, 0, reply.length)
        const [, type, status] = [reader.u32(), reader.u32(), reader.u32()]
        reader.position = REPLY_HEADER_BYTES - 4
        const accepted = reader.u32()
        if (type === msg_type.REPLY && status === reply_stat.MSG_ACCEPTED && accepted === accept_stat.SUCCESS) {
          resolve(reader)
        } else reject(new Error(`procedure ${procedure} was not carried out: ${Buffer.from(reply).toString('hex')}`))
      }
      this.#pending.set(xid, { bytes, answered })
      if (this.#socket?.readyState === 'open') this.#socket.write(bytes)
    })
  }

  #connect(): void {
    if (this.#isClosed) return
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true })
    this.#socket = socket
    this.#received = Buffer.alloc(0)
    socket.on('connect', () => {
      this.connections++
      for (const { bytes } of this.#pending.values()) {
        socket.write(bytes)
        this.resent++
      }
    })
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('end', () => socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => {
      if (!this.#isClosed) this.#timer = setTimeout(() => this.#connect(), AGAIN_MS)
    })
  }

  #take(bytes: Buffer): void {
    if (this.isDeaf) return
    let received = Buffer.concat([this.#received, bytes])
    while (received.length >= 4) {
      const end = 4 + (received.readUInt32BE(0) & 0x7fffffff)
      if (received.length < end) break
      const reply = received.subarray(4, end)
      received = received.subarray(end)
      const xid = reply.readUInt32BE(0)
      const pending = this.#pending.get(xid)
      this.#pending.delete(xid)
      pending?.answered(reply)
    }
    this.#received = received
  }
}
