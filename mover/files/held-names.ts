import type { ForwardedCall } from '../operation.ts'
import { Suspend } from '../suspend.ts'
import { COOKIE } from './directory.ts'
import type { Operation } from './service.ts'

/** Bytes of memory, about, of what a secondary remembers: of all directories and links together. */
const MOST_BYTES = 16 * 2 ** 20
/** What is remembered of a directory or link takes so many, and a name in it besides its own. */
const OBJECT_BYTES = 512
const NAME_BYTES = 192

/** What a name stands for: an object, or (null) nothing. */
export type NamedObject = { readonly ino: number; readonly generation: number } | null

/** An entry of a directory. */
export interface ListedName {
  readonly cookie: number
  readonly ino: number
  readonly name: Uint8Array
}

/** What is remembered of a directory, as the primary has told it since this mover has held its `WF_R` without interruption. */
export class HeldDirectory {
  bytes = OBJECT_BYTES
  readonly #objects = new Map<string, NamedObject>()
  /** By place, the entry behind it; null: there is none. */
  readonly #following = new Map<number, ListedName | null>()

  /** What a name stands for; undefined: that is not known. */
  object(name: Uint8Array): NamedObject | undefined {
    return this.#objects.get(keyOf(name))
  }

  /** The entry behind a cookie; null: there is none; undefined: that is not known. `isRoot`: of the export, where `..` is `.`. */
  after(cookie: number, isRoot: boolean): ListedName | null | undefined {
    return this.#following.get(placeOf(cookie, isRoot))
  }

  noteObject(name: Uint8Array, object: NamedObject): void {
    const key = keyOf(name)
    if (!this.#objects.has(key)) this.bytes += NAME_BYTES + name.length
    this.#objects.set(key, object)
  }

  /** The entries behind a cookie, and whether these are all. */
  noteListed(cookie: number, isRoot: boolean, entries: readonly ListedName[], isEnd: boolean): void {
    let at = cookie
    for (const entry of entries) {
      this.#follow(placeOf(at, isRoot), entry)
      at = entry.cookie
    }
    if (isEnd) this.#follow(placeOf(at, isRoot), null)
  }

  #follow(place: number, entry: ListedName | null): void {
    if (!this.#following.has(place)) this.bytes += NAME_BYTES + (entry?.name.length ?? 0)
    this.#following.set(place, entry)
  }
}

/** Where a link leads. */
class HeldLink {
  readonly target: Uint8Array
  readonly bytes: number

  constructor(target: Uint8Array) {
    this.target = target
    this.bytes = OBJECT_BYTES + target.length
  }
}

/**
 * What a secondary need not ask for: names and listings of directories that nobody can change before this mover has given up
 * its token, and where links lead. It begins anew with each token.
 */
export class HeldNames {
  readonly #mostBytes: number
  /** By inode; those that came first go first. */
  readonly #objects = new Map<number, HeldDirectory | HeldLink>()
  /** By call: what was remembered of a directory when it asked the primary about it. */
  readonly #asked = new WeakMap<ForwardedCall, HeldDirectory>()
  #bytes = 0

  constructor(mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes
  }

  /** Memory that it takes, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** What is remembered of a directory whose `WF_R` is held now. */
  of(dir: number): HeldDirectory {
    const known = this.#objects.get(dir)
    if (known instanceof HeldDirectory) return known
    const directory = new HeldDirectory()
    this.#keep(dir, directory)
    return directory
  }

  /** `ask` may ask the primary about a directory of which this much is remembered now; null: it is not held. */
  asking<T>(op: Operation, directory: HeldDirectory | null, ask: () => T): T {
    try {
      return ask()
    } catch (error) {
      if (error instanceof Suspend && op.forwarded !== null && directory !== null)
        this.#asked.set(op.forwarded, directory)
      throw error
    }
  }

  /**
   * What is remembered of a directory about which the operation has asked the primary, if it has been held ever since: with
   * another token in between, what was told may have changed. Null: it has not.
   */
  since(op: Operation, dir: number): HeldDirectory | null {
    const asked = op.forwarded === null ? undefined : this.#asked.get(op.forwarded)
    return asked !== undefined && this.#objects.get(dir) === asked ? asked : null
  }

  /** The operation has been told something of a directory: `note` notes it, unless the directory was not held meanwhile. */
  learn(op: Operation, dir: number, note: (directory: HeldDirectory) => void): void {
    const directory = this.since(op, dir)
    if (directory === null) return
    const before = directory.bytes
    note(directory)
    this.#bytes += directory.bytes - before
    this.#makeRoom()
  }

  /** Where a link leads, which is held now; undefined: that is not known. */
  target(link: number): Uint8Array | undefined {
    const known = this.#objects.get(link)
    return known instanceof HeldLink ? known.target : undefined
  }

  /** A link leads there for as long as it exists, whether it is held or not. */
  learnTarget(link: number, target: Uint8Array): void {
    this.forget(link)
    this.#keep(link, new HeldLink(target.slice()))
  }

  /** The object's token is being given up. */
  forget(ino: number): void {
    this.#bytes -= this.#objects.get(ino)?.bytes ?? 0
    this.#objects.delete(ino)
  }

  #keep(ino: number, object: HeldDirectory | HeldLink): void {
    this.#objects.set(ino, object)
    this.#bytes += object.bytes
    this.#makeRoom()
  }

  #makeRoom(): void {
    for (const ino of this.#objects.keys()) {
      if (this.#bytes <= this.#mostBytes) return
      this.forget(ino)
    }
  }
}

/** Where a listing can go on: a cookie, but that what follows `.` at the root of an export is told apart. */
function placeOf(cookie: number, isRoot: boolean): number {
  return isRoot && cookie === COOKIE.dot ? -COOKIE.dot : cookie
}

/** The bytes of a name as the key of a map: each is one character. */
function keyOf(name: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(name, 0, name.length)
}
