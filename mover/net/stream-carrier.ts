import { connect, type Socket } from 'node:net'
import { FRAGMENT_HEADER_BYTES, fragmentHeader } from '../../protocol/rpc/record.ts'
import type { Environment } from '../environment.ts'
import { type Lease, UNLIMITED } from '../lease.ts'
import { AssemblyBuffers } from './assembly-buffers.ts'
import type { Carrier, CarrierUser, Peer } from './carrier.ts'
import { DEFAULT_LIMITS, type NetLimits } from './limits.ts'
import { isPortTaken, localPorts } from './privileged-port.ts'
import { RecordAssembler } from './record-assembler.ts'

/** Answers are short: anything else is no answer to us. */
const LIMITS: NetLimits = { ...DEFAULT_LIMITS, maxRecordBytes: 64 * 1024, maxFragments: 16 }
/** Connections at a time; beyond, the one that has been idle longest is closed. */
const MAX_CONNECTIONS = 64
/** Who has not taken a connection by then cannot be reached; shorter than any call waits. */
const CONNECT_MS = 10_000
/** A connection that nothing has been sent over for so long is closed. */
const IDLE_MS = 60_000
/** Bytes that one peer may leave unread; what is sent beyond is dropped. */
const MAX_UNREAD_BYTES = 256 * 1024

/** Messages over TCP, one connection a peer, made when it is needed. */
export class StreamCarrier implements Carrier {
  readonly #environment: Environment
  readonly #user: CarrierUser
  readonly #lease: Lease
  /** By peer, the one that was used last at the end. */
  readonly #connections = new Map<string, PeerConnection>()

  constructor(environment: Environment, user: CarrierUser, lease: Lease = UNLIMITED) {
    this.#environment = environment
    this.#lease = lease
    this.#user = user
  }

  send(peer: Peer, message: Uint8Array): void {
    const key = keyOf(peer)
    const connection = this.#connections.get(key) ?? this.#open(key, peer)
    this.#connections.delete(key)
    this.#connections.set(key, connection)
    connection.send(message)
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close()
    this.#connections.clear()
  }

  #open(key: string, peer: Peer): PeerConnection {
    for (const [oldest, connection] of this.#connections) {
      if (this.#connections.size < MAX_CONNECTIONS) break
      this.#connections.delete(oldest)
      connection.close()
      const { peer: its } = connection
      this.#environment.defer(() => this.#user.lost(its))
    }
    const ended = (isReached: boolean): void => {
      if (this.#connections.get(key) === connection) this.#connections.delete(key)
      if (isReached) this.#user.lost(peer)
      else this.#user.unreachable(peer)
    }
    const received = (message: Uint8Array): void => this.#user.received('tcp', peer.host, peer.port, message)
    const connection = new PeerConnection(this.#environment, this.#lease, peer, received, ended)
    return connection
  }
}

function keyOf({ localAddress, host, port }: Peer): string {
  return `${localAddress} ${host} ${port}`
}

/** One connection of ours. */
class PeerConnection {
  readonly peer: Peer
  readonly #environment: Environment
  readonly #lease: Lease
  readonly #received: (message: Uint8Array) => void
  /** Told once, later, that the connection is over, and whether it had come about. */
  readonly #ended: (isReached: boolean) => void
  readonly #input = new RecordAssembler(LIMITS, new AssemblyBuffers(LIMITS.maxRecordBytes), () => {})
  /** What was sent before there was a connection. */
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  /** Once there is a connection. */
  #socket: Socket | null = null
  /** Until there is one. */
  #connecting: Socket | null = null
  #isClosed = false
  /** Of the time in which there must be a connection, or something to send over it. */
  #cancelTimer: () => void

  constructor(
    environment: Environment,
    lease: Lease,
    peer: Peer,
    received: (message: Uint8Array) => void,
    ended: (isReached: boolean) => void,
  ) {
    this.peer = peer
    this.#lease = lease
    this.#environment = environment
    this.#received = received
    this.#ended = ended
    const [high, low] = environment.randomBytes(2)
    this.#cancelTimer = environment.timer(CONNECT_MS, () => this.#end(false))
    this.#connect(localPorts(high * 256 + low))
  }

  send(message: Uint8Array): void {
    const record = Buffer.allocUnsafe(FRAGMENT_HEADER_BYTES + message.length)
    record.writeUInt32BE(fragmentHeader(message.length, true))
    record.set(message, FRAGMENT_HEADER_BYTES)
    const unread = this.#socket?.writableLength ?? this.#waitingBytes
    if (unread + record.length > MAX_UNREAD_BYTES) return
    if (this.#socket !== null) {
      this.#socket.write(record)
      this.#awaitIdle()
    } else {
      this.#waiting.push(record)
      this.#waitingBytes += record.length
    }
  }

  close(): void {
    this.#isClosed = true
    this.#cancelTimer()
    this.#connecting?.destroy()
    this.#socket?.destroy()
  }

  #connect(ports: readonly number[]): void {
    const [localPort, ...others] = ports
    const { host, port, localAddress } = this.peer
    const socket = connect({ host, port, localAddress, localPort, noDelay: true })
    this.#connecting = socket
    const refused = (error: Error): void => {
      if (this.#isClosed) return
      if (isPortTaken(error) && others.length > 0) this.#connect(others)
      else this.#end(false)
    }
    socket.once('error', refused)
    socket.once('connect', () => {
      socket.off('error', refused)
      socket.on('error', () => {})
      this.#connecting = null
      if (this.#isClosed) socket.destroy()
      else this.#serve(socket)
    })
  }

  #serve(socket: Socket): void {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('close', () => this.#end(true))
    // What waited may not leave any more: it counts as lost.
    if (this.#lease.isHeld) for (const record of this.#waiting) socket.write(record)
    else socket.destroy()
    this.#waiting = []
    this.#awaitIdle()
  }

  #take(bytes: Uint8Array): void {
    const input = this.#input
    try {
      input.feed(bytes)
      while (!this.#isClosed && input.next()) {
        this.#received(
          new Uint8Array(input.bytes.buffer, input.bytes.byteOffset + input.start, input.end - input.start),
        )
        input.release()
      }
    } catch {
      // What it sends are no records.
      this.#socket?.destroy()
    }
  }

  #awaitIdle(): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#environment.timer(IDLE_MS, () => this.#socket?.destroy())
  }

  #end(isReached: boolean): void {
    if (this.#isClosed) return
    this.close()
    this.#ended(isReached)
  }
}
