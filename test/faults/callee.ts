import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import type { Transport } from '../../mover/net/message.ts'
import { NLM_PROG } from '../../protocol/nlm4/nlm.gen.ts'
import { PMAP_PROG } from '../../protocol/portmap/portmap.gen.ts'
import { readrpc_msg } from '../../protocol/rpc/rpc.gen.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'
import { record } from '../unit/rpc-support.ts'

/** A call that has come to a client's host. */
export interface Called {
  transport: Transport
  program: number
  version: number
  procedure: number
  /** The rest of the message: its arguments. */
  args: XdrReader
  /** Sends this as the answer, with a record mark over TCP. */
  send(message: Uint8Array): void
  /** Sends results as a call's success (RFC 5531 §9). */
  reply(...results: number[]): void
  /** Sends anything, also what is no record. */
  raw(bytes: Uint8Array): void
  /** Ends a connection; nothing over UDP. */
  hangUp(): void
}

/** What a host does when it is called. */
export type Manner = (called: Called) => void

/** A client's host as a mover calls it back: TCP and UDP at one port of an address of this machine. */
export class Callee {
  readonly #manner: Manner
  readonly #server: Server
  readonly #udp: Datagrams = createSocket('udp4')
  readonly #sockets = new Set<Socket>()
  /** Calls of the lock manager so far, by procedure number. */
  readonly told: number[] = []

  private constructor(manner: Manner) {
    this.#manner = manner
    // Else the second of two answers waits in real time, while the test's goes on.
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket))
    this.#udp.on('message', (message, { address, port }) => {
      const raw = (bytes: Uint8Array): void => this.#udp.send(bytes, port, address)
      this.#called('udp', message, { send: raw, raw, hangUp: () => {} })
    })
  }

  static async open(host: string, port: number, manner: Manner): Promise<Callee> {
    const callee = new Callee(manner)
    await new Promise<void>((resolve) => callee.#server.listen(port, host, resolve))
    await new Promise<void>((resolve) => callee.#udp.bind(port, host, resolve))
    return callee
  }

  close(): void {
    this.#udp.close()
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    let received: Buffer = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes])
      while (received.length >= 4) {
        const end = 4 + (received.readUInt32BE(0) & 0x7fffffff)
        if (received.length < end) break
        const message = received.subarray(4, end)
        received = received.subarray(end)
        const raw = (data: Uint8Array): void => void socket.write(data)
        const send = (data: Uint8Array): void => raw(record(data))
        this.#called('tcp', message, { send, raw, hangUp: () => socket.destroy() })
      }
    })
  }

  #called(transport: Transport, message: Uint8Array, ways: Pick<Called, 'send' | 'raw' | 'hangUp'>): void {
    const args = new XdrReader().reset(message, 0, message.length)
    const { xid, body } = readrpc_msg(args)
    if (body.mtype !== 0) return
    const { prog: program, vers: version, proc: procedure } = body.cbody
    if (program === NLM_PROG) this.told.push(procedure)
    const reply = (...results: number[]): void => ways.send(success(xid, results))
    this.#manner({ transport, program, version, procedure, args, reply, ...ways })
  }
}

/** Answers as a portmapper of which all programs are at its own port; the lock manager there has a manner of its own. */
export function portmapperOf(port: number, lockManager: Manner): Manner {
  return (called) => {
    if (called.program === PMAP_PROG) called.reply(port)
    else lockManager(called)
  }
}

/** An xid of nobody is 0. */
export function success(xid: number, results: readonly number[]): Uint8Array {
  const writer = new XdrWriter(1024)
  for (const word of [xid, 1, 0, 0, 0, 0, ...results]) writer.u32(word)
  return writer.bytes.slice(0, writer.position)
}
