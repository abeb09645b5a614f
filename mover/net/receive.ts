import { Socket } from 'node:net'

/** Bytes read at once, for all connections: a read is used up, or copied, before the next one begins. */
const RECEIVE_BYTES = 512 * 1024

/** What Node keeps of an accepted socket, and offers for connecting ones only by the documented `onread`. */
interface Accepted {
  _handle: { readStart(): number; useUserBuffer?(buffer: Uint8Array): void } | null
  _server: unknown
  server: unknown
}

/**
 * The socket again, reading into what `nextBuffer` gives instead of a new 64 KiB for each read: of a megabyte's WRITE those
 * cost more than all the rest. `received` is called with the buffer and how much of it is filled; then `nextBuffer`. Null when this Node
 * keeps its sockets otherwise: they are then read by 'data' events.
 */
export function readInto(
  socket: Socket,
  nextBuffer: () => Uint8Array,
  received: (bytes: Uint8Array, count: number) => void,
): Socket | null {
  const accepted = socket as unknown as Accepted
  const handle = accepted._handle
  if (handle === null || typeof handle?.useUserBuffer !== 'function') return null
  accepted._handle = null
  const options = {
    handle,
    allowHalfOpen: true,
    onread: {
      buffer: nextBuffer,
      callback: (count: number, buffer: Uint8Array) => {
        received(buffer, count)
        return true
      },
    },
  }
  const reading = new Socket(options as unknown as ConstructorParameters<typeof Socket>[0])
  const owner = reading as unknown as Accepted
  owner.server = accepted.server
  owner._server = accepted._server
  accepted._server = null
  return reading
}

/** The buffer that all connections of a server share. */
export function receiveBuffer(): Uint8Array {
  return new Uint8Array(RECEIVE_BYTES)
}
