import { BlockList, isIP } from 'node:net'

/** An IP network: `127.0.0.0/8`, `::1/128`. */
export interface Network {
  family: 'ipv4' | 'ipv6'
  address: string
  prefixLength: number
}

const FAMILIES = { 4: { family: 'ipv4', bits: 32 }, 6: { family: 'ipv6', bits: 128 } } as const

/** `address/prefix`, or a single address; null when it is neither. IPv6 zones are not part of a network. */
export function parseNetwork(text: string): Network | null {
  const slash = text.indexOf('/')
  const address = slash < 0 ? text : text.slice(0, slash)
  const version = isIP(address)
  if ((version !== 4 && version !== 6) || address.includes('%')) return null
  const { family, bits } = FAMILIES[version]
  if (slash < 0) return { family, address, prefixLength: bits }
  const digits = text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > bits) return null
  return { family, address, prefixLength: Number(digits) }
}

/** True when every address of the network is one of this machine's loopback addresses. */
export function isLoopback(network: Network): boolean {
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8, 'ipv4')
  loopback.addAddress('::1', 'ipv6')
  const narrow = network.family === 'ipv4' ? network.prefixLength >= 8 : network.prefixLength === 128
  return narrow && loopback.check(network.address, network.family)
}
