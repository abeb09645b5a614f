import type { XdrReader } from '../../protocol/xdr/reader.ts'
import type { XdrWriter } from '../../protocol/xdr/writer.ts'
import type { Failure } from '../failure.ts'
import type { Transport } from '../net/message.ts'
import type { Barrier, ForwardedCall, ReplayTag } from '../operation.ts'

/** AUTH_SYS credentials as the client sent them (RFC 5531 appendix A); squashing is the export's business. */
export interface RpcCredentials {
  /** RPC flavour: 0 AUTH_NONE, 1 AUTH_SYS. With AUTH_NONE uid and gid are 65534 (nobody). */
  flavour: number
  uid: number
  gid: number
  gids: readonly number[]
  machineName: string
}

/** One call while it is being served. Reused: nothing may keep it after the reply, except through its barrier. */
export interface Call {
  xid: number
  credentials: RpcCredentials
  /** Peer address without port, IPv4 in dotted form also when it came over an IPv6 socket. */
  address: string
  port: number
  readonly transport: Transport
  /** Our own address that the call came to; as `address` in every other way. */
  readonly localAddress: string
  /** Set by the dispatcher for procedures that are not idempotent; handlers pass it into the operation's log record. */
  replay: ReplayTag | null
  /** Set by a handler: the encoded reply is held back until this is done. */
  barrier: Barrier | null
  /** Called when the reply's bytes have left the process (or never will): unpins pages. Set by a handler. */
  release: (() => void) | null
  /** What a handler has asked other movers, kept from one run of the call to the next. Null: nothing. */
  forwarded: ForwardedCall | null
  /** Called once when the call is over, in whatever way, and will not run again. Set by a handler; kept from run to run. */
  ended: (() => void) | null
}

/** Thrown by a handler whose call gets no result, and has changed nothing. */
export class NoResult {
  /** What is answered instead: an accept_stat without data (RFC 5531 §9). Null: nothing at all. */
  readonly stat: number | null

  constructor(stat: number | null) {
    this.stat = stat
  }
}

/**
 * One procedure of an RPC program. `handle` is synchronous: it returns the result, or throws `Suspend` having changed
 * nothing (the dispatcher decodes and runs it again), or sets `call.barrier` when the result must be held back.
 */
export interface Procedure<Args, Res> {
  name: string
  read(reader: XdrReader): Args
  write(writer: XdrWriter, result: Res): void
  handle(args: Args, call: Call): Res
  /** The result that tells the client of `failure`: for barriers that fail and for unexpected exceptions. Null: SYSTEM_ERR. */
  fail: ((failure: Failure) => Res) | null
  /** True: a retransmission may simply run again. False: the dispatcher keeps the reply and repeats it. */
  idempotent: boolean
  /**
   * For procedures that are not idempotent: the call has run before the mover was started, or at another mover, and its
   * durable record names the object that it made or changed. Returns the first answer again; as `handle` in every other
   * way.
   */
  replayed?: (objectIno: number, args: Args, call: Call) => Res
  /** For procedures with long replies: how long this one may get, in bytes. A call that waits is counted with that. */
  replyBytes?: (args: Args) => number
  /** True for a result that tells of a failure: counted as an error. */
  isError?: (result: Res) => boolean
}

/** A version of an RPC program: a table indexed by procedure number; holes answer PROC_UNAVAIL. */
export interface Program {
  program: number
  version: number
  name: string
  // biome-ignore lint/suspicious/noExplicitAny: a table of procedures with different argument types
  procedures: readonly (Procedure<any, any> | undefined)[]
  /** True: is served over UDP too, since its calls and replies are short, and some clients ask in no other way. */
  datagrams?: boolean
}
