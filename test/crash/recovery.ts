import { PagePool } from '../../mover/store/page-pool.ts'
import { type CheckMemory, checkDevice, type VolumeCheck } from '../../mover/volume/check/check.ts'
import { NodeMemory } from '../../mover/volume/tree/node-layout.ts'
import { WALK_SLOTS } from '../../mover/volume/tree/walk.ts'
import { type Comparison, compare } from './compare.ts'
import type { Coverage } from './coverage.ts'
import type { CrashPoint, FaultDevice, FaultDeviceOptions } from './fault-device.ts'
import { describeRequest } from './fault-rules.ts'
import { FoundVolume } from './found-volume.ts'
import type { Model } from './model.ts'
import { probe } from './probe.ts'
import { Random } from './random.ts'
import { leakProblems, structureProblems } from './structure.ts'
import { TestEnvironment } from './test-environment.ts'
import { type LateWrite, type Tuning, World, WorldMemory } from './world.ts'

/** Worlds inside one another: the workload's, one that recovers from its crash, one that recovers from a crash of that. */
const DEPTH = 4
const memories: WorldMemory[] = []
let walkMemory: NodeMemory | null = null
let checkMemory: CheckMemory | null = null
const CHECK_NODES = 2048
const CHECK_CHANCE = 0.05
const PROBE_CHANCE = 0.08
const LATE_CHANCE = 0.3
const UNWRITABLE_CHANCE = 0.05

/** Memory for worlds at a depth of nesting: 0 is the workload's. */
export function memoryAt(depth: number): WorldMemory {
  if (depth >= DEPTH) throw new RangeError(`worlds nested ${depth} deep`)
  memories[depth] ??= new WorldMemory()
  return memories[depth]
}

/** Reads a closed volume from its device. */
export function readVolume(world: World): FoundVolume {
  return world.run(FoundVolume.read(world.device, walkNodes())) as FoundVolume
}

function walkNodes(): NodeMemory {
  walkMemory ??= new NodeMemory(new PagePool(WALK_SLOTS))
  return walkMemory
}

export interface RecoveryOptions {
  readonly model: Model
  readonly coverage: Coverage
  /** Draws the crash image, the memory sizes, and where recovery itself crashes. */
  readonly random: Random
  /** Wall clock of the crash, milliseconds since 1970. */
  readonly wallMs: number
  /** A write of the log that was in flight at the crash and may land later. */
  readonly late: LateWrite | null
  /** Nesting of the world that recovers. */
  readonly depth: number
  readonly trace: (text: string) => void
}

/** What recovery must not leave; thrown with everything that is wrong. */
export class CrashMistake extends Error {}

function drawTuning(random: Random): Tuning {
  return { nodeCapacity: random.pick([64, 128, 512]), pagePoolSize: 0, inodeCapacity: 100 }
}

/**
 * Recovers from a crash and compares what is there with the model; may crash again on the way, and recover from that
 * too. Throws CrashMistake. `from` makes the disk that the crash has left.
 */
export function recover(
  from: (env: TestEnvironment, options: FaultDeviceOptions) => FaultDevice,
  options: RecoveryOptions,
): Comparison {
  const { random, depth, coverage, trace } = options
  const env = new TestEnvironment(random.u32())
  env.jumpWallClock(options.wallMs - env.wallMs() + 5)
  const world = new World(env, memoryAt(depth), drawTuning(random), (o) => from(env, o))
  const nested: Comparison[] = []
  const again = (point: CrashPoint): void => {
    trace(`crash again, ${depth} deep, at point ${point.number}: ${point.kind} ${describeRequest(point.request)}`)
    coverage.event(world.volume === null ? 'crash while opening' : 'crash after opening')
    coverage.crashedAt(point)
    const wallMs = env.wallMs()
    const image = (e: TestEnvironment, o: FaultDeviceOptions) => world.device.crashImage(random.fork(), e, 'mixed', o)
    nested.push(recover(image, { ...options, depth: depth + 1, wallMs, late: null }))
  }
  if (depth < DEPTH - 1) world.device.onPoint = planAgain(world, options, again)
  if (random.chance(CHECK_CHANCE)) checkImage(world, coverage)
  const unwritable = depth < DEPTH - 1 ? openUnwritable(world, options) : null
  if (unwritable !== null) nested.push(unwritable)
  const comparison = settle(world, options)
  for (const { index } of nested) {
    if (index !== comparison.index) {
      throw new CrashMistake(`one recovery keeps operations up to ${comparison.index}, a second one up to ${index}`)
    }
  }
  return comparison
}

