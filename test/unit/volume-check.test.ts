import { crc32 } from 'node:zlib'
import t from 'tap'
import { lockedFiles } from '../../mover/files/lock-records.ts'
import { checkClosed } from '../../mover/volume/check/check.ts'
import { OverlayDevice } from '../../mover/volume/check/overlay-device.ts'
import { ALL_MOVERS, INODE_FLAG } from '../../mover/volume/inode-value.ts'
import { KIND } from '../../mover/volume/keys.ts'
import { BLOCK_BYTES, bitmapBlock } from '../../mover/volume/layout.ts'
import { ROOT_INO } from '../../mover/volume/mkfs.ts'
import type { FaultDevice } from '../crash/fault-device.ts'
import { Random } from '../crash/random.ts'
import { TestEnvironment } from '../crash/test-environment.ts'
import { BusyVolume, finish, forgetDevices, newDevice, run } from './volume-busy.ts'
import {
  check,
  closed,
  contents,
  copy,
  key,
  memory,
  NO_BYTES,
  nodesOf,
  original,
  superblockOf,
  unclosed,
} from './volume-spoil.ts'
import { SPOILED_BLOCKS } from './volume-spoil-blocks.ts'
import { SPOILED_RECORDS } from './volume-spoil-tree.ts'

t.test('a busy volume is clean, closed or not', (t) => {
  const { env, device } = copy()
  const report = check(env, device)
  t.strictSame(report.problems, [])
  t.strictSame(report.notes, [])
  t.match(report.counts, {
    directories: 4,
    symlinks: 1,
    specialFiles: 1,
    orphans: 1,
    truncating: 1,
    replayedRecords: 0,
  })
  t.equal(report.counts['inodes'], report.counts['files'] + 6)
  t.equal(report.counts['usedBlocks'] - report.counts['treeNodes'] - report.counts['dataBlocks'], 4, 'replay records')
  t.strictSame(finish(env, checkClosed({ device, env, memory })), report)

  const other = copy(unclosed)
  const before = other.device.writeCount
  const replayed = check(other.env, other.device)
  t.strictSame(replayed.problems, [])
  t.ok(replayed.counts['replayedRecords'] > 400)
  t.equal(replayed.counts['inodes'], report.counts['inodes'])
  t.equal(replayed.counts['dataBlocks'], report.counts['dataBlocks'])
  t.equal(other.device.writeCount, before, 'nothing is written')
  t.match(finish(other.env, checkClosed({ device: other.device, env: other.env, memory })).problems, [
    /the log holds records up to \d+, and the checkpoint ends at 1/,
  ])
  t.end()
})

t.test('a file that an earlier version has noted as locked may be locked by clients of all movers', (t) => {
  const { env, device } = copy()
  const { file, small } = contents
  const busy = BusyVolume.open(env, device, original.cookies)
  busy.plant(key(0, KIND.locked, 0, file), NO_BYTES)
  busy.plantInode(file, (inode) => (inode.flags |= INODE_FLAG.locked))
  // Such a version takes the flag away, and leaves bits that it does not know.
  busy.plantInode(small, (inode) => {
    inode.lockers = 3
    inode.flags &= ~INODE_FLAG.locked
  })
  t.strictSame(
    [file, small].map((ino) => busy.inode(ino).lockers),
    [ALL_MOVERS, 0],
  )
  busy.close()
  t.strictSame(check(env, device).problems, [])
  const again = BusyVolume.open(env, device, original.cookies)
  t.strictSame([...finish(env, lockedFiles(again.volume))], [[file, ALL_MOVERS]])
  again.close()
  t.end()
})

t.test('an empty device and a foreign one are named', (t) => {
  const { env } = copy()
  const device = newDevice(env)
  t.match(check(env, device).problems, [/fault-device holds no Lockkeeper volume/])
  t.end()
})

