import type { Lease } from '../lease.ts'
import type { BlockDevice, DeviceDone, Lane } from './device.ts'

/**
 * A device under a mover's lease: past its end nothing is submitted, and nothing that was read is shown, until the lease has
 * been renewed. Whoever has been given up is not heard of again.
 */
export class LeasedDevice implements BlockDevice {
  readonly #device: BlockDevice
  readonly #lease: Lease

  constructor(device: BlockDevice, lease: Lease) {
    this.#device = device
    this.#lease = lease
  }

  get name(): string {
    return this.#device.name
  }

  get sizeBytes(): number {
    return this.#device.sizeBytes
  }

  get direct(): boolean {
    return this.#device.direct
  }

  allocatePages(count: number): Uint8Array {
    return this.#device.allocatePages(count)
  }

  read(offset: number, buffer: Uint8Array, done: DeviceDone): void {
    const shown: DeviceDone = (error) => {
      if (this.#lease.isHeld) done(error)
      else this.#lease.whenHeld(() => done(error))
    }
    if (this.#lease.isHeld) this.#device.read(offset, buffer, shown)
    else this.#lease.whenHeld(() => this.#device.read(offset, buffer, shown))
  }

  write(offset: number, buffers: readonly Uint8Array[], lane: Lane, done: DeviceDone): void {
    if (this.#lease.isHeld) this.#device.write(offset, buffers, lane, done)
    else this.#lease.whenHeld(() => this.#device.write(offset, buffers, lane, done))
  }

  writeDurable(offset: number, buffer: Uint8Array, lane: Lane, done: DeviceDone): void {
    if (this.#lease.isHeld) this.#device.writeDurable(offset, buffer, lane, done)
    else this.#lease.whenHeld(() => this.#device.writeDurable(offset, buffer, lane, done))
  }

  flush(done: DeviceDone): void {
    if (this.#lease.isHeld) this.#device.flush(done)
    else this.#lease.whenHeld(() => this.#device.flush(done))
  }

  close(done: DeviceDone): void {
    this.#device.close(done)
  }
}
