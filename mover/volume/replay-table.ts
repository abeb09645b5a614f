import type { ReplayTag } from '../operation.ts'
import { ClientsByAddress } from './clients-by-address.ts'

/** A durable memory of non-idempotent calls: kept at most so long, so many of one client, so many clients, so many in all. */
export const REPLAY_KEEP_SEC = 120
export const REPLAY_PER_CLIENT = 1024
export const REPLAY_CLIENTS = 1024
export const REPLAY_CALLS = 131_072
/** Most entries that a checkpoint writes: those of the clients heard of last, all addresses in turns. */
const REPLAY_IN_CHECKPOINT = 16_384
/** Chains by which one client's calls are found. */
const CHAINS = 2048
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
 * restart gets the first answer (ARCHITECTURE: Replay). Bounded by age, by client and in clients; oldest go first, those
 * of an address with many names before others.
 */
export class ReplayTable {
  readonly #byKey = new Map<number, ClientCalls>()
  readonly #clients = new ClientsByAddress<ClientCalls>()

  add(tag: ReplayTag, timeSec: number, objectIno: number): void {
    const key = clientOf(tag)
    let calls = this.#byKey.get(key)
    if (calls === undefined) {
      calls = new ClientCalls(tag.clientHigh, key)
      this.#byKey.set(key, calls)
    }
    this.#clients.heard(calls)
    const before = calls.count
    calls.add({ tag, timeSec, objectIno })
    this.#clients.weigh(calls, calls.count - before)
    if (this.#clients.size > REPLAY_CLIENTS) this.#forget(this.#clients.oneOfMost(calls))
    if (this.#clients.weight > REPLAY_CALLS) this.#forget(this.#clients.oneOfHeaviest(calls))
  }

  /** The entry of a retransmission, unless it is too old at `nowSec`. */
  find(tag: ReplayTag, nowSec: number): ReplayEntry | null {
    const entry = this.#byKey.get(clientOf(tag))?.find(tag) ?? null
    return entry === null || nowSec - entry.timeSec > REPLAY_KEEP_SEC ? null : entry
  }

  /** The entries younger than the limit at `nowSec`, of each client oldest first; forgets the others. */
  live(nowSec: number): ReplayEntry[] {
    const entries: ReplayEntry[] = []
    for (const calls of this.#clients.inTurns()) {
      const live = calls.liveAt(nowSec)
      if (live.length === 0) this.#forget(calls)
      else if (entries.length + live.length <= REPLAY_IN_CHECKPOINT) entries.push(...live)
    }
    return entries
  }

  #forget(calls: ClientCalls | null): void {
    if (calls === null) return
    this.#byKey.delete(calls.key)
    this.#clients.weigh(calls, -calls.count)
    this.#clients.delete(calls)
  }
}

/** The last calls of one client: a ring in the order of their execution, and chains by xid through it. */
class ClientCalls {
  readonly address: number
  readonly key: number
  readonly #entries: ReplayEntry[] = []
  /** Of each place in the ring the next one in its chain, -1 at the end; and where the chains begin. */
  readonly #next: Int16Array = new Int16Array(REPLAY_PER_CLIENT)
  readonly #chains: Int16Array = new Int16Array(CHAINS).fill(-1)
  #at = 0

  constructor(address: number, key: number) {
    this.address = address
    this.key = key
  }

  get count(): number {
    return this.#entries.length
  }

  add(entry: ReplayEntry): void {
    const at = this.#at
    this.#at = (at + 1) % REPLAY_PER_CLIENT
    if (at < this.#entries.length) this.#unlink(at)
    this.#entries[at] = entry
    const chain = chainOf(entry.tag)
    this.#next[at] = this.#chains[chain]
    this.#chains[chain] = at
  }

  /** The entry of this very call. */
  find(tag: ReplayTag): ReplayEntry | null {
    for (let at = this.#chains[chainOf(tag)]; at >= 0; at = this.#next[at]) {
      const entry = this.#entries[at]
      if (isSame(entry.tag, tag)) return entry
    }
    return null
  }

  /** The entries younger than the limit, oldest first. */
  liveAt(nowSec: number): ReplayEntry[] {
    const inOrder = [...this.#entries.slice(this.#at), ...this.#entries.slice(0, this.#at)]
    return inOrder.filter((entry) => nowSec - entry.timeSec <= REPLAY_KEEP_SEC)
  }

  #unlink(at: number): void {
    const entry = this.#entries[at]
    const chain = chainOf(entry.tag)
    if (this.#chains[chain] === at) {
      this.#chains[chain] = this.#next[at]
      return
    }
    let before = this.#chains[chain]
    while (this.#next[before] !== at) before = this.#next[before]
    this.#next[before] = this.#next[at]
  }
}

function chainOf(tag: ReplayTag): number {
  return (tag.xid ^ tag.checksum) & (CHAINS - 1)
}

const WORD = 4294967296

/** 53 bits of the two hashes: enough to tell clients apart; `isSame` compares all. */
function clientOf(tag: ReplayTag): number {
  return (tag.clientHigh & 0x1fffff) * WORD + tag.clientLow
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
