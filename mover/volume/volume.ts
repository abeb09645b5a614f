import type { Environment } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { BlockDevice, DeviceError } from '../store/device.ts'
import { FlushGate } from '../store/flush-gate.ts'
import { Suspend } from '../suspend.ts'
import { start, type Task, timed, wait } from '../task.ts'
import { REPLAY_ENTRIES_PER_BLOCK, ScratchPages, writeNodes, writeReplays, writeSpace } from './checkpoint.ts'
import { writeSuperblock } from './device-io.ts'
import type { InodeValue } from './inode-value.ts'
import { Log, type LogPriority, MAX_RECORD_BYTES } from './log.ts'
import type { NameHasher } from './names.ts'
import { applyRecord } from './records/apply.ts'
import { RecordEncoder } from './records/codec.ts'
import { mapBlock, type Stretch } from './records/extent-parts.ts'
import { type LogRecord, RECORDS, type RecordName } from './records/schema.ts'
import { reassignSegments } from './reign.ts'
import type { ReplayTable } from './replay-table.ts'
import type { Space } from './space.ts'
import type { Superblock } from './superblock.ts'
import type { Counters, Transaction } from './transaction.ts'
import type { Cursor } from './tree/cursor.ts'
import type { NodeCache } from './tree/node-cache.ts'
import type { Tree } from './tree/tree.ts'

/** Tree node blocks that one changed record may need: a share of its path, and splits. */
const BLOCKS_PER_CHANGE = 3
const BLOCKS_PER_PATH = 32

/** The parts that opening a volume has made; see open.ts. */
export interface VolumeParts {
  device: BlockDevice
  env: Environment
  superblock: Superblock
  /** The term of this reign. */
  term: number
  /** The log segment that the reign begins with. */
  segment: number
  space: Space
  cache: NodeCache
  tree: Tree
  counters: Counters
  replays: ReplayTable
  transaction: Transaction
  lastLsn: number
  lastChecksum: number
  /** Changed nodes in memory that start a checkpoint, and that make operations wait for one. */
  dirtyNodesToStart: number
  dirtyNodesToWait: number
  /** Why the volume is read-only from the beginning: its reign is not durable, and nothing may be written. */
  readOnly: Error | null
}

/** Whoever keeps copies of inodes: told after each record. Values are valid during the call. */
export interface InodeListener {
  changed(ino: number, value: InodeValue, lsn: number): void
  removed(ino: number, lsn: number): void
}

/** How a record is submitted. */
export interface SubmitOptions {
  priority: LogPriority
  /** File data that the record makes visible is on the device, but not flushed yet. */
  dataFirst: boolean
  /** The operation reads nothing of the tree any more: the tree may follow when the reply is on its way (`settle`). */
  last: boolean
}

export const ORDINARY: SubmitOptions = { priority: 'ordinary', dataFirst: false, last: false }
export const ORDINARY_LAST: SubmitOptions = { priority: 'ordinary', dataFirst: false, last: true }
export const URGENT: SubmitOptions = { priority: 'urgent', dataFirst: false, last: false }
export const URGENT_LAST: SubmitOptions = { priority: 'urgent', dataFirst: false, last: true }
export const URGENT_WITH_DATA: SubmitOptions = { priority: 'urgent', dataFirst: true, last: false }

/** Counters of a volume, for status and metrics. */
export interface VolumeCounters {
  term: number
  lastLsn: number
  durableLsn: number
  logBatches: number
  flushes: number
  checkpoints: number
  /** The longest time that a checkpoint has held the event loop, ms. */
  checkpointTickMs: number
  nodesInMemory: number
  dirtyNodes: number
  inodes: number
  dataFreeBlocks: number
  metaFreeBlocks: number
}

/**
 * An open volume: the tree, the log that makes its changes durable, free space, checkpoints. All changes go through
 * `submit`; reads use `tree` and `cursor` after `begin`.
 */
