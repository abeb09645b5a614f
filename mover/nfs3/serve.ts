import { nfsstat3 } from '../../protocol/nfs3/nfs3.gen.ts'
import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import type { XdrReader } from '../../protocol/xdr/reader.ts'
import type { XdrWriter } from '../../protocol/xdr/writer.ts'
import type { Failure } from '../failure.ts'
import type { CallTrace, Operation } from '../files/service.ts'
import { Replayed } from '../operation.ts'
import type { Call, Procedure } from '../rpc/program.ts'
import type { Nfs3Context } from './context.ts'

/** What a procedure's file says of it; `serve` adds what all of them have. */
export interface Nfs3Server<Args, Res> {
  handle(args: Args, call: Call): Res
  /** The result that tells of a failure, without attributes. */
  fail(failure: Failure): Res
  /** See `Procedure.replayed`. With it the procedure is not idempotent. */
  replayed?: (objectIno: number, args: Args, call: Call) => Res
  /** See `Procedure.replyBytes`. */
  replyBytes?: (args: Args) => number
  /** Instead of the codec's: decodes into one object that is used again and again. */
  read?: (reader: XdrReader) => Args
  /** Instead of the codec's: sends data from where it lies. */
  write?: (writer: XdrWriter, result: Res) => void
}

/** A procedure of NFS version 3 for the dispatcher. */
export function serve<Args, Res extends { status: nfsstat3 }>(
  nfs: Nfs3Context,
  codec: Pick<ProcedureCodec<string, Args, Res>, 'name' | 'readArgs'> & {
    writeResult(writer: XdrWriter, result: never): void
  },
  server: Nfs3Server<Args, Res>,
): Procedure<Args, Res> {
  const { op } = nfs
  const { replayed } = server
  const perform = (args: Args, call: Call): Res => {
    nfs.trace = null
    const result = server.handle(args, call)
    if (nfs.trace !== null) tell(nfs, nfs.trace, codec.name, call, result.status)
    return result
  }
  const procedure: Procedure<Args, Res> = {
    name: codec.name,
    read: server.read ?? codec.readArgs,
    write: server.write ?? (codec.writeResult as (writer: XdrWriter, result: Res) => void),
    handle: (args, call) => {
      begin(op, call)
      try {
        // A Suspend that is caught and thrown again costs as much as one more: only calls that may be replayed pay that.
        return replayed === undefined ? perform(args, call) : performOnce(perform, replayed, args, call)
      } finally {
        end(op, call)
      }
    },
    fail: (failure) => server.fail(failure),
    idempotent: replayed === undefined,
    isError: (result) => result.status !== nfsstat3.NFS3_OK,
  }
  if (server.replyBytes !== undefined) procedure.replyBytes = server.replyBytes
  if (replayed === undefined) return procedure
  return {
    ...procedure,
    replayed: (objectIno, args, call) => {
      begin(op, call)
      try {
        return replayed(objectIno, args, call)
      } finally {
        end(op, call)
      }
    },
  }
}

/** As `perform`, unless another mover knows that the call was carried out before. */
function performOnce<Args, Res>(
  perform: (args: Args, call: Call) => Res,
  replayed: (objectIno: number, args: Args, call: Call) => Res,
  args: Args,
  call: Call,
): Res {
  try {
    return perform(args, call)
  } catch (error) {
    if (!(error instanceof Replayed)) throw error
    return replayed(error.objectIno, args, call)
  }
}

/** A run of a call: its operation goes on where the last run was answered by other movers. */
function begin(op: Operation, call: Call): void {
  op.barrier = null
  op.forwarded = call.forwarded
  op.forwarded?.rewind()
}

const STATUS_NAMES = new Map(Object.entries(nfsstat3).map(([name, number]) => [number, plain(name)]))

/** Somebody traces files of the call's volume. */
function tell({ op, openedIno }: Nfs3Context, trace: CallTrace, name: string, call: Call, status: nfsstat3): void {
  const client = `${call.address}:${call.port}`
  trace.answered(plain(name), openedIno, op, client, STATUS_NAMES.get(status) ?? String(status))
}

/** READ for NFSPROC3_READ, OK for NFS3_OK, STALE for NFS3ERR_STALE. */
function plain(name: string): string {
  return name.replace(/^NFS[^_]*_/, '')
}

function end(op: Operation, call: Call): void {
  call.barrier = op.barrier
  call.forwarded = op.forwarded
}
