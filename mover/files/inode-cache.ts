import { InodeValue } from '../volume/inode-value.ts'
import { KIND, setKey } from '../volume/keys.ts'
import { Key } from '../volume/tree/key.ts'
import type { InodeListener, Volume } from '../volume/volume.ts'
import { LiveInode } from './live-inode.ts'

/** Inodes looked at in one search for one to let go. */
const SWEEP_STEPS = 32

/**
 * Inodes in memory by number. An inode whose state is more than what the log holds durably (unlogged times, a write
 * mark, pages that are dirty or in use, a change not durable yet) stays; of the others a clock lets the unused ones go.
 */
export class InodeCache implements InodeListener {
  readonly #volume: Volume
  readonly #capacity: number
  readonly #map = new Map<number, LiveInode>()
  readonly #key = new Key()
  readonly #value = new InodeValue()
  readonly #writtenElsewhere = new Set<number>()
  #hand: Iterator<LiveInode> | null = null

  constructor(volume: Volume, capacity: number) {
    this.#volume = volume
    this.#capacity = capacity
    volume.listener = this
  }

  get size(): number {
    return this.#map.size
  }

  /** The inode, or null when there is none of that number. Throws Suspend when its record must be read. */
  get(ino: number): LiveInode | null {
    const cached = this.#map.get(ino)
    if (cached !== undefined) {
      cached.referenced = true
      return cached
    }
    const { tree } = this.#volume
    if (!tree.find(setKey(this.#key, ino, KIND.inode, 0, 0, 0))) return null
    this.#value.load(tree.bytes, tree.valueOffset, tree.valueLength)
    return this.#add(new LiveInode(ino, this.#value, 0))
  }

  /** Some other mover may write to the file, or none any more. */
  setWrittenElsewhere(ino: number, isWritten: boolean): void {
    if (isWritten) this.#writtenElsewhere.add(ino)
    else this.#writtenElsewhere.delete(ino)
    const inode = this.#map.get(ino)
    if (inode !== undefined) inode.isCurrent = !isWritten
  }

  /** The inode if it is in memory. */
  peek(ino: number): LiveInode | undefined {
    return this.#map.get(ino)
  }

  changed(ino: number, value: InodeValue, lsn: number): void {
    const inode = this.#map.get(ino)
    if (inode !== undefined) {
      inode.absorb(value, lsn)
      return
    }
    this.#add(new LiveInode(ino, value, lsn))
  }

  removed(ino: number, lsn: number): void {
    const inode = this.#map.get(ino)
    if (inode === undefined) return
    inode.removed = true
    inode.lastLsn = lsn
    this.#map.delete(ino)
  }

  #add(inode: LiveInode): LiveInode {
    if (this.#map.size >= this.#capacity) this.#evict()
    if (this.#writtenElsewhere.has(inode.ino)) inode.isCurrent = false
    this.#map.set(inode.ino, inode)
    return inode
  }

  #evict(): void {
    for (let steps = 0; steps < SWEEP_STEPS; steps++) {
      this.#hand ??= this.#map.values()
      const next = this.#hand.next()
      if (next.done) {
        this.#hand = null
        continue
      }
      const inode = next.value
      if (inode.referenced) inode.referenced = false
      else if (this.#mayGo(inode)) {
        inode.data?.dropAll()
        inode.removed = true
        this.#map.delete(inode.ino)
        return
      }
    }
  }

  #mayGo(inode: LiveInode): boolean {
    if (inode.unlogged || inode.marked || !inode.isCurrent || inode.lastLsn > this.#volume.log.durableLsn) return false
    // What a device still holds unflushed is known to `data` alone, and a COMMIT will ask.
    const { data } = inode
    return data === null || (data.idle && this.#volume.flushGate.isFlushed(data.writeMark))
  }
}