export class Volume {
  readonly device: BlockDevice
  readonly env: Environment
  readonly superblock: Superblock
  readonly term: number
  readonly space: Space
  readonly tree: Tree
  /** For reads outside records. */
  readonly cursor: Cursor
  readonly counters: Counters
  readonly replays: ReplayTable
  /** The hashes of the name index; records that are applied use it too. */
  readonly names: NameHasher
  readonly flushGate: FlushGate
  /** None: an inode is in memory until all of it has been flushed. */
  readonly forgottenMark = 0
  readonly log: Log
  /** Called once when the volume must not be served any more (a flush failed, the tree is damaged). */
  onFailure: (error: Error) => void = () => {}
  /** Called once when the volume has become read-only (a log write failed). */
  onReadOnly: (error: Error) => void = () => {}
  listener: InodeListener | null = null
  readonly #p: VolumeParts
  readonly #encoder = new RecordEncoder(MAX_RECORD_BYTES)
  readonly #scratch: { space: ScratchPages; replays: ScratchPages }
  readonly #superblockPage: Uint8Array
  #failure: Error | null = null
  #isGivenUp = false
  #checkpointing = false
  #checkpointWanted = false
  #checkpointWaiters: (() => void)[] = []
  #replayBlocks: number[]
  #checkpoints = 0
  #checkpointTickMs = 0
  /** LSN of the record in the log that the tree does not show yet; 0 when there is none. */
  #unsettledLsn = 0

  constructor(parts: VolumeParts, replayBlocks: number[]) {
    this.#p = parts
    this.device = parts.device
    this.env = parts.env
    this.superblock = parts.superblock
    this.term = parts.term
    this.space = parts.space
    this.tree = parts.tree
    this.cursor = parts.tree.cursor()
    this.counters = parts.counters
    this.#failure = parts.readOnly
    this.replays = parts.replays
    this.names = parts.transaction.names
    this.#replayBlocks = replayBlocks
    this.#scratch = { space: new ScratchPages(parts.device), replays: new ScratchPages(parts.device) }
    this.#superblockPage = parts.device.allocatePages(1)
    this.flushGate = new FlushGate(parts.device, (task) => parts.env.defer(task))
    this.log = new Log({
      device: parts.device,
      env: parts.env,
      flushGate: this.flushGate,
      geometry: parts.superblock.geometry,
      uuid: parts.superblock.uuid,
      term: parts.term,
      lastLsn: parts.lastLsn,
      lastChecksum: parts.lastChecksum,
      segment: parts.segment,
      onFailure: (error) => this.#cannotWrite(error),
      onDurable: (lsn) => {
        this.settle()
        this.space.releaseFreed(lsn)
      },
    })
  }

  /** Why the volume cannot be written any more; null while it can. */
  get failure(): Error | null {
    return this.#failure
  }

  /** True when not even what is durable can be served any more (see `onFailure`). */
  get isGivenUp(): boolean {
    return this.#isGivenUp
  }

  /** Starts an operation, or its next run after `Suspend`: what it touches from here on stays in memory. */
  begin(): void {
    this.settle()
    this.#p.cache.beginOperation()
  }

  /** Lets the tree show all that was submitted. Until then its nodes and the space it needs are kept for it. */
  settle(): void {
    const lsn = this.#unsettledLsn
    if (lsn === 0) return
    this.#unsettledLsn = 0
    try {
      this.#p.transaction.carryOut(lsn)
    } catch (error) {
      this.fail(error as Error)
      throw error
    }
  }

