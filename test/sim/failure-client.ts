import type { Failure } from '../../mover/failure.ts'
import type { Stability } from '../../mover/files/service.ts'
import type { Random } from '../crash/random.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import type { ContentNames, Named } from './content-names.ts'
import {
  type Attempt,
  committing,
  type Id,
  looking,
  privileging,
  reading,
  straying,
  truncating,
  writing,
} from './failure-attempts.ts'
import { callUntilAnswered } from './failure-call.ts'
import { Violation } from './failure-checks.ts'
import type { Outcome } from './failure-door.ts'
import type { SimulatedHost, Slot } from './failure-host.ts'
import { listing } from './failure-listing.ts'
import type { SimulatedMover } from './failure-mover.ts'
import { type FileHistory, type HistoryWrite, Incoherence } from './history.ts'
import { SECTOR_BYTES } from './sectors.ts'
import type { Trace } from './trace.ts'

/** Sectors that files have at most. */
export const MOST_SECTORS = 96
const LONGEST = 20
const PAGE_BYTES = 4096
/** More than one record frees. */
const PIECES = 70
const ONE_BYTE = new Uint8Array(1)
/** Bystanders behind this one are clients' own, by their numbers. */
const FIRST_OWN = 1
/** Bystanders that are written to. */
export const MOST_OWN = 8

/** A file that clients share. */
export interface SharedFile extends Id {
  readonly history: FileHistory
  readonly names: ContentNames
}

/** What was acknowledged UNSTABLE: its client has it until it is committed. */
interface Uncommitted {
  readonly file: SharedFile
  readonly write: HistoryWrite
  readonly first: number
  readonly end: number
  verifier: string
  mover: SimulatedMover
  isUnsure: boolean
}

/** What clients play in. */
export interface Playground {
  readonly host: SimulatedHost
  readonly env: TestEnvironment
  readonly random: Random
  readonly trace: Trace
  readonly files: readonly SharedFile[]
  /** Others, which nobody changes. */
  readonly bystanders: readonly Id[]
  readonly counts: Record<string, number>
  readonly root: Id
  /** Clients list the directory, where they else look a name up or look at bystanders. */
  readonly lists: boolean
  /** They write to files that have setuid and setgid, where they else look at bystanders. */
  readonly strays: boolean
  /** Another operation may begin. */
  mayBegin(): boolean
}

/** A client with one operation at a time: it repeats its call at another mover when the one that it uses dies. */
export class Client {
  isBusy = false
  readonly #number: number
  readonly #p: Playground
  readonly #name: Uint8Array
  #isThere = false
  #slot: Slot
  #uncommitted: Uncommitted[] = []
  /** To be sent again: it may have been lost. */
  #again: Uncommitted[] = []
  /** A write that is not acknowledged, and where it is asked for. */
  #sending: HistoryWrite | null = null
  #at: SimulatedMover | null = null
  #lastXid = 0

  constructor(number: number, playground: Playground) {
    this.#number = number
    this.#p = playground
    this.#name = new TextEncoder().encode(`of client ${number}`)
    this.#slot = playground.random.pick(playground.host.slots)
  }

  /** What it does now, for people. */
  doing = ''
  #sinceMs = 0

  /** For how long it waits for an answer that its mover could give. */
  get waitedMs(): number {
    return this.isBusy && this.#at?.hasStalled === false ? this.#p.env.monotonicMs() - this.#sinceMs : 0
  }

  get isDone(): boolean {
    return !this.isBusy && this.#uncommitted.length === 0 && this.#again.length === 0
  }

