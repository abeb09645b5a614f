import {
  type answer,
  type attributes,
  type call,
  type entry,
  type listing,
  MAX_ENTRIES,
  type named,
  type object_id,
  type operation,
  operation_kind,
  type readdir_args,
} from '../../protocol/moverlock/moverlock.gen.ts'
import { ownCall } from '../../protocol/moverlock/own.ts'
import { failureNumber } from '../authority/codes.ts'
import type { Environment } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { Barrier } from '../operation.ts'
import { Suspend } from '../suspend.ts'
import type { Inode } from '../volume/inode.ts'
import { typeName } from '../volume/inode-value.ts'
import { NodeCacheFull } from '../volume/tree/corruption.ts'
import { neutralHow, neutralSet, neutralTag } from './call-words.ts'
import { attributesOf } from './remote-inode.ts'
import { type EntrySink, type Intent, newOperation, type Operation, type PrimaryFiles } from './service.ts'

/** What any protocol's listing takes for an entry besides the name's bytes, and for its attributes, at least. */
const LEAST_ENTRY_BYTES = 24
const LEAST_ATTRIBUTES_BYTES = 88
const NO_BYTES: Uint8Array = new Uint8Array(0)

/** What the primary of a volume needs to serve the calls of other movers' clients. */
export interface ForwardedOptions {
  files: PrimaryFiles
  env: Pick<Environment, 'defer'>
  /** A call has failed unexpectedly; it is answered SERVERFAULT. */
  onError(call: call, error: unknown): void
}

/** Carries out metadata operations for the clients of other movers: the primary's side of `RemoteCalls`. */
export class ForwardedCalls {
  readonly #options: ForwardedOptions

  constructor(options: ForwardedOptions) {
    this.#options = options
  }

  /**
   * Carries out a call: again and again while it must wait for something. `done` gets the answer once it is durable, which
   * may be before this returns. Not to be called while an operation of the volume is running.
   */
  perform(received: call, done: (answer: answer) => void): void {
    const { env, onError } = this.#options
    const call = ownCall(received)
    const tell = (answer: answer): void => done({ ...answer, id: call.id })
    const op = newOperation(call.caller, call.read_only)
    op.intent = intentOf(call.what)
    // A call that was carried out may still look at things, to be answered.
    op.replay = op.intent === 'change' ? neutralTag(call.replay) : null
    const run = (): void => {
      op.barrier = null
      op.forwarded?.rewind()
      let answer: answer
      try {
        answer = this.#run(op, call.what)
      } catch (error) {
        // Deferred: what ends the waiting may be another operation, and this must not run inside it.
        if (error instanceof Suspend) error.waitDeferred((task) => env.defer(task), run)
        else {
          onError(call, error)
          tell(refusal('SERVERFAULT'))
        }
        return
      }
      const barrier = op.barrier as Barrier | null
      if (barrier === null) tell(answer)
      else barrier.wait((failure) => tell(failure === null ? answer : refusal(failure)))
    }
    run()
  }

