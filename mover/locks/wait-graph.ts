import type { FileLocks } from './file-locks.ts'
import { isBehind, type Wanted } from './lock-conflict.ts'
import type { Owner } from './lock-owners.ts'

/** A file with the requests that wait for its locks, in order. */
export interface WaitingFile {
  readonly locks: Pick<FileLocks, 'isHolder' | 'blocks'>
  readonly queue: readonly Wanted[]
}

/**
 * Who waits for an owner, directly or for others who do, and it itself. One waits for whoever has what is in its way, and
 * for those in its way who have asked earlier.
 *
 * The graph is looked through backwards, since most who ask for a lock have none that others wait for. `filesOf` tells the
 * files where an owner has or waits for something, and somebody waits. Nothing of the graph is kept: it changes with every
 * lock.
 */
export function waitersFor(owner: Owner, filesOf: (owner: Owner) => Iterable<WaitingFile>): ReadonlySet<Owner> {
  const found = new Set([owner])
  if (!owner.isUsed) return found
  // A set is gone through in the order of its growing, what is added meanwhile too.
  for (const one of found) {
    // Most have nothing but the request that they were found by: who is behind that was found with it.
    if (one !== owner && !one.isUsedMore) continue
    for (const file of filesOf(one)) addWaiters(one, file, found)
  }
  return found
}

/** Adds those who wait in a file for one owner, and those who are behind their requests. */
function addWaiters(one: Owner, { locks, queue }: WaitingFile, found: Set<Owner>): void {
  const isHolder = locks.isHolder(one)
  const earlier: Wanted[] = []
  for (const waiter of queue) {
    const { owner, lock } = waiter
    if (owner !== one) {
      if (found.has(owner)) continue
      if (!(isHolder && locks.blocks(one, owner, lock)) && !isBehind(earlier, waiter)) continue
      found.add(owner)
    }
    earlier.push(waiter)
  }
}

/**
 * The owners who wait, each behind those who wait too and have something in its way, and else as they are found: where all
 * queues are in this order nobody waits for itself, if nobody does for the sake of what is held alone.
 */
export function orderOfWaiting(files: Iterable<WaitingFile>): ReadonlyMap<Owner, number> {
  const inTheWay = holdersInTheWay([...files])
  const order = new Map<Owner, number>()
  const begun = new Set<Owner>()
  for (const first of inTheWay.keys()) {
    const path = [first]
    for (let one = path.at(-1); one !== undefined; one = path.at(-1)) {
      if (!begun.has(one)) {
        begun.add(one)
        for (const other of inTheWay.get(one) ?? []) if (!begun.has(other)) path.push(other)
      } else {
        path.pop()
        if (!order.has(one)) order.set(one, order.size)
      }
    }
  }
  return order
}

/** All who wait, and for whom of themselves for the sake of what these have. */
function holdersInTheWay(files: readonly WaitingFile[]): Map<Owner, Set<Owner>> {
  const inTheWay = new Map<Owner, Set<Owner>>()
  for (const { queue } of files) for (const { owner } of queue) inTheWay.set(owner, new Set())
  const holders = [...inTheWay.keys()].filter(({ isUsedMore }) => isUsedMore)
  for (const { locks, queue } of files) {
    for (const holder of holders.filter((one) => locks.isHolder(one))) {
      for (const { owner, lock } of queue) {
        if (owner !== holder && locks.blocks(holder, owner, lock)) inTheWay.get(owner)?.add(holder)
      }
    }
  }
  return inTheWay
}
