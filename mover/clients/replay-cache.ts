import type { ReplayTag } from '../operation.ts'
import { ClientsByAddress } from '../volume/clients-by-address.ts'

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
  readonly address: number
  /** By xid as a signed integer. */
  readonly byXid: Map<number, ReplayRecord<Owner>>
  /** Answered calls in the order of their answers: a ring that starts at `first`. */
  answered: (ReplayRecord<Owner> | undefined)[]
  first: number
  count: number
  /** Calls without an answer yet. */
  pending: number
  /** False when it was forgotten, and only what is being worked on is known of it. */
  isRanked: boolean
}

/**
 * Remembers the calls that must not run twice, and their answers (ARCHITECTURE "Replay"): a retransmission is told from a
 * new call by client, program, procedure, xid and checksum. Pure: time is passed in. Calls that are being worked on are
 * never forgotten; answers are, by age, count and bytes: those of the client that was silent longest first, of the address
 * that has most.
 */
export class ReplayCache<Owner> {
  readonly #limits: ReplayLimits
  /** Those in `#ranked`, and those that were forgotten while calls of theirs are being worked on. */
  readonly #clients = new Map<string, ReplayClient<Owner>>()
  /** A client weighs as much as its answers. */
  readonly #ranked = new ClientsByAddress<ReplayClient<Owner>>()

  constructor(limits: ReplayLimits = DEFAULT_REPLAY_LIMITS) {
    this.#limits = limits
  }

  /** Bytes of all answers, with what it costs to keep them. */
  get bytes(): number {
    return this.#ranked.weight
  }

  /** Clients of which something is remembered. */
  get clientCount(): number {
    return this.#clients.size
  }

  /** The same call, when it is being worked on or was answered not too long ago. */
  find(clientKey: string, tag: ReplayTag, nowMs: number): ReplayRecord<Owner> | null {
    const client = this.#clients.get(clientKey)
    let record = client?.byXid.get(tag.xid | 0) ?? null
    while (record !== null && !isSame(record.tag, tag)) record = record.sameXid
    if (record === null || record.owner !== null) return record
    return nowMs - record.answeredAtMs > this.#limits.maxAgeMs ? null : record
  }

  /** Notes a call that `find` does not know, before it runs. */
  begin(clientKey: string, tag: ReplayTag, owner: Owner): ReplayRecord<Owner> {
    const client = this.#client(clientKey, tag.clientHigh)
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
    client.pending--
    if (!client.isRanked) {
      unlink(record)
      this.#dropIfDone(client)
      return
    }
    if (client.count === this.#limits.maxPerClient) this.#dropOldest(client)
    this.#append(client, record)
    while (this.bytes > this.#limits.maxBytes) {
      const other = this.#ranked.oneOfHeaviest(client)
      if (other === null) this.#dropOldest(client)
      else this.#forgetClient(other)
    }
  }

  /** The call did not run; a retransmission is a new call. */
  forget(record: ReplayRecord<Owner>): void {
    record.owner = null
    unlink(record)
    record.client.pending--
    this.#dropIfDone(record.client)
  }

  #client(key: string, address: number): ReplayClient<Owner> {
    let client = this.#clients.get(key)
    if (client === undefined) {
      const byXid = new Map()
      client = { key, address, byXid, answered: [], first: 0, count: 0, pending: 0, isRanked: false }
      this.#clients.set(key, client)
    }
    client.isRanked = true
    this.#ranked.heard(client)
    if (this.#ranked.size > this.#limits.maxClients) {
      const other = this.#ranked.oneOfMost(client)
      if (other !== null) this.#forgetClient(other)
    }
    return client
  }

  /** Forgets a client's answers, and the client unless calls of it are being worked on. */
  #forgetClient(client: ReplayClient<Owner>): void {
    while (client.count > 0) this.#dropOldest(client)
    this.#ranked.delete(client)
    client.isRanked = false
    this.#dropIfDone(client)
  }

  #dropIfDone(client: ReplayClient<Owner>): void {
    if (client.pending === 0 && !client.isRanked) this.#clients.delete(client.key)
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
    this.#ranked.weigh(client, costOf(record))
  }

  #dropOldest(client: ReplayClient<Owner>): void {
    const record = client.answered[client.first] as ReplayRecord<Owner>
    client.answered[client.first] = undefined
    client.first = (client.first + 1) % client.answered.length
    client.count--
    this.#ranked.weigh(client, -costOf(record))
    unlink(record)
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
