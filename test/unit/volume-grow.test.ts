import t, { type Test } from 'tap'
import { PagePool } from '../../mover/store/page-pool.ts'
import { type CheckMemory, checkClosed, checkDevice } from '../../mover/volume/check/check.ts'
import { findSuperblock } from '../../mover/volume/device-io.ts'
import { GrowError, growVolume } from '../../mover/volume/grow.ts'
import { CHUNK_TYPE, metaReserveBlocks } from '../../mover/volume/layout.ts'
import { ROOT_INO } from '../../mover/volume/mkfs.ts'
import { NodeMemory } from '../../mover/volume/tree/node-layout.ts'
import { WALK_SLOTS } from '../../mover/volume/tree/walk.ts'
import type { FaultDevice } from '../crash/fault-device.ts'
import { Random } from '../crash/random.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import {
  BusyVolume,
  finish,
  forgetDevices,
  MIB,
  makeBusy,
  newDevice,
  openOptions,
  run,
  VOLUME_BYTES,
} from './volume-busy.ts'

const memory: CheckMemory = { walk: new NodeMemory(new PagePool(WALK_SLOTS)), replay: new PagePool(4096) }

function checkedCounts(t: Test, env: TestEnvironment, device: FaultDevice, what: string): Record<string, number> {
  const { problems, counts } = finish(env, checkDevice({ device, env, memory }))
  t.strictSame(problems, [], what)
  return counts
}

// A busy volume that was not closed, and a small one that was.
const busy = BusyVolume.make(1)
makeBusy(busy)
busy.settle()
const unclosed = newDevice(busy.env, undefined, busy.device)
forgetDevices()
const small = BusyVolume.make(2)
small.write(small.file(ROOT_INO, 'file'), 0, 3)
small.close()
const closed = newDevice(small.env, undefined, small.device)

t.test('a volume takes all of a larger device, closed or not', (t) => {
  for (const content of [unclosed, closed]) {
    for (const blocks of [16, 17, 2000, 100_000, 245_760]) {
      forgetDevices()
      const env = new TestEnvironment(blocks)
      const sizeBytes = VOLUME_BYTES + blocks * 4096
      const device = newDevice(env, sizeBytes, content)
      const before = finish(env, checkDevice({ device, env, memory }))
      t.match(before.notes.at(-1), new RegExp(`the device has ${blocks} blocks more than the volume uses`))
      const growth = finish(env, growVolume(openOptions(env, device)))
      t.strictSame(growth, { beforeBytes: VOLUME_BYTES, afterBytes: sizeBytes })
      const after = finish(env, checkClosed({ device, env, memory }))
      t.strictSame([after.problems, after.notes], [[], []], `${blocks} blocks more`)
      t.equal(after.counts['blocks'], sizeBytes / 4096)
      t.equal(after.counts['inodes'], before.counts['inodes'])
      t.strictSame(finish(env, growVolume(openOptions(env, device))), { beforeBytes: sizeBytes, afterBytes: sizeBytes })
    }
  }
  t.end()
})

t.test('the new space can be used at once, for data and for metadata', (t) => {
  forgetDevices()
  const env = new TestEnvironment(4)
  const device = newDevice(env, 1024 * MIB, closed)
  finish(env, growVolume(openOptions(env, device)))
  const grown = BusyVolume.open(env, device)
  const { space } = grown.volume
  t.ok(space.metaHeadroom > 0, `${space.metaHeadroom} blocks for metadata`)
  t.equal(space.metaReserve, metaReserveBlocks(grown.volume.superblock.geometry))
  t.ok(space.dataFree > 200_000, `${space.dataFree} data blocks`)
  const ino = grown.file(ROOT_INO, 'large')
  grown.write(ino, 0, 50_000)
  for (let i = 0; i < 500; i++) grown.file(ROOT_INO, `${i}`)
  grown.close()
  const { problems, counts } = finish(env, checkClosed({ device, env, memory }))
  t.strictSame(problems, [])
  t.equal(counts['dataBlocks'], 50_003)
  t.end()
})

