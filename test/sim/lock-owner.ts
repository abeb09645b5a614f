import type { ClientLock, LockOwner } from '../../mover/locks/client-lock.ts'
import type { LockHolder } from '../../mover/locks/lock-holder.ts'
import type { LockView } from './lock-view.ts'

/** A rule of client locks was broken. */
export class Violation extends Error {}

export type ClientKind = 'posix' | 'windows' | 'opens'

/** An owner of locks at one mover. */
export interface SimOwner {
  readonly mover: number
  readonly kind: ClientKind
  readonly who: LockOwner
  readonly holder: LockHolder
  readonly views: Map<number, LockView>
}

export function nameOf({ mover, who }: SimOwner): string {
  return `${mover}.${who.owner}`
}

export function describe(lock: ClientLock): string {
  if (lock.kind === 'open') return `open ${lock.id} ${lock.access}/${lock.deny}`
  return `${lock.isExclusive ? 'exclusive' : 'shared'} [${lock.start}, ${lock.end})`
}
