import type { Timestamp } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { Barrier, ForwardedCall, KnownCall, ReplayTag } from '../operation.ts'
import type { FileType, Inode } from '../volume/inode.ts'
import type { ClientLocks } from './client-locks.ts'
import type { ClientRecords } from './client-records.ts'

/** Most names of one file. */
export const MAX_LINKS = 65_000

/** Who acts, after squashing. uid 0 is the superuser. */
export interface Credentials {
  uid: number
  gid: number
  /** Supplementary groups. */
  gids: readonly number[]
}

/**
 * What is done with the objects of an operation, so that a service can make ready for it when it gives them. 'attributes':
 * no more than their attributes are looked at; 'access': no more than their type, and who may use them; 'names': names are
 * looked up or listed, or a link is read; 'change': names or attributes are changed; 'read' and 'write': the bytes
 * [rangeStart, rangeEnd) of a file.
 */
export type Intent = 'attributes' | 'access' | 'names' | 'change' | 'read' | 'write'

/** What an operation is run with and what it leaves behind for its reply. Reused by its protocol server. */
export interface Operation {
  credentials: Credentials
  /** True on a read-only export: every change is refused with ROFS. */
  readOnly: boolean
  /** Goes into the operation's own log record, so that a retransmission after a restart gets the first answer. */
  replay: ReplayTag | null
  /** Set by the operation when its reply must wait (log not durable yet, data not flushed). Null: reply at once. */
  barrier: Barrier | null
  /** Set before `inode` is called. */
  intent: Intent
  /** The bytes of a 'read' or 'write'; of no meaning else. */
  rangeStart: number
  rangeEnd: number
  /** Kept for the operation from one run to the next, and rewound before each. Null: it has asked no other mover. */
  forwarded: ForwardedCall | null
}

/** An operation that has not run yet, which looks names up. */
export function newOperation<C extends Credentials>(credentials: C, readOnly: boolean): Operation & { credentials: C } {
  return {
    credentials,
    readOnly,
    replay: null,
    barrier: null,
    intent: 'names',
    rangeStart: 0,
    rangeEnd: 0,
    forwarded: null,
  }
}

/** 'now' means the server's clock; undefined leaves the attribute alone. */
export interface SetAttributes {
  mode?: number
  uid?: number
  gid?: number
  /** Bytes; at most 16 TiB. */
  size?: number
  atime?: Timestamp | 'now'
  mtime?: Timestamp | 'now'
}

/** RFC 1813 createhow3 in neutral words; `exclusive` carries the client's 8-byte verifier. */
export type CreateHow =
  | { kind: 'unchecked'; attributes: SetAttributes }
  | { kind: 'guarded'; attributes: SetAttributes }
  | { kind: 'exclusive'; verifier: Uint8Array }

export type Stability = 'unstable' | 'dataSync' | 'fileSync'

/** A read's outcome: views into pinned cache pages. `release` must be called once the bytes have been sent. */
export interface ReadResult {
  /** Reused array; only the first `segmentCount` are meant. */
  segments: Uint8Array[]
  segmentCount: number
  /** Bytes in all. */
  count: number
  eof: boolean
  release: () => void
}

export interface WriteResult {
  count: number
  committed: Stability
}

/** Bytes and inodes of a volume. */
export interface VolumeStatistics {
  totalBytes: number
  freeBytes: number
  totalFiles: number
  freeFiles: number
}

/** How much of a directory its reader has room for; a service that fetches a listing fetches about so much of it. */
export interface ListingRoom {
  /** Of names, and of attributes if they are wanted. */
  bytes: number
  /** `entry` will be asked for each entry. */
  attributes: boolean
}

/** Told how calls of this mover's clients are answered, while somebody traces a file of the volume. */
export interface CallTrace {
  /**
   * `procedure` on an object has come to `status` ('OK', or why not): it is answered when the operation's barrier is done,
   * which may be put behind another one. `client` is an address.
   */
  answered(procedure: string, ino: number, op: Operation, client: string, status: string): void
}

/**
 * Called for each entry, whose name is `bytes[start, end)` until this tick ends: a view of it would cost as much as the rest of
 * the entry. Returns false when it does not fit any more (that entry is not consumed).
 */
export type EntrySink = (cookie: number, ino: number, bytes: Uint8Array, start: number, end: number) => boolean

