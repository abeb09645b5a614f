import { DeviceError } from '../../mover/store/device.ts'
import { PagePool } from '../../mover/store/page-pool.ts'
import { Suspend } from '../../mover/suspend.ts'
import { Key } from '../../mover/volume/tree/key.ts'
import { NodeCache } from '../../mover/volume/tree/node-cache.ts'
import type { NodeSpace } from '../../mover/volume/tree/node-space.ts'
import { Tree } from '../../mover/volume/tree/tree.ts'
import { type WalkedNode, walkTree } from '../../mover/volume/tree/walk.ts'
import { FaultDevice } from '../crash/fault-device.ts'
import type { Random } from '../crash/random.ts'
import { TestEnvironment } from '../crash/test-environment.ts'

export const BLOCKS = 65_536
export const TREE_ID = 7
export const TERM = 3
export const UUID = Uint8Array.from({ length: 16 }, (_, i) => i * 11 + 1)

/** Hands out blocks in random order and watches that the tree keeps the rules of `NodeSpace`. */
export class TestSpace implements NodeSpace {
  /** Blocks of the current tree, and the epoch that each was allocated in. */
  readonly live = new Map<number, number>()
  allocations = 0
  epoch = 1
  readonly #random: Random
  #next = 1
  #free: number[] = []
  /** Dropped in this epoch; dropped before the freeze under way. */
  #dropped: number[] = []
  #releasing: number[] = []

  constructor(random: Random) {
    this.#random = random
  }

  allocate(): number {
    this.allocations += 1
    const reuse = this.#free.length > 0 && this.#random.chance(0.7)
    const address = reuse ? (this.#free.splice(this.#random.below(this.#free.length), 1)[0] as number) : this.#next++
    if (this.live.has(address)) throw new Error(`block ${address} was allocated twice`)
    this.live.set(address, this.epoch)
    return address
  }

  drop(address: number): void {
    if (this.#remove(address) === this.epoch) throw new Error(`block ${address} of this epoch was given to drop`)
    this.#dropped.push(address)
  }

  dropUnwritten(address: number): void {
    if (this.#remove(address) !== this.epoch) throw new Error(`block ${address} of an older epoch: dropUnwritten`)
    this.#free.push(address)
  }

  freeze(): void {
    this.epoch += 1
    this.#releasing = this.#dropped
    this.#dropped = []
  }

  /** The frozen checkpoint is durable. */
  release(): void {
    this.#free.push(...this.#releasing)
    this.#releasing = []
  }

  #remove(address: number): number {
    const epoch = this.live.get(address)
    if (epoch === undefined) throw new Error(`block ${address} was dropped, and the tree does not own it`)
    this.live.delete(address)
    return epoch
  }
}

/** A sorted map with the tree's keys, as their hexadecimal form: the model that the tree must equal. */
export class Model {
  readonly keys: string[] = []
  readonly values = new Map<string, Uint8Array>()

  put(key: string, value: Uint8Array): void {
    if (!this.values.has(key)) this.keys.splice(this.indexOf(key), 0, key)
    this.values.set(key, value)
  }

  delete(key: string): boolean {
    if (!this.values.delete(key)) return false
    this.keys.splice(this.indexOf(key), 1)
    return true
  }

  /** Index of the first key that is not below `key`. */
  indexOf(key: string): number {
    let low = 0
    let high = this.keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.keys[middle] as string) < key) low = middle + 1
      else high = middle
    }
    return low
  }

  snapshot(): Model {
    const copy = new Model()
    copy.keys.push(...this.keys)
    for (const [key, value] of this.values) copy.values.set(key, value)
    return copy
  }
}

/** A checkpoint as the superblock would name it. */
export interface Checkpoint {
  readonly root: number
  /** Above the births of its nodes. */
  readonly epoch: number
  readonly model: Model
  readonly blocks: ReadonlySet<number>
}

export interface WorldOptions {
  readonly capacityNodes?: number
  readonly limitNodes?: number
  readonly protectedOperations?: number
}

/** One tree on a fault device, its model, and a driver that runs operations as the volume's driver does. */
export class World {
  readonly environment: TestEnvironment
  readonly random: Random
  readonly device: FaultDevice
  readonly space: TestSpace
  cache: NodeCache
  tree: Tree
  readonly model = new Model()
  suspends = 0
  /** Operations that a device error has ended and that were tried again; null: none is expected. */
  deviceErrors: number | null = null
  /** Operations that were started and have not ended. */
  pending = 0
  durable: Checkpoint = { root: 0, epoch: 1, model: new Model(), blocks: new Set() }
  frozen: Checkpoint | null = null

  constructor(seed: number, options: WorldOptions = {}) {
    this.environment = new TestEnvironment(seed)
    this.random = this.environment.random.fork()
    this.device = new FaultDevice(this.environment, BLOCKS * 4096)
    this.space = new TestSpace(this.random)
    this.cache = openCache(this.device, this.environment, 1, options)
    this.tree = new Tree(this.cache, this.space, TREE_ID, 0)
  }

  /** Goes on with the tree that is on the device and an empty cache; straight after a checkpoint. */
  reopen(options: WorldOptions = {}): void {
    this.cache = openCache(this.device, this.environment, this.durable.epoch, options)
    this.tree = new Tree(this.cache, this.space, TREE_ID, this.durable.root)
  }

