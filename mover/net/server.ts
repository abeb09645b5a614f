import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from 'pino'
import type { Environment } from '../environment.ts'
import { type Lease, UNLIMITED } from '../lease.ts'
import { plainAddress } from './address.ts'
import { AssemblyBuffers } from './assembly-buffers.ts'
import { type CloseCause, Connection, type ConnectionHost } from './connection.ts'
import { KernelQueues } from './kernel-queues.ts'
import { LimitedLog } from './limited-log.ts'
import { DEFAULT_LIMITS, type NetLimits } from './limits.ts'
import type { MessageService } from './message.ts'
import { BatchPool } from './output-queue.ts'
import { readInto, receiveBuffer } from './receive.ts'
import { Sequel } from './sequel.ts'

/** Sweeps in the time that a stalled connection is given. */
const SWEEPS_PER_STALL = 4

/** Where a listener really listens. */
export interface ListenAddress {
  host: string
  port: number
}

/** What a server has done so far, for the metrics. */
export interface NetStatistics {
  /** Connections now. */
  connections: number
  accepted: number
  /** Connections that the server closed, by cause; `full`: beyond the limit on their number. */
  closed: Record<CloseCause | 'full', number>
  /** Memory kept for clients now: queued replies, calls that wait, input that rests. */
  keptBytes: number
  /** Buffers of partial records now. */
  assemblyBytes: number
}

/** All TCP listeners of a mover and their connections, under one set of limits. */
export class NetServer implements ConnectionHost {
  readonly limits: NetLimits
  readonly lease: Lease
  readonly buffers: AssemblyBuffers
  readonly batches = new BatchPool()
  totalBytes = 0
  readonly sequel: Sequel
  readonly #environment: Environment
  readonly #log: LimitedLog
  readonly #listeners = new Set<Server>()
  readonly #connections = new Set<Connection>()
  readonly #closedCounts = { refused: 0, stalled: 0, crowded: 0, shutdown: 0, full: 0 }
  readonly #receiveBuffer = receiveBuffer()
  #accepted = 0
  #awaited: Connection[] = []
  #stopSweeping: (() => void) | null = null
  #whenEmpty: (() => void) | null = null

  constructor(environment: Environment, logger: Logger, limits: Partial<NetLimits> = {}, lease: Lease = UNLIMITED) {
    this.lease = lease
    this.limits = { ...DEFAULT_LIMITS, ...limits }
    this.buffers = new AssemblyBuffers(this.limits.maxRecordBytes)
    this.#environment = environment
    this.sequel = new Sequel(environment)
    this.#log = new LimitedLog(logger, environment)
  }

  /**
   * Listens at `host` and `port` (0: any free port). Rejects with Node's error (EACCES, EADDRINUSE, EADDRNOTAVAIL)
   * when that cannot be.
   */
  listen(host: string, port: number, service: MessageService): Promise<ListenAddress> {
    const { keepAliveMs } = this.limits
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs }
    const server = createServer(options, (socket) => this.#accept(socket, service))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, backlog: 1024 }, () => {
        server.off('error', reject)
        server.on('error', (error) => {
          this.#log.warn('listener', host, () => `cannot accept connections at ${host}:${port}: ${error.message}`)
        })
        this.#listeners.add(server)
        const address = server.address()
        resolve({ host, port: typeof address === 'object' && address !== null ? address.port : port })
      })
    })
  }

  /** Stops listening and ends all connections; resolves when all are gone and nothing is kept for them. */
  async close(): Promise<void> {
    const closed = [...this.#listeners].map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    this.#listeners.clear()
    for (const connection of [...this.#connections]) connection.close('shutdown', 'is not needed any more')
    if (this.#connections.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve
      })
    }
    await Promise.all(closed)
  }

  /** The connections now. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections
  }

  statistics(): NetStatistics {
    return {
      connections: this.#connections.size,
      accepted: this.#accepted,
      closed: { ...this.#closedCounts },
      keptBytes: this.totalBytes,
      assemblyBytes: this.buffers.inUseBytes,
    }
  }

  wakeLater(connection: Connection): void {
    if (this.#awaited.push(connection) === 1) this.#environment.defer(this.#wakeAwaited)
  }

  makeRoom(byteCount: number, asking: Connection): void {
    while (this.buffers.inUseBytes + byteCount > this.limits.maxAssemblyBytes) {
      let silent: Connection | null = null
      for (const connection of this.#connections) {
        if (connection === asking || !connection.open || !connection.hasPartialRecord) continue
        if (silent === null || connection.lastArrival < silent.lastArrival) silent = connection
      }
      if (silent === null) return
      silent.close('crowded', 'has the oldest of too many records that arrived only in part')
    }
  }

  shed(asking: Connection): void {
    let silent: Connection | null = null
    for (const connection of this.#connections) {
      if (connection === asking || !connection.open || connection.keptBytes <= this.limits.shareBytes) continue
      if (silent === null || connection.lastArrival < silent.lastArrival) silent = connection
    }
    silent?.close(
      'crowded',
      `was silent longest of those for whom much is kept (${silent.keptBytes} bytes), and too much is kept for all`,
    )
  }

  closing(connection: Connection, cause: CloseCause, reason: string): void {
    this.#closedCounts[cause]++
    if (cause === 'shutdown') return
    const { address, port } = connection
    this.#log.warn(cause, address, () => `closed the connection of ${address} port ${port}: it ${reason}`)
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection)
    if (this.#connections.size > 0) return
    this.#stopSweeping?.()
    this.#stopSweeping = null
    this.#whenEmpty?.()
  }

  #accept(socket: Socket, service: MessageService): void {
    if (socket.remoteAddress === undefined) {
      socket.destroy()
      return
    }
    if (this.#connections.size >= this.limits.maxConnections) {
      const client = plainAddress(socket.remoteAddress)
      this.#closedCounts.full++
      socket.destroy()
      const limit = this.limits.maxConnections
      this.#log.warn('full', client, () => `closed a new connection of ${client}: all ${limit} connections are in use`)
      return
    }
    this.#accepted++
    let connection: Connection | null = null
    const reading = readInto(
      socket,
      () => connection?.receiveBuffer() ?? this.#receiveBuffer,
      (bytes, count) => connection?.received(bytes, count),
    )
    connection = new Connection(this, reading ?? socket, service, this.#environment.monotonicMs())
    if (reading === null) socket.on('data', (bytes) => connection?.received(bytes as Uint8Array, bytes.length))
    this.#connections.add(connection)
    if (this.#stopSweeping === null) this.#sweepLater()
  }

  #sweepLater(): void {
    this.#stopSweeping = this.#environment.timer(this.limits.stallMs / SWEEPS_PER_STALL, () => {
      this.#stopSweeping = null
      const nowMs = this.#environment.monotonicMs()
      const queues = new KernelQueues()
      const unacknowledged = (socket: Socket): number | null => queues.unacknowledged(socket)
      for (const connection of this.#connections) connection.sweep(nowMs, unacknowledged)
      if (this.#connections.size > 0) this.#sweepLater()
    })
  }

  readonly #wakeAwaited = (): void => {
    const awaited = this.#awaited
    this.#awaited = []
    for (const connection of awaited) connection.wake()
  }
}
