import type { MoverId } from './token-table.ts'

/**
 * Files that clients of several movers lock: a mover that decided about one of them alone would be asked to give that up
 * again, with all its locks, before it has been of any use. A file is one of them from the moment at which a mover was asked
 * to, until for a tick at least, and two at most, no other mover than the last has asked for anything.
 */
export class ContendedFiles {
  /** Who has asked last, for files where that was another one than before: since the last tick, and in the tick before. */
  #lately = new Map<number, MoverId>()
  #before = new Map<number, MoverId>()

  has(ino: number): boolean {
    return this.#lately.has(ino) || this.#before.has(ino)
  }

  get isEmpty(): boolean {
    return this.#lately.size === 0 && this.#before.size === 0
  }

  /** Somebody gives up deciding alone, for what `mover` has asked. */
  recalled(ino: number, mover: MoverId): void {
    this.#lately.set(ino, mover)
  }

  /** A mover asks for something. */
  asked(ino: number, mover: MoverId): void {
    const last = this.#lately.get(ino) ?? this.#before.get(ino)
    if (last !== undefined && last !== mover) this.#lately.set(ino, mover)
  }

  /** The file is gone. */
  drop(ino: number): void {
    this.#lately.delete(ino)
    this.#before.delete(ino)
  }

  tick(): void {
    this.#before = this.#lately
    this.#lately = new Map()
  }
}
