import type { VolumeFiles } from '../../mover/files/volume-files.ts'
import { BLOCK_BYTES, CHUNK_TYPE } from '../../mover/volume/layout.ts'
import { beginning, FILL_NAME } from './beginnings.ts'
import { type Comparison, filesOf, statesOf } from './compare.ts'
import type { Coverage } from './coverage.ts'
import type { CrashPoint, FaultDevice } from './fault-device.ts'
import { Model } from './model.ts'
import { drawPlot, type Plot, type PlotName } from './plots.ts'
import { Random } from './random.ts'
import { memoryAt, recover } from './recovery.ts'
import { Scene } from './scene.ts'
import { partsOf } from './sites.ts'
import { TestEnvironment } from './test-environment.ts'
import { Workload } from './workload.ts'
import { type LateWrite, World } from './world.ts'

export interface StoryOptions {
  readonly seed: number
  readonly coverage: Coverage
  /** Stories take these in turn. */
  readonly plots: readonly PlotName[]
  /** Only this point is crashed at, besides those where a life ends. 0: any. */
  readonly onlyPoint: number
  readonly trace: (text: string) => void
}

/** One volume through several lives, each of which ends with a crash or a clean close; crashed at many points of each. */
export class Story {
  readonly #o: StoryOptions
  readonly #random: Random
  readonly #name: PlotName
  readonly #plot: Plot
  readonly #model: Model
  /** The disk between two lives, and the time then. */
  #disk: FaultDevice
  #wallMs: number
  /** Crash points of the lives before. */
  #points = 0
  /** The crash point that is being tried, 0 for none. */
  #tried = 0
  /** The power is cut at this point of the life, or the first behind it. */
  #cutFrom = Number.POSITIVE_INFINITY
  /** The power is cut before the first checkpoint of the life is durable. */
  #isLooping = false

