import {
  NFS_V3_codecs,
  nfsstat3,
  type post_op_attr,
  type READLINK3args,
  type READLINK3res,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_ATTRIBUTES, PostOp } from './attributes.ts'
import type { Nfs3Context } from './context.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

/** RFC 1813 §3.3.5: the text of a symbolic link; INVAL for any other object. */
export function readlink(nfs: Nfs3Context): Procedure<READLINK3args, READLINK3res> {
  const status = statusTable('NFSPROC3_READLINK')
  const attributes = new PostOp()
  const refuse = (failure: Failure, symlink_attributes: post_op_attr): READLINK3res => ({
    status: status[failure],
    resfail: { symlink_attributes },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_READLINK, {
    handle: ({ symlink }, call) => {
      const target = nfs.open(symlink.data, call, 'names')
      if (typeof target === 'string') return refuse(target, NO_ATTRIBUTES)
      const { service, inode, fsid } = target
      const data = service.readlink(nfs.op, inode)
      const symlink_attributes = attributes.of(inode, fsid)
      if (typeof data === 'string') return refuse(data, symlink_attributes)
      return { status: nfsstat3.NFS3_OK, resok: { symlink_attributes, data } }
    },
    fail: (failure) => refuse(failure, NO_ATTRIBUTES),
  })
}