/** Whether and when recovery itself crashes: what the recovering device does at its points. */
function planAgain(
  world: World,
  { random, depth, late, coverage, trace }: RecoveryOptions,
  again: (point: CrashPoint) => void,
): ((point: CrashPoint) => void) | null {
  if (late !== null && random.chance(LATE_CHANCE)) {
    // A write of the mover that died lands when its successor has begun: nobody may ever take it for a part of the log.
    let at = 0
    return (point) => {
      if (at === 0 && point.kind === 'afterCompletion' && point.request.kind === 'flush') {
        coverage.event('late write of a predecessor')
        trace('a batch of the reign before lands now')
        world.device.poke(late.offset, late.bytes)
        at = point.number + random.below(24)
      }
      if (point.number === at) again(point)
    }
  }
  if (!random.chance(depth === 1 ? 0.25 : 0.1)) return null
  const at = 1 + random.below(random.pick([8, 60, 300]))
  return (point) => {
    if (point.number === at) again(point)
  }
}

/**
 * Now and then the same disk is first opened where the host takes no writes any more, from some write on: it must open,
 * and what it leaves must still recover to the same. Null when it was not drawn.
 */
function openUnwritable({ device, tuning }: World, options: RecoveryOptions): Comparison | null {
  const { depth, coverage, trace } = options
  // A generator of its own: whether this is tried changes nothing else.
  const random = new Random(options.wallMs * 4 + depth)
  if (!random.chance(UNWRITABLE_CHANCE)) return null
  const env = new TestEnvironment(random.u32())
  env.jumpWallClock(options.wallMs - env.wallMs() + 5)
  const world = new World(env, memoryAt(depth + 1), tuning, (o) => device.survivingImage(env, o))
  const skip = random.below(random.pick([4, 16]))
  world.device.inject({ on: 'anyWrite', code: 'NOSPC', skip, times: Number.POSITIVE_INFINITY })
  world.run(world.open())
  if (world.volume === null) throw new CrashMistake(`the volume does not open when writes fail behind ${skip}`)
  const isReadOnly = world.volume.failure !== null
  coverage.event(isReadOnly ? 'opened read-only' : 'opened before writes failed')
  trace(`opened ${depth} deep while writes fail behind ${skip}: ${world.volume.failure?.message ?? 'nothing written'}`)
  const wallMs = env.wallMs()
  world.device.cutPower()
  const image = (e: TestEnvironment, o: FaultDeviceOptions) => world.device.crashImage(random.fork(), e, 'mixed', o)
  return recover(image, { ...options, random: random.fork(), depth: depth + 1, wallMs, late: null })
}

/** `check` must find nothing wrong with what a crash leaves, before and after it is recovered. */
function checkImage(world: World, coverage: Coverage): void {
  coverage.event('checked as the crash left it')
  checkMemory ??= { walk: walkNodes(), replay: new PagePool(CHECK_NODES) }
  const { device, env } = world
  const { problems } = world.run(checkDevice({ device, env, memory: checkMemory })) as VolumeCheck
  if (problems.length > 0) throw new CrashMistake(`check says: ${problems.slice(0, 20).join('\n')}`)
  world.memory.arena.reset()
}

/** Opens, lets everything come to rest, closes, and compares. */
function settle(world: World, options: RecoveryOptions): Comparison {
  const problems: string[] = []
  world.run(world.open())
  const { volume, files } = world
  if (volume === null || files === null) throw new CrashMistake('the volume does not open')
  options.trace(`recovered: ${JSON.stringify(volume.status())}`)
  problems.push(...leakProblems(volume))
  world.run(files.close())
  problems.push(...leakProblems(volume))
  world.device.onPoint = null
  const found = readVolume(world)
  problems.push(...structureProblems(found))
  const comparison = compare(found, world.device, options.model, Math.floor(world.env.wallMs() / 1000))
  problems.push(...comparison.problems)
  if (problems.length > 0) throw new CrashMistake(problems.slice(0, 20).join('\n'))
  if (options.depth < DEPTH - 1 && options.random.chance(PROBE_CHANCE)) {
    options.coverage.event('used after recovery')
    const env = new TestEnvironment(options.random.u32())
    env.jumpWallClock(world.env.wallMs() - env.wallMs() + 1000)
    const { device } = world
    const again = new World(env, memoryAt(options.depth + 1), world.tuning, (o) => device.survivingImage(env, o))
    probe(again, found, options.random)
  }
  return comparison
}
