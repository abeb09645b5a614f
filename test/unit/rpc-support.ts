import { type Logger, pino } from 'pino'
import type { MessageConnection, MessageSink, Transport } from '../../mover/net/message.ts'
import type { OutWriter } from '../../mover/net/out-writer.ts'
import { BatchPool, OutputQueue } from '../../mover/net/output-queue.ts'
import { auth_flavor, msg_type, RPC_VERS } from '../../protocol/rpc/rpc.gen.ts'
import { XdrReader } from '../../protocol/xdr/reader.ts'
import { XdrWriter } from '../../protocol/xdr/writer.ts'

const MAX_BYTES = 4 * 1024 * 1024

/** A logger that remembers its lines. */
export function memoryLogger(): { logger: Logger; lines: { level: number; msg: string; client?: string }[] } {
  const lines: { level: number; msg: string; client?: string }[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  return { logger, lines }
}

/** Bytes from hexadecimal digits; whatever follows a # up to the end of its line is a comment. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/#.*$/gm, '').replace(/\s/g, ''), 'hex'))
}

/** A flavour and body as they stand on the wire (RFC 5531 §8.2 opaque_auth). */
export interface Auth {
  flavour: number
  body: Uint8Array
}

export const NO_AUTH: Auth = { flavour: auth_flavor.AUTH_NONE, body: new Uint8Array(0) }

export interface SysCredential {
  stamp?: number
  machine?: string
  uid?: number
  gid?: number
  gids?: number[]
}

/** An AUTH_SYS credential (RFC 5531 appendix A). */
export function sysAuth({
  stamp = 0,
  machine = 'client1',
  uid = 1000,
  gid = 100,
  gids = [],
}: SysCredential = {}): Auth {
  const writer = new XdrWriter(MAX_BYTES)
  writer.u32(stamp)
  writer.opaque(Buffer.from(machine))
  writer.u32(uid)
  writer.u32(gid)
  writer.u32(gids.length)
  for (const id of gids) writer.u32(id)
  return { flavour: auth_flavor.AUTH_SYS, body: writer.bytes.slice(0, writer.position) }
}

export interface CallMessage {
  xid?: number
  rpcvers?: number
  program: number
  version: number
  procedure: number
  credential?: Auth
  verifier?: Auth
  args?: Uint8Array
}

/** A call without record mark (RFC 5531 §9). */
export function callMessage(call: CallMessage): Uint8Array {
  const { credential = NO_AUTH, verifier = NO_AUTH } = call
  const writer = new XdrWriter(MAX_BYTES)
  writer.u32(call.xid ?? 1)
  writer.u32(msg_type.CALL)
  writer.u32(call.rpcvers ?? RPC_VERS)
  writer.u32(call.program)
  writer.u32(call.version)
  writer.u32(call.procedure)
  for (const { flavour, body } of [credential, verifier]) {
    writer.u32(flavour)
    writer.opaque(body)
  }
  if (call.args !== undefined) writer.opaqueFixed(call.args)
  return writer.bytes.slice(0, writer.position)
}

/** The message as a record of one fragment (RFC 5531 §11). */
export function record(message: Uint8Array): Uint8Array {
  const writer = new XdrWriter(MAX_BYTES)
  writer.u32(0x80000000 + message.length)
  return Buffer.concat([writer.bytes.subarray(0, 4), message])
}

/** Cuts bytes into the messages of whole records of one fragment each. */
export function messagesOf(bytes: Uint8Array): Uint8Array[] {
  const reader = new XdrReader().reset(bytes, 0, bytes.length)
  const messages: Uint8Array[] = []
  while (reader.remaining > 0) {
    const header = reader.u32()
    if (header < 0x80000000) throw new Error('a fragment that is not the last')
    const length = header - 0x80000000
    messages.push(bytes.slice(reader.position, reader.position + length))
    reader.position += length
  }
  return messages
}

/** A connection without a socket: what is written stays under way until `drain`. */
export class FakeConnection implements MessageConnection {
  readonly address: string
  readonly port: number
  transport: Transport = 'tcp'
  localAddress = '10.0.0.254'
  open = true
  inFlight = 0
  heldBytes = 0
  readonly refusals: string[] = []
  readonly givenBack: Uint8Array[] = []
  #sink: MessageSink | null = null
  #written: (() => void)[] = []
  #bytes: Uint8Array[] = []
  readonly #queue: OutputQueue

  constructor(address = '10.0.0.1', port = 700) {
    this.address = address
    this.port = port
    const socket = {
      cork: () => {},
      uncork: () => {},
      write: (bytes: Uint8Array, written?: () => void) => {
        this.#bytes.push(bytes.slice())
        if (written !== undefined) this.#written.push(written)
      },
    }
    this.#queue = new OutputQueue(socket, new BatchPool(), () => {})
  }

  /** Its other end, as the service has opened it. */
  attach(sink: MessageSink): this {
    this.#sink = sink
    return this
  }

  /** One message arrives. Its buffer is overwritten afterwards, unless it was kept; that is the answer. */
  receive(message: Uint8Array, isKeepable = false): boolean {
    const sink = this.#sink as MessageSink
    const buffer = new Uint8Array(message.length + 8).fill(0xee)
    buffer.set(message, 4)
    sink.batch()
    const kept = sink.message(buffer, 4, 4 + message.length, isKeepable)
    if (!kept) buffer.fill(0xdd)
    return kept
  }

  /** Sends everything and returns it as messages. */
  drain(): Uint8Array[] {
    for (;;) {
      this.#queue.flush()
      if (this.#written.length === 0) break
      for (const written of this.#written.splice(0)) written()
    }
    const bytes = Buffer.concat(this.#bytes.splice(0))
    return messagesOf(bytes)
  }

  /** The peer is gone. */
  close(): void {
    this.open = false
    this.#queue.close()
    this.#sink?.closed()
  }

  beginMessage(): OutWriter {
    return this.#queue.begin()
  }

  endMessage(release: (() => void) | null): void {
    this.#queue.end(release)
  }

  cancelMessage(): void {
    this.#queue.cancel()
  }

  hold(byteCount: number): void {
    this.inFlight++
    this.heldBytes += byteCount
  }

  unhold(byteCount: number): void {
    this.inFlight--
    this.heldBytes -= byteCount
  }

  giveBack(buffer: Uint8Array): void {
    this.givenBack.push(buffer)
  }

  refuse(reason: string): void {
    this.refusals.push(reason)
    this.open = false
  }
}