  /** Starts an operation; it ends now or, after `Suspend`s, while the environment runs. */
  start(operation: () => void): void {
    this.pending += 1
    const attempt = (): void => {
      this.cache.beginOperation()
      try {
        operation()
      } catch (thrown) {
        if (thrown instanceof DeviceError && this.deviceErrors !== null) {
          this.deviceErrors += 1
          this.environment.defer(attempt)
          return
        }
        if (!(thrown instanceof Suspend)) throw thrown
        this.suspends += 1
        thrown.wait(attempt)
        return
      }
      this.pending -= 1
    }
    attempt()
  }

  /** Runs an operation to its end. */
  run<T>(operation: () => T): T {
    let result: T | undefined
    let isDone = false
    this.start(() => {
      result = operation()
      isDone = true
    })
    this.environment.runUntil(() => isDone)
    return result as T
  }

  put(key: Key, value: Uint8Array): void {
    this.tree.put(key, value, 0, value.length)
    this.model.put(key.toString(), value)
  }

  delete(key: Key): void {
    const isDeleted = this.tree.delete(key)
    const expected = this.model.delete(key.toString())
    if (isDeleted !== expected) throw new Error(`delete of ${key} should be ${expected}`)
  }

  freeze(): void {
    this.cache.freeze()
    this.space.freeze()
    const blocks = new Set(this.space.live.keys())
    this.frozen = { root: this.tree.root, epoch: this.cache.epoch, model: this.model.snapshot(), blocks }
  }

  /** Asks for some frozen nodes to be written; `done` is told how many remain, or -1 after an error. */
  writeSome(maxNodes: number, done: (remaining: number) => void): void {
    this.cache.writeFrozen(maxNodes, (error, remaining) => done(error === null ? remaining : -1))
  }

  /** All frozen nodes are on the device: flush, and the checkpoint is the durable one. */
  finish(done: () => void): void {
    this.device.flush((error) => {
      if (error !== null) throw error
      this.durable = this.frozen as Checkpoint
      this.frozen = null
      this.space.release()
      done()
    })
  }

  /** Freezes, writes and flushes, running the environment. */
  checkpoint(maxNodes = 64): void {
    this.freeze()
    let isDone = false
    const write = (): void =>
      this.writeSome(maxNodes, (remaining) => {
        if (remaining === 0) this.finish(() => (isDone = true))
        else write()
      })
    write()
    this.environment.runUntil(() => isDone)
  }

  /** Checks that `checkpoint` is whole on `device`: every node, every record, no leaked and no missing block. */
  async checkImage(checkpoint: Checkpoint, device: FaultDevice = this.device): Promise<WalkedNode[]> {
    const nodes: WalkedNode[] = []
    const { keys, values } = checkpoint.model
    let index = 0
    const walk = walkTree({
      device,
      uuid: UUID,
      treeId: TREE_ID,
      root: checkpoint.root,
      epoch: checkpoint.epoch,
      term: TERM,
      visitor: {
        node: (node) => void nodes.push(node),
        record(key, bytes, offset, length) {
          const name = key.toString()
          if (keys[index++] !== name) throw new Error(`record ${name} where ${keys[index - 1]} should be`)
          expectValue(name, values.get(name), bytes, offset, length)
        },
      },
    })
    await settle(this.environment, walk)
    if (index !== keys.length) throw new Error(`${keys.length} records should be there, and ${index} are`)
    if (nodes.length !== checkpoint.blocks.size) {
      throw new Error(`${checkpoint.blocks.size} blocks are in use, and ${nodes.length} are reached`)
    }
    for (const node of nodes) {
      if (!checkpoint.blocks.has(node.address)) throw new Error(`block ${node.address} is reached and not in use`)
    }
    return nodes
  }
}

export function openCache(
  device: FaultDevice,
  environment: TestEnvironment,
  epoch: number,
  options: WorldOptions = {},
): NodeCache {
  return new NodeCache({
    device,
    pool: new PagePool(options.limitNodes ?? 4096),
    capacityNodes: options.capacityNodes ?? 1024,
    uuid: UUID,
    term: TERM,
    epoch,
    defer: (task) => environment.defer(task),
    protectedOperations: options.protectedOperations ?? 0,
  })
}

/** Awaits a promise whose progress depends on the environment's events. */
export async function settle<T>(environment: TestEnvironment, promise: Promise<T>): Promise<T> {
  let isSettled = false
  promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  )
  while (!isSettled) {
    environment.runUntilIdle()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return promise
}

export function expectValue(
  name: string,
  expected: Uint8Array | undefined,
  bytes: Uint8Array,
  offset: number,
  length: number,
): void {
  if (expected === undefined) throw new Error(`record ${name} should not be there`)
  if (Buffer.compare(expected, bytes.subarray(offset, offset + length)) !== 0) {
    throw new Error(`the value of ${name} (${length} bytes) should be one of ${expected.length} bytes`)
  }
}

export function parseKey(name: string): Key {
  const key = new Key()
  for (const [i, part] of name.split('.').entries()) key.words[i] = Number.parseInt(part, 16)
  return key
}

export function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  random.fill(bytes)
  return bytes
}
