import {
  FSF3_CANSETTIME,
  FSF3_HOMOGENEOUS,
  FSF3_LINK,
  FSF3_SYMLINK,
  type FSINFO3args,
  type FSINFO3res,
  NFS_V3_codecs,
  nfsstat3,
  type post_op_attr,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_ATTRIBUTES, PostOp } from './attributes.ts'
import type { Nfs3Context } from './context.ts'
import { DIRECTORY_PREFERRED_BYTES, FILE_MAX_BYTES, TRANSFER_MAX_BYTES, TRANSFER_MULTIPLE_BYTES } from './limits.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

const CAPABILITIES = {
  rtmax: TRANSFER_MAX_BYTES,
  rtpref: TRANSFER_MAX_BYTES,
  rtmult: TRANSFER_MULTIPLE_BYTES,
  wtmax: TRANSFER_MAX_BYTES,
  wtpref: TRANSFER_MAX_BYTES,
  wtmult: TRANSFER_MULTIPLE_BYTES,
  dtpref: DIRECTORY_PREFERRED_BYTES,
  maxfilesize: FILE_MAX_BYTES,
  time_delta: { seconds: 0, nseconds: 1 },
  properties: FSF3_LINK | FSF3_SYMLINK | FSF3_HOMOGENEOUS | FSF3_CANSETTIME,
}

/** RFC 1813 §3.3.19: what the server can do. */
export function fsinfo(nfs: Nfs3Context): Procedure<FSINFO3args, FSINFO3res> {
  const status = statusTable('NFSPROC3_FSINFO')
  const attributes = new PostOp()
  const refuse = (failure: Failure, obj_attributes: post_op_attr): FSINFO3res => ({
    status: status[failure],
    resfail: { obj_attributes },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_FSINFO, {
    handle: ({ fsroot }, call) => {
      const target = nfs.open(fsroot.data, call, 'attributes')
      if (typeof target === 'string') return refuse(target, NO_ATTRIBUTES)
      const obj_attributes = attributes.of(target.inode, target.fsid)
      return { status: nfsstat3.NFS3_OK, resok: { obj_attributes, ...CAPABILITIES } }
    },
    fail: (failure) => refuse(failure, NO_ATTRIBUTES),
  })
}
