import {
  NFS_V3_codecs,
  nfsstat3,
  type PATHCONF3args,
  type PATHCONF3res,
  type post_op_attr,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_ATTRIBUTES, PostOp } from './attributes.ts'
import type { Nfs3Context } from './context.ts'
import { LINK_MAX } from './limits.ts'
import { NAME_MAX_BYTES } from './names.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

const CAPABILITIES = {
  linkmax: LINK_MAX,
  name_max: NAME_MAX_BYTES,
  no_trunc: true,
  chown_restricted: true,
  case_insensitive: false,
  case_preserving: true,
}

/** RFC 1813 §3.3.20: what names and links can be. */
export function pathconf(nfs: Nfs3Context): Procedure<PATHCONF3args, PATHCONF3res> {
  const status = statusTable('NFSPROC3_PATHCONF')
  const attributes = new PostOp()
  const refuse = (failure: Failure, obj_attributes: post_op_attr): PATHCONF3res => ({
    status: status[failure],
    resfail: { obj_attributes },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_PATHCONF, {
    handle: ({ object }, call) => {
      const target = nfs.open(object.data, call, 'attributes')
      if (typeof target === 'string') return refuse(target, NO_ATTRIBUTES)
      const obj_attributes = attributes.of(target.inode, target.fsid)
      return { status: nfsstat3.NFS3_OK, resok: { obj_attributes, ...CAPABILITIES } }
    },
    fail: (failure) => refuse(failure, NO_ATTRIBUTES),
  })
}
