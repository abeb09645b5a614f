import { isIP } from 'node:net'

/** AF_INET and AF_INET6 of Linux, in the byte order of the machines that it mostly runs on. */
const FAMILY = { 4: 2, 6: 10 } as const
/** Bytes of a sockaddr_in and of a sockaddr_in6, and where the address stands in them. */
const SOCKADDR = { 4: { bytes: 16, at: 4 }, 6: { bytes: 28, at: 8 } } as const
const PORT_AT = 2

/** An address as rpcbind writes it: the port follows, as two numbers (RFC 5665 §5.2.3.3, §5.2.3.4). */
export function universalAddress(address: string, port: number): string {
  return `${address}.${port >> 8}.${port & 0xff}`
}

/** The port of a universal address; 0 of the empty one, which stands for none (RFC 1833 §2.2.1); null when it is malformed. */
export function universalPort(text: string): number | null {
  return text === '' ? 0 : (partsOf(text)?.port ?? null)
}

/** The sockaddr that the system of this mover has for a universal address; null when it is none. */
export function toSockaddr(text: string): Uint8Array | null {
  const parts = partsOf(text)
  if (parts === null || parts.address.includes('%')) return null
  const { version, address, port } = parts
  const { bytes, at } = SOCKADDR[version]
  const sockaddr = Buffer.alloc(bytes)
  sockaddr.writeUInt16LE(FAMILY[version])
  sockaddr.writeUInt16BE(port, PORT_AT)
  sockaddr.set(version === 4 ? address.split('.').map(Number) : bytesOf6(address), at)
  return sockaddr
}

/** The universal address of a sockaddr; null when it is none. */
export function fromSockaddr(sockaddr: Uint8Array): string | null {
  const bytes = Buffer.from(sockaddr)
  const version = bytes.length === SOCKADDR[4].bytes ? 4 : 6
  const { bytes: length, at } = SOCKADDR[version]
  if (bytes.length !== length || bytes.readUInt16LE() !== FAMILY[version]) return null
  const port = bytes.readUInt16BE(PORT_AT)
  if (version === 4) return universalAddress([...bytes.subarray(at, at + 4)].join('.'), port)
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 2 * i).toString(16))
  return universalAddress(new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1), port)
}

function partsOf(text: string): { version: 4 | 6; address: string; port: number } | null {
  const parts = /^(.+)\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (parts === null) return null
  const [, address, high, low] = parts
  const version = isIP(address)
  if ((version !== 4 && version !== 6) || Number(high) > 255 || Number(low) > 255) return null
  return { version, address, port: Number(high) * 256 + Number(low) }
}

/** The 16 bytes of an IPv6 address; the URL's parser writes it without an embedded IPv4 address. */
function bytesOf6(address: string): Uint8Array {
  const [head, tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const groups = (part = ''): string[] => (part === '' ? [] : part.split(':'))
  const first = groups(head)
  const last = groups(tail)
  const zeros = new Array(8 - first.length - last.length).fill('0')
  return Uint8Array.from(
    [...first, ...zeros, ...last].flatMap((group) => {
      const value = Number.parseInt(group, 16)
      return [value >> 8, value & 0xff]
    }),
  )
}
