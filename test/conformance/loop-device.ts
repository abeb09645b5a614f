/**
 * The block device layer on real loop devices and file systems: run by hand as root on Linux (`node
 * test/conformance/loop-device.ts`). Prints a line for each check, ends with status 1 when one failed, and detaches and
 * unmounts what it has made in any case.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClaimRefused, claimDevice } from '../../mover/store/claim.ts'
import type { DeviceError } from '../../mover/store/device.ts'
import type { FileDevice } from '../../mover/store/file-device.ts'
import { createImage } from '../../mover/store/image.ts'
import { openFileDevice } from '../../mover/store/open-device.ts'
import { allocatePages, PagePool } from '../../mover/store/page-pool.ts'
import { detectSignature, signatureReader } from '../../mover/store/signature.ts'

const MIB = 1024 * 1024
const folder = fs.mkdtempSync(join(tmpdir(), 'loop-device-'))
const cleanups: (() => void)[] = []
let failures = 0

function check(name: string, passed: boolean, detail = ''): void {
  if (!passed) failures++
  console.log(`${passed ? 'ok' : 'not ok'} - ${name}${passed || detail === '' ? '' : `: ${detail}`}`)
}

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

function imageOf(name: string, sizeBytes: number): string {
  const path = join(folder, name)
  createImage(path, sizeBytes)
  return path
}

/** Attaches an image and returns the loop device's path. */
function attach(image: string, ...options: string[]): string {
  const loop = run('losetup', '--find', '--show', ...options, image)
  cleanups.push(() => run('losetup', '-d', loop))
  return loop
}

function mount(name: string, ...args: string[]): string {
  const path = join(folder, name)
  fs.mkdirSync(path)
  run('mount', ...args, path)
  cleanups.push(() => run('umount', path))
  return path
}

function ended(start: (done: (error: DeviceError | null) => void) => void): Promise<DeviceError | null> {
  return new Promise((resolve) => start(resolve))
}

async function succeeds(start: (done: (error: DeviceError | null) => void) => void): Promise<void> {
  const error = await ended(start)
  if (error !== null) throw error
}

async function close(device: FileDevice): Promise<void> {
  await succeeds((done) => device.close(done))
}

function pageOf(value: number): Uint8Array {
  return allocatePages(1).fill(value)
}

async function refusal(path: string): Promise<string> {
  try {
    const claim = await claimDevice(path)
    claim.release()
    return 'not refused'
  } catch (error) {
    if (error instanceof ClaimRefused) return error.message
    throw error
  }
}

async function readAndWrite(): Promise<void> {
  const image = imageOf('plain', 64 * MIB)
  const loop = attach(image)
  const lines: string[] = []
  const device = openFileDevice(loop, { log: (line) => lines.push(line) })
  check('a loop device has its image’s size', device.sizeBytes === 64 * MIB, `${device.sizeBytes}`)
  check('it is used with O_DIRECT', device.direct && lines.length === 0, lines.join())
  check(
    'it is known by its device number',
    device.identity === `block 7:${loop.slice('/dev/loop'.length)}`,
    device.identity,
  )
  const pool = new PagePool(1280)
  for (let i = 0; i < 1280; i++) pool.slot(i).fill((i % 255) + 1)
  const slots = Array.from({ length: 1280 }, (_, i) => pool.slot(i))
  await Promise.all(
    Array.from({ length: 5 }, (_, i) =>
      succeeds((done) => device.write(i * MIB, slots.slice(i * 256, i * 256 + 256), 'data', done)),
    ),
  )
  await succeeds((done) => device.writeDurable(64 * MIB - 4096, pageOf(77), 'log', done))
  await succeeds((done) => device.flush(done))
  const other = openFileDevice(loop)
  const back = allocatePages(1280)
  await succeeds((done) => other.read(0, back, done))
  check('another opening reads what was written', Buffer.compare(back, pool.bytes) === 0)
  const content = fs.readFileSync(image)
  check('the image holds it', Buffer.compare(content.subarray(0, 5 * MIB), pool.bytes) === 0)
  check('and the durable write', content[64 * MIB - 1] === 77)
  await close(other)
  await close(device)
}

/** Flush requests that a block device has served (Documentation/block/stat.rst). */
function flushesOf(loop: string): number {
  return Number(
    fs
      .readFileSync(`/sys/block/${loop.slice('/dev/'.length)}/stat`, 'latin1')
      .trim()
      .split(/\s+/)[15],
  )
}

async function durability(): Promise<void> {
  const loop = attach(imageOf('durable', 16 * MIB))
  const device = openFileDevice(loop)
  const flushesIn = async (start: (done: (error: DeviceError | null) => void) => void): Promise<number> => {
    const before = flushesOf(loop)
    for (let i = 0; i < 10; i++) await succeeds(start)
    return flushesOf(loop) - before
  }
  const page = pageOf(1)
  const durable = await flushesIn((done) => device.writeDurable(4096, page, 'log', done))
  check('ten durable writes reach the medium with one flush each', durable === 10, `${durable}`)
  const plain = await flushesIn((done) => device.write(8192, [page], 'log', done))
  check('plain writes with none', plain === 0, `${plain}`)
  const flushed = await flushesIn((done) => device.flush(done))
  check('a flush reaches the device', flushed === 10, `${flushed}`)
  await close(device)
}

