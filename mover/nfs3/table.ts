import { NFS_PROGRAM, NFS_V3, NFS_V3_codecs, type NFS_V3_server } from '../../protocol/nfs3/nfs3.gen.ts'
import type { Program } from '../rpc/program.ts'
import { access } from './access.ts'
import { commit } from './commit.ts'
import { Nfs3Context } from './context.ts'
import { create } from './create.ts'
import { fsinfo } from './fsinfo.ts'
import { fsstat } from './fsstat.ts'
import { getattr } from './getattr.ts'
import type { HandleCodec } from './handle.ts'
import { link } from './link.ts'
import { lookup } from './lookup.ts'
import { mkdir } from './mkdir.ts'
import { mknod } from './mknod.ts'
import { nullProcedure } from './null.ts'
import { pathconf } from './pathconf.ts'
import { read } from './read.ts'
import { readdir } from './readdir.ts'
import { readdirplus } from './readdirplus.ts'
import { readlink } from './readlink.ts'
import { remove } from './remove.ts'
import { rename } from './rename.ts'
import { rmdir } from './rmdir.ts'
import { setattr } from './setattr.ts'
import { symlink } from './symlink.ts'
import { write } from './write.ts'

type AnyProcedure = NonNullable<Program['procedures'][number]>

const PROCEDURES = {
  NFSPROC3_NULL: nullProcedure,
  NFSPROC3_GETATTR: getattr,
  NFSPROC3_SETATTR: setattr,
  NFSPROC3_LOOKUP: lookup,
  NFSPROC3_ACCESS: access,
  NFSPROC3_READLINK: readlink,
  NFSPROC3_READ: read,
  NFSPROC3_WRITE: write,
  NFSPROC3_CREATE: create,
  NFSPROC3_MKDIR: mkdir,
  NFSPROC3_SYMLINK: symlink,
  NFSPROC3_MKNOD: mknod,
  NFSPROC3_REMOVE: remove,
  NFSPROC3_RMDIR: rmdir,
  NFSPROC3_RENAME: rename,
  NFSPROC3_LINK: link,
  NFSPROC3_READDIR: readdir,
  NFSPROC3_READDIRPLUS: readdirplus,
  NFSPROC3_FSSTAT: fsstat,
  NFSPROC3_FSINFO: fsinfo,
  NFSPROC3_PATHCONF: pathconf,
  NFSPROC3_COMMIT: commit,
} as const satisfies Record<keyof NFS_V3_server<unknown>, (nfs: Nfs3Context) => AnyProcedure>

/** NFS version 3 (RFC 1813) over the exports of a mover. */
export function nfs3Program(handles: HandleCodec): Program {
  const nfs = new Nfs3Context(handles)
  const procedures: (AnyProcedure | undefined)[] = []
  for (const { name, number } of Object.values(NFS_V3_codecs)) procedures[number] = PROCEDURES[name](nfs)
  return { program: NFS_PROGRAM, version: NFS_V3, name: 'nfs', procedures }
}
