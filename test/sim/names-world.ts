import { QUIET_MS } from '../../mover/authority/quiet.ts'
import type { Failure } from '../../mover/failure.ts'
import type { FileService, Intent, Operation, WriteResult } from '../../mover/files/service.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { BLOCK_BYTES } from '../../mover/volume/layout.ts'
import { Random } from '../crash/random.ts'
import { bytes } from '../unit/files-support.ts'
import { AttributeHistory, type Shown } from './attribute-history.ts'
import { Incoherence } from './history.ts'
import { LinearHistory } from './linear.ts'
import { MoverWorld, Secondary, type SimulatedMover } from './mover-world.ts'
import { type Listed, type Place, type Tree, TreeModel } from './tree-model.ts'

/** Ten times as many as any world takes. */
const MOST_STEPS = 20_000
/** Of files and links; the directory that is moved has one of its own. */
const NAMES = ['a', 'b', 'c', 'd']
const MOVED = 'moved'
/** Two directories, and one that is in one of them. */
const DIRECTORIES = 3
/** Entries that clients have room for. */
const ROOMS = [1, 2, 3, 100, 100]
/** Objects that are looked at: the last ones that were made. */
const LATELY = 5
/** Of so many operations the last ones change names a lot. The first ones are slow: directories are not busy any more. */
const PERIOD = 80
const BUSY = 16
const RESTING = 24
const MODES = [0o644, 0o600]
const DATA = new Uint8Array(100).fill(1)

/** An object, as file handles name it. */
interface Id {
  readonly ino: number
  readonly generation: number
}

interface MadeObject extends Id {
  /** Null: it is no link. */
  readonly target: string | null
}

/** Where a listing goes on. */
interface Reader {
  dir: number
  cookie: number
}

/** An object as a reply shows it; null: with no attributes. */
type Seen = (Id & { shown: Shown | null }) | Failure

/**
 * Clients of several movers change, look up and list the same names, and look at what they lead to; what they are told must
 * be one history of the names, and one of each object's attributes.
 */
export class NamesWorld {
  readonly counts = {
    changes: 0,
    writes: 0,
    looks: 0,
    links: 0,
    listings: 0,
    'listings in no message': 0,
    'attributes listed': 0,
  }
  readonly #world: MoverWorld
  readonly #random: Random
  readonly #directories: Id[]
  readonly #model: TreeModel
  readonly #history: LinearHistory<Tree>
  readonly #attributes = new Map<number, AttributeHistory>()
  readonly #generations = new Map<number, number>()
  readonly #made: MadeObject[] = []
  readonly #clients: number
  #left: number
  #running = 0
  #time = 0
  #lastTarget = 0

  constructor(options: { seed: number; secondaries: number; clients: number; operations: number }) {
    this.#world = new MoverWorld(options.seed, options.secondaries)
    this.#random = new Random(options.seed + 4000)
    this.#clients = options.clients
    this.#left = options.operations
    const { root } = this.#world.files
    const [first, second] = [this.#mkdir(root, 'first'), this.#mkdir(root, 'second')]
    this.#directories = [first, second, this.#mkdir(first, MOVED)]
    this.#model = new TreeModel(
      root.ino,
      this.#directories.map(({ ino }) => ino),
    )
    this.#history = new LinearHistory<Tree>('names', this.#model.first(MOVED))
  }

  /** Of all that has happened: the same for the same seed. */
  get digest(): number {
    return this.#world.trace.digest
  }

