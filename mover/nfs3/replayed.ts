import { type diropargs3, nfsstat3, type post_op_fh3 } from '../../protocol/nfs3/nfs3.gen.ts'
import type { Call } from '../rpc/program.ts'
import { NO_ATTRIBUTES, NO_WCC } from './attributes.ts'
import type { Nfs3Context } from './context.ts'
import type { MadeResult } from './made.ts'

const NO_HANDLE: post_op_fh3 = { handle_follows: false }

/**
 * The answer to a call that made an object before this mover was started, sent again: it was done. The attributes that
 * were answered then are not known any more, so that none are given. The handle is given if the name still leads to
 * that object; without it the client looks the name up (RFC 1813 §2.6 post_op_fh3).
 */
export function replayedMade(nfs: Nfs3Context, where: diropargs3, objectIno: number, call: Call): MadeResult {
  const resok = { obj: handleOf(nfs, where, objectIno, call), obj_attributes: NO_ATTRIBUTES, dir_wcc: NO_WCC }
  return { status: nfsstat3.NFS3_OK, resok }
}

function handleOf(nfs: Nfs3Context, where: diropargs3, objectIno: number, call: Call): post_op_fh3 {
  const dir = nfs.open(where.dir.data, call, 'names')
  if (typeof dir === 'string') return NO_HANDLE
  const found = dir.service.lookup(nfs.op, dir.inode, where.name, dir.export.rootIno)
  if (typeof found === 'string' || found.ino !== objectIno) return NO_HANDLE
  return { handle_follows: true, handle: { data: nfs.handleOf(dir, found) } }
}
