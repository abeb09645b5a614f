import {
  type FSSTAT3args,
  type FSSTAT3res,
  NFS_V3_codecs,
  nfsstat3,
  type post_op_attr,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_ATTRIBUTES, PostOp } from './attributes.ts'
import type { Nfs3Context } from './context.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

/** RFC 1813 §3.3.18: space and file slots of a volume, all of them available to everybody. */
export function fsstat(nfs: Nfs3Context): Procedure<FSSTAT3args, FSSTAT3res> {
  const status = statusTable('NFSPROC3_FSSTAT')
  const attributes = new PostOp()
  const refuse = (failure: Failure, obj_attributes: post_op_attr): FSSTAT3res => ({
    status: status[failure],
    resfail: { obj_attributes },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_FSSTAT, {
    handle: ({ fsroot }, call) => {
      const target = nfs.open(fsroot.data, call, 'attributes')
      if (typeof target === 'string') return refuse(target, NO_ATTRIBUTES)
      const obj_attributes = attributes.of(target.inode, target.fsid)
      const { totalBytes, freeBytes, totalFiles, freeFiles } = target.service.statistics(nfs.op)
      const resok = {
        obj_attributes,
        tbytes: totalBytes,
        fbytes: freeBytes,
        abytes: freeBytes,
        tfiles: totalFiles,
        ffiles: freeFiles,
        afiles: freeFiles,
        invarsec: 0,
      }
      return { status: nfsstat3.NFS3_OK, resok }
    },
    fail: (failure) => refuse(failure, NO_ATTRIBUTES),
  })
}
