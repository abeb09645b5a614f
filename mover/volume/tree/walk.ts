import { type BlockDevice, DeviceError } from '../../store/device.ts'
import { PagePool } from '../../store/page-pool.ts'
import { promise, type Step, type Task, together, wait } from '../../task.ts'
import { BlockSet } from './block-set.ts'
import { TreeCorruption } from './corruption.ts'
import { Key } from './key.ts'
import {
  ADDRESS,
  BIRTH,
  CELL_LENGTH,
  MAX_LEVELS,
  NODE_BYTES,
  NODE_WORDS,
  NodeMemory,
  readLong,
  TERM,
  tagOf,
} from './node-layout.ts'
import { expectChild, type NodeExpectation, rootBounds, type VolumeExpectation, verifyNode } from './node-verify.ts'

/** Children that are read at the same time, at each level. */
const WINDOW = 32

/** A node as `walkTree` has found it. */
export interface WalkedNode {
  /** Block number. */
  readonly address: number
  /** 0 is a leaf. */
  readonly level: number
  /** Records of a leaf, children of an inner node. */
  readonly cells: number
  /** Of 3968. */
  readonly usedBytes: number
  /** The checkpoint and the term in which it was written. */
  readonly birth: number
  readonly term: number
}

/** What `walkTree` tells; nodes come before what is below them, records in key order. */
export interface WalkVisitor {
  node?(node: WalkedNode): void
  /** `key` and the value (`length` bytes of `bytes` from `offset` on) are valid during the call only. */
  record?(key: Key, bytes: Uint8Array, offset: number, length: number): void
  /** A node that is damaged, unreadable or reached twice; the walk goes on beside it. Without this it rejects. */
  damage?(error: TreeCorruption | DeviceError): void
}

export interface WalkOptions {
  readonly device: BlockDevice
  /** 16 bytes. */
  readonly uuid: Uint8Array
  readonly treeId: number
  /** Block number of the root, 0 for an empty tree. */
  readonly root: number
  /** All nodes are of checkpoints before this one. */
  readonly epoch: number
  /** No node was written in a later term. */
  readonly term: number
  readonly visitor: WalkVisitor
  /** Blocks that nodes were found in: give one set to the walks of several trees, so that no two share a node. */
  readonly seen?: BlockSet
  /** Memory that the nodes are read into, for use again by one walk after the other: `WALK_SLOTS` of them at least. */
  readonly memory?: NodeMemory
}

/** Nodes that a walk holds in memory at most. */
export const WALK_SLOTS = MAX_LEVELS * WINDOW + 1

/**
 * Reads a whole tree from the device and checks every node: checksum, place, owner, level, bounds as the parent says,
 * order of keys, cells inside the block, and that no block is reached twice. The tree must not change meanwhile: give
 * it the root of a checkpoint.
 */
export async function walkTree(options: WalkOptions): Promise<void> {
  await promise(walkTreeTask(options))
}

/** As `walkTree`, as a task: it goes on in the very callbacks of its reads. */
export function* walkTreeTask(options: WalkOptions): Task<void> {
  if (options.root === 0) return
  const walker = new Walker(options)
  const expectation = {
    address: options.root,
    tag: tagOf(options.treeId, 0),
    isRoot: true,
    bounds: rootBounds(),
  }
  const slot = MAX_LEVELS * WINDOW
  if (!walker.isOnDevice(options.root)) walker.tellDamage(options.root, 'it lies beyond the end of the device')
  else if (yield* wait(walker.read(slot, expectation))) yield* walker.visit(slot)
}

class Walker {
  readonly #options: WalkOptions
  readonly #volume: VolumeExpectation
  readonly #memory: NodeMemory
  readonly #key = new Key()
  readonly #seen: BlockSet

  constructor(options: WalkOptions) {
    this.#options = options
    this.#memory = options.memory ?? new NodeMemory(new PagePool(WALK_SLOTS))
    this.#seen = options.seen ?? new BlockSet()
    this.#volume = {
      uuid: new Uint32Array(Uint8Array.from(options.uuid).buffer, 0, 4),
      deviceBlocks: Math.floor(options.device.sizeBytes / NODE_BYTES),
      epoch: options.epoch,
      term: options.term,
    }
  }

  isOnDevice(address: number): boolean {
    return address < this.#volume.deviceBlocks
  }

  /** Tells the visitor of a damaged node; throws when it does not want to know. */
  tellDamage(address: number, what: string): void {
    const error = new TreeCorruption(address, what)
    const { visitor } = this.#options
    if (visitor.damage === undefined) throw error
    visitor.damage(error)
  }

  /** Reads and checks a node; the step's value is false when it is damaged and that has been told. */
  read(slot: number, expectation: NodeExpectation): Step<boolean> {
    const { address } = expectation
    return (resume) => {
      this.#options.device.read(address * NODE_BYTES, this.#memory.block(slot), (error) => {
        const failure = error ?? this.#failureOf(slot, expectation)
        const { damage } = this.#options.visitor
        if (failure === null) resume(null, true)
        else if (damage === undefined || !(failure instanceof TreeCorruption || failure instanceof DeviceError)) {
          resume(failure)
        } else {
          damage.call(this.#options.visitor, failure)
          resume(null, false)
        }
      })
    }
  }

  /** What is wrong with a node that has been read. */
  #failureOf(slot: number, expectation: NodeExpectation): Error | null {
    try {
      verifyNode(this.#memory, slot, this.#volume, expectation)
    } catch (error) {
      return error as Error
    }
    const { address } = expectation
    return this.#seen.add(address) ? null : new TreeCorruption(address, 'it is reached twice')
  }

  /** Tells the node in `slot`, which has been checked, and all that is below it. */
  *visit(slot: number): Task<void> {
    const memory = this.#memory
    const level = memory.level(slot)
    this.#tell(slot, level)
    if (level === 0) {
      this.#tellRecords(slot)
      return
    }
    const count = memory.count(slot)
    const firstSlot = (level - 1) * WINDOW
    for (let first = 0; first < count; first += WINDOW) {
      const isWhole: boolean[] = []
      const steps: Step<void>[] = []
      for (let i = 0; i < WINDOW && first + i < count; i++) {
        const step = this.read(firstSlot + i, expectChild(memory, slot, first + i))
        steps.push((resume) =>
          step((error, value) => {
            isWhole[i] = value === true
            resume(error)
          }),
        )
      }
      yield* wait(together(steps, WINDOW))
      for (const [i, whole] of isWhole.entries()) if (whole) yield* this.visit(firstSlot + i)
    }
  }

  #tell(slot: number, level: number): void {
    const memory = this.#memory
    this.#options.visitor.node?.({
      address: readLong(memory.words, slot * NODE_WORDS + ADDRESS),
      level,
      cells: memory.count(slot),
      usedBytes: memory.usedBytes(slot),
      birth: readLong(memory.words, slot * NODE_WORDS + BIRTH),
      term: readLong(memory.words, slot * NODE_WORDS + TERM),
    })
  }

  #tellRecords(slot: number): void {
    const { visitor } = this.#options
    if (visitor.record === undefined) return
    const memory = this.#memory
    for (let i = 0, count = memory.count(slot); i < count; i++) {
      const cell = memory.cell(slot, i)
      this.#key.load(memory.words, cell)
      visitor.record(this.#key, memory.bytes, cell * 4 + 28, memory.words[cell + CELL_LENGTH])
    }
  }
}
