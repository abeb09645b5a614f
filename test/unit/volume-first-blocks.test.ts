import t from 'tap'
import { bitmapBlock, bitmapBlocks, firstBlocks, geometryFor, logChunks } from '../../mover/volume/layout.ts'
import { bytes, FilesWorld, filled } from './files-support.ts'

const MIB = 2 ** 20
const BLOCK = 4096

t.test('what a new volume has written: no block twice, all inside, and not too much', (t) => {
  for (const size of [64 * MIB, 100 * MIB, 2 ** 30, 8 * 2 ** 30, 2 ** 40, 2 ** 44, 2 ** 52]) {
    const g = geometryFor(size)
    const ranges = firstBlocks(g).sort((a, b) => a.start - b.start)
    const wrong = ranges.filter(
      ({ start, length }, i) => length <= 0 || start + length > (ranges[i + 1]?.start ?? g.deviceBlocks),
    )
    t.strictSame(wrong, [], `${size}: apart from each other`)
    const has = (block: number): boolean => ranges.some(({ start, length }) => block >= start && block < start + length)
    const logEnd = g.logBlock + g.logSegmentBlocks * g.logSegmentCount - 1
    const last = bitmapBlock(g, Math.min(g.chunkCount, 2048) - 1, 1) + bitmapBlocks(g) - 1
    for (const block of [0, 1, 2, g.tableBlock, g.logBlock, logEnd, last, g.deviceBlocks - 2, g.deviceBlocks - 1]) {
      t.ok(has(block), `${size}: block ${block}`)
    }
    t.ok(has(logChunks(g).end * g.chunkBlocks), `${size}: a metadata chunk`)
    const blocks = ranges.reduce((sum, { length }) => sum + length, 0)
    const most = 16_384 + 2048 + 2 * 2048 * bitmapBlocks(g) + g.systemBlocks + 2
    t.ok(blocks <= most, `${size}: ${blocks} blocks`)
  }
  t.end()
})

t.test('on a host without room file data is refused, and nothing else', (t) => {
  const world = new FilesWorld(3)
  const { device, files } = world
  const present = new Set<number>()
  device.forEachBlock((offset) => present.add(offset / BLOCK))
  // A write that needs a block which the host has not given yet fails.
  device.onWrite = ({ offset, length }) => {
    for (let at = offset; at < offset + length; at += BLOCK) {
      if (present.has(at / BLOCK)) continue
      device.inject({ on: 'anyWrite', code: 'NOSPC', fromOffset: offset, toOffset: offset + length })
      return
    }
  }
  const made: number[] = []
  for (let i = 0; i < 400; i++) {
    made.push(world.create(`file ${i}`))
    if (i % 40 === 0) t.equal(world.write(made[i], 0, filled(BLOCK, 1), 'fileSync'), 'NOSPC')
  }
  const checkpoints = files.volume.status().checkpoints
  for (let i = 0; i < 5; i++) {
    let isDone = false
    files.volume.requestCheckpoint(() => (isDone = true))
    world.env.runUntil(() => isDone)
    t.equal(
      world.call((op) => files.remove(op, world.root, bytes(`file ${i}`))),
      null,
    )
  }
  t.equal(files.volume.failure, null)
  t.ok(files.volume.status().checkpoints >= checkpoints + 5)
  world.world.run(files.close())
  const again = new FilesWorld(4, {}, { disk: device.survivingImage(), wallMs: world.env.wallMs() })
  t.equal(again.files.volume.failure, null)
  t.equal(again.files.volume.counters.inodeCount, 1 + 395)
  t.end()
})
