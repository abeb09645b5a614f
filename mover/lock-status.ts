import { hash } from 'node:crypto'
import type { ClientLockStatus, LockOwnerStatus } from './control/status.ts'
import { type ClientLock, type LockOwner, RANGE_END } from './locks/client-lock.ts'

/** Of a lock of one mover's client: see `ClientLockStatus`. */
export function lockStatus(mover: string, volume: string, ino: number, lock: ClientLock): ClientLockStatus {
  const shown = {
    ...ownerStatus(mover, lock.owner),
    volume,
    ino,
    lock: lock.kind === 'open' ? { access: lock.access, deny: lock.deny } : kindOf(lock.isExclusive),
    bytes: lock.kind === 'open' ? null : bytesOf(lock.start, lock.end),
    waitsFor: null,
    waitsForMore: false,
  }
  const id = hash('sha256', JSON.stringify([shown, lock.owner.owner])).slice(0, ID_LENGTH)
  return { id, ...shown }
}

const ID_LENGTH = 10
const UNPRINTABLE = /[^\x20-\x7e]+/g

export function ownerStatus(mover: string, { protocol, client, owner }: LockOwner): LockOwnerStatus {
  return { mover, protocol, client: printable(client), owner: printable(owner) }
}

function kindOf(isExclusive: boolean): 'exclusive' | 'shared' {
  return isExclusive ? 'exclusive' : 'shared'
}

function bytesOf(start: number | bigint, end: number | bigint): [string, string | null] {
  return [String(start), end === RANGE_END ? null : String(end)]
}

/** Clients choose these bytes: people see what can be read of them. */
function printable(text: string): string {
  return text.replace(UNPRINTABLE, ' ').trim()
}
