import { Suspend } from '../suspend.ts'
import { KIND, keyA, keyIno, keyKind, setKey } from '../volume/keys.ts'
import { MAX_EXTENTS_PER_RECORD } from '../volume/records/schema.ts'
import { Key } from '../volume/tree/key.ts'
import { URGENT, type Volume } from '../volume/volume.ts'

/**
 * Work that operations leave behind in bounded steps: the blocks of removed files with many extents, and those behind
 * the new end of truncated ones. Resumed after a restart, since the tree lists them.
 */
export class Housekeeping {
  readonly #volume: Volume
  readonly #key = new Key()
  #running = false
  #waiters: (() => void)[] = []

  constructor(volume: Volume) {
    this.#volume = volume
  }

  /** Looks for work; called at the start and after operations that left some. */
  wake(): void {
    if (this.#running) return
    this.#running = true
    this.#volume.env.defer(() => this.#step())
  }

  /** A Suspend that ends after some step has been done. */
  waitForSteps(): Suspend {
    return new Suspend((resume) => {
      this.#waiters.push(resume)
      this.wake()
    })
  }

  #step(): void {
    const volume = this.#volume
    if (volume.failure !== null) {
      this.#rest()
      return
    }
    volume.begin()
    try {
      const orphan = this.#first(KIND.orphan)
      const truncating = orphan === 0 ? this.#first(KIND.truncating) : 0
      if (orphan === 0 && truncating === 0) {
        this.#rest()
        return
      }
      const lsn =
        orphan !== 0
          ? volume.submit('reapOrphan', { ino: orphan, count: MAX_EXTENTS_PER_RECORD }, URGENT)
          : volume.submit('truncateStep', { ino: truncating, count: MAX_EXTENTS_PER_RECORD }, URGENT)
      this.#wakeWaiters()
      if (typeof lsn === 'string') this.#rest()
      else volume.env.defer(() => this.#step())
    } catch (error) {
      if (error instanceof Suspend) error.wait(() => volume.env.defer(() => this.#step()))
      else {
        this.#rest()
        volume.fail(error as Error)
      }
    }
  }

  #rest(): void {
    this.#running = false
    this.#wakeWaiters()
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const resume of waiters) resume()
  }

  /** The first inode listed under `kind`, 0 when there is none. */
  #first(kind: typeof KIND.orphan | typeof KIND.truncating): number {
    const { cursor } = this.#volume
    if (!cursor.seek(setKey(this.#key, 0, kind, 0, 0, 0))) return 0
    const { words } = cursor.key
    return keyIno(words, 0) === 0 && keyKind(words, 0) === kind ? keyA(words, 0) : 0
  }
}
