import type { Environment } from '../../environment.ts'
import type { BlockDevice } from '../../store/device.ts'
import { PagePool } from '../../store/page-pool.ts'
import { type Task, wait } from '../../task.ts'
import { BLOCK_BYTES } from '../layout.ts'
import { openVolume } from '../open.ts'
import { describeOwner, readOwner } from '../owner.ts'
import type { Superblock } from '../superblock.ts'
import { NodeMemory, type NodePool } from '../tree/node-layout.ts'
import { WALK_SLOTS } from '../tree/walk.ts'
import { Findings } from './findings.ts'
import { checkLog } from './log-check.ts'
import { OverlayDevice } from './overlay-device.ts'
import { checkStructure, type StructureCounts } from './structure.ts'
import { checkSuperblocks } from './superblocks.ts'

/** Nodes in memory while the log is replayed: only those that it needs cost any. */
const REPLAY_NODES = 65_536

/** Memory for one check after the other. */
export interface CheckMemory {
  /** For walks over trees: `WALK_SLOTS` nodes. */
  walk: NodeMemory
  /** For the replay of the log. */
  replay: NodePool
}

/** Memory from `device`; checks of other devices that take memory of the same kind may use it too. */
export function makeCheckMemory(device: BlockDevice, replayNodes: number): CheckMemory {
  return {
    walk: new NodeMemory({ bytes: device.allocatePages(WALK_SLOTS) }),
    replay: { bytes: device.allocatePages(replayNodes) },
  }
}

export interface CheckOptions {
  device: BlockDevice
  env: Environment
  /** By default memory of its own, 256 MiB of address space. */
  memory?: CheckMemory
}

/** What a check has found. */
export interface VolumeCheck {
  /** What is wrong, one sentence each: empty when the volume is whole. */
  problems: string[]
  /** What is unusual but no damage: traces of a crash, blocks that the volume does not use. */
  notes: string[]
  /** What the volume holds (after replay of the log), numbers by name. */
  counts: Record<string, number>
}

/**
 * Checks all of a volume that nobody serves: superblocks, layout, free space, log, tree and every record, first as the
 * last checkpoint left it, then as it is after replay of the log and a new checkpoint, both of which stay in memory.
 * Only reads. Rejects for nothing that is wrong with the volume.
 */
export function* checkDevice(options: CheckOptions): Task<VolumeCheck> {
  const { device } = options
  const memory = options.memory ?? { walk: ownWalkMemory(), replay: null }
  const findings = new Findings()
  let counts: Record<string, number> = {}
  const superblock = yield* checkSuperblocks(device, findings)
  if (superblock !== null) {
    yield* noteOwner(device, findings)
    const log = yield* checkLog(device, superblock, findings)
    const records = log?.batches.reduce((sum, { header }) => sum + header.count, 0) ?? 0
    let structure = yield* checkStructure({ device, superblock, findings, memory: memory.walk })
    if (records > 0) {
      const pool = memory.replay ?? new PagePool(REPLAY_NODES)
      structure = (yield* checkReplayed(options, findings, memory.walk, pool)) ?? structure
    }
    counts = countsOf(superblock, structure, records)
  }
  findings.close()
  return { problems: findings.problems, notes: findings.notes, counts }
}

/**
 * The part of `checkDevice` that concerns a volume whose log is empty, for tests that have just closed it: without
 * replay, and it is a problem if there is something to replay.
 */
export function* checkClosed(options: CheckOptions): Task<VolumeCheck> {
  const { device } = options
  const findings = new Findings()
  const superblock = yield* checkSuperblocks(device, findings)
  let counts: Record<string, number> = {}
  if (superblock !== null) {
    const walkMemory = options.memory?.walk ?? ownWalkMemory()
    counts = countsOf(superblock, yield* checkWhole(device, superblock, findings, walkMemory), 0)
  }
  findings.close()
  return { problems: findings.problems, notes: findings.notes, counts }
}

function* noteOwner(device: BlockDevice, findings: Findings): Task<void> {
  try {
    const owner = yield* readOwner(device)
    if (owner?.state === 'running') {
      findings.note(`nobody has released the volume: the last to serve it was ${describeOwner(owner)}`)
    }
  } catch (error) {
    findings.problem(`the owner block cannot be read: ${(error as Error).message}`)
  }
}

function ownWalkMemory(): NodeMemory {
  return new NodeMemory(new PagePool(WALK_SLOTS))
}

/** Log and structure behind a clean end. */
function* checkWhole(
  device: BlockDevice,
  superblock: Superblock,
  findings: Findings,
  memory: NodeMemory,
): Task<StructureCounts> {
  const log = yield* checkLog(device, superblock, findings)
  if (log !== null && log.batches.length > 0) {
    findings.problem(`the log holds records up to ${log.lastLsn}, and the checkpoint ends at ${superblock.lsn}`)
  }
  return yield* checkStructure({ device, superblock, findings, memory })
}

/** Opens the volume in memory only, as a mover would after a crash, closes it and checks what that has left. */
function* checkReplayed(
  options: CheckOptions,
  findings: Findings,
  walkMemory: NodeMemory,
  nodePool: NodePool,
): Task<StructureCounts | null> {
  const { env } = options
  const device = new OverlayDevice(options.device, env)
  try {
    const nodeCapacity = Math.floor(nodePool.bytes.length / BLOCK_BYTES / 2)
    const volume = yield* openVolume({ device, env, nodePool, nodeCapacity, leastTerm: 1 })
    yield* volume.close()
  } catch (error) {
    findings.problem(`the log cannot be replayed: ${(error as Error).message}`)
    return null
  }
  findings.stage = 'after replay of the log: '
  const superblock = yield* checkSuperblocks(device, findings)
  if (superblock === null) return null
  const counts = yield* checkWhole(device, superblock, findings, walkMemory)
  yield* wait((resume) => device.close(resume))
  return counts
}

function countsOf(superblock: Superblock, structure: StructureCounts, replayedRecords: number): Record<string, number> {
  return { ...structure, replayedRecords, blocks: superblock.geometry.deviceBlocks }
}
