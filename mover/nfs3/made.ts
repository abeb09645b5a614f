import {
  type diropargs3,
  nfsstat3,
  type post_op_attr,
  type post_op_fh3,
  type wcc_data,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Inode } from '../volume/inode.ts'
import { NO_WCC, PostOp, Wcc } from './attributes.ts'
import type { Nfs3Context, Target } from './context.ts'
import { HANDLE_BYTES, HANDLE_PADDED_BYTES } from './handle.ts'
import { checkNewName } from './names.ts'
import { replayedMade } from './replayed.ts'
import type { Nfs3Server } from './serve.ts'
import { type Nfs3Error, type Nfs3Procedure, statusTable } from './status.ts'

/** CREATE3res, MKDIR3res, SYMLINK3res and MKNOD3res: RFC 1813 §3.3.8 to §3.3.11. */
export type MadeResult =
  | {
      status: typeof nfsstat3.NFS3_OK
      resok: { obj: post_op_fh3; obj_attributes: post_op_attr; dir_wcc: wcc_data }
    }
  | { status: Nfs3Error; resfail: { dir_wcc: wcc_data } }

/**
 * What the procedures that make an object have in common: the answer has its handle, its attributes, and the
 * directory's before and after. `make` makes it.
 */
export function making<Args extends { where: diropargs3 }>(
  nfs: Nfs3Context,
  procedure: Nfs3Procedure,
  make: (dir: Target, args: Args) => Inode | Failure,
): Nfs3Server<Args, MadeResult> {
  const status = statusTable(procedure)
  const attributes = new PostOp()
  const wcc = new Wcc()
  const handle = new DataView(new ArrayBuffer(HANDLE_PADDED_BYTES))
  const obj: post_op_fh3 = { handle_follows: true, handle: { data: new Uint8Array(handle.buffer, 0, HANDLE_BYTES) } }
  const refuse = (failure: Failure, dir_wcc: wcc_data): MadeResult => ({
    status: status[failure],
    resfail: { dir_wcc },
  })

  return {
    handle: (args, call) => {
      const dir = nfs.open(args.where.dir.data, call, 'change')
      if (typeof dir === 'string') return refuse(dir, NO_WCC)
      wcc.before(dir.inode)
      const made = checkNewName(args.where.name) ?? make(dir, args)
      const dir_wcc = wcc.after(dir.inode, dir.fsid)
      if (typeof made === 'string') return refuse(made, dir_wcc)
      nfs.handles.put(handle, 0, dir.export, made.ino, made.generation)
      return { status: nfsstat3.NFS3_OK, resok: { obj, obj_attributes: attributes.of(made, dir.fsid), dir_wcc } }
    },
    fail: (failure) => refuse(failure, NO_WCC),
    replayed: (objectIno, args, call) => replayedMade(nfs, args.where, objectIno, call),
  }
}
