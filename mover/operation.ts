import type { Failure } from './failure.ts'

/** Identifies a call for duplicate-request replay: a retransmission has the same values. */
export interface ReplayTag {
  /** Hash of the client's address, 32 bits. */
  clientHigh: number
  /** Hash of its address and machine name, 32 bits. */
  clientLow: number
  program: number
  procedure: number
  xid: number
  /** CRC-32 of the call message after the xid, without AUTH_SYS's stamp (clients may renew it when they send again). */
  checksum: number
}

/**
 * Something a finished call must wait for before its reply may leave (log durable, data flushed). `done` is called
 * once, later, with null or with what failed.
 */
export interface Barrier {
  wait(done: (failure: Failure | null) => void): void
}
