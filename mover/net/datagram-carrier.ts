import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Environment } from '../environment.ts'
import { type Lease, UNLIMITED } from '../lease.ts'
import { plainAddress } from './address.ts'
import type { Carrier, CarrierUser, Peer } from './carrier.ts'
import { isPortTaken, localPorts } from './privileged-port.ts'

/** Messages that wait until a socket is bound; more are dropped. */
const MAX_QUEUED = 64

/** The socket at one of our addresses. */
interface Bound {
  /** Null until it is bound. */
  socket: Socket | null
  queue: { peer: Peer; message: Uint8Array }[]
}

/** Messages over UDP, from a socket for each of our addresses that is used. */
export class DatagramCarrier implements Carrier {
  readonly #environment: Environment
  readonly #user: CarrierUser
  readonly #lease: Lease
  readonly #bound = new Map<string, Bound>()
  #isClosed = false

  constructor(environment: Environment, user: CarrierUser, lease: Lease = UNLIMITED) {
    this.#environment = environment
    this.#lease = lease
    this.#user = user
  }

  send(peer: Peer, message: Uint8Array): void {
    let bound = this.#bound.get(peer.localAddress)
    if (bound === undefined) {
      bound = { socket: null, queue: [] }
      this.#bound.set(peer.localAddress, bound)
      const [high, low] = this.#environment.randomBytes(2)
      this.#bind(peer.localAddress, bound, localPorts(high * 256 + low))
    }
    // Whether it arrives is found out by its answer; an address of another family has no way to be reached.
    if (bound.socket !== null) {
      if (this.#lease.isHeld) bound.socket.send(message, peer.port, peer.host, () => {})
    } else if (bound.queue.length < MAX_QUEUED) bound.queue.push({ peer, message })
  }

  close(): void {
    this.#isClosed = true
    for (const { socket } of this.#bound.values()) socket?.close()
    this.#bound.clear()
  }

  /** Binds to the first of `ports` that can be had. */
  #bind(localAddress: string, bound: Bound, ports: readonly number[]): void {
    const [port, ...others] = ports
    const socket = createSocket(isIPv6(localAddress) ? 'udp6' : 'udp4')
    socket.once('error', (error) => {
      socket.close()
      if (this.#isClosed) return
      if (isPortTaken(error) && others.length > 0) this.#bind(localAddress, bound, others)
      else this.#failed(localAddress, bound)
    })
    socket.bind({ address: localAddress, port, exclusive: true }, () => {
      socket.removeAllListeners('error')
      socket.on('error', () => {})
      if (this.#isClosed) {
        socket.close()
        return
      }
      bound.socket = socket
      socket.on('message', (message, from) => {
        this.#user.received('udp', plainAddress(from.address), from.port, message)
      })
      for (const { peer, message } of bound.queue.splice(0)) this.send(peer, message)
    })
  }

  /** We do not have this address: the next message tries again. */
  #failed(localAddress: string, bound: Bound): void {
    this.#bound.delete(localAddress)
    for (const { peer } of bound.queue) this.#user.unreachable(peer)
  }
}
