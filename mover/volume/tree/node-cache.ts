import type { BlockDevice, DeviceError } from '../../store/device.ts'
import { AddressMap } from './address-map.ts'
import { CheckpointWriter } from './checkpoint-writer.ts'
import { NodeCacheFull } from './corruption.ts'
import { clearCells } from './node-cells.ts'
import {
  ADDRESS,
  BIRTH,
  NODE_MAGIC,
  NODE_WORDS,
  NodeMemory,
  type NodePool,
  readLong,
  TAG,
  tagOf,
  UUID,
  writeLong,
} from './node-layout.ts'
import { NodeLoader } from './node-loader.ts'
import type { NodeSpace } from './node-space.ts'

/** What a slot holds. A node is changed in place only while `DIRTY`. */
export const SLOT = {
  free: 0,
  /** A read from the device is under way. */
  loading: 1,
  /** As on the device. */
  clean: 2,
  /** Of the current epoch, not on the device. */
  dirty: 3,
  /** Of the checkpoint being written: must reach the device as it is. */
  frozen: 4,
} as const

export interface NodeCacheOptions {
  readonly device: BlockDevice
  /** Its size is the hard limit of nodes in memory: what is not used of it costs no memory. */
  readonly pool: NodePool
  /** Nodes kept in memory as long as clean ones can be let go; unwritten ones may exceed it up to the pool's size. */
  readonly capacityNodes: number
  /** 16 bytes. */
  readonly uuid: Uint8Array
  /** The term under which nodes are written. */
  readonly term: number
  /** The checkpoint that is being gathered: above that of every node on the device. */
  readonly epoch: number
  /** Runs a task after this tick (`Environment.defer`). */
  readonly defer: (task: () => void) => void
  /** Nodes that one of the last so many operations has touched are not evicted, lest operations starve each other. */
  readonly protectedOperations?: number
}

/** A failed sweep gives up after so many slots, and the cache grows instead. */
const SWEEP_STEPS = 512
/** `lastInsert` of a node whose last insert is not known. */
export const NO_INSERT = -2

/**
 * The tree nodes in memory: slots of a page-aligned pool, found by block number, loaded on demand and evicted by a
 * clock with a second chance. Changed nodes stay until a checkpoint has written them.
 *
 * Call `beginOperation` before each run of an operation: nodes touched since then are never evicted, so that what the
 * operation has found resident stays so.
 */
export class NodeCache {
  readonly memory: NodeMemory
  readonly device: BlockDevice
  readonly defer: (task: () => void) => void
  readonly uuid: Uint32Array
  readonly capacityNodes: number
  /** Number of the running operation (modulo 2^32), and for each slot the last one that touched it. */
  operation = 1
  readonly touched: Uint32Array
  /** For each slot the index of the cell inserted last, or `NO_INSERT`. */
  readonly lastInsert: Int16Array
  readonly state: Uint8Array
  /** Reads the nodes that are missing. */
  readonly loader: NodeLoader
  term: number
  epoch: number
  readonly #map: AddressMap
  readonly #free: Int32Array
  #freeCount: number
  /** Slots from here on were never used. */
  #highWater = 0
  /** `touched` of each slot when the clock hand last came by. */
  readonly #seen: Uint32Array
  /** Frozen and no longer part of the current tree: free once written. */
  readonly #superseded: Uint8Array
  #hand = 0
  #clean = 0
  #dirty = 0
  readonly #protected: number
  readonly #writer: CheckpointWriter

  constructor(options: NodeCacheOptions) {
    this.device = options.device
    this.defer = options.defer
    this.memory = new NodeMemory(options.pool)
    const slots = this.memory.slotCount
    if (options.capacityNodes > slots) throw new RangeError(`a capacity of ${options.capacityNodes} exceeds the pool`)
    this.capacityNodes = options.capacityNodes
    this.uuid = new Uint32Array(Uint8Array.from(options.uuid).buffer, 0, 4)
    this.term = options.term
    this.epoch = options.epoch
    this.touched = new Uint32Array(slots)
    this.lastInsert = new Int16Array(slots)
    this.state = new Uint8Array(slots)
    this.#seen = new Uint32Array(slots)
    this.#superseded = new Uint8Array(slots)
    this.#map = new AddressMap(slots)
    this.#free = new Int32Array(slots)
    for (let i = 0; i < slots; i++) this.#free[i] = slots - 1 - i
    this.#freeCount = slots
    this.#protected = options.protectedOperations ?? 16
    this.loader = new NodeLoader(this)
    this.#writer = new CheckpointWriter(this)
  }

