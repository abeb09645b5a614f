import {
  type entry3,
  NFS_V3_codecs,
  nfsstat3,
  type post_op_attr,
  type READDIR3args,
  type READDIR3res,
} from '../../protocol/nfs3/nfs3.gen.ts'
import { padded } from '../../protocol/xdr/reader.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_ATTRIBUTES, PostOp } from './attributes.ts'
import type { Nfs3Context } from './context.ts'
import { ENTRY_BYTES, NO_VERIFIER, RESOK_BYTES } from './directory-sizes.ts'
import { DIRECTORY_MAX_BYTES } from './limits.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

/** RFC 1813 §3.3.16: names and numbers of a directory's entries. Cookies stay valid, so that the verifier means nothing. */
export function readdir(nfs: Nfs3Context): Procedure<READDIR3args, READDIR3res> {
  const status = statusTable('NFSPROC3_READDIR')
  const attributes = new PostOp()
  const refuse = (failure: Failure, dir_attributes: post_op_attr): READDIR3res => ({
    status: status[failure],
    resfail: { dir_attributes },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_READDIR, {
    handle: ({ dir, cookie, count }, call) => {
      const target = nfs.open(dir.data, call, 'names')
      if (typeof target === 'string') return refuse(target, NO_ATTRIBUTES)
      const { service, inode, fsid } = target
      const entries: entry3[] = []
      let room = Math.min(count, DIRECTORY_MAX_BYTES) - RESOK_BYTES
      const wanted = { bytes: Math.max(0, room), attributes: false }
      const eof = service.readdir(
        nfs.op,
        inode,
        cookie,
        target.export.rootIno,
        wanted,
        (next, fileid, bytes, start, end) => {
          room -= ENTRY_BYTES + padded(end - start)
          if (room < 0) return false
          entries.push({ fileid, name: bytes.subarray(start, end), cookie: next })
          return true
        },
      )
      const dir_attributes = attributes.of(inode, fsid)
      if (typeof eof === 'string') return refuse(eof, dir_attributes)
      if (room < 0 && entries.length === 0) return refuse('TOOSMALL', dir_attributes)
      const resok = { dir_attributes, cookieverf: NO_VERIFIER, reply: { entries, eof } }
      return { status: nfsstat3.NFS3_OK, resok }
    },
    fail: (failure) => refuse(failure, NO_ATTRIBUTES),
    replyBytes: ({ count }) => Math.min(count, DIRECTORY_MAX_BYTES),
  })
}
