import fs, { constants } from 'node:fs'
import { readBlockFacts, splitDeviceNumber } from './block-facts.ts'
import { FileDevice, type FileIo, type OpenedFile } from './file-device.ts'
import type { IoLanes } from './io-lanes.ts'
import { allocatePages, PAGE_BYTES } from './page-pool.ts'

export interface OpenDeviceOptions {
  /** Descriptor of a claim on the same file (inherited or own): the device is then opened through it, whatever `path` names. */
  readonly claimFd?: number
  /** `probe` (default) uses O_DIRECT where it works; `never` is for tests and comparisons. */
  readonly directMode?: 'probe' | 'never'
  /** Shared by all devices of a process. */
  readonly lanes?: IoLanes
  /** Told in one line when the page cache could not be bypassed, and why. */
  readonly log?: (line: string) => void
  /** For tests. */
  readonly io?: FileIo
}

/** Absent where the system has no such thing (macOS has no O_DIRECT). */
const O_DIRECT = constants.O_DIRECT ?? 0

/**
 * Opens an image file (twice, for plain and for O_DSYNC writes) or a block special file, with O_DIRECT when an aligned
 * read through it really works. Synchronous: for start-up. Throws an Error that says what is wrong with `path`.
 *
 * The process must run with UV_THREADPOOL_SIZE=32, for the lanes, and without libuv's io_uring (UV_USE_IO_URING=0): I/O
 * that the kernel goes on with after the process has died would outlive its fencing. UV_USE_IO_URING=1 is refused.
 */
export function openFileDevice(path: string, options: OpenDeviceOptions = {}): FileDevice {
  const uring = process.env['UV_USE_IO_URING']
  if (uring !== undefined && uring !== '0') {
    throw new Error(`UV_USE_IO_URING is ${uring}: a device must not be served through io_uring; set it to 0`)
  }
  const openPath = options.claimFd === undefined ? path : claimedPath(path, options.claimFd)
  const { fd, direct } = openProbed(path, openPath, options)
  let durableFd: number | null = null
  try {
    if (fs.fstatSync(fd).isFile()) {
      durableFd = fs.openSync(openPath, constants.O_RDWR | constants.O_DSYNC | (direct ? O_DIRECT : 0))
    }
    return new FileDevice(examine(path, fd, durableFd, direct, options.claimFd), options.lanes, options.io)
  } catch (error) {
    fs.closeSync(fd)
    if (durableFd !== null) fs.closeSync(durableFd)
    throw error
  }
}

/** How to open what descriptor `fd` is open on once more: procfs names the file itself, also when `path` names another now. */
function claimedPath(path: string, fd: number): string {
  const link = `/proc/self/fd/${fd}`
  return fs.existsSync(link) ? link : path
}

function openProbed(path: string, openPath: string, options: OpenDeviceOptions): { fd: number; direct: boolean } {
  let reason = 'switched off'
  if (options.directMode !== 'never') {
    if (O_DIRECT === 0) reason = 'this system has no O_DIRECT'
    else {
      const outcome = openDirect(openPath)
      if (typeof outcome === 'number') return { fd: outcome, direct: true }
      reason = outcome
    }
  }
  const fd = fs.openSync(openPath, constants.O_RDWR)
  options.log?.(
    `${path}: O_DIRECT is not used (${reason}): buffered I/O with fdatasync, good for movers of one host only`,
  )
  return { fd, direct: false }
}

/** A descriptor with O_DIRECT through which an aligned read works, or why there is none. Other failures are thrown. */
function openDirect(openPath: string): number | string {
  let fd: number
  try {
    fd = fs.openSync(openPath, constants.O_RDWR | O_DIRECT)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
    return 'the file system refuses to open with it'
  }
  try {
    fs.readSync(fd, allocatePages(1), 0, PAGE_BYTES, 0)
    return fd
  } catch (error) {
    fs.closeSync(fd)
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
    return 'an aligned read of 4096 bytes is refused'
  }
}

function examine(
  path: string,
  fd: number,
  durableFd: number | null,
  direct: boolean,
  claimFd: number | undefined,
): OpenedFile {
  const stat = fs.fstatSync(fd, { bigint: true })
  for (const other of [durableFd, claimFd]) {
    if (typeof other !== 'number') continue
    if (identityOf(fs.fstatSync(other, { bigint: true })) !== identityOf(stat)) {
      throw new Error(`${path}: was replaced by another file while it was opened`)
    }
  }
  const common = { name: path, identity: identityOf(stat), direct, fd, durableFd }
  if (stat.isFile()) {
    return { ...common, sizeBytes: wholeBlocks(path, Number(stat.size)), physicalBlockBytes: PAGE_BYTES }
  }
  if (!stat.isBlockDevice()) throw new Error(`${path}: neither an image file nor a block device`)
  const facts = readBlockFacts(stat.rdev)
  if (facts.readOnly) throw new Error(`${path}: the block device is read-only`)
  if (facts.logicalBlockBytes > PAGE_BYTES) {
    throw new Error(`${path}: logical blocks of ${facts.logicalBlockBytes} bytes; at most 4096 are supported`)
  }
  return {
    ...common,
    sizeBytes: wholeBlocks(path, facts.sizeBytes),
    physicalBlockBytes: Math.max(facts.physicalBlockBytes, PAGE_BYTES),
  }
}

/** Names the file or device itself, not the way to it: equal for two openings of one thing on one host. */
export function identityOf(stat: fs.BigIntStats): string {
  if (!stat.isBlockDevice()) return `file ${stat.dev}:${stat.ino}`
  const { major, minor } = splitDeviceNumber(stat.rdev)
  return `block ${major}:${minor}`
}

/** A partition may end in half a block, which is left alone. */
function wholeBlocks(path: string, sizeBytes: number): number {
  const whole = sizeBytes - (sizeBytes % PAGE_BYTES)
  if (whole === 0) throw new Error(`${path}: ${sizeBytes} bytes are no device`)
  return whole
}
