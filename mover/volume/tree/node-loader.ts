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

/** Reads nodes into a cache: one read per block in flight, verified before anybody sees it. */
export class NodeLoader {
  readonly #cache: NodeCache
  readonly #loads = new Map<number, Load>()
  /** Why blocks could not be read: what the operations that wait for them are to throw. */
  readonly #failures = new Map<number, Error>()

  constructor(cache: NodeCache) {
    this.#cache = cache
  }

  /** Throws the Suspend that reads a node, or what its last read ended with. */
  miss(expectation: NodeExpectation): never {
    const { address } = expectation
    const failure = this.#failures.get(address)
    if (failure !== undefined) {
      // Damage stays what it is; a device may have recovered, so that the next run asks it again.
      if (!(failure instanceof TreeCorruption)) this.#failures.delete(address)
      throw failure
    }
    if (!this.#isOnDevice(address)) throw new TreeCorruption(address, 'it lies beyond the end of the device')
    throw new Suspend((resume) => this.#await(expectation, resume))
  }

  /** Starts to read a node that will be wanted soon, unless it is here, under way, known as bad, or no slot is free. */
  prefetch(expectation: NodeExpectation): void {
    const { address } = expectation
    if (this.#cache.slotOf(address) >= 0 || this.#loads.has(address) || this.#failures.has(address)) return
    if (this.#cache.hasFreeSlot && this.#isOnDevice(address)) this.#load(expectation, [])
  }

  /** Forgets a remembered failure to read the node at `address`, so that the next use reads it again. */
  forgetFailure(address: number): void {
    this.#failures.delete(address)
  }

  #isOnDevice(address: number): boolean {
    return (address + 1) * NODE_BYTES <= this.#cache.device.sizeBytes
  }

  #await(expectation: NodeExpectation, resume: () => void): void {
    const { address } = expectation
    const underWay = this.#loads.get(address)
    if (underWay !== undefined) {
      underWay.waiters.push(resume)
      return
    }
    if (this.#cache.slotOf(address) >= 0 || this.#failures.has(address)) {
      this.#cache.defer(resume)
      return
    }
    try {
      this.#load(expectation, [resume])
    } catch (error) {
      this.#remember(address, error as Error)
      this.#cache.defer(resume)
    }
  }

  #load(expectation: NodeExpectation, waiters: (() => void)[]): void {
    const { address } = expectation
    const cache = this.#cache
    const slot = cache.load()
    const load: Load = { expectation, waiters }
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
