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
 * What the runs of one call have been answered by another mover so far, so that a later run need not ask again. Only the
 * service that asks looks inside.
 */
export interface ForwardedCall {
  /** True when what has been asked changes something: the call must learn of it, even when nobody is left to be answered. */
  readonly runsOn: boolean
  /** The call is run again, from its beginning. */
  rewind(): void
}

/**
 * Thrown by an operation that finds, at another mover, that its call was carried out before, whoever did it then: nothing
 * has been changed now. The protocol server gives the first answer again.
 */
export class Replayed {
  /** The object that the call made or changed; 0 for none. */
  readonly objectIno: number

  constructor(objectIno: number) {
    this.objectIno = objectIno
  }
}

/** A call that was carried out before. */
export interface KnownCall {
  /** The object that it made or changed; 0 for none. */
  objectIno: number
  /** Until it is durable that the call was carried out. Null: it is. */
  barrier: Barrier | null
}

/**
 * Something a finished call must wait for before its reply may leave (log durable, data flushed). `done` is called
 * once, later, with null or with what failed.
 */
export interface Barrier {
  wait(done: (failure: Failure | null) => void): void
}
