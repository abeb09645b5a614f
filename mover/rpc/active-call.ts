import type { Splice } from '../../protocol/xdr/writer.ts'
import type { ReplayRecord } from '../clients/replay-cache.ts'
import type { MessageConnection, Transport } from '../net/message.ts'
import type { Barrier, ForwardedCall, ReplayTag } from '../operation.ts'
import type { Call, RpcCredentials } from './program.ts'
import type { ServedProcedure } from './served.ts'

const NO_BYTES = new Uint8Array(0)
/** A READ's arguments, and a LOOKUP's of most names. */
const KEPT_BYTES = 128
const NOBODY: RpcCredentials = { flavour: 0, uid: 65534, gid: 65534, gids: [], machineName: '' }
const NO_SPLICES: readonly Splice[] = []

/** An answer that is not in its connection's output yet. */
export interface HeldReply {
  bytes: Uint8Array
  splices: readonly Splice[]
}

export const NO_REPLY: HeldReply = { bytes: NO_BYTES, splices: NO_SPLICES }

/** A call with what the dispatcher needs to run it again, and to answer it later. */
export class ActiveCall implements Call {
  xid = 0
  credentials: RpcCredentials = NOBODY
  address = ''
  port = 0
  replay: ReplayTag | null = null
  barrier: Barrier | null = null
  release: (() => void) | null = null
  forwarded: ForwardedCall | null = null
  ended: (() => void) | null = null

  /** Where the answer goes: for a retransmitted call the newest connection that it came over. */
  connection: MessageConnection
  served: ServedProcedure
  /** Short arguments are kept here, of one call after the other. */
  readonly #kept = new Uint8Array(KEPT_BYTES)
  /** The arguments: `bytes[start, end)`. */
  bytes: Uint8Array = NO_BYTES
  start = 0
  end = 0
  /** True while `bytes` is a buffer that the connection may hand over. */
  isKeepable = false
  /** The connection whose buffer `bytes` is, to be given back. */
  lender: MessageConnection | null = null
  /** True once the call is answered later than in the tick of its arrival, and counted by its connection. */
  isHeld = false
  heldBytes = 0
  /** Distinguishes what the call waits for now from what it, or an earlier user of this object, waited for. */
  turn = 0
  startedMs = 0
  record: ReplayRecord<ActiveCall> | null = null
  reply: HeldReply = NO_REPLY

  constructor(connection: MessageConnection, served: ServedProcedure) {
    this.connection = connection
    this.served = served
  }

  get transport(): Transport {
    return this.connection.transport
  }

  get localAddress(): string {
    return this.connection.localAddress
  }

  /** Keeps the call's bytes beyond the tick of its arrival: takes the buffer over or copies the arguments. */
  keepBytes(): void {
    if (this.isKeepable) {
      this.lender = this.connection
      return
    }
    const length = this.end - this.start
    if (length > KEPT_BYTES) this.bytes = this.bytes.slice(this.start, this.end)
    else {
      for (let i = 0; i < length; i++) this.#kept[i] = this.bytes[this.start + i]
      this.bytes = this.#kept
    }
    this.start = 0
    this.end = length
  }

  /** The arguments are not needed any more. */
  dropBytes(): void {
    this.lender?.giveBack(this.bytes)
    this.lender = null
    this.bytes = NO_BYTES
    this.isKeepable = false
  }

  /** Counts the call as unfinished on its connection, with `byteCount` bytes kept for it. */
  hold(byteCount: number): void {
    if (this.isHeld) this.connection.unhold(this.heldBytes)
    this.isHeld = true
    this.heldBytes = byteCount
    this.connection.hold(byteCount)
  }

  /** The answer goes to `connection` instead: the client has sent the call again, there. */
  moveTo(connection: MessageConnection): void {
    if (connection === this.connection) return
    if (this.isHeld) {
      this.connection.unhold(this.heldBytes)
      connection.hold(this.heldBytes)
    }
    this.connection = connection
  }

  /** The call is over: lets go of everything. */
  clear(): void {
    this.turn++
    if (this.isHeld) this.connection.unhold(this.heldBytes)
    this.dropBytes()
    this.isHeld = false
    this.heldBytes = 0
    this.replay = null
    this.barrier = null
    this.release = null
    this.forwarded = null
    this.record = null
    this.reply = NO_REPLY
    const { ended } = this
    this.ended = null
    ended?.()
  }
}
