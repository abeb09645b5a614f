import type { VolumeFiles } from '../../mover/files/volume-files.ts'
import type { FaultDevice } from '../crash/fault-device.ts'
import { Random } from '../crash/random.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { WorldMemory } from '../crash/world.ts'
import { FilesWorld } from '../unit/files-support.ts'
import { ContentNames } from './content-names.ts'
import type { Id } from './failure-attempts.ts'
import { checkBlocks, checkOwners } from './failure-blocks.ts'
import { checkHolders, checkKnown, checkLanding, checkVolume, Violation } from './failure-checks.ts'
import { Client, MOST_OWN, type Playground, type SharedFile } from './failure-client.ts'
import type { SentCall } from './failure-door.ts'
import { moverNames, SimulatedHost } from './failure-host.ts'
import type { SimulatedMover } from './failure-mover.ts'
import { Troubles } from './failure-troubles.ts'
import { FileHistory } from './history.ts'
import { shown } from './lock-ledger.ts'
import { Lockers, type Until } from './lockers.ts'
import { SharedStore } from './shared-store.ts'
import { Trace } from './trace.ts'

const LEASE_MS = 600
/** Somebody looks whose the blocks are after so many steps, on average. */
const STEPS_OF_LOOK = 30
/** Locks of a mover that has died wait for so long to be reclaimed. */
const GRACE_MS = 2500
/** Nothing that is waited for takes as many steps. */
const MOST_STEPS = 100_000
/** Enough files that a small memory does not hold what the tree says of all. */
const BYSTANDERS = 300
/** Longer than a file must be quiet to be settled, and than the longest fence. */
const REST_MS = 15_000
const SHOWN_LINES = 120
/** No client waits longer whose own mover the store answers: who stalls is fenced before, whatever excuses there are. */
const MOST_WAIT_MS = 45_000
/** Who makes the files that clients share. */
const MAKER = 250
/** Chance that something befalls a mover when a client begins an operation. */
const TROUBLE_CHANCE = 0.04
/** Chance that a mover dies while it starts, and that one does while it becomes primary. */
const STILLBIRTH_CHANCE = 0.06
const LOST_REIGN_CHANCE = 0.15

export interface FailureOptions {
  seed: number
  movers: number
  files: number
  clients: number
  /** Operations of clients in each of two rounds. */
  operations: number
  /** The primary has hardly any memory for tree nodes and inodes. */
  isTight: boolean
  /** Bytes of the volume that are free; null: many. */
  leftFree: number | null
  /** See `Playground`. */
  lists: boolean
  strays: boolean
  /** See `TroubledSite`. */
  stalls: boolean
  /** Clients that lock; null: none. */
  locks: LockOptions | null
}

/** Clients that lock. */
export interface LockOptions {
  clients: number
  files: number
  /** Between two things that one does, at most. */
  pauseMs: number
}

/** A volume with some files. */
interface Prepared {
  device: FaultDevice
  volumeUuid: Uint8Array
  root: Id
  bystanders: Id[]
}

/** Made once each, by what is left free. */
const templates = new Map<number | null, Prepared>()

function prepared(leftFree: number | null): Prepared {
  const known = templates.get(leftFree)
  if (known !== undefined) return known
  const world = new FilesWorld(1, {}, null, 'primary', new WorldMemory())
  const { files, device, world: inner, root } = world
  const bystanders = Array.from({ length: BYSTANDERS }, (_, i) => {
    const ino = world.create(`bystander ${i}`)
    return { ino, generation: world.inode(ino).generation }
  })
  if (leftFree !== null) fill(world, bystanders[0]?.ino as number, leftFree)
  inner.run(files.close())
  const { ino, generation } = root
  const made = { device, volumeUuid: files.volumeUuid, root: { ino, generation }, bystanders }
  templates.set(leftFree, made)
  return made
}

function fill(world: FilesWorld, ino: number, leftFree: number): void {
  const piece = new Uint8Array(2 ** 17)
  for (let at = 0; world.files.statistics().freeBytes > leftFree; at += piece.length) {
    const written = world.write(ino, at, piece, 'fileSync')
    if (typeof written === 'string') throw new Error(`the volume cannot be filled: ${written}`)
  }
}

/**
 * Clients of several movers use a few files, while movers die, are stopped, lose their sessions, and are fenced and started
 * again; now and then all lose their power. What clients see must be one history, in which nothing is lost that was
 * acknowledged as durable; and everybody must be answered.
 */
