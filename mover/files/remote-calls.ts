import {
  type answer,
  type call,
  type entry,
  type named,
  type object_id,
  type operation,
  operation_kind,
} from '../../protocol/moverlock/moverlock.gen.ts'
import { ownAnswer, ownCall } from '../../protocol/moverlock/own.ts'
import { failureWord } from '../authority/codes.ts'
import type { Timestamp } from '../environment.ts'
import type { Failure } from '../failure.ts'
import { type ForwardedCall, Replayed } from '../operation.ts'
import { type Suspend, SuspendForAnother } from '../suspend.ts'
import type { FileType, Inode } from '../volume/inode.ts'
import { TYPE_NUMBER } from '../volume/inode-value.ts'
import { MAX_NAME_BYTES, MAX_SYMLINK_BYTES } from '../volume/layout.ts'
import { bounded, wireHow, wireSet, wireTag } from './call-words.ts'
import { type ClientRecords, isTooLong } from './client-records.ts'
import { RemoteInode } from './remote-inode.ts'
import { RemoteStatistics } from './remote-statistics.ts'
import type { CreateHow, EntrySink, ListingRoom, Operation, SetAttributes, VolumeStatistics } from './service.ts'

/** The way to the primary of a volume: one session after another. */
export interface CallTransport {
  /**
   * Sends a call over the session there is, or over the next one. `done` is called once, after this has returned: with the
   * answer, which is valid during the call, or with null when the session that it was sent over has ended without one.
   */
  call(call: call, done: (answer: answer | null) => void): void
}

/** What one call of a client has asked the primary so far, in order, with the answers. */
class AskedCalls implements ForwardedCall {
  /** What changes something is remembered by its replay tag. */
  readonly runsOn = false
  readonly #asked: { kind: operation_kind; answer: answer }[] = []
  #next = 0

  rewind(): void {
    this.#next = 0
  }

  /** The answer to what is about to be asked; null when there is none yet. */
  get coming(): answer | null {
    return this.#asked[this.#next]?.answer ?? null
  }

  /** What an earlier run has asked at this point; null: it has not come so far. */
  get comingKind(): operation_kind | null {
    return this.#asked[this.#next]?.kind ?? null
  }

  /** Goes on to the next answer, behind this one. */
  take(kind: operation_kind): answer | null {
    const asked = this.#asked[this.#next]
    if (asked === undefined) return null
    if (asked.kind !== kind) throw new Error(`a call that asked for ${asked.kind} asks for ${kind} when it runs again`)
    this.#next++
    return asked.answer
  }

  keep(kind: operation_kind, answer: answer): void {
    this.#asked.push({ kind, answer: ownAnswer(answer) })
  }
}

/**
 * Names and attributes of a volume with another primary: a `FileService`'s operations on them, each of which is a CALL to
 * the primary. The first run of an operation sends it and throws `Suspend`; the run after the ANSWER has what it says.
 *
 * When the session ends before the answer, the operation runs, and asks, again: the primary may have carried it out or not,
 * and knows by the replay tag, as it would know a client's own retransmission. Nothing else could be said to the client:
 * told to try later (DELAY) it would send a new call, which nobody would recognize. Looking has no tag and may be done twice.
 */
export class RemoteCalls {
  readonly #transport: CallTransport
  readonly #statistics: RemoteStatistics
  /** What `entry` shows, while `readdir` shows an entry. */
  #listed: entry | null = null
  readonly #shown = new RemoteInode(0, 0)
  #lastId = 0

  constructor(transport: CallTransport) {
    this.#transport = transport
    this.#statistics = new RemoteStatistics((done) => {
      const nobody = { uid: 0, gid: 0, gids: [] }
      const what: operation = { kind: operation_kind.STATISTICS }
      transport.call({ id: this.#newId(), caller: nobody, read_only: true, replay: null, what }, done)
    })
  }

  /**
   * The object of an operation that is about to look up or change names or attributes. It shows nothing until the operation
   * is answered; then what was there before, and once the operation's method has been called what was there afterwards.
   */
  subject(op: Operation, ino: number, generation: number): Inode {
    const inode = new RemoteInode(ino, generation)
    const answer = (op.forwarded as AskedCalls | null)?.coming ?? null
    if (answer !== null) inode.showFrom(answer.before)
    return inode
  }

  /** True when an earlier run of the operation has asked this at this point. */
  hasAsked(op: Operation, kind: operation_kind): boolean {
    return (op.forwarded as AskedCalls | null)?.comingKind === kind
  }

  /** An object as the primary shows it now. */
  object(op: Operation, ino: number, generation: number): Inode | Failure {
    return made(this.#ask(op, { kind: operation_kind.GETATTR, what: { ino, generation } }))
  }

