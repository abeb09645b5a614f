import {
  MOUNT_PROGRAM,
  MOUNT_V3,
  MOUNTPROC3_DUMP,
  MOUNTPROC3_EXPORT,
  MOUNTPROC3_MNT,
  MOUNTPROC3_UMNT,
  MOUNTPROC3_UMNTALL,
} from '../../protocol/mount/mount.gen.ts'
import type { Program } from '../rpc/program.ts'
import type { MountBackend } from './backend.ts'
import { dump } from './dump.ts'
import { exportList } from './export.ts'
import { mnt } from './mnt.ts'
import type { MountList } from './mount-list.ts'
import { umnt } from './umnt.ts'
import { umntall } from './umntall.ts'

/** MOUNT version 3 (RFC 1813 §5). */
export function mountProgram(backend: MountBackend, mounts: MountList): Program {
  const procedures: Program['procedures'][number][] = []
  procedures[MOUNTPROC3_MNT] = mnt(backend, mounts)
  procedures[MOUNTPROC3_DUMP] = dump(mounts)
  procedures[MOUNTPROC3_UMNT] = umnt(mounts)
  procedures[MOUNTPROC3_UMNTALL] = umntall(mounts)
  procedures[MOUNTPROC3_EXPORT] = exportList(backend)
  return { program: MOUNT_PROGRAM, version: MOUNT_V3, name: 'mount', procedures }
}