  /**
   * Carries out one record: checks room, applies it to the tree, appends it to the log. Returns its LSN; replies wait
   * until the log is durable up to it. NOSPC when there is no room for metadata, ROFS after a failure.
   * Throws Suspend (nothing changed) when a node must be read or room must be made.
   */
  submit<N extends RecordName>(name: N, record: LogRecord<N>, options: SubmitOptions): number | Failure {
    this.settle()
    if (this.#failure !== null) return 'ROFS'
    this.log.checkRoom(options.priority)
    const txn = this.#p.transaction
    txn.begin()
    applyRecord(txn, name, record)
    if (!this.#hasRoom(txn.changeCount, options.priority)) return 'NOSPC'
    txn.prepare()
    const length = this.#encoder.encode(name, record)
    const lsn = this.log.append(RECORDS[name].type, this.#encoder.bytes, length, options.dataFirst)
    this.#unsettledLsn = lsn
    if (!options.last) this.settle()
    if (this.listener !== null) {
      for (const { ino, value } of txn.changedInodes) this.listener.changed(ino, value, lsn)
      for (const ino of txn.removedInodes) this.listener.removed(ino, lsn)
    }
    this.#checkpointIfDue()
    return lsn
  }

  /**
   * Carries out one record in memory alone, on a volume that is read-only: what is shown from now on reaches neither log
   * nor checkpoint. Throws Suspend (nothing changed) when a node must be read.
   */
  showUnlogged<N extends RecordName>(name: N, record: LogRecord<N>): void {
    if (this.#failure === null) throw new Error('a volume that can be written shows only what it logs')
    this.settle()
    const txn = this.#p.transaction
    txn.begin()
    applyRecord(txn, name, record)
    txn.prepare()
    txn.carryOut(this.log.lastLsn)
  }

  /** Where block `block` of `ino` and those behind it lie, at most `max` blocks. May throw Suspend. */
  mapBlock(ino: number, block: number, max: number, out: Stretch): void {
    mapBlock(this.cursor, ino, block, max, out)
  }

  /** Promises `count` data blocks; false when there are not so many. Throws Suspend while some are about to be free. */
  reserveData(count: number): boolean {
    const { space } = this
    if (space.reserve(count)) return true
    if (space.pendingBlocks > 0) throw new Suspend((resume) => space.onRelease(resume))
    if (space.metaHeadroom > 4 * space.geometry.chunkBlocks && space.retypeable) {
      throw new Suspend((resume) => this.requestCheckpoint(resume))
    }
    return false
  }

  /** Runs a checkpoint soon; `done`, if given, is called after one that contains everything up to now. */
  requestCheckpoint(done?: () => void): void {
    if (done !== undefined) this.#checkpointWaiters.push(done)
    this.#checkpointWanted = true
    if (!this.#checkpointing) this.#startCheckpoint()
  }

  /** The volume is given up: nothing is written any more, and what is in memory may be more than will ever be durable. */
  fail(error: Error): void {
    if (this.#isGivenUp) return
    this.#isGivenUp = true
    this.#failure ??= error
    this.onFailure(error)
    this.#wakeAll()
  }

  /**
   * The log or a checkpoint cannot be written: the volume becomes read-only. What is durable is still served; changes
   * that are in memory alone stay behind their barriers, which fail. After a failed flush nobody knows what is durable.
   */
  #cannotWrite(error: Error): void {
    if (this.flushGate.failed) this.fail(error)
    if (this.#failure !== null) return
    this.#failure = error
    this.onReadOnly(error)
    this.#wakeAll()
  }

  /** Whoever waits for room that will not be made any more finds out that the volume has failed. */
  #wakeAll(): void {
    this.#wakeCheckpointWaiters()
    this.env.defer(() => {
      this.log.wakeRoomWaiters()
      this.space.wakeReleaseWaiters()
    })
  }

  /** A last checkpoint; the caller has written all file data and submits nothing any more. */
  *close(): Task<void> {
    if (this.#failure === null)
      yield* wait<void>((resume) => this.requestCheckpoint(() => this.env.defer(() => resume(null))))
    while (this.#checkpointing) yield* wait<void>((resume) => this.env.timer(1, () => resume(null)))
    if (this.#failure !== null) throw this.#failure
  }

  status(): VolumeCounters {
    return {
      term: this.term,
      lastLsn: this.log.lastLsn,
      durableLsn: this.log.durableLsn,
      logBatches: this.log.batches,
      flushes: this.flushGate.flushes,
      checkpoints: this.#checkpoints,
      checkpointTickMs: this.#checkpointTickMs,
      nodesInMemory: this.#p.cache.usedNodes,
      dirtyNodes: this.#p.cache.dirtyCount,
      inodes: this.counters.inodeCount,
      dataFreeBlocks: this.space.dataFree,
      metaFreeBlocks: this.space.metaFree,
    }
  }

  /** False when there is no room for metadata and a checkpoint would not make any; Suspend when it would. */
  #hasRoom(changes: number, priority: LogPriority): boolean {
    const { space } = this
    const blocks = changes * BLOCKS_PER_CHANGE + BLOCKS_PER_PATH
    const left = priority === 'ordinary' ? space.metaHeadroom : space.metaFree
    const cacheFull = this.#p.cache.dirtyCount + this.#p.cache.frozenCount > this.#p.dirtyNodesToWait
    if (left >= blocks && !cacheFull) return true
    if (cacheFull || space.droppedNodes > 0 || this.#checkpointing) {
      throw new Suspend((resume) => this.requestCheckpoint(resume))
    }
    return false
  }

  #checkpointIfDue(): void {
    if (this.#checkpointing || this.#checkpointWanted) return
    const { space } = this
    const g = this.superblock.geometry
    const logThird = (g.logSegmentBlocks * g.logSegmentCount) / 3
    const due =
      this.log.usedBlocks > logThird ||
      this.#p.cache.dirtyCount > this.#p.dirtyNodesToStart ||
      (space.metaHeadroom < g.chunkBlocks / 2 && space.droppedNodes > 64)
    if (due) this.requestCheckpoint()
  }

  #startCheckpoint(): void {
    if (this.#failure !== null) {
      this.#wakeCheckpointWaiters()
      return
    }
    this.#checkpointing = true
    this.env.defer(() => {
      this.#checkpointWanted = false
      const waiters = this.#checkpointWaiters
      this.#checkpointWaiters = []
      const { env } = this
      const spent = (ms: number): void => {
        if (ms > this.#checkpointTickMs) this.#checkpointTickMs = ms
      }
      start(
        timed(this.#checkpoint(), () => env.monotonicMs(), spent),
        (error) => {
          this.#checkpointing = false
          if (error !== null) this.#cannotWrite(error)
          for (const waiter of waiters) waiter()
          if (this.#checkpointWanted && !this.#checkpointing) this.#startCheckpoint()
        },
      )
    })
  }

  *#checkpoint(): Task<void> {
    // The volume has failed since this was asked for: the tree may show what no log holds.
    if (this.#failure !== null) throw this.#failure
    const { device, space, superblock } = this
    const { cache, tree, counters } = this.#p
    this.settle()
    const lsn = this.log.seal()
    const now = { sec: 0, nsec: 0 }
    this.env.wallTime(now)
    const replays = this.replays.live(now.sec)
    const wantedBlocks = Math.ceil(replays.length / REPLAY_ENTRIES_PER_BLOCK)
    if (space.metaFree < wantedBlocks + BLOCKS_PER_PATH) replays.length = 0
    const replayBlocks = Array.from({ length: replays.length === 0 ? 0 : wantedBlocks }, () => space.allocate())
    for (const block of this.#replayBlocks) space.drop(block)
    this.#replayBlocks = replayBlocks
    const frozen = space.freeze()
    cache.freeze()
    const contents = { root: tree.root, nextIno: counters.nextIno, inodeCount: counters.inodeCount }
    const epoch = cache.epoch - 1

    yield* writeNodes(cache)
    yield* writeReplays(device, this.#scratch.replays, replays, replayBlocks)
    yield* writeSpace(device, this.#scratch.space, frozen, superblock.geometry.tableBlock)
    yield* wait<void>((resume) => this.log.whenDurable(lsn, (error) => this.env.defer(() => resume(error))))
    yield* wait((resume) => this.flushGate.flush(resume))

    superblock.generation += 1
    superblock.epoch = epoch
    superblock.lsn = lsn
    superblock.term = this.term
    superblock.log = this.log.boundary
    superblock.trees = [{ id: tree.id, root: contents.root }]
    superblock.nextIno = contents.nextIno
    superblock.inodeCount = contents.inodeCount
    superblock.tableSlot = frozen.tableSlot
    superblock.tableChecksum = frozen.tableChecksum
    superblock.replayBlock = replayBlocks[0] ?? 0
    superblock.replayCount = replays.length
    const added = reassignSegments(superblock, this.term, this.log.boundary)
    // By the gate: when this flush fails, file data may be lost that was written before.
    yield* writeSuperblock(device, superblock, this.#superblockPage, (resume) => this.flushGate.flush(resume))

    space.thaw(frozen)
    this.log.assign(added)
    this.#checkpoints += 1
  }

  #wakeCheckpointWaiters(): void {
    const waiters = this.#checkpointWaiters
    this.#checkpointWaiters = []
    for (const waiter of waiters) waiter()
  }
}

/** Whether a device error is what a client would call "no space". */
export function failureOf(error: DeviceError): Failure {
  return error.code === 'NOSPC' ? 'NOSPC' : 'IO'
}
