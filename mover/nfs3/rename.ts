import {
  NFS_V3_codecs,
  nfsstat3,
  type RENAME3args,
  type RENAME3res,
  type wcc_data,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_WCC, Wcc } from './attributes.ts'
import type { Nfs3Context } from './context.ts'
import { checkName, isDot, isDotDot } from './names.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

/** RFC 1813 §3.3.14: gives an object another name. Between exports: XDEV, even on one volume. */
export function rename(nfs: Nfs3Context): Procedure<RENAME3args, RENAME3res> {
  const status = statusTable('NFSPROC3_RENAME')
  const fromWcc = new Wcc()
  const toWcc = new Wcc()
  const done = (fromdir_wcc: wcc_data, todir_wcc: wcc_data): RENAME3res => ({
    status: nfsstat3.NFS3_OK,
    resok: { fromdir_wcc, todir_wcc },
  })
  const refuse = (failure: Failure, fromdir_wcc: wcc_data, todir_wcc: wcc_data): RENAME3res => ({
    status: status[failure],
    resfail: { fromdir_wcc, todir_wcc },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_RENAME, {
    handle: ({ from, to }, call) => {
      const fromDir = nfs.open(from.dir.data, call, 'change')
      if (typeof fromDir === 'string') return refuse(fromDir, NO_WCC, NO_WCC)
      fromWcc.before(fromDir.inode)
      const toDir = nfs.openSecond(to.dir.data, fromDir)
      if (typeof toDir === 'string') return refuse(toDir, fromWcc.after(fromDir.inode, fromDir.fsid), NO_WCC)
      toWcc.before(toDir.inode)
      const failure =
        renamable(from.name) ??
        renamable(to.name) ??
        fromDir.service.rename(nfs.op, fromDir.inode, from.name, toDir.inode, to.name)
      const fromdir_wcc = fromWcc.after(fromDir.inode, fromDir.fsid)
      const todir_wcc = toWcc.after(toDir.inode, toDir.fsid)
      return failure === null ? done(fromdir_wcc, todir_wcc) : refuse(failure, fromdir_wcc, todir_wcc)
    },
    fail: (failure) => refuse(failure, NO_WCC, NO_WCC),
    replayed: () => done(NO_WCC, NO_WCC),
  })
}

function renamable(name: Uint8Array): Failure | null {
  return isDot(name) || isDotDot(name) ? 'INVAL' : checkName(name)
}
