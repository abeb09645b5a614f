import { LRUCache } from 'lru-cache'
import type { ReplayTag } from '../operation.ts'

/** Bounds on what is remembered of answered calls. */
export interface ReplayLimits {
  /** An answer is not repeated after this time. */
  maxAgeMs: number
  /** Answers of one client. */
  maxPerClient: number
  maxClients: number
  /** Bytes of all answers, with what it costs to keep them. */
  maxBytes: number
}

export const DEFAULT_REPLAY_LIMITS: Readonly<ReplayLimits> = {
  maxAgeMs: 120_000,
  maxPerClient: 1024,
  maxClients: 4096,
  maxBytes: 64 * 1024 * 1024,
}

/** What a remembered call costs beyond its answer's bytes, roughly. */
const RECORD_BYTES = 200

/** A call that must not run twice. `owner` is who works on it; null once there is an answer. */
export interface ReplayRecord<Owner> {
  readonly client: ReplayClient<Owner>
  readonly tag: ReplayTag
  owner: Owner | null
  answer: Uint8Array | null
  answeredAtMs: number
  /** Another call with the same xid, of another program or with other arguments. */
  sameXid: ReplayRecord<Owner> | null
}

/** One client's calls. */
interface ReplayClient<Owner> {
  readonly key: string
  /** By xid as a signed integer. */
  readonly byXid: Map<number, ReplayRecord<Owner>>
  /** Answered calls in the order of their answers: a ring that starts at `first`. */
  answered: (ReplayRecord<Owner> | undefined)[]
  first: number
  count: number
  /** Calls without an answer yet. */
  pending: number
  bytes: number
}

/**
 * Remembers the calls that must not run twice, and their answers (ARCHITECTURE "Replay"): a retransmission is told from a
 * new call by client, program, procedure, xid and checksum. Pure: time is passed in. Calls that are being worked on are
 * never forgotten; answers are, by age, count and bytes, those of the client that was silent longest first.
 */
export class ReplayCache<Owner> {
  /** Bytes of all answers, with what it costs to keep them. */
  bytes = 0
  readonly #limits: ReplayLimits
  readonly #clients: LRUCache<string, ReplayClient<Owner>>
  /** Clients that were forgotten while calls of theirs are being worked on. */
  readonly #busy = new Map<string, ReplayClient<Owner>>()

  constructor(limits: ReplayLimits = DEFAULT_REPLAY_LIMITS) {
    this.#limits = limits
    this.#clients = new LRUCache({
      max: limits.maxClients,
      dispose: (client, key, reason) => {
        if (reason !== 'evict' && reason !== 'delete') return
        while (client.count > 0) this.#dropOldest(client)
        if (client.pending > 0) this.#busy.set(key, client)
      },
    })
  }

  /** Clients of which something is remembered. */
  get clientCount(): number {
    return this.#clients.size + this.#busy.size
  }

  /** The same call, when it is being worked on or was answered not too long ago. */
  find(clientKey: string, tag: ReplayTag, nowMs: number): ReplayRecord<Owner> | null {
    const client = this.#clients.get(clientKey) ?? this.#busy.get(clientKey)
    let record = client?.byXid.get(tag.xid | 0) ?? null
    while (record !== null && !isSame(record.tag, tag)) record = record.sameXid
    if (record === null || record.owner !== null) return record
    return nowMs - record.answeredAtMs > this.#limits.maxAgeMs ? null : record
  }

  /** Notes a call that `find` does not know, before it runs. */
  begin(clientKey: string, tag: ReplayTag, owner: Owner): ReplayRecord<Owner> {
    const client = this.#client(clientKey)
    const xid = tag.xid | 0
    const sameXid = client.byXid.get(xid) ?? null
    const record = { client, tag, owner, answer: null, answeredAtMs: 0, sameXid }
    client.byXid.set(xid, record)
    client.pending++
    return record
  }

  /** The call has this answer, which is repeated from now on. The bytes belong to the cache. */
  answered(record: ReplayRecord<Owner>, answer: Uint8Array, nowMs: number): void {
    const { client } = record
    record.owner = null
    record.answer = answer
    record.answeredAtMs = nowMs
    this.#noLongerPending(client)
    if (this.#clients.peek(client.key) !== client) {
      unlink(record)
      return
    }
    if (client.count === this.#limits.maxPerClient) this.#dropOldest(client)
    this.#append(client, record)
    while (this.bytes > this.#limits.maxBytes) {
      const oldest = this.#oldestClient()
      if (oldest === client) this.#dropOldest(client)
      else this.#clients.delete(oldest.key)
    }
  }

  /** The call did not run; a retransmission is a new call. */
  forget(record: ReplayRecord<Owner>): void {
    record.owner = null
    unlink(record)
    this.#noLongerPending(record.client)
  }

  #client(key: string): ReplayClient<Owner> {
    const known = this.#clients.get(key)
    if (known !== undefined) return known
    const busy = this.#busy.get(key)
    this.#busy.delete(key)
    const client = busy ?? { key, byXid: new Map(), answered: [], first: 0, count: 0, pending: 0, bytes: 0 }
    this.#clients.set(key, client)
    return client
  }

  #noLongerPending(client: ReplayClient<Owner>): void {
    client.pending--
    if (client.pending === 0 && this.#busy.get(client.key) === client) this.#busy.delete(client.key)
  }

  #append(client: ReplayClient<Owner>, record: ReplayRecord<Owner>): void {
    const { answered } = client
    if (client.count === answered.length && client.first === 0) {
      answered.push(record)
    } else if (client.count === answered.length) {
      // The ring is full but may be longer: straightened, it can grow at its end.
      client.answered = [...answered.slice(client.first), ...answered.slice(0, client.first), record]
      client.first = 0
    } else {
      answered[(client.first + client.count) % answered.length] = record
    }
    client.count++
    this.#account(client, costOf(record))
  }

  #dropOldest(client: ReplayClient<Owner>): void {
    const record = client.answered[client.first] as ReplayRecord<Owner>
    client.answered[client.first] = undefined
    client.first = (client.first + 1) % client.answered.length
    client.count--
    this.#account(client, -costOf(record))
    unlink(record)
  }

  #account(client: ReplayClient<Owner>, bytes: number): void {
    client.bytes += bytes
    this.bytes += bytes
  }

  #oldestClient(): ReplayClient<Owner> {
    const oldest = this.#clients.rvalues().next().value
    if (oldest === undefined) throw new Error(`no client holds the ${this.bytes} bytes of answers`)
    return oldest
  }
}

function isSame(a: ReplayTag, b: ReplayTag): boolean {
  return a.xid === b.xid && a.checksum === b.checksum && a.procedure === b.procedure && a.program === b.program
}

function costOf(record: ReplayRecord<unknown>): number {
  return RECORD_BYTES + (record.answer?.length ?? 0)
}

/** Takes the record out of its client's map. */
function unlink<Owner>(record: ReplayRecord<Owner>): void {
  const { byXid } = record.client
  const xid = record.tag.xid | 0
  let at = byXid.get(xid)
  if (at === record) {
    if (record.sameXid === null) byXid.delete(xid)
    else byXid.set(xid, record.sameXid)
    return
  }
  while (at !== undefined) {
    if (at.sameXid === record) {
      at.sameXid = record.sameXid
      return
    }
    at = at.sameXid ?? undefined
  }
}
