import type { ReplayTag } from '../operation.ts'

/** A durable memory of non-idempotent calls: kept at most so long, and so many of one client, and so many clients. */
export const REPLAY_KEEP_SEC = 120
export const REPLAY_PER_CLIENT = 1024
const REPLAY_CLIENTS = 1024
/** Most entries that a checkpoint writes: those of the clients heard of last. */
const REPLAY_IN_CHECKPOINT = 16_384
/** Bytes of an entry in the checkpoint's chain of replay blocks. */
export const REPLAY_ENTRY_BYTES = 40

/** What was done for a call: when (seconds since 1970) and the object that it made (0 when none). */
export interface ReplayEntry {
  tag: ReplayTag
  timeSec: number
  objectIno: number
}

/**
 * Calls that this volume has executed, from log records and the last checkpoint, so that a retransmission after a
 * restart gets the first answer (ARCHITECTURE: Replay). Bounded by age, by client and in clients; oldest go first.
 */
export class ReplayTable {
  /** By client, the one heard of last at the end; of a client by call, oldest first. */
  readonly #clients = new Map<number, Map<number, ReplayEntry>>()

  add(tag: ReplayTag, timeSec: number, objectIno: number): void {
    const client = clientOf(tag)
    let calls = this.#clients.get(client)
    if (calls === undefined) {
      calls = new Map()
      if (this.#clients.size === REPLAY_CLIENTS) dropFirst(this.#clients)
    } else this.#clients.delete(client)
    this.#clients.set(client, calls)
    const call = callOf(tag)
    calls.delete(call)
    calls.set(call, { tag, timeSec, objectIno })
    if (calls.size > REPLAY_PER_CLIENT) dropFirst(calls)
  }

  /** The entry of a retransmission, unless it is too old at `nowSec`. */
  find(tag: ReplayTag, nowSec: number): ReplayEntry | null {
    const entry = this.#clients.get(clientOf(tag))?.get(callOf(tag))
    if (entry === undefined || !isSame(entry.tag, tag) || nowSec - entry.timeSec > REPLAY_KEEP_SEC) return null
    return entry
  }

  /** The entries younger than the limit at `nowSec`, of each client oldest first; forgets the others. */
  live(nowSec: number): ReplayEntry[] {
    const entries: ReplayEntry[] = []
    for (const [client, calls] of [...this.#clients].reverse()) {
      for (const [call, entry] of calls) {
        if (nowSec - entry.timeSec <= REPLAY_KEEP_SEC) break
        calls.delete(call)
      }
      if (calls.size === 0) this.#clients.delete(client)
      else if (entries.length + calls.size <= REPLAY_IN_CHECKPOINT) entries.push(...calls.values())
    }
    return entries
  }
}

function dropFirst<K>(map: Map<K, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}

const WORD = 4294967296

/** 53 bits of the client's hash: enough to tell clients apart; `isSame` compares all. */
function clientOf(tag: ReplayTag): number {
  return (tag.clientHigh & 0x1fffff) * WORD + tag.clientLow
}

/** 53 bits of xid and checksum. */
function callOf(tag: ReplayTag): number {
  return (tag.checksum & 0x1fffff) * WORD + tag.xid
}

function isSame(a: ReplayTag, b: ReplayTag): boolean {
  return (
    a.clientHigh === b.clientHigh &&
    a.clientLow === b.clientLow &&
    a.program === b.program &&
    a.procedure === b.procedure &&
    a.xid === b.xid &&
    a.checksum === b.checksum
  )
}

/** Encodes one entry at `at`. */
export function putReplayEntry(view: DataView, at: number, entry: ReplayEntry): void {
  const { tag } = entry
  view.setUint32(at, tag.clientHigh, true)
  view.setUint32(at + 4, tag.clientLow, true)
  view.setUint32(at + 8, tag.program, true)
  view.setUint32(at + 12, tag.procedure, true)
  view.setUint32(at + 16, tag.xid, true)
  view.setUint32(at + 20, tag.checksum, true)
  view.setFloat64(at + 24, entry.timeSec, true)
  view.setFloat64(at + 32, entry.objectIno, true)
}

/** Decodes the entry at `at`. */
export function getReplayEntry(view: DataView, at: number): ReplayEntry {
  return {
    tag: {
      clientHigh: view.getUint32(at, true),
      clientLow: view.getUint32(at + 4, true),
      program: view.getUint32(at + 8, true),
      procedure: view.getUint32(at + 12, true),
      xid: view.getUint32(at + 16, true),
      checksum: view.getUint32(at + 20, true),
    },
    timeSec: view.getFloat64(at + 24, true),
    objectIno: view.getFloat64(at + 32, true),
  }
}
