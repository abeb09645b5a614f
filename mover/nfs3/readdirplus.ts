import {
  type entryplus3,
  NFS_V3_codecs,
  type nfs_fh3,
  nfsstat3,
  type post_op_attr,
  type post_op_fh3,
  type READDIRPLUS3args,
  type READDIRPLUS3res,
} from '../../protocol/nfs3/nfs3.gen.ts'
import { padded } from '../../protocol/xdr/reader.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_ATTRIBUTES, PostOp } from './attributes.ts'
import type { Nfs3Context, Target } from './context.ts'
import { ENTRY_BYTES, NO_VERIFIER, PLUS_BYTES, RESOK_BYTES } from './directory-sizes.ts'
import { DIRECTORY_MAX_BYTES } from './limits.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

const NO_HANDLE: post_op_fh3 = { handle_follows: false }
const NO_NAME = new Uint8Array(0)

/**
 * RFC 1813 §3.3.17: as READDIR, with each entry's attributes and handle. `dircount` bounds names, numbers and cookies,
 * `maxcount` the whole. A caller that may read the directory but not look names up in it gets the names only.
 */
export function readdirplus(nfs: Nfs3Context): Procedure<READDIRPLUS3args, READDIRPLUS3res> {
  const status = statusTable('NFSPROC3_READDIRPLUS')
  const attributes = new PostOp()
  /** As many as the longest reply so far had; `entries` is the part of them that is the reply at hand. */
  const made: PlusEntry[] = []
  const entries: entryplus3[] = []
  const refuse = (failure: Failure, dir_attributes: post_op_attr): READDIRPLUS3res => ({
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
      const eof = service.readdir(nfs.op, inode, cookie, target.export.rootIno, wanted, (next, ino, name) => {
        const bytes = ENTRY_BYTES + padded(name.length)
        dirRoom -= bytes
        room -= bytes + PLUS_BYTES
        // `dircount` is a hint: an entry that fits `maxcount` is always given, or the client could not go on.
        if (room < 0 || (dirRoom < 0 && entries.length > 0)) return false
        const at = entries.length
        if (at === made.length) made.push(new PlusEntry())
        entries.push(made[at].fill(nfs, target, next, ino, name))
        return true
      })
      const dir_attributes = attributes.of(inode, fsid)
      if (typeof eof === 'string') return refuse(eof, dir_attributes)
      if (room < 0 && entries.length === 0) return refuse('TOOSMALL', dir_attributes)
      const resok = { dir_attributes, cookieverf: NO_VERIFIER, reply: { entries, eof } }
      return { status: nfsstat3.NFS3_OK, resok }
    },
    fail: (failure) => refuse(failure, NO_ATTRIBUTES),
    replyBytes: ({ maxcount }) => Math.min(maxcount, DIRECTORY_MAX_BYTES),
  })
}

/** One entry of a reply, filled again for later ones. */
class PlusEntry implements entryplus3 {
  fileid = 0
  name: Uint8Array = NO_NAME
  cookie = 0
  name_attributes: post_op_attr = NO_ATTRIBUTES
  name_handle: post_op_fh3 = NO_HANDLE
  readonly #attributes = new PostOp()
  readonly #handle: nfs_fh3 = { data: NO_NAME }
  readonly #givenHandle: post_op_fh3 = { handle_follows: true, handle: this.#handle }

  fill(nfs: Nfs3Context, dir: Target, cookie: number, fileid: number, name: Uint8Array): this {
    this.fileid = fileid
    this.name = name
    this.cookie = cookie
    const inode = dir.service.entry(nfs.op, dir.inode, fileid)
    if (typeof inode === 'string') {
      this.name_attributes = NO_ATTRIBUTES
      this.name_handle = NO_HANDLE
      return this
    }
    this.name_attributes = this.#attributes.of(inode, dir.fsid)
    this.#handle.data = nfs.handleOf(dir, inode)
    this.name_handle = this.#givenHandle
    return this
  }
}
