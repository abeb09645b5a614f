/** What simulated clients and movers say to each other about locks, in NLM's words. */
import { type nlm4_lock, type nlm4_lockargs, nlm4_stats } from '../../protocol/nlm4/nlm.gen.ts'
import type { Id } from './failure-attempts.ts'

/** Names of statuses. */
export const STATS = Object.keys(nlm4_stats)
const RECORD_BYTES = 100n
const NO_COOKIE = new Uint8Array(0)

/** A lock that is wanted: records of a file. */
export interface Wanted {
  readonly file: Id
  readonly first: number
  readonly end: number
  readonly isExclusive: boolean
}

/** A file's handle here: nobody invents any. */
export function handleOf({ ino, generation }: Id): Uint8Array {
  const handle = Buffer.alloc(12)
  handle.writeDoubleBE(ino)
  handle.writeUInt32BE(generation, 8)
  return handle
}

export function idOf(bytes: Uint8Array): Id {
  const handle = Buffer.from(bytes)
  return { ino: handle.readDoubleBE(), generation: handle.readUInt32BE(8) }
}

/** As client `name` asks for a lock in this state of its own, which is the only process that it has in that. */
export function lockArgs(name: string, state: number, wanted: Wanted, block: boolean): nlm4_lockargs {
  const { file, isExclusive } = wanted
  const owner = Buffer.from(name)
  const range = { l_offset: offsetOf(wanted), l_len: lengthOf(wanted) }
  const alock = { caller_name: owner, fh: handleOf(file), oh: owner, svid: state, ...range }
  return { cookie: NO_COOKIE, block, exclusive: isExclusive, alock, reclaim: false, state }
}

/** True when that is the lock that its client wants. Of which kind it is nobody looks, as with Linux. */
export function isAbout({ svid, l_offset, l_len, fh }: nlm4_lock, state: number, wanted: Wanted): boolean {
  const isSame = svid === state && l_offset === offsetOf(wanted) && l_len === lengthOf(wanted)
  return isSame && Buffer.compare(fh, handleOf(wanted.file)) === 0
}

function offsetOf({ first }: Pick<Wanted, 'first'>): bigint {
  return BigInt(first) * RECORD_BYTES
}

function lengthOf({ first, end }: Pick<Wanted, 'first' | 'end'>): bigint {
  return BigInt(end - first) * RECORD_BYTES
}
