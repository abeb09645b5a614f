import { type NFS_V3_server, nfsstat3 } from '../../protocol/nfs3/nfs3.gen.ts'
import type { Failure } from '../failure.ts'

/** An nfsstat3 that tells of a failure. */
export type Nfs3Error = Exclude<nfsstat3, typeof nfsstat3.NFS3_OK>

/** The procedures that have a status. */
export type Nfs3Procedure = Exclude<keyof NFS_V3_server<unknown>, 'NFSPROC3_NULL'>

const S = nfsstat3

/** RFC 1813 §2.6 nfsstat3 of every failure. */
export const NFS3_STATUS = {
  PERM: S.NFS3ERR_PERM,
  NOENT: S.NFS3ERR_NOENT,
  IO: S.NFS3ERR_IO,
  ACCES: S.NFS3ERR_ACCES,
  EXIST: S.NFS3ERR_EXIST,
  XDEV: S.NFS3ERR_XDEV,
  NOTDIR: S.NFS3ERR_NOTDIR,
  ISDIR: S.NFS3ERR_ISDIR,
  INVAL: S.NFS3ERR_INVAL,
  FBIG: S.NFS3ERR_FBIG,
  NOSPC: S.NFS3ERR_NOSPC,
  ROFS: S.NFS3ERR_ROFS,
  MLINK: S.NFS3ERR_MLINK,
  NAMETOOLONG: S.NFS3ERR_NAMETOOLONG,
  NOTEMPTY: S.NFS3ERR_NOTEMPTY,
  DQUOT: S.NFS3ERR_DQUOT,
  STALE: S.NFS3ERR_STALE,
  BADHANDLE: S.NFS3ERR_BADHANDLE,
  NOT_SYNC: S.NFS3ERR_NOT_SYNC,
  BAD_COOKIE: S.NFS3ERR_BAD_COOKIE,
  NOTSUPP: S.NFS3ERR_NOTSUPP,
  TOOSMALL: S.NFS3ERR_TOOSMALL,
  BADTYPE: S.NFS3ERR_BADTYPE,
  DELAY: S.NFS3ERR_JUKEBOX,
  SERVERFAULT: S.NFS3ERR_SERVERFAULT,
} as const satisfies Record<Failure, Nfs3Error>

/** The ERRORS paragraphs of RFC 1813 §3.3, without the four that all procedures have, and JUKEBOX (§2.6). */
export const LISTED_ERRORS = {
  NFSPROC3_GETATTR: [],
  NFSPROC3_SETATTR: ['PERM', 'ACCES', 'INVAL', 'NOSPC', 'ROFS', 'DQUOT', 'NOT_SYNC'],
  NFSPROC3_LOOKUP: ['NOENT', 'ACCES', 'NOTDIR', 'NAMETOOLONG'],
  NFSPROC3_ACCESS: [],
  NFSPROC3_READLINK: ['INVAL', 'ACCES', 'NOTSUPP'],
  NFSPROC3_READ: ['ACCES', 'INVAL'],
  NFSPROC3_WRITE: ['ACCES', 'FBIG', 'DQUOT', 'NOSPC', 'ROFS', 'INVAL'],
  NFSPROC3_CREATE: ['ACCES', 'EXIST', 'NOTDIR', 'NOSPC', 'ROFS', 'NAMETOOLONG', 'DQUOT', 'NOTSUPP'],
  NFSPROC3_MKDIR: ['ACCES', 'EXIST', 'NOTDIR', 'NOSPC', 'ROFS', 'NAMETOOLONG', 'DQUOT', 'NOTSUPP'],
  NFSPROC3_SYMLINK: ['ACCES', 'EXIST', 'NOTDIR', 'NOSPC', 'ROFS', 'NAMETOOLONG', 'DQUOT', 'NOTSUPP'],
  NFSPROC3_MKNOD: ['ACCES', 'EXIST', 'NOTDIR', 'NOSPC', 'ROFS', 'NAMETOOLONG', 'DQUOT', 'NOTSUPP', 'BADTYPE'],
  NFSPROC3_REMOVE: ['NOENT', 'ACCES', 'NOTDIR', 'NAMETOOLONG', 'ROFS'],
  NFSPROC3_RMDIR: ['NOENT', 'ACCES', 'INVAL', 'EXIST', 'NOTDIR', 'NAMETOOLONG', 'ROFS', 'NOTEMPTY', 'NOTSUPP'],
  // biome-ignore format: one procedure, one row
  NFSPROC3_RENAME: ['NOENT', 'ACCES', 'EXIST', 'XDEV', 'NOTDIR', 'ISDIR', 'INVAL', 'NOSPC', 'ROFS', 'MLINK', 'NAMETOOLONG', 'NOTEMPTY', 'DQUOT', 'NOTSUPP'],
  // biome-ignore format: one procedure, one row
  NFSPROC3_LINK: ['ACCES', 'EXIST', 'XDEV', 'NOTDIR', 'INVAL', 'NOSPC', 'ROFS', 'MLINK', 'NAMETOOLONG', 'DQUOT', 'NOTSUPP'],
  NFSPROC3_READDIR: ['ACCES', 'NOTDIR', 'BAD_COOKIE', 'TOOSMALL'],
  NFSPROC3_READDIRPLUS: ['ACCES', 'NOTDIR', 'BAD_COOKIE', 'TOOSMALL', 'NOTSUPP'],
  NFSPROC3_FSSTAT: [],
  NFSPROC3_FSINFO: [],
  NFSPROC3_PATHCONF: [],
  NFSPROC3_COMMIT: [],
} as const satisfies Record<Nfs3Procedure, readonly Failure[]>

