import {
  type GETATTR3args,
  type GETATTR3res,
  NFS_V3_codecs,
  nfsstat3,
  readGETATTR3argsInto,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { emptyFattr3, fillFattr3 } from './attributes.ts'
import { emptyHandle } from './blank.ts'
import type { Nfs3Context } from './context.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

/** RFC 1813 §3.3.1: the attributes of an object. */
export function getattr(nfs: Nfs3Context): Procedure<GETATTR3args, GETATTR3res> {
  const status = statusTable('NFSPROC3_GETATTR')
  const args: GETATTR3args = { object: emptyHandle() }
  const attributes = emptyFattr3()
  const result: GETATTR3res = { status: nfsstat3.NFS3_OK, resok: { obj_attributes: attributes } }
  const fail = (failure: Failure): GETATTR3res => ({ status: status[failure] })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_GETATTR, {
    read: (reader) => {
      readGETATTR3argsInto(reader, args)
      return args
    },
    handle: ({ object }, call) => {
      const target = nfs.open(object.data, call, 'attributes')
      if (typeof target === 'string') return fail(target)
      target.service.getattr(nfs.op, target.inode)
      fillFattr3(attributes, target.inode, target.fsid)
      return result
    },
    fail,
  })
}
