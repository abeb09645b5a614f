import fs from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { BlockDevice, DeviceError } from '../../mover/store/device.ts'
import { FileDevice, type FileIo } from '../../mover/store/file-device.ts'
import { createImage } from '../../mover/store/image.ts'
import { IoLanes } from '../../mover/store/io-lanes.ts'
import { type OpenDeviceOptions, openFileDevice } from '../../mover/store/open-device.ts'
import { allocatePages, PagePool } from '../../mover/store/page-pool.ts'

const SIZE = 8 * 1024 * 1024

type Start = (done: (error: DeviceError | null) => void) => void

/** Resolves with the error that a request ended with. */
function ended(start: Start): Promise<DeviceError | null> {
  return new Promise((resolve) => {
    let returned = false
    start((error) => {
      if (!returned) throw new Error('done was called before the method returned')
      resolve(error)
    })
    returned = true
  })
}

async function succeeds(start: Start): Promise<void> {
  const error = await ended(start)
  if (error !== null) throw error
}

function pageOf(value: number, count = 1): Uint8Array {
  return allocatePages(count).fill(value)
}

function open(t: Test, options: OpenDeviceOptions = {}) {
  const path = join(t.testdir(), 'image')
  createImage(path, SIZE)
  const device = openFileDevice(path, options)
  t.teardown(() => ended((done) => device.close(done)))
  return { path, device }
}

/** As `t.same`, without the endless comparison of long unequal arrays. */
function sameBytes(t: Test, found: Uint8Array, wanted: Uint8Array, message = 'same bytes'): void {
  t.equal(Buffer.compare(found, wanted), 0, message)
}

/** A `FileIo` with some calls replaced. */
function ioWith(changes: object): FileIo {
  return { ...fs, ...changes } as FileIo
}

async function readBack(device: BlockDevice, offset: number, count = 1): Promise<Uint8Array> {
  const buffer = allocatePages(count)
  await succeeds((done) => device.read(offset, buffer, done))
  return buffer
}

for (const directMode of ['probe', 'never'] as const) {
  t.test(`${directMode}: what is written is in the file, at its place`, async (t) => {
    const lines: string[] = []
    const { path, device } = open(t, { directMode, log: (line) => lines.push(line) })
    t.equal(device.sizeBytes, SIZE)
    t.equal(lines.length, device.direct ? 0 : 1, 'buffered I/O is said')
    if (directMode === 'never') {
      t.equal(device.direct, false)
      t.match(lines[0], /O_DIRECT is not used \(switched off\): buffered I\/O/)
    }
    await succeeds((done) => device.write(8192, [pageOf(1), pageOf(2, 3), pageOf(3)], 'data', done))
    await succeeds((done) => device.write(0, [pageOf(4)], 'log', done))
    await succeeds((done) => device.writeDurable(SIZE - 4096, pageOf(5), 'log', done))
    await succeeds((done) => device.flush(done))
    sameBytes(t, await readBack(device, 0), pageOf(4))
    sameBytes(t, await readBack(device, 4096), pageOf(0), 'a hole reads as zeros')
    const content = fs.readFileSync(path)
    t.same(
      [0, 4096, 8192, 12288, 20480, 24576, 28672, SIZE - 1].map((at) => content[at]),
      [4, 0, 1, 2, 2, 3, 0, 5],
    )
    t.equal(content.length, SIZE)
  })
}

t.test('more buffers than one system call takes', async (t) => {
  const { path, device } = open(t)
  const pool = new PagePool(1500)
  for (let i = 0; i < 1500; i++) pool.slot(i).fill(i % 251)
  const slots = Array.from({ length: 1500 }, (_, i) => pool.slot(i))
  await succeeds((done) => {
    device.write(4096, slots, 'data', done)
    slots.length = 0
  })
  const content = fs.readFileSync(path)
  for (let i = 0; i < 1500; i++) {
    if (content[4096 * (i + 1)] !== i % 251 || content[4096 * (i + 2) - 1] !== i % 251) t.fail(`block ${i}`)
  }
  sameBytes(t, await readBack(device, 4096, 1500), pool.bytes)
})

