import { MOUNT_PROGRAM, MOUNT_V1, MOUNT_V1_codecs, MOUNT_V3, MOUNT_V3_codecs } from '../../protocol/mount/mount.gen.ts'
import type { Program } from '../rpc/program.ts'
import { NULL_PROCEDURE } from '../rpc/served.ts'
import type { MountBackend } from './backend.ts'
import { dump } from './dump.ts'
import { exportList } from './export.ts'
import { mnt } from './mnt.ts'
import { mnt1 } from './mnt1.ts'
import type { MountList } from './mount-list.ts'
import { umnt } from './umnt.ts'
import { umntall } from './umntall.ts'

/** MOUNT version 3 (RFC 1813 §5), and version 1 (RFC 1094 appendix A) for what looks at the lists with it. */
export function mountPrograms(backend: MountBackend, mounts: MountList): Program[] {
  const one = MOUNT_V1_codecs
  const three = MOUNT_V3_codecs
  return [
    program(MOUNT_V1, [
      NULL_PROCEDURE,
      mnt1,
      dump(one.MOUNTPROC_DUMP, mounts),
      umnt(one.MOUNTPROC_UMNT, mounts),
      umntall(one.MOUNTPROC_UMNTALL, mounts),
      exportList(one.MOUNTPROC_EXPORT, backend),
    ]),
    program(MOUNT_V3, [
      NULL_PROCEDURE,
      mnt(backend, mounts),
      dump(three.MOUNTPROC3_DUMP, mounts),
      umnt(three.MOUNTPROC3_UMNT, mounts),
      umntall(three.MOUNTPROC3_UMNTALL, mounts),
      exportList(three.MOUNTPROC3_EXPORT, backend),
    ]),
  ]
}

/** The procedures are numbered from 0 on. */
function program(version: number, procedures: Program['procedures']): Program {
  return { program: MOUNT_PROGRAM, version, name: 'mount', procedures, datagrams: true }
}
