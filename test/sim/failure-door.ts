import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import type { Failure } from '../../mover/failure.ts'
import { newOperation, type Operation } from '../../mover/files/service.ts'
import type { Lease } from '../../mover/lease.ts'
import { AssemblyBuffers } from '../../mover/net/assembly-buffers.ts'
import { Connection, type ConnectionHost } from '../../mover/net/connection.ts'
import { DEFAULT_LIMITS } from '../../mover/net/limits.ts'
import { BatchPool } from '../../mover/net/output-queue.ts'
import { Sequel } from '../../mover/net/sequel.ts'
import { Replayed } from '../../mover/operation.ts'
import { Dispatcher } from '../../mover/rpc/dispatch.ts'
import type { Procedure, Program } from '../../mover/rpc/program.ts'
import type { ReplayMemory } from '../../mover/rpc/runner.ts'
import { fragmentHeader } from '../../protocol/rpc/record.ts'
import { accept_stat, msg_type, RPC_VERS } from '../../protocol/rpc/rpc.gen.ts'
import type { Attempt } from './failure-attempts.ts'
import type { Process } from './process.ts'

/** Calls of it have no arguments: what they are to do is known by their client and their xid. */
const PROGRAM = { program: 100_003, version: 3, name: 'simulated' }
const [OFTEN, ONCE] = [1, 2]
const HEADER_BYTES = 4
/** xid, type, version, program, version, procedure, empty credential and verifier (RFC 5531 §9). */
const CALL_BYTES = 40
/** xid, type, reply_stat, empty verifier, accept_stat, and which outcome it is. */
const REPLY_BYTES = 28

/** Memory of all movers: there is one world at a time. */
const BUFFERS = new AssemblyBuffers(DEFAULT_LIMITS.maxRecordBytes)
const BATCHES = new BatchPool()

/** What a call of a client comes to: `value` as `attempt` returned it, unless it was carried out before. */
export type Outcome<T> = { failure: Failure; value: null } | { failure: null; value: T | null }

const CARRIED_OUT: Outcome<unknown> = { failure: null, value: null }

/** A call of a client as it is sent. */
export interface SentCall<T> {
  /** The client's number, from 1. */
  readonly client: number
  /** Of the client's calls: the same when it is sent again. */
  readonly xid: number
  /** It is not idempotent: a repetition must be known as one. */
  readonly isOnce: boolean
  readonly attempt: Attempt<T>
}

type Reply = (outcome: Outcome<unknown>) => void

export interface DoorOptions {
  readonly process: Process
  readonly lease: Lease
  readonly logger: Logger
  readonly replayMemory: ReplayMemory
  /** One run of a call. */
  readonly perform: (attempt: Attempt<unknown>, op: Operation) => Outcome<unknown>
  /** Something is about to leave for a client. */
  readonly leaving: () => void
}

/** Where a mover's clients call: the product's connections and dispatcher, over sockets that are not there. */
export class Door implements ConnectionHost {
  readonly limits = DEFAULT_LIMITS
  readonly lease: Lease
  readonly buffers = BUFFERS
  readonly batches = BATCHES
  totalBytes = 0
  readonly sequel: Sequel
  readonly dispatcher: Dispatcher
  readonly options: DoorOptions
  /** What replies say, by the numbers that stand in them. */
  readonly outcomes: Outcome<unknown>[] = []
  /** By address. */
  readonly #clients = new Map<string, ClientSocket>()
  #awaited: Connection[] = []

