import type { MoverId } from './token-table.ts'

/**
 * Files that clients of several movers lock: a mover that decided about one of them alone for long would be asked to give that
 * up again. A file is one of them from the moment at which a mover was asked to, until for a tick at least, and two at most, no
 * other mover than the last has asked for anything. It is crowded if a mover that was asked had locks: clients of several
 * movers have locks of it at the same time, and it is of no use that a mover decides alone as long as it has some.
 */
export class ContendedFiles {
  /** Who has asked last, for files where that was another one than before: since the last tick, and in the tick before. */
  #lately = new Map<number, MoverId>()
  #before = new Map<number, MoverId>()
  readonly #crowded = new Set<number>()

  has(ino: number): boolean {
    return this.#lately.has(ino) || this.#before.has(ino)
  }

  isCrowded(ino: number): boolean {
    return this.#crowded.has(ino)
  }

  get isEmpty(): boolean {
    return this.#lately.size === 0 && this.#before.size === 0
  }

  /** Somebody gives up deciding alone, for what `mover` has asked. */
  recalled(ino: number, mover: MoverId): void {
    this.#lately.set(ino, mover)
  }

  /** Who has been asked to give up deciding alone has locks of the file. */
  met(ino: number): void {
    if (this.has(ino)) this.#crowded.add(ino)
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
    this.#crowded.delete(ino)
  }

  tick(): void {
    this.#before = this.#lately
    this.#lately = new Map()
    for (const ino of this.#crowded) if (!this.has(ino)) this.#crowded.delete(ino)
  }
}
