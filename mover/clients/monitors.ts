import type { ClientRecord } from '../volume/records/client-parts.ts'

/**
 * Clients that must be told when their mover starts anew (C702 chapter 11), as they are remembered in a volume's client
 * records: so that they reclaim their locks.
 */
export interface MonitoredClient {
  /** What it calls itself; a character for each byte. */
  name: string
  /** Where it is to be told: its address. */
  address: string
  /** Our address that it uses. */
  localAddress: string
}

/** Longer names are of no host. */
export const MAX_NAME_LENGTH = 255

const WORD = 'nlm '

/** What the ids of a mover's monitored clients begin with, or those of all movers' (null). */
export function monitorPrefix(mover: string | null): Uint8Array {
  return Buffer.from(mover === null ? WORD : `${WORD}${mover}\0`)
}

/** The mover whose client a record is of, by its id. */
export function monitoringMover(id: Uint8Array): string {
  const text = Buffer.from(id).toString()
  return text.slice(WORD.length, text.indexOf('\0'))
}

/** `hash` makes a short text of a long one: ids are short. */
export function monitorRecord(
  mover: string,
  { name, address, localAddress }: MonitoredClient,
  hash: (text: string) => string,
): ClientRecord {
  const id = Buffer.concat([monitorPrefix(mover), Buffer.from(`${address} ${hash(name)}`)])
  return { id, value: Buffer.from(JSON.stringify([name, address, localAddress])) }
}

/** Null when it is none. */
export function readMonitor(value: Uint8Array): MonitoredClient | null {
  try {
    const fields: unknown = JSON.parse(Buffer.from(value).toString())
    if (!Array.isArray(fields) || fields.length !== 3 || fields.some((field) => typeof field !== 'string')) return null
    const [name, address, localAddress] = fields as string[]
    return { name, address, localAddress }
  } catch {
    return null
  }
}
