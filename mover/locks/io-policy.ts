import { type Offset, OPEN_DELETE, OPEN_READ, OPEN_WRITE } from './client-lock.ts'
import type { FileLocks } from './file-locks.ts'
import type { Wanted } from './lock-conflict.ts'
import type { Owner } from './lock-owners.ts'

/** How much an export's NFS clients, who open nothing, respect of what SMB clients have locked. */
export type IoPolicy = 'nolock' | 'wlock' | 'rwlock'

export type IoKind = 'read' | 'write' | 'truncate' | 'remove' | 'rename'

/** By policy: true for what may be refused. */
const RESPECTS: Readonly<Record<IoPolicy, Readonly<Record<IoKind, boolean>>>> = {
  nolock: { read: false, write: false, truncate: false, remove: false, rename: false },
  wlock: { read: false, write: true, truncate: true, remove: true, rename: true },
  rwlock: { read: true, write: true, truncate: true, remove: true, rename: true },
}

/** What each needs of a file: nobody who denies it, and nobody's range: an exclusive one, or any; none is in the way of names. */
const NEEDS: Readonly<Record<IoKind, { readonly denied: number; readonly ranges: 'none' | 'exclusive' | 'all' }>> = {
  read: { denied: OPEN_READ, ranges: 'exclusive' },
  write: { denied: OPEN_WRITE, ranges: 'all' },
  truncate: { denied: OPEN_WRITE, ranges: 'all' },
  remove: { denied: OPEN_DELETE, ranges: 'none' },
  rename: { denied: OPEN_DELETE, ranges: 'none' },
}

/** What a client does to [start, end) of a file. */
export interface Io {
  readonly kind: IoKind
  readonly start: Offset
  readonly end: Offset
}

/**
 * What refuses an NFS client's I/O that no open stands for; null: nothing. Locks of NFS clients do not: they are for those
 * who ask for locks.
 */
export function nfsRefusal(locks: FileLocks, policy: IoPolicy, { kind, start, end }: Io): Wanted | null {
  if (!RESPECTS[policy][kind]) return null
  const { denied, ranges } = NEEDS[kind]
  const isSmb = (owner: Owner): boolean => owner.client.protocol === 'smb'
  return (
    locks.findOpen(({ owner, deny }) => isSmb(owner) && (deny & denied) !== 0) ??
    locks.findRange(start, end, ({ owner, isExclusive }) => isSmb(owner) && isIn(ranges, isExclusive))
  )
}

/**
 * What refuses an SMB client's I/O by its open `owner`: ranges of all protocols, its own shared ones too where it writes
 * (MS-FSA 2.1.4.10). What others deny has been looked at when it opened the file.
 */
export function smbRefusal(locks: FileLocks, asker: Owner, { kind, start, end }: Io): Wanted | null {
  const { ranges } = NEEDS[kind]
  return locks.findRange(
    start,
    end,
    ({ owner, isExclusive }) => !(owner === asker && isExclusive) && isIn(ranges, isExclusive),
  )
}

function isIn(ranges: 'none' | 'exclusive' | 'all', isExclusive: boolean): boolean {
  return ranges === 'all' || (ranges === 'exclusive' && isExclusive)
}
