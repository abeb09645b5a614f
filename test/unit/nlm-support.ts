import { parseAddressSet } from '../../mover/files/cidr.ts'
import { Export, type ExportRule, ExportTable } from '../../mover/files/exports.ts'
import type { CarrierUser, Peer } from '../../mover/net/carrier.ts'
import type { Transport } from '../../mover/net/message.ts'
import { HandleCodec } from '../../mover/nfs3/handle.ts'
import { NlmContext } from '../../mover/nlm4/context.ts'
import { nlmPrograms } from '../../mover/nlm4/program.ts'
import { NLM_VERSIONS, type NlmVersion } from '../../mover/nlm4/version.ts'
import { nsmProgram } from '../../mover/nsm/program.ts'
import { OutgoingCalls } from '../../mover/rpc/client/outgoing-calls.ts'
import { PortFinder } from '../../mover/rpc/client/port-finder.ts'
import { RpcClient } from '../../mover/rpc/client/rpc-client.ts'
import { Dispatcher } from '../../mover/rpc/dispatch.ts'
import { NLM_PROG, nlm4_stats } from '../../protocol/nlm4/nlm.gen.ts'
import { SM_PROG, SM_VERS_codecs } from '../../protocol/nsm/nsm.gen.ts'
import { PMAP_PROG, PMAP_VERS_codecs } from '../../protocol/portmap/portmap.gen.ts'
import { readrpc_msg } from '../../protocol/rpc/rpc.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { FakeFiles } from './nfs3-fake-files.ts'
import { FakeLocks, FakeRecords } from './nlm-fake-locks.ts'
import { callMessage, FakeConnection, memoryLogger, type SysCredential, sysAuth } from './rpc-support.ts'

/** Port of every program of every client. */
const CLIENT_PORT = 4045
const STATS = new Map(Object.entries(nlm4_stats).map(([name, number]) => [number, name.replace('NLM4_', '')]))

/** A call of ours that has come to a client. */
export interface Callback {
  atMs: number
  /** `GRANTED udp 4` and so on: procedure, transport, version. */
  what: string
  from: string
  host: string
  // biome-ignore lint/suspicious/noExplicitAny: arguments of any procedure
  args: any
  reply(result: unknown): void
}

export interface AskOptions {
  version?: number
  transport?: Transport
  address?: string
  port?: number
  credential?: SysCredential
}

/** Lock and status server over files in memory; its clients have portmappers, and remember what they are called with. */
export class NlmWorld {
  readonly environment = new TestEnvironment(3)
  readonly files = new FakeFiles()
  readonly locks = new FakeLocks()
  readonly records = new FakeRecords()
  readonly callbacks: Callback[] = []
  readonly rule: ExportRule = {
    clients: parseAddressSet('10.0.0.0/8'),
    access: 'rw',
    squash: 'root',
    privilegedPort: false,
  }
  readonly nlm: NlmContext
  readonly client: RpcClient
  readonly dispatcher: Dispatcher
  readonly handles: HandleCodec
  readonly export: Export
  /** Clients whose portmapper does not answer. */
  readonly silent = new Set<string>()
  hasLocks = true
  /** What the server has logged. */
  readonly lines: { msg: string }[]
  #user: CarrierUser | null = null
  #xid = 0

  constructor() {
    const { environment, files, locks, records, rule } = this
    this.export = new Export({ id: 1, path: '/share', service: files, rootIno: 2, policy: 'wlock', rules: [rule] })
    this.handles = new HandleCodec(new Uint8Array(32), new ExportTable([this.export]))
    const calls = new OutgoingCalls(environment, 'mover', (user) => {
      this.#user = user
      const carrier = {
        send: (peer: Peer, message: Uint8Array) => this.#arrive(peer, message),
        close: () => {},
      }
      return { tcp: carrier, udp: carrier }
    })
    this.client = new RpcClient(environment, calls, new PortFinder(environment, calls))
    const { logger, lines } = memoryLogger()
    this.lines = lines
    this.nlm = new NlmContext({
      environment,
      logger,
      client: this.client,
      handles: this.handles,
      servicesOf: () => (this.hasLocks ? { locks, records } : null),
      serves: (address, port) => this.export.match(address, port) !== undefined,
      mover: 'a',
    })
    const nsm = nsmProgram(7, (name, state, call) => this.nlm.restarts.heard(name, state, call))
    this.dispatcher = new Dispatcher({ environment, logger, programs: [...nlmPrograms(this.nlm), nsm] })
  }

  /** A file's handle. */
  file(name: string, mode = 0o644): Uint8Array {
    const file = this.files.add(this.files.root, name, 'file')
    file.mode = mode
    file.uid = 1000
    return this.handles.encode(this.export, file.ino, file.generation)
  }