/**
 * The neutral file service of one volume. Every method is synchronous, throws `Suspend` (having changed nothing) when
 * something must be read first, and sets `op.barrier` when the reply must wait. Permission checks are made here, against
 * `op.credentials`. Names are raw bytes. Inodes are live objects: attributes are read from them right after the call.
 *
 * Where another mover is the volume's primary, the operations that look up or change names and attributes are done there:
 * their objects are given unseen, and found STALE by the operation; before it is called they show no attributes
 * (`Inode.isCurrent`), or those that the primary found; afterwards those that it left. It may throw `Replayed`.
 */
export interface FileService {
  readonly volumeUuid: Uint8Array
  /** Unique per mover incarnation: the write verifier (RFC 1813 §3.3.7). May change after a failed write-back. */
  readonly writeVerifier: Uint8Array
  readonly rootIno: number
  /** Null while nobody traces. */
  readonly trace: CallTrace | null
  /** What the volume remembers of clients. */
  readonly clients: ClientRecords
  /** Locks of clients; null where none are kept. */
  readonly locks: ClientLocks | null

  /** The live inode of a file handle; STALE when it is gone or its generation differs. Sets barrier if its last change is not durable. */
  inode(op: Operation, ino: number, generation: number): Inode | Failure
  /** GETATTR's barrier: what `inode` shows may not be durable yet. */
  getattr(op: Operation, inode: Inode): void
  /** `exportRoot`: `..` of this inode is itself. Names '.' and '..' are understood. */
  lookup(op: Operation, dir: Inode, name: Uint8Array, exportRoot: number): Inode | Failure
  /** The subset of `wanted` (ACCESS3_* bits, RFC 1813 §3.3.4) that is granted. */
  access(op: Operation, inode: Inode, wanted: number): number
  /** `guard`: NOT_SYNC unless ctime equals it. */
  setattr(op: Operation, inode: Inode, set: SetAttributes, guard: Timestamp | null): Failure | null
  readlink(op: Operation, inode: Inode): Uint8Array | Failure
  read(op: Operation, inode: Inode, offset: number, count: number, result: ReadResult): Failure | null
  write(
    op: Operation,
    inode: Inode,
    offset: number,
    data: Uint8Array,
    stability: Stability,
    result: WriteResult,
  ): Failure | null
  create(op: Operation, dir: Inode, name: Uint8Array, how: CreateHow): Inode | Failure
  mkdir(op: Operation, dir: Inode, name: Uint8Array, attributes: SetAttributes): Inode | Failure
  symlink(op: Operation, dir: Inode, name: Uint8Array, target: Uint8Array, attributes: SetAttributes): Inode | Failure
  mknod(
    op: Operation,
    dir: Inode,
    name: Uint8Array,
    type: FileType,
    attributes: SetAttributes,
    major: number,
    minor: number,
  ): Inode | Failure
  remove(op: Operation, dir: Inode, name: Uint8Array): Failure | null
  rmdir(op: Operation, dir: Inode, name: Uint8Array): Failure | null
  rename(op: Operation, fromDir: Inode, fromName: Uint8Array, toDir: Inode, toName: Uint8Array): Failure | null
  link(op: Operation, inode: Inode, dir: Inode, name: Uint8Array): Failure | null
  /**
   * Entries after `cookie` (0: from the start; '.' has cookie 1 and '..' cookie 2), until `sink` returns false.
   * Returns true when the end of the directory was reached, false when the sink stopped it, or `room` is used up.
   */
  readdir(
    op: Operation,
    dir: Inode,
    cookie: number,
    exportRoot: number,
    room: ListingRoom,
    sink: EntrySink,
  ): boolean | Failure
  /**
   * The live inode of an entry of `dir` that `readdir` is showing, for its attributes and handle, while the sink is called;
   * ACCES when the caller may not look names up there; as `inode` in every other way.
   */
  entry(op: Operation, dir: Inode, ino: number): Inode | Failure
  commit(op: Operation, inode: Inode, offset: number, count: number): Failure | null
  statistics(op: Operation): VolumeStatistics
}

/** The file service of a volume whose primary this mover is. */
export interface PrimaryFiles extends FileService {
  /** An object by its number alone, such as the root of an export; STALE when there is none. As `inode` in every other way. */
  find(op: Operation, ino: number): Inode | Failure
  /** What the caller's write to the file, at another mover, takes away: setuid and setgid. */
  dropPrivileges(op: Operation, inode: Inode): Failure | null
  /** Whether this call has changed the volume already, whichever mover's client it came from. */
  findReplay(tag: ReplayTag): KnownCall | null
}