for (const spoiling of [...SPOILED_RECORDS, ...SPOILED_BLOCKS]) {
  t.test(`found: ${spoiling.name}`, (t) => {
    const { env, device } = copy(spoiling.unclosed === true ? unclosed : closed)
    if (spoiling.open !== undefined) {
      const busy = BusyVolume.open(env, device, original.cookies)
      spoiling.open(busy, contents)
      busy.close()
    }
    spoiling.device?.(device, env, contents)
    const { problems } = check(env, device)
    const expected = spoiling.problems(contents)
    for (const pattern of expected) {
      t.ok(
        problems.some((problem) => pattern.test(problem)),
        `${pattern} is told`,
        { problems },
      )
    }
    const surprises = problems.filter((problem) => !expected.some((pattern) => pattern.test(problem)))
    t.strictSame(surprises, [], 'nothing else is told')
    t.end()
  })
}

t.test('a flipped bit in any block of metadata is found, and the block is named', (t) => {
  const { env, device } = copy()
  const { geometry: g, tableSlot, replayBlock } = superblockOf(device)
  const tableBlock = g.tableBlock + tableSlot * g.tableBlocksPerSlot
  const table = device.peek(tableBlock * BLOCK_BYTES, BLOCK_BYTES)
  const bitmaps = new Map<number, number>()
  for (let chunk = 0; chunk < g.chunkCount; chunk++) {
    if (table[chunk * 16 + 1] < 2) bitmaps.set(bitmapBlock(g, chunk, table[chunk * 16 + 1]), chunk)
  }
  const blocks = [tableBlock, ...bitmaps.keys(), replayBlock, ...nodesOf(env, device).map(({ address }) => address)]
  t.ok(blocks.length > 40, `${blocks.length} blocks`)
  const random = new Random(5)
  for (const block of blocks) {
    const at = block * BLOCK_BYTES + random.below(BLOCK_BYTES)
    const before = device.peek(at, 1)
    device.poke(at, Uint8Array.of(before[0] ^ (1 << random.below(8))))
    forgetDevices()
    const { problems } = check(env, device)
    const name = bitmaps.has(block) ? `chunk ${bitmaps.get(block)}\\b` : `blocks? ${block}\\b`
    t.ok(
      problems.some((problem) => new RegExp(name).test(problem)),
      `byte ${at % BLOCK_BYTES} of block ${block}`,
      { problems },
    )
    device.poke(at, before)
  }
  t.strictSame(check(env, device).problems, [])
  t.end()
})

t.test('records that say anything at all are told, and never end the check', (t) => {
  const { env, device } = copy()
  const leaves = nodesOf(env, device).filter(({ level }) => level === 0)
  let silent = 0
  for (let seed = 1; seed <= 200; seed++) {
    forgetDevices()
    const random = new Random(seed)
    const { address } = leaves[random.below(leaves.length)]
    const intact = device.peek(address * BLOCK_BYTES, BLOCK_BYTES)
    const node = intact.slice()
    // Bytes of cells, where keys and values are.
    const start = new DataView(node.buffer).getUint16(38, true)
    for (let i = 0; i < 1 + random.below(4); i++) node[start + random.below(BLOCK_BYTES - start)] = random.below(256)
    new DataView(node.buffer).setUint32(4, crc32(node.subarray(8)), true)
    device.poke(address * BLOCK_BYTES, node)
    if (check(env, device).problems.length === 0) silent++
    device.poke(address * BLOCK_BYTES, intact)
  }
  // Owners, times, modes: nothing says what they should be.
  t.ok(silent < 120, `${silent} of 200 changes could be legal`)
  t.end()
})

t.test('what breaks only in the log is told as such', (t) => {
  forgetDevices()
  const env = new TestEnvironment(3)
  const busy = BusyVolume.open(env, newDevice(env, undefined, closed), original.cookies)
  // Moves a directory into itself: the checkpoint is sound, what the log makes of it is not.
  busy.rename(ROOT_INO, 'dir', contents.subdir, 'dir', contents.dir)
  busy.settle()
  const { problems } = check(env, busy.device.survivingImage())
  t.match(problems, [/^after replay of the log: the directories with inodes 3, 4 lie in each other/])
  t.end()
})