  /** Plays until every operation is answered. Throws what is wrong. */
  run(): void {
    const { env, movers } = this.#world
    for (const mover of movers) {
      for (let i = 0; i < this.#clients; i++) this.#next(mover, { dir: this.#random.below(DIRECTORIES), cookie: 0 })
    }
    env.runUntil(() => this.#running === 0, MOST_STEPS)
    if (this.#running > 0) throw new Error(`${this.#running} operations are never answered`)
    for (const mover of movers) for (let dir = 0; dir < DIRECTORIES; dir++) this.#list(mover, { dir, cookie: 0 }, 100)
    env.runUntil(() => this.#running === 0, MOST_STEPS)
    this.#history.check()
  }

  #mkdir({ ino }: Id, name: string): Id {
    const { files } = this.#world
    const made = files.call((op) => files.files.mkdir(op, files.inode(ino), bytes(name), {}))
    if (typeof made === 'string') throw new Error(`MKDIR ${name}: ${made}`)
    return { ino: made.ino, generation: made.generation }
  }

  #next(mover: SimulatedMover, reader: Reader): void {
    if (this.#left === 0) return
    this.#left--
    const random = this.#random
    const again = (): void => {
      const isResting = this.#left % PERIOD >= PERIOD - RESTING
      const pauseMs = isResting ? QUIET_MS : random.chance(0.04) ? random.float() * 4000 : random.float() * 3
      this.#running++
      this.#world.env.work(pauseMs, () => {
        this.#running--
        this.#next(mover, reader)
      })
    }
    if (random.chance(this.#left % PERIOD < BUSY ? 0.5 : 0.03)) this.#change(mover, again)
    else if (random.chance(0.2)) this.#write(mover, again)
    else if (random.chance(0.7)) this.#list(mover, reader, random.pick(ROOMS), again)
    else this.#look(mover, again)
  }

  #place(): Place {
    return { dir: this.#random.below(DIRECTORIES), name: this.#random.pick(NAMES) }
  }

  // Changes

  #change(mover: SimulatedMover, then: () => void): void {
    this.counts.changes++
    const dice = this.#random.below(10)
    if (dice < 3) this.#make(mover, this.#place(), this.#random.chance(0.4), then)
    else if (dice < 5) this.#remove(mover, this.#place(), then)
    else if (dice < 6) this.#rename(mover, { dir: 0, name: MOVED }, { dir: 1, name: MOVED }, then)
    else if (dice < 7) this.#rename(mover, { dir: 1, name: MOVED }, { dir: 0, name: MOVED }, then)
    else if (dice < 8) this.#rename(mover, this.#place(), this.#place(), then)
    else if (dice < 9) this.#link(mover, this.#place(), then)
    else this.#setMode(mover, then)
  }

  #make(mover: SimulatedMover, at: Place, isLink: boolean, then: () => void): void {
    const target = isLink ? `target ${++this.#lastTarget}` : null
    const answered = this.#history.begin(`make ${shownAs(at)} at ${mover.name}`)
    this.#in(
      mover,
      at,
      ({ files }, op, dir, name) => {
        const made =
          target === null
            ? files.create(op, dir, name, { kind: 'guarded', attributes: {} })
            : files.symlink(op, dir, name, bytes(target), {})
        return typeof made === 'string' ? made : { ino: made.ino, generation: made.generation }
      },
      (made) => {
        if (made === 'EXIST') answered(made, this.#model.existed(at))
        else if (typeof made === 'string') throw new Incoherence(`making ${shownAs(at)}: ${made}`)
        else {
          this.#made.push({ ...made, target })
          answered(`${made.ino}`, this.#model.made(at, made.ino))
        }
        then()
      },
    )
  }

  #remove(mover: SimulatedMover, at: Place, then: () => void): void {
    const answered = this.#history.begin(`remove ${shownAs(at)} at ${mover.name}`)
    this.#in(
      mover,
      at,
      ({ files }, op, dir, name) => files.remove(op, dir, name) ?? 'done',
      (outcome) => {
        if (outcome === 'done') answered(outcome, this.#model.removed(at))
        else if (outcome === 'NOENT') answered(outcome, this.#model.missed(at))
        else throw new Incoherence(`removing ${shownAs(at)}: ${outcome}`)
        then()
      },
    )
  }

  #rename(mover: SimulatedMover, from: Place, to: Place, then: () => void): void {
    const answered = this.#history.begin(`rename ${shownAs(from)} to ${shownAs(to)} at ${mover.name}`)
    this.#in(
      mover,
      from,
      ({ files }, op, dir, name) => {
        const toDir = this.#open(files, op, this.#directories[to.dir] as Id, 'change')
        return typeof toDir === 'string' ? toDir : (files.rename(op, dir, name, toDir, bytes(to.name)) ?? 'done')
      },
      (outcome) => {
        if (outcome === 'done') answered(outcome, this.#model.renamed(from, to))
        else if (outcome === 'NOENT') answered(outcome, this.#model.missed(from))
        else throw new Incoherence(`renaming ${shownAs(from)}: ${outcome}`)
        then()
      },
    )
  }

  #link(mover: SimulatedMover, at: Place, then: () => void): void {
    const object = this.#lately()
    if (object === null) {
      then()
      return
    }
    const answered = this.#history.begin(`link ${object.ino} as ${shownAs(at)} at ${mover.name}`)
    const changed = this.#changing(object.ino)
    this.#in(
      mover,
      at,
      ({ files }, op, dir, name) => {
        const inode = this.#open(files, op, object, 'change')
        return typeof inode === 'string' ? inode : (files.link(op, inode, dir, name) ?? 'done')
      },
      (outcome) => {
        if (outcome === 'done') {
          answered(outcome, this.#model.linked(object.ino, at))
          changed()
        } else if (outcome === 'EXIST') answered(outcome, this.#model.existed(at))
        else if (outcome === 'STALE') answered(outcome, this.#model.counted(object.ino, 0))
        else throw new Incoherence(`linking ${object.ino}: ${outcome}`)
        then()
      },
    )
  }

  #setMode(mover: SimulatedMover, then: () => void): void {
    const object = this.#random.chance(0.3) ? this.#random.pick(this.#directories) : this.#lately()
    if (object === null) {
      then()
      return
    }
    const mode = this.#random.pick(MODES)
    const answered = this.#history.begin(`set mode of ${object.ino} at ${mover.name}`)
    const changed = this.#changing(object.ino)
    this.#run<Failure | 'done'>(
      mover,
      (op) => {
        const inode = this.#open(mover.files, op, object, 'change')
        return typeof inode === 'string' ? inode : (mover.files.setattr(op, inode, { mode }, null) ?? 'done')
      },
      (outcome) => {
        if (outcome === 'STALE') answered(outcome, this.#model.counted(object.ino, 0))
        else {
          answered(outcome, (tree) => tree)
          changed()
        }
        then()
      },
    )
  }

  /** Writes to one of a few blocks of a file: movers may do so at once. */
  #write(mover: SimulatedMover, then: () => void): void {
    const object = this.#lately()
    if (object === null || object.target !== null) {
      then()
      return
    }
    this.counts.writes++
    const answered = this.#history.begin(`write to ${object.ino} at ${mover.name}`)
    const changed = this.#changing(object.ino)
    const offset = BLOCK_BYTES * this.#random.below(3)
    const result: WriteResult = { count: 0, committed: 'unstable' }
    this.#run<Failure | 'done'>(
      mover,
      (op) => {
        op.rangeStart = offset
        op.rangeEnd = offset + DATA.length
        const inode = this.#open(mover.files, op, object, 'write')
        if (typeof inode === 'string') return inode
        return mover.files.write(op, inode, offset, DATA, 'unstable', result) ?? 'done'
      },
      (outcome) => {
        if (outcome === 'STALE') answered(outcome, this.#model.counted(object.ino, 0))
        else if (outcome === 'done') {
          answered(outcome, this.#model.present(object.ino))
          changed()
        } else throw new Incoherence(`writing to ${object.ino}: ${outcome}`)
        then()
      },
    )
  }

  // Looks

  #look(mover: SimulatedMover, then: () => void): void {
    const object = this.#lately()
    const dice = this.#random.below(3)
    if (dice === 0 || object === null) this.#lookUp(mover, this.#place(), then)
    else if (object.target !== null && dice === 1) this.#readLink(mover, object, then)
    else this.#stat(mover, object, then)
  }

  #lookUp(mover: SimulatedMover, at: Place, then: () => void): void {
    this.counts.looks++
    const answered = this.#history.begin(`look ${shownAs(at)} up at ${mover.name}`)
    const dir = this.#directories[at.dir] as Id
    const askedAt = ++this.#time
    this.#run<Seen>(
      mover,
      (op) => {
        const inode = this.#open(mover.files, op, dir, 'names')
        return typeof inode === 'string' ? inode : seen(mover.files.lookup(op, inode, bytes(at.name), 0))
      },
      (found) => {
        if (found === 'NOENT') answered(found, this.#model.looked(at, 0))
        else if (typeof found === 'string') throw new Incoherence(`looking ${shownAs(at)} up: ${found}`)
        else {
          answered(`${found.ino}`, this.#model.looked(at, found.ino))
          this.#saw(found, `LOOKUP at ${mover.name}`, askedAt)
        }
        then()
      },
    )
  }

  #stat(mover: SimulatedMover, object: Id, then: () => void): void {
    this.counts.looks++
    const answered = this.#history.begin(`look at ${object.ino} at ${mover.name}`)
    const askedAt = ++this.#time
    this.#run<Seen>(
      mover,
      (op) => {
        const inode = this.#open(mover.files, op, object, 'attributes')
        if (typeof inode === 'string') return inode
        mover.files.getattr(op, inode)
        return shownBy(inode)
      },
      (found) => {
        if (found === 'STALE') answered(found, this.#model.counted(object.ino, 0))
        else if (typeof found === 'string') throw new Incoherence(`looking at ${object.ino}: ${found}`)
        else {
          const { nlink } = found.shown as Shown
          answered(`${nlink} names`, this.#model.counted(object.ino, nlink))
          this.#saw(found, `GETATTR at ${mover.name}`, askedAt)
        }
        then()
      },
    )
  }

  #readLink(mover: SimulatedMover, link: MadeObject, then: () => void): void {
    this.counts.links++
    const answered = this.#history.begin(`read link ${link.ino} at ${mover.name}`)
    this.#run<{ target: string } | Failure>(
      mover,
      (op) => {
        const inode = this.#open(mover.files, op, link, 'names')
        const target = typeof inode === 'string' ? inode : mover.files.readlink(op, inode)
        return typeof target === 'string' ? target : { target: Buffer.from(target).toString() }
      },
      (found) => {
        if (found === 'STALE') answered(found, this.#model.counted(link.ino, 0))
        else if (typeof found === 'string') throw new Incoherence(`reading link ${link.ino}: ${found}`)
        else if (found.target !== link.target) throw new Incoherence(`link ${link.ino} leads to ${found.target}`)
        else answered(found.target, this.#model.present(link.ino))
        then()
      },
    )
  }

  /** One page, and what a client makes of it. */
  #list(mover: SimulatedMover, reader: Reader, most: number, then = (): void => {}): void {
    this.counts.listings++
    const { dir, cookie } = reader
    const id = this.#directories[dir] as Id
    const isRoot = this.#random.chance(0.2)
    const attributes = this.#random.chance(0.5)
    const what = `list ${dir}${isRoot ? ' as a root' : ''} behind ${cookie}, ${most} at most, at ${mover.name}`
    const answered = this.#history.begin(what)
    const askedAt = ++this.#time
    const page: Listed[] = []
    const objects: Seen[] = []
    const sent = messagesOf(mover)
    this.#run<boolean | Failure>(
      mover,
      (op) => {
        page.length = 0
        objects.length = 0
        const { files } = mover
        const inode = this.#open(files, op, id, 'names')
        if (typeof inode === 'string') return inode
        const room = { bytes: 10_000, attributes }
        return files.readdir(op, inode, cookie, isRoot ? id.ino : files.rootIno, room, (next, ino, name) => {
          if (page.length === most) return false
          page.push({ cookie: next, ino, name: Buffer.from(name).toString() })
          if (attributes) objects.push(seen(files.entry(op, inode, ino)))
          return true
        })
      },
      (isEnd) => {
        if (typeof isEnd === 'string') throw new Incoherence(`listing ${dir}: ${isEnd}`)
        if (page.length === 0 && !isEnd) throw new Incoherence(`${what}: an empty page that is not the last`)
        if (messagesOf(mover) === sent) this.counts['listings in no message']++
        answered(
          `${JSON.stringify(page)}${isEnd ? ' eof' : ''}`,
          this.#model.listed(dir, cookie, page, isEnd, isRoot ? id.ino : null),
        )
        for (const [i, object] of objects.entries()) {
          if (typeof object === 'string') throw new Incoherence(`${what}: ${page[i]?.name} has no object: ${object}`)
          if (object.ino !== page[i]?.ino) throw new Incoherence(`${what}: ${page[i]?.name} with another object`)
          this.#saw(object, `READDIRPLUS at ${mover.name}`, askedAt)
        }
        const isOver = isEnd || this.#random.chance(0.1)
        reader.dir = isOver ? this.#random.below(DIRECTORIES) : dir
        reader.cookie = isOver ? this.#random.pick([0, 0, 0, 1, 2, 5]) : (page.at(-1)?.cookie ?? 0)
        then()
      },
    )
  }

  // What clients make of answers

  /** One of the objects that were made last. */
  #lately(): MadeObject | null {
    return this.#made.length === 0 ? null : this.#random.pick(this.#made.slice(-LATELY))
  }

  /** A change of an object is asked for; gives what to call when it is done. */
  #changing(ino: number): () => void {
    const askedAt = ++this.#time
    return () => this.#attributesOf(ino).changed(askedAt, ++this.#time)
  }

  /** A reply has shown an object. */
  #saw({ ino, generation, shown }: Exclude<Seen, string>, by: string, askedAt: number): void {
    const known = this.#generations.get(ino) ?? generation
    if (known !== generation) throw new Incoherence(`${by}: inode ${ino} has generation ${generation}, not ${known}`)
    this.#generations.set(ino, generation)
    if (shown === null) return
    if (by.startsWith('READDIRPLUS')) this.counts['attributes listed']++
    this.#attributesOf(ino).shown(shown, by, askedAt, ++this.#time)
  }

  #attributesOf(ino: number): AttributeHistory {
    let history = this.#attributes.get(ino)
    if (history === undefined) {
      history = new AttributeHistory(`inode ${ino}`)
      this.#attributes.set(ino, history)
    }
    return history
  }

  // Calls

  #open(files: FileService, op: Operation, { ino, generation }: Id, intent: Intent): Inode | Failure {
    op.intent = intent
    return files.inode(op, ino, generation)
  }

  /** A change of a name. */
  #in<T extends object>(
    mover: SimulatedMover,
    at: Place,
    attempt: (mover: SimulatedMover, op: Operation, dir: Inode, name: Uint8Array) => T | Failure | 'done',
    answered: (outcome: T | Failure | 'done') => void,
  ): void {
    this.#run<T | Failure | 'done'>(
      mover,
      (op) => {
        const dir = this.#open(mover.files, op, this.#directories[at.dir] as Id, 'change')
        return typeof dir === 'string' ? dir : attempt(mover, op, dir, bytes(at.name))
      },
      answered,
    )
  }

  #run<T>(mover: SimulatedMover, attempt: (op: Operation) => T, answered: (outcome: T) => void): void {
    this.#running++
    let outcome: T
    this.#world.run(
      mover,
      (op) => {
        outcome = attempt(op)
        return null
      },
      (failure) => {
        this.#running--
        if (failure !== null) throw new Error(`${mover.name}: an operation has failed: ${failure}`)
        this.#world.trace.note(JSON.stringify(outcome, (_, value) => (typeof value === 'bigint' ? `${value}` : value)))
        answered(outcome)
      },
    )
  }
}

function shownBy({ ino, generation, ctimeSec, ctimeNsec, size, nlink }: Inode): Exclude<Seen, string> {
  return { ino, generation, shown: { ctime: BigInt(ctimeSec) * 1_000_000_000n + BigInt(ctimeNsec), size, nlink } }
}

/** As a reply shows what it was not about. */
function seen(inode: Inode | Failure): Seen {
  if (typeof inode === 'string') return inode
  return inode.isCurrent ? shownBy(inode) : { ...shownBy(inode), shown: null }
}

function messagesOf(mover: SimulatedMover): number {
  return mover instanceof Secondary ? mover.session.counts.messagesSent : Number.NaN
}

function shownAs({ dir, name }: Place): string {
  return `${dir}/${name}`
}
