import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { connect, type Socket } from 'node:net'
import type { Transport } from '../../mover/net/message.ts'
import type { WireLock } from '../../mover/nlm4/version.ts'
import { NFS_PROGRAM, NFS_V3, NFS_V3_codecs, nfsstat3 } from '../../protocol/nfs3/nfs3.gen.ts'
import { NLM_PROG, type nlm4_stats } from '../../protocol/nlm4/nlm.gen.ts'
import { SM_PROG, SM_VERS, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import { statName, versionOf } from '../unit/nlm-support.ts'
import { callMessage, messagesOf, record, sysAuth } from '../unit/rpc-support.ts'

/** Datagrams get lost when many arrive at a time. */
const AGAIN_MS = 500
const MAX_BYTES = 8192
/** xid, REPLY, MSG_ACCEPTED, an empty verifier (RFC 5531 §9). */
const ACCEPTED_BYTES = 20
const ROOT = sysAuth({ machine: 'peer', uid: 0, gid: 0 })

/** What a call has been answered: its accept_stat (RFC 5531 §9), and its result when that is SUCCESS. */
export interface Answer<Res> {
  stat: number
  result: Res | undefined
}

/** A lock, as far as it is not the usual one. */
export interface Wanted {
  version?: number
  transport?: Transport
  name?: string | Uint8Array
  oh?: string | Uint8Array
  svid?: number
  start?: bigint | number
  length?: bigint | number
  exclusive?: boolean
  block?: boolean
  reclaim?: boolean
  cookie?: Uint8Array
  /** The first of its fields that has 1,024 bytes gets one more, which no field may have. */
  isTooLong?: boolean
}

/** A host that asks a mover for locks, from an address of its own of this machine, over TCP and UDP. */
export class LockPeer {
  readonly address: string
  readonly #to: { host: string; port: number }
  readonly #pending = new Map<number, (reply: Uint8Array) => void>()
  readonly #tcp: Socket
  readonly #udp: Datagrams
  #received: Buffer = Buffer.alloc(0)
  #xid = 0

  private constructor(address: string, to: { host: string; port: number }) {
    this.address = address
    this.#to = to
    this.#tcp = connect({ ...to, localAddress: address, noDelay: true })
    this.#tcp.on('data', (bytes: Buffer) => this.#take(bytes))
    this.#tcp.on('error', () => {})
    this.#udp = createSocket('udp4')
    this.#udp.on('message', (message) => this.#answered(message))
  }

  static async open(address: string, to: { host: string; port: number }): Promise<LockPeer> {
    const peer = new LockPeer(address, to)
    await new Promise<void>((resolve) => peer.#udp.bind(0, address, resolve))
    return peer
  }

  close(): void {
    this.#tcp.destroy()
    this.#udp.close()
  }

  /** Calls a procedure whose arguments are these bytes. */
  async callBytes(
    transport: Transport,
    program: number,
    version: number,
    procedure: number,
    args: Uint8Array,
  ): Promise<{ stat: number; reader: XdrReader }> {
    const xid = ++this.#xid
    const message = callMessage({ xid, program, version, procedure, credential: ROOT, args })
    const reply = await new Promise<Uint8Array>((resolve) => {
      let timer: NodeJS.Timeout | undefined
      this.#pending.set(xid, (bytes) => {
        clearInterval(timer)
        resolve(bytes)
      })
      this.sendMessage(transport, message)
      if (transport === 'udp') timer = setInterval(() => this.sendMessage(transport, message), AGAIN_MS)
    })
    const reader = new XdrReader().reset(reply, ACCEPTED_BYTES, reply.length)
    return { stat: reader.u32(), reader }
  }

  sendMessage(transport: Transport, message: Uint8Array): void {
    if (transport === 'tcp') this.#tcp.write(record(message))
    else this.#udp.send(message, this.#to.port, this.#to.host)
  }

  async call<Args, Res>(
    transport: Transport,
    program: number,
    version: number,
    codec: ProcedureCodec<string, Args, Res>,
    args: Args,
  ): Promise<Answer<Res>> {
    const { stat, reader } = await this.callBytes(transport, program, version, codec.number, encode(codec, args))
    if (stat !== 0) return { stat, result: undefined }
    const result = codec.readResult(reader)
    reader.expectEnd()
    return { stat, result }
  }

  /** A procedure of NLM whose result is a status: its name, of version 4; or the accept_stat. */
  async nlm(procedure: 'LOCK' | 'UNLOCK' | 'CANCEL' | 'NM_LOCK', fh: Uint8Array, wanted: Wanted = {}): Promise<string> {
    const { version = 4, transport = 'tcp' } = wanted
    const its = versionOf(version)
    const codec = procedure === 'NM_LOCK' ? its.later?.NM_LOCK : its.codecs[procedure]
    if (codec === undefined) throw new Error(`version ${version} has no ${procedure}`)
    const args = encode(codec as ProcedureCodec<string, unknown, unknown>, this.#args(fh, wanted))
    const bytes = wanted.isTooLong ? lengthened(args) : args
    const { stat, reader } = await this.callBytes(transport, NLM_PROG, version, codec.number, bytes)
    const answer = { stat, result: stat === 0 ? (codec.readResult(reader) as StatusResult) : undefined }
    return statusOf(answer)
  }

  /** TEST: the status, or who is in the way. */
  async test(fh: Uint8Array, wanted: Wanted = {}): Promise<string> {
    const { version = 4, transport = 'tcp' } = wanted
    const { codecs } = versionOf(version)
    const args = this.#args(fh, wanted) as never
    const { stat, result } = await this.call(transport, NLM_PROG, version, codecs.TEST, args)
    if (result === undefined) return `accept_stat ${stat}`
    const { test_stat } = result
    if (!('holder' in test_stat)) return statName(test_stat.stat)
    const { svid, l_offset, l_len } = test_stat.holder
    return `${svid}: ${l_offset}+${l_len}`
  }

  #args(fh: Uint8Array, wanted: Wanted): unknown {
    const { cookie = Uint8Array.of(1), block = false, exclusive = true, reclaim = false } = wanted
    return { cookie, block, exclusive, reclaim, state: 3, alock: this.alock(fh, wanted) }
  }

  alock(
    fh: Uint8Array,
    { version = 4, name = 'peer', oh = 'owner', svid = 1, start = 0, length = 10 }: Wanted,
  ): WireLock {
    const toWire = version === 4 ? BigInt : Number
    const [caller_name, owner] = [name, oh].map((one) => (typeof one === 'string' ? Buffer.from(one) : one))
    return { caller_name, fh, oh: owner, svid, l_offset: toWire(start), l_len: toWire(length) } as WireLock
  }

  /** A client of another file: how many of `count` rounds of GETATTR, LOCK and UNLOCK are answered as they should be. */
  async rounds(count: number, fh: Uint8Array): Promise<number> {
    let good = 0
    for (let round = 0; round < count; round++) {
      const attributes = NFS_V3_codecs.NFSPROC3_GETATTR
      const { result } = await this.call('tcp', NFS_PROGRAM, NFS_V3, attributes, { object: { data: fh } })
      const locked = await this.nlm('LOCK', fh, { name: 'witness' })
      const unlocked = await this.nlm('UNLOCK', fh, { name: 'witness' })
      const isGood = result?.status === nfsstat3.NFS3_OK && locked === 'GRANTED' && unlocked === 'GRANTED'
      if (isGood) good++
    }
    return good
  }

  /** SM_NOTIFY. */
  async notify(name: string | Uint8Array, state: number, transport: Transport = 'udp'): Promise<number> {
    const mon_name = typeof name === 'string' ? Buffer.from(name) : name
    return (await this.call(transport, SM_PROG, SM_VERS, SM_VERS_codecs.SM_NOTIFY, { mon_name, state })).stat
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    while (this.#received.length >= 4) {
      const end = 4 + (this.#received.readUInt32BE(0) & 0x7fffffff)
      if (this.#received.length < end) break
      for (const message of messagesOf(this.#received.subarray(0, end))) this.#answered(message)
      this.#received = this.#received.subarray(end)
    }
  }

  #answered(message: Uint8Array): void {
    const xid = Buffer.from(message).readUInt32BE(0)
    const answered = this.#pending.get(xid)
    this.#pending.delete(xid)
    answered?.(message)
  }
}

interface StatusResult {
  stat: { stat: nlm4_stats }
}

/** The name in version 4, whose numbers all versions' are; what is refused as a call: its accept_stat. */
function statusOf({ stat, result }: Answer<StatusResult>): string {
  return result === undefined ? `accept_stat ${stat}` : statName(result.stat.stat)
}

export function encode<Args>(codec: ProcedureCodec<string, Args, unknown>, args: Args): Uint8Array {
  const writer = new XdrWriter(MAX_BYTES)
  codec.writeArgs(writer, args)
  return writer.bytes.slice(0, writer.position)
}

/** Arguments whose first field of 1,024 bytes has one byte more. */
export function lengthened(args: Uint8Array): Uint8Array {
  const at = Buffer.from(args).indexOf(Uint8Array.of(0, 0, 4, 0))
  if (at === -1) throw new Error('no field of 1,024 bytes')
  return Buffer.concat([
    args.subarray(0, at),
    Uint8Array.of(0, 0, 4, 1),
    args.subarray(at + 4, at + 1028),
    new Uint8Array(4),
    args.subarray(at + 1028),
  ])
}
