import type { nfs_fh3 } from '../../protocol/nfs3/nfs3.gen.ts'

/** No bytes: where a view will be. */
export const NO_BYTES = new Uint8Array(0)

/** A handle to be decoded into. */
export function emptyHandle(): nfs_fh3 {
  return { data: NO_BYTES }
}
