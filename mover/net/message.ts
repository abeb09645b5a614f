import type { OutWriter } from './out-writer.ts'

/** How messages travel: as records of a stream (RFC 5531 §11), or one a datagram. */
export type Transport = 'tcp' | 'udp'

/** What the server of a protocol needs of a connection: a stream of whole messages in both directions. */
export interface MessageConnection {
  readonly transport: Transport
  /** Our own address that the peer has reached, without port; as `address` in every other way. */
  readonly localAddress: string
  /** Peer address without port, IPv4 in dotted form also when it came over an IPv6 socket. */
  readonly address: string
  readonly port: number
  /** False once the peer is gone: messages then go nowhere. */
  readonly open: boolean
  /**
   * Starts an outgoing message: the caller writes it at once and ends it with `endMessage` or `cancelMessage`. Data
   * that is spliced in must stay as it is until the `release` given to `endMessage` has been called.
   */
  beginMessage(): OutWriter
  /** Completes the message. `release` is called once, when the bytes have left the process or never will. */
  endMessage(release: (() => void) | null): void
  /** Forgets the message that was begun. */
  cancelMessage(): void
  /** One more unfinished call, for which `byteCount` bytes are kept: too much of either makes the input rest. */
  hold(byteCount: number): void
  /** The end of a `hold`, with the same number. */
  unhold(byteCount: number): void
  /** Returns a buffer that `MessageSink.message` had kept. */
  giveBack(buffer: Uint8Array): void
  /** Closes the connection of a peer that does not speak the protocol. `reason` completes "… closed: it …". */
  refuse(reason: string): void
}

/** The server side of one connection. */
export interface MessageSink {
  /** Input has arrived: `message` follows for each message that is complete. */
  batch(): void
  /**
   * One message, `bytes[start, end)`, valid during this call only. Where `keepable`, true as answer takes the buffer
   * over, until `giveBack`.
   */
  message(bytes: Uint8Array, start: number, end: number, keepable: boolean): boolean
  /** The connection is gone; called once, last. */
  closed(): void
}

/** What a listener hands its connections to. */
export interface MessageService {
  open(connection: MessageConnection): MessageSink
}