  /** An object by its number alone. */
  find(op: Operation, ino: number): Inode | Failure {
    return made(this.#ask(op, { kind: operation_kind.FIND, ino }))
  }

  lookup(op: Operation, dir: Inode, name: Uint8Array, exportRoot: number): Inode | Failure {
    if (name.length > MAX_NAME_BYTES) return 'NAMETOOLONG'
    const lookup = { where: nameIn(dir, name), export_root: exportRoot }
    return made(this.#ask(op, { kind: operation_kind.LOOKUP, lookup }, dir))
  }

  setattr(op: Operation, inode: Inode, set: SetAttributes, guard: Timestamp | null): Failure | null {
    const setattr = { what: idOf(inode), set: wireSet(set), guard }
    return failureOf(this.#ask(op, { kind: operation_kind.SETATTR, setattr }, inode))
  }

  /**
   * Has the primary take setuid and setgid away, which asks for the file's tokens to do so: the operation finds them gone
   * when it has those again, or there anew, and then asks once more.
   */
  dropPrivileges(op: Operation, inode: Inode): Failure {
    for (;;) {
      const failure = failureOf(this.#ask(op, { kind: operation_kind.DROP_PRIVILEGES, file: idOf(inode) }))
      if (failure !== null) return failure
    }
  }

  readlink(op: Operation, inode: Inode): Uint8Array | Failure {
    const answer = this.#ask(op, { kind: operation_kind.READLINK, what: idOf(inode) }, inode)
    return failureOf(answer) ?? answer.target
  }

  create(op: Operation, dir: Inode, name: Uint8Array, how: CreateHow): Inode | Failure {
    if (name.length > MAX_NAME_BYTES) return 'NAMETOOLONG'
    const create = { where: nameIn(dir, name), ...wireHow(how) }
    return made(this.#ask(op, { kind: operation_kind.CREATE, create }, dir))
  }

  mkdir(op: Operation, dir: Inode, name: Uint8Array, attributes: SetAttributes): Inode | Failure {
    if (name.length > MAX_NAME_BYTES) return 'NAMETOOLONG'
    const mkdir = { where: nameIn(dir, name), set: wireSet(attributes) }
    return made(this.#ask(op, { kind: operation_kind.MKDIR, mkdir }, dir))
  }

  symlink(op: Operation, dir: Inode, name: Uint8Array, target: Uint8Array, attributes: SetAttributes): Inode | Failure {
    if (name.length > MAX_NAME_BYTES || target.length > MAX_SYMLINK_BYTES) return 'NAMETOOLONG'
    const symlink = { where: nameIn(dir, name), target, set: wireSet(attributes) }
    return made(this.#ask(op, { kind: operation_kind.SYMLINK, symlink }, dir))
  }

  mknod(
    op: Operation,
    dir: Inode,
    name: Uint8Array,
    type: FileType,
    attributes: SetAttributes,
    major: number,
    minor: number,
  ): Inode | Failure {
    if (name.length > MAX_NAME_BYTES) return 'NAMETOOLONG'
    const mknod = { where: nameIn(dir, name), type: TYPE_NUMBER[type], set: wireSet(attributes), major, minor }
    return made(this.#ask(op, { kind: operation_kind.MKNOD, mknod }, dir))
  }

  remove(op: Operation, dir: Inode, name: Uint8Array): Failure | null {
    if (name.length > MAX_NAME_BYTES) return 'NAMETOOLONG'
    return failureOf(this.#ask(op, { kind: operation_kind.REMOVE, where: nameIn(dir, name) }, dir))
  }

  rmdir(op: Operation, dir: Inode, name: Uint8Array): Failure | null {
    if (name.length > MAX_NAME_BYTES) return 'NAMETOOLONG'
    return failureOf(this.#ask(op, { kind: operation_kind.RMDIR, where: nameIn(dir, name) }, dir))
  }

  rename(op: Operation, fromDir: Inode, fromName: Uint8Array, toDir: Inode, toName: Uint8Array): Failure | null {
    if (fromName.length > MAX_NAME_BYTES || toName.length > MAX_NAME_BYTES) return 'NAMETOOLONG'
    const rename = { from: nameIn(fromDir, fromName), to: nameIn(toDir, toName) }
    return failureOf(this.#ask(op, { kind: operation_kind.RENAME, rename }, fromDir, toDir))
  }

  link(op: Operation, inode: Inode, dir: Inode, name: Uint8Array): Failure | null {
    if (name.length > MAX_NAME_BYTES) return 'NAMETOOLONG'
    const link = { what: idOf(inode), where: nameIn(dir, name) }
    return failureOf(this.#ask(op, { kind: operation_kind.LINK, link }, inode, dir))
  }

  readdir(
    op: Operation,
    dir: Inode,
    cookie: number,
    exportRoot: number,
    room: ListingRoom,
    sink: EntrySink,
  ): boolean | Failure {
    const { bytes, attributes } = room
    const readdir = { dir: idOf(dir), cookie: bounded(cookie), export_root: exportRoot, bytes, attributes }
    const answer = this.#ask(op, { kind: operation_kind.READDIR, readdir }, dir)
    const failure = failureOf(answer)
    if (failure !== null) return failure
    if (answer.list === null) throw new Error('a READDIR was answered without a list')
    try {
      for (const entry of answer.list.entries) {
        this.#listed = entry
        if (!sink(entry.cookie, entry.ino, entry.what, 0, entry.what.length)) return false
      }
    } finally {
      this.#listed = null
    }
    return answer.list.eof
  }

  /** The inode holds until the next one. ACCES also when `readdir` was not told that attributes would be asked for. */
  entry(_op: Operation, _dir: Inode, ino: number): Inode | Failure {
    const object = this.#listed?.object ?? null
    return object === null || object.ino !== ino ? 'ACCES' : this.#shown.show(object)
  }

  /**
   * Asks for attributes of objects that have names in a directory. Throws Suspend: when the operation runs again,
   * `toldAttributes` has them.
   */
  askAttributes(op: Operation, dir: Inode, inos: number[]): never {
    op.forwarded ??= new AskedCalls()
    const what: operation = { kind: operation_kind.ATTRIBUTES, attributes: { dir: idOf(dir), inos } }
    throw this.#suspend(op, op.forwarded as AskedCalls, what)
  }

  /** What an earlier run of the operation has been told by `askAttributes` at this point; null: it has not asked. */
  toldAttributes(op: Operation): readonly entry[] | Failure | null {
    if (!this.hasAsked(op, operation_kind.ATTRIBUTES)) return null
    const answer = (op.forwarded as AskedCalls).take(operation_kind.ATTRIBUTES) as answer
    return failureOf(answer) ?? answer.list?.entries ?? []
  }

  statistics(op: Operation): VolumeStatistics {
    return this.#statistics.take(this.#ask(op, { kind: operation_kind.STATISTICS }))
  }

  /** See `ClientRecords`. */
  readonly clients: ClientRecords = {
    set: (op, client) =>
      isTooLong(client) ? 'INVAL' : failureOf(this.#ask(op, { kind: operation_kind.SET_CLIENT, client })),
    drop: (op, id) => failureOf(this.#ask(op, { kind: operation_kind.DROP_CLIENT, id })),
    list: (op, prefix, after) => {
      const answer = this.#ask(op, { kind: operation_kind.CLIENTS, clients: { prefix, after } })
      return failureOf(answer) ?? answer.remembered?.clients ?? []
    },
  }

  /** As they were told last; never throws Suspend. */
  latestStatistics(): VolumeStatistics {
    return this.#statistics.latest()
  }

  /** The answer of this run's next call; the call's objects show it from now on. */
  #ask(op: Operation, what: operation, ...objects: Inode[]): answer {
    op.forwarded ??= new AskedCalls()
    const asked = op.forwarded as AskedCalls
    const answer = asked.take(what.kind)
    if (answer === null) throw this.#suspend(op, asked, what)
    if (answer.replayed_object !== null) throw new Replayed(answer.replayed_object)
    for (const inode of objects) if (inode instanceof RemoteInode) inode.showFrom(answer.after)
    return answer
  }

  #suspend(op: Operation, asked: AskedCalls, what: operation): Suspend {
    const { uid, gid, gids } = op.credentials
    const caller = { uid, gid, gids: [...gids] }
    const call = ownCall({ id: this.#newId(), caller, read_only: op.readOnly, replay: wireTag(op.replay), what })
    return new SuspendForAnother((resume) =>
      this.#transport.call(call, (answer) => {
        if (answer !== null) asked.keep(what.kind, answer)
        resume()
      }),
    )
  }

  #newId(): number {
    return ++this.#lastId
  }
}

function idOf({ ino, generation }: Inode): object_id {
  return { ino, generation }
}

function nameIn(dir: Inode, what: Uint8Array): named {
  return { dir: idOf(dir), what }
}

function failureOf(answer: answer): Failure | null {
  return failureWord(answer.status)
}

/** The object that was found or made. */
function made(answer: answer): Inode | Failure {
  const failure = failureOf(answer)
  if (failure !== null) return failure
  const shown = answer.after.at(-1)
  if (shown === undefined) throw new Error('an answer lacks the object that it tells of')
  return new RemoteInode(shown.ino, 0).show(shown)
}
