import type { ClientCount, ClientLockStatus, MoverClients, MoverLocks } from './control/status.ts'
import { lockStatus } from './lock-status.ts'
import { addressOf, type ClientLock } from './locks/client-lock.ts'
import type { Steps } from './turns.ts'
import type { OpenedVolume } from './volumes.ts'

/** Locks that are shown of a file, and of a volume. */
export const MOST_OF_FILE = 1000
export const MOST_OF_VOLUME = 10_000
/** Names that are shown of the clients at an address. */
const MOST_NAMES = 100

/** What has to be known of a volume to say who has which locks. */
export type LockedVolume = Pick<OpenedVolume, 'name' | 'locks' | 'breakLock' | 'tokens'> & {
  readonly reign: Pick<NonNullable<OpenedVolume['reign']>, 'waiting' | 'waitingClients'> | null
}

/** A lock that a client of this mover holds, or waits for. */
export interface FoundLock {
  volume: LockedVolume
  ino: number
  lock: ClientLock
  status: ClientLockStatus
}

/** See `MoverLocks`. */
export function* listLocks(mover: string, volumes: readonly LockedVolume[]): Steps<MoverLocks> {
  const found: MoverLocks = { files: [], held: [], moreHeld: [], waiting: [], moreWaiting: [] }
  for (const volume of volumes) {
    for (const file of volume.tokens(mover)) yield put(found.files, file)
    yield* listHeld(mover, volume, found)
    for (const queue of volume.reign?.waiting(mover) ?? []) yield putQueue(found, queue)
  }
  return found
}

function* listHeld(mover: string, { name, locks }: LockedVolume, { held, moreHeld }: MoverLocks): Steps<void> {
  let left = MOST_OF_VOLUME
  let others = 0
  for (const ino of locks.inos()) {
    const count = locks.held(ino)
    const most = Math.min(MOST_OF_FILE, left)
    let shown = 0
    for (const { lock, isHeld } of locks.of(ino)) {
      if (!isHeld || shown >= most) break
      yield put(held, lockStatus(mover, name, ino, lock))
      shown++
    }
    left -= shown
    if (shown === 0) others += count
    else if (count > shown) moreHeld.push({ mover, volume: name, ino, count: count - shown })
    yield 1
  }
  if (others > 0) moreHeld.push({ mover, volume: name, ino: null, count: others })
}

/** The lock of an ID, held or waited for, as it is when this returns; null: there is none. */
export function* findLock(mover: string, volumes: readonly LockedVolume[], id: string): Steps<FoundLock | null> {
  for (const volume of volumes) {
    for (const ino of volume.locks.inos()) {
      for (const { lock, isHeld } of volume.locks.of(ino)) {
        const status = lockStatus(mover, volume.name, ino, lock)
        if (status.id === id) {
          return { volume, ino, lock, status: isHeld ? status : { ...status, waitsFor: [], waitsForMore: true } }
        }
        yield 1
      }
      yield 1
    }
  }
  return null
}

/** See `MoverClients`. */
export function* countClients(mover: string, volumes: readonly LockedVolume[]): Steps<MoverClients> {
  const [held, waiting] = [new ClientCounts(), new ClientCounts()]
  for (const { locks, reign } of volumes) {
    for (const { name, locks: count } of locks.clients()) {
      if (count > 0) held.add(mover, name, count)
      yield 1
    }
    for (const asking of reign?.waitingClients(mover) ?? []) {
      for (const one of asking) waiting.add(one.mover, one.client, 1)
      yield asking.length + 1
    }
  }
  return { held: held.list(), waiting: waiting.list() }
}

/** Counts of clients, by their mover and address. */
class ClientCounts {
  readonly #byPlace = new Map<string, Omit<ClientCount, 'names'> & { names: Set<string> }>()

  add(mover: string, client: string, count: number): void {
    const address = addressOf(client)
    const name = client.slice(0, Math.max(0, client.length - address.length - 1))
    const place = `${mover} ${address}`
    const sum = this.#byPlace.get(place) ?? { mover, address, names: new Set(), moreNames: false, count: 0 }
    this.#byPlace.set(place, sum)
    sum.count += count
    if (sum.names.size < MOST_NAMES) sum.names.add(name)
    else if (!sum.names.has(name)) sum.moreNames = true
  }

  list(): ClientCount[] {
    return [...this.#byPlace.values()].map((sum) => ({ ...sum, names: [...sum.names] }))
  }
}

function put<T>(all: T[], one: T): number {
  all.push(one)
  return 1
}

/** How much of a work it was: see `PrimaryReign.waiting`. */
function putQueue(found: MoverLocks, { waiting, moreWaiting }: Pick<MoverLocks, 'waiting' | 'moreWaiting'>): number {
  found.waiting.push(...waiting)
  found.moreWaiting.push(...moreWaiting)
  return waiting.reduce((sum, { waitsFor }) => sum + 1 + (waitsFor?.length ?? 0), 1 + moreWaiting.length)
}
