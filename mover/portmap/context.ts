import { IPPROTO_TCP, IPPROTO_UDP } from '../../protocol/portmap/portmap.gen.ts'
import type { Environment } from '../environment.ts'
import type { Transport } from '../net/message.ts'
import type { PortRegistry } from './registry.ts'
import type { PortmapStatistics } from './statistics.ts'

/** What the procedures of all versions share. */
export interface PortmapContext {
  registry: PortRegistry
  statistics: PortmapStatistics
  environment: Environment
}

/** RFC 1833 §3.1 mapping.prot. */
export const PROTOCOL: Readonly<Record<Transport, number>> = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP }

/** The transport of a mapping.prot; null: one that nothing listens on here. */
export function transportOf(protocol: number): Transport | null {
  return protocol === IPPROTO_TCP ? 'tcp' : protocol === IPPROTO_UDP ? 'udp' : null
}
