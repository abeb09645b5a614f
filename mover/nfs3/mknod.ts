import { ftype3, type MKNOD3args, type mknoddata3, NFS_V3_codecs, type sattr3 } from '../../protocol/nfs3/nfs3.gen.ts'
import type { Procedure } from '../rpc/program.ts'
import type { FileType } from '../volume/inode.ts'
import type { Nfs3Context } from './context.ts'
import { type MadeResult, making } from './made.ts'
import { setAttributes } from './sattr.ts'
import { serve } from './serve.ts'

const NO_DEVICE = { specdata1: 0, specdata2: 0 }

const TYPES: Readonly<Partial<Record<ftype3, FileType>>> = {
  [ftype3.NF3CHR]: 'character',
  [ftype3.NF3BLK]: 'block',
  [ftype3.NF3SOCK]: 'socket',
  [ftype3.NF3FIFO]: 'fifo',
}

/** RFC 1813 §3.3.11: makes a device file, a socket or a FIFO; BADTYPE for what other procedures make. */
export function mknod(nfs: Nfs3Context): Procedure<MKNOD3args, MadeResult> {
  return serve(
    nfs,
    NFS_V3_codecs.NFSPROC3_MKNOD,
    making(nfs, 'NFSPROC3_MKNOD', ({ service, inode }, { where, what }: MKNOD3args) => {
      const type = TYPES[what.type]
      const attributes = attributesOf(what)
      if (type === undefined || attributes === null) return 'BADTYPE'
      const set = setAttributes(attributes)
      if (typeof set === 'string') return set
      const { specdata1, specdata2 } = 'device' in what ? what.device.spec : NO_DEVICE
      return service.mknod(nfs.op, inode, where.name, type, set, specdata1, specdata2)
    }),
  )
}

function attributesOf(what: mknoddata3): sattr3 | null {
  if ('device' in what) return what.device.dev_attributes
  return 'pipe_attributes' in what ? what.pipe_attributes : null
}
