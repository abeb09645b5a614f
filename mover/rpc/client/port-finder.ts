import {
  IPPROTO_TCP,
  IPPROTO_UDP,
  PMAP_PORT,
  PMAP_PROG,
  PMAP_VERS,
  PMAP_VERS_codecs,
} from '../../../protocol/portmap/portmap.gen.ts'
import { RPCBPROG, RPCBVERS, RPCBVERS_codecs, RPCBVERS4, type rpcb } from '../../../protocol/rpcbind/rpcbind.gen.ts'
import type { Environment } from '../../environment.ts'
import type { HostAddress, Peer } from '../../net/carrier.ts'
import { universalPort } from '../../net/universal-address.ts'
import type { CallFailure, OutgoingCalls } from './outgoing-calls.ts'

const MAX_REMEMBERED = 256
/** A program that has been started anew has another port. */
const REMEMBERED_MS = 60_000
const { PMAPPROC_GETPORT } = PMAP_VERS_codecs
const { RPCBPROC_GETADDR } = RPCBVERS_codecs
const PROTOCOL = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP } as const

/** UNREGISTERED: the host's portmapper does not know the program. */
export type PortFailure = CallFailure | 'UNREGISTERED'

/** Called once: with a failure, or with null and the port; `isRemembered`: it may be another one by now. */
export type PortFound = (failure: PortFailure | null, port: number, isRemembered: boolean) => void

/** What a portmapper says: a failure, or null and the port, 0 for none. */
type PortAnswered = (failure: CallFailure | null, port?: number) => void

/**
 * Asks other hosts' portmappers where a program of theirs listens. Version 2 knows no netids (RFC 1833 §3.1), its ports are
 * those of IPv4: the same program may have another one for IPv6, which versions 4 and 3 are asked for.
 */
export class PortFinder {
  readonly #environment: Environment
  readonly #calls: OutgoingCalls
  readonly #portmapPort: number
  /** The oldest first. */
  readonly #known = new Map<string, { port: number; atMs: number }>()
  readonly #asked = new Map<string, PortFound[]>()

  /** `portmapPort` is not 111 in tests only. */
  constructor(environment: Environment, calls: OutgoingCalls, portmapPort: number = PMAP_PORT) {
    this.#environment = environment
    this.#calls = calls
    this.#portmapPort = portmapPort
  }

  /** `found` is called at once when the port is remembered. The portmapper is asked over the transport of the program. */
  find(address: HostAddress, program: number, version: number, found: PortFound): void {
    const key = keyOf(address, program, version)
    const known = this.#remembered(key)
    if (known !== null) {
      found(null, known, true)
      return
    }
    const asked = this.#asked.get(key)
    if (asked !== undefined) {
      asked.push(found)
      return
    }
    this.#asked.set(key, [found])
    this.#ask(key, address, program, version)
  }

  /** True when the port is remembered. */
  knows(address: HostAddress, program: number, version: number): boolean {
    return this.#remembered(keyOf(address, program, version)) !== null
  }

  /** The port was wrong. */
  forget(address: HostAddress, program: number, version: number): void {
    this.#known.delete(keyOf(address, program, version))
  }

  #ask(key: string, address: HostAddress, program: number, version: number): void {
    const peer = { ...address, port: this.#portmapPort }
    const answered: PortAnswered = (failure, port = 0) => {
      const waiting = this.#asked.get(key) ?? []
      this.#asked.delete(key)
      const isPort = port > 0 && port < 65536
      if (failure === null && isPort) this.#remember(key, port)
      const problem = failure ?? (isPort ? null : 'UNREGISTERED')
      for (const found of waiting) found(problem, port, false)
    }
    if (address.host.includes(':')) this.#getAddr(peer, program, version, answered)
    else this.#getPort(peer, program, version, answered)
  }

  /** RFC 1833 §3.2 PMAPPROC_GETPORT. */
  #getPort(peer: Peer, program: number, version: number, done: PortAnswered): void {
    const args = { prog: program, vers: version, prot: PROTOCOL[peer.transport], port: 0 }
    this.#calls.call(peer, { program: PMAP_PROG, version: PMAP_VERS, codec: PMAPPROC_GETPORT, args }, done)
  }

  /** RFC 1833 §2.2.1, §2.2.2 RPCBPROC_GETADDR; the netids are those of RFC 5665 §5.2.3. */
  #getAddr(peer: Peer, program: number, version: number, done: PortAnswered): void {
    const args: rpcb = {
      r_prog: program,
      r_vers: version,
      r_netid: Buffer.from(`${peer.transport}6`),
      r_addr: new Uint8Array(0),
      r_owner: new Uint8Array(0),
    }
    const ask = (rpcbind: number): void => {
      const call = { program: RPCBPROG, version: rpcbind, codec: RPCBPROC_GETADDR, args }
      this.#calls.call(peer, call, (failure, address) => {
        if (failure === 'REFUSED' && rpcbind !== RPCBVERS) ask(RPCBVERS)
        else if (address === undefined) done(failure)
        else {
          const port = universalPort(Buffer.from(address).toString('latin1'))
          done(port === null ? 'GARBLED' : null, port ?? 0)
        }
      })
    }
    ask(RPCBVERS4)
  }

  #remembered(key: string): number | null {
    const known = this.#known.get(key)
    return known !== undefined && this.#environment.monotonicMs() - known.atMs < REMEMBERED_MS ? known.port : null
  }

  #remember(key: string, port: number): void {
    this.#known.set(key, { port, atMs: this.#environment.monotonicMs() })
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_REMEMBERED) break
      this.#known.delete(oldest)
    }
  }
}

function keyOf({ transport, localAddress, host }: HostAddress, program: number, version: number): string {
  return `${transport} ${localAddress} ${host} ${program} ${version}`
}
