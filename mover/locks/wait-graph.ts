import type { FileLocks } from './file-locks.ts'
import { conflict, type Wanted } from './lock-conflict.ts'
import type { Owner } from './lock-owners.ts'

/** A file with the requests that wait for its locks, in order. */
export interface WaitingFile {
  readonly locks: FileLocks
  readonly queue: readonly Wanted[]
}

/**
 * Who waits for an owner, directly or for others who do, and it itself. One waits for whoever has what is in its way, and
 * for those in its way who have asked earlier.
 *
 * The graph is looked through backwards, since most who ask for a lock have none that others wait for: then this is one
 * look at each file that somebody waits for. Nothing of it is kept: it changes with every lock.
 */
export function waitersFor(owner: Owner, files: Iterable<WaitingFile>): ReadonlySet<Owner> {
  const found = new Set([owner])
  if (!owner.isUsed) return found
  // A set is gone through in the order of its growing, what is added meanwhile too.
  for (const one of found) {
    for (const file of files) addWaiters(one, file, found)
  }
  return found
}

function addWaiters(one: Owner, { locks, queue }: WaitingFile, found: Set<Owner>): void {
  const earlier: Wanted[] = []
  for (const waiter of queue) {
    if (waiter.owner === one) earlier.push(waiter)
    else if (!found.has(waiter.owner)) {
      const isInTheWay = locks.blocks(one, waiter.owner, waiter.lock) || earlier.some((mine) => conflict(mine, waiter))
      if (isInTheWay) found.add(waiter.owner)
    }
  }
}
