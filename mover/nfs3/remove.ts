import {
  NFS_V3_codecs,
  nfsstat3,
  type REMOVE3args,
  type REMOVE3res,
  type wcc_data,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_WCC, Wcc } from './attributes.ts'
import type { Nfs3Context } from './context.ts'
import { checkName, isDot, isDotDot } from './names.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

/** RFC 1813 §3.3.12: removes a name that is no directory's. */
export function remove(nfs: Nfs3Context): Procedure<REMOVE3args, REMOVE3res> {
  const status = statusTable('NFSPROC3_REMOVE')
  const wcc = new Wcc()
  const done = (dir_wcc: wcc_data): REMOVE3res => ({ status: nfsstat3.NFS3_OK, resok: { dir_wcc } })
  const refuse = (failure: Failure, dir_wcc: wcc_data): REMOVE3res => ({
    status: status[failure],
    resfail: { dir_wcc },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_REMOVE, {
    handle: ({ object }, call) => {
      const dir = nfs.open(object.dir.data, call, 'change')
      if (typeof dir === 'string') return refuse(dir, NO_WCC)
      wcc.before(dir.inode)
      const failure = removable(object.name) ?? dir.service.remove(nfs.op, dir.inode, object.name)
      const dir_wcc = wcc.after(dir.inode, dir.fsid)
      return failure === null ? done(dir_wcc) : refuse(failure, dir_wcc)
    },
    fail: (failure) => refuse(failure, NO_WCC),
    replayed: () => done(NO_WCC),
  })
}

function removable(name: Uint8Array): Failure | null {
  return isDot(name) || isDotDot(name) ? 'ISDIR' : checkName(name)
}
