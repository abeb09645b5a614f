import type { Environment } from '../environment.ts'
import type { BlockDevice, DeviceError } from '../store/device.ts'
import { Suspend } from '../suspend.ts'
import { type Step, type Task, together, wait } from '../task.ts'
import { REPLAY_BLOCK_HEADER_BYTES, readReplayBlock } from './checkpoint.ts'
import { findSuperblock, readBlocks, tryWrite, writeSuperblockCopies } from './device-io.ts'
import { KIND, keyA, keyIno, keyKind, setKey } from './keys.ts'
import { BLOCK_BYTES, bitmapBlocks, CHUNK_TYPE, TREE_ID } from './layout.ts'
import { recordsOf } from './log-batch.ts'
import { type FoundLog, findBatches, LogSegments } from './log-reader.ts'
import { NameHasher } from './names.ts'
import { applyRecord } from './records/apply.ts'
import { decodeRecord, RecordError } from './records/codec.ts'
import { MAX_INOS_PER_RECORD, RECORD_NAMES } from './records/schema.ts'
import { beginReign } from './reign.ts'
import { getReplayEntry, REPLAY_ENTRY_BYTES, ReplayTable } from './replay-table.ts'
import { Space } from './space.ts'
import { type Superblock, SuperblockError } from './superblock.ts'
import { Transaction } from './transaction.ts'
import { Key } from './tree/key.ts'
import { NodeCache } from './tree/node-cache.ts'
import type { NodePool } from './tree/node-layout.ts'
import { Tree } from './tree/tree.ts'
import { URGENT, Volume } from './volume.ts'

/** Records behind one that waits for a tree node whose nodes are read at the same time. */
const REPLAY_LOOKAHEAD = 48
const READS_AT_ONCE = 24
/** Records that are replayed in one go: a mover that takes a volume over serves others meanwhile. */
const REPLAYED_AT_ONCE = 256

export interface OpenOptions {
  device: BlockDevice
  env: Environment
  /** Memory for tree nodes; its size is the hard limit. */
  nodePool: NodePool
  /** Nodes kept in memory while they need not be written. */
  nodeCapacity: number
  /** The coordinator's term: the reign's is at least this. */
  leastTerm: number
  /** Why nothing may be written, where that is known before. */
  readOnly?: DeviceError | null
  /**
   * True when other movers may hold files and blocks of an earlier reign: no chunk changes its type until `Space.keepsTypes`
   * is taken back.
   */
  isHeld?: boolean
}

/**
 * Opens a volume: newest superblock, free space, replay of the log, a new reign (durable before its first record), then
 * the change counters of files that were being written. When the device does not take what must be written for that,
 * the volume is read-only (`Volume.failure`): it shows all that was durable, and the next opening begins anew.
 *
 * Throws SuperblockError, SpaceError, LogDamage, TreeCorruption, or DeviceError when the device cannot be read or
 * flushed; nothing has been changed then.
 */
export function* openVolume(options: OpenOptions): Task<Volume> {
  const { device, env } = options
  const superblock = yield* findSuperblock(device)
  const space = yield* loadSpace(device, superblock)
  space.keepsTypes = options.isHeld === true
  const replays = new ReplayTable()
  const replayBlocks = yield* loadReplays(device, superblock, replays)
  const found = yield* findBatches(superblock, new LogSegments(device, superblock))
  const { term, segment } = beginReign(superblock, found, options.leastTerm)
  const cache = new NodeCache({
    device,
    pool: options.nodePool,
    capacityNodes: options.nodeCapacity,
    uuid: superblock.uuid,
    term,
    epoch: superblock.epoch + 1,
    defer: (task) => env.defer(task),
  })
  const tree = new Tree(cache, space, TREE_ID.main, rootOf(superblock))
  const counters = { nextIno: superblock.nextIno, inodeCount: superblock.inodeCount }
  const transaction = new Transaction(tree, space, counters, replays, new NameHasher(superblock.nameSecret))
  yield* replayLog(found, transaction, space, env)
  superblock.generation += 1
  const readOnly =
    options.readOnly ?? (yield* tryWrite(writeSuperblockCopies(device, superblock, device.allocatePages(1))))
  // Read-only or not: what former reigns left in the device's cache must not be shown and then be lost.
  yield* wait((resume) => device.flush(resume))
  const volume = new Volume(
    {
      device,
      env,
      superblock,
      term,
      segment,
      space,
      cache,
      tree,
      counters,
      replays,
      transaction,
      lastLsn: found.lastLsn,
      lastChecksum: found.lastChecksum,
      dirtyNodesToStart: Math.floor(options.nodeCapacity / 3),
      dirtyNodesToWait: Math.floor((options.nodePool.bytes.length / BLOCK_BYTES) * 0.75),
      readOnly,
    },
    replayBlocks,
  )
  // The log takes nothing before it.
  volume.requestCheckpoint()
  yield* recoverMarks(volume)
  if (volume.isGivenUp) throw volume.failure
  return volume
}

function rootOf(superblock: Superblock): number {
  return superblock.trees.find((tree) => tree.id === TREE_ID.main)?.root ?? 0
}