t.test('a list of buffers may be reused while its write is queued', async (t) => {
  const { path, device } = open(t)
  const buffers: Uint8Array[] = []
  const writes: Promise<void>[] = []
  for (let i = 0; i < 200; i++) {
    buffers.length = 0
    buffers.push(pageOf(i), pageOf(i + 1))
    writes.push(succeeds((done) => device.write(i * 8192, buffers, 'data', done)))
  }
  await Promise.all(writes)
  const content = fs.readFileSync(path)
  for (let i = 0; i < 200; i++) t.same([content[i * 8192], content[i * 8192 + 4096]], [i, (i + 1) % 256])
})

t.test('short transfers are continued where they stopped', async (t) => {
  let calls = 0
  const shortened = (length: number): number => {
    calls++
    return Math.min(length, 4096 * (1 + (calls % 2)))
  }
  const io = ioWith({
    read: (fd: number, buffer: Uint8Array, at: number, length: number, position: number, end: never) =>
      fs.read(fd, buffer, at, shortened(length), position, end),
    write: (fd: number, buffer: Uint8Array, at: number, length: number, position: number, end: never) =>
      fs.write(fd, buffer, at, shortened(length), position, end),
    writev: (fd: number, buffers: Uint8Array[], position: number, end: never) =>
      fs.write(fd, buffers[0], 0, shortened(buffers[0].length), position, end),
  })
  const { path, device } = open(t, { io })
  const pool = new PagePool(9)
  for (let i = 0; i < 9; i++) pool.slot(i).fill(i + 1)
  await succeeds((done) => device.write(0, [pool.bytes], 'data', done))
  await succeeds((done) => device.write(65536, [pool.run(0, 3), pool.slot(3), pool.run(4, 5)], 'data', done))
  await succeeds((done) => device.writeDurable(131072, pool.bytes, 'log', done))
  t.ok(calls > 15, `${calls} calls`)
  const content = fs.readFileSync(path)
  for (const at of [0, 65536, 131072]) sameBytes(t, content.subarray(at, at + 36864), pool.bytes)
  sameBytes(t, await readBack(device, 65536, 9), pool.bytes)
})

t.test('errors: by kind, with what failed where; the device goes on', async (t) => {
  let code = 'EIO'
  const fail = (...args: unknown[]): void => {
    const error = Object.assign(new Error(`${code}: injected`), { code })
    setImmediate(args.at(-1) as (error: Error) => void, error)
  }
  const lanes = new IoLanes()
  const { device } = open(t, { io: ioWith({ read: fail, write: fail, writev: fail, fdatasync: fail }), lanes })
  const page = pageOf(1)
  const cases: [string, 'IO' | 'NOSPC'][] = [
    ['EIO', 'IO'],
    ['ENOSPC', 'NOSPC'],
    ['EDQUOT', 'NOSPC'],
    ['EREMOTEIO', 'IO'],
  ]
  for (const [failing, expected] of cases) {
    code = failing
    for (const [start, text] of [
      [(done) => device.read(4096, page, done), 'read of 4096 bytes at 4096'],
      [(done) => device.write(8192, [page], 'data', done), 'write of 4096 bytes at 8192'],
      [(done) => device.write(8192, [page, page], 'log', done), 'write of 8192 bytes at 8192'],
      [(done) => device.writeDurable(0, page, 'log', done), 'durable write of 4096 bytes at 0'],
      [(done) => device.flush(done), 'flush'],
    ] as [Start, string][]) {
      const error = await ended(start)
      t.equal(error?.code, expected)
      t.match(error?.message, `${text}: ${failing}`)
      t.match(error?.message, device.name)
    }
  }
  for (const lane of [lanes.data, lanes.log, lanes.flush]) t.same([lane.runningCount, lane.waitingCount], [0, 0])
})

t.test('an end of file inside the device, or a write that does nothing, is an error', async (t) => {
  const { path, device } = open(t)
  fs.truncateSync(path, 8192)
  const error = await ended((done) => device.read(4096, allocatePages(2), done))
  t.equal(error?.code, 'IO')
  t.match(error?.message, /end of file inside the device/)
  const nothing = (...args: unknown[]) => setImmediate(args.at(-1) as (error: null, count: number) => void, null, 0)
  const other = openFileDevice(path, { io: ioWith({ write: nothing }) })
  t.match((await ended((done) => other.write(0, [pageOf(1)], 'data', done)))?.message, /nothing was written/)
  await succeeds((done) => other.close(done))
})

