/** Names that a secondary remembers, of all directories together. */
const MOST_NAMES = 65_536

/** What a name stands for: an object, or (null) nothing. */
export type NamedObject = { readonly ino: number; readonly generation: number } | null

/** Names of one directory, as the primary has told them since this mover has held its `WF_R` without interruption. */
export type DirectoryNames = ReadonlyMap<string, NamedObject>

/**
 * The names that a secondary need not ask for: those of directories that nobody can change before this mover has given up
 * its token. A directory's names begin anew with each token.
 */
export class HeldNames {
  readonly #directories = new Map<number, Map<string, NamedObject>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** The names of a directory whose `WF_R` is held now. */
  of(dir: number): DirectoryNames {
    let names = this.#directories.get(dir)
    if (names === undefined) {
      names = new Map()
      this.#directories.set(dir, names)
    }
    return names
  }

  /**
   * The primary has told what a name stands for; it was asked when `under` were the directory's names. It counts if they
   * still are: with another token in between, the name may have changed since.
   */
  learn(dir: number, under: DirectoryNames, name: Uint8Array, object: NamedObject): void {
    const names = this.#directories.get(dir)
    if (names === undefined || names !== under) return
    const before = names.size
    names.set(keyOf(name), object)
    this.#count += names.size - before
    while (this.#count > MOST_NAMES) this.forget(this.#directories.keys().next().value as number)
  }

  /** The directory's token is being given up. */
  forget(dir: number): void {
    this.#count -= this.#directories.get(dir)?.size ?? 0
    this.#directories.delete(dir)
  }
}

/** The bytes of a name as the key of a map: each is one character. */
export function keyOf(name: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(name, 0, name.length)
}
