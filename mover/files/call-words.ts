/**
 * The words of the file service and those of a CALL between movers, in both directions; see protocol/moverlock.
 */
import {
  create_how,
  type replay_tag,
  type set_attributes,
  type set_time,
  time_how,
} from '../../protocol/moverlock/moverlock.gen.ts'
import type { Timestamp } from '../environment.ts'
import type { ReplayTag } from '../operation.ts'
import type { CreateHow, SetAttributes } from './service.ts'

const NO_VERIFIER = new Uint8Array(8)
const NOTHING: set_attributes = {
  mode: null,
  uid: null,
  gid: null,
  size: null,
  atime: { how: time_how.LEAVE },
  mtime: { how: time_how.LEAVE },
}

/** A number of 64 bits as it can be told: larger ones come from clients and mean as much. */
export function bounded(number: number): number {
  return Math.min(number, Number.MAX_SAFE_INTEGER)
}

export function wireSet(set: SetAttributes): set_attributes {
  return {
    mode: set.mode ?? null,
    uid: set.uid ?? null,
    gid: set.gid ?? null,
    size: set.size === undefined ? null : bounded(set.size),
    atime: wireTime(set.atime),
    mtime: wireTime(set.mtime),
  }
}

export function neutralSet(set: set_attributes): SetAttributes {
  const neutral: SetAttributes = {}
  if (set.mode !== null) neutral.mode = set.mode
  if (set.uid !== null) neutral.uid = set.uid
  if (set.gid !== null) neutral.gid = set.gid
  if (set.size !== null) neutral.size = set.size
  const atime = neutralTime(set.atime)
  const mtime = neutralTime(set.mtime)
  if (atime !== null) neutral.atime = atime
  if (mtime !== null) neutral.mtime = mtime
  return neutral
}

function wireTime(time: Timestamp | 'now' | undefined): set_time {
  if (time === undefined) return { how: time_how.LEAVE }
  return time === 'now' ? { how: time_how.SERVER_TIME } : { how: time_how.CLIENT_TIME, time }
}

function neutralTime(time: set_time): Timestamp | 'now' | null {
  if (time.how === time_how.CLIENT_TIME) return time.time
  return time.how === time_how.SERVER_TIME ? 'now' : null
}

/** What a CALL to create has instead of a CreateHow. */
interface WireHow {
  how: create_how
  set: set_attributes
  exclusive: Uint8Array
}

export function wireHow(how: CreateHow): WireHow {
  if (how.kind === 'exclusive') return { how: create_how.EXCLUSIVE, set: NOTHING, exclusive: how.verifier }
  const kind = how.kind === 'guarded' ? create_how.GUARDED : create_how.UNCHECKED
  return { how: kind, set: wireSet(how.attributes), exclusive: NO_VERIFIER }
}

export function neutralHow({ how, set, exclusive }: WireHow): CreateHow {
  if (how === create_how.EXCLUSIVE) return { kind: 'exclusive', verifier: exclusive }
  return { kind: how === create_how.GUARDED ? 'guarded' : 'unchecked', attributes: neutralSet(set) }
}

export function wireTag(tag: ReplayTag | null): replay_tag | null {
  if (tag === null) return null
  const { clientHigh, clientLow, program, procedure, xid, checksum } = tag
  return { client_high: clientHigh, client_low: clientLow, prog: program, proc: procedure, xid, checksum }
}

export function neutralTag(tag: replay_tag | null): ReplayTag | null {
  if (tag === null) return null
  const { client_high, client_low, prog, proc, xid, checksum } = tag
  return { clientHigh: client_high, clientLow: client_low, program: prog, procedure: proc, xid, checksum }
}
