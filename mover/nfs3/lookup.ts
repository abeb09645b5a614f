import {
  type LOOKUP3args,
  type LOOKUP3res,
  type LOOKUP3resok,
  NFS_V3_codecs,
  nfsstat3,
  type post_op_attr,
  readLOOKUP3argsInto,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_ATTRIBUTES, PostOp } from './attributes.ts'
import { emptyHandle, NO_BYTES } from './blank.ts'
import type { Nfs3Context } from './context.ts'
import { HANDLE_BYTES, HANDLE_PADDED_BYTES } from './handle.ts'
import { checkName } from './names.ts'
import { serve } from './serve.ts'
import { statusTable } from './status.ts'

/** RFC 1813 §3.3.3: the object of a name in a directory. `..` of an export's root is that root. */
export function lookup(nfs: Nfs3Context): Procedure<LOOKUP3args, LOOKUP3res> {
  const status = statusTable('NFSPROC3_LOOKUP')
  const args: LOOKUP3args = { what: { dir: emptyHandle(), name: NO_BYTES } }
  const attributes = new PostOp()
  const dirAttributes = new PostOp()
  const handle = new DataView(new ArrayBuffer(HANDLE_PADDED_BYTES))
  const object = { data: new Uint8Array(handle.buffer, 0, HANDLE_BYTES) }
  const resok: LOOKUP3resok = { object, obj_attributes: NO_ATTRIBUTES, dir_attributes: NO_ATTRIBUTES }
  const result: LOOKUP3res = { status: nfsstat3.NFS3_OK, resok }
  const refuse = (failure: Failure, dir_attributes: post_op_attr): LOOKUP3res => ({
    status: status[failure],
    resfail: { dir_attributes },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_LOOKUP, {
    read: (reader) => {
      readLOOKUP3argsInto(reader, args)
      return args
    },
    handle: ({ what }, call) => {
      const dir = nfs.open(what.dir.data, call, 'names')
      if (typeof dir === 'string') return refuse(dir, NO_ATTRIBUTES)
      const { service, inode, fsid } = dir
      const found = checkName(what.name) ?? service.lookup(nfs.op, inode, what.name, dir.export.rootIno)
      const dir_attributes = dirAttributes.of(inode, fsid)
      if (typeof found === 'string') return refuse(found, dir_attributes)
      nfs.handles.put(handle, 0, dir.export, found.ino, found.generation)
      resok.obj_attributes = attributes.of(found, fsid)
      resok.dir_attributes = dir_attributes
      return result
    },
    fail: (failure) => refuse(failure, NO_ATTRIBUTES),
  })
}
