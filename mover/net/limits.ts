const KIB = 1024
const MIB = 1024 * KIB

/** Bounds on what clients can make a mover keep, for all its listeners together. See `limitsFor`. */
export interface NetLimits {
  /** Longest record (RFC 5531 §11), all its fragments together. */
  maxRecordBytes: number
  /** Most fragments of one record. */
  maxFragments: number
  /** Most connections at a time; the newest is closed beyond. */
  maxConnections: number
  /** Calls of one connection that are not answered yet (waiting for a device, say); beyond, its input rests. */
  maxInFlight: number
  /** Bytes kept for one connection (queued replies, calls that wait); beyond, its input rests. */
  maxConnectionBytes: number
  /**
   * Memory kept for all connections (queued replies, calls that wait, input that rests); beyond, those that have more than
   * `shareBytes` rest. Beyond twice that, of those for whom more is kept the one that has been silent longest is closed.
   */
  maxTotalBytes: number
  /** What every connection may have at any time. */
  shareBytes: number
  /** Buffers of records that have arrived in part; beyond, the connection that has been silent longest is closed. */
  maxAssemblyBytes: number
  /** A connection whose queued replies, or whose begun record, make no progress for this long is closed. */
  stallMs: number
  /** Silence after which TCP asks whether the peer is still there. */
  keepAliveMs: number
}

const MAX_CONNECTIONS = 4096

/**
 * The limits of a mover with a cache of `cacheBytes`. Memory follows the cache, within bounds: what is kept for clients may
 * take a quarter of it (16 to 64 MiB; an eighth of that for one client) and twice that before anybody is cut off, records
 * that have arrived in part half of it (32 to 128 MiB). So clients cost at most 256 MiB beside the cache, whatever they do.
 */
export function limitsFor(cacheBytes: number): NetLimits {
  const maxTotalBytes = clamp(cacheBytes / 4, 16 * MIB, 64 * MIB)
  return {
    maxRecordBytes: MIB + 64 * KIB,
    maxFragments: 1024,
    maxConnections: MAX_CONNECTIONS,
    maxInFlight: 1024,
    maxConnectionBytes: maxTotalBytes / 8,
    maxTotalBytes,
    shareBytes: maxTotalBytes / MAX_CONNECTIONS,
    maxAssemblyBytes: clamp(cacheBytes / 2, 32 * MIB, 128 * MIB),
    stallMs: 60_000,
    keepAliveMs: 60_000,
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.floor(Math.min(Math.max(value, least), most))
}

/** Those of the cache that a mover has by default. */
export const DEFAULT_LIMITS: Readonly<NetLimits> = limitsFor(256 * MIB)
