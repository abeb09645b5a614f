import type { Stability } from '../../mover/files/service.ts'
import { nlm4_stats } from '../../protocol/nlm4/nlm.gen.ts'
import { type Attempt, committing, type Id, reading, writing } from './failure-attempts.ts'
import { callUntilAnswered } from './failure-call.ts'
import { Violation } from './failure-checks.ts'
import type { Slot } from './failure-host.ts'
import type { SimulatedMover } from './failure-mover.ts'
import type { LockedRecord } from './lock-ledger.ts'
import { type LockingSite, NlmClient, type OwnLock } from './nlm-client.ts'
import type { Wanted } from './nlm-words.ts'
import { SECTOR_BYTES } from './sectors.ts'

/** Sectors of a file's records: some share a page. */
const SECTORS = [0, 1, 9, 40]
export const RECORDS = SECTORS.length
const MOST_LOCKS = 3
/** How long a client waits for a lock at most, when it has not all the patience. */
const PATIENCE_MS = 2000
/** Chance that who has no more patience starts anew. */
const RESTART_CHANCE = 0.3

/** A file whose records clients lock. */
export interface LockedFile extends Id {
  readonly records: readonly LockedRecord[]
}

export interface LockerSite extends LockingSite {
  readonly files: readonly LockedFile[]
  /** Between two things that a client does, at most. */
  readonly pauseMs: number
  /** No value was written before. */
  newValue(): number
  mayBegin(): boolean
  /** A client may give up what it has, as when it starts anew. */
  mayGiveUp(): boolean
}

/** A client that locks records of files, one thing after the other, and reads and writes what it has locked. */
export class Locker {
  readonly nlm: NlmClient
  isBusy = false
  doing = ''
  readonly #site: LockerSite

  constructor(number: number, site: LockerSite) {
    this.#site = site
    this.nlm = new NlmClient(number, site)
  }

  /** It has nothing, and wants nothing. */
  get isDone(): boolean {
    return !this.isBusy && this.nlm.locks.length === 0 && !this.nlm.isRecovering
  }

  /** Nothing of it is under way, but that it may wait for others. */
  get isSettled(): boolean {
    return (!this.isBusy || this.nlm.isBlocked) && !this.nlm.hasLost
  }

  /** Begins something, if it may. `isLast`: nothing new, it gives up what it has. */
  next(isLast = false): void {
    const { random, mayBegin } = this.#site
    const { locks, isRecovering } = this.nlm
    // While it reclaims it changes nothing.
    if (this.isBusy || isRecovering) return
    if (isLast) {
      if (locks.length > 0) this.#unlock(random.pick(locks))
      return
    }
    if (!mayBegin()) return
    const dice = random.below(100)
    if (dice < 2) this.#restart()
    else if (locks.length === 0 || (dice < 30 && locks.length < MOST_LOCKS)) this.#lockSomething()
    else if (dice < 45) this.#unlock(random.pick(locks))
    else if (dice < 52) this.#change(random.pick(locks))
    else this.#use(random.pick(locks))
  }

