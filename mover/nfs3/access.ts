import {
  ACCESS3_DELETE,
  ACCESS3_EXECUTE,
  ACCESS3_EXTEND,
  ACCESS3_LOOKUP,
  ACCESS3_MODIFY,
  ACCESS3_READ,
  type ACCESS3args,
  type ACCESS3res,
  type ACCESS3resok,
  NFS_V3_codecs,
  nfsstat3,
  type post_op_attr,
  readACCESS3argsInto,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_ATTRIBUTES, PostOp } from './attributes.ts'
import { emptyHandle } from './blank.ts'
import type { Nfs3Context } from './context.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

const CHANGES = ACCESS3_MODIFY | ACCESS3_EXTEND | ACCESS3_DELETE
const ALL = ACCESS3_READ | ACCESS3_LOOKUP | ACCESS3_EXECUTE | CHANGES

/** RFC 1813 §3.3.4: which of the wanted rights the caller has; changes are nobody's on a read-only export. */
export function access(nfs: Nfs3Context): Procedure<ACCESS3args, ACCESS3res> {
  const status = statusTable('NFSPROC3_ACCESS')
  const args: ACCESS3args = { object: emptyHandle(), access: 0 }
  const attributes = new PostOp()
  const resok: ACCESS3resok = { obj_attributes: NO_ATTRIBUTES, access: 0 }
  const result: ACCESS3res = { status: nfsstat3.NFS3_OK, resok }
  const refuse = (failure: Failure, obj_attributes: post_op_attr): ACCESS3res => ({
    status: status[failure],
    resfail: { obj_attributes },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_ACCESS, {
    read: (reader) => {
      readACCESS3argsInto(reader, args)
      return args
    },
    handle: ({ object, access: wanted }, call) => {
      const target = nfs.open(object.data, call, 'attributes')
      if (typeof target === 'string') return refuse(target, NO_ATTRIBUTES)
      const grantable = wanted & (nfs.op.readOnly ? ALL & ~CHANGES : ALL)
      resok.access = target.service.access(nfs.op, target.inode, grantable)
      resok.obj_attributes = attributes.of(target.inode, target.fsid)
      return result
    },
    fail: (failure) => refuse(failure, NO_ATTRIBUTES),
  })
}