const LISTED_EVERYWHERE: readonly Failure[] = ['IO', 'STALE', 'BADHANDLE', 'SERVERFAULT', 'DELAY']

/**
 * What is said where a procedure does not list a failure: the first one of these that it lists. §3.2 wants ACCES for
 * names that a server does not take, §3.3.6 and §3.3.7 INVAL for files of the wrong type, §2.6 STALE where access has
 * been revoked; the others lose the least that a client can act on.
 */
const NEAREST = {
  PERM: ['ACCES', 'STALE'],
  NOENT: ['STALE'],
  IO: [],
  ACCES: ['STALE'],
  EXIST: ['NOTEMPTY', 'ACCES', 'SERVERFAULT'],
  XDEV: ['INVAL', 'ACCES', 'SERVERFAULT'],
  NOTDIR: ['INVAL', 'ACCES', 'SERVERFAULT'],
  ISDIR: ['INVAL', 'EXIST', 'ACCES', 'SERVERFAULT'],
  INVAL: ['ACCES', 'SERVERFAULT'],
  FBIG: ['INVAL', 'NOSPC', 'SERVERFAULT'],
  NOSPC: ['IO'],
  ROFS: ['ACCES', 'IO'],
  MLINK: ['NOSPC', 'IO'],
  NAMETOOLONG: ['INVAL', 'ACCES', 'SERVERFAULT'],
  NOTEMPTY: ['EXIST', 'ACCES', 'SERVERFAULT'],
  DQUOT: ['NOSPC', 'IO'],
  STALE: [],
  BADHANDLE: [],
  NOT_SYNC: ['INVAL', 'SERVERFAULT'],
  BAD_COOKIE: ['INVAL', 'SERVERFAULT'],
  NOTSUPP: ['INVAL', 'ACCES', 'SERVERFAULT'],
  TOOSMALL: ['INVAL', 'SERVERFAULT'],
  BADTYPE: ['NOTSUPP', 'INVAL', 'SERVERFAULT'],
  DELAY: [],
  SERVERFAULT: [],
} as const satisfies Record<Failure, readonly Failure[]>

/** For each failure the status that `procedure` answers: its own where the procedure lists it, else the nearest one. */
export function statusTable(procedure: Nfs3Procedure): Readonly<Record<Failure, Nfs3Error>> {
  const listed: readonly Failure[] = [...LISTED_EVERYWHERE, ...LISTED_ERRORS[procedure]]
  const table: Partial<Record<Failure, Nfs3Error>> = {}
  for (const [failure, nearest] of Object.entries(NEAREST) as [Failure, readonly Failure[]][]) {
    const said = [failure, ...nearest].find((candidate) => listed.includes(candidate))
    if (said === undefined) throw new Error(`${procedure} has no status for ${failure}`)
    table[failure] = NFS3_STATUS[said]
  }
  return table as Record<Failure, Nfs3Error>
}
