import { VolumeFiles } from '../../mover/files/volume-files.ts'
import type { DeviceError } from '../../mover/store/device.ts'
import { PagePool } from '../../mover/store/page-pool.ts'
import { start, type Task } from '../../mover/task.ts'
import { BLOCK_BYTES, geometryFor } from '../../mover/volume/layout.ts'
import { makeVolume } from '../../mover/volume/mkfs.ts'
import { type OpenOptions, openVolume } from '../../mover/volume/open.ts'
import type { Volume } from '../../mover/volume/volume.ts'
import { Arena } from './arena.ts'
import { FaultDevice, type FaultDeviceOptions } from './fault-device.ts'
import { labelOf, partsOf } from './sites.ts'
import type { SparseImage } from './sparse-image.ts'
import type { TestEnvironment } from './test-environment.ts'

/** The smallest volume: everything happens soon on it. */
export const VOLUME_BYTES = 67_108_864
const ARENA_PAGES = 8192
/** Nothing that is waited for takes as long. */
const MOST_STEPS = 200_000
const NODE_POOL_SLOTS = 1024
const PAGE_POOL_SLOTS = [128, 256, 1024] as const

/** Memory for one world at a time; used again by the next one as the last has left it. */
export class WorldMemory {
  readonly arena = new Arena(ARENA_PAGES)
  readonly nodePool = new PagePool(NODE_POOL_SLOTS)
  readonly #pagePools = PAGE_POOL_SLOTS.map((slots) => new PagePool(slots))

  /** A pool for file pages: size 0, 1 or 2. */
  pagePool(size: number): PagePool {
    return this.#pagePools[size] as PagePool
  }
}

/** How much memory a world's volume has. */
export interface Tuning {
  nodeCapacity: number
  /** 0, 1 or 2: 128, 256 or 1024 pages. */
  pagePoolSize: number
  inodeCapacity: number
}

export const ROOMY: Tuning = { nodeCapacity: 512, pagePoolSize: 1, inodeCapacity: 1000 }

/** A write that reaches the disk long after it was submitted. */
export interface LateWrite {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** One machine with its disk: a virtual environment, a fault device, and once it is opened the volume and its service. */
export class World {
  readonly env: TestEnvironment
  readonly device: FaultDevice
  readonly memory: WorldMemory
  readonly tuning: Tuning
  /** Null until `open` has ended. */
  files: VolumeFiles | null = null
  volume: Volume | null = null
  /** The last batch that was given to the device for the log. */
  lastBatch: LateWrite | null = null
  /** Log segments that were written again after others. */
  segmentsReused = 0
  private readonly segments = new Set<number>()
  private lastSegment = -1

  /** `memory` must not be in use by another world that still runs. */
  constructor(
    env: TestEnvironment,
    memory: WorldMemory,
    tuning: Tuning,
    from: (options: FaultDeviceOptions) => FaultDevice,
  ) {
    this.env = env
    this.memory = memory
    this.tuning = tuning
    memory.arena.reset()
    this.device = from({
      arena: memory.arena,
      classify: (offset, bytes) => {
        const label = labelOf(VOLUME_BYTES, this.volume?.space ?? null, offset, bytes)
        if (partsOf(label).site === 'log batch') this.noteBatch({ offset, bytes })
        return label
      },
    })
  }

  /** An empty disk, or one with the content of `image`. */
  static blank(env: TestEnvironment, memory: WorldMemory, tuning: Tuning, image?: SparseImage): World {
    return new World(env, memory, tuning, (options) => new FaultDevice(env, VOLUME_BYTES, options, image))
  }

  get openOptions(): OpenOptions {
    const { env, device, memory, tuning } = this
    return { device, env, nodePool: memory.nodePool, nodeCapacity: tuning.nodeCapacity, leastTerm: 1 }
  }

  *format(): Task<void> {
    yield* makeVolume({ ...this.openOptions, label: 'crash' })
  }

  /** Opens the volume and starts its file service; read-only when nothing may be written. */
  *open(readOnly: DeviceError | null = null): Task<VolumeFiles> {
    const volume = yield* openVolume({ ...this.openOptions, readOnly })
    this.volume = volume
    this.files = new VolumeFiles({
      volume,
      env: this.env,
      pagePool: this.memory.pagePool(this.tuning.pagePoolSize),
      inodeCapacity: this.tuning.inodeCapacity,
      sharedLeaseMs: null,
    })
    return this.files
  }

  private noteBatch(batch: LateWrite): void {
    const { logBlock, logSegmentBlocks } = geometryFor(VOLUME_BYTES)
    const segment = Math.floor((batch.offset / BLOCK_BYTES - logBlock) / logSegmentBlocks)
    if (segment !== this.lastSegment && this.segments.has(segment)) this.segmentsReused++
    this.segments.add(segment)
    this.lastSegment = segment
    this.lastBatch = batch
  }

  /** Runs a task to its end, and everything that is under way with it. Undefined when the power was cut before. */
  run<T>(task: Task<T>): T | undefined {
    const value = this.runAlone(task)
    if (!this.env.halted) this.env.runUntilIdle()
    return value
  }

  /** As `run`, but leaves what is under way besides: the first checkpoint behind an opening, say. */
  runAlone<T>(task: Task<T>): T | undefined {
    let ended = false
    let error: Error | null = null
    let value: T | undefined
    start(task, (failure, result) => {
      ended = true
      error = failure
      value = result
    })
    this.env.runUntil(() => ended, MOST_STEPS)
    if (error !== null) throw error
    return value
  }
}
