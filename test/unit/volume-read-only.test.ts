import t, { type Test } from 'tap'
import { DeviceError } from '../../mover/store/device.ts'
import { LOST_CHANGES } from '../../mover/volume/records/apply.ts'
import { bytes, FilesWorld, filled, ROOT } from './files-support.ts'

const PAGE = 4096
/** More than one record of recovered marks names. */
const MARKED = 70

interface Left {
  world: FilesWorld
  quiet: number
  marked: number[]
  /** Change numbers of the marked files that the log has. */
  logged: number[]
}

/** A mover that dies while files are being written: one is quiet, the others have write marks and data in place. */
function leave(): Left {
  const world = new FilesWorld(7)
  const quiet = world.create('quiet')
  world.write(quiet, 0, filled(PAGE, 1), 'fileSync')
  const marked = Array.from({ length: MARKED }, (_, i) => world.create(`marked ${i}`))
  for (const ino of marked) world.write(ino, 0, filled(PAGE, 2), 'fileSync')
  world.env.advance(30_000)
  const logged = marked.map((ino) => world.inode(ino).change)
  for (const ino of marked) world.write(ino, 0, filled(PAGE, 3), 'fileSync')
  return { world, quiet, marked, logged }
}

/** Opens what a world has left; `take` makes its device fail. */
function again({ env, device }: FilesWorld, prepare: (device: FilesWorld['device']) => void = () => {}): FilesWorld {
  return new FilesWorld(9, {}, { disk: device.survivingImage(), wallMs: env.wallMs() + 5000, prepare })
}

/** The marked files' recovery must show once, in change number and times, and their data as it was written. */
function readsAll(t: Test, world: FilesWorld, { quiet, marked, logged }: Left, what: string): void {
  const wrong: string[] = []
  for (const [i, ino] of [quiet, ...marked].entries()) {
    const read = world.read(ino, 0, 2 * PAGE)
    if (typeof read === 'string' || !read.data.equals(filled(PAGE, ino === quiet ? 1 : 3))) wrong.push(`data of ${ino}`)
    if (ino !== quiet && world.inode(ino).change !== logged[i - 1] + LOST_CHANGES) wrong.push(`change of ${ino}`)
  }
  const found = world.call((op) => world.files.lookup(op, world.root, bytes('quiet'), world.files.rootIno))
  if (typeof found === 'string' || found.ino !== quiet) wrong.push('name')
  t.strictSame(wrong, [], `${what}: reads`)
}

function refusesChanges(t: Test, world: FilesWorld, { quiet, marked }: Left, what: string): void {
  const { files } = world
  const outcomes = [
    world.write(quiet, 0, filled(PAGE, 9)),
    world.write(marked[0], PAGE, filled(PAGE, 9), 'fileSync'),
    world.call((op) => files.mkdir(op, world.root, bytes('d'), {})),
    world.call((op) => files.create(op, world.root, bytes('new'), { kind: 'guarded', attributes: {} })),
    world.call((op) => files.remove(op, world.root, bytes('quiet'))),
    world.call((op) => files.rename(op, world.root, bytes('quiet'), world.root, bytes('loud'))),
    world.call((op) => files.setattr(op, world.inode(quiet), { mode: 0o600 }, null), ROOT),
  ]
  t.strictSame(outcomes, Array(outcomes.length).fill('ROFS'), `${what}: changes`)
}

/** The next opening, with a device that is well again, has lost nothing and can be written. */
function recovers(t: Test, former: FilesWorld, left: Left, what: string): void {
  const shown = left.marked.map((ino) => ({ ...former.inode(ino) }))
  const world = again(former)
  const { volume } = world.files
  t.equal(volume.failure, null, `${what}: writable again`)
  readsAll(t, world, left, `${what}, next`)
  const older = left.marked.filter((ino, i) => {
    const { mtimeSec, mtimeNsec } = world.inode(ino)
    return mtimeSec < shown[i].mtimeSec || (mtimeSec === shown[i].mtimeSec && mtimeNsec < shown[i].mtimeNsec)
  })
  t.strictSame(older, [], `${what}, next: times do not go back`)
  t.strictSame(world.write(left.marked[0], 0, filled(PAGE, 4), 'fileSync'), { count: PAGE, committed: 'fileSync' })
  world.create('new')
  world.world.run(world.files.close())
}

