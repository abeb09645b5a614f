import { type nfstime3, type sattr3, time_how } from '../../protocol/nfs3/nfs3.gen.ts'
import type { Timestamp } from '../environment.ts'
import type { Failure } from '../failure.ts'
import type { SetAttributes } from '../files/service.ts'

const PERMISSION_BITS = 0o7777
const MAX_NSEC = 999_999_999

/** A client's time (RFC 1813 §2.6). */
export function timestamp(time: nfstime3): Timestamp {
  return { sec: time.seconds, nsec: time.nseconds }
}

/** What a sattr3 sets (RFC 1813 §2.6): INVAL for a time that is none. Bits of a mode that RFC 1813 does not know are dropped. */
export function setAttributes(sattr: sattr3): SetAttributes | Failure {
  const set: SetAttributes = {}
  if (sattr.mode.set_it) set.mode = sattr.mode.mode & PERMISSION_BITS
  if (sattr.uid.set_it) set.uid = sattr.uid.uid
  if (sattr.gid.set_it) set.gid = sattr.gid.gid
  if (sattr.size.set_it) set.size = sattr.size.size
  const { atime, mtime } = sattr
  if (atime.set_it === time_how.SET_TO_SERVER_TIME) set.atime = 'now'
  if (mtime.set_it === time_how.SET_TO_SERVER_TIME) set.mtime = 'now'
  if (atime.set_it === time_how.SET_TO_CLIENT_TIME) set.atime = timestamp(atime.atime)
  if (mtime.set_it === time_how.SET_TO_CLIENT_TIME) set.mtime = timestamp(mtime.mtime)
  return isTime(set.atime) && isTime(set.mtime) ? set : 'INVAL'
}

function isTime(time: Timestamp | 'now' | undefined): boolean {
  return typeof time !== 'object' || time.nsec <= MAX_NSEC
}
