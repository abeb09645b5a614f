import type { DeviceError } from '../../store/device.ts'
import { Suspend } from '../../suspend.ts'
import { TreeCorruption } from './corruption.ts'
import type { NodeCache } from './node-cache.ts'
import { NODE_BYTES } from './node-layout.ts'
import { type NodeExpectation, verifyNode } from './node-verify.ts'

interface Load {
  readonly expectation: NodeExpectation
  readonly waiters: (() => void)[]
}

const MAX_REMEMBERED_FAILURES = 1024
/** Share of the cache's slots that nodes being read may take: the rest is for who has what it needs, and changes it. */
const LOADING_SHARE = 1 / 8

/** Reads nodes into a cache: one read per block in flight, verified before anybody sees it. */
export class NodeLoader {
  readonly #cache: NodeCache
  readonly #loads = new Map<number, Load>()
  /** Why blocks could not be read: what the operations that wait for them are to throw. */
  readonly #failures = new Map<number, Error>()
  /** Reads in flight at most, and operations that wait for one of them to end. */
  readonly #mostLoads: number
  readonly #queue: (() => void)[] = []

  constructor(cache: NodeCache) {
    this.#cache = cache
    this.#mostLoads = Math.max(1, Math.floor(cache.limitNodes * LOADING_SHARE))
  }

  /**
   * Reads a node: throws the Suspend that ends with it, or what its last read ended with. `NodeCacheFull` when there is no
   * slot for it: then the running operation itself holds too many, and nobody else is told.
   */
  miss(expectation: NodeExpectation): never {
    const { address } = expectation
    const failure = this.#failures.get(address)
    if (failure !== undefined) {
      // Damage stays what it is; a device may have recovered, so that the next run asks it again.
      if (!(failure instanceof TreeCorruption)) this.#failures.delete(address)
      throw failure
    }
    if (!this.#isOnDevice(address)) throw new TreeCorruption(address, 'it lies beyond the end of the device')
    if (!this.#loads.has(address)) {
      if (this.#loads.size >= this.#mostLoads) throw new Suspend((resume) => this.#awaitAny(resume))
      this.#load(expectation)
    }
    throw new Suspend((resume) => this.#await(address, resume))
  }

  /** Starts to read a node that will be wanted soon, unless it is here, under way, known as bad, or no slot is free. */
  prefetch(expectation: NodeExpectation): void {
    const { address } = expectation
    if (this.#cache.slotOf(address) >= 0 || this.#loads.has(address) || this.#failures.has(address)) return
    if (this.#loads.size >= this.#mostLoads) return
    if (this.#cache.hasFreeSlot && this.#isOnDevice(address)) this.#load(expectation)
  }

  /** Forgets a remembered failure to read the node at `address`, so that the next use reads it again. */
  forgetFailure(address: number): void {
    this.#failures.delete(address)
  }

  #isOnDevice(address: number): boolean {
    return (address + 1) * NODE_BYTES <= this.#cache.device.sizeBytes
  }

  #await(address: number, resume: () => void): void {
    const underWay = this.#loads.get(address)
    if (underWay !== undefined) underWay.waiters.push(resume)
    else this.#cache.defer(resume)
  }

  #awaitAny(resume: () => void): void {
    if (this.#loads.size >= this.#mostLoads) this.#queue.push(resume)
    else this.#cache.defer(resume)
  }

  #load(expectation: NodeExpectation): void {
    const { address } = expectation
    const cache = this.#cache
    const slot = cache.load()
    const load: Load = { expectation, waiters: [] }
    this.#loads.set(address, load)
    cache.device.read(address * NODE_BYTES, cache.memory.block(slot), (error) => this.#loaded(slot, load, error))
  }

  #loaded(slot: number, load: Load, error: DeviceError | null): void {
    const { address } = load.expectation
    this.#loads.delete(address)
    const failure = error ?? this.#verify(slot, load.expectation)
    if (failure === null) {
      this.#cache.loaded(slot, address)
    } else {
      this.#cache.unloaded(slot)
      this.#remember(address, failure)
    }
    for (const resume of load.waiters) resume()
    while (this.#queue.length > 0 && this.#loads.size < this.#mostLoads) (this.#queue.shift() as () => void)()
  }

  #verify(slot: number, expectation: NodeExpectation): Error | null {
    const { memory, device, uuid, epoch, term } = this.#cache
    const deviceBlocks = Math.floor(device.sizeBytes / NODE_BYTES)
    try {
      verifyNode(memory, slot, { uuid, deviceBlocks, epoch, term }, expectation)
      return null
    } catch (error) {
      return error as Error
    }
  }

  #remember(address: number, failure: Error): void {
    if (this.#failures.size >= MAX_REMEMBERED_FAILURES) {
      for (const oldest of this.#failures.keys()) {
        this.#failures.delete(oldest)
        break
      }
    }
    this.#failures.set(address, failure)
  }
}
