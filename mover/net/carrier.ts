import type { Transport } from './message.ts'

/** A host, and how it is spoken to. */
export interface HostAddress {
  readonly transport: Transport
  /** Address of ours that messages leave from: many hosts believe nobody but the one whom they have called. */
  readonly localAddress: string
  /** IP address, IPv4 in dotted form. */
  readonly host: string
}

/** A port of another host. */
export interface Peer extends HostAddress {
  readonly port: number
}

/** Carries messages to other hosts and back, over one transport. */
export interface Carrier {
  /** Sends a message, as soon as there is a socket; soon, or never. Over UDP it may get lost, and nobody is told. */
  send(peer: Peer, message: Uint8Array): void
  /** Closes all sockets; nothing is told any more. */
  close(): void
}

/** Who uses carriers. Nothing of it is called while a carrier's method runs. */
export interface CarrierUser {
  /** A message, valid during this call only. */
  received(transport: Transport, host: string, port: number, message: Uint8Array): void
  /** The stream to this peer has ended: what was sent, and not answered, may be lost. */
  lost(peer: Peer): void
  /** There is no way to this peer: it has received nothing of what was sent since it was `lost`. */
  unreachable(peer: Peer): void
}
