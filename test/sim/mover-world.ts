import type { Peer } from '../../mover/authority/peer.ts'
import { PrimaryAuthority } from '../../mover/authority/primary.ts'
import { PrimaryLocks } from '../../mover/authority/primary-locks.ts'
import { SecondaryAuthority } from '../../mover/authority/secondary.ts'
import { Session } from '../../mover/authority/session.ts'
import type { Failure } from '../../mover/failure.ts'
import { ForwardedCalls } from '../../mover/files/forwarded.ts'
import { GovernedVolume } from '../../mover/files/governed-volume.ts'
import { HeldData } from '../../mover/files/held-data.ts'
import { HeldVolume } from '../../mover/files/held-volume.ts'
import type { LiveInode } from '../../mover/files/live-inode.ts'
import { mostReserved } from '../../mover/files/remote-volume.ts'
import { SecondaryFiles } from '../../mover/files/secondary-files.ts'
import type {
  CreateHow,
  FileService,
  Operation,
  ReadResult,
  Stability,
  WriteResult,
} from '../../mover/files/service.ts'
import type { VolumeFiles } from '../../mover/files/volume-files.ts'
import { PagePool } from '../../mover/store/page-pool.ts'
import type { Inode } from '../../mover/volume/inode.ts'
import { Runner } from '../crash/client.ts'
import type { TestEnvironment } from '../crash/test-environment.ts'
import { bytes, FilesWorld } from '../unit/files-support.ts'
import { Incoherence } from './history.ts'
import { describeFrame } from './messages.ts'
import { Trace } from './trace.ts'

const MOST_DELAY_MS = 2
/** Messages and answers that are shown of a world in which something is wrong. */
const SHOWN_LINES = 80
const NEW_FILE: CreateHow = { kind: 'guarded', attributes: { mode: 0o644 } }

/** What one mover does for its clients, whichever it is. */
export interface SimulatedMover {
  readonly name: string
  readonly files: FileService
  read(op: Operation, ino: number, offset: number, count: number, result: ReadResult): Failure | null
  write(
    op: Operation,
    ino: number,
    offset: number,
    data: Uint8Array,
    stability: Stability,
    result: WriteResult,
  ): Failure | null
  commit(op: Operation, ino: number): Failure | null
  truncate(op: Operation, ino: number, size: number): Failure | null
  /** Makes a file in the root directory. */
  create(op: Operation, name: string): Inode | Failure
  /** The file as GETATTR shows it. */
  look(op: Operation, ino: number): Inode
}

/** A stream between two movers: in order, each chunk after a delay of its own. */
class SimulatedStream {
  readonly #way: string
  readonly #env: TestEnvironment
  readonly #trace: Trace
  #readyMs = 0
  /** Times of one moment may differ by a rounding: what arrives is always the first of these. */
  readonly #underWay: Uint8Array[] = []
  receiver: Session | null = null

  /** `way`: from whom to whom, for people. */
  constructor(way: string, env: TestEnvironment, trace: Trace) {
    this.#way = way
    this.#env = env
    this.#trace = trace
  }

  write(bytes: Uint8Array): void {
    const copy = bytes.slice()
    this.#trace.bytes(this.#way, copy, describeFrame)
    const now = this.#env.monotonicMs()
    this.#readyMs = Math.max(this.#readyMs, now + this.#env.random.float() * MOST_DELAY_MS)
    this.#underWay.push(copy)
    this.#env.work(this.#readyMs - now, () => this.receiver?.received(this.#underWay.shift() ?? copy))
  }

  close(): void {}
}

/** The primary: the volume, and whoever has tokens of its files. */
class Primary implements SimulatedMover {
  readonly name = 'primary'
  readonly files: VolumeFiles
  readonly authority: PrimaryAuthority

  constructor(world: FilesWorld) {
    this.files = world.files
    const { context } = world.files
    const calls = new ForwardedCalls({
      files: world.files,
      env: world.env,
      onError: (_, error) => {
        throw error
      },
    })
    const governed = new GovernedVolume(context, (call, done) => calls.perform(call, done), MOST_RESERVED)
    const { env, files } = world
    const movers = [this.name, 'secondary 1', 'secondary 2']
    const own = { movers, self: this.name, noted: new Map<number, number>() }
    const locks = new PrimaryLocks({ notes: governed, env, graceMs: 30_000, ...own })
    this.authority = new PrimaryAuthority(governed, files.volume.log, env, locks, false)
    context.locks = locks
    locks.recovered([])
    context.tokens = this.authority
  }

