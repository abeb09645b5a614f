import { HANDLE_PADDED_BYTES } from './handle.ts'

/** post_op_attr with attributes: a boolean and 84 bytes of fattr3. */
const POST_OP_ATTR_BYTES = 4 + 84

/** READDIR3resok and READDIRPLUS3resok without entries: attributes, verifier, the list's end, eof. */
export const RESOK_BYTES = POST_OP_ATTR_BYTES + 8 + 4 + 4

/** entry3 without its name's bytes: that it follows, fileid, the name's length, cookie. */
export const ENTRY_BYTES = 4 + 8 + 4 + 8

/** What entryplus3 has more: attributes and a handle. */
export const PLUS_BYTES = POST_OP_ATTR_BYTES + 4 + 4 + HANDLE_PADDED_BYTES

/** cookieverf3 of servers whose cookies are always valid (RFC 1813 §3.3.16). */
export const NO_VERIFIER = new Uint8Array(8)
