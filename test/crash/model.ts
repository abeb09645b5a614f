import type { ReplayTag } from '../../mover/operation.ts'
import type { FileType } from '../../mover/volume/inode.ts'
import { ROOT_INO } from '../../mover/volume/mkfs.ts'
import { FileHistory, type FoundFile, type Shown } from './file-history.ts'

/** An object of the volume; never changed in place. Of files, what writes change without a log record is elsewhere. */
export interface ObjectState extends Shown {
  readonly kind: 'object'
  readonly ino: number
  readonly generation: number
  readonly type: FileType
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly rdevMajor: number
  readonly rdevMinor: number
  /** Of symbolic links, in latin1. */
  readonly target: string
  /** Of an exclusive CREATE, in latin1. */
  readonly verifier: string
  /** Of directories. */
  readonly nextCookie: number
  /** Of files it is kept like what their writes change. */
  readonly atime: bigint
  /** Bits of movers whose clients may have locks on it. */
  readonly lockers: number
}

/** A name in a directory. */
export interface EntryState {
  readonly kind: 'entry'
  readonly ino: number
  readonly cookie: number
}

/** What is remembered of a client. */
export interface ClientState {
  readonly kind: 'client'
  /** In latin1. */
  readonly value: string
}

export type State = ObjectState | EntryState | ClientState

/** A change of a volume's names and attributes that has one log record; what it sets, null what it removes. */
export interface LoggedOperation {
  readonly index: number
  readonly text: string
  readonly changes: readonly (readonly [string, State | null])[]
  readonly replay: { readonly tag: ReplayTag; readonly timeSec: number; readonly objectIno: number } | null
}

export function objectKey(ino: number): string {
  return `object ${ino}`
}

/** `id` in latin1. */
export function clientKey(id: string): string {
  return `${CLIENT_PREFIX}${id}`
}

/** `name` in latin1, so that each character is a byte. */
export function entryKey(dir: number, name: string): string {
  return `entry ${dir}/${name}`
}

/** Why two states differ; null when they are the same. What a file's writes change is not compared. */
export function difference(found: State | undefined, expected: State | undefined): string | null {
  if (found === undefined || expected === undefined) {
    if (found === expected) return null
    return found === undefined ? `is missing; it was ${describe(expected as State)}` : `is there: ${describe(found)}`
  }
  if (found.kind === 'client' || expected.kind === 'client') {
    const isSame = found.kind === 'client' && expected.kind === 'client' && found.value === expected.value
    return isSame ? null : `is ${describe(found)} instead of ${describe(expected)}`
  }
  if (found.kind === 'entry' || expected.kind === 'entry') {
    if (found.kind !== expected.kind) return 'is of another kind'
    const other = expected as EntryState
    if (found.ino === other.ino && (found as EntryState).cookie === other.cookie) return null
    return `is ${describe(found)} instead of ${describe(expected)}`
  }
  for (const field of found.type === 'file' ? FILE_FIELDS : FIELDS) {
    if (found[field] !== expected[field]) return `has ${field} ${found[field]} instead of ${expected[field]}`
  }
  return null
}

const FILE_FIELDS = [
  'ino',
  'generation',
  'type',
  'mode',
  'nlink',
  'uid',
  'gid',
  'rdevMajor',
  'rdevMinor',
  'target',
  'verifier',
  'lockers',
] as const
const FIELDS = [...FILE_FIELDS, 'nextCookie', 'change', 'atime', 'mtime', 'ctime'] as const

function describe(state: State): string {
  if (state.kind === 'client') return `a client of ${state.value.length} bytes`
  if (state.kind === 'entry') return `inode ${state.ino} at cookie ${state.cookie}`
  return `${state.type} ${state.ino} with ${state.nlink} names`
}

/**
 * What the volume must hold: its names and attributes as of the last operation that must have survived, and the
 * operations since, of which a crash leaves the first so many; and the history of every file's bytes.
 */
export class Model {
  /** As the operations carried out so far have left it. */
  readonly current = new Map<string, State>()
  /** As operations up to `durableIndex` have left it. */
  readonly durable = new Map<string, State>()
  durableIndex = 0
  /** Operations behind `durableIndex`. */
  pending: LoggedOperation[] = []
  /** Entries of each directory as they are now. */
  readonly directories = new Map<number, Map<string, EntryState>>()
  readonly files = new Map<number, FileHistory>()
  /** Counts operations of all kinds. */
  time = 0
  /** Durable operations that have left a replay record, newest last. */
  replays: NonNullable<LoggedOperation['replay']>[] = []
  /** Inodes that fill the volume: their names are followed, their bytes are not. */
  readonly opaque = new Set<number>()
  #lastIndex = 0
  /** Number of the last logged operation on each inode. */
  readonly #lastOn = new Map<number, number>()

