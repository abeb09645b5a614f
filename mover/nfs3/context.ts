import type { Failure } from '../failure.ts'
import { type Export, squash } from '../files/exports.ts'
import {
  type CallTrace,
  type Credentials,
  type FileService,
  type Intent,
  newOperation,
  type Operation,
} from '../files/service.ts'
import type { Call } from '../rpc/program.ts'
import type { Inode } from '../volume/inode.ts'
import type { HandleCodec } from './handle.ts'

/** What a file handle stands for, while a call is served. */
export interface Target {
  export: Export
  service: FileService
  inode: Inode
  fsid: bigint
}

/** What the procedures share. One call is served at a time, so that its parts are used again for the next one. */
export class Nfs3Context {
  readonly handles: HandleCodec
  /** What the file service is called with. */
  readonly op: Operation & { credentials: Credentials }
  /** Told how the call at hand is answered; null when nobody traces, or while it has no object. */
  trace: CallTrace | null = null
  readonly #credentials: Credentials = { uid: 0, gid: 0, gids: [] }
  readonly #first = emptyTarget()
  readonly #second = emptyTarget()

  constructor(handles: HandleCodec) {
    this.handles = handles
    this.op = newOperation(this.#credentials, true)
  }

  /**
   * The object of a call's file handle. Sets up `op` for its caller by the export's rules: ACCES when they do not let it
   * in. What it gives holds until the next call. For `read` and `write` the range is set by the caller.
   */
  open(handle: Uint8Array, call: Call, intent: Intent): Target | Failure {
    const known = this.handles.decode(handle)
    if (typeof known === 'string') return known
    const rule = known.export.match(call.address, call.port)
    if (rule === undefined) return 'ACCES'
    squash(rule, call.credentials, this.#credentials)
    const { op } = this
    op.readOnly = rule.access === 'ro'
    op.replay = call.replay
    op.intent = intent
    const { service } = known.export
    const inode = service.inode(op, known.ino, known.generation)
    if (typeof inode === 'string') return inode
    this.trace = service.trace
    return fill(this.#first, known.export, inode)
  }

  /** The number of the object that was opened last. */
  get openedIno(): number {
    return this.#first.inode.ino
  }

  /** The object of a second file handle of the same call: XDEV unless it is of the same export as the first one. */
  openSecond(handle: Uint8Array, first: Target): Target | Failure {
    const known = this.handles.decode(handle)
    if (typeof known === 'string') return known
    if (known.export !== first.export) return 'XDEV'
    const inode = first.service.inode(this.op, known.ino, known.generation)
    if (typeof inode === 'string') return inode
    return fill(this.#second, known.export, inode)
  }

  /** The file handle of an inode, through the export of `target`. */
  handleOf(target: Target, inode: Inode): Uint8Array {
    return this.handles.encode(target.export, inode.ino, inode.generation)
  }
}

function emptyTarget(): Target {
  return { fsid: 0n } as Target
}

function fill(target: Target, entry: Export, inode: Inode): Target {
  target.export = entry
  target.service = entry.service
  target.inode = inode
  target.fsid = entry.fsid
  return target
}
