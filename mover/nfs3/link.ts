import {
  type LINK3args,
  type LINK3res,
  NFS_V3_codecs,
  nfsstat3,
  type post_op_attr,
  type wcc_data,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_ATTRIBUTES, NO_WCC, PostOp, Wcc } from './attributes.ts'
import type { Nfs3Context } from './context.ts'
import { checkNewName } from './names.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

/** RFC 1813 §3.3.15: gives an object one more name. Between exports: XDEV, even on one volume. */
export function link(nfs: Nfs3Context): Procedure<LINK3args, LINK3res> {
  const status = statusTable('NFSPROC3_LINK')
  const attributes = new PostOp()
  const wcc = new Wcc()
  const done = (file_attributes: post_op_attr, linkdir_wcc: wcc_data): LINK3res => ({
    status: nfsstat3.NFS3_OK,
    resok: { file_attributes, linkdir_wcc },
  })
  const refuse = (failure: Failure, file_attributes: post_op_attr, linkdir_wcc: wcc_data): LINK3res => ({
    status: status[failure],
    resfail: { file_attributes, linkdir_wcc },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_LINK, {
    handle: ({ file, link }, call) => {
      const target = nfs.open(file.data, call, 'change')
      if (typeof target === 'string') return refuse(target, NO_ATTRIBUTES, NO_WCC)
      const { service, inode, fsid } = target
      const dir = nfs.openSecond(link.dir.data, target)
      if (typeof dir === 'string') return refuse(dir, attributes.of(inode, fsid), NO_WCC)
      wcc.before(dir.inode)
      const failure = checkNewName(link.name) ?? service.link(nfs.op, inode, dir.inode, link.name)
      const file_attributes = attributes.of(inode, fsid)
      const linkdir_wcc = wcc.after(dir.inode, fsid)
      return failure === null ? done(file_attributes, linkdir_wcc) : refuse(failure, file_attributes, linkdir_wcc)
    },
    fail: (failure) => refuse(failure, NO_ATTRIBUTES, NO_WCC),
    replayed: () => done(NO_ATTRIBUTES, NO_WCC),
  })
}
