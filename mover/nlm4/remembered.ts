import { createHash } from 'node:crypto'
import { type MonitoredClient, monitorRecord } from '../clients/monitors.ts'
import type { Environment } from '../environment.ts'
import type { Failure } from '../failure.ts'
import { inBackground } from '../files/background.ts'
import type { ClientRecord, ClientRecords } from '../files/client-records.ts'
import { Suspend } from '../suspend.ts'
import type { NlmClient, NlmClients } from './clients.ts'
import { keyOf } from './owner.ts'

/** How often it is looked for clients that have nothing any more. */
const LOOK_MS = 60_000
/** Dropped at a time from each volume. */
const DROPPED_AT_ONCE = 256
/** Records that nobody needs and that wait for the next look; more are dropped at once. */
const MOST_STALE = 1000

export interface RememberedOptions {
  environment: Environment
  clients: NlmClients
  /** The mover's name, which its clients are remembered under. */
  mover: string
  /** True for a client that has locks, waits for some, or has asked for some. */
  isUsed(client: NlmClient): boolean
}

type Client = Pick<MonitoredClient, 'name' | 'address'>

/** What one volume remembers. */
interface Memory {
  /** Clients that are durably there: these, and nobody who comes by the same name after them. */
  readonly known: Set<NlmClient>
  /** Who could not be remembered, and why; it is told once. */
  readonly failed: Map<NlmClient, Failure>
  /** Who may be there, and is not known (any more), by key. */
  readonly stale: Map<string, Client>
  /** Of whom something is being written, by key, and the calls that wait until it is. */
  readonly busy: Map<string, (() => void)[]>
}

/**
 * The clients that volumes remember for this mover, durably: who is told when it starts anew. Who has no locks any more, and has
 * asked for none for a while, is forgotten, many at a time. Of one name one thing is written after the other; so who comes
 * again while it is being dropped waits, and is set behind that.
 */
export class RememberedClients {
  readonly #o: RememberedOptions
  readonly #memories = new Map<ClientRecords, Memory>()
  #cancelLook: (() => void) | null = null

  constructor(options: RememberedOptions) {
    this.#o = options
  }

  /** Null when the client is durably remembered, or why it cannot be. Throws `Suspend` until that is known. */
  remember(records: ClientRecords, client: NlmClient, localAddress: string): Failure | null {
    const memory = this.#memoryOf(records)
    const { key } = client
    if (!memory.known.has(client) && !memory.failed.has(client) && !memory.busy.has(key)) {
      const { name, address } = client
      this.#set(records, memory, client, this.#recordOf({ name, address, localAddress }))
    }
    if (memory.known.has(client)) return null
    const failure = memory.failed.get(client) ?? null
    if (memory.failed.delete(client)) return failure
    throw new Suspend((resume) => {
      const waiting = memory.busy.get(key)
      if (waiting === undefined) resume()
      else waiting.push(resume)
    })
  }

  /** The client is gone from `NlmClients`. */
  left(client: NlmClient): void {
    for (const [records, memory] of this.#memories) {
      memory.failed.delete(client)
      if (memory.known.delete(client)) this.#outdate(records, memory, client)
    }
  }

  /** A volume need not remember the client any more, who has not come back. */
  forget(records: ClientRecords, client: Client): void {
    const memory = this.#memoryOf(records)
    // What is being written now is not needed either, and dropped in its turn.
    if (!memory.busy.has(keyOf(client.name, client.address))) this.#drop(records, memory, client)
  }

  /** It is looked after clients as long as there are any: called when one asks for something. */
  arm(): void {
    this.#cancelLook ??= this.#o.environment.timer(LOOK_MS, () => {
      this.#cancelLook = null
      this.#look()
    })
  }

  #look(): void {
    const { clients, isUsed } = this.#o
    for (const client of clients.takeIdle(isUsed)) this.left(client)
    let isNeeded = clients.size > 0
    for (const [records, memory] of this.#memories) {
      const due = [...memory.stale].filter(([key]) => !clients.hasKey(key) && !memory.busy.has(key))
      for (const [, client] of due.slice(0, DROPPED_AT_ONCE)) this.#drop(records, memory, client)
      isNeeded ||= memory.stale.size > 0 || memory.busy.size > 0
    }
    if (isNeeded) this.arm()
  }

  #memoryOf(records: ClientRecords): Memory {
    let memory = this.#memories.get(records)
    if (memory === undefined) {
      memory = { known: new Set(), failed: new Map(), stale: new Map(), busy: new Map() }
      this.#memories.set(records, memory)
    }
    return memory
  }

  #set(records: ClientRecords, memory: Memory, client: NlmClient, record: ClientRecord): void {
    const { key } = client
    memory.busy.set(key, [])
    memory.stale.delete(key)
    const written = (isDurable: boolean, failure: Failure | null): void => {
      if (!this.#o.clients.isOne(client)) this.#outdate(records, memory, client)
      else if (failure !== null) memory.failed.set(client, failure)
      else if (isDurable) memory.known.add(client)
      // Else it is tried again.
      this.#ended(memory, key)
    }
    inBackground((op) => {
      const failure = records.set(op, record)
      if (failure !== null || op.barrier === null) written(true, failure)
      else op.barrier.wait((problem) => written(problem === null, null))
    })
  }

  /** The record is not needed, unless its client comes back. */
  #outdate(records: ClientRecords, memory: Memory, { key, name, address }: NlmClient): void {
    memory.stale.set(key, { name, address })
    this.arm()
    for (const [oldest, client] of memory.stale) {
      if (memory.stale.size <= MOST_STALE) return
      memory.stale.delete(oldest)
      if (!this.#o.clients.hasKey(oldest) && !memory.busy.has(oldest)) this.#drop(records, memory, client)
    }
  }

  #drop(records: ClientRecords, memory: Memory, client: Client): void {
    const key = keyOf(client.name, client.address)
    const { id } = this.#recordOf({ ...client, localAddress: '' })
    memory.stale.delete(key)
    memory.busy.set(key, [])
    inBackground((op) => {
      // What cannot be dropped is told that this mover has started anew, and nothing worse.
      records.drop(op, id)
      this.#ended(memory, key)
    })
  }

  #ended(memory: Memory, key: string): void {
    const waiting = memory.busy.get(key) ?? []
    memory.busy.delete(key)
    for (const resume of waiting) resume()
  }

  #recordOf(client: MonitoredClient): ClientRecord {
    return monitorRecord(this.#o.mover, client, (text) => createHash('sha256').update(text).digest('hex'))
  }
}
