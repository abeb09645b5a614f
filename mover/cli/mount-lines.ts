import { isIPv6 } from 'node:net'
import type { ExportConfig } from '../config/schema.ts'
import type { MoverAddresses } from '../host/channel.ts'

/** RFC 1833 §3: where clients look for a port mapper. */
const PORTMAP_PORT = 111
const NFS_PORT = 2049

/** How an export is got at. */
export interface MountLines {
  /** For a Linux client. */
  command: string
  /** For programs that use libnfs. */
  url: string
}

/** A client finds the lock server by the portmapper at its usual port; on this host that is the client's own. */
export function canLock({ address, portmap }: MoverAddresses): boolean {
  return portmap === PORTMAP_PORT && !address.startsWith('127.') && address !== '::1'
}

export function mountLines(exported: ExportConfig, where: MoverAddresses): MountLines {
  const host = isIPv6(where.address) ? `[${where.address}]` : where.address
  const canAskPorts = where.portmap === PORTMAP_PORT && where.nfs === NFS_PORT
  const ports = canAskPorts ? '' : `,port=${where.nfs},mountport=${where.nfs}`
  const source = shellWord(`${host}:${exported.path}`)
  const query = `nfsport=${where.nfs}&mountport=${where.nfs}&version=3`
  return {
    command: `mount -t nfs -o vers=3,tcp${canLock(where) ? '' : ',nolock'}${ports} ${source} /mnt`,
    url: `nfs://${host}${encodeURI(exported.path)}?${query}`,
  }
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
