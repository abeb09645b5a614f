import { LogDamage } from '../../mover/volume/log-reader.ts'
import { SpaceError } from '../../mover/volume/space.ts'
import { SuperblockError } from '../../mover/volume/superblock.ts'
import { TreeCorruption } from '../../mover/volume/tree/corruption.ts'
import { beginning } from './beginnings.ts'
import type { Coverage } from './coverage.ts'
import type { CrashPoint, FaultDevice } from './fault-device.ts'
import { Random } from './random.ts'
import { CrashMistake, memoryAt, readVolume } from './recovery.ts'
import { partsOf } from './sites.ts'
import { structureProblems } from './structure.ts'
import { TestEnvironment } from './test-environment.ts'
import { ROOMY, World } from './world.ts'

/** What says that there is no volume to be opened. */
const REFUSALS = [SuperblockError, SpaceError, LogDamage, TreeCorruption]
/** Crash images of a point at which the root directory is being made, and how often the others are tried. */
const ROOT_IMAGES = 8
const CHANCE = 0.2

export interface FormatOptions {
  readonly seed: number
  readonly coverage: Coverage
  readonly trace: (text: string) => void
}

/**
 * mkfs on a disk that held another volume, crashed at many of its points. What is left is a volume or is refused, and
 * mkfs makes a good one of it.
 */
export function playFormat({ seed, coverage, trace }: FormatOptions): void {
  const random = new Random(seed)
  const old = beginning(random.pick(['empty', 'full of data'] as const)).disk
  const world = worldOn(old, 0, random)
  const crash = (point: CrashPoint): void => {
    coverage.crashedAt(point)
    trace(`crash of mkfs at point ${point.number}: ${point.kind} ${point.request.label}`)
    const disk = world.device.crashImage(random.fork())
    coverage.event(opens(worldOn(disk, 1, random)) ? 'mkfs cut short: opens' : 'mkfs cut short: refused')
    const again = worldOn(disk, 1, random)
    again.run(again.format())
    checkEmpty(again)
  }
  world.device.onPoint = (point) => {
    try {
      const isRoot = partsOf(point.request.label).records.includes('createRoot')
      if (isRoot) for (let i = 0; i < ROOT_IMAGES; i++) crash(point)
      else if (random.chance(CHANCE)) crash(point)
    } catch (error) {
      if (error instanceof Error) error.message = `mkfs with seed ${seed}, point ${point.number}: ${error.message}`
      throw error
    }
  }
  world.run(world.format())
  world.device.onPoint = null
  checkEmpty(worldOn(world.device.crashImage(random.fork()), 1, random))
}

function worldOn(disk: FaultDevice, depth: number, random: Random): World {
  const env = new TestEnvironment(random.u32())
  return new World(env, memoryAt(depth), ROOMY, (options) => disk.survivingImage(env, options))
}

/** Whether there is a volume; what opens must close in good order. */
function opens(world: World): boolean {
  try {
    world.run(world.open())
  } catch (error) {
    if (REFUSALS.some((type) => error instanceof type)) return false
    throw error
  }
  if (world.files !== null) world.run(world.files.close())
  return true
}

/** A new volume is sound and holds nothing but its root. */
function checkEmpty(world: World): void {
  const found = readVolume(world)
  const problems = structureProblems(found)
  if (found.inodes.size !== 1) problems.push(`a new volume holds ${found.inodes.size} inodes`)
  if (problems.length > 0) throw new CrashMistake(problems.join('\n'))
}