  #begin(what: string): void {
    const { counts } = this.#site
    this.isBusy = true
    this.doing = what
    counts[what] = (counts[what] ?? 0) + 1
  }

  #done(): void {
    const { env, random, pauseMs } = this.#site
    this.isBusy = false
    env.work(pauseMs * random.float() ** 3, () => this.#goOn())
  }

  #goOn(): void {
    if (this.nlm.isRecovering) this.#site.env.work(this.#site.pauseMs * 0.1, () => this.#goOn())
    else this.next()
  }

  // Locks

  /** Nothing that touches what it has. */
  #lockSomething(): void {
    const { random, files } = this.#site
    const file = random.pick(files)
    const first = random.below(RECORDS)
    const end = Math.min(first + 1 + random.below(2), RECORDS)
    const isApart = this.nlm.locks.every((own) => own.file !== file || own.first >= end || first >= own.end)
    if (isApart) this.#lock({ file, first, end, isExclusive: random.chance(0.6) })
    else this.#use(random.pick(this.nlm.locks))
  }

  /** Another kind of what it has. */
  #change(lock: OwnLock): void {
    const { file, first, end, isExclusive } = lock
    this.#lock({ file, first, end, isExclusive: !isExclusive })
  }

  #lock(wanted: Wanted): void {
    const { env, random, counts, mayGiveUp } = this.#site
    const mayWait = random.chance(0.7)
    this.#begin(mayWait ? 'locks' : 'tries')
    let isOver = false
    const answered = (stat: nlm4_stats): void => {
      isOver = true
      if (stat === nlm4_stats.NLM4_DEADLCK) counts['deadlocks'] = (counts['deadlocks'] ?? 0) + 1
      const isUsual =
        stat === nlm4_stats.NLM4_GRANTED || stat === nlm4_stats.NLM4_DENIED || stat === nlm4_stats.NLM4_DEADLCK
      if (!isUsual) throw new Violation(`${this.nlm.name} locks, and is told ${stat}`, wanted.file.ino)
      this.#done()
    }
    this.nlm.lock(wanted, mayWait, answered)
    if (!mayWait || isOver || random.chance(0.6)) return
    env.work(random.float() * PATIENCE_MS, () => {
      if (isOver || !mayGiveUp() || !this.nlm.isBlocked || this.nlm.isRecovering) return
      if (!random.chance(RESTART_CHANCE)) this.nlm.cancel()
      else {
        isOver = true
        this.#restart()
      }
    })
  }

  #unlock(lock: OwnLock): void {
    this.#begin('unlocks')
    this.nlm.unlock(lock, () => this.#done())
  }

  #restart(): void {
    this.#begin('restarts of clients')
    this.nlm.restart(() => this.#done())
  }

  // What is locked

  #use(lock: OwnLock): void {
    const { random } = this.#site
    const at = lock.first + random.below(lock.end - lock.first)
    const record = (lock.file as LockedFile).records[at]
    if (record === undefined) throw new Error(`there is no record ${at}`)
    if (lock.isExclusive && random.chance(0.7)) this.#update(lock, record, SECTORS[at] ?? 0)
    else {
      this.#begin('reads')
      this.#read(lock, record, SECTORS[at] ?? 0, () => this.#done())
    }
  }

  #read(lock: OwnLock, record: LockedRecord, sector: number, then: () => void): void {
    const { trace } = this.#site
    const isStill = this.#watch(lock)
    const offset = sector * SECTOR_BYTES
    this.#call('reads', lock.file, reading(lock.file, offset, offset + SECTOR_BYTES), ({ values }) => {
      // Behind the end of the file is nothing.
      const value = values[0] ?? 0
      trace.note(`${this.nlm.name} has read ${value} of record at ${sector}`, lock.ino)
      if (isStill()) record.read(value)
      then()
    })
  }

  #update(lock: OwnLock, record: LockedRecord, sector: number): void {
    this.#begin('updates')
    this.#read(lock, record, sector, () => {
      const isStill = this.#watch(lock)
      if (!isStill()) {
        this.#done()
        return
      }
      const value = this.#site.newValue()
      lock.lapsed = () => record.lost(value)
      this.#write(lock.file, sector, value, () => {
        lock.lapsed = () => {}
        if (isStill()) record.written(value)
        else record.writtenLate(value)
        this.#done()
      })
    })
  }

  /** Durably: at once, or with a COMMIT that comes to the same process. */
  #write(file: Id, sector: number, value: number, done: () => void): void {
    const bytes = new Uint8Array(SECTOR_BYTES)
    new Uint32Array(bytes.buffer).fill(value)
    const write = (stability: Stability): void => {
      const what = `writes ${value} at ${sector} ${stability}`
      this.#call(what, file, writing(file, sector * SECTOR_BYTES, bytes, stability), ({ committed, verifier }) => {
        if (committed === 'fileSync') done()
        else
          this.#call('commits', file, committing(file), (commit) => {
            if (commit.verifier === verifier) done()
            else write('fileSync')
          })
      })
    }
    write(this.#site.random.chance(0.6) ? 'fileSync' : 'unstable')
  }

  /** True as long as nobody else can have had the lock. */
  #watch(lock: OwnLock): () => boolean {
    const { lapses } = lock
    return () => lock.lapses === lapses && this.#site.ledger.isValid(lock)
  }

  /** A call of NFS, at the mover where its locks are, or at another. */
  #call<T>(what: string, { ino }: Id, attempt: Attempt<T>, done: (value: T) => void): void {
    const site = this.#site
    const { random, host } = site
    let slot: Slot = random.chance(0.7) ? this.nlm.home : random.pick(host.slots)
    callUntilAnswered<T>(site, {
      who: this.nlm.name,
      what,
      ino,
      call: this.nlm.sent(attempt),
      slot: () => slot,
      away: () => {
        slot = random.pick(host.slots)
      },
      sent: () => {},
      answered: ({ failure, value }, mover: SimulatedMover) => {
        if (failure !== null) throw new Violation(`${this.nlm.name} ${what} at ${mover.name}: ${failure}`, ino)
        done(value as T)
      },
    })
  }
}