  /** A mover has died: what it has not made durable may be lost. */
  died(mover: SimulatedMover): void {
    for (const one of [...this.#uncommitted, ...this.#again]) {
      if (one.mover !== mover || one.isUnsure) continue
      one.isUnsure = true
      one.write.unsure()
    }
    // Others may have seen it.
    if (this.#at === mover) this.#sending?.unsure()
  }

  /** Begins something, if it may, and goes on. `isLast`: nothing new, only what is to be made durable. */
  next(isLast = false): void {
    const { random, files, counts } = this.#p
    if (this.isBusy) return
    const again = this.#again.shift()
    if (again !== undefined) {
      this.#send(again, random.chance(0.3) ? 'fileSync' : 'unstable')
      return
    }
    const uncommitted = this.#uncommitted[0]
    if (isLast) {
      if (uncommitted !== undefined) this.#commit(uncommitted.file)
      return
    }
    if (!this.#p.mayBegin()) return
    if (random.chance(0.05)) this.#slot = random.pick(this.#p.host.slots)
    const file = random.pick(files)
    const first = random.below(random.pick([8, 40, MOST_SECTORS - LONGEST]))
    const end = first + 1 + random.below(LONGEST)
    const [what, begin] = random.pick(this.#plays)
    counts[what] = (counts[what] ?? 0) + 1
    begin(file, first, end)
  }

  /** Reads all of a file. */
  readAll(file: SharedFile): void {
    this.#read(file, 0, MOST_SECTORS + LONGEST)
  }

  useMover(slot: Slot): void {
    this.#slot = slot
  }

  readonly #plays: readonly (readonly [string, (file: SharedFile, first: number, end: number) => void])[] = [
    ['reads', (file, first, end) => this.#read(file, first, end)],
    ['reads', (file, first, end) => this.#read(file, first, end)],
    ['writes', (file, first, end) => this.#write(file, first, end)],
    ['writes', (file, first, end) => this.#write(file, first, end)],
    ['writes', (file, first, end) => this.#write(file, first, end)],
    ['commits', (file) => this.#commit(file)],
    ['truncations', (file, first) => this.#truncate(file, first)],
    ['looks', (file) => this.#look(file, () => this.#done())],
    ['observations', (file) => this.#observe(file)],
    ['names', () => this.#changeName()],
    ['wanderings', () => this.#lookAround()],
    ['piecemeal truncations', () => this.#makePieces()],
  ]

  // Operations, as NFS procedures carry them out

  #read(file: SharedFile, first: number, end: number): void {
    const answered = file.history.read(first, end)
    const offset = first * SECTOR_BYTES
    this.#call(`reads [${first}, ${end})`, file, false, reading(file, offset, end * SECTOR_BYTES), (seen) => {
      this.#p.trace.note(`client ${this.#number} has read ${seen?.values}`, file.ino)
      answered(seen?.values ?? [], seen?.eof ?? false)
      this.#done()
    })
  }

  #write(file: SharedFile, first: number, end: number): void {
    const { random, host } = this.#p
    const write = file.history.write(first, end)
    const mover = this.#slot.mover ?? (host.slots[0]?.mover as SimulatedMover)
    const one = { file, write, first, end, verifier: '', mover, isUnsure: true }
    this.#send(one, random.chance(0.4) ? 'fileSync' : 'unstable')
  }

  #send(one: Uncommitted, stability: Stability): void {
    const { file, write, first, end } = one
    const bytes = new Uint8Array((end - first) * SECTOR_BYTES)
    new Uint32Array(bytes.buffer).fill(write.value)
    // Until it is acknowledged (again), it may take place at any time.
    if (!one.isUnsure) write.unsure()
    one.isUnsure = true
    this.#sending = write
    const what = `writes ${write.value} to [${first}, ${end}) ${stability}`
    const attempt = writing(file, first * SECTOR_BYTES, bytes, stability)
    // What there is no room for was not written, unless by an attempt at a mover that has died.
    const refused = { NOSPC: () => this.#full() }
    const acknowledged = (reply: { committed: Stability; verifier: string } | null, mover: SimulatedMover): void => {
      this.#sending = null
      one.verifier = reply?.verifier ?? ''
      one.mover = mover
      if (reply?.committed === 'fileSync') write.answered()
      else {
        this.#uncommitted.push(one)
        one.isUnsure = false
        write.answered()
      }
      this.#done()
    }
    this.#call(what, file, false, attempt, acknowledged, refused)
  }

  #full(): void {
    this.#sending = null
    this.#p.counts['full'] = (this.#p.counts['full'] ?? 0) + 1
    this.#done()
  }

  #commit(file: SharedFile): void {
    const asked = this.#uncommitted.filter((one) => one.file === file)
    this.#call('commits', file, false, committing(file), (reply) => {
      this.#uncommitted = this.#uncommitted.filter((one) => !asked.includes(one))
      for (const one of asked) {
        if (one.verifier !== reply?.verifier) this.#again.push(one)
        else if (one.isUnsure) one.write.answered()
      }
      this.#done()
    })
  }

  #truncate(file: SharedFile, sectors: number): void {
    const answered = file.history.truncate(sectors)
    this.#call(`truncates to ${sectors}`, file, true, truncating(file, sectors * SECTOR_BYTES), () => {
      answered()
      this.#done()
    })
  }

  #look(file: SharedFile, then: (shown: Named) => void): void {
    const { history } = file
    const answered = history.look()
    const askedAt = history.tick()
    this.#call('looks', file, false, looking(file), (shown) => {
      if (shown === null) throw new Violation('a look is answered as one that was carried out before', file.ino)
      const { size, ctime, change } = shown
      this.#p.trace.note(`client ${this.#number} sees size ${size}, ctime ${ctime}, change ${change}`, file.ino)
      answered(size / SECTOR_BYTES)
      file.names.shown(shown, askedAt, history.tick())
      then(shown)
    })
  }

  /** What it reads between two looks that show the same is what these name. */
  #observe(file: SharedFile): void {
    this.#look(file, (before) => {
      const answered = file.history.read(0, MOST_SECTORS + LONGEST)
      const end = (MOST_SECTORS + LONGEST) * SECTOR_BYTES
      this.#call('reads all', file, false, reading(file, 0, end), (seen) => {
        answered(seen?.values ?? [], seen?.eof ?? false)
        this.#look(file, (after) => {
          if (after.change === before.change || after.ctime === before.ctime) {
            this.#p.counts['named'] = (this.#p.counts['named'] ?? 0) + 1
            if (after.change !== before.change || after.ctime !== before.ctime) {
              throw new Violation('of change number and ctime one has changed and the other has not', file.ino)
            }
            file.names.named(after, seen?.values ?? [])
          }
          this.#done()
        })
      })
    })
  }

  /** Makes the client's own name, or removes it, and looks whether that is so. */
  #changeName(): void {
    const { root } = this.#p
    const name = this.#name
    const wasThere = this.#isThere
    const change: Attempt<true> = (service, op) => {
      op.intent = 'change'
      const dir = service.inode(op, root.ino, root.generation)
      if (typeof dir === 'string') return dir
      if (wasThere) return service.remove(op, dir, name) ?? true
      const made = service.create(op, dir, name, { kind: 'guarded', attributes: {} })
      return typeof made === 'string' ? made : true
    }
    const find: Attempt<boolean> = (service, op) => {
      op.intent = 'names'
      const dir = service.inode(op, root.ino, root.generation)
      if (typeof dir === 'string') return dir
      const found = service.lookup(op, dir, name, root.ino)
      return found === 'NOENT' ? false : typeof found === 'string' ? found : true
    }
    this.#call(wasThere ? 'removes its name' : 'makes its name', null, true, change, () => {
      this.#isThere = !wasThere
      if (this.#p.random.chance(0.5)) this.#slot = this.#p.random.pick(this.#p.host.slots)
      const found = (isThere: boolean | null): void => {
        if (isThere !== this.#isThere) throw new Violation(`the name of client ${this.#number} is there: ${isThere}`)
        this.#done()
      }
      if (this.#p.lists) this.#list((names) => found(names.includes(Buffer.from(name).toString())))
      else this.#call('looks its name up', null, false, find, found)
    })
  }

  /** Lists the directory, page by page: whatever nobody changes must be there once. */
  #list(then: (names: readonly string[]) => void): void {
    const { root, bystanders, counts, trace } = this.#p
    const names: string[] = []
    const next = (cookie: number): void =>
      this.#call('lists', null, false, listing(root, cookie), (page) => {
        counts['pages'] = (counts['pages'] ?? 0) + 1
        trace.note(`client ${this.#number} is told ${page?.names.length} names`)
        names.push(...(page?.names ?? []))
        if (page?.isEnd === false) next(page.last)
        else {
          if (new Set(names).size !== names.length) throw new Violation('a name is listed twice')
          const there = names.filter((name) => name.startsWith('bystander'))
          if (there.length !== bystanders.length) throw new Violation(`${there.length} bystanders are listed`)
          then(names)
        }
      })
    next(0)
  }

  /** Makes a file of more extents than one record frees, and truncates it: meanwhile others who want it must wait. */
  #makePieces(): void {
    const { bystanders, host, random } = this.#p
    const file = bystanders[1] as Id
    const truncate = (): void => {
      this.#slot = random.pick(host.slots)
      this.#call('truncates pieces', null, true, truncating(file, 0), () => this.#done())
    }
    const peek = (): void => {
      this.#slot = random.pick(host.slots)
      this.#call('reads pieces', null, false, reading(file, 0, PAGE_BYTES), () => this.#done())
    }
    const commit = (): void => this.#call('commits pieces', null, false, committing(file), truncate)
    const write = (left: number): void => {
      if (left === 0) commit()
      else {
        const attempt = writing(file, 2 * left * PAGE_BYTES, ONE_BYTE, 'unstable')
        this.#call('writes a piece', null, false, attempt, () => write(left - 1), { NOSPC: truncate })
      }
    }
    if (random.chance(0.12)) write(PIECES)
    else peek()
  }

  #lookAround(): void {
    if (this.#p.lists) this.#list(() => this.#done())
    else if (this.#p.strays) this.#stray()
    else this.#wander(20)
  }

  /** A file of the client's own has setuid and setgid, until somebody else has written to it, by whatever movers. */
  #stray(): void {
    const { bystanders, counts, host, random } = this.#p
    const file = bystanders[FIRST_OWN + this.#number] as Id
    const sector = new Uint8Array(SECTOR_BYTES)
    const value = 1 + random.below(2 ** 32 - 1)
    new Uint32Array(sector.buffer).fill(value)
    const look = (): void => {
      this.#slot = random.pick(host.slots)
      this.#call('looks at its program', file, false, looking(file), (seen) => {
        if (seen?.mode !== 0o777) throw new Violation(`mode ${seen?.mode.toString(8)} behind a write`, file.ino)
        counts['strays'] = (counts['strays'] ?? 0) + 1
        read()
      })
    }
    const read = (): void =>
      this.#call('reads its program', file, false, reading(file, 0, SECTOR_BYTES), (seen) => {
        if (seen?.values[0] !== value) throw new Violation('what was written is not there', file.ino)
        this.#done()
      })
    const write = (): void => {
      this.#slot = random.pick(host.slots)
      this.#call('writes to its program', file, false, straying(file, sector), look, { NOSPC: () => this.#full() })
    }
    this.#call('makes a program', file, true, privileging(file), write)
  }

  /** Looks at many other files: what is in memory of those that matter goes. */
  #wander(left: number): void {
    if (left === 0) this.#done()
    else {
      const bystander = this.#p.random.pick(this.#p.bystanders)
      this.#call('looks at a bystander', null, false, looking(bystander), () => this.#wander(left - 1))
    }
  }

  #done(): void {
    const { env, random } = this.#p
    this.isBusy = false
    const pauseMs = random.chance(0.04) ? random.float() * 6000 : random.float() * 3
    env.work(pauseMs, () => this.next())
  }

  // Calls

  /** Calls until there is an answer; `isOnce`: see `SentCall`. */
  #call<T>(
    what: string,
    file: Id | null,
    isOnce: boolean,
    attempt: Attempt<T>,
    done: (value: T | null, mover: SimulatedMover) => void,
    /** What else it may be answered, and what then. */
    refused: Partial<Record<Failure, () => void>> = {},
  ): void {
    const { random, trace, host } = this.#p
    const who = `client ${this.#number}`
    const ino = file?.ino ?? 0
    const call = { client: this.#number, xid: ++this.#lastXid, isOnce, attempt }
    const answered = (outcome: Outcome<T>, mover: SimulatedMover): void => {
      const { failure } = outcome
      if (failure !== null && refused[failure] !== undefined) {
        trace.note(`${who} is answered ${failure}`, ino)
        refused[failure]?.()
        return
      }
      if (failure !== null) throw new Violation(`${who} ${what} at ${mover.name}: ${failure}`, ino)
      trace.note(`${who} is answered`, ino)
      try {
        done(outcome.value, mover)
      } catch (error) {
        throw error instanceof Incoherence ? new Violation(error.message, ino) : error
      }
    }
    const slot = (): Slot => this.#slot
    const away = (): void => {
      this.#slot = random.pick(host.slots)
    }
    const sent = (mover: SimulatedMover): void => {
      this.#at = mover
      this.doing = `${what} at ${mover.name}`
    }
    this.isBusy = true
    this.#sinceMs = this.#p.env.monotonicMs()
    callUntilAnswered(this.#p, { who, what, ino, call, slot, away, sent, answered })
  }
}
