import { PMAP_PROG } from '../../../protocol/portmap/portmap.gen.ts'
import {
  accept_stat,
  auth_flavor,
  msg_type,
  RPC_VERS,
  readrpc_msg,
  reply_stat,
  writeauthsys_parms,
} from '../../../protocol/rpc/rpc.gen.ts'
import type { ProcedureCodec } from '../../../protocol/xdr/procedure.ts'
import { XdrReader } from '../../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../../protocol/xdr/writer.ts'
import type { Environment } from '../../environment.ts'
import { type Lease, UNLIMITED } from '../../lease.ts'
import type { Carrier, CarrierUser, Peer } from '../../net/carrier.ts'
import type { Transport } from '../../net/message.ts'

const TWO_32 = 4294967296
const MAX_CALL_BYTES = 16 * 1024
/** Hosts that are known to answer; one that is forgotten has to answer again. */
const MAX_ANSWERING = 1024

/** Bounds on calls of ours. */
export interface OutgoingLimits {
  /** Calls under way, to all hosts, to one, and to one that has not answered lately: many such must not take all the room. */
  maxCalls: number
  maxCallsPerHost: number
  maxCallsPerSilentHost: number
  /** A call that has no answer is sent again after this time, then after twice that, and so on. */
  firstRetryMs: number
  /** A call that has no answer by then has failed. */
  deadlineMs: number
}

export const OUTGOING_LIMITS: Readonly<OutgoingLimits> = {
  maxCalls: 512,
  maxCallsPerHost: 16,
  maxCallsPerSilentHost: 4,
  firstRetryMs: 1000,
  deadlineMs: 15_000,
}

/**
 * Why a call has no result. TIMEOUT: no answer; it may have been carried out. UNREACHABLE: nobody listens there, or can be
 * reached. REFUSED: the host has answered that it does not run it. GARBLED: the answer makes no sense. BUSY: too many calls are
 * under way.
 * CLOSED: we are ending.
 */
export type CallFailure = 'TIMEOUT' | 'UNREACHABLE' | 'REFUSED' | 'GARBLED' | 'BUSY' | 'CLOSED'

/** Called once, later: with a failure, or with null and the result; and how often the call may have arrived. */
export type Answered<Res> = (failure: CallFailure | null, result: Res | undefined, arrivals: number) => void

/** A procedure and its arguments. */
export interface OutgoingCall<Args, Res> {
  program: number
  version: number
  codec: ProcedureCodec<string, Args, Res>
  args: Args
  /** Once this is false it is not sent (any more), and has failed. */
  isWanted?: () => boolean
}

/** A call under way. */
interface Pending {
  readonly xid: number
  readonly program: number
  readonly peer: Peer
  readonly message: Uint8Array
  readonly startedMs: number
  readonly read: (reader: XdrReader) => unknown
  readonly done: Answered<unknown>
  readonly isWanted: (() => boolean) | undefined
  /** How often it may have arrived. */
  arrivals: number
  /** True while it is on its way over a stream, which loses nothing. */
  isSent: boolean
  /** True when a stream that it was sent over has ended. */
  wasLost: boolean
  waitMs: number
  cancelTimer: () => void
}

/** Calls of procedures of other hosts (RFC 5531 §9), by AUTH_SYS as the superuser; sent again until they are answered. */
export class OutgoingCalls implements CarrierUser {
  readonly #environment: Environment
  readonly #carriers: Readonly<Record<Transport, Carrier>>
  readonly #limits: OutgoingLimits
  readonly #lease: Lease
  readonly #credential: Uint8Array
  readonly #calls = new Map<number, Pending>()
  readonly #callsOfHost = new Map<string, number>()
  /** Hosts that have answered the last call that came to an end, the oldest first. */
  readonly #answering = new Set<string>()
  /** Who waits for room, by host; the host that has had none for longest first. */
  readonly #waiting = new Map<string, Set<() => void>>()
  readonly #writer = new XdrWriter(MAX_CALL_BYTES)
  readonly #reader = new XdrReader()
  /** Messages that wait for the lease. */
  #untold = 0
  #nextXid: number
  #isClosed = false

  /** `machineName` is what we call ourselves in credentials. Nothing is sent without the lease. */
  constructor(
    environment: Environment,
    machineName: string,
    carriers: (user: CarrierUser) => Readonly<Record<Transport, Carrier>>,
    limits: Partial<OutgoingLimits> = {},
    lease: Lease = UNLIMITED,
  ) {
    this.#lease = lease
    this.#environment = environment
    this.#limits = { ...OUTGOING_LIMITS, ...limits }
    this.#credential = superuser(machineName)
    const random = environment.randomBytes(4)
    this.#nextXid = new DataView(random.buffer, random.byteOffset).getUint32(0)
    this.#carriers = carriers(this)
  }

