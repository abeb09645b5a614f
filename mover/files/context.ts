import type { Environment, Timestamp } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { Barrier } from '../operation.ts'
import type { DeviceError } from '../store/device.ts'
import { Suspend } from '../suspend.ts'
import type { LogRecord, RecordName } from '../volume/records/schema.ts'
import type { Cursor } from '../volume/tree/cursor.ts'
import { failureOf, type SubmitOptions, type Volume } from '../volume/volume.ts'
import type { Ancestry } from './ancestry.ts'
import type { FoundName } from './directory.ts'
import type { Stretch } from './file-data.ts'
import type { Housekeeping } from './housekeeping.ts'
import type { InodeCache } from './inode-cache.ts'
import type { LiveInode } from './live-inode.ts'
import { raiseAbove } from './live-inode.ts'
import type { PageCache } from './page-cache.ts'
import type { Operation } from './service.ts'
import type { WriteBack } from './write-back.ts'

/** What the operations of one volume share. */
export interface FilesContext {
  readonly volume: Volume
  readonly env: Environment
  readonly inodes: InodeCache
  readonly pages: PageCache
  readonly writeBack: WriteBack
  readonly housekeeping: Housekeeping
  readonly ancestry: Ancestry
  /** The number under which this mover sets write marks. */
  readonly moverNumber: number
  /** Random for each opening of the volume. */
  readonly generationSalt: number
  /** Scratch: the time of the operation at hand. */
  readonly now: Timestamp
  /** Scratch: the name that was looked up last. */
  readonly found: FoundName
  /** For listings, whose sink may look up inodes with other cursors meanwhile. */
  readonly directoryCursor: Cursor
  /** Scratch: where the absent pages of the write at hand lie. */
  readonly plan: { readonly deviceBlocks: Float64Array; readonly stretch: Stretch }
}

/** Holds a reply back until the log is durable up to `lsn`. */
export class LogBarrier implements Barrier {
  readonly #volume: Volume
  readonly #lsn: number
  /** What else the reply waits for; null: nothing. */
  readonly #also: Barrier | null

  constructor(volume: Volume, lsn: number, also: Barrier | null) {
    this.#volume = volume
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
    this.#volume.log.whenDurable(this.#lsn, (error: DeviceError | null) =>
      one(error === null ? null : failureOf(error)),
    )
  }
}

/** The reply must not leave before the log is durable up to `lsn`. */
export function holdFor(context: FilesContext, op: Operation, lsn: number): void {
  if (lsn > context.volume.log.durableLsn) op.barrier = new LogBarrier(context.volume, lsn, op.barrier)
}

/** A record of an ordinary operation: submits it and holds the reply until it is durable. */
export function submit<N extends RecordName>(
  context: FilesContext,
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
  context: FilesContext,
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
  context: FilesContext,
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
