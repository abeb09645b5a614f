import { crc32 } from 'node:zlib'
import type { Logger } from 'pino'
import { accept_stat, auth_flavor, auth_stat, MAX_AUTH_BYTES, msg_type, RPC_VERS } from '../../protocol/rpc/rpc.gen.ts'
import { padded, XdrReader } from '../../protocol/xdr/reader.ts'
import { ReplayCache, type ReplayLimits } from '../clients/replay-cache.ts'
import type { Environment } from '../environment.ts'
import { LimitedLog } from '../net/limited-log.ts'
import type { MessageConnection, MessageService, MessageSink } from '../net/message.ts'
import type { OutWriter } from '../net/out-writer.ts'
import type { ActiveCall } from './active-call.ts'
import { CredentialCache, type SessionCredentials } from './credentials.ts'
import type { Program } from './program.ts'
import { writeAccepted, writeAuthError, writeProgMismatch, writeRpcMismatch } from './replies.ts'
import { CallRunner, type ReplayMemory } from './runner.ts'
import { type ServedProcedure, type ServedProgram, serve } from './served.ts'

/** xid, msg_type, rpcvers, prog, vers, proc (RFC 5531 §9): less than that is no call. */
const CALL_HEADER_BYTES = 24
/** xid, msg_type, rpcvers: enough to answer another version of the protocol. */
const VERSION_HEADER_BYTES = 12
/** Flavour and length of a credential or verifier, and AUTH_SYS's stamp. */
const AUTH_HEADER_BYTES = 8
const STAMP_BYTES = 4

/** What a dispatcher is made of. */
export interface DispatcherOptions {
  environment: Environment
  logger: Logger
  programs: readonly Program[]
  replayMemory?: ReplayMemory
  replayLimits?: ReplayLimits
}

/** Calls that did not run, by reason. */
export interface DispatchCounts {
  /** Connections closed, and datagrams dropped, because they sent something that is no RPC call. */
  notRpc: number
  rpcMismatch: number
  authError: number
  progUnavail: number
  progMismatch: number
  procUnavail: number
  garbageArgs: number
  systemErr: number
  /** Retransmissions of answered calls: the answer was repeated. */
  repeated: number
  /** Retransmissions of calls that were still being worked on. */
  joined: number
}

/** One procedure's counters. */
export interface ProcedureCounts {
  program: string
  version: number
  procedure: string
  calls: number
  errors: number
  /** Microseconds from arrival to answer, all calls together; estimated from samples. */
  micros: number
}

/**
 * The server side of ONC RPC (RFC 5531) for any number of programs: understands a call's header, credentials and
 * program, tells retransmissions from new calls, and lets the runner do the rest.
 */
