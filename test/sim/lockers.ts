import { readMonitor } from '../../mover/clients/monitors.ts'
import { inBackground } from '../../mover/files/background.ts'
import type { ClientRecord } from '../../mover/files/client-records.ts'
import { type LockedFiles, lockedFiles } from '../../mover/files/lock-records.ts'
import type { VolumeFiles } from '../../mover/files/volume-files.ts'
import { start } from '../../mover/task.ts'
import type { Id } from './failure-attempts.ts'
import { Violation } from './failure-checks.ts'
import type { SimulatedMover } from './failure-mover.ts'
import { type Belief, LockedRecord, LockLedger, shown } from './lock-ledger.ts'
import { Locker, type LockerSite, RECORDS } from './locker.ts'
import { LockServer } from './nlm-server.ts'

export interface LockersOptions extends Pick<LockerSite, 'env' | 'random' | 'trace' | 'host' | 'counts' | 'mayBegin'> {
  readonly count: number
  readonly graceMs: number
  readonly pauseMs: number
  readonly files: readonly Id[]
  /** Movers by name: each has the bit of its place. */
  readonly movers: readonly string[]
}

const NOTHING = new Uint8Array(0)

/** Time goes on until something is so. */
export type Until = (condition: () => boolean, otherwise: string) => void

/** All clients that lock, with the lock managers of their movers. */
export class Lockers {
  readonly #o: LockersOptions
  readonly #lockers: Locker[]
  readonly #ledger: LockLedger
  readonly #servers = new Map<SimulatedMover, LockServer>()
  #lastValue = 0
  /** It is to be seen whether all keep what they have. */
  #isLooking = false

  constructor(options: LockersOptions) {
    const { count, env, graceMs, files } = options
    this.#o = options
    this.#ledger = new LockLedger(graceMs, () => env.monotonicMs())
    const site: LockerSite = {
      ...options,
      files: files.map((file) => ({ ...file, records: Array.from({ length: RECORDS }, () => new LockedRecord()) })),
      ledger: this.#ledger,
      serverOf: (mover) => this.#servers.get(mover) as LockServer,
      newValue: () => ++this.#lastValue,
      mayGiveUp: () => !this.#isLooking,
    }
    this.#lockers = Array.from({ length: count }, (_, i) => new Locker(i + 1, site))
  }

  /** A mover's process begins to serve. */
  serves(mover: SimulatedMover): void {
    const { env, random } = this.#o
    const hosts = new Map(this.#lockers.map(({ nlm }) => [nlm.address, nlm]))
    this.#servers.set(mover, new LockServer(mover, { env, random, hosts }))
  }

  died(mover: SimulatedMover): void {
    this.#servers.delete(mover)
    this.#ledger.died(mover)
    for (const { nlm } of this.#lockers) nlm.died(mover)
  }

  begin(): void {
    for (const locker of this.#lockers) locker.next()
  }

  /** What they do now, for people. */
  get doing(): string[] {
    return this.#lockers.filter(({ isBusy }) => isBusy).map(({ nlm, doing }) => `${nlm.name} ${doing}`)
  }

  /** Nothing of anybody is under way, but that some may wait for others; and nothing is lost. */
  get isSettled(): boolean {
    return this.#lockers.every(({ isSettled }) => isSettled)
  }

  /** What clients believe to have is what is remembered of them, durably. */
  checkRecords(files: VolumeFiles, until: Until): void {
    const { movers } = this.#o
    const noted = notedIn(files, until)
    const clients = clientsIn(files, until)
    for (const belief of this.#ledger.all) {
      const name = belief.mover.incarnation.name
      const bit = 1 << movers.indexOf(name)
      const isNoted = ((noted.get(belief.ino) ?? 0) & bit) !== 0
      if (!isNoted) throw new Violation(`${shown(belief)} is held at ${name}, and that is not noted`, belief.ino)
      const isKnown = clients.some(({ value }) => {
        const client = readMonitor(value)
        return client?.name === `client ${belief.client}` && client.localAddress === name
      })
      if (!isKnown) throw new Violation(`client ${belief.client} has locks at ${name}, and is not remembered`)
    }
  }

  /** What they believe to have, for one who looks later what is left of it: a lock that is not. */
  remember(): () => Belief | undefined {
    const before = [...this.#ledger.all]
    this.#isLooking = true
    return () => {
      this.#isLooking = false
      return before.find((belief) => !new Set(this.#ledger.all).has(belief))
    }
  }

  /** All give up what they have; what they wait for they get. */
  finish(until: Until): void {
    until(() => {
      for (const locker of this.#lockers) locker.next(true)
      return this.#lockers.every(({ isDone }) => isDone)
    }, 'somebody waits for a lock for ever')
  }

  /** Nobody has had locks for long: nothing is remembered of files. */
  checkForgotten(files: VolumeFiles, until: Until): void {
    const { host } = this.#o
    const [left] = notedIn(files, until).keys()
    if (left !== undefined) throw new Violation('nobody has locks of it, and that it is locked is noted', left)
    const table = host.primary?.reign?.authority.locks
    for (const holder of [table?.holder, ...host.holders.map(({ authority }) => authority?.locks.holder)]) {
      const [ino] = holder?.inos() ?? []
      if (ino !== undefined) throw new Violation('nobody has locks of it, and a mover knows something of it', ino)
    }
    const [ino] = table?.inos() ?? []
    if (ino !== undefined) throw new Violation('nobody has locks of it, and the primary knows something of it', ino)
  }
}

/** Files that may be locked, and bits of movers. */
function notedIn({ volume }: VolumeFiles, until: Until): LockedFiles {
  const found: LockedFiles[] = []
  start(lockedFiles(volume), (error, noted) => {
    if (error !== null) throw error
    found.push(noted)
  })
  until(() => found.length > 0, 'it cannot be read which files are locked')
  return found[0] as LockedFiles
}

function clientsIn({ clients }: VolumeFiles, until: Until): readonly ClientRecord[] {
  const found: (readonly ClientRecord[])[] = []
  inBackground((op) => {
    const listed = clients.list(op, NOTHING, NOTHING)
    if (typeof listed === 'string') throw new Violation(`clients cannot be listed: ${listed}`)
    found.push(listed)
  })
  until(() => found.length > 0, 'clients cannot be listed')
  return found[0] as readonly ClientRecord[]
}