  constructor(options: DoorOptions) {
    const { process: environment, lease, logger, replayMemory } = options
    this.options = options
    this.lease = lease
    this.sequel = new Sequel(environment)
    const procedures: Program['procedures'] = [undefined, this.#procedure(false), this.#procedure(true)]
    this.dispatcher = new Dispatcher({ environment, logger, replayMemory, programs: [{ ...PROGRAM, procedures }] })
  }

  /** A call arrives. `reply` is called whenever it is answered, which may be once for two that are the same. */
  receive<T>(call: SentCall<T>, reply: (outcome: Outcome<T>) => void): void {
    const address = `10.0.0.${call.client}`
    let client = this.#clients.get(address)
    if (client === undefined) {
      client = new ClientSocket(this, address)
      this.#clients.set(address, client)
    }
    client.receive(call as SentCall<unknown>, reply as Reply)
  }

  /** As `serve` of NFS' procedures. */
  #procedure(isOnce: boolean): Procedure<undefined, Outcome<unknown>> {
    return {
      name: isOnce ? 'ONCE' : 'OFTEN',
      read: () => undefined,
      write: (writer, outcome) => writer.u32(this.outcomes.push(outcome) - 1),
      handle: (_, call) => {
        const op = newOperation({ uid: 0, gid: 0, gids: [] }, false)
        op.replay = call.replay
        op.forwarded = call.forwarded
        op.forwarded?.rewind()
        const attempt = this.#clients.get(call.address)?.attempts.get(call.xid) as Attempt<unknown>
        try {
          return this.options.perform(attempt, op)
        } catch (error) {
          if (isOnce && error instanceof Replayed) return CARRIED_OUT
          throw error
        } finally {
          call.barrier = op.barrier
          call.forwarded = op.forwarded
        }
      },
      fail: (failure) => ({ failure, value: null }),
      idempotent: !isOnce,
      ...(isOnce && { replayed: () => CARRIED_OUT }),
    }
  }

  // ConnectionHost, as `NetServer`

  wakeLater(connection: Connection): void {
    if (this.#awaited.push(connection) > 1) return
    this.options.process.defer(() => {
      const awaited = this.#awaited
      this.#awaited = []
      for (const one of awaited) one.wake()
    })
  }

  makeRoom(): void {}

  shed(): void {}

  closing(): void {}

  closed(): void {}
}

/** The mover's side of a client's connection. */
class ClientSocket {
  readonly attempts = new Map<number, Attempt<unknown>>()
  readonly #replies = new Map<number, Reply>()
  readonly #door: Door
  readonly #connection: Connection
  /** A little longer than a call: there is no more to read. */
  readonly #input = new Uint8Array(HEADER_BYTES + CALL_BYTES + 1)

  constructor(door: Door, remoteAddress: string) {
    this.#door = door
    const nothing = (): void => {}
    const socket = {
      ...{ remoteAddress, remotePort: 700, localAddress: '10.0.1.1' },
      ...{ on: nothing, pause: nothing, resume: nothing, end: nothing, destroy: nothing },
      ...{ cork: nothing, uncork: nothing },
      write: (bytes: Uint8Array, written: () => void) => this.#leave(bytes, written),
    }
    const nowMs = door.options.process.monotonicMs()
    this.#connection = new Connection(door, socket as unknown as Socket, door.dispatcher, nowMs)
  }

  receive({ xid, isOnce, attempt }: SentCall<unknown>, reply: Reply): void {
    this.attempts.set(xid, attempt)
    this.#replies.set(xid, reply)
    const { program, version } = PROGRAM
    const words = [xid, msg_type.CALL, RPC_VERS, program, version, isOnce ? ONCE : OFTEN, 0, 0, 0, 0]
    const view = new DataView(this.#input.buffer)
    for (const [i, word] of [fragmentHeader(CALL_BYTES, true), ...words].entries()) view.setUint32(4 * i, word)
    this.#connection.received(this.#input, HEADER_BYTES + CALL_BYTES)
  }

  /** Replies leave the process. */
  #leave(bytes: Uint8Array, written: () => void): void {
    const { process, leaving } = this.#door.options
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    leaving()
    for (let at = HEADER_BYTES; at < bytes.length; at += REPLY_BYTES + HEADER_BYTES) {
      if (view.getUint32(at + 20) !== accept_stat.SUCCESS) throw new Error('a call is not carried out')
      const reply = this.#replies.get(view.getUint32(at))
      const outcome = this.#door.outcomes[view.getUint32(at + 24)]
      process.emit(() => reply?.(outcome))
    }
    process.defer(written)
  }
}