/** Reads the chunk table and the bitmaps that it names. */
export function* loadSpace(device: BlockDevice, superblock: Superblock): Task<Space> {
  const g = superblock.geometry
  const tableBlock = g.tableBlock + superblock.tableSlot * g.tableBlocksPerSlot
  const table = yield* readBlocks(device, tableBlock, g.tableBlocksPerSlot)
  const space = Space.load(g, table, superblock.tableSlot, superblock.tableChecksum)
  const wanted = space.bitmapsToLoad()
  const blocks = bitmapBlocks(g)
  const bytes = device.allocatePages(Math.max(1, wanted.length * blocks))
  const steps: Step<unknown>[] = wanted.map(({ block }, i) => (resume) => {
    device.read(block * BLOCK_BYTES, bytes.subarray(i * blocks * BLOCK_BYTES, (i + 1) * blocks * BLOCK_BYTES), resume)
  })
  yield* wait(together(steps, READS_AT_ONCE))
  for (const [i, { chunk }] of wanted.entries()) {
    space.install(chunk, bytes.subarray(i * blocks * BLOCK_BYTES, (i + 1) * blocks * BLOCK_BYTES))
  }
  return space
}

/** Reads the checkpoint's replay entries; returns the blocks of their chain. */
export function* loadReplays(device: BlockDevice, superblock: Superblock, replays: ReplayTable): Task<number[]> {
  const blocks: number[] = []
  let count = 0
  for (let block = superblock.replayBlock; block !== 0; ) {
    const page = readReplayBlock(yield* readBlocks(device, block, 1))
    if (page === null || page.count === 0 || count + page.count > superblock.replayCount) {
      throw new SuperblockError(`block ${block} of the replay records is damaged`)
    }
    for (let i = 0; i < page.count; i++) {
      const entry = getReplayEntry(page.view, REPLAY_BLOCK_HEADER_BYTES + i * REPLAY_ENTRY_BYTES)
      replays.add(entry.tag, entry.timeSec, entry.objectIno)
    }
    blocks.push(block)
    count += page.count
    block = page.next
  }
  if (count !== superblock.replayCount)
    throw new SuperblockError('the chain of replay records is shorter than the superblock says')
  return blocks
}

/** Applies the records behind the checkpoint. Nodes that later records need are read while one waits. */
function* replayLog(found: FoundLog, txn: Transaction, space: Space, env: Environment): Task<void> {
  const records: { lsn: number; apply: () => void }[] = []
  for (const batch of found.batches) {
    for (const { lsn, type, payload } of recordsOf(batch.bytes, batch.header)) {
      const name = RECORD_NAMES.get(type)
      if (name === undefined) throw new RecordError(`log record ${lsn} has the unknown type ${type}`)
      records.push({ lsn, apply: () => applyRecord(txn, name, decodeRecord(name, payload)) })
    }
  }
  const attempt = (index: number): Suspend | null => {
    txn.tree.cache.beginOperation()
    try {
      txn.begin()
      records[index].apply()
      txn.prepare()
      return null
    } catch (error) {
      if (error instanceof Suspend) return error
      throw error
    }
  }
  // What is read ahead must not push out what the record at hand has waited for.
  const lookahead = Math.min(REPLAY_LOOKAHEAD, txn.tree.cache.capacityNodes >>> 4)
  for (let i = 0; i < records.length; ) {
    const missing = attempt(i)
    if (missing === null) {
      txn.carryOut(records[i].lsn)
      space.releaseFreed(records[i].lsn)
      if (++i % REPLAYED_AT_ONCE === 0) yield* wait<void>((resume) => env.defer(() => resume(null)))
      continue
    }
    const steps: Step<unknown>[] = [(resume) => missing.wait(() => resume(null))]
    for (let ahead = i + 1; ahead < Math.min(i + lookahead, records.length); ahead++) {
      try {
        const also = attempt(ahead)
        if (also !== null) steps.push((resume) => also.wait(() => resume(null)))
      } catch {
        // Records ahead are tried on a tree that lacks their predecessors: only what they miss is of interest here.
      }
    }
    yield* wait(together(steps, READS_AT_ONCE))
  }
}

/**
 * Files that were being written when the last reign ended: their change numbers jump, so that none names two contents.
 * A volume that has become read-only only shows it so: its next opening finds the marks again.
 */
function* recoverMarks(volume: Volume): Task<void> {
  for (;;) {
    const inos = yield* retry(volume, () => someMarks(volume))
    if (inos.length === 0) break
    const time = { sec: 0, nsec: 0 }
    volume.env.wallTime(time)
    const lsn = yield* retry(volume, () => volume.submit('recoverMarks', { time, inos }, URGENT))
    if (lsn === 'ROFS') yield* retry(volume, () => volume.showUnlogged('recoverMarks', { time, inos }))
    else if (typeof lsn === 'string') throw new Error(`cannot log the recovery of write marks: ${lsn}`)
  }
  // A failure here has made the volume read-only, or is told by `isGivenUp`.
  yield* wait<void>((resume) => volume.log.whenDurable(volume.log.lastLsn, () => volume.env.defer(() => resume(null))))
}

function someMarks(volume: Volume): number[] {
  const inos: number[] = []
  const { cursor } = volume
  let more = cursor.seek(setKey(new Key(), 0, KIND.writeMark, 0, 0, 0))
  while (more && inos.length < MAX_INOS_PER_RECORD / 4) {
    const { words } = cursor.key
    if (keyIno(words, 0) !== 0 || keyKind(words, 0) !== KIND.writeMark) break
    inos.push(keyA(words, 0))
    more = cursor.next()
  }
  return inos
}

/** Runs `attempt` again and again until it does not throw Suspend. */
export function* retry<T>(volume: Volume, attempt: () => T): Task<T> {
  for (;;) {
    volume.begin()
    try {
      return attempt()
    } catch (error) {
      if (!(error instanceof Suspend)) throw error
      yield* wait<void>((resume) => error.wait(() => resume(null)))
    }
  }
}

/** Chunk types by number, for messages. */
export const CHUNK_TYPE_NAMES = Object.fromEntries(Object.entries(CHUNK_TYPE).map(([name, type]) => [type, name]))