  /** Calls under way. */
  get size(): number {
    return this.#calls.size
  }

  /** Throws `XdrError` when the arguments do not fit the procedure. */
  call<Args, Res>(peer: Peer, call: OutgoingCall<Args, Res>, done: Answered<Res>): void {
    if (this.#isClosed || !this.#hasRoomFor(peer.host)) {
      const failure = this.#isClosed ? 'CLOSED' : 'BUSY'
      this.#environment.defer(() => done(failure, undefined, 0))
      return
    }
    const xid = this.#takeXid()
    const pending: Pending = {
      xid,
      program: call.program,
      peer,
      message: this.#encode(xid, call),
      startedMs: this.#environment.monotonicMs(),
      read: call.codec.readResult,
      done: done as Pending['done'],
      isWanted: call.isWanted,
      arrivals: 0,
      isSent: false,
      wasLost: false,
      waitMs: this.#limits.firstRetryMs,
      cancelTimer: () => {},
    }
    this.#calls.set(xid, pending)
    this.#callsOfHost.set(peer.host, (this.#callsOfHost.get(peer.host) ?? 0) + 1)
    this.#send(pending)
  }

  /**
   * For who has been BUSY: runs `task` later, as soon as there is room for a call to the host; not when we end before. Returns
   * what ends the wait.
   */
  whenRoom(host: string, task: () => void): () => void {
    // There may be room again by now.
    if (this.#hasRoomFor(host)) this.#environment.defer(() => this.#useRoom())
    // One of its own for each that waits, though they run the same.
    const waiting = (): void => task()
    const queue = this.#waiting.get(host) ?? new Set()
    this.#waiting.set(host, queue.add(waiting))
    return () => {
      if (queue.delete(waiting) && queue.size === 0) this.#waiting.delete(host)
    }
  }

  /** Sends a call whose answer, if there is one, means nothing. It is sent once, and may get lost. */
  tell<Args>(peer: Peer, call: OutgoingCall<Args, undefined>): void {
    // Who has no lease gets one soon, or ends: what is too much to be kept until then is lost.
    if (this.#isClosed || (!this.#lease.isHeld && this.#untold >= this.#limits.maxCalls)) return
    const message = this.#encode(this.#takeXid(), call)
    this.#untold++
    this.#lease.whenHeld(() => {
      this.#untold--
      if (!this.#isClosed && call.isWanted?.() !== false) this.#carriers[peer.transport].send(peer, message)
    })
  }

  /** All calls fail; nothing is sent any more. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const carrier of Object.values(this.#carriers)) carrier.close()
    this.#waiting.clear()
    for (const pending of [...this.#calls.values()]) this.#finish(pending, 'CLOSED')
  }

  received(transport: Transport, host: string, port: number, message: Uint8Array): void {
    if (message.length < 4) return
    const reader = this.#reader.reset(message, 0, message.length)
    const pending = this.#calls.get(new DataView(message.buffer, message.byteOffset).getUint32(0))
    if (pending === undefined) return
    const { peer } = pending
    if (peer.transport !== transport || peer.host !== host || peer.port !== port) return
    // A portmapper's answer tells nothing of the programs that it knows.
    if (pending.program !== PMAP_PROG) this.#answers(host)
    let failure: CallFailure | null = null
    let result: unknown
    try {
      if (isSuccess(reader)) {
        result = pending.read(reader)
        reader.expectEnd()
      } else {
        failure = 'REFUSED'
        pending.arrivals--
      }
    } catch {
      failure = 'GARBLED'
    }
    this.#finish(pending, failure, failure === null ? result : undefined)
  }

  /** A stream that has been idle may have ended long ago: a call is sent again at once, but not time and again. */
  lost(peer: Peer): void {
    for (const pending of [...this.#calls.values()]) {
      if (!pending.isSent || !isSame(pending.peer, peer)) continue
      pending.isSent = false
      if (pending.wasLost) continue
      pending.wasLost = true
      pending.cancelTimer()
      this.#send(pending)
    }
  }

  unreachable(peer: Peer): void {
    for (const pending of [...this.#calls.values()]) {
      if (!isSame(pending.peer, peer)) continue
      // What was lost with an earlier stream may have arrived.
      if (pending.isSent || peer.transport === 'udp') pending.arrivals--
      this.#finish(pending, 'UNREACHABLE')
    }
  }

  /** Sends a call, for the first time or again, and sets the time for the next look at it. */
  #send(pending: Pending): void {
    const { peer, message, isWanted } = pending
    if (isWanted?.() === false) {
      this.#finish(pending, 'TIMEOUT')
      return
    }
    // What may not leave now is sent when it is looked at next.
    if (!pending.isSent && this.#lease.isHeld) {
      pending.isSent = peer.transport === 'tcp'
      pending.arrivals++
      this.#carriers[peer.transport].send(peer, message)
    }
    const { deadlineMs } = this.#limits
    const leftMs = pending.startedMs + deadlineMs - this.#environment.monotonicMs()
    const waitMs = Math.min(pending.waitMs, leftMs)
    pending.waitMs *= 2
    pending.cancelTimer = this.#environment.timer(waitMs, () => {
      if (waitMs === leftMs) this.#finish(pending, 'TIMEOUT')
      else this.#send(pending)
    })
  }

