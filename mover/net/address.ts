const MAPPED = '::ffff:'

/** An address as we show and compare it: IPv4 in dotted form also when it came over an IPv6 socket. */
export function plainAddress(address: string): string {
  return address.startsWith(MAPPED) && address.includes('.') ? address.slice(MAPPED.length) : address
}