export class FailureWorld {
  readonly counts: Record<string, number> = {}
  readonly trace: Trace
  readonly #env: TestEnvironment
  readonly #random: Random
  readonly #store: SharedStore
  readonly #host: SimulatedHost
  readonly #o: FailureOptions
  readonly #files: SharedFile[] = []
  readonly #clients: Client[]
  readonly #troubles: Troubles
  readonly #lockers: Lockers | null
  #left = 0
  readonly #looks: Random
  /** Steps until somebody looks whose the blocks are. */
  #untilLook = 1
  /** No more troubles: the round ends. */
  #isCalm = true

  constructor(options: FailureOptions) {
    const { seed, movers, clients, isTight, leftFree } = options
    const { device, volumeUuid, root, bystanders } = prepared(leftFree)
    this.#o = options
    this.#env = new TestEnvironment(seed)
    this.#random = new Random(seed + 3000)
    this.#looks = new Random(seed + 5000)
    this.#store = new SharedStore(device.survivingImage(this.#env), this.#env)
    // The volume was made before, by a clock of its own.
    this.#env.jumpWallClock(3_600_000)
    const trace = new Trace(() => this.#env.monotonicMs())
    this.trace = trace
    this.#host = new SimulatedHost({
      env: this.#env,
      store: this.#store,
      trace,
      leaseMs: LEASE_MS,
      nodeCapacity: isTight ? 24 : 512,
      inodeCapacity: isTight ? 8 : 100,
      changed: (ino) => {
        checkHolders(this.#host, ino)
        checkKnown(this.#host, ino)
      },
      landed: (mover, isPrimary, offset, length) => checkLanding(this.#host, mover, isPrimary, offset, length),
      movers,
      locks: options.locks === null ? null : { graceMs: GRACE_MS, movers: moverNames(movers) },
      serves: (mover) => this.#lockers?.serves(mover),
      volumeUuid,
      born: (mover) => this.#born(mover),
      died: (mover) => this.#died(mover),
      elected: (mover) => this.#elected(mover),
      held: () => this.#count('told of who holds'),
      wrong: (what) => {
        throw new Violation(what)
      },
    })
    const playground: Playground = {
      host: this.#host,
      env: this.#env,
      random: this.#random,
      trace,
      files: this.#files,
      bystanders,
      counts: this.counts,
      root,
      lists: options.lists,
      strays: options.strays,
      mayBegin: () => this.#mayBegin(),
    }
    this.#troubles = new Troubles({ ...playground, leaseMs: LEASE_MS, stalls: options.stalls })
    this.#clients = Array.from({ length: clients }, (_, i) => new Client(i + 1, playground))
    this.#lockers = options.locks === null ? null : this.#makeLockers(options.locks, playground)
  }

  #makeLockers({ clients, files, pauseMs }: LockOptions, playground: Playground): Lockers {
    const locked = playground.bystanders.slice(MOST_OWN, MOST_OWN + files)
    const movers = moverNames(this.#o.movers)
    return new Lockers({ ...playground, count: clients, files: locked, pauseMs, graceMs: GRACE_MS, movers })
  }

  /** Plays; throws what is wrong, with the last messages of the file that it is about. */
  run(): void {
    try {
      this.#host.start()
      this.#makeFiles()
      for (let round = 0; round < 2; round++) {
        this.#play()
        this.#rest()
      }
      this.#count('power cuts')
      this.#host.cutPower()
      this.#rest()
    } catch (error) {
      throw this.#explained(error as Error)
    }
  }

  #explained(error: Error): Error {
    const isViolation = error instanceof Violation
    const what = isViolation ? error.message : (error.stack ?? error.message)
    return new Error(`${what}\n${this.trace.last(SHOWN_LINES, isViolation ? error.ino : 0)}`, { cause: error })
  }

  #makeFiles(): void {
    this.#until(() => this.#host.isWhole, 'the movers do not serve')
    for (let i = 0; i < this.#o.files; i++) {
      const mover = this.#host.primary as SimulatedMover
      let made: { ino: number; generation: number } | null = null
      const call: SentCall<Id> = {
        ...{ client: MAKER, xid: i, isOnce: false },
        attempt: (service, op) => {
          op.intent = 'change'
          const { root } = prepared(this.#o.leftFree)
          const dir = service.inode(op, root.ino, root.generation)
          if (typeof dir === 'string') return dir
          const name = new TextEncoder().encode(`file ${i}`)
          const inode = service.create(op, dir, name, { kind: 'guarded', attributes: {} })
          return typeof inode === 'string' ? inode : { ino: inode.ino, generation: inode.generation }
        },
      }
      mover.serve(call, (outcome) => {
        if (outcome.failure !== null) throw new Violation(`CREATE: ${outcome.failure}`)
        made = outcome.value
      })
      this.#until(() => made !== null, 'a CREATE is never answered')
      if (made !== null)
        this.#files.push({ ...(made as SharedFile), history: new FileHistory(), names: new ContentNames() })
    }
  }

  /** A round: as many operations as there are, in all troubles. */
  #play(): void {
    this.#left = this.#o.operations
    this.#isCalm = false
    for (const client of this.#clients) client.next()
    this.#lockers?.begin()
    this.#until(() => this.#left === 0, 'operations are never answered')
    this.#isCalm = true
    this.#until(() => this.#clients.every(({ isBusy }) => !isBusy), 'operations are never answered')
  }

  #mayBegin(): boolean {
    if (this.#left === 0) return false
    this.#left--
    if (!this.#isCalm && this.#random.chance(TROUBLE_CHANCE)) this.#troubles.befall()
    return true
  }

  /** Nothing happens any more: everything is made durable, looked at by all movers, and must be in order. */
  #rest(): void {
    this.#until(() => this.#host.isWhole, 'the movers do not serve again')
    this.#until(() => {
      for (const client of this.#clients) client.next(true)
      return this.#clients.every(({ isDone }) => isDone)
    }, 'what is not committed cannot be committed')
    this.#until(() => this.#host.isWhole, 'the movers do not serve again')
    if (this.#lockers !== null) this.#restLockers(this.#lockers)
    const [client] = this.#clients as [Client]
    for (const slot of this.#host.slots) {
      for (const file of this.#files) {
        client.useMover(slot)
        client.readAll(file)
        this.#until(() => !client.isBusy, 'a read is never answered')
      }
    }
    this.#env.advance(REST_MS)
    checkBlocks(this.#host, this.#inos, this.#env)
    const sessions = this.#host.primary?.reign?.counters()['sessions']
    if (sessions !== this.#host.holders.length) throw new Violation(`the primary counts ${sessions} sessions`)
    checkVolume(this.#store.device, this.#o.seed)
  }

  /** What is locked is known, and stays locked when the power fails, until it is unlocked. */
  #restLockers(lockers: Lockers): void {
    const until: Until = (condition, otherwise) => this.#until(condition, otherwise)
    const look = (): VolumeFiles => {
      until(() => this.#host.isWhole && lockers.isSettled, 'what is locked is not reclaimed')
      const { files } = this.#host.primary as SimulatedMover
      lockers.checkRecords(files as VolumeFiles, until)
      return files as VolumeFiles
    }
    look()
    const missing = lockers.remember()
    this.#host.cutPower()
    look()
    const lost = missing()
    if (lost !== undefined) throw new Violation(`${shown(lost)} is lost when the power fails`, lost.ino)
    lockers.finish(until)
    this.#env.advance(REST_MS)
    lockers.checkForgotten((this.#host.primary as SimulatedMover).files as VolumeFiles, until)
  }

  /** Time goes on until something is so. */
  #until(condition: () => boolean, otherwise: string): void {
    for (let steps = 0; !condition(); steps++) {
      if (steps === MOST_STEPS || !this.#env.step()) {
        const waiting = this.#clients.filter(({ isBusy }) => isBusy).map(({ doing }) => doing)
        throw new Violation(`${otherwise}: ${[...waiting, ...(this.#lockers?.doing ?? [])].join('; ')}`)
      }
      if (--this.#untilLook === 0) this.#lookAtBlocks()
      if (this.#o.stalls) this.#checkWaits()
    }
  }

  #checkWaits(): void {
    for (const { waitedMs, doing } of this.#clients)
      if (waitedMs > MOST_WAIT_MS) throw new Violation(`who ${doing} has waited for ${waitedMs} ms`)
  }

  #lookAtBlocks(): void {
    this.#untilLook = 1 + this.#looks.below(2 * STEPS_OF_LOOK)
    if (checkOwners(this.#host, this.#inos)) this.#count('looks at blocks')
  }

  /** Of all files that may have blocks. */
  get #inos(): number[] {
    const most = MOST_OWN + (this.#o.locks?.files ?? 0)
    return [...this.#files, ...prepared(this.#o.leftFree).bystanders.slice(0, most)].map(({ ino }) => ino)
  }

  #born(mover: SimulatedMover): void {
    if (this.#isCalm || !this.#random.chance(STILLBIRTH_CHANCE)) return
    this.#count('stillbirths')
    mover.process.afterSteps(1 + this.#random.below(8), () => mover.process.die())
  }

  #elected(mover: SimulatedMover): void {
    this.#count('elections')
    mover.answer()
    if (this.#isCalm || !this.#random.chance(LOST_REIGN_CHANCE)) return
    this.#count('lost reigns')
    mover.process.afterSteps(1 + this.#random.below(8), () => mover.process.die())
  }

  #died(mover: SimulatedMover): void {
    for (const client of this.#clients) client.died(mover)
    this.#lockers?.died(mover)
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }
}