  #finish(pending: Pending, failure: CallFailure | null, result?: unknown): void {
    const { xid, peer, done, arrivals } = pending
    pending.cancelTimer()
    if (failure === 'TIMEOUT') this.#answering.delete(peer.host)
    this.#calls.delete(xid)
    const ofHost = (this.#callsOfHost.get(peer.host) ?? 1) - 1
    if (ofHost === 0) this.#callsOfHost.delete(peer.host)
    else this.#callsOfHost.set(peer.host, ofHost)
    done(failure, result, arrivals)
    this.#useRoom()
  }

  #hasRoomFor(host: string): boolean {
    const { maxCalls, maxCallsPerHost, maxCallsPerSilentHost } = this.#limits
    const most = this.#answering.has(host) ? maxCallsPerHost : Math.min(maxCallsPerHost, maxCallsPerSilentHost)
    return this.#calls.size < maxCalls && (this.#callsOfHost.get(host) ?? 0) < most
  }

  #answers(host: string): void {
    this.#answering.delete(host)
    this.#answering.add(host)
    for (const oldest of this.#answering) {
      if (this.#answering.size <= MAX_ANSWERING) break
      this.#answering.delete(oldest)
    }
  }

  /** Hosts take turns. Those that are passed over have all their calls under way. */
  #useRoom(): void {
    for (const [host, queue] of this.#waiting) {
      if (this.#calls.size >= this.#limits.maxCalls) return
      if (!this.#hasRoomFor(host)) continue
      const [first] = queue
      queue.delete(first)
      this.#waiting.delete(host)
      // The loop comes to it again.
      if (queue.size > 0) this.#waiting.set(host, queue)
      first()
    }
  }

  #takeXid(): number {
    let xid: number
    do {
      xid = this.#nextXid
      this.#nextXid = (xid + 1) % TWO_32
    } while (this.#calls.has(xid))
    return xid
  }

  /** A call_body with its arguments (RFC 5531 §9). */
  #encode<Args>(xid: number, { program, version, codec, args }: OutgoingCall<Args, unknown>): Uint8Array {
    const writer = this.#writer.reset()
    writer.u32(xid)
    writer.u32(msg_type.CALL)
    writer.u32(RPC_VERS)
    writer.u32(program)
    writer.u32(version)
    writer.u32(codec.number)
    writer.u32(auth_flavor.AUTH_SYS)
    writer.opaque(this.#credential)
    writer.u32(auth_flavor.AUTH_NONE)
    writer.u32(0)
    codec.writeArgs(writer, args)
    return writer.bytes.slice(0, writer.position)
  }
}

/** Reads a reply up to its results; false when there are none. Throws `XdrError`. */
function isSuccess(reader: XdrReader): boolean {
  const { body } = readrpc_msg(reader)
  if (body.mtype !== msg_type.REPLY) return false
  const { rbody } = body
  return rbody.stat === reply_stat.MSG_ACCEPTED && rbody.areply.reply_data.stat === accept_stat.SUCCESS
}

function isSame(one: Peer, other: Peer): boolean {
  return (
    one.port === other.port &&
    one.host === other.host &&
    one.localAddress === other.localAddress &&
    one.transport === other.transport
  )
}

function superuser(machineName: string): Uint8Array {
  const writer = new XdrWriter(1024)
  writeauthsys_parms(writer, {
    stamp: 0,
    machinename: Buffer.from(machineName).subarray(0, 255),
    uid: 0,
    gid: 0,
    gids: [],
  })
  return writer.bytes.slice(0, writer.position)
}
