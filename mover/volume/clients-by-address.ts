/** The clients of one address, the one heard of last at the end. */
interface Group<Client> {
  readonly clients: Set<Client>
  weight: number
}

/** Who comes from an address. */
export interface Addressed {
  /** Tells addresses apart. */
  readonly address: number
}

/**
 * Clients in the order in which they were heard of, grouped by address. A client states its name itself and could invent
 * any number of them, its address it cannot: so whoever has to make room for others does so at its own address first.
 */
export class ClientsByAddress<Client extends Addressed> {
  size = 0
  /** What all clients weigh. */
  weight = 0
  /** The address heard of last at the end. */
  readonly #groups = new Map<number, Group<Client>>()
  #last: Client | null = null

  /** This client was heard of now; it is added if need be. */
  heard(client: Client): void {
    if (client === this.#last) return
    this.#last = client
    const group = this.#groups.get(client.address) ?? { clients: new Set(), weight: 0 }
    if (!group.clients.delete(client)) this.size++
    group.clients.add(client)
    this.#groups.delete(client.address)
    this.#groups.set(client.address, group)
  }

  /** A client that is here weighs so much more, or less. */
  weigh(client: Client, change: number): void {
    const group = this.#groups.get(client.address)
    if (group === undefined) throw new Error(`no client of the address ${client.address} is known`)
    group.weight += change
    this.weight += change
  }

  /** Forgets a client, which must not weigh anything any more. */
  delete(client: Client): void {
    const group = this.#groups.get(client.address)
    if (!group?.clients.delete(client)) return
    this.size--
    if (group.clients.size === 0) this.#groups.delete(client.address)
    if (client === this.#last) this.#last = null
  }

  /** Who goes first when there are too many, but not `except`: of the address with most names the one silent longest. */
  oneOfMost(except: Client | null): Client | null {
    return this.#first(except, ({ clients }) => clients.size)
  }

  /** Who goes first when they weigh too much, but not `except`: of the heaviest address the one silent longest. */
  oneOfHeaviest(except: Client | null): Client | null {
    return this.#first(except, ({ weight }) => weight)
  }

  /** All clients, the one heard of last first; the second one of an address after the first one of every other. */
  *inTurns(): Generator<Client> {
    let queues = [...this.#groups.values()].reverse().map(({ clients }) => [...clients])
    while (queues.length > 0) {
      for (const queue of queues) yield queue.pop() as Client
      queues = queues.filter((queue) => queue.length > 0)
    }
  }

  #first(except: Client | null, measure: (group: Group<Client>) => number): Client | null {
    let most: Client | null = null
    let largest = Number.NEGATIVE_INFINITY
    for (const group of this.#groups.values()) {
      if (measure(group) <= largest) continue
      const oldest = oldestOf(group, except)
      if (oldest === null) continue
      largest = measure(group)
      most = oldest
    }
    return most
  }
}

function oldestOf<Client>({ clients }: Group<Client>, except: Client | null): Client | null {
  for (const client of clients) if (client !== except) return client
  return null
}
