import { type netbuf, RPCBVERS_codecs, type uaddr } from '../../protocol/rpcbind/rpcbind.gen.ts'
import { fromSockaddr } from '../net/universal-address.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'

/** RPCBPROC_TADDR2UADDR (RFC 1833 §2.2.1): the universal address of a sockaddr; an empty one when it is none. */
export const taddr2uaddr: Procedure<netbuf, uaddr> = procedure(RPCBVERS_codecs.RPCBPROC_TADDR2UADDR, {
  handle: ({ buf }) => Buffer.from(fromSockaddr(buf) ?? ''),
  fail: null,
  idempotent: true,
})
