import type { BlockDevice } from '../../store/device.ts'
import type { Task } from '../../task.ts'
import { TREE_ID } from '../layout.ts'
import type { Superblock } from '../superblock.ts'
import type { NodeMemory } from '../tree/node-layout.ts'
import { type WalkVisitor, walkTreeTask } from '../tree/walk.ts'
import { Explainer } from './explain.ts'
import { blockRange, type Findings, plural } from './findings.ts'
import { InodeTable } from './inode-table.ts'
import { checkInodes } from './links.ts'
import { checkReplays } from './log-check.ts'
import { RecordCheck } from './record-check.ts'
import { loadSpaceMap, type SpaceMap } from './space-map.ts'
import { Suspects } from './suspects.ts'

/** What a volume holds. */
export interface StructureCounts {
  inodes: number
  files: number
  directories: number
  symlinks: number
  specialFiles: number
  names: number
  orphans: number
  truncating: number
  writeMarks: number
  locked: number
  clients: number
  extents: number
  records: number
  treeNodes: number
  dataBlocks: number
  usedBlocks: number
}

export interface StructureOptions {
  device: BlockDevice
  superblock: Superblock
  findings: Findings
  /** Memory for the walk over the tree. */
  memory: NodeMemory
}

/**
 * Checks what one superblock leads to: chunk table, bitmaps, replay records, every tree node, every record, and that all
 * of it fits together. Reads the tree once, and again when something must be explained. Memory: two bits a block, about
 * 90 bytes an inode.
 */
export function* checkStructure(options: StructureOptions): Task<StructureCounts> {
  const { device, superblock, findings } = options
  const space = yield* loadSpaceMap(device, superblock, findings)
  const replayBlocks = yield* checkReplays(device, superblock, space, findings)
  const suspects = new Suspects()
  const table = new InodeTable()
  const records = new RecordCheck({ superblock, findings, space, table, suspects })
  let damagedNodes = 0
  let treeNodes = 0
  yield* walk(options, {
    node({ address }) {
      treeNodes++
      useNode(space, address, findings, suspects)
    },
    record: (key, bytes, offset, length) => records.record(key.words, bytes, offset, length),
    damage(error) {
      damagedNodes++
      records.isWhole = false
      findings.problem(error.message)
    },
  })
  records.end()
  const counts: StructureCounts = { ...records.counts, treeNodes, usedBlocks: space.usedBlocks }
  if (damagedNodes > 0) {
    findings.note(
      `${plural(damagedNodes, 'tree node')} could not be read: whether names, links and free space agree was not checked`,
    )
    return counts
  }
  checkInodes(table, superblock, findings, suspects)
  checkCounters(superblock, records, findings)
  space.compare((start, length, isUsed) => {
    if (isUsed) suspects.addUnmarked({ start, length })
    else {
      const verbs = length === 1 ? ['is', 'it'] : ['are', 'them']
      findings.problem(
        `${blockRange(start, length)} of chunk ${space.chunkOf(start)} ${verbs[0]} marked as used, and nothing uses ${verbs[1]}`,
      )
    }
  })
  if (suspects.isEmpty) return counts
  const explainer = new Explainer({ suspects, table, space, findings }, replayBlocks)
  yield* walk(options, explainer)
  explainer.end()
  return counts
}

function walk(options: StructureOptions, visitor: WalkVisitor): Task<void> {
  const { device, superblock, memory } = options
  return walkTreeTask({
    device,
    uuid: superblock.uuid,
    treeId: TREE_ID.main,
    root: superblock.trees.find((tree) => tree.id === TREE_ID.main)?.root ?? 0,
    epoch: superblock.epoch + 1,
    term: superblock.term,
    visitor,
    memory,
  })
}

function useNode(space: SpaceMap, block: number, findings: Findings, suspects: Suspects): void {
  if (!space.isInside(block, 1)) {
    findings.problem(`tree node at block ${block} lies outside of all chunks`)
    return
  }
  const type = space.typeAt(block)
  if (type !== null && type !== 'metadata') {
    findings.problem(`tree node at block ${block} lies in chunk ${space.chunkOf(block)}, which is a ${type} chunk`)
  }
  if (!space.use(block, 1)) suspects.addShared({ start: block, length: 1 })
}

function checkCounters(superblock: Superblock, records: RecordCheck, findings: Findings): void {
  const { inodes } = records.counts
  if (superblock.inodeCount !== inodes) {
    findings.problem(`the superblock counts ${plural(superblock.inodeCount, 'inode')}, and there are ${inodes}`)
  }
  if (superblock.nextIno <= records.lastIno) {
    findings.problem(
      `the superblock would make inode ${superblock.nextIno} next, and inode ${records.lastIno} is in use`,
    )
  }
}
