import type { PrimaryAuthority } from '../authority/primary.ts'
import type { PrimaryLocks } from '../authority/primary-locks.ts'
import type { Timestamp } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { Barrier } from '../operation.ts'
import type { DeviceError } from '../store/device.ts'
import { Suspend } from '../suspend.ts'
import type { DurableLog } from '../volume/log.ts'
import type { LogRecord, RecordName } from '../volume/records/schema.ts'
import type { Cursor } from '../volume/tree/cursor.ts'
import { failureOf, type SubmitOptions, type Volume } from '../volume/volume.ts'
import type { Ancestry } from './ancestry.ts'
import type { DataContext } from './data-volume.ts'
import type { FoundName } from './directory.ts'
import type { Housekeeping } from './housekeeping.ts'
import type { InodeCache } from './inode-cache.ts'
import type { LiveInode } from './live-inode.ts'
import { raiseAbove } from './live-inode.ts'
import type { Operation } from './service.ts'

/** What the operations of one volume share. */
export interface FilesContext extends DataContext {
  readonly volume: Volume
  readonly inodes: InodeCache
  readonly housekeeping: Housekeeping
  readonly ancestry: Ancestry
  /** What other movers have of the files; null: there is no other mover. */
  tokens: PrimaryAuthority | null
  /** Its clients' locks; null: there are none. */
  locks: PrimaryLocks | null
  /** Random for each opening of the volume. */
  readonly generationSalt: number
  /** Scratch: the name that was looked up last. */
  readonly found: FoundName
  /** For listings, whose sink may look up inodes with other cursors meanwhile. */
  readonly directoryCursor: Cursor
}

/** Holds a reply back until the log is durable up to `lsn`. */
export class LogBarrier implements Barrier {
  readonly #log: DurableLog
  readonly #lsn: number
  /** What else the reply waits for; null: nothing. */
  readonly #also: Barrier | null

  constructor(log: DurableLog, lsn: number, also: Barrier | null) {
    this.#log = log
    this.#lsn = lsn
    this.#also = also
  }

  wait(done: (failure: Failure | null) => void): void {
    let left = this.#also === null ? 1 : 2
    let failed: Failure | null = null
    const one = (failure: Failure | null): void => {
      failed ??= failure
      if (--left === 0) done(failed)
    }
    this.#also?.wait(one)
    this.#log.whenDurable(this.#lsn, (error: DeviceError | null) => one(error === null ? null : failureOf(error)))
  }
}

/** The reply must not leave before the log is durable up to `lsn`. */
export function holdFor(context: DataContext, op: Operation, lsn: number): void {
  const { log } = context.volume
  if (lsn > log.durableLsn) op.barrier = new LogBarrier(log, lsn, op.barrier)
}

/** A volume that takes records of this kind. */
interface Takes<N extends RecordName> {
  submit(name: N, record: LogRecord<N>, options: SubmitOptions): number | Failure
}

/** A record of an ordinary operation: submits it and holds the reply until it is durable. */
export function submit<N extends RecordName>(
  context: DataContext & { volume: Takes<N> },
  op: Operation,
  name: N,
  record: LogRecord<N>,
  options: SubmitOptions,
): Failure | null {
  const lsn = context.volume.submit(name, record, options)
  if (typeof lsn === 'string') return lsn
  holdFor(context, op, lsn)
  return null
}

/** A time for a change of these inodes: now, but later than the last change of each. */
export function changeTime(
  context: DataContext,
  first: LiveInode,
  second?: LiveInode | null,
  third?: LiveInode | null,
): Timestamp {
  const time = { sec: 0, nsec: 0 }
  context.env.wallTime(time)
  raiseAbove(time, first)
  if (second) raiseAbove(time, second)
  if (third) raiseAbove(time, third)
  return time
}

/** Runs `attempt` until it does not throw Suspend; calls `done` with what it returned or threw. */
export function untilDone<T>(
  context: DataContext,
  attempt: () => T,
  done: (error: Error | null, value?: T) => void,
): void {
  const run = (): void => {
    let value: T
    try {
      context.volume.begin()
      value = attempt()
    } catch (error) {
      if (error instanceof Suspend) error.wait(run)
      else done(error as Error)
      return
    }
    done(null, value)
  }
  run()
}
