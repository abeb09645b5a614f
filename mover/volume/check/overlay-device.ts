import type { Environment } from '../../environment.ts'
import type { BlockDevice, DeviceDone, Lane } from '../../store/device.ts'
import { BLOCK_BYTES } from '../layout.ts'

/** A device that is only read: what is written to it stays in memory and is read from there. */
export class OverlayDevice implements BlockDevice {
  readonly name: string
  readonly sizeBytes: number
  readonly direct: boolean
  readonly #under: BlockDevice
  readonly #env: Environment
  readonly #written = new Map<number, Uint8Array>()

  constructor(under: BlockDevice, env: Environment) {
    this.name = under.name
    this.sizeBytes = under.sizeBytes
    this.direct = under.direct
    this.#under = under
    this.#env = env
  }

  /** Blocks that were written. */
  get writtenBlocks(): number {
    return this.#written.size
  }

  allocatePages(count: number): Uint8Array {
    return this.#under.allocatePages(count)
  }

  read(offset: number, buffer: Uint8Array, done: DeviceDone): void {
    const first = offset / BLOCK_BYTES
    const count = buffer.length / BLOCK_BYTES
    let inMemory = 0
    for (let i = 0; i < count; i++) if (this.#written.has(first + i)) inMemory++
    const patch = (): void => {
      for (let i = 0; inMemory > 0 && i < count; i++) {
        const bytes = this.#written.get(first + i)
        if (bytes !== undefined) buffer.set(bytes, i * BLOCK_BYTES)
      }
    }
    if (inMemory === count) {
      patch()
      this.#env.defer(() => done(null))
      return
    }
    this.#under.read(offset, buffer, (error) => {
      if (error === null) patch()
      done(error)
    })
  }

  write(offset: number, buffers: readonly Uint8Array[], _lane: Lane, done: DeviceDone): void {
    let block = offset / BLOCK_BYTES
    for (const buffer of buffers) {
      for (let at = 0; at < buffer.length; at += BLOCK_BYTES) {
        this.#written.set(block++, buffer.slice(at, at + BLOCK_BYTES))
      }
    }
    this.#env.defer(() => done(null))
  }

  writeDurable(offset: number, buffer: Uint8Array, lane: Lane, done: DeviceDone): void {
    this.write(offset, [buffer], lane, done)
  }

  flush(done: DeviceDone): void {
    this.#env.defer(() => done(null))
  }

  /** The device below stays open. */
  close(done: DeviceDone): void {
    this.#env.defer(() => done(null))
  }
}
