import { addressOf, type LockOwner, type LockProtocol } from './client-lock.ts'
import type { MoverId } from './token-table.ts'

/** So many who have nothing any more are still known: most who lock a file lock one again soon. */
export const MOST_IDLE = 64

/** Where clients of one mover call from, however many names they have there. */
class LockAddress {
  readonly name: string
  /** Clients that are known. */
  clients = 0
  /** Ranges and opens that all of them have. */
  locks = 0

  constructor(name: string) {
    this.name = name
  }
}

/** A client, and how many locks it has. */
export class LockClient {
  readonly protocol: LockProtocol
  readonly name: string
  /** All those of its mover. */
  readonly all: LockOwners
  /** The same for all clients there; that of a client that is not known yet may be nobody else's. */
  address: LockAddress
  /** Those that are used, and some that were of late. */
  readonly owners = new Map<string, Owner>()
  /** Owners that are used. */
  used = 0
  locks = 0

  constructor(protocol: LockProtocol, name: string, address: LockAddress, all: LockOwners) {
    this.protocol = protocol
    this.name = name
    this.address = address
    this.all = all
  }
}

/**
 * An owner of locks: one object for each as long as it has something (`keep`, `gained`), so that owners are compared by
 * identity.
 */
export class Owner {
  /** See `LockOwner.owner`. */
  readonly name: string
  /** Its client; that of one who has nothing yet may be nobody else's. */
  client: LockClient
  /** In an order of the mover's owners. */
  readonly number: number
  /** In the ring of `LockOwners`: it is forgotten when its turn comes, unless it is used then. */
  isLeaving = false
  #uses = 0
  /** Files where it has, waits for or has asked for something, as far as that is noted: of most owners it is one. */
  #files: number | Set<number> | null = null

  constructor(name: string, client: LockClient, number: number) {
    this.name = name
    this.client = client
    this.number = number
  }

  get mover(): MoverId {
    return this.client.all.mover
  }

  /** Made anew for each who asks: there are as many owners as locks, of which few are told. */
  get who(): LockOwner {
    const { protocol, name } = this.client
    return { protocol, client: name, owner: this.name }
  }

  /** False when it has no locks, waits for none and has asked for nothing. */
  get isUsed(): boolean {
    return this.#uses > 0
  }

  /** True when it has, waits for or has asked for more than one thing. */
  get isUsedMore(): boolean {
    return this.#uses > 1
  }

  /** See `uses`. */
  get files(): number[] {
    const files = this.#files
    if (files === null) return []
    return typeof files === 'number' ? [files] : [...files]
  }

  /** It has something of a file from now on, or wants it; or neither. */
  uses(ino: number, isUsing: boolean): void {
    const files = this.#files
    if (files instanceof Set) {
      if (isUsing) files.add(ino)
      else files.delete(ino)
    } else if (isUsing) {
      this.#files = files === null || files === ino ? ino : new Set([files, ino])
    } else if (files === ino) this.#files = null
  }

  /** Something refers to it from now on. */
  keep(): void {
    if (this.#uses++ === 0) this.client.all.add(this)
  }

  drop(): void {
    if (--this.#uses > 0) return
    this.#files = null
    this.client.all.remove(this)
  }

  /** It has a range or open more. */
  gained(): void {
    this.keep()
    this.client.locks++
    this.client.address.locks++
    this.client.all.locks++
  }

  lost(): void {
    this.client.locks--
    this.client.address.locks--
    this.client.all.locks--
    this.drop()
  }
}

/** The owners of one mover's clients. */
export class LockOwners {
  readonly mover: MoverId
  readonly #clients = { nlm: new Map<string, LockClient>(), nfs4: new Map<string, LockClient>(), smb: new Map() }
  readonly #addresses = new Map<string, LockAddress>()
  /** In a ring: the place of who comes next is that of who has to go. */
  readonly #leaving: Owner[] = []
  #nextPlace = 0
  #lastNumber = 0
  /** Ranges and opens that all of them have. */
  locks = 0

  constructor(mover: MoverId) {
    this.mover = mover
  }

  /** One who has nothing yet is made, and forgotten again unless it is kept. */
  find(who: LockOwner): Owner {
    const client = this.#clients[who.protocol].get(who.client) ?? this.#newClient(who)
    const known = client.owners.get(who.owner)
    if (known !== undefined) return known
    return new Owner(who.owner, client, ++this.#lastNumber)
  }

  /** Those that are known now. */
  clients(): LockClient[] {
    return Object.values(this.#clients).flatMap((clients: ReadonlyMap<string, LockClient>) => [...clients.values()])
  }

  /** True when some owner of a client is used. */
  has(protocol: LockProtocol, client: string): boolean {
    return (this.#clients[protocol].get(client)?.used ?? 0) > 0
  }

  /** How many ranges and opens clients at an address have. */
  locksAt(address: string): number {
    return this.#addresses.get(address)?.locks ?? 0
  }

  /** The owners of a client that are used. */
  of(protocol: LockProtocol, client: string): Owner[] {
    return [...(this.#clients[protocol].get(client)?.owners.values() ?? [])].filter(({ isUsed }) => isUsed)
  }

  /** An owner is used from now on. */
  add(owner: Owner): void {
    if (!owner.isLeaving) this.#learn(owner)
    owner.client.used++
  }

  /** An owner is not used any more. */
  remove(owner: Owner): void {
    owner.client.used--
    if (owner.isLeaving) return
    owner.isLeaving = true
    const place = this.#nextPlace
    const going = this.#leaving[place]
    this.#leaving[place] = owner
    this.#nextPlace = (place + 1) % MOST_IDLE
    if (going === undefined) return
    going.isLeaving = false
    if (!going.isUsed) this.#forget(going)
  }

  #learn(owner: Owner): void {
    const clients = this.#clients[owner.client.protocol]
    let client = clients.get(owner.client.name)
    if (client === undefined) {
      client = owner.client
      clients.set(client.name, client)
      this.#comes(client)
    }
    owner.client = client
    client.owners.set(owner.name, owner)
  }

  #forget(owner: Owner): void {
    const { client } = owner
    client.owners.delete(owner.name)
    if (client.owners.size > 0) return
    this.#clients[client.protocol].delete(client.name)
    if (--client.address.clients === 0) this.#addresses.delete(client.address.name)
  }

  #newClient({ protocol, client }: LockOwner): LockClient {
    const name = addressOf(client)
    return new LockClient(protocol, client, this.#addresses.get(name) ?? new LockAddress(name), this)
  }

  #comes(client: LockClient): void {
    const { name } = client.address
    const address = this.#addresses.get(name) ?? client.address
    client.address = address
    if (address.clients++ === 0) this.#addresses.set(name, address)
  }
}
