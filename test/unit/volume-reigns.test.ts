import t, { type Test } from 'tap'
import { isLater } from '../../mover/files/live-inode.ts'
import { PagePool } from '../../mover/store/page-pool.ts'
import type { Task } from '../../mover/task.ts'
import { checkDevice, type VolumeCheck } from '../../mover/volume/check/check.ts'
import { retry } from '../../mover/volume/open.ts'
import { NodeMemory } from '../../mover/volume/tree/node-layout.ts'
import { WALK_SLOTS } from '../../mover/volume/tree/walk.ts'
import { ORDINARY, type SubmitOptions, URGENT } from '../../mover/volume/volume.ts'
import type { FaultDevice } from '../crash/fault-device.ts'
import { Random } from '../crash/random.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { ROOMY, World, WorldMemory } from '../crash/world.ts'
import { bytes, FilesWorld, filled } from './files-support.ts'

/** Far more reigns than the log has segments, and than the superblock has room for. */
const ROUNDS = 60
const PAGE = 4096
const FILES = 20
const memory = new WorldMemory()
const checkMemory = { walk: new NodeMemory(new PagePool(WALK_SLOTS)), replay: new PagePool(2048) }

/** Writes of a superblock while a volume is opened, in both copies; the next one is that of the first checkpoint. */
const OPENING_WRITES = 2

interface Disk {
  device: FaultDevice
  wallMs: number
}

function worldOn({ device, wallMs }: Disk, seed: number): World {
  const env = new TestEnvironment(seed)
  env.jumpWallClock(wallMs + 5000 - env.wallMs())
  return new World(env, memory, ROOMY, (options) => device.survivingImage(env, options))
}

/** A mover that dies with records in the log, some of them of files that are being written. */
function leave(): Disk {
  const world = new FilesWorld(7)
  for (let i = 0; i < FILES; i++) {
    const ino = world.create(`file ${i}`)
    world.write(ino, 0, filled(PAGE, i), 'fileSync')
    if (i % 2 === 0) world.write(ino, 0, filled(PAGE, i + 100), 'fileSync')
  }
  return { device: world.device.survivingImage(), wallMs: world.env.wallMs() }
}

/** Opens the volume and logs what there is room for, until the power is cut. */
function* openAndLog(world: World, options: SubmitOptions, logged: number[]): Task<void> {
  const { volume } = yield* world.open()
  const time = { sec: 0, nsec: 0 }
  world.env.wallTime(time)
  for (;;) {
    const lsn = yield* retry(volume, () => volume.submit('recoverMarks', { time, inos: [] }, options))
    if (typeof lsn === 'string') throw new Error(lsn)
    logged.push(lsn)
  }
}

/** One more reign, which ends at crash point `at`, or when its first checkpoint is about to write the superblock. */
function shortReign(t: Test, disk: Disk, round: number, at: number): Disk {
  const world = worldOn(disk, 100 + round)
  let superblocks = 0
  world.device.onPoint = ({ number, kind, request }) => {
    if (kind === 'beforeSubmit' && request.label === 'superblock') superblocks++
    if (number === at || superblocks > OPENING_WRITES) world.device.cutPower()
  }
  const logged: number[] = []
  world.run(openAndLog(world, round % 2 === 0 ? ORDINARY : URGENT, logged))
  t.ok(world.env.halted, `reign ${round} has ended`)
  t.strictSame(logged, [], `reign ${round} has logged nothing`)
  return { device: world.device.crashImage(new Random(round)), wallMs: world.env.wallMs() }
}

function isClean(t: Test, disk: Disk, what: string): void {
  const world = worldOn(disk, 3)
  const { env, device } = world
  const { problems } = world.run(checkDevice({ device, env, memory: checkMemory })) as VolumeCheck
  t.strictSame(problems, [], `${what}: check`)
}

/** All that was there before is there, and the volume can be written. */
function isWhole(t: Test, disk: Disk, what: string): Disk {
  const world = new FilesWorld(8, {}, { disk: disk.device, wallMs: disk.wallMs + 5000 })
  const wrong: string[] = []
  for (let i = 0; i < FILES; i++) {
    const found = world.call((op) => world.files.lookup(op, world.root, bytes(`file ${i}`), world.files.rootIno))
    const read = typeof found === 'string' ? found : world.read(found.ino, 0, PAGE)
    const data = filled(PAGE, i % 2 === 0 ? i + 100 : i)
    if (typeof read === 'string' || !read.data.equals(data)) wrong.push(`file ${i}`)
  }
  t.strictSame(wrong, [], what)
  t.strictSame(world.write(world.create(what), 0, filled(PAGE, 1), 'fileSync'), { count: PAGE, committed: 'fileSync' })
  return { device: world.device.survivingImage(), wallMs: world.env.wallMs() }
}

t.test('a volume opens however many reigns have ended before their first checkpoint', (t) => {
  let disk = leave()
  for (const rounds of ['to the checkpoint', 'cut anywhere']) {
    for (let round = 0; round < ROUNDS; round++) {
      disk = shortReign(t, disk, round, rounds === 'cut anywhere' ? 1 + round : Number.POSITIVE_INFINITY)
      if (round % 20 === 19) isClean(t, disk, `${rounds}, ${round + 1} reigns`)
    }
    // Crashes again with records in the log.
    disk = isWhole(t, disk, `after ${ROUNDS} reigns ${rounds}`)
    isClean(t, disk, rounds)
  }
  t.end()
})

t.test('after a crash while the clock is behind, no time of change is shown again', async (t) => {
  const world = new FilesWorld(3)
  const ino = world.create('file')
  world.write(ino, 0, filled(4096, 1), 'fileSync')
  world.env.advance(30_000)
  world.env.jumpWallClock(-3_600_000)
  for (const fill of [2, 3, 4]) world.write(ino, 0, filled(4096, fill), 'fileSync')
  const { ctimeSec, ctimeNsec } = world.inode(ino)
  const again = new FilesWorld(4, {}, { disk: world.device.survivingImage(), wallMs: world.env.wallMs() })
  const after = again.inode(ino)
  t.ok(isLater(after.ctimeSec, after.ctimeNsec, ctimeSec, ctimeNsec))
})