t.test('however soon the device takes no write any more, the volume opens and can be read', (t) => {
  const left = leave()
  const writes: number[] = []
  const well = again(left.world, (device) => {
    device.onWrite = ({ number }) => void writes.push(number)
  })
  well.env.runUntilIdle()
  t.ok(writes.length > 8, 'superblock, log and a checkpoint')
  for (const code of ['NOSPC', 'IO'] as const) {
    for (let skip = 0; skip < writes.length; skip++) {
      const what = `${code} behind ${skip} writes`
      const world = again(left.world, (device) =>
        device.inject({ on: 'anyWrite', code, skip, times: Number.POSITIVE_INFINITY }),
      )
      world.env.runUntilIdle()
      const { failure } = world.files.volume
      t.ok(failure instanceof DeviceError && failure.code === code, what)
      t.match(failure?.message, /^fault-device: .* bytes at \d+: injected/, 'device, place and cause')
      readsAll(t, world, left, what)
      refusesChanges(t, world, left, what)
      if (skip === 0) {
        // The superblock's two copies, which failed.
        t.ok(world.device.writeCount <= 2, 'nothing is written under a term that is not durable')
        const { writeCount } = world.device
        world.env.advance(60_000)
        t.equal(world.device.writeCount, writeCount, 'nor later')
      }
      world.device.clearFaults()
      recovers(t, world, left, what)
    }
  }
  t.end()
})

t.test('the log alone cannot be written', (t) => {
  const left = leave()
  const world = again(left.world, (device) =>
    device.inject({ on: 'durable', code: 'NOSPC', times: Number.POSITIVE_INFINITY }),
  )
  t.match(world.files.volume.failure, {
    code: 'NOSPC',
    message: /durable \d+ 'log batch: recoverMarks' of \d+ bytes at/,
  })
  t.equal(world.files.volume.log.durableLsn < world.files.volume.log.lastLsn, true)
  readsAll(t, world, left, 'log')
  refusesChanges(t, world, left, 'log')
  world.device.clearFaults()
  recovers(t, world, left, 'log')
  t.end()
})

t.test('opened read-only again and again, it begins no reign that counts, and is whole when it can be written', (t) => {
  const left = leave()
  let world = left.world
  for (let i = 0; i < 40; i++) {
    const on = i % 2 === 0 ? 'durable' : 'anyWrite'
    world = again(world, (device) => device.inject({ on, code: 'NOSPC', times: Number.POSITIVE_INFINITY }))
    t.not(world.files.volume.failure, null)
  }
  readsAll(t, world, left, 'after 40 openings')
  recovers(t, world, left, 'after 40 openings')
  t.end()
})

t.test('told so, it opens without writing anything', (t) => {
  const left = leave()
  const reason = new DeviceError('NOSPC', 'the owner block cannot be written')
  const world = new FilesWorld(
    8,
    {},
    { disk: left.world.device.survivingImage(), wallMs: left.world.env.wallMs(), readOnly: reason },
  )
  readsAll(t, world, left, 'told')
  refusesChanges(t, world, left, 'told')
  world.env.advance(60_000)
  t.equal(world.files.volume.failure, reason)
  t.equal(world.device.writeCount, 0)
  t.equal(world.device.flushCount, 1, 'what it shows is durable')
  recovers(t, world, left, 'told')
  t.end()
})

t.test('a device that cannot be flushed is not served: what it shows may be lost', (t) => {
  const left = leave()
  const refused = (): FilesWorld => again(left.world, (device) => device.inject({ on: 'flush', code: 'IO' }))
  t.throws(refused, { code: 'IO', message: /^fault-device: flush 1: injected IO/ })
  recovers(t, left.world, left, 'flush')
  t.end()
})

t.test('a reader of a read-only volume leaves nothing to be written', (t) => {
  const left = leave()
  const world = again(left.world, (device) =>
    device.inject({ on: 'anyWrite', code: 'NOSPC', times: Number.POSITIVE_INFINITY }),
  )
  world.env.jumpWallClock(2 * 86_400_000)
  readsAll(t, world, left, 'days later')
  const unlogged = [left.quiet, ...left.marked].filter((ino) => world.inode(ino).unlogged)
  t.strictSame(unlogged, [], 'no access time waits for a log')
  t.end()
})
