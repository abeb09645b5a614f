import { type dirpath, type fhstatus, MOUNT_V1_codecs } from '../../protocol/mount/mount.gen.ts'
import { procedure } from '../rpc/procedure.ts'
import type { Procedure } from '../rpc/program.ts'

/** EACCES of UNIX. */
const EACCES = 13

/**
 * MNT of version 1 (RFC 1094 §A.5): refused to everybody. Its handle has 32 bytes, ours have more, and it is one of NFS
 * version 2, which is not served.
 */
export const mnt1: Procedure<dirpath, fhstatus> = procedure(MOUNT_V1_codecs.MOUNTPROC_MNT, {
  handle: () => ({ status: EACCES }),
  fail: null,
  idempotent: true,
  isError: () => true,
})