  /**
   * A model of a volume that holds `states`, with files whose contents are `files`. The bytes of files in the root's
   * directory `opaqueName`, if there is one, are not followed.
   */
  static of(states: ReadonlyMap<string, State>, files: ReadonlyMap<number, FoundFile>, opaqueName: string): Model {
    const model = new Model()
    for (const [key, state] of states) model.durable.set(key, state)
    const opaque = states.get(entryKey(ROOT_INO, opaqueName))
    if (opaque?.kind === 'entry') model.opaque.add(opaque.ino)
    for (const [key, state] of states) {
      if (opaque?.kind !== 'entry' || state.kind !== 'entry') continue
      if (key.startsWith(entryKey(opaque.ino, ''))) model.opaque.add(state.ino)
    }
    for (const [ino, found] of files) {
      if (model.opaque.has(ino)) continue
      const history = new FileHistory(0, 0, found)
      history.restart(0, found)
      model.files.set(ino, history)
    }
    model.restart(0)
    return model
  }

  object(ino: number): ObjectState | undefined {
    return this.current.get(objectKey(ino)) as ObjectState | undefined
  }

  entry(dir: number, name: string): EntryState | undefined {
    return this.directories.get(dir)?.get(name)
  }

  /** The number of the last logged operation that these inodes took part in. */
  lastOn(...inos: number[]): number {
    return Math.max(...inos.map((ino) => this.#lastOn.get(ino) ?? 0))
  }

  /** Number that the next logged operation will have. */
  get nextIndex(): number {
    return this.#lastIndex + 1
  }

  /** A logged operation has been carried out; `inos` took part. Returns its number. */
  log(
    text: string,
    inos: readonly number[],
    changes: readonly (readonly [string, State | null])[],
    replay: LoggedOperation['replay'],
  ): number {
    const index = ++this.#lastIndex
    this.pending.push({ index, text, changes, replay })
    for (const [key, state] of changes) this.#setCurrent(key, state)
    for (const ino of inos) if (ino !== 0) this.#lastOn.set(ino, index)
    return index
  }

  /** Logged operations up to number `index` have been acknowledged, or shown to somebody. */
  mustSurvive(index: number): void {
    if (index <= this.durableIndex) return
    let count = 0
    for (const operation of this.pending) {
      if (operation.index > index) break
      count++
      for (const [key, state] of operation.changes) {
        if (state !== null) this.durable.set(key, state)
        else this.#forget(key)
      }
      if (operation.replay !== null) this.replays.push(operation.replay)
    }
    this.pending.splice(0, count)
    this.durableIndex = index
    for (const file of this.files.values()) file.logged(index)
  }

  /** The crash has left operations up to `index`: the others never happened. */
  restart(index: number): void {
    this.mustSurvive(index)
    this.pending = []
    this.#lastIndex = index
    this.#lastOn.clear()
    this.current.clear()
    this.directories.clear()
    for (const [key, state] of this.durable) this.#setCurrent(key, state)
    for (const ino of this.files.keys()) if (!this.current.has(objectKey(ino))) this.files.delete(ino)
  }

  #forget(key: string): void {
    const state = this.durable.get(key)
    this.durable.delete(key)
    if (state?.kind === 'object') this.files.delete(state.ino)
  }

  #setCurrent(key: string, state: State | null): void {
    if (state === null) this.current.delete(key)
    else this.current.set(key, state)
    if (key.startsWith(CLIENT_PREFIX)) return
    if (state?.kind === 'object') {
      if (state.type === 'directory' && !this.directories.has(state.ino)) this.directories.set(state.ino, new Map())
      return
    }
    const match = ENTRY_KEY.exec(key)
    if (match === null) {
      this.directories.delete(Number(key.slice(OBJECT_PREFIX_LENGTH)))
      return
    }
    const [, dir, name] = match
    let entries = this.directories.get(Number(dir))
    if (entries === undefined) {
      entries = new Map()
      this.directories.set(Number(dir), entries)
    }
    if (state === null) entries.delete(name)
    else entries.set(name, state as EntryState)
  }
}

const CLIENT_PREFIX = 'client '
const ENTRY_KEY = /^entry (\d+)\/(.*)$/s
const OBJECT_PREFIX_LENGTH = 'object '.length