  read(op: Operation, ino: number, offset: number, count: number, result: ReadResult): Failure | null {
    return this.files.read(op, this.#inode(ino), offset, count, result)
  }

  write(
    op: Operation,
    ino: number,
    offset: number,
    data: Uint8Array,
    stability: Stability,
    result: WriteResult,
  ): Failure | null {
    return this.files.write(op, this.#inode(ino), offset, data, stability, result)
  }

  commit(op: Operation, ino: number): Failure | null {
    return this.files.commit(op, this.#inode(ino), 0, 0)
  }

  truncate(op: Operation, ino: number, size: number): Failure | null {
    op.intent = 'change'
    return this.files.setattr(op, this.#inode(ino), { size }, null)
  }

  create(op: Operation, name: string): Inode | Failure {
    return this.files.create(op, this.#inode(this.files.rootIno), bytes(name), NEW_FILE)
  }

  look(op: Operation, ino: number): Inode {
    const inode = this.#inode(ino)
    this.files.getattr(op, inode)
    return inode
  }

  #inode(ino: number): LiveInode {
    this.files.volume.begin()
    return this.files.context.inodes.get(ino) as LiveInode
  }
}

/** A secondary with its session to the primary. */
export class Secondary implements SimulatedMover {
  readonly name: string
  readonly held: HeldVolume
  readonly authority: SecondaryAuthority
  readonly session: Session
  readonly files: SecondaryFiles
  /** As the primary knows it. */
  readonly peer: Peer
  readonly #data: HeldData
  readonly #generationOf: (ino: number) => number

  constructor(name: string, world: FilesWorld, primary: Primary, pagePool: PagePool, trace: Trace) {
    const { env, device } = world
    this.name = name
    this.#generationOf = (ino) => world.inode(ino).generation
    this.held = new HeldVolume({
      device,
      env,
      authority: () => this.authority,
      pagePool,
      inodeCapacity: 100,
      leaseMs: 5000,
      onFailure: (error) => {
        throw error
      },
    })
    const up = new SimulatedStream(`${name} -> ${primary.name}`, env, trace)
    const down = new SimulatedStream(`${primary.name} -> ${name}`, env, trace)
    const ended = (reason: string): void => {
      if (reason !== 'its mover is gone') throw new Error(`the session of ${name} has ended: ${reason}`)
    }
    this.session = new Session(up, env, { message: (message) => this.authority.received(message), ended })
    this.authority = new SecondaryAuthority(this.held, env)
    down.receiver = this.session
    const atPrimary: Session = new Session(down, env, {
      message: (message) => peer.received(message),
      ended,
    })
    up.receiver = atPrimary
    const peer = primary.authority.admit(name, atPrimary, () => {})
    this.peer = peer
    this.authority.join(this.session)
    const { volumeUuid } = world.files
    this.files = new SecondaryFiles({ volumeUuid, held: this.held, authority: this.authority })
    this.#data = new HeldData(this.held, this.authority)
  }

  truncate(op: Operation, ino: number, size: number): Failure | null {
    op.intent = 'change'
    return this.files.setattr(op, this.#inode(op, ino), { size }, null)
  }

  create(op: Operation, name: string): Inode | Failure {
    op.intent = 'change'
    return this.files.create(op, this.#inode(op, this.files.rootIno), bytes(name), NEW_FILE)
  }

  look(op: Operation, ino: number): Inode {
    op.intent = 'attributes'
    return this.#inode(op, ino)
  }

  #inode(op: Operation, ino: number): Inode {
    const inode = this.files.inode(op, ino, this.#generationOf(ino))
    if (typeof inode === 'string') throw new Error(`inode ${ino}: ${inode}`)
    return inode
  }

  read(op: Operation, ino: number, offset: number, count: number, result: ReadResult): Failure | null {
    const inode = this.#data.open(ino, this.#generationOf(ino), 'BR_R', offset, offset + count)
    return typeof inode === 'string' ? inode : this.#data.read(op, inode, offset, count, result)
  }

  write(
    op: Operation,
    ino: number,
    offset: number,
    data: Uint8Array,
    stability: Stability,
    result: WriteResult,
  ): Failure | null {
    const inode = this.#data.open(ino, this.#generationOf(ino), 'BR_W', offset, offset + data.length)
    return typeof inode === 'string' ? inode : this.#data.write(op, inode, offset, data, stability, result)
  }

  commit(op: Operation, ino: number): Failure | null {
    const inode = this.#data.open(ino, this.#generationOf(ino), 'BR_R', 0, 0)
    return typeof inode === 'string' ? inode : this.#data.commit(op, inode)
  }
}

/** Pages of each secondary, six at most: hardly any, some, and enough to read ahead. */
const POOLS = [24, 256, 4200, 24, 256, 4200].map((pages) => new PagePool(pages))
const MOST_RESERVED = mostReserved(4200)

/** A primary and some secondaries over one device, on virtual time. One world at a time: memory is used again. */
export class MoverWorld {
  readonly files: FilesWorld
  readonly env: TestEnvironment
  /** What has been sent and answered: its digest is the same for the same seed. */
  readonly trace: Trace
  readonly primary: Primary
  readonly secondaries: Secondary[]
  readonly #runners = new Map<SimulatedMover, Runner>()

  constructor(seed: number, secondaries: number) {
    this.files = new FilesWorld(seed)
    this.env = this.files.env
    this.trace = new Trace(() => this.env.monotonicMs())
    this.primary = new Primary(this.files)
    this.secondaries = Array.from(
      { length: secondaries },
      (_, i) =>
        new Secondary(`secondary ${i + 1}`, this.files, this.primary, POOLS[(i + seed) % POOLS.length], this.trace),
    )
  }

  get movers(): SimulatedMover[] {
    return [this.primary, ...this.secondaries]
  }

  /** Plays. What is thrown meanwhile is thrown on with the last messages and answers. */
  explaining(play: () => void): void {
    try {
      play()
    } catch (thrown) {
      const error = thrown as Error
      const what = error instanceof Incoherence ? error.message : (error.stack ?? error.message)
      throw new Error(`${what}\n${this.trace.last(SHOWN_LINES)}`, { cause: error })
    }
  }

  /** Makes a file through a mover, whose client knows it as soon as the answer has come; returns its number. */
  create(mover: SimulatedMover, name: string): number {
    let made = 0
    let isAnswered = false
    const attempt = (op: Operation): Failure | null => {
      const inode = mover.create(op, name)
      if (typeof inode === 'string') return inode
      made = inode.ino
      return null
    }
    this.run(mover, attempt, (failure) => {
      if (failure !== null) throw new Error(`CREATE ${name}: ${failure}`)
      isAnswered = true
    })
    this.env.runUntil(() => isAnswered)
    return made
  }

  /** Runs an operation at a mover until it is answered and all is quiet. Throws when it comes to a failure. */
  answer(mover: SimulatedMover, attempt: (op: Operation) => Failure | null): void {
    let isAnswered = false
    this.run(mover, attempt, (failure) => {
      if (failure !== null) throw new Error(failure)
      isAnswered = true
    })
    this.env.runUntil(() => isAnswered)
    this.env.runUntilIdle()
  }

  /** Runs an operation at a mover; `done` is told what it has come to when its reply leaves. */
  run(
    mover: SimulatedMover,
    attempt: (op: Operation) => Failure | null,
    done: (failure: Failure | null) => void,
  ): void {
    let runner = this.#runners.get(mover)
    if (runner === undefined) {
      runner = new Runner(this.env)
      this.#runners.set(mover, runner)
    }
    let outcome: Failure | null = null
    runner.run(
      0,
      null,
      (op) => {
        outcome = attempt(op)
        return () => {
          this.trace.note(`${mover.name} answers: ${outcome}`)
          done(outcome)
        }
      },
      () => {},
      done,
    )
  }
}