  constructor(options: StoryOptions) {
    this.#o = options
    this.#random = new Random(options.seed)
    const { name, plot } = drawPlot(options.seed, this.#random, options.plots)
    this.#name = name
    this.#plot = plot
    const { disk, found } = beginning(plot.beginning)
    this.#disk = disk
    this.#wallMs = new TestEnvironment(1).wallMs() + 60_000
    this.#model = Model.of(statesOf(found), filesOf(found, disk), FILL_NAME)
  }

  /** Throws what the crash tests find wrong; its message says how to see it again. */
  play(): void {
    const { trace, seed } = this.#o
    trace(`seed ${seed}, ${this.#name}: ${JSON.stringify(this.#plot)}`)
    try {
      for (let life = 0; life < this.#plot.lives; life++) {
        trace(`life ${life}`)
        this.#isLooping = life > 0 && life <= this.#plot.crashLoop
        this.#live()
      }
    } catch (error) {
      if (!(error instanceof Error)) throw error
      const at = this.#tried === 0 ? '--trace' : `--point ${this.#tried}`
      error.message += `\nagain: node test/crash/run.ts --plots '${this.#name}' --seed ${seed} ${at}`
      throw error
    }
  }

  #live(): void {
    const { coverage } = this.#o
    const env = new TestEnvironment(this.#random.u32())
    env.jumpWallClock(this.#wallMs - env.wallMs() + 1000)
    const world = new World(env, memoryAt(0), this.#plot.tuning, (options) => this.#disk.survivingImage(env, options))
    world.device.onPoint = (point) => this.#atPoint(point, world)
    this.#cutFrom = this.#plot.short ? 1 + this.#random.below(300) : Number.POSITIVE_INFINITY
    const files = this.#plot.short ? world.runAlone(world.open()) : world.run(world.open())
    if (files !== undefined) this.#work(world, files)
    coverage.event(`${this.#name}: ${env.halted ? 'power cut' : 'closed'}`)
    const checkpoints = world.volume?.status().checkpoints ?? 0
    coverage.event('checkpoints', checkpoints)
    if (checkpoints === 0) coverage.event('reigns without a checkpoint')
    coverage.event('log segments used again', world.segmentsReused)
    this.#points += world.device.pointCount
    this.#wallMs = env.wallMs()
  }

  #work(world: World, files: VolumeFiles): void {
    const { env } = world
    const { coverage, trace } = this.#o
    const scene = new Scene(files, env, this.#model, this.#random.fork(), {
      mayBeFull: this.#plot.beginning.startsWith('full'),
      writes: this.#model.time * 10,
    })
    const load = new Workload(scene, { ...this.#plot, trace })
    const ending = this.#random.pick(['cut', 'cut', 'idle', 'close'] as const)
    const cutAfter = this.#random.below(this.#plot.operations)
    if (this.#plot.failures) planFailure(this.#random, world)
    load.start()
    env.runUntil(() => {
      if (ending === 'cut' && load.answered >= cutAfter) this.#cutFrom = 0
      return load.idle
    })
    if (ending === 'idle') this.#cutFrom = 0
    try {
      if (!env.halted && !scene.hasFailed) world.run(files.close())
    } catch (error) {
      if (!scene.hasFailed) throw error
    }
    if (scene.hasFailed && !env.halted) {
      trace(`the volume has failed: ${files.volume.failure?.message}`)
      coverage.event('volume has failed')
      this.#cut(world, new Random(this.#o.seed + this.#points))
    } else if (!env.halted) this.#closed(world)
    coverage.event('operations', load.answered)
    coverage.event('suspended operations', load.runner.suspensions)
    for (const [name, count] of scene.noSpace)
      coverage.event(`no space for ${name === 'write' ? 'data' : 'names'}`, count)
  }

  /** After a clean close everything is durable. */
  #closed(world: World): void {
    const model = this.#model
    model.mustSurvive(model.nextIndex - 1)
    for (const file of model.files.values()) file.syncAll(model.time)
    this.#disk = world.device.survivingImage()
    this.#restart(this.#recover(this.#disk, new Random(this.#o.seed + this.#points), world.env.wallMs(), null))
  }

  #recover(disk: FaultDevice, random: Random, wallMs: number, late: LateWrite | null): Comparison {
    const { coverage, trace } = this.#o
    const options = { model: this.#model, coverage, random, wallMs, late, depth: 1, trace }
    return recover((env, deviceOptions) => disk.survivingImage(env, deviceOptions), options)
  }

  #restart(comparison: Comparison): void {
    const model = this.#model
    model.time++
    model.restart(comparison.index)
    for (const [ino, file] of model.files) {
      const found = comparison.files.get(ino)
      if (found === undefined) throw new Error(`file ${ino} was not found after a crash that it survived`)
      file.restart(model.time, found)
    }
  }

  #atPoint(point: CrashPoint, world: World): void {
    const { coverage, onlyPoint, trace, seed } = this.#o
    const number = this.#points + point.number
    const random = new Random(seed * 2 ** 20 + number)
    const isOver = point.number >= this.#cutFrom || (this.#isLooping && isCheckpointing(world))
    const isCut = isOver && !world.env.halted
    const isDrawn = random.below(Math.ceil(this.#plot.every / shareOf(point))) === 0
    const isTried = onlyPoint === 0 ? isDrawn : number === onlyPoint
    if (!isCut && !isTried) return
    coverage.crashedAt(point)
    const { kind, label } = point.request
    trace(`crash at point ${number}: ${point.kind} of ${kind} ${point.request.number} ${label}`)
    this.#tried = number
    if (isCut) {
      this.#cut(world, random)
      return
    }
    const disk = world.device.crashImage(random, world.env)
    const isFlying = point.kind === 'afterSubmit' || point.kind === 'beforeCompletion'
    const late = isFlying && partsOf(label).site === 'log batch' ? world.lastBatch : null
    this.#recover(disk, random, world.env.wallMs(), late)
    this.#tried = 0
  }

  /** The life ends here: the next one begins with what the power cut has left. */
  #cut(world: World, random: Random): void {
    this.#disk = world.device.crashImage(random, world.env)
    this.#restart(this.#recover(this.#disk, random, world.env.wallMs(), null))
    this.#tried = 0
    world.device.cutPower()
  }
}

/** The disk refuses something once: a write of the log, of a superblock or of a checkpoint, or a flush. */
function planFailure(random: Random, { device, volume }: World): void {
  if (volume === null) throw new Error('no volume to fail')
  const g = volume.superblock.geometry
  const isMeta = (chunk: number) => volume.space.typeOf(chunk) === CHUNK_TYPE.meta
  const chunk = Array.from({ length: g.chunkCount }, (_, i) => i).findLast(isMeta) ?? 0
  const ranges = {
    log: [g.logBlock, g.logBlock + g.logSegmentBlocks * g.logSegmentCount],
    superblock: [0, 2],
    table: [g.tableBlock, g.tableBlock + 2 * g.tableBlocksPerSlot],
    meta: [g.systemBlocks, (chunk + 1) * g.chunkBlocks],
  } as const
  const kind = random.pick(['flush', 'flush', 'superblock flush', 'log', 'log', 'superblock', 'table', 'meta'] as const)
  const skip = random.below(random.pick([4, 30, 80]))
  if (kind === 'flush') device.inject({ on: 'flush', code: 'IO', skip })
  else if (kind === 'superblock flush') {
    device.onWrite = ({ label, offset }) => {
      if (label === 'superblock' && offset < 2 * BLOCK_BYTES) device.inject({ on: 'flush', code: 'IO' })
    }
  } else {
    const [first, end] = ranges[kind]
    const range = { fromOffset: first * BLOCK_BYTES, toOffset: end * BLOCK_BYTES }
    device.inject({ on: 'anyWrite', code: 'IO', skip: kind === 'log' ? skip : random.below(4), ...range })
  }
}

/** True when a superblock is being written that is not the one of the opening, which has two copies. */
function isCheckpointing({ device }: World): boolean {
  return (device.labelCounts.get('superblock') ?? 0) > 2
}

/** What happens so seldom that its crash points are tried so many times as often. */
const RARE_RECORDS: Readonly<Record<string, number>> = {
  reapOrphan: 16,
  truncateStep: 32,
  recoverMarks: 16,
  clearMarks: 16,
  link: 3,
}

function shareOf({ request }: CrashPoint): number {
  return Math.max(1, ...partsOf(request.label).records.map((record) => RARE_RECORDS[record] ?? 1))
}
