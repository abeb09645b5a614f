import {
  NFS_V3_codecs,
  nfsstat3,
  type post_op_attr,
  type READDIRPLUS3args,
  type READDIRPLUS3resfail,
  writepost_op_attr,
  writeREADDIRPLUS3res,
} from '../../protocol/nfs3/nfs3.gen.ts'
import { padded } from '../../protocol/xdr/reader.ts'
import type { XdrWriter } from '../../protocol/xdr/writer.ts'
import type { Failure } from '../failure.ts'
import type { Export } from '../files/exports.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_ATTRIBUTES, PostOp } from './attributes.ts'
import { NO_BYTES } from './blank.ts'
import type { Nfs3Context, Target } from './context.ts'
import { ENTRY_BYTES, NO_VERIFIER, PLUS_BYTES, RESOK_BYTES } from './directory-sizes.ts'
import { HANDLE_BYTES, HANDLE_PADDED_BYTES, type HandleCodec } from './handle.ts'
import { DIRECTORY_MAX_BYTES } from './limits.ts'
import { serve } from './serve.ts'
import { type Nfs3Error, statusTable } from './status.ts'

/** READDIRPLUS3res, but the entries of a good one name what lies elsewhere until this tick ends. */
export type ReaddirplusReply =
  | { status: typeof nfsstat3.NFS3_OK; dir_attributes: post_op_attr; entries: readonly PlusEntry[]; eof: boolean }
  | { status: Nfs3Error; resfail: READDIRPLUS3resfail }

/**
 * RFC 1813 §3.3.17: as READDIR, with each entry's attributes and handle. `dircount` bounds names, numbers and cookies,
 * `maxcount` the whole. A caller that may read the directory but not look names up in it gets the names only.
 */
export function readdirplus(nfs: Nfs3Context): Procedure<READDIRPLUS3args, ReaddirplusReply> {
  const status = statusTable('NFSPROC3_READDIRPLUS')
  const attributes = new PostOp()
  /** As many as the longest reply so far had; `entries` is the part of them that is the reply at hand. */
  const made: PlusEntry[] = []
  const entries: PlusEntry[] = []
  const refuse = (failure: Failure, dir_attributes: post_op_attr): ReaddirplusReply => ({
    status: status[failure],
    resfail: { dir_attributes },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_READDIRPLUS, {
    handle: ({ dir, cookie, dircount, maxcount }, call) => {
      const target = nfs.open(dir.data, call, 'names')
      if (typeof target === 'string') return refuse(target, NO_ATTRIBUTES)
      const { service, inode, fsid } = target
      entries.length = 0
      let dirRoom = dircount
      let room = Math.min(maxcount, DIRECTORY_MAX_BYTES) - RESOK_BYTES
      const wanted = { bytes: Math.max(0, room), attributes: true }
      const eof = service.readdir(
        nfs.op,
        inode,
        cookie,
        target.export.rootIno,
        wanted,
        (next, ino, bytes, start, end) => {
          const size = ENTRY_BYTES + padded(end - start)
          dirRoom -= size
          room -= size + PLUS_BYTES
          // `dircount` is a hint: an entry that fits `maxcount` is always given, or the client could not go on.
          if (room < 0 || (dirRoom < 0 && entries.length > 0)) return false
          const at = entries.length
          if (at === made.length) made.push(new PlusEntry(nfs.handles))
          entries.push(made[at].fill(nfs, target, next, ino, bytes, start, end))
          return true
        },
      )
      const dir_attributes = attributes.of(inode, fsid)
      if (typeof eof === 'string') return refuse(eof, dir_attributes)
      if (room < 0 && entries.length === 0) return refuse('TOOSMALL', dir_attributes)
      return { status: nfsstat3.NFS3_OK, dir_attributes, entries, eof }
    },
    fail: (failure) => refuse(failure, NO_ATTRIBUTES),
    replyBytes: ({ maxcount }) => Math.min(maxcount, DIRECTORY_MAX_BYTES),
    write: writeReply,
  })
}

function writeReply(writer: XdrWriter, reply: ReaddirplusReply): void {
  if (reply.status !== nfsstat3.NFS3_OK) {
    writeREADDIRPLUS3res(writer, reply)
    return
  }
  writer.u32(reply.status)
  writepost_op_attr(writer, reply.dir_attributes)
  writer.opaqueFixed(NO_VERIFIER)
  for (const entry of reply.entries) entry.write(writer)
  writer.bool(false)
  writer.bool(reply.eof)
}

/** One entry of a reply, filled again for later ones. */
class PlusEntry {
  #fileid = 0
  #cookie = 0
  #name: Uint8Array = NO_BYTES
  #nameStart = 0
  #nameEnd = 0
  /** Null where the caller may not look names up, or the object is gone. */
  #export: Export | null = null
  #generation = 0
  #shown = NO_ATTRIBUTES
  readonly #attributes = new PostOp()
  readonly #handles: HandleCodec

  constructor(handles: HandleCodec) {
    this.#handles = handles
  }

  fill(
    nfs: Nfs3Context,
    dir: Target,
    cookie: number,
    fileid: number,
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
  ): this {
    this.#fileid = fileid
    this.#cookie = cookie
    this.#name = name
    this.#nameStart = nameStart
    this.#nameEnd = nameEnd
    const inode = dir.service.entry(nfs.op, dir.inode, fileid)
    if (typeof inode === 'string') {
      this.#export = null
      this.#shown = NO_ATTRIBUTES
      return this
    }
    this.#export = dir.export
    this.#generation = inode.generation
    this.#shown = this.#attributes.of(inode, dir.fsid)
    return this
  }

  /** That an entry follows, and entryplus3 (RFC 1813 §3.3.17). */
  write(writer: XdrWriter): void {
    writer.bool(true)
    writer.number64(this.#fileid)
    writer.opaquePart(this.#name, this.#nameStart, this.#nameEnd)
    writer.number64(this.#cookie)
    writepost_op_attr(writer, this.#shown)
    const entry = this.#export
    writer.bool(entry !== null)
    if (entry === null) return
    writer.u32(HANDLE_BYTES)
    const at = writer.reserve(HANDLE_PADDED_BYTES)
    this.#handles.put(writer.view, at, entry, this.#fileid, this.#generation)
  }
}