async function claims(): Promise<void> {
  const image = imageOf('claimed', 64 * MIB)
  const loop = attach(image)
  const claim = await claimDevice(loop)
  const second = await refusal(loop)
  check('a claimed block device is refused, its holder named', second.includes(`process ${process.pid}`), second)
  const device = openFileDevice(loop, { claimFd: claim.fd })
  await succeeds((done) => device.writeDurable(0, pageOf(1), 'log', done))
  await close(device)
  claim.release()
  check('after its release it is free', (await refusal(loop)) === 'not refused')
  const byImage = await refusal(image)
  check('an image behind a loop device is refused', byImage.includes(loop), byImage)
  run('mkfs.ext4', '-q', '-F', loop)
  const fd = fs.openSync(loop, 'r')
  const found = detectSignature(signatureReader(fd, 64 * MIB), null)
  fs.closeSync(fd)
  check('mkfs.ext4’s file system is recognised', found === 'an ext4 file system', `${found}`)
  const mountPoint = mount('mounted', loop)
  const mounted = await refusal(loop)
  check('a mounted device is refused, the mount named', mounted.includes(`the mount on ${mountPoint}`), mounted)
}

async function partition(): Promise<void> {
  const image = imageOf('partitioned', 64 * MIB)
  const loop = attach(image, '--partscan')
  // An odd number of sectors: the last half block does not count.
  run('addpart', loop, '1', '2048', String(16 * 2048 + 3))
  const name = `${loop.slice('/dev/'.length)}p1`
  const [major, minor] = fs.readFileSync(`/sys/class/block/${name}/dev`, 'latin1').trim().split(':')
  const path = join(folder, name)
  run('mknod', path, 'b', major, minor)
  const device = openFileDevice(path)
  check('a partition has its own size', device.sizeBytes === 16 * MIB, `${device.sizeBytes}`)
  await succeeds((done) => device.writeDurable(4096, pageOf(9), 'log', done))
  check('and its own place', fs.readFileSync(image)[MIB + 4096] === 9)
  await close(device)
  const claim = await claimDevice(path)
  const whole = await refusal(loop)
  check('the disk of a claimed partition is refused', whole.includes('is in use'), whole)
  claim.release()
}

async function sectorsOf4096(): Promise<void> {
  const loop = attach(imageOf('big-sectors', 16 * MIB), '--sector-size', '4096')
  const device = openFileDevice(loop)
  await succeeds((done) => device.write(4096, [pageOf(1), pageOf(2)], 'data', done))
  const back = allocatePages(2)
  await succeeds((done) => device.read(4096, back, done))
  check('logical blocks of 4096 bytes', device.direct && back[4095] === 1 && back[4096] === 2)
  await close(device)
}

async function readOnly(): Promise<void> {
  const loop = attach(imageOf('read-only', 16 * MIB), '--read-only')
  let message = 'not refused'
  try {
    await close(openFileDevice(loop))
  } catch (error) {
    message = (error as Error).message
  }
  check('a read-only device is refused by name', message.includes(loop), message)
}

async function fullFileSystem(): Promise<void> {
  const loop = attach(imageOf('small', 16 * MIB))
  run('mkfs.ext4', '-q', '-F', loop)
  const path = join(mount('full', loop), 'image')
  createImage(path, 64 * MIB)
  const device = openFileDevice(path)
  const mebibyte = allocatePages(256).fill(1)
  let error: DeviceError | null = null
  let written = 0
  for (; error === null && written < 64; written++) {
    error = await ended((done) => device.write(written * MIB, [mebibyte], 'data', done))
  }
  check(
    'a sparse image on a full file system fails with NOSPC',
    error?.code === 'NOSPC',
    `${error} after ${written} MiB`,
  )
  await succeeds((done) => device.writeDurable(0, pageOf(3), 'log', done))
  check('and takes writes to what it has', fs.readFileSync(path)[0] === 3)
  await close(device)
}

async function withoutDirect(): Promise<void> {
  const path = join(mount('ram', '-t', 'ramfs', 'ramfs'), 'image')
  createImage(path, 16 * MIB)
  const lines: string[] = []
  const device = openFileDevice(path, { log: (line) => lines.push(line) })
  check('a file system without O_DIRECT is used through the page cache', !device.direct)
  check('and that is said', lines.length === 1 && lines[0].includes('O_DIRECT is not used'), lines.join())
  await succeeds((done) => device.writeDurable(4096, pageOf(5), 'log', done))
  await succeeds((done) => device.flush(done))
  check('and works', fs.readFileSync(path)[4096] === 5)
  await close(device)
}

function cleanUp(): void {
  for (const task of cleanups.reverse()) {
    try {
      task()
    } catch (error) {
      failures++
      console.error(`not ok - clean-up: ${(error as Error).message}`)
    }
  }
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    cleanUp()
    process.exit(1)
  })
}
try {
  const parts = [readAndWrite, durability, claims, partition, sectorsOf4096, readOnly, fullFileSystem, withoutDirect]
  for (const part of parts) {
    try {
      await part()
    } catch (error) {
      check(part.name, false, `${error}`)
    }
  }
} finally {
  cleanUp()
}
console.log(failures === 0 ? 'all ok' : `${failures} failed`)
process.exitCode = failures === 0 ? 0 : 1
