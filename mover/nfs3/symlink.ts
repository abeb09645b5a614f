import { NFS_V3_codecs, type SYMLINK3args } from '../../protocol/nfs3/nfs3.gen.ts'
import type { Procedure } from '../rpc/program.ts'
import type { Nfs3Context } from './context.ts'
import { type MadeResult, making } from './made.ts'
import { setAttributes } from './sattr.ts'
import { serve } from './serve.ts'

/** RFC 1813 §3.3.10: makes a symbolic link. Its text is anything: only clients follow it. */
export function symlink(nfs: Nfs3Context): Procedure<SYMLINK3args, MadeResult> {
  return serve(
    nfs,
    NFS_V3_codecs.NFSPROC3_SYMLINK,
    making(nfs, 'NFSPROC3_SYMLINK', (dir, { where, symlink }: SYMLINK3args) => {
      const set = setAttributes(symlink.symlink_attributes)
      if (typeof set === 'string') return set
      return dir.service.symlink(nfs.op, dir.inode, where.name, symlink.symlink_data, set)
    }),
  )
}