  #run(op: Operation, what: operation): answer {
    const { files } = this.#options
    // At each run: the same call may have come by another way meanwhile.
    const known = op.replay === null ? null : files.findReplay(op.replay)
    if (known !== null) {
      op.barrier = known.barrier
      return { ...refusal(null), replayed_object: known.objectIno }
    }
    switch (what.kind) {
      case operation_kind.SETATTR: {
        const { what: id, set, guard } = what.setattr
        return this.#on(op, [id], (inode) => files.setattr(op, inode, neutralSet(set), guard))
      }
      case operation_kind.DROP_PRIVILEGES:
        return this.#on(op, [what.file], (inode) => files.dropPrivileges(op, inode))
      case operation_kind.CREATE: {
        const { create } = what
        return this.#in(op, create.where, (dir, name) => files.create(op, dir, name, neutralHow(create)))
      }
      case operation_kind.MKDIR: {
        const { where, set } = what.mkdir
        return this.#in(op, where, (dir, name) => files.mkdir(op, dir, name, neutralSet(set)))
      }
      case operation_kind.SYMLINK: {
        const { where, target, set } = what.symlink
        return this.#in(op, where, (dir, name) => files.symlink(op, dir, name, target, neutralSet(set)))
      }
      case operation_kind.MKNOD: {
        const { where, type, set, major, minor } = what.mknod
        return this.#in(op, where, (dir, name) =>
          files.mknod(op, dir, name, typeName(type), neutralSet(set), major, minor),
        )
      }
      case operation_kind.REMOVE:
        return this.#in(op, what.where, (dir, name) => files.remove(op, dir, name))
      case operation_kind.RMDIR:
        return this.#in(op, what.where, (dir, name) => files.rmdir(op, dir, name))
      case operation_kind.RENAME: {
        const { from, to } = what.rename
        return this.#on(op, [from.dir, to.dir], (fromDir, toDir) =>
          files.rename(op, fromDir, from.what, toDir, to.what),
        )
      }
      case operation_kind.LINK: {
        const { what: id, where } = what.link
        return this.#on(op, [id, where.dir], (inode, dir) => files.link(op, inode, dir, where.what))
      }
      case operation_kind.SET_CLIENT:
        return refusal(files.clients.set(op, what.client))
      case operation_kind.DROP_CLIENT:
        return refusal(files.clients.drop(op, what.id))
      default:
        return this.#look(op, what)
    }
  }

  #look(op: Operation, what: Exclude<operation, { kind: ChangeKind }>): answer {
    const { files } = this.#options
    switch (what.kind) {
      case operation_kind.GETATTR:
        return this.#on(op, [what.what], (inode) => {
          files.getattr(op, inode)
          return null
        })
      case operation_kind.FIND:
        return finished(files.find(op, what.ino), [], [])
      case operation_kind.LOOKUP: {
        const { where, export_root } = what.lookup
        return this.#in(op, where, (dir, name) => files.lookup(op, dir, name, export_root))
      }
      case operation_kind.READLINK: {
        let target = NO_BYTES
        const answer = this.#on(op, [what.what], (inode) => {
          const read = files.readlink(op, inode)
          if (typeof read === 'string') return read
          target = read
          return null
        })
        return { ...answer, target }
      }
      case operation_kind.READDIR: {
        const list: listing = { entries: [], eof: false }
        const answer = this.#on(op, [what.readdir.dir], (dir) => this.#list(op, dir, what.readdir, list))
        return { ...answer, list }
      }
      case operation_kind.CLIENTS: {
        const clients = files.clients.list(op, what.clients.prefix, what.clients.after)
        if (typeof clients === 'string') return refusal(clients)
        return { ...refusal(null), remembered: { clients } }
      }
      case operation_kind.ATTRIBUTES: {
        const { dir: id, inos } = what.attributes
        const list: listing = { entries: [], eof: true }
        const answer = this.#on(op, [id], (dir) => this.#show(op, dir, inos, list.entries))
        return { ...answer, list }
      }
      case operation_kind.STATISTICS: {
        const { totalBytes, freeBytes, totalFiles, freeFiles } = files.statistics(op)
        const space = { total_bytes: totalBytes, free_bytes: freeBytes, total_files: totalFiles, free_files: freeFiles }
        return { ...refusal(null), space }
      }
    }
  }

  /** A change, or a look, at a name in a directory. */
  #in(op: Operation, where: named, run: (dir: Inode, name: Uint8Array) => Inode | Failure | null): answer {
    return this.#on(op, [where.dir], (dir) => run(dir, where.what))
  }

  /** Finds the objects of a call, in the order in which a protocol server would, and runs it on them. */
  #on(op: Operation, ids: readonly object_id[], run: (...objects: Inode[]) => Inode | Failure | null): answer {
    const objects: Inode[] = []
    const before: attributes[] = []
    for (const { ino, generation } of ids) {
      const inode = this.#options.files.inode(op, ino, generation)
      if (typeof inode === 'string') return finished(inode, before, objects)
      objects.push(inode)
      if (op.intent === 'change') before.push(attributesOf(inode))
    }
    return finished(run(...objects), before, objects)
  }

  /** Fills `list` with as much as is wanted, and one entry at least. */
  #list(op: Operation, dir: Inode, args: readdir_args, list: listing): Failure | null {
    const { files } = this.#options
    const entries: entry[] = []
    let room = args.bytes
    const take: EntrySink = (cookie, ino, bytes, start, end) => {
      room -= LEAST_ENTRY_BYTES + end - start + (args.attributes ? LEAST_ATTRIBUTES_BYTES : 0)
      if (entries.length === MAX_ENTRIES || (room < 0 && entries.length > 0)) return false
      const inode = args.attributes ? files.entry(op, dir, ino) : 'ACCES'
      entries.push({
        cookie,
        ino,
        what: bytes.slice(start, end),
        object: typeof inode === 'string' ? null : attributesOf(inode),
      })
      return true
    }
    const eof = files.readdir(op, dir, args.cookie, args.export_root, args, take)
    if (typeof eof === 'string') return eof
    list.entries = entries
    list.eof = eof
    return null
  }

  /** Fills `entries` with what is to be shown of these objects, or of the first of them when tree nodes of all are too many. */
  #show(op: Operation, dir: Inode, inos: readonly number[], entries: entry[]): null {
    entries.length = 0
    try {
      for (const ino of inos) {
        const inode = this.#options.files.entry(op, dir, ino)
        entries.push({ cookie: 0, ino, what: NO_BYTES, object: typeof inode === 'string' ? null : attributesOf(inode) })
      }
    } catch (error) {
      if (entries.length === 0 || !(error instanceof NodeCacheFull)) throw error
    }
    return null
  }
}

type ChangeKind = (typeof CHANGES)[number]

const CHANGES = [
  operation_kind.SETATTR,
  operation_kind.DROP_PRIVILEGES,
  operation_kind.CREATE,
  operation_kind.MKDIR,
  operation_kind.SYMLINK,
  operation_kind.MKNOD,
  operation_kind.REMOVE,
  operation_kind.RMDIR,
  operation_kind.RENAME,
  operation_kind.LINK,
  operation_kind.SET_CLIENT,
  operation_kind.DROP_CLIENT,
] as const

function intentOf({ kind }: operation): Intent {
  if (kind === operation_kind.GETATTR) return 'attributes'
  return (CHANGES as readonly operation_kind[]).includes(kind) ? 'change' : 'names'
}

/** The answer of an operation that has come to `result`, with what its objects show now. */
function finished(result: Inode | Failure | null, before: attributes[], objects: readonly Inode[]): answer {
  const after = objects.map(attributesOf)
  if (typeof result === 'string') return { ...refusal(result), before, after }
  if (result !== null) after.push(attributesOf(result))
  return { ...refusal(null), before, after }
}

/** An answer that says no more than this; null: that it was done. */
function refusal(failure: Failure | null): answer {
  return {
    id: 0,
    status: failureNumber(failure),
    replayed_object: null,
    before: [],
    after: [],
    target: NO_BYTES,
    list: null,
    space: null,
    remembered: null,
  }
}
