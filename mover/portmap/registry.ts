import { isIPv6 } from 'node:net'
import type { Transport } from '../net/message.ts'
import { universalAddress } from '../net/universal-address.ts'
import type { Program } from '../rpc/program.ts'

/** Kinds of a transport: RFC 1833 §2.1 r_nc_semantics, in libtirpc's numbers. */
const SEMANTICS = { udp: 1, tcp: 3 } as const

/** A version of a program, and where it listens. */
export interface Registration {
  program: number
  version: number
  transport: Transport
  port: number
}

/** How a transport is called for the addresses of one family: RFC 1833 §2.1 r_nc_*, RFC 5665 §5.2.3. */
export interface NetConfig {
  netid: string
  family: 'inet' | 'inet6'
  semantics: number
}

/** Which program of this mover listens at which port. */
export class PortRegistry {
  readonly #registrations: Registration[] = []

  /** All of `programs` are served at `port` of `transport`. */
  add(programs: readonly Program[], transport: Transport, port: number): void {
    for (const { program, version } of programs) this.#registrations.push({ program, version, transport, port })
  }

  get registrations(): readonly Registration[] {
    return this.#registrations
  }

  /** The port of just this version, 0 when it is not there. */
  exactPortOf(program: number, version: number, transport: Transport): number {
    return this.#registrations.find((one) => is(one, program, transport) && one.version === version)?.port ?? 0
  }

  /**
   * The port of a program, 0 when there is none. For a version that is not served it is another version's port: the
   * program itself then tells the client which versions it has (PROG_MISMATCH).
   */
  portOf(program: number, version: number, transport: Transport): number {
    const exact = this.exactPortOf(program, version, transport)
    return exact !== 0 ? exact : (this.#registrations.findLast((one) => is(one, program, transport))?.port ?? 0)
  }
}

function is(registration: Registration, program: number, transport: Transport): boolean {
  return registration.program === program && registration.transport === transport
}

/** A transport at an address of ours. */
export function netConfig(transport: Transport, localAddress: string): NetConfig {
  const isSix = isIPv6(localAddress)
  return {
    netid: isSix ? `${transport}6` : transport,
    family: isSix ? 'inet6' : 'inet',
    semantics: SEMANTICS[transport],
  }
}

/** The universal address of a port at an address of ours, as bytes; empty for port 0, which stands for none. */
export function addressBytes(localAddress: string, port: number): Uint8Array {
  return Buffer.from(port === 0 ? '' : universalAddress(localAddress, port))
}
