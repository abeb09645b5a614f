import { type netbuf, RPCBVERS_codecs, type uaddr } from '../../protocol/rpcbind/rpcbind.gen.ts'
import { toSockaddr } from '../net/universal-address.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'

const NONE = new Uint8Array(0)

/** RPCBPROC_UADDR2TADDR (RFC 1833 §2.2.1): the sockaddr of a universal address; an empty one when it is none. */
export const uaddr2taddr: Procedure<uaddr, netbuf> = procedure(RPCBVERS_codecs.RPCBPROC_UADDR2TADDR, {
  handle: (address) => {
    const buf = toSockaddr(Buffer.from(address).toString('latin1')) ?? NONE
    return { maxlen: buf.length, buf }
  },
  fail: null,
  idempotent: true,
})
