import type { Environment, Timestamp } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { BlockDevice } from '../store/device.ts'
import type { FlushGate } from '../store/flush-gate.ts'
import type { Suspend } from '../suspend.ts'
import type { Run } from '../volume/layout.ts'
import type { DurableLog } from '../volume/log.ts'
import type { Stretch } from '../volume/records/extent-parts.ts'
import type { LogRecord } from '../volume/records/schema.ts'
import type { SubmitOptions } from '../volume/volume.ts'
import type { LiveInode } from './live-inode.ts'
import type { PageCache } from './page-cache.ts'
import type { Operation } from './service.ts'
import type { WriteBack } from './write-back.ts'

/** The records that reading and writing files makes. */
export type DataRecordName = 'fold' | 'mark' | 'clearMarks'

/** Data blocks of a volume; see `Space`. */
export interface DataSpace {
  unreserve(count: number): void
  allocateData(want: number, goal: number): Run | null
  returnData(start: number, length: number): void
  ioBegin(): number
  ioEnd(io: number): void
  releaseFreed(lsn: number): void
}

/** What the data of files is kept on: all of a volume that reading and writing them needs. */
export interface DataVolume {
  readonly device: BlockDevice
  readonly env: Environment
  readonly flushGate: FlushGate
  /** The last device write (`FlushGate.wrote`) that may be of a file of whose data nothing is in memory any more. */
  readonly forgottenMark: number
  readonly log: DurableLog
  readonly space: DataSpace
  /** Why nothing can be written any more; null while it can. */
  readonly failure: Error | null
  /** See `Volume.begin`. */
  begin(): void
  fail(error: Error): void
  submit<N extends DataRecordName>(name: N, record: LogRecord<N>, options: SubmitOptions): number | Failure
  /** Where file block `block` and those behind it lie, at most `max` blocks. May throw Suspend. */
  mapBlock(ino: number, block: number, max: number, out: Stretch): void
  /** Promises `count` data blocks; false when there are not so many. Throws Suspend while some are about to be free. */
  reserveData(count: number): boolean
}

/** What reading and writing the files of one volume shares. */
export interface DataContext {
  readonly volume: DataVolume
  readonly env: Environment
  readonly pages: PageCache
  readonly writeBack: WriteBack
  /** A Suspend that ends after some step of what truncations have left to do. */
  readonly housekeeping: { waitForSteps(): Suspend }
  /** The number under which this mover sets write marks. */
  readonly moverNumber: number
  /** False: access times are told with what is given back, and are worth no message of their own. */
  readonly logsAtime: boolean
  /** False: pages of these file blocks must not be read into memory now, since another mover may change them. */
  mayRead(ino: number, start: number, end: number): boolean
  /**
   * True when this mover may have made a file so long, and has not given that back. What others have made of it is theirs to
   * log: until they have, the bytes behind its old end are not what they should be.
   */
  mayGrow(ino: number, size: number): boolean
  /** True when this mover may write to a file's block, and has not given that back. */
  mayWrite(ino: number, block: number): boolean
  /**
   * Takes setuid and setgid away from a file, before somebody who is not the superuser writes to it. Null, or why that cannot
   * be. May throw Suspend.
   */
  dropPrivileges(op: Operation, inode: LiveInode): Failure | null
  /** Scratch: the time of the operation at hand. */
  readonly now: Timestamp
  /** Scratch: where the absent pages of the write at hand lie. */
  readonly plan: { readonly deviceBlocks: Float64Array; readonly stretch: Stretch }
}
