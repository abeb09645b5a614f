import type { LockOp } from './client-lock.ts'
import type { FileLocks } from './file-locks.ts'
import type { Wanted } from './lock-conflict.ts'
import type { Owner } from './lock-owners.ts'

/** What an owner asks for to have less than before: nobody can refuse it. */
export type GivenUp = Exclude<LockOp, { type: 'lock' | 'test' }>

/** A file's locks, and who waits for some. */
interface GivingFile {
  readonly locks: FileLocks
  /** Takes those out of the queue for whom `matters` is true; false when there are none. */
  removeWaiters(matters: (one: Wanted & { readonly waiter: number }) => boolean): boolean
}

type Rule<Op> = (file: GivingFile, owner: Owner, op: Op) => boolean

const RULES: { readonly [Type in GivenUp['type']]: Rule<Extract<GivenUp, { type: Type }>> } = {
  weaken({ locks }, owner, { lock }) {
    locks.weaken(owner, lock)
    return true
  },
  unlock: ({ locks }, owner, { lock }) => locks.release(owner, lock),
  cancel: (file, owner, { waiter }) => file.removeWaiters((one) => one.owner === owner && one.waiter === waiter),
  release(file, owner) {
    file.locks.releaseOwner(owner)
    // Most have nothing more: then nobody's request is looked at.
    if (owner.isUsed) file.removeWaiters((one) => one.owner === owner)
    return true
  },
}

export function isGivenUp(op: { readonly type: string }): op is GivenUp {
  return op.type in RULES
}

/** Takes from an owner what it gives up; false when there was nothing to take. */
export function giveUp(file: GivingFile, owner: Owner, op: GivenUp): boolean {
  return (RULES[op.type] as Rule<GivenUp>)(file, owner, op)
}
