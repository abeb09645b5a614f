/** Why a device request failed: `IO` (EIO and everything else), `NOSPC` (a thin device is full), `FENCED`. */
export class DeviceError extends Error {
  readonly code: 'IO' | 'NOSPC' | 'FENCED'

  constructor(code: 'IO' | 'NOSPC' | 'FENCED', message: string) {
    super(message)
    this.code = code
  }
}

/** Called once when a device request has ended; `error` is null when it succeeded. */
export type DeviceDone = (error: DeviceError | null) => void

/**
 * A block device with a volatile write cache: a write that has completed survives a crash only after a later `flush`
 * has completed, or if it was itself `durable`. Requests in flight together may reach the medium in any order.
 *
 * Offsets and lengths are bytes and multiples of 4096; buffers must lie in memory from `allocatePages` or a `PagePool`.
 * Buffers belong to the device until `done` is called. `done` is never called before the method has returned.
 */
export interface BlockDevice {
  /** What the device is, for messages: a path or an iSCSI address. */
  readonly name: string
  readonly sizeBytes: number
  /** True when I/O bypasses the host's page cache (O_DIRECT), so that several hosts see one state. */
  readonly direct: boolean
  /** Zeroed memory of `count` × 4096 bytes that this device can read into and write from. Costly: not one per request. */
  allocatePages(count: number): Uint8Array
  read(offset: number, buffer: Uint8Array, done: DeviceDone): void
  /** Writes `buffers` one after the other, starting at `offset`. */
  write(offset: number, buffers: readonly Uint8Array[], lane: Lane, done: DeviceDone): void
  /** As `write`, of one buffer, and durable on completion (forced unit access); says nothing about other writes. */
  writeDurable(offset: number, buffer: Uint8Array, lane: Lane, done: DeviceDone): void
  /** Makes every write that completed before this call durable, device-wide. */
  flush(done: DeviceDone): void
  /** Ends after all requests in flight; later requests fail. */
  close(done: DeviceDone): void
}

/** Which queue a write takes: file data and tree nodes share `data`, the log has a lane that data cannot fill. */
export type Lane = 'data' | 'log'
