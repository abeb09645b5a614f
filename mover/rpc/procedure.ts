import type { ProcedureCodec } from '../../protocol/xdr/procedure.ts'
import type { Procedure } from './program.ts'

/** What a server adds to a procedure's codec. */
export type ProcedureServer<Args, Res> = Omit<Procedure<Args, Res>, 'name' | 'read' | 'write'>

/** A procedure from its generated codec and its server side. */
export function procedure<Args, Res>(
  codec: ProcedureCodec<string, Args, Res>,
  server: ProcedureServer<Args, Res>,
): Procedure<Args, Res> {
  return { name: codec.name, read: codec.readArgs, write: codec.writeResult, ...server }
}