export class Dispatcher implements MessageService {
  readonly #environment: Environment
  readonly #programs: Map<number, ServedProgram>
  readonly #replays: ReplayCache<ActiveCall>
  readonly #runner: CallRunner
  readonly #reader = new XdrReader()
  readonly #counts: DispatchCounts = {
    notRpc: 0,
    rpcMismatch: 0,
    authError: 0,
    progUnavail: 0,
    progMismatch: 0,
    procUnavail: 0,
    garbageArgs: 0,
    systemErr: 0,
    repeated: 0,
    joined: 0,
  }

  constructor(options: DispatcherOptions) {
    const { environment, logger } = options
    this.#environment = environment
    this.#programs = serve(options.programs)
    this.#replays = new ReplayCache(options.replayLimits)
    const log = new LimitedLog(logger, environment)
    this.#runner = new CallRunner(environment, log, this.#replays, options.replayMemory ?? null)
  }

  open(connection: MessageConnection): MessageSink {
    return new RpcSession(this, connection, this.#programs)
  }

  /** The same service with those of its programs alone that are served over UDP. */
  datagrams(): MessageService {
    const some = new Map([...this.#programs].filter(([, { datagrams }]) => datagrams))
    return { open: (connection) => new RpcSession(this, connection, some) }
  }

  /** Calls that wait for something now. */
  get heldCalls(): number {
    return this.#runner.heldCalls
  }

  /** Bytes of remembered answers. */
  get replayBytes(): number {
    return this.#replays.bytes
  }

  counts(): DispatchCounts {
    return { ...this.#counts, garbageArgs: this.#runner.garbageArgs, systemErr: this.#runner.systemErr }
  }

  /** The counters of every procedure that is served. */
  procedures(): ProcedureCounts[] {
    const rows: ProcedureCounts[] = []
    for (const { versions } of this.#programs.values()) {
      for (const procedures of versions.values()) {
        for (const served of procedures) {
          if (served === undefined) continue
          const { program, procedure, calls, errors, micros } = served
          rows.push({
            program: program.name,
            version: program.version,
            procedure: procedure.name,
            calls,
            errors,
            micros,
          })
        }
      }
    }
    return rows
  }

  /** See `MessageSink.batch`. */
  batch(): void {
    this.#runner.nowMs = this.#environment.monotonicMs()
  }

  /** See `MessageSink.message`: one record, which should be a call_body (RFC 5531 §9). */
  message(session: RpcSession, bytes: Uint8Array, start: number, end: number, isKeepable: boolean): boolean {
    const { connection } = session
    const reader = this.#reader.reset(bytes, start, end)
    if (end - start < VERSION_HEADER_BYTES) return this.#refuse(connection)
    const xid = reader.u32()
    if (reader.u32() !== msg_type.CALL) return this.#refuse(connection)
    if (reader.u32() !== RPC_VERS) {
      this.#counts.rpcMismatch++
      return answer(connection, (writer) => writeRpcMismatch(writer, xid))
    }
    if (end - start < CALL_HEADER_BYTES) return this.#refuse(connection)
    const program = reader.u32()
    const version = reader.u32()
    const procedure = reader.u32()
    const credentialStart = reader.position + AUTH_HEADER_BYTES
    const credentials = this.#authenticate(session, reader)
    if (credentials === null) {
      this.#counts.authError++
      return answer(connection, (writer) => writeAuthError(writer, xid, session.authFailure))
    }
    const served = this.#find(session, xid, program, version, procedure)
    if (served === null) return false

    const call = this.#runner.take(connection, served)
    call.xid = xid
    call.credentials = credentials
    call.address = connection.address
    call.port = connection.port
    call.bytes = bytes
    call.start = reader.position
    call.end = end
    call.isKeepable = isKeepable
    if (!served.procedure.idempotent) {
      const stampStart = credentials.flavour === auth_flavor.AUTH_SYS ? credentialStart : start + 4
      if (this.#isRepeated(call, credentials, start, stampStart)) return false
    }
    this.#runner.start(call)
    return call.lender !== null
  }

  #refuse(connection: MessageConnection): false {
    this.#counts.notRpc++
    connection.refuse('sent something that is no RPC call')
    return false
  }

  /**
   * Credential and verifier (RFC 5531 §8.2); null, and why in `session.authFailure`, when they are refused. AUTH_SYS
   * goes with an empty verifier (appendix A); what comes with AUTH_NONE means nothing.
   */
  #authenticate(session: RpcSession, reader: XdrReader): SessionCredentials | null {
    session.authFailure = auth_stat.AUTH_BADCRED
    if (reader.remaining < AUTH_HEADER_BYTES) return null
    const flavour = reader.u32()
    const length = reader.u32()
    if (length > MAX_AUTH_BYTES || padded(length) > reader.remaining) return null
    const bodyStart = reader.position
    reader.skip(length)
    session.authFailure = auth_stat.AUTH_BADVERF
    if (reader.remaining < AUTH_HEADER_BYTES) return null
    const verifierFlavour = reader.u32()
    const verifierLength = reader.u32()
    if (verifierLength > MAX_AUTH_BYTES || padded(verifierLength) > reader.remaining) return null
    reader.skip(verifierLength)
    const credentials = session.credentials.read(flavour, reader.bytes, bodyStart, length)
    if (credentials === null) {
      session.authFailure = session.credentials.failure
      return null
    }
    const hasVerifier = verifierFlavour !== auth_flavor.AUTH_NONE || verifierLength !== 0
    return flavour === auth_flavor.AUTH_SYS && hasVerifier ? null : credentials
  }

  /** The procedure; null when there is none, which has been answered then. */
  #find(
    { connection, programs }: RpcSession,
    xid: number,
    program: number,
    version: number,
    procedure: number,
  ): ServedProcedure | null {
    const entry = programs.get(program)
    if (entry === undefined) {
      this.#counts.progUnavail++
      answer(connection, (writer) => writeAccepted(writer, xid, accept_stat.PROG_UNAVAIL))
      return null
    }
    const procedures = entry.versions.get(version)
    if (procedures === undefined) {
      this.#counts.progMismatch++
      answer(connection, (writer) => writeProgMismatch(writer, xid, entry.low, entry.high))
      return null
    }
    const served = procedure < procedures.length ? procedures[procedure] : undefined
    if (served === undefined) {
      this.#counts.procUnavail++
      answer(connection, (writer) => writeAccepted(writer, xid, accept_stat.PROC_UNAVAIL))
      return null
    }
    return served
  }

  /**
   * True when the call is a retransmission and has been dealt with: an answer is repeated, and a call that is still
   * being worked on will be answered here. Otherwise the call is remembered from now on.
   *
   * The checksum covers the call's bytes after the xid, less four at `stampStart` (AUTH_SYS's stamp; without one, four
   * bytes of the constant message type).
   */
  #isRepeated(call: ActiveCall, credentials: SessionCredentials, start: number, stampStart: number): boolean {
    const { bytes, end, served } = call
    const head = crc32(view(bytes, start + 4, stampStart))
    const checksum = crc32(view(bytes, stampStart + STAMP_BYTES, end), head)
    const { key, high, low } = credentials.identityAt(call.address)
    const { program } = served.program
    const tag = { clientHigh: high, clientLow: low, program, procedure: served.number, xid: call.xid, checksum }
    const known = this.#replays.find(key, tag, this.#runner.nowMs)
    if (known === null) {
      call.replay = tag
      call.record = this.#replays.begin(key, tag, call)
      return false
    }
    if (known.owner !== null) {
      this.#counts.joined++
      known.owner.moveTo(call.connection)
    } else {
      this.#counts.repeated++
      answer(call.connection, (writer) => writer.append(known.answer as Uint8Array, []))
    }
    return true
  }
}

/** One connection's side of the dispatcher. */
class RpcSession implements MessageSink {
  readonly connection: MessageConnection
  readonly programs: ReadonlyMap<number, ServedProgram>
  readonly credentials = new CredentialCache()
  /** The auth_stat of the last call that was not let in. */
  authFailure: number = auth_stat.AUTH_BADCRED
  readonly #dispatcher: Dispatcher

  constructor(dispatcher: Dispatcher, connection: MessageConnection, programs: ReadonlyMap<number, ServedProgram>) {
    this.#dispatcher = dispatcher
    this.connection = connection
    this.programs = programs
  }

  batch(): void {
    this.#dispatcher.batch()
  }

  message(bytes: Uint8Array, start: number, end: number, isKeepable: boolean): boolean {
    return this.#dispatcher.message(this, bytes, start, end, isKeepable)
  }

  /** Calls that wait find out by themselves that nobody waits for their answers. */
  closed(): void {}
}

/** As `subarray`, in half the time. */
function view(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
}

/** Sends a message of a few words; always false: nothing was kept. */
function answer(connection: MessageConnection, write: (writer: OutWriter) => void): false {
  write(connection.beginMessage())
  connection.endMessage(null)
  return false
}
