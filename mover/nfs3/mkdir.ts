import { type MKDIR3args, NFS_V3_codecs } from '../../protocol/nfs3/nfs3.gen.ts'
import type { Procedure } from '../rpc/program.ts'
import type { Nfs3Context } from './context.ts'
import { type MadeResult, making } from './made.ts'
import { setAttributes } from './sattr.ts'
import { serve } from './serve.ts'

/** RFC 1813 §3.3.9: makes a directory. */
export function mkdir(nfs: Nfs3Context): Procedure<MKDIR3args, MadeResult> {
  return serve(
    nfs,
    NFS_V3_codecs.NFSPROC3_MKDIR,
    making(nfs, 'NFSPROC3_MKDIR', ({ service, inode }, { where, attributes }: MKDIR3args) => {
      const set = setAttributes(attributes)
      return typeof set === 'string' ? set : service.mkdir(nfs.op, inode, where.name, set)
    }),
  )
}
