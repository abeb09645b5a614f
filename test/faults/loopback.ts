import { connect, type Socket } from 'node:net'
import type { Timestamp } from '../../mover/environment.ts'
import type { NetLimits } from '../../mover/net/limits.ts'
import { NetServer } from '../../mover/net/server.ts'
import { RealEnvironment } from '../../mover/real-environment.ts'
import { Dispatcher } from '../../mover/rpc/dispatch.ts'
import { callMessage, memoryLogger, messagesOf, record } from '../unit/rpc-support.ts'
import { TOY, Toy, ToyWorld, toyProgram } from '../unit/rpc-toy.ts'

/** The real machine, but with a clock and timers that only a test moves. */
export class ManualClock extends RealEnvironment {
  #nowMs = 0
  readonly #timers = new Set<{ atMs: number; task: () => void }>()

  override monotonicMs(): number {
    return this.#nowMs
  }

  override wallMs(): number {
    return this.#nowMs
  }

  override wallTime(out: Timestamp): void {
    out.sec = Math.floor(this.#nowMs / 1000)
    out.nsec = 0
  }

  override timer(delayMs: number, task: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, task }
    this.#timers.add(entry)
    return () => this.#timers.delete(entry)
  }

  /** Moves the clock on and runs what falls due, in its order. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#timers.delete(due)
      this.#nowMs = due.atMs
      due.task()
    }
    this.#nowMs = untilMs
  }

  get timerCount(): number {
    return this.#timers.size
  }
}

/** Waits until `condition` holds, however long that takes: the test's own limit is the only one. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** A raw TCP client. */
export class Client {
  readonly socket: Socket
  isClosed = false
  hasEnded = false
  #received: Uint8Array[] = []

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    this.socket.on('data', (chunk: Uint8Array) => this.#received.push(chunk))
    this.socket.on('end', () => {
      this.hasEnded = true
    })
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.isClosed = true
    })
  }

  static async open(port: number): Promise<Client> {
    const client = new Client(port)
    await until(() => client.socket.readyState === 'open' || client.isClosed)
    return client
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  /** All replies so far; the last one may not be cut off. */
  get replies(): Uint8Array[] {
    return messagesOf(Buffer.concat(this.#received))
  }

  /** Bytes received so far. */
  get receivedBytes(): number {
    return this.#received.reduce((sum, chunk) => sum + chunk.length, 0)
  }

  /** The server has closed the connection, orderly or not. */
  get isGone(): boolean {
    return this.hasEnded || this.isClosed
  }

  async close(): Promise<void> {
    this.socket.destroy()
    await until(() => this.isClosed)
  }
}

/** A real listener on a free port of the loopback, with the toy program behind it. */
export async function listen(limits: Partial<NetLimits> = {}) {
  const clock = new ManualClock()
  const { logger, lines } = memoryLogger()
  const world = new ToyWorld()
  const dispatcher = new Dispatcher({ environment: clock, logger, programs: [toyProgram(world)] })
  const server = new NetServer(clock, logger, limits)
  const { port } = await server.listen('127.0.0.1', 0, dispatcher)

  /** A client of its own is served: the server is well. */
  const isServing = async (): Promise<boolean> => {
    const client = await Client.open(port)
    client.send(record(callMessage({ xid: 77, program: TOY, version: 3, procedure: Toy.NULL })))
    await until(() => client.receivedBytes >= 28 || client.isGone)
    const isServed = client.replies.length === 1 && Buffer.from(client.replies[0]).readUInt32BE(0) === 77
    await client.close()
    return isServed
  }

  /** Everything that a client may leave behind, which must be zero when all are gone. */
  const leftovers = () => ({
    connections: server.statistics().connections,
    keptBytes: server.statistics().keptBytes,
    assemblyBytes: server.statistics().assemblyBytes,
    pins: world.pins,
    heldCalls: dispatcher.heldCalls,
  })

  /** All clients are gone and nothing was left behind. */
  const settled = async () => {
    await until(() => server.connections.size === 0)
    await new Promise((resolve) => setImmediate(resolve))
    return leftovers()
  }
  return { clock, lines, world, dispatcher, server, port, isServing, leftovers, settled }
}

/** What `settled` answers when nothing was left behind. */
export const NOTHING = { connections: 0, keptBytes: 0, assemblyBytes: 0, pins: 0, heldCalls: 0 }

export function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A record that calls a procedure of the toy program whose argument is one number. */
export function toyCall(xid: number, procedure: number, value: number): Uint8Array {
  return record(callMessage({ xid, program: TOY, version: 3, procedure, args: number(value) }))
}

/** A record that calls ECHO with `length` bytes. */
export function echoCall(xid: number, length: number): Uint8Array {
  const args = Buffer.concat([number(length), new Uint8Array(Math.ceil(length / 4) * 4)])
  return record(callMessage({ xid, program: TOY, version: 3, procedure: Toy.ECHO, args }))
}