  /** A client's connection. */
  connect({ transport = 'tcp', address = '10.0.0.1', port = 700 }: AskOptions = {}): FakeConnection {
    const connection = new FakeConnection(address, port)
    connection.transport = transport
    return connection.attach(this.dispatcher.open(connection))
  }

  /** Sends a call; its result comes with `resultOf`. */
  send<A, R>(
    connection: FakeConnection,
    program: number,
    codec: ProcedureCodec<string, A, R>,
    args: A,
    { version = 4, credential = {} }: AskOptions = {},
  ): void {
    const writer = new XdrWriter(10_000)
    codec.writeArgs(writer, args)
    const bytes = writer.bytes.slice(0, writer.position)
    const call = { xid: ++this.#xid, program, version, procedure: codec.number, args: bytes }
    connection.receive(callMessage({ ...call, credential: sysAuth(credential) }))
  }

  ask<A, R>(program: number, codec: ProcedureCodec<string, A, R>, args: A, options: AskOptions = {}): R {
    const connection = this.connect(options)
    this.send(connection, program, codec, args, options)
    return resultOf(connection, codec)
  }

  nlmAsk<A, R>(codec: ProcedureCodec<string, A, R>, args: A, options: AskOptions = {}): R {
    return this.ask(NLM_PROG, codec, args, options)
  }

  nsmAsk<A, R>(codec: ProcedureCodec<string, A, R>, args: A, options: AskOptions = {}): R {
    return this.ask(SM_PROG, codec, args, { ...options, version: 1 })
  }

  /** A client's status monitor tells that it has started anew. */
  notify(name: string, state: number, from: AskOptions): void {
    this.nsmAsk(SM_VERS_codecs.SM_NOTIFY, { mon_name: Buffer.from(name), state }, { transport: 'udp', ...from })
  }

  /** Callbacks since the last look, without what they carry. */
  called(): string[] {
    return this.callbacks.map(({ what, host }) => `${what} ${host}`)
  }

  #arrive(peer: Peer, message: Uint8Array): void {
    const reader = new XdrReader().reset(message, 0, message.length)
    const { xid, body } = readrpc_msg(reader)
    if (body.mtype !== 0) throw new Error('we have answered')
    const { prog, vers, proc } = body.cbody
    const { transport, host, port, localAddress } = peer
    if (this.silent.has(host)) return
    const reply = (write: (writer: XdrWriter) => void): void => {
      const writer = new XdrWriter(10_000)
      for (const word of [xid, 1, 0, 0, 0, 0]) writer.u32(word)
      write(writer)
      this.#user?.received(transport, host, port, writer.bytes.slice(0, writer.position))
    }
    if (prog === PMAP_PROG) {
      if (port !== 111 || proc !== PMAP_VERS_codecs.PMAPPROC_GETPORT.number) throw new Error('no GETPORT')
      this.environment.defer(() => reply((writer) => writer.u32(CLIENT_PORT)))
      return
    }
    if (port !== CLIENT_PORT) throw new Error(`port ${port}`)
    const codec = codecOf(prog, vers, proc)
    const name = codec.name.replace(/^NLM(PROC4)?_/, '')
    this.callbacks.push({
      atMs: this.environment.monotonicMs(),
      what: `${name} ${transport} ${vers}`,
      from: localAddress,
      host,
      args: codec.readArgs(reader),
      reply: (result) => reply((writer) => codec.writeResult(writer, result)),
    })
  }
}

type AnyCodec = ProcedureCodec<string, unknown, unknown>

function codecOf(program: number, version: number, procedure: number): AnyCodec {
  const codecs = program === SM_PROG ? SM_VERS_codecs : versionOf(version).codecs
  const found = Object.values(codecs).find((codec) => codec.number === procedure)
  if ((program !== NLM_PROG && program !== SM_PROG) || found === undefined)
    throw new Error(`call of ${program} ${version} ${procedure}`)
  return found as AnyCodec
}

export function versionOf(number: number): NlmVersion {
  return NLM_VERSIONS.find(({ version }) => version === number) as NlmVersion
}

/** The result of the only answer, which must be a success. */
export function resultOf<A, R>(connection: FakeConnection, codec: ProcedureCodec<string, A, R>): R {
  const replies = connection.drain()
  if (replies.length !== 1) throw new Error(`${replies.length} replies`)
  const reader = new XdrReader().reset(replies[0], 20, replies[0].length)
  const stat = reader.u32()
  if (stat !== 0) throw new Error(`accept_stat ${stat}`)
  const result = codec.readResult(reader)
  reader.expectEnd()
  return result
}

/** A status of version 4 by its name. */
export function statName(stat: number): string {
  return STATS.get(stat as nlm4_stats) ?? String(stat)
}