t.test('where no descriptor makes writes durable, a durable write is flushed once it is whole', async (t) => {
  const path = join(t.testdir(), 'image')
  createImage(path, SIZE)
  const calls: string[] = []
  let flushError: Error | null = null
  const io = ioWith({
    write: (fd: number, buffer: Uint8Array, at: number, _length: number, position: number, end: never) => {
      calls.push('write')
      fs.write(fd, buffer, at, 4096, position, end)
    },
    fdatasync: (_fd: number, end: (error: Error | null) => void) => {
      calls.push('fdatasync')
      setImmediate(end, flushError)
    },
  })
  const fd = fs.openSync(path, 'r+')
  const lanes = new IoLanes()
  const file = {
    name: path,
    identity: '',
    sizeBytes: SIZE,
    direct: false,
    fd,
    durableFd: null,
    physicalBlockBytes: 4096,
  }
  const device = new FileDevice(file, lanes, io)
  await succeeds((done) => device.writeDurable(0, pageOf(1, 2), 'log', done))
  t.same(calls.splice(0), ['write', 'write', 'fdatasync'])
  flushError = new Error('EIO')
  t.equal((await ended((done) => device.writeDurable(0, pageOf(1), 'log', done)))?.code, 'IO')
  calls.length = 0
  await succeeds((done) => device.write(0, [pageOf(1)], 'log', done))
  t.same(calls, ['write'], 'a plain write after it is not flushed')
  t.equal(lanes.log.runningCount, 0)
  await succeeds((done) => device.close(done))
  t.throws(() => fs.fstatSync(fd), { code: 'EBADF' })
})

t.test('data cannot fill the way of the log and of flushes', async (t) => {
  const held: (() => void)[] = []
  const hold = (...args: unknown[]): void => {
    const end = args.at(-1) as (error: null, count: number) => void
    held.push(() => end(null, 4096))
  }
  const lanes = new IoLanes()
  const { device } = open(t, { io: ioWith({ read: hold, write: hold, fdatasync: hold }), lanes })
  const order: string[] = []
  for (let i = 0; i < 30; i++) {
    if (i % 2 === 0) device.read(i * 4096, allocatePages(1), () => order.push(`d${i}`))
    else device.write(i * 4096, [pageOf(1)], 'data', () => order.push(`d${i}`))
  }
  t.same([held.length, lanes.data.runningCount, lanes.data.waitingCount], [24, 24, 6])
  for (let i = 0; i < 6; i++) device.writeDurable(i * 4096, pageOf(1), 'log', () => order.push(`l${i}`))
  t.same([held.length, lanes.log.runningCount, lanes.log.waitingCount], [28, 4, 2])
  for (let i = 0; i < 3; i++) device.flush(() => order.push(`f${i}`))
  t.equal(held.length, 30)
  while (held.length > 0) (held.shift() as () => void)()
  t.same(
    order.filter((name) => name.startsWith('d')),
    Array.from({ length: 30 }, (_, i) => `d${i}`),
    'first come, first served',
  )
  t.equal(order.length, 39)
  for (const lane of [lanes.data, lanes.log, lanes.flush]) t.same([lane.runningCount, lane.waitingCount], [0, 0])
  for (let i = 0; i < 30; i++) device.read(i * 4096, allocatePages(1), () => order.push(`again${i}`))
  while (held.length > 0) (held.shift() as () => void)()
  t.equal(order.length, 69, 'a lane that has run empty queues again')
})

t.test('misuse is refused', async (t) => {
  const { device } = open(t)
  const page = pageOf(1)
  const done = () => t.fail('called')
  for (const offset of [-4096, 512, SIZE, Number.NaN, 0.5]) {
    t.throws(() => device.read(offset, page, done), RangeError)
    t.throws(() => device.write(offset, [page], 'data', done), RangeError)
    t.throws(() => device.writeDurable(offset, page, 'data', done), RangeError)
  }
  t.throws(() => device.write(SIZE - 4096, [page, page], 'data', done), RangeError)
  t.throws(() => device.write(0, [], 'data', done), RangeError)
  t.throws(() => device.read(0, Buffer.alloc(4096), done), RangeError)
  t.throws(() => device.write(0, [page, page.subarray(512)], 'data', done), RangeError)
})

