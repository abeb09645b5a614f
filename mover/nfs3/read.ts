import {
  NFS_V3_codecs,
  nfsstat3,
  type post_op_attr,
  type READ3args,
  type READ3resfail,
  readREAD3argsInto,
  writepost_op_attr,
  writeREAD3res,
} from '../../protocol/nfs3/nfs3.gen.ts'
import type { XdrWriter } from '../../protocol/xdr/writer.ts'
import type { Failure } from '../failure.ts'
import type { ReadResult } from '../files/service.ts'
import type { Procedure } from '../rpc/program.ts'
import { NO_ATTRIBUTES, PostOp } from './attributes.ts'
import { emptyHandle } from './blank.ts'
import type { Nfs3Context } from './context.ts'
import { TRANSFER_MAX_BYTES } from './limits.ts'
import { serve } from './serve.ts'
import { type Nfs3Error, statusTable } from './status.ts'

/** READ3res, but the data of a good one lies in cache pages. */
export type ReadReply =
  | { status: typeof nfsstat3.NFS3_OK; file_attributes: post_op_attr; data: ReadResult }
  | { status: Nfs3Error; resfail: READ3resfail }

/** RFC 1813 §3.3.6: data of a regular file. It is sent from the pages where it lies; `call.release` unpins them. */
export function read(nfs: Nfs3Context): Procedure<READ3args, ReadReply> {
  const status = statusTable('NFSPROC3_READ')
  const args: READ3args = { file: emptyHandle(), offset: 0, count: 0 }
  const attributes = new PostOp()
  const data: ReadResult = { segments: [], segmentCount: 0, count: 0, eof: false, release: () => {} }
  const result: ReadReply = { status: nfsstat3.NFS3_OK, file_attributes: NO_ATTRIBUTES, data }
  const refuse = (failure: Failure, file_attributes: post_op_attr): ReadReply => ({
    status: status[failure],
    resfail: { file_attributes },
  })

  return serve(nfs, NFS_V3_codecs.NFSPROC3_READ, {
    read: (reader) => {
      readREAD3argsInto(reader, args)
      return args
    },
    handle: ({ file, offset, count }, call) => {
      const wanted = Math.min(count, TRANSFER_MAX_BYTES)
      nfs.op.rangeStart = offset
      nfs.op.rangeEnd = offset + wanted
      const target = nfs.open(file.data, call, 'read')
      if (typeof target === 'string') return refuse(target, NO_ATTRIBUTES)
      const { service, inode, fsid } = target
      const failure = inode.type === 'file' ? service.read(nfs.op, inode, offset, wanted, data) : 'INVAL'
      const file_attributes = attributes.of(inode, fsid)
      if (failure !== null) return refuse(failure, file_attributes)
      call.release = data.release
      result.file_attributes = file_attributes
      return result
    },
    fail: (failure) => refuse(failure, NO_ATTRIBUTES),
    replyBytes: ({ count }) => Math.min(count, TRANSFER_MAX_BYTES),
    write: writeReadReply,
  })
}

/** The bytes of a READ3res; data is spliced in. */
export function writeReadReply(writer: XdrWriter, reply: ReadReply): void {
  if (reply.status !== nfsstat3.NFS3_OK) {
    writeREAD3res(writer, reply)
    return
  }
  const { count, eof, segments, segmentCount } = reply.data
  writer.u32(reply.status)
  writepost_op_attr(writer, reply.file_attributes)
  writer.u32(count)
  writer.bool(eof)
  writer.u32(count)
  writer.splice(segments, segmentCount, count)
}
