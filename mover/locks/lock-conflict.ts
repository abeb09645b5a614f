import type { ClientLock, LockFlavour, OpenLock, RangeLock } from './client-lock.ts'
import type { Owner } from './lock-owners.ts'

/** What is held, and what is asked for: true where the two are in each other's way if their ranges overlap. */
interface RangeMeetings {
  readonly shared: { readonly shared: boolean; readonly exclusive: boolean }
  readonly exclusive: { readonly shared: boolean; readonly exclusive: boolean }
}

const OTHERS: RangeMeetings = {
  shared: { shared: false, exclusive: true },
  exclusive: { shared: true, exclusive: true },
}

/** An owner and itself, by the flavour of its locks (`windows`: MS-FSA 2.1.4.10). */
const OWN: Readonly<Record<LockFlavour, RangeMeetings>> = {
  posix: {
    shared: { shared: false, exclusive: false },
    exclusive: { shared: false, exclusive: false },
  },
  windows: {
    shared: { shared: false, exclusive: true },
    exclusive: { shared: false, exclusive: true },
  },
}

/** A range or what is asked for of one, without its bounds. */
type RangeStrength = Pick<RangeLock, 'isExclusive' | 'flavour'>

/** True when an overlapping range is in the way of another. */
export function rangesMeet(holder: Owner, held: RangeStrength, asker: Owner, asked: RangeStrength): boolean {
  const meetings = holder === asker ? OWN[asked.flavour] : OTHERS
  return meetings[held.isExclusive ? 'exclusive' : 'shared'][asked.isExclusive ? 'exclusive' : 'shared']
}

type OpenBits = Pick<OpenLock, 'id' | 'access' | 'deny'>

/** True when an open is in the way of another one: either does what the other denies. */
export function opensMeet(holder: Owner, held: OpenBits, asker: Owner, asked: OpenBits): boolean {
  if (holder === asker && held.id === asked.id) return false
  return (held.access & asked.deny) !== 0 || (held.deny & asked.access) !== 0
}

/** A lock that somebody has, or wants. */
export interface Wanted {
  readonly owner: Owner
  readonly lock: ClientLock
}

/** True when one lock is in the way of another. */
export function conflict(held: Wanted, asked: Wanted): boolean {
  const [a, b] = [held.lock, asked.lock]
  if (a.kind === 'range' && b.kind === 'range') {
    return a.start < b.end && b.start < a.end && rangesMeet(held.owner, a, asked.owner, b)
  }
  return a.kind === 'open' && b.kind === 'open' && opensMeet(held.owner, a, asked.owner, b)
}

/** True when a request must let earlier ones go first. */
export function isBehind(earlier: readonly Wanted[], wanted: Wanted): boolean {
  return earlier.some((waiter) => conflict(waiter, wanted))
}
