import {
  type COMMIT3args,
  type COMMIT3res,
  type COMMIT3resok,
  NFS_V3_codecs,
  nfsstat3,
  readCOMMIT3argsInto,
  type wcc_data,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_WCC, Wcc } from './attributes.ts'
import { emptyHandle, NO_BYTES } from './blank.ts'
import type { Nfs3Context } from './context.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

/** RFC 1813 §3.3.21: what was written UNSTABLE becomes durable; a count of 0 means up to the end of the file. */
export function commit(nfs: Nfs3Context): Procedure<COMMIT3args, COMMIT3res> {
  const status = statusTable('NFSPROC3_COMMIT')
  const args: COMMIT3args = { file: emptyHandle(), offset: 0, count: 0 }
  const wcc = new Wcc()
  const resok: COMMIT3resok = { file_wcc: NO_WCC, verf: NO_BYTES }
  const result: COMMIT3res = { status: nfsstat3.NFS3_OK, resok }
  const refuse = (failure: Failure, file_wcc: wcc_data): COMMIT3res => ({
    status: status[failure],
    resfail: { file_wcc },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_COMMIT, {
    read: (reader) => {
      readCOMMIT3argsInto(reader, args)
      return args
    },
    handle: ({ file, offset, count }, call) => {
      const target = nfs.open(file.data, call, 'attributes')
      if (typeof target === 'string') return refuse(target, NO_WCC)
      const { service, inode, fsid } = target
      wcc.before(inode)
      const failure = service.commit(nfs.op, inode, offset, count)
      const file_wcc = wcc.after(inode, fsid)
      if (failure !== null) return refuse(failure, file_wcc)
      resok.file_wcc = file_wcc
      resok.verf = service.writeVerifier
      return result
    },
    fail: (failure) => refuse(failure, NO_WCC),
  })
}
