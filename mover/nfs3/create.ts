import { type CREATE3args, type createhow3, createmode3, NFS_V3_codecs } from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { CreateHow } from '../files/service.ts'
import type { Procedure } from '../rpc/program.ts'
import type { Nfs3Context } from './context.ts'
import { type MadeResult, making } from './made.ts'
import { setAttributes } from './sattr.ts'
import { serve } from './serve.ts'

/** RFC 1813 §3.3.8: makes a regular file, or opens one that is there; EXCLUSIVE and GUARDED want to make it. */
export function create(nfs: Nfs3Context): Procedure<CREATE3args, MadeResult> {
  return serve(
    nfs,
    NFS_V3_codecs.NFSPROC3_CREATE,
    making(nfs, 'NFSPROC3_CREATE', ({ service, inode }, { where, how }: CREATE3args) => {
      const neutral = createHow(how)
      return typeof neutral === 'string' ? neutral : service.create(nfs.op, inode, where.name, neutral)
    }),
  )
}

function createHow(how: createhow3): CreateHow | Failure {
  if (how.mode === createmode3.EXCLUSIVE) return { kind: 'exclusive', verifier: how.verf }
  const attributes = setAttributes(how.obj_attributes)
  if (typeof attributes === 'string') return attributes
  return { kind: how.mode === createmode3.GUARDED ? 'guarded' : 'unchecked', attributes }
}
