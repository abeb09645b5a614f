import {
  NFS_V3_codecs,
  nfsstat3,
  type SETATTR3args,
  type SETATTR3res,
  type wcc_data,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_WCC, Wcc } from './attributes.ts'
import type { Nfs3Context } from './context.ts'
import { setAttributes, timestamp } from './sattr.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

/** RFC 1813 §3.3.2: sets attributes, if the object's ctime is still what the client believes. */
export function setattr(nfs: Nfs3Context): Procedure<SETATTR3args, SETATTR3res> {
  const status = statusTable('NFSPROC3_SETATTR')
  const wcc = new Wcc()
  const done = (obj_wcc: wcc_data): SETATTR3res => ({ status: nfsstat3.NFS3_OK, resok: { obj_wcc } })
  const refuse = (failure: Failure, obj_wcc: wcc_data): SETATTR3res => ({
    status: status[failure],
    resfail: { obj_wcc },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_SETATTR, {
    handle: ({ object, new_attributes, guard }, call) => {
      const target = nfs.open(object.data, call, 'change')
      if (typeof target === 'string') return refuse(target, NO_WCC)
      const { service, inode, fsid } = target
      wcc.before(inode)
      const set = setAttributes(new_attributes)
      const ctime = guard.check ? timestamp(guard.obj_ctime) : null
      const failure = typeof set === 'string' ? set : service.setattr(nfs.op, inode, set, ctime)
      const obj_wcc = wcc.after(inode, fsid)
      return failure === null ? done(obj_wcc) : refuse(failure, obj_wcc)
    },
    fail: (failure) => refuse(failure, NO_WCC),
    replayed: () => done(NO_WCC),
  })
}
