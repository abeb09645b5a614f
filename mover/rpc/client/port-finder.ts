import {
  IPPROTO_TCP,
  IPPROTO_UDP,
  PMAP_PORT,
  PMAP_PROG,
  PMAP_VERS,
  PMAP_VERS_codecs,
} from '../../../protocol/portmap/portmap.gen.ts'
import type { Environment } from '../../environment.ts'
import type { HostAddress } from '../../net/carrier.ts'
import type { CallFailure, OutgoingCalls } from './outgoing-calls.ts'

const MAX_REMEMBERED = 256
/** A program that has been started anew has another port. */
const REMEMBERED_MS = 60_000
const PROTOCOL = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP } as const

/** UNREGISTERED: the host's portmapper does not know the program. */
export type PortFailure = CallFailure | 'UNREGISTERED'

/** Called once: with a failure, or with null and the port; `isRemembered`: it may be another one by now. */
export type PortFound = (failure: PortFailure | null, port: number, isRemembered: boolean) => void

/** Asks other hosts' portmappers where a program of theirs listens (RFC 1833 §3.2 PMAPPROC_GETPORT). */
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
    const args = { prog: program, vers: version, prot: PROTOCOL[address.transport], port: 0 }
    const call = { program: PMAP_PROG, version: PMAP_VERS, codec: PMAP_VERS_codecs.PMAPPROC_GETPORT, args }
    this.#calls.call(peer, call, (failure, port = 0) => {
      const waiting = this.#asked.get(key) ?? []
      this.#asked.delete(key)
      const isPort = port > 0 && port < 65536
      if (failure === null && isPort) this.#remember(key, port)
      const problem = failure ?? (isPort ? null : 'UNREGISTERED')
      for (const found of waiting) found(problem, port, false)
    })
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
