import { fstatSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'

/** Where Linux lists its TCP sockets (proc(5)). */
const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6']
/** Fields of a line: queue lengths, and the socket's inode. */
const QUEUES = 4
const INODE = 9

/** Node shows a socket's descriptor nowhere else. */
interface Described {
  _handle: { fd?: number } | null
}

/**
 * What the kernel holds of what was sent: bytes that the peer has not acknowledged. Node does not know: for it bytes are
 * gone when the kernel has taken them. Shows one moment, that of the first question; reading the tables takes milliseconds.
 */
export class KernelQueues {
  #queues: Map<number, number> | null = null

  /** Bytes sent to `socket` that its peer has not acknowledged; null when that cannot be found out. */
  unacknowledged(socket: Socket): number | null {
    const fd = (socket as unknown as Described)._handle?.fd
    if (fd === undefined || fd < 0) return null
    try {
      this.#queues ??= parseQueues(TABLES.map(readTable).join('\n'))
      return this.#queues.get(fstatSync(fd).ino) ?? null
    } catch {
      return null
    }
  }
}

/** The lengths of the send queues in a table of sockets, by the socket's inode. */
export function parseQueues(table: string): Map<number, number> {
  const queues = new Map<number, number>()
  for (const line of table.split('\n')) {
    const fields = line.trim().split(/\s+/)
    const unsent = Number.parseInt(fields[QUEUES], 16)
    if (fields.length > INODE && unsent >= 0) queues.set(Number(fields[INODE]), unsent)
  }
  return queues
}

/** Without IPv6 there is no second table. */
function readTable(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
