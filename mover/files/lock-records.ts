import type { Failure } from '../failure.ts'
import type { Task } from '../task.ts'
import { KIND, keyA, keyIno, keyKind, setKey } from '../volume/keys.ts'
import { retry } from '../volume/open.ts'
import { type ClientRecord, listClients } from '../volume/records/client-parts.ts'
import { listedLockers } from '../volume/records/locker-parts.ts'
import { MAX_INOS_PER_RECORD } from '../volume/records/schema.ts'
import { Key } from '../volume/tree/key.ts'
import { URGENT, type Volume } from '../volume/volume.ts'
import { type FilesContext, holdFor, submit } from './context.ts'
import type { LiveInode } from './live-inode.ts'
import type { Operation } from './service.ts'

/**
 * What a volume remembers of its clients' locks, so that they can be reclaimed after a crash: which files may be locked, and
 * what movers must know of the clients themselves. Called as operations are: they may throw Suspend, and leave a barrier.
 */

/** Files that are listed without a pause. */
const LISTED_AT_ONCE = 512

/** Clients of these movers (bits) are about to have locks on this file; they may be told of them when the barrier is done. */
export function noteLocks(context: FilesContext, op: Operation, inode: LiveInode, movers: number): Failure | null {
  if ((inode.lockers | movers) !== inode.lockers) {
    return submit(context, op, 'noteLocks', { ino: inode.ino, movers }, URGENT)
  }
  holdFor(context, op, inode.lastLsn)
  return null
}

/** No client has locks on these files any more; those that are gone, or were not noted, are left out. */
export function forgetLocks(context: FilesContext, op: Operation, inos: readonly number[]): Failure | null {
  const noted = inos.filter((ino) => (context.inodes.get(ino)?.lockers ?? 0) !== 0).slice(0, MAX_INOS_PER_RECORD / 4)
  return noted.length === 0 ? null : submit(context, op, 'forgetLocks', { inos: noted }, URGENT)
}

/** Files that may be locked, in the order of their numbers, and bits of the movers whose clients may have locked them. */
export type LockedFiles = Map<number, number>

/** Those from inode number `from` on; at most `most`. */
function listLocked({ cursor }: Volume, from: number, most: number): [ino: number, movers: number][] {
  const found: [number, number][] = []
  let more = cursor.seek(setKey(new Key(), 0, KIND.locked, Math.floor(from / 2 ** 32), from % 2 ** 32, 0))
  while (more && found.length < most) {
    const { key, bytes, valueOffset, valueLength } = cursor
    if (keyIno(key.words, 0) !== 0 || keyKind(key.words, 0) !== KIND.locked) break
    found.push([keyA(key.words, 0), listedLockers(bytes, valueOffset, valueLength)])
    more = cursor.next()
  }
  return found
}

export function* lockedFiles(volume: Volume): Task<LockedFiles> {
  const files: LockedFiles = new Map()
  for (let from = 0; ; ) {
    const more = yield* retry(volume, () => listLocked(volume, from, LISTED_AT_ONCE))
    for (const [ino, movers] of more) {
      files.set(ino, movers)
      from = ino + 1
    }
    if (more.length < LISTED_AT_ONCE) return files
  }
}

/** Remembers `value` of a client under `id`, in the place of what there was. */
export function setClient(context: FilesContext, op: Operation, { id, value }: ClientRecord): Failure | null {
  return submit(context, op, 'setClient', { id, value }, URGENT)
}

export function dropClient(context: FilesContext, op: Operation, id: Uint8Array): Failure | null {
  return submit(context, op, 'dropClient', { id }, URGENT)
}

/** All clients that are remembered. */
export function clientsOf({ volume }: FilesContext): ClientRecord[] {
  return listClients(volume.cursor)
}
