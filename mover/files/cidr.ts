import { BlockList, isIP } from 'node:net'

/** A set of addresses: one IPv4 or IPv6 address, or a network in CIDR notation. */
export interface AddressSet {
  /** As it was written. */
  readonly text: string
  /** `address` is a plain IPv4 or IPv6 address; anything else is in no set. */
  has(address: string): boolean
}

/**
 * Parses "10.0.0.0/8", "192.168.1.7", "fd00::/8" or "::1". Throws an Error that says what is wrong. An IPv4 network
 * also holds its addresses in their IPv6 form (::ffff:10.0.0.1).
 */
export function parseAddressSet(text: string): AddressSet {
  const [base, bits, ...rest] = text.split('/')
  const version = isIP(base)
  if (version === 0 || base.includes('%') || rest.length > 0) throw new Error(`${text} is no IP address or network`)
  const width = version === 4 ? 32 : 128
  const prefix = bits === undefined ? width : Number(bits)
  if (bits !== undefined && (!/^[0-9]{1,3}$/.test(bits) || prefix > width)) {
    throw new Error(`${text}: the number behind the slash must be 0 to ${width}`)
  }
  const list = new BlockList()
  list.addSubnet(base, prefix, version === 4 ? 'ipv4' : 'ipv6')
  return { text, has: (address) => contains(list, address) }
}

function contains(list: BlockList, address: string): boolean {
  const version = isIP(address)
  return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
}
