import type { DeviceError } from '../../store/device.ts'
import type { NodeCache } from './node-cache.ts'
import { NODE_BYTES } from './node-layout.ts'
import { sealNode } from './node-verify.ts'

/** Nodes that one device write gathers at most: 1 MiB. */
const RUN_NODES = 256

/** Writes the frozen set of a node cache: neighbours on the device together, several writes in flight. */
export class CheckpointWriter {
  readonly #cache: NodeCache
  /** Block numbers of the set, ascending; those before `#next` have been given to the device. */
  #addresses = new Float64Array(0)
  #next = 0
  /** Given to the device, which failed to write them. */
  #failed: number[] = []
  #inFlight = 0
  #isWriting = false

  constructor(cache: NodeCache) {
    this.#cache = cache
  }

  /** Nodes of the set that are not on the device. */
  get remaining(): number {
    return this.#addresses.length - this.#next + this.#failed.length + this.#inFlight
  }

  /** Takes a new set; the one before has been written. */
  start(addresses: Float64Array<ArrayBuffer>): void {
    this.#addresses = addresses
    this.#next = 0
  }

  /** As `NodeCache.writeFrozen`. */
  write(maxNodes: number, done: (error: DeviceError | null, remaining: number) => void): void {
    if (this.#isWriting) throw new Error('writeFrozen was called again before it was done')
    const runs = this.#gather(maxNodes)
    if (runs.length === 0) {
      this.#cache.defer(() => done(null, this.remaining))
      return
    }
    this.#isWriting = true
    let unfinished = runs.length
    let firstError: DeviceError | null = null
    for (const run of runs) {
      this.#inFlight += run.length
      this.#writeRun(run, (error) => {
        firstError ??= error
        unfinished -= 1
        if (unfinished > 0) return
        this.#isWriting = false
        done(firstError, this.remaining)
      })
    }
  }

  /** Runs of neighbouring blocks, at most `maxNodes` in all: what failed before goes first. */
  #gather(maxNodes: number): number[][] {
    const runs: number[][] = []
    let run: number[] = []
    const retried = this.#failed.splice(0, maxNodes).sort((a, b) => a - b)
    for (let count = 0; count < maxNodes; count++) {
      let address: number
      if (count < retried.length) address = retried[count]
      else if (this.#next < this.#addresses.length) address = this.#addresses[this.#next++]
      else break
      if (run.length === 0 || run.length === RUN_NODES || address !== run[run.length - 1] + 1) {
        run = []
        runs.push(run)
      }
      run.push(address)
    }
    return runs
  }

  #writeRun(run: number[], done: (error: DeviceError | null) => void): void {
    const cache = this.#cache
    const slots = run.map((address) => cache.slotOf(address))
    for (const slot of slots) sealNode(cache.memory, slot, cache.term)
    const blocks = slots.map((slot) => cache.memory.block(slot))
    cache.device.write(run[0] * NODE_BYTES, blocks, 'data', (error) => {
      this.#inFlight -= run.length
      if (error === null) for (const slot of slots) cache.written(slot)
      else this.#failed.push(...run)
      done(error)
    })
  }
}
