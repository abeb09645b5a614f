import { keyOf, textOf } from './owner.ts'

/** A client that may have locks. */
export interface NlmClient {
  /** As owners of locks name it. */
  readonly key: string
  /** What it calls itself; a character for each byte. */
  readonly name: string
  readonly address: string
  /** Its own, in which it has asked for locks last: greater each time that it is started (C702 §11.2); 0: it tells none. */
  state: number
}

const MAX_CLIENTS = 16_384
/** Names are invented easily, addresses are not: there must be room for the others. */
const MAX_NAMES_OF_ADDRESS = 256

/** The clients of this mover that have asked for locks since they, or it, were started. */
export class NlmClients {
  readonly #clients = new Map<string, NlmClient>()
  readonly #namesOf = new Map<string, number>()

  /** The client of a call; null when there are too many, or too many at its address. */
  add(callerName: Uint8Array, address: string): NlmClient | null {
    const name = textOf(callerName)
    const key = keyOf(name, address)
    let client = this.#clients.get(key)
    if (client === undefined) {
      const names = this.#namesOf.get(address) ?? 0
      if (this.#clients.size >= MAX_CLIENTS || names >= MAX_NAMES_OF_ADDRESS) return null
      this.#namesOf.set(address, names + 1)
      client = { key, name, address, state: 0 }
      this.#clients.set(key, client)
    }
    return client
  }

  /** True when a client of that name and address (see `NlmClient`) has asked for locks. */
  has({ name, address }: Pick<NlmClient, 'name' | 'address'>): boolean {
    return this.#clients.has(keyOf(name, address))
  }

  /** The client is gone, and its locks are. */
  remove({ key, address }: NlmClient): void {
    if (!this.#clients.delete(key)) return
    const names = (this.#namesOf.get(address) ?? 1) - 1
    if (names > 0) this.#namesOf.set(address, names)
    else this.#namesOf.delete(address)
  }

  /**
   * Those of whom it is said, from `address`, that `name` has started anew. Who calls from there by that name is meant; or by
   * that name in a shorter or longer form; or, since locks and news may come by different names, whoever calls from there,
   * which is sure if only one does. A client may have sent it from another address: it is known by its name, and anybody could
   * say that.
   */
  named(name: string, address: string): { meant: NlmClient[]; isSure: boolean } {
    const all = [...this.#clients.values()]
    const there = all.filter((client) => client.address === address)
    const byRule = [
      { meant: there.filter((client) => client.name === name), isSure: true },
      { meant: there.filter((client) => hostOf(client.name) === hostOf(name)), isSure: true },
      { meant: there, isSure: there.length === 1 },
      { meant: all.filter((client) => client.name === name), isSure: false },
    ]
    return byRule.find(({ meant }) => meant.length > 0) ?? { meant: [], isSure: false }
  }
}

/** A name without its domain. */
function hostOf(name: string): string {
  return name.split('.', 1)[0].toLowerCase()
}