t.test(
  'close waits for what is under way and frees the descriptors',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const path = join(t.testdir(), 'image')
    createImage(path, SIZE)
    const before = fs.readdirSync('/proc/self/fd').length
    const device = openFileDevice(path)
    const ends: string[] = []
    for (let i = 0; i < 40; i++)
      device.write(i * 4096, [pageOf(1)], 'data', (error) => ends.push(error?.message ?? 'ok'))
    const closed = ended((done) => device.close(done))
    const late = await ended((done) => device.flush(done))
    t.match(late?.message, /closed/)
    t.equal(await closed, null)
    t.same(ends, Array(40).fill('ok'))
    t.equal(fs.readdirSync('/proc/self/fd').length, before)
    t.throws(() => device.close(() => {}), /closed twice/)
  },
)

t.test(
  'only durable writes go through a descriptor with O_DSYNC',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const flags: number[] = []
    const write = (fd: number, ...rest: unknown[]) => {
      const info = fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')
      flags.push(Number.parseInt(/flags:\s*(\d+)/.exec(info)?.[1] ?? '', 8))
      ;(fs.write as (...args: unknown[]) => void)(fd, ...rest)
    }
    const { device } = open(t, { io: ioWith({ write }) })
    await succeeds((done) => device.write(0, [pageOf(1)], 'log', done))
    await succeeds((done) => device.writeDurable(0, pageOf(1), 'log', done))
    t.same(
      flags.map((bits) => (bits & fs.constants.O_DSYNC) !== 0),
      [false, true],
    )
    t.same(
      flags.map((bits) => (bits & fs.constants.O_DIRECT) !== 0),
      [device.direct, device.direct],
    )
  },
)

t.test('opening: what cannot be a device is refused by name', async (t) => {
  const folder = t.testdir({ small: 'x', folder: {}, image: '' })
  const before = fs.readdirSync('/dev/fd').length
  t.throws(() => openFileDevice(join(folder, 'missing')), /ENOENT.*missing/)
  t.throws(() => openFileDevice(join(folder, 'small')), /small: 1 bytes are no device/)
  t.throws(() => openFileDevice('/dev/null'), /\/dev\/null: neither an image file nor a block device/)
  t.throws(() => openFileDevice(join(folder, 'folder')), /EISDIR/)
  t.equal(fs.readdirSync('/dev/fd').length, before, 'no descriptor is left open')
  const path = join(folder, 'image')
  fs.truncateSync(path, 4096 * 3 + 512)
  const device = openFileDevice(path)
  t.equal(device.sizeBytes, 4096 * 3)
  await succeeds((done) => device.close(done))
  process.env['UV_USE_IO_URING'] = '1'
  t.throws(() => openFileDevice(path), /UV_USE_IO_URING is 1/)
  process.env['UV_USE_IO_URING'] = '0'
  await succeeds((done) => openFileDevice(path).close(done))
  delete process.env['UV_USE_IO_URING']
})

t.test('a claimed descriptor decides which file is opened', { skip: process.platform !== 'linux' }, async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'image')
  createImage(path, SIZE)
  const claimFd = fs.openSync(path, 'r+')
  fs.renameSync(path, join(folder, 'moved'))
  createImage(path, SIZE * 2)
  const device = openFileDevice(path, { claimFd })
  t.equal(device.sizeBytes, SIZE)
  const other = openFileDevice(path)
  const same = openFileDevice(join(folder, 'moved'))
  t.not(device.identity, other.identity)
  t.equal(device.identity, same.identity)
  for (const each of [device, other, same]) await succeeds((done) => each.close(done))
  t.ok(fs.fstatSync(claimFd).isFile(), 'the claim stays open')
  fs.closeSync(claimFd)
})

t.test('a FileDevice reports what it was opened with', async (t) => {
  const file = {
    name: 'n',
    identity: 'i',
    sizeBytes: 4096,
    direct: true,
    fd: -1,
    durableFd: -1,
    physicalBlockBytes: 8192,
  }
  const device = new FileDevice(file)
  t.match({ ...device }, { name: 'n', identity: 'i', sizeBytes: 4096, direct: true, physicalBlockBytes: 8192 })
})
