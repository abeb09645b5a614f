import type { Failure } from '../../mover/failure.ts'
import type { FileService, Intent, Operation } from '../../mover/files/service.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { Random } from '../crash/random.ts'
import { bytes } from '../unit/files-support.ts'
import { AttributeHistory, type Shown } from './attribute-history.ts'
import { Incoherence } from './history.ts'
import { LinearHistory } from './linear.ts'
import { MoverWorld, type SimulatedMover } from './mover-world.ts'
import { type Place, type Tree, TreeModel } from './tree-model.ts'

/** Of files and links; the directory that is moved has one of its own. */
const NAMES = ['a', 'b', 'c', 'd']
export const MOVED = 'moved'
/** Two directories, and one that is in one of them. */
export const DIRECTORIES = 3
/** Objects that are looked at: the last ones that were made. */
const LATELY = 5

/** An object, as file handles name it. */
export interface Id {
  readonly ino: number
  readonly generation: number
}

export interface MadeObject extends Id {
  /** Null: it is no link. */
  readonly target: string | null
}

/** An object as a reply shows it; null: with no attributes. */
export type Seen = (Id & { shown: Shown | null }) | Failure

/** Movers, a few directories, and what is known of them: what the operations of simulated clients are played with. */
export class NamesPlay {
  readonly counts = {
    changes: 0,
    writes: 0,
    looks: 0,
    links: 0,
    listings: 0,
    'listings in no message': 0,
    'attributes listed': 0,
  }
  readonly world: MoverWorld
  readonly random: Random
  readonly directories: readonly Id[]
  readonly model: TreeModel
  readonly history: LinearHistory<Tree>
  readonly made: MadeObject[] = []
  readonly #attributes = new Map<number, AttributeHistory>()
  readonly #generations = new Map<number, number>()
  /** Operations that have not been answered, and pauses. */
  running = 0
  #time = 0

  constructor(seed: number, secondaries: number) {
    this.world = new MoverWorld(seed, secondaries)
    this.random = new Random(seed + 4000)
    const { root } = this.world.files
    const [first, second] = [this.#mkdir(root, 'first'), this.#mkdir(root, 'second')]
    this.directories = [first, second, this.#mkdir(first, MOVED)]
    this.model = new TreeModel(
      root.ino,
      this.directories.map(({ ino }) => ino),
    )
    this.history = new LinearHistory<Tree>('names', this.model.first(MOVED))
  }

  #mkdir({ ino }: Id, name: string): Id {
    const { files } = this.world
    const made = files.call((op) => files.files.mkdir(op, files.inode(ino), bytes(name), {}))
    if (typeof made === 'string') throw new Error(`MKDIR ${name}: ${made}`)
    return { ino: made.ino, generation: made.generation }
  }

  /** Moments in the order in which they come. */
  tick(): number {
    return ++this.#time
  }

  /** A name in a directory. */
  place(): Place {
    return { dir: this.random.below(DIRECTORIES), name: this.random.pick(NAMES) }
  }

  /** One of the objects that were made last. */
  lately(): MadeObject | null {
    return this.made.length === 0 ? null : this.random.pick(this.made.slice(-LATELY))
  }

  /** A change of an object is asked for; gives what to call when it is done. */
  changing(ino: number): () => void {
    const askedAt = this.tick()
    return () => this.#attributesOf(ino).changed(askedAt, this.tick())
  }

  /** A reply has shown an object. */
  saw({ ino, generation, shown }: Exclude<Seen, string>, by: string, askedAt: number): void {
    const known = this.#generations.get(ino) ?? generation
    if (known !== generation) throw new Incoherence(`${by}: inode ${ino} has generation ${generation}, not ${known}`)
    this.#generations.set(ino, generation)
    if (shown === null) return
    if (by.startsWith('READDIRPLUS')) this.counts['attributes listed']++
    this.#attributesOf(ino).shown(shown, by, askedAt, this.tick())
  }

  #attributesOf(ino: number): AttributeHistory {
    let history = this.#attributes.get(ino)
    if (history === undefined) {
      history = new AttributeHistory(`inode ${ino}`)
      this.#attributes.set(ino, history)
    }
    return history
  }

  /** The object of an operation that is about to do this. */
  open(files: FileService, op: Operation, { ino, generation }: Id, intent: Intent): Inode | Failure {
    op.intent = intent
    return files.inode(op, ino, generation)
  }

  /** A change of a name. */
  in<T extends object>(
    mover: SimulatedMover,
    at: Place,
    attempt: (mover: SimulatedMover, op: Operation, dir: Inode, name: Uint8Array) => T | Failure | 'done',
    answered: (outcome: T | Failure | 'done') => void,
  ): void {
    this.run<T | Failure | 'done'>(
      mover,
      (op) => {
        const dir = this.open(mover.files, op, this.directories[at.dir] as Id, 'change')
        return typeof dir === 'string' ? dir : attempt(mover, op, dir, bytes(at.name))
      },
      answered,
    )
  }

  /** An operation at a mover; `answered` gets what it has come to. */
  run<T>(mover: SimulatedMover, attempt: (op: Operation) => T, answered: (outcome: T) => void): void {
    this.running++
    let outcome: T
    this.world.run(
      mover,
      (op) => {
        outcome = attempt(op)
        return null
      },
      (failure) => {
        this.running--
        if (failure !== null) throw new Error(`${mover.name}: an operation has failed: ${failure}`)
        this.world.trace.note(JSON.stringify(outcome, (_, value) => (typeof value === 'bigint' ? `${value}` : value)))
        answered(outcome)
      },
    )
  }
}

/** A place, for people. */
export function shownAs({ dir, name }: Place): string {
  return `${dir}/${name}`
}
