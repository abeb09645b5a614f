import { spawn } from 'node:child_process'
import fs, { constants } from 'node:fs'
import { readUsers } from './claim-holders.ts'
import { identityOf } from './open-device.ts'

/**
 * The exclusive right to a file or block device on this host. It belongs to the open descriptor and everything that
 * inherits it: it ends when the last process that has it is gone, however it dies.
 */
export interface Claim {
  readonly path: string
  /** To be inherited by the processes that use the device. */
  readonly fd: number
  /** Closes this process's descriptor; heirs keep the claim. */
  release(): void
}

/** Somebody else has the claim; the message says who, where that is to be known. Nothing was changed. */
export class ClaimRefused extends Error {
  constructor(path: string, users: string) {
    super(`${path} is in use${users === '' ? '' : ` by ${users}`}`)
    this.name = 'ClaimRefused'
  }
}

/** Flags of open(2) on macOS that take the lock of flock(2) as the file is opened: O_EXLOCK and O_NONBLOCK. */
const DARWIN_LOCK_FLAGS = 0x20 | 0x04
const FLOCK_HELD_STATUS = 1

/**
 * Claims a volume's device: an image file by flock(2), a block special file by an O_EXCL open, which the kernel refuses
 * while the device or one of its partitions is mounted or claimed. Rejects with `ClaimRefused` when it is in use, with
 * another Error when it cannot be claimed at all.
 */
export async function claimDevice(path: string): Promise<Claim> {
  const stat = fs.statSync(path)
  if (stat.isFile()) return claimByLock(path, 0)
  if (!stat.isBlockDevice()) throw new Error(`${path}: neither an image file nor a block device`)
  const fd = openOr(path, constants.O_RDWR | constants.O_EXCL, 'EBUSY')
  if (!fs.fstatSync(fd).isBlockDevice()) {
    fs.closeSync(fd)
    throw new Error(`${path}: was replaced while it was opened`)
  }
  return claimOf(path, fd)
}

/** Claims a file that is there to be locked, by flock(2); it is made when it is missing. Rejects as `claimDevice` does. */
export async function claimFile(path: string): Promise<Claim> {
  return claimByLock(path, constants.O_CREAT)
}

async function claimByLock(path: string, flags: number): Promise<Claim> {
  const locksAtOpen = process.platform === 'darwin'
  const fd = openOr(path, constants.O_RDWR | flags | (locksAtOpen ? DARWIN_LOCK_FLAGS : 0), 'EAGAIN')
  try {
    if (!locksAtOpen && !(await lock(path, fd))) throw new ClaimRefused(path, readUsers(path))
    const users = readUsers(path, 'loop')
    if (users !== '') throw new ClaimRefused(path, users)
    checkSame(path, fd)
  } catch (error) {
    fs.closeSync(fd)
    throw error
  }
  return claimOf(path, fd)
}

/** A file that took the path's place while it was being locked may be locked by somebody else. */
function checkSame(path: string, fd: number): void {
  const same = identityOf(fs.fstatSync(fd, { bigint: true })) === identityOf(fs.statSync(path, { bigint: true }))
  if (!same) throw new Error(`${path}: was replaced by another file while it was being claimed`)
}

function claimOf(path: string, fd: number): Claim {
  let released = false
  return {
    path,
    fd,
    release() {
      if (!released) fs.closeSync(fd)
      released = true
    },
  }
}

function openOr(path: string, flags: number, inUse: string): number {
  try {
    return fs.openSync(path, flags, 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === inUse) throw new ClaimRefused(path, readUsers(path))
    throw error
  }
}

/**
 * Locks what `fd` is open on; false when it is locked already. The flock program of util-linux locks the descriptor that
 * it inherits, and the lock stays with the open file when it has ended: Node itself has no flock(2).
 */
function lock(path: string, fd: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-n', '-x', '3'], { stdio: ['ignore', 'ignore', 'pipe', fd] })
    let complaint = ''
    child.stderr?.on('data', (text) => {
      complaint += text
    })
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT' ? 'the program flock (package util-linux) is missing' : error.message
      reject(new Error(`${path}: cannot be locked: ${missing}`))
    })
    child.on('close', (status, signal) => {
      if (status === 0) resolve(true)
      else if (status === FLOCK_HELD_STATUS) resolve(false)
      else reject(new Error(`${path}: cannot be locked: flock ended with ${status ?? signal}: ${complaint.trim()}`))
    })
  })
}
