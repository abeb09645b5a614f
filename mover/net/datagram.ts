import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Logger } from 'pino'
import type { Environment } from '../environment.ts'
import { type Lease, UNLIMITED } from '../lease.ts'
import { plainAddress } from './address.ts'
import { LimitedLog } from './limited-log.ts'
import type { MessageConnection, MessageService, MessageSink } from './message.ts'
import { OutWriter } from './out-writer.ts'
import { MAX_MESSAGE_BYTES } from './output-queue.ts'
import type { ListenAddress } from './server.ts'

/** Bounds on what datagrams can make a mover do. */
export interface DatagramLimits {
  /** Longest call; longer datagrams are dropped unread. A lock's names and handles may take 1 KiB each. */
  maxCallBytes: number
  /** Longest reply: one packet of any network, so that a forged source address gets no flood of fragments. */
  maxReplyBytes: number
  /** Calls that are not answered and replies that have not left; datagrams beyond are dropped. */
  maxUnfinished: number
}

export const DATAGRAM_LIMITS: Readonly<DatagramLimits> = {
  maxCallBytes: 8192,
  maxReplyBytes: 1232,
  maxUnfinished: 256,
}

/** What a datagram server has done so far. */
export interface DatagramStatistics {
  /** Datagrams that arrived. */
  datagrams: number
  /** Of those, the ones that got no reply: no calls, too long, or too many at a time. */
  droppedDatagrams: number
}

/**
 * Serves messages over UDP, one a datagram, each with at most one reply. A datagram counts as a connection of its own:
 * what is known of one client never reaches another, whose address may be forged.
 */
export class DatagramServer {
  readonly limits: DatagramLimits
  /** Calls that wait and replies that have not left. */
  unfinished = 0
  /** Where replies are built, one at a time. */
  readonly writer = new OutWriter(MAX_MESSAGE_BYTES)
  readonly #lease: Lease
  readonly #log: LimitedLog
  readonly #sockets = new Set<Socket>()
  readonly #counts: DatagramStatistics = { datagrams: 0, droppedDatagrams: 0 }

  constructor(
    environment: Environment,
    logger: Logger,
    limits: Partial<DatagramLimits> = {},
    lease: Lease = UNLIMITED,
  ) {
    this.#lease = lease
    this.limits = { ...DATAGRAM_LIMITS, ...limits }
    this.#log = new LimitedLog(logger, environment)
  }

  /**
   * Listens at the IP address `host` and UDP `port` (0: any free port). Rejects with Node's error when that cannot be.
   *
   * A reply leaves from the address that its call came to, or the client takes it for somebody else's. A socket that is
   * bound to all addresses would leave the choice to the routing table: so each has a socket of its own. Addresses that
   * this machine gets later are not served.
   */
  async listen(host: string, port: number, service: MessageService): Promise<ListenAddress> {
    const bound: Socket[] = []
    let chosen = port
    try {
      for (const address of boundAddresses(host)) {
        const socket = await bind(address, chosen)
        bound.push(socket)
        chosen = socket.address().port
      }
    } catch (error) {
      for (const socket of bound) socket.close()
      throw error
    }
    for (const socket of bound) this.#serve(socket, service)
    return { host, port: chosen }
  }

