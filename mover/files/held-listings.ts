import { type attributes, MAX_ENTRIES, operation_kind } from '../../protocol/moverlock/moverlock.gen.ts'
import type { Failure } from '../failure.ts'
import type { Inode } from '../volume/inode.ts'
import { MAY, may } from './access.ts'
import { bounded } from './call-words.ts'
import type { HeldData } from './held-data.ts'
import type { HeldDirectory, HeldNames, ListedName } from './held-names.ts'
import { LiveInode } from './live-inode.ts'
import type { RemoteCalls } from './remote-calls.ts'
import { RemoteInode } from './remote-inode.ts'
import type { EntrySink, ListingRoom, Operation } from './service.ts'

/**
 * Listings at a secondary. What of a directory has been listed since its token is held is listed from memory, page by page:
 * one that begins behind a cookie where nothing is known comes from the primary, and ends where the client's room does. The
 * attributes of objects that are held are this mover's to show; those of all others of a page are asked for at once.
 */
export class HeldListings {
  readonly #names: HeldNames
  readonly #data: HeldData
  readonly #calls: RemoteCalls
  /** The page at hand comes from memory. */
  #isRemembered = false
  /** Of its objects, what the primary has told; null: there is nothing to show. */
  readonly #told = new Map<number, attributes | null>()
  /** Its objects that are to be asked for. */
  readonly #missing = new Set<number>()
  readonly #shown = new RemoteInode(0, 0)

  constructor(names: HeldNames, data: HeldData, calls: RemoteCalls) {
    this.#names = names
    this.#data = data
    this.#calls = calls
  }

  /** See `FileService`. */
  readdir(
    op: Operation,
    dir: Inode,
    cookie: number,
    exportRoot: number,
    room: ListingRoom,
    sink: EntrySink,
  ): boolean | Failure {
    const calls = this.#calls
    const known = dir instanceof LiveInode && dir.type === 'directory' ? this.#names.of(dir.ino) : null
    const isSame = known !== null && this.#names.since(op, dir.ino) === known
    // Attributes were told of entries that may be others now: it begins anew.
    if (!isSame && calls.hasAsked(op, operation_kind.ATTRIBUTES)) op.forwarded = null
    if (known !== null && !may(op.credentials, dir, MAY.read)) return 'ACCES'
    const from = bounded(cookie)
    const isRoot = dir.ino === exportRoot
    this.#isRemembered =
      known !== null && !calls.hasAsked(op, operation_kind.READDIR) && known.after(from, isRoot) !== undefined
    if (known === null || !this.#isRemembered) return this.#fetch(op, dir, known, from, exportRoot, room, sink)
    return this.#recall(op, dir, known, from, isRoot, sink)
  }

  /** An object of the page at hand. */
  entry(op: Operation, dir: Inode, ino: number): Inode | Failure {
    if (!this.#isRemembered) {
      const shown = this.#calls.entry(op, dir, ino)
      return typeof shown === 'string' ? shown : (this.#data.current(ino, shown.generation) ?? shown)
    }
    if (!may(op.credentials, dir, MAY.execute)) return 'ACCES'
    const held = this.#data.named(ino)
    if (held !== null) return held
    const told = this.#told.get(ino)
    if (told === undefined) this.#missing.add(ino)
    return told == null ? 'STALE' : this.#shown.show(told)
  }

  /** A page from the primary. */
  #fetch(
    op: Operation,
    dir: Inode,
    known: HeldDirectory | null,
    cookie: number,
    exportRoot: number,
    room: ListingRoom,
    sink: EntrySink,
  ): boolean | Failure {
    const page: ListedName[] = []
    const isKept = this.#names.since(op, dir.ino) !== null
    const take: EntrySink = (next, ino, bytes, start, end) => {
      if (!sink(next, ino, bytes, start, end)) return false
      if (isKept) page.push({ cookie: next, ino, name: bytes.slice(start, end) })
      return true
    }
    const isEnd = this.#names.asking(op, known, () => this.#calls.readdir(op, dir, cookie, exportRoot, room, take))
    if (dir.type === 'directory') this.#data.want(dir)
    if (typeof isEnd === 'string') return isEnd
    this.#names.learn(op, dir.ino, (directory) => directory.noteListed(cookie, dir.ino === exportRoot, page, isEnd))
    return isEnd
  }

  /** A page from memory, as far as it goes. */
  #recall(
    op: Operation,
    dir: Inode,
    known: HeldDirectory,
    cookie: number,
    isRoot: boolean,
    sink: EntrySink,
  ): boolean | Failure {
    this.#missing.clear()
    this.#told.clear()
    const calls = this.#calls
    for (let told = calls.toldAttributes(op); told !== null; told = calls.toldAttributes(op)) {
      if (typeof told === 'string') return told
      for (const { ino, object } of told) this.#told.set(ino, object)
    }
    const isEnd = list(known, cookie, isRoot, sink)
    if (this.#missing.size === 0) return isEnd
    return this.#names.asking(op, known, () => calls.askAttributes(op, dir, [...this.#missing]))
  }
}

/** True when the end of the directory has been reached. */
function list(directory: HeldDirectory, cookie: number, isRoot: boolean, sink: EntrySink): boolean {
  let at = cookie
  for (let count = 0; count < MAX_ENTRIES; count++) {
    const next = directory.after(at, isRoot)
    if (next == null) return next === null
    if (!sink(next.cookie, next.ino, next.name, 0, next.name.length)) return false
    at = next.cookie
  }
  return false
}