  /** Starts an operation, or a run of one after `Suspend`. */
  beginOperation(): void {
    this.operation = (this.operation + 1) >>> 0
  }

  /** Nodes in memory, those being read included. */
  get usedNodes(): number {
    return this.memory.slotCount - this.#freeCount
  }

  /** Nodes of the current epoch: what the next `freeze` takes. */
  get dirtyCount(): number {
    return this.#dirty
  }

  /** Nodes of the frozen checkpoint that are not on the device yet. */
  get frozenCount(): number {
    return this.#writer.remaining
  }

  /** Node memory that may be filled with changed nodes before changes fail with `NodeCacheFull`. */
  get limitNodes(): number {
    return this.memory.slotCount
  }

  /** True when a slot can be had without evicting. */
  get hasFreeSlot(): boolean {
    return this.#freeCount > 0
  }

  /** Slot of the node at `address`, or -1 when it is not in memory. */
  slotOf(address: number): number {
    return this.#map.get(address)
  }

  addressOf(slot: number): number {
    return readLong(this.memory.words, slot * NODE_WORDS + ADDRESS)
  }

  /** Makes `count` more slots available, or throws `NodeCacheFull` before anything has been changed. */
  reserve(count: number): void {
    if (this.#freeCount >= count) return
    while (this.#freeCount < count) {
      const slot = this.#sweepAll()
      if (slot < 0) throw this.#full()
      this.#evict(slot)
      this.#release(slot)
    }
  }

  /** A new empty node of the current epoch, bounds unset; returns its slot. */
  create(treeId: number, level: number, address: number): number {
    const slot = this.#takeSlot()
    const { words } = this.memory
    const base = slot * NODE_WORDS
    words.fill(0, base, base + NODE_WORDS)
    words[base] = NODE_MAGIC
    for (let i = 0; i < 4; i++) words[base + UUID + i] = this.uuid[i]
    words[base + TAG] = tagOf(treeId, level)
    clearCells(this.memory, slot)
    this.#become(slot, address)
    this.lastInsert[slot] = NO_INSERT
    return slot
  }

  /** Copy on write: the slot of a node that may be changed, with the contents of the one in `slot`. */
  makeWritable(slot: number, space: NodeSpace): number {
    const state = this.state[slot]
    if (state === SLOT.dirty) return slot
    const old = this.addressOf(slot)
    const address = space.allocate()
    let target = slot
    if (state === SLOT.clean) {
      // Its old version is on the device: the slot can go on as the new one.
      this.#map.delete(old)
      this.#clean -= 1
    } else {
      target = this.#takeSlot()
      const from = slot * NODE_WORDS
      this.memory.words.copyWithin(target * NODE_WORDS, from, from + NODE_WORDS)
      this.lastInsert[target] = this.lastInsert[slot]
      this.#superseded[slot] = 1
    }
    this.#become(target, address)
    space.drop(old)
    return target
  }

  /** The node leaves the current tree. */
  discard(slot: number, space: NodeSpace): void {
    const address = this.addressOf(slot)
    const state = this.state[slot]
    if (state === SLOT.frozen) {
      this.#superseded[slot] = 1
      space.drop(address)
      return
    }
    this.#map.delete(address)
    if (state === SLOT.dirty) {
      this.#dirty -= 1
      this.#release(slot)
      space.dropUnwritten(address)
    } else {
      this.#clean -= 1
      this.#release(slot)
      space.drop(address)
    }
  }

  /**
   * Ends the epoch: its nodes become the frozen set, to be written by `writeFrozen`, and changes from now on belong to
   * the next one. The roots of the trees at this moment are those of the checkpoint.
   * @returns how many nodes are to be written
   * @throws Error when the set before has not been written entirely
   */
  freeze(): number {
    if (this.#writer.remaining > 0) throw new Error('the tree was frozen before its last checkpoint was written')
    const addresses = new Float64Array(this.#dirty)
    let count = 0
    for (let slot = 0; slot < this.#highWater; slot++) {
      if (this.state[slot] !== SLOT.dirty) continue
      this.state[slot] = SLOT.frozen
      addresses[count++] = this.addressOf(slot)
    }
    this.#dirty = 0
    this.epoch += 1
    this.#writer.start(addresses.sort())
    return count
  }

  /**
   * Writes up to `maxNodes` nodes of the frozen set. `done` is called once, when all these writes have ended, with the
   * first error or null, and how many nodes of the set are not on the device yet; after an error call again to retry.
   * The nodes are durable only after a flush.
   */
  writeFrozen(maxNodes: number, done: (error: DeviceError | null, remaining: number) => void): void {
    this.#writer.write(maxNodes, done)
  }

  /** The node of the frozen set in `slot` has reached the device. */
  written(slot: number): void {
    if (this.#superseded[slot] === 1) {
      this.#superseded[slot] = 0
      this.#map.delete(this.addressOf(slot))
      this.#release(slot)
      return
    }
    this.state[slot] = SLOT.clean
    this.#clean += 1
  }

  /** A slot to read a node into: in no use until `loaded` or `unloaded`. */
  load(): number {
    const slot = this.#takeSlot()
    this.state[slot] = SLOT.loading
    return slot
  }

  /** The node at `address` has been read into `slot` and verified. */
  loaded(slot: number, address: number): void {
    this.state[slot] = SLOT.clean
    this.#clean += 1
    this.#map.add(address, slot)
    this.touched[slot] = this.operation
    this.lastInsert[slot] = NO_INSERT
  }

  /** Nothing good has been read into `slot`. */
  unloaded(slot: number): void {
    this.#release(slot)
  }

  #become(slot: number, address: number): void {
    const { words } = this.memory
    const base = slot * NODE_WORDS
    writeLong(words, base + ADDRESS, address)
    writeLong(words, base + BIRTH, this.epoch)
    this.#map.add(address, slot)
    this.loader.forgetFailure(address)
    this.state[slot] = SLOT.dirty
    this.touched[slot] = this.operation
    this.#dirty += 1
  }

  /** A slot for a new node: beyond the capacity in place of a clean one, if one is found soon. */
  #takeSlot(): number {
    if (this.usedNodes >= this.capacityNodes) {
      const slot = this.#sweep()
      if (slot >= 0) {
        this.#evict(slot)
        // The cache has outgrown its capacity while nodes could not be let go: one more goes now.
        const another = this.usedNodes > this.capacityNodes ? this.#sweep() : -1
        if (another >= 0) {
          this.#evict(another)
          this.#release(another)
        }
        return slot
      }
    }
    if (this.#freeCount === 0) {
      const slot = this.#sweepAll()
      if (slot < 0) throw this.#full()
      this.#evict(slot)
      return slot
    }
    const slot = this.#free[--this.#freeCount]
    if (slot >= this.#highWater) this.#highWater = slot + 1
    return slot
  }

  /** Moves the clock hand to a clean slot that was not touched lately; -1 when none comes soon. */
  #sweep(): number {
    if (this.#clean === 0) return -1
    const { state, touched, operation } = this
    for (let steps = Math.min(SWEEP_STEPS, this.#highWater * 2); steps > 0; steps--) {
      const slot = this.#hand
      this.#hand = slot + 1 >= this.#highWater ? 0 : slot + 1
      if (state[slot] !== SLOT.clean || (operation - touched[slot]) >>> 0 <= this.#protected) continue
      if (touched[slot] === this.#seen[slot]) return slot
      this.#seen[slot] = touched[slot]
    }
    return -1
  }

  /** Any clean slot that the running operation has not touched, or -1. */
  #sweepAll(): number {
    if (this.#clean === 0) return -1
    for (let slot = 0; slot < this.#highWater; slot++) {
      if (this.state[slot] === SLOT.clean && this.touched[slot] !== this.operation) return slot
    }
    return -1
  }

  #evict(slot: number): void {
    this.#map.delete(this.addressOf(slot))
    this.state[slot] = SLOT.free
    this.#clean -= 1
  }

  #release(slot: number): void {
    this.state[slot] = SLOT.free
    this.#free[this.#freeCount++] = slot
  }

  #full(): NodeCacheFull {
    return new NodeCacheFull(this.memory.slotCount, this.#dirty, this.#writer.remaining)
  }
}