  /** Stops listening; replies that have not left are lost. */
  async close(): Promise<void> {
    const sockets = [...this.#sockets]
    this.#sockets.clear()
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(resolve))))
  }

  statistics(): DatagramStatistics {
    return { ...this.#counts }
  }

  /** Sends a copy of what `writer` holds, if it is short enough. Nobody learns of a reply that gets lost. */
  reply(socket: Socket, from: RemoteInfo): void {
    const { position, bytes, length } = this.writer
    if (length > this.limits.maxReplyBytes) {
      this.drop(from, `got a reply of ${length} bytes, too long for a datagram`)
      return
    }
    if (!this.#sockets.has(socket) || !this.#lease.isHeld) return
    this.unfinished++
    socket.send(bytes.slice(0, position), from.port, from.address, () => {
      this.unfinished--
    })
  }

  /** Counts and logs a datagram without reply; `reason` completes "dropped a datagram of …: it …". */
  drop({ address, port }: RemoteInfo, reason: string): void {
    this.#counts.droppedDatagrams++
    const client = plainAddress(address)
    this.#log.warn('datagram', client, () => `dropped a datagram of ${client} port ${port}: it ${reason}`)
  }

  #serve(socket: Socket, service: MessageService): void {
    const { address, port } = socket.address()
    socket.on('error', (error) => {
      this.#log.warn('datagrams', address, () => `cannot receive datagrams at ${address}:${port}: ${error.message}`)
    })
    socket.on('message', (bytes, from) => this.#received(socket, service, bytes, from))
    this.#sockets.add(socket)
  }

  #received(socket: Socket, service: MessageService, bytes: Uint8Array, from: RemoteInfo): void {
    const { maxCallBytes, maxUnfinished } = this.limits
    this.#counts.datagrams++
    if (bytes.length > maxCallBytes) this.drop(from, `is ${bytes.length} bytes long, more than ${maxCallBytes}`)
    else if (from.port === 0) this.drop(from, 'says no port to reply to')
    else if (this.unfinished >= maxUnfinished) this.drop(from, `came while ${maxUnfinished} others were being answered`)
    else new Datagram(this, socket, from).serve(service, bytes)
  }
}

/** Addresses of this machine: each that `host` stands for. */
function boundAddresses(host: string): string[] {
  const isAll = host === '::' || host === '0.0.0.0'
  if (!isAll) return [host]
  const found: string[] = []
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    for (const { address, family, scopeid } of addresses) {
      if (family === 'IPv6' && host === '0.0.0.0') continue
      found.push(scopeid ? `${address}%${name}` : address)
    }
  }
  return found
}

function bind(address: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', ipv6Only: isIPv6(address) })
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.bind({ address, port, exclusive: true }, () => resolve(socket))
  })
}

/** One datagram as the connection that its message came over. It is gone once the message has been dealt with. */
class Datagram implements MessageConnection {
  readonly transport = 'udp'
  readonly address: string
  readonly port: number
  open = true
  readonly #server: DatagramServer
  readonly #socket: Socket
  readonly #from: RemoteInfo
  #sink: MessageSink | null = null
  #isServing = false
  #inFlight = 0

  constructor(server: DatagramServer, socket: Socket, from: RemoteInfo) {
    this.#server = server
    this.#socket = socket
    this.#from = from
    this.address = plainAddress(from.address)
    this.port = from.port
  }

  get localAddress(): string {
    return this.#socket.address().address
  }

  /** Hands the message over; its reply leaves now or when the call has waited for what it needs. */
  serve(service: MessageService, bytes: Uint8Array): void {
    this.#isServing = true
    const sink = service.open(this)
    this.#sink = sink
    sink.batch()
    sink.message(bytes, 0, bytes.length, false)
    this.#isServing = false
    this.#closeIfDone()
  }

  beginMessage(): OutWriter {
    return this.#server.writer.reset()
  }

  endMessage(release: (() => void) | null): void {
    if (this.open) this.#server.reply(this.#socket, this.#from)
    this.open = false
    release?.()
  }

  cancelMessage(): void {
    this.#server.writer.reset()
  }

  hold(): void {
    this.#inFlight++
    this.#server.unfinished++
  }

  unhold(): void {
    this.#inFlight--
    this.#server.unfinished--
    this.#closeIfDone()
  }

  /** No buffer was ever handed over. */
  giveBack(): void {}

  refuse(reason: string): void {
    if (this.open) this.#server.drop(this.#from, reason)
    this.open = false
  }

  #closeIfDone(): void {
    if (this.#isServing || this.#inFlight > 0) return
    const sink = this.#sink
    this.#sink = null
    this.open = false
    sink?.closed()
  }
}
