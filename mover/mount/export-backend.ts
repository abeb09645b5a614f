import type { Failure } from '../failure.ts'
import type { Export, ExportTable } from '../files/exports.ts'
import { newOperation, type Operation } from '../files/service.ts'
import type { Call } from '../rpc/program.ts'
import type { Inode } from '../volume/inode.ts'
import type { ExportListing, MountBackend } from './backend.ts'

const SLASH = 0x2f
const DOT = 0x2e
/** RFC 1813 §5.1.4 MNTNAMLEN: the longest name of a group. */
const MAX_GROUP_BYTES = 255

/** Makes file handles (RFC 1813 §2.6), as the NFS server understands them. */
export interface HandleMaker {
  encode(entry: Export, ino: number, generation: number): Uint8Array
}

/** The root directory of an export. May throw `Suspend` and set the operation's barrier. */
export type RootOf = (entry: Export, op: Operation) => Inode | Failure

/** MOUNT over the mover's exports. */
export class ExportMountBackend implements MountBackend {
  readonly #exports: ExportTable
  readonly #handles: HandleMaker
  readonly #rootOf: RootOf

  constructor(exports: ExportTable, handles: HandleMaker, rootOf: RootOf) {
    this.#exports = exports
    this.#handles = handles
    this.#rootOf = rootOf
  }

  /**
   * The way from the export to the directory is walked as the superuser, whoever asks: a handle gives no right to
   * anything, and clients mount before they know for whom.
   */
  resolve(path: Uint8Array, call: Call): Uint8Array | Failure {
    const names = namesOf(path)
    if (names === null) return 'INVAL'
    const found = this.#longestExport(names)
    if (found === null) return 'NOENT'
    const { entry, depth } = found
    if (entry.match(call.address, call.port) === undefined) return 'ACCES'
    const op = newOperation({ uid: 0, gid: 0, gids: [] }, true)
    op.forwarded = call.forwarded
    op.forwarded?.rewind()
    try {
      const inode = this.#walk(entry, op, names.slice(depth))
      if (typeof inode === 'string') return inode
      return this.#handles.encode(entry, inode.ino, inode.generation)
    } finally {
      call.barrier = op.barrier
      call.forwarded = op.forwarded
    }
  }

  /** The directory that `names` lead to from the root of an export. */
  #walk(entry: Export, op: Operation, names: readonly Uint8Array[]): Inode | Failure {
    let inode = this.#rootOf(entry, op)
    for (const name of names) {
      if (typeof inode === 'string') return inode
      inode = inode.type === 'directory' ? entry.service.lookup(op, inode, name, entry.rootIno) : 'NOTDIR'
    }
    return typeof inode === 'string' || inode.type === 'directory' ? inode : 'NOTDIR'
  }

  exports(): ExportListing[] {
    return this.#exports.all().map((entry) => ({
      path: Buffer.from(entry.path),
      clients: entry.rules.map((rule) => groupName(rule.clients.text)),
    }))
  }

  /** The export with the longest path that leads to the directory, and how many names that path has. */
  #longestExport(names: readonly Uint8Array[]): { entry: Export; depth: number } | null {
    const texts = names.map((name) => Buffer.from(name).toString('utf8'))
    for (let depth = names.length; depth >= 0; depth--) {
      const entry = this.#exports.byPath(`/${texts.slice(0, depth).join('/')}`)
      if (entry !== undefined) return { entry, depth }
    }
    return null
  }
}

/** The names of an absolute path, without empty ones and '.'; null when it is not absolute or goes up. */
function namesOf(path: Uint8Array): Uint8Array[] | null {
  if (path[0] !== SLASH || path.includes(0)) return null
  const names: Uint8Array[] = []
  let start = 1
  for (let at = 1; at <= path.length; at++) {
    if (at < path.length && path[at] !== SLASH) continue
    const name = path.subarray(start, at)
    start = at + 1
    if (name.length === 0 || (name.length === 1 && name[0] === DOT)) continue
    if (name.length === 2 && name[0] === DOT && name[1] === DOT) return null
    names.push(name)
  }
  return names
}

function groupName(text: string): Uint8Array {
  return Buffer.from(text).subarray(0, MAX_GROUP_BYTES)
}