t.test('even before the first checkpoint of its new size there is room for metadata', (t) => {
  // The power fails when the new size has just become valid.
  forgetDevices()
  const env = new TestEnvironment(5)
  const device = newDevice(env, 1024 * MIB, closed)
  const end = device.sizeBytes / 4096 - 2
  let writes = 0
  device.onWrite = ({ offset }) => {
    // The two blocks are cleared, and then the first superblock comes there: the one at the front is durable.
    if (offset / 4096 >= end && ++writes === 3) device.cutPower()
  }
  t.equal(run(env, growVolume(openOptions(env, device))), 'halted')
  const world = new TestEnvironment(6)
  const image = device.crashImage(new Random(1), world, 'mixed')
  t.equal(finish(world, findSuperblock(image)).geometry.deviceBlocks, image.sizeBytes / 4096)
  const opened = BusyVolume.open(world, image)
  t.ok(opened.volume.space.metaHeadroom > 0, `${opened.volume.space.metaHeadroom} blocks for metadata`)
  opened.file(ROOT_INO, 'new')
  opened.close()
  checkedCounts(t, world, image, 'after the crash')
  t.end()
})

t.test('a chunk that was short becomes whole', (t) => {
  forgetDevices()
  const env = new TestEnvironment(7)
  const device = newDevice(env, VOLUME_BYTES + 64 * 4096, closed)
  const before = finish(env, findSuperblock(device)).geometry
  const last = before.chunkCount - 1
  finish(env, growVolume(openOptions(env, device)))
  const { volume } = BusyVolume.open(env, device)
  const { space } = volume
  t.equal(before.deviceBlocks - 2 - last * before.chunkBlocks, 254)
  t.equal(space.usable(last), 254)
  t.equal(space.typeOf(last), CHUNK_TYPE.data)
  t.equal(space.geometry.chunkCount, last + 2)
  const run = space.allocateData(300, last * before.chunkBlocks + 250)
  t.strictSame(run, { start: last * before.chunkBlocks + 250, length: 6 }, 'the old end of the volume is free')
  t.end()
})

t.test('a chunk table without room is refused, and nothing is changed', (t) => {
  forgetDevices()
  const env = new TestEnvironment(8)
  const device = newDevice(env, 1025 * MIB, closed)
  const refusal = (): unknown => {
    try {
      return finish(env, growVolume(openOptions(env, device)))
    } catch (error) {
      return error
    }
  }
  t.ok(refusal() instanceof GrowError)
  t.match(
    (refusal() as Error).message,
    /^the device has 1025 MiB, and this volume, .* table of 1024 chunks, cannot use more than 1024 MiB: /,
  )
  t.equal(device.writeCount, 0)
  t.end()
})

t.test('after a crash at any moment the volume is whole, in its old size or its new one', (t) => {
  for (const [name, content, step] of [
    ['closed', closed, 1],
    ['not closed', unclosed, 7],
  ] as const) {
    const sizes = new Map<number, number>()
    let points = 1
    for (let point = 1; point <= points; point += step) {
      forgetDevices()
      const env = new TestEnvironment(9)
      const device = newDevice(env, 80 * MIB, content)
      if (point > 1) device.stopAt(point)
      const outcome = run(env, growVolume(openOptions(env, device)))
      if (point === 1) points = device.pointCount
      else t.equal(outcome, 'halted')
      const world = new TestEnvironment(point)
      const image = device.crashImage(new Random(point), world)
      const counts = checkedCounts(t, world, image, `${name}: crash at point ${point}`)
      t.equal(counts['dataBlocks'], content === closed ? 3 : 252)
      const size = counts['blocks']
      sizes.set(size, (sizes.get(size) ?? 0) + 1)
      BusyVolume.open(world, image).close()
      const { problems } = finish(world, checkClosed({ device: image, env: world, memory }))
      t.strictSame(problems, [], `${name}: reopened after a crash at point ${point}`)
      t.equal(finish(world, findSuperblock(image)).geometry.deviceBlocks, size)
      const growth = finish(world, growVolume(openOptions(world, image)))
      t.equal(growth.afterBytes, 80 * MIB)
    }
    const told = `${name}: ${points} points, sizes ${[...sizes]}`
    t.strictSame([...sizes.keys()].sort(), [16_384, 20_480], told)
    t.ok(
      [...sizes.values()].every((count) => count > 3),
      told,
    )
  }
  t.end()
})
