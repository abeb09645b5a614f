import { type ClientLock, type Offset, offsetOf, RANGE_END } from '../files/client-locks.ts'
import { ownerBytes, svidOf } from './owner.ts'
import type { NlmVersion, WireHolder, WireLock } from './version.ts'

export interface Range {
  start: Offset
  end: Offset
}

/**
 * The bytes that a lock is about; a length of 0 reaches to the end, however long the file gets, and so does, as some clients say
 * it, one of all ones. Null: too far.
 */
export function rangeOf(
  { sizeLimit }: NlmVersion,
  { l_offset, l_len }: Pick<WireLock, 'l_offset' | 'l_len'>,
): Range | null {
  const start = BigInt(l_offset)
  const length = BigInt(l_len)
  if (length === 0n || length === sizeLimit - 1n) return { start: offsetOf(start), end: RANGE_END }
  const end = start + length
  return end > sizeLimit ? null : { start: offsetOf(start), end: offsetOf(end) }
}

/** What is in the way, as far as the version can say it. Owners of other protocols have no words here. */
export function holderOf({ sizeLimit, wireOffset }: NlmVersion, lock: ClientLock): WireHolder {
  const isRange = lock.kind === 'range'
  const start = isRange ? BigInt(lock.start) : 0n
  const end = isRange ? BigInt(lock.end) : sizeLimit
  // The last byte that can be named stands for all that cannot.
  const first = start < sizeLimit ? start : sizeLimit - 1n
  return {
    exclusive: !isRange || lock.isExclusive,
    svid: svidOf(lock.owner),
    oh: ownerBytes(lock.owner),
    l_offset: wireOffset(first),
    l_len: wireOffset(end >= sizeLimit ? 0n : end - first),
  } as WireHolder
}
