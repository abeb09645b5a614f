const KIB = 1024
const MIB = 1024 * KIB

/** Bounds on what clients can make a mover keep, for all its listeners together. */
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
   * Bytes kept for all connections; beyond, those that have more than `shareBytes` rest. Beyond twice that, the connection
   * that has been silent longest while replies wait for it is closed.
   */
  maxTotalBytes: number
  shareBytes: number
  /** Buffers of records that have arrived in part; beyond, the connection that has been silent longest is closed. */
  maxAssemblyBytes: number
  /** A connection whose queued replies, or whose begun record, make no progress for this long is closed. */
  stallMs: number
  /** Silence after which TCP asks whether the peer is still there. */
  keepAliveMs: number
}

export const DEFAULT_LIMITS: Readonly<NetLimits> = {
  maxRecordBytes: MIB + 64 * KIB,
  maxFragments: 1024,
  maxConnections: 4096,
  maxInFlight: 1024,
  maxConnectionBytes: 8 * MIB,
  maxTotalBytes: 256 * MIB,
  shareBytes: 64 * KIB,
  maxAssemblyBytes: 256 * MIB,
  stallMs: 60_000,
  keepAliveMs: 60_000,
}
