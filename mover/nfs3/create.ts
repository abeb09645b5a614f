import { type CREATE3args, type createhow3, createmode3, NFS_V3_codecs } from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { CreateHow } from '../files/service.ts'
import type { ReplayTag } from '../operation.ts'
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
      const neutral = createHow(how, nfs.op.replay)
      return typeof neutral === 'string' ? neutral : service.create(nfs.op, inode, where.name, neutral)
    }),
  )
}

function createHow(how: createhow3, client: ReplayTag | null): CreateHow | Failure {
  if (how.mode === createmode3.EXCLUSIVE) return { kind: 'exclusive', verifier: verifierOf(how.verf, client) }
  const attributes = setAttributes(how.obj_attributes)
  if (typeof attributes === 'string') return attributes
  return { kind: how.mode === createmode3.GUARDED ? 'guarded' : 'unchecked', attributes }
}

/**
 * The verifier with the client in it. Clients make theirs of a clock's ticks and a process number, which two that were
 * started together have alike: each would take the other's file for what it has just made itself.
 */
function verifierOf(verf: Uint8Array, client: ReplayTag | null): Uint8Array {
  if (client === null) return verf
  const verifier = verf.slice()
  const view = new DataView(verifier.buffer)
  view.setUint32(0, view.getUint32(0) ^ client.clientHigh)
  view.setUint32(4, view.getUint32(4) ^ client.clientLow)
  return verifier
}
