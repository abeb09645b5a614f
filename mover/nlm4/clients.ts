import { hasShare } from '../files/client-locks.ts'
import { keyOf, textOf } from './owner.ts'

/** A client that may have locks. */
export interface NlmClient {
  /** As owners of locks name it. */
  readonly key: string
  /** What it calls itself; a character for each byte. */
  readonly name: string
  readonly address: string
  /** The greatest of its own in which it has asked for locks: it grows whenever it starts (C702 §11.2); 0: it tells none. */
  state: number
  /** The one in which it has asked last: less where it has lost count of its starts, or an old call has come late. */
  lastState: number
  /** It has asked for something since it was looked at last. */
  isActive: boolean
}

const MAX_CLIENTS = 16_384
/** Names are invented easily, addresses are not: there must be room for the others. */
const MAX_NAMES_OF_ADDRESS = 256

const NO_CLIENTS: ReadonlySet<NlmClient> = new Set()

/** The clients of this mover that have asked for locks since they, or it, were started: of late, if they have none. */
export class NlmClients {
  readonly #clients = new Map<string, NlmClient>()
  readonly #byAddress = new Groups()
  readonly #byName = new Groups()

  get size(): number {
    return this.#clients.size
  }

  /** The client of a call; null when there are too many, or too many at its address. `key`: see `NlmClient`. */
  add(callerName: Uint8Array, address: string, key = keyOf(textOf(callerName), address)): NlmClient | null {
    let client = this.#clients.get(key)
    if (client === undefined) {
      const name = textOf(callerName)
      const names = this.#byAddress.of(address).size
      const others = this.#clients.size - names
      if (names >= MAX_NAMES_OF_ADDRESS || !hasShare(names, others, MAX_CLIENTS)) return null
      client = { key, name, address, state: 0, lastState: 0, isActive: true }
      this.#clients.set(key, client)
      this.#byAddress.add(address, client)
      this.#byName.add(name, client)
    }
    client.isActive = true
    return client
  }

  /** True when a client of that name and address (see `NlmClient`) has asked for locks. */
  has({ name, address }: Pick<NlmClient, 'name' | 'address'>): boolean {
    return this.#clients.has(keyOf(name, address))
  }

  hasKey(key: string): boolean {
    return this.#clients.has(key)
  }

  /** True for a client that is among them: not for one of the same name that has gone. */
  isOne(client: NlmClient): boolean {
    return this.#clients.get(client.key) === client
  }

  /** Takes out those who have asked for nothing since the last look, and for whom `isUsed` is false. */
  takeIdle(isUsed: (client: NlmClient) => boolean): NlmClient[] {
    const idle = [...this.#clients.values()].filter((client) => !client.isActive && !isUsed(client))
    for (const client of idle) this.remove(client)
    for (const client of this.#clients.values()) client.isActive = false
    return idle
  }

  /** The client is gone, and its locks are. */
  remove({ key, name, address }: NlmClient): void {
    const client = this.#clients.get(key)
    if (client === undefined) return
    this.#clients.delete(key)
    this.#byAddress.remove(address, client)
    this.#byName.remove(name, client)
  }

  /**
   * Those of whom it is said, from `address`, that `name` has started anew. Who calls from there by that name is meant; or by
   * that name in a shorter or longer form, which is sure if only one does; or, since locks and news may come by different
   * names, whoever calls from there: as sure only if no name is said but that address, since several hosts may call from one,
   * and those without locks are not known. A client may have sent it from another address: it is known by its name, and anybody
   * could say that.
   */
  named(name: string, address: string): { meant: NlmClient[]; isSure: boolean } {
    const there = [...this.#byAddress.of(address)]
    const similar = there.filter((client) => hostOf(client.name) === hostOf(name))
    const byRule = [
      { meant: there.filter((client) => client.name === name), isSure: true },
      { meant: similar, isSure: similar.length === 1 },
      { meant: there, isSure: there.length === 1 && name === address },
      { meant: [...this.#byName.of(name)], isSure: false },
    ]
    return byRule.find(({ meant }) => meant.length > 0) ?? { meant: [], isSure: false }
  }
}

/** Clients that have something in common: whoever says that one of them was started anew must not have all looked at. */
class Groups {
  readonly #groups = new Map<string, Set<NlmClient>>()

  of(what: string): ReadonlySet<NlmClient> {
    return this.#groups.get(what) ?? NO_CLIENTS
  }

  add(what: string, client: NlmClient): void {
    const group = this.#groups.get(what)
    if (group === undefined) this.#groups.set(what, new Set([client]))
    else group.add(client)
  }

  remove(what: string, client: NlmClient): void {
    const group = this.#groups.get(what)
    if (group?.delete(client) && group.size === 0) this.#groups.delete(what)
  }
}

/** A name without its domain. */
function hostOf(name: string): string {
  return name.split('.', 1)[0].toLowerCase()
}
