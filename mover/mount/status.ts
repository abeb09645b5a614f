import { mountstat3 } from '../../protocol/mount/mount.gen.ts'
import type { Failure } from '../failure.ts'

type MountError = Exclude<mountstat3, typeof mountstat3.MNT3_OK>

/** RFC 1813 §5.1.5 mountstat3 of every failure; those without a word of their own here are server faults. */
export const MOUNT_STATUS = {
  PERM: mountstat3.MNT3ERR_PERM,
  NOENT: mountstat3.MNT3ERR_NOENT,
  IO: mountstat3.MNT3ERR_IO,
  ACCES: mountstat3.MNT3ERR_ACCES,
  EXIST: mountstat3.MNT3ERR_SERVERFAULT,
  XDEV: mountstat3.MNT3ERR_SERVERFAULT,
  NOTDIR: mountstat3.MNT3ERR_NOTDIR,
  ISDIR: mountstat3.MNT3ERR_SERVERFAULT,
  INVAL: mountstat3.MNT3ERR_INVAL,
  FBIG: mountstat3.MNT3ERR_SERVERFAULT,
  NOSPC: mountstat3.MNT3ERR_IO,
  ROFS: mountstat3.MNT3ERR_IO,
  MLINK: mountstat3.MNT3ERR_SERVERFAULT,
  NAMETOOLONG: mountstat3.MNT3ERR_NAMETOOLONG,
  NOTEMPTY: mountstat3.MNT3ERR_SERVERFAULT,
  DQUOT: mountstat3.MNT3ERR_IO,
  STALE: mountstat3.MNT3ERR_NOENT,
  BADHANDLE: mountstat3.MNT3ERR_NOENT,
  NOT_SYNC: mountstat3.MNT3ERR_SERVERFAULT,
  BAD_COOKIE: mountstat3.MNT3ERR_SERVERFAULT,
  NOTSUPP: mountstat3.MNT3ERR_NOTSUPP,
  TOOSMALL: mountstat3.MNT3ERR_SERVERFAULT,
  BADTYPE: mountstat3.MNT3ERR_SERVERFAULT,
  DELAY: mountstat3.MNT3ERR_SERVERFAULT,
  SERVERFAULT: mountstat3.MNT3ERR_SERVERFAULT,
} as const satisfies Record<Failure, MountError>