t.test('a volume whose log was cut anywhere is whole, and its superblocks are explained', (t) => {
  let notes = 0
  let replayed = 0
  for (let seed = 1; seed <= 40; seed++) {
    forgetDevices()
    const env = new TestEnvironment(seed)
    const device = newDevice(env, undefined, closed)
    const random = new Random(seed)
    if (seed % 2 === 0) device.stopAt(4 + random.below(250))
    else stopInSuperblock(device, 1 + random.below(40))
    cutShort(env, () => {
      const busy = BusyVolume.open(env, device, original.cookies)
      for (let i = 0; i < 40; i++) {
        const ino = busy.file(contents.dir, `new ${i}`)
        busy.write(ino, 0, 1 + (i % 5))
        if (i % 9 === 0) busy.volume.requestCheckpoint()
        if (i % 3 === 0) busy.unlink(contents.dir, `new ${i}`, ino, true)
      }
      busy.close()
    })
    const world = new TestEnvironment(seed + 1000)
    const image = device.crashImage(random, world)
    const report = check(world, image)
    t.strictSame(report.problems, [], `seed ${seed}`)
    notes += report.notes.length
    if (report.counts['replayedRecords'] > 0) replayed++
    BusyVolume.open(world, image).close()
    const after = finish(world, checkClosed({ device: image, env: world, memory }))
    t.strictSame(after.problems, [], `seed ${seed}, reopened`)
    if (image.writeCount > 0)
      t.strictSame(after.notes, [], `seed ${seed}: two superblock writes leave four whole copies`)
  }
  t.ok(notes > 3, `${notes} notes about superblocks`)
  t.ok(replayed > 10, `${replayed} volumes with something to replay`)
  t.end()
})

/** Cuts the power at the `count`th moment of writing a superblock. */
function stopInSuperblock(device: FaultDevice, count: number): void {
  let left = count
  const last = device.sizeBytes / BLOCK_BYTES - 2
  device.onPoint = ({ request }) => {
    const block = request.offset / BLOCK_BYTES
    if (request.kind !== 'flush' && (block < 2 || block >= last) && --left === 0) device.cutPower()
  }
}

/** Runs what the loss of power may end. */
function cutShort(env: TestEnvironment, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!env.halted) throw error
  }
}

t.test('an overlay keeps what is written to itself', (t) => {
  const { env, device } = copy()
  const overlay = new OverlayDevice(device, env)
  const pages = device.allocatePages(4)
  const before = device.peek(0, 4 * BLOCK_BYTES)
  pages.fill(7, BLOCK_BYTES, 2 * BLOCK_BYTES)
  const one = pages.subarray(BLOCK_BYTES, 2 * BLOCK_BYTES)
  const step = (start: (done: (error: Error | null) => void) => void): void =>
    void run(
      env,
      (function* () {
        yield (resume: (error: Error | null) => void) => start(resume)
      })(),
    )
  step((done) => overlay.write(BLOCK_BYTES, [one], 'data', done))
  step((done) => overlay.writeDurable(3 * BLOCK_BYTES, one, 'log', done))
  pages.fill(0)
  step((done) => overlay.read(0, pages, done))
  for (const block of [0, 2]) {
    const from = block * BLOCK_BYTES
    t.strictSame(pages.slice(from, from + BLOCK_BYTES), before.slice(from, from + BLOCK_BYTES))
  }
  for (const block of [1, 3])
    t.ok(pages.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES).every((byte) => byte === 7))
  t.equal(overlay.writtenBlocks, 2)
  t.strictSame(device.peek(0, 4 * BLOCK_BYTES), before)
  t.end()
})
