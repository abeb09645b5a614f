import { IPPROTO_TCP, IPPROTO_UDP, type mapping } from '../../protocol/portmap/portmap.gen.ts'
import type { Program } from '../rpc/program.ts'

const PROTOCOLS = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP } as const

/** Which program of this mover listens at which port. */
export class PortRegistry {
  readonly #mappings: mapping[] = []

  /** All of `programs` are served at `port` of `transport`. */
  add(programs: readonly Program[], transport: keyof typeof PROTOCOLS, port: number): void {
    for (const { program, version } of programs) {
      this.#mappings.push({ prog: program, vers: version, prot: PROTOCOLS[transport], port })
    }
  }

  get mappings(): readonly mapping[] {
    return this.#mappings
  }

  /**
   * The port of a program, 0 when there is none. For a version that is not served it is another version's port: the
   * program itself then tells the client which versions it has (PROG_MISMATCH).
   */
  portOf(program: number, version: number, protocol: number): number {
    let other = 0
    for (const { prog, vers, prot, port } of this.#mappings) {
      if (prog !== program || prot !== protocol) continue
      if (vers === version) return port
      other = port
    }
    return other
  }
}
