import {
  NFS_V3_codecs,
  nfsstat3,
  readWRITE3argsInto,
  stable_how,
  type WRITE3args,
  type WRITE3res,
  type WRITE3resok,
  type wcc_data,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Stability, WriteResult } from '../files/service.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_WCC, Wcc } from './attributes.ts'
import { emptyHandle, NO_BYTES } from './blank.ts'
import type { Nfs3Context } from './context.ts'
import { TRANSFER_MAX_BYTES } from './limits.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

const STABILITY = {
  [stable_how.UNSTABLE]: 'unstable',
  [stable_how.DATA_SYNC]: 'dataSync',
  [stable_how.FILE_SYNC]: 'fileSync',
} as const satisfies Record<stable_how, Stability>

const STABLE_HOW = {
  unstable: stable_how.UNSTABLE,
  dataSync: stable_how.DATA_SYNC,
  fileSync: stable_how.FILE_SYNC,
} as const satisfies Record<Stability, stable_how>

/** RFC 1813 §3.3.7: writes to a regular file. May run again: the same bytes come to the same place. */
export function write(nfs: Nfs3Context): Procedure<WRITE3args, WRITE3res> {
  const status = statusTable('NFSPROC3_WRITE')
  const args: WRITE3args = { file: emptyHandle(), offset: 0, count: 0, stable: stable_how.UNSTABLE, data: NO_BYTES }
  const wcc = new Wcc()
  const written: WriteResult = { count: 0, committed: 'unstable' }
  const resok: WRITE3resok = { file_wcc: NO_WCC, count: 0, committed: stable_how.UNSTABLE, verf: NO_BYTES }
  const result: WRITE3res = { status: nfsstat3.NFS3_OK, resok }
  const refuse = (failure: Failure, file_wcc: wcc_data): WRITE3res => ({
    status: status[failure],
    resfail: { file_wcc },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_WRITE, {
    read: (reader) => {
      readWRITE3argsInto(reader, args)
      return args
    },
    handle: ({ file, offset, count, stable, data }, call) => {
      const bytes = exactly(data, Math.min(count, TRANSFER_MAX_BYTES))
      nfs.op.rangeStart = offset
      nfs.op.rangeEnd = offset + bytes.length
      const target = nfs.open(file.data, call, 'write')
      if (typeof target === 'string') return refuse(target, NO_WCC)
      const { service, inode, fsid } = target
      wcc.before(inode)
      const isWritable = inode.type === 'file' && count <= data.length
      const failure = isWritable ? service.write(nfs.op, inode, offset, bytes, STABILITY[stable], written) : 'INVAL'
      const file_wcc = wcc.after(inode, fsid)
      if (failure !== null) return refuse(failure, file_wcc)
      resok.file_wcc = file_wcc
      resok.count = written.count
      resok.committed = STABLE_HOW[written.committed]
      resok.verf = service.writeVerifier
      return result
    },
    fail: (failure) => refuse(failure, NO_WCC),
  })
}

function exactly(data: Uint8Array, count: number): Uint8Array {
  return data.length > count ? data.subarray(0, count) : data
}
