import fs from 'node:fs'
import { basename } from 'node:path'
import { splitDeviceNumber } from './block-facts.ts'
import { identityOf } from './open-device.ts'

const MOST_PROCESSES_NAMED = 3
const MOST_COMMAND_CHARACTERS = 100

/**
 * Who uses a file or block device, for messages: mounts, swap, device-mapper and loop devices on it, processes. As much
 * as procfs and sysfs show to this user; '' when that is nothing. `loop` looks for loop devices only.
 */
export function readUsers(path: string, only: 'all' | 'loop' = 'all'): string {
  const stat = fs.statSync(path, { bigint: true })
  const users = stat.isBlockDevice() ? blockUsers(stat.rdev) : loopDevicesOn(identityOf(stat))
  if (only === 'loop') return users.join(', ')
  const processes = processesWith(path, stat.isBlockDevice())
  const shown = processes.slice(0, MOST_PROCESSES_NAMED)
  if (processes.length > shown.length) shown.push(`${processes.length - shown.length} more`)
  return [...users, ...shown].join(', ')
}

/** What the kernel has built upon a block device or its partitions. */
function blockUsers(rdev: bigint): string[] {
  const { major, minor } = splitDeviceNumber(rdev)
  const folder = `/sys/dev/block/${major}:${minor}`
  const numbers = new Set([`${major}:${minor}`])
  for (const entry of list(folder)) {
    if (fs.existsSync(`${folder}/${entry}/partition`)) numbers.add(read(`${folder}/${entry}/dev`).trim())
  }
  const users: string[] = []
  for (const line of lines('/proc/self/mountinfo')) {
    const fields = line.split(' ')
    if (numbers.has(fields[2])) users.push(`the mount on ${fields[4]}`)
  }
  for (const number of numbers)
    for (const holder of list(`/sys/dev/block/${number}/holders`)) users.push(`/dev/${holder}`)
  for (const line of lines('/proc/swaps').slice(1)) {
    const swap = line.split(/\s/)[0]
    if (numbers.has(deviceNumberOf(swap))) users.push('swap')
  }
  return users
}

function deviceNumberOf(path: string): string {
  try {
    const { major, minor } = splitDeviceNumber(fs.statSync(path, { bigint: true }).rdev)
    return `${major}:${minor}`
  } catch {
    return ''
  }
}

/** Loop devices know no locks: an image that one of them serves is in use. */
function loopDevicesOn(identity: string): string[] {
  const loops: string[] = []
  for (const name of list('/sys/block')) {
    if (!name.startsWith('loop')) continue
    const backing = read(`/sys/block/${name}/loop/backing_file`).trim()
    if (backing === '') continue
    try {
      if (identityOf(fs.statSync(backing, { bigint: true })) === identity) loops.push(`/dev/${name}`)
    } catch {
      // A backing file that is gone, or not to be seen from here, is not this one.
    }
  }
  return loops
}

/** Processes that have `path` open; of a file only those through whose descriptor it is locked. */
function processesWith(path: string, isBlockDevice: boolean): string[] {
  const target = fs.realpathSync(path)
  const found: string[] = []
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    const uses = list(`/proc/${pid}/fd`).some(
      (fd) =>
        linkTarget(`/proc/${pid}/fd/${fd}`) === target &&
        (isBlockDevice || read(`/proc/${pid}/fdinfo/${fd}`).includes('FLOCK')),
    )
    if (uses) found.push(describe(pid))
  }
  return found
}

function describe(pid: string): string {
  const [program, ...words] = read(`/proc/${pid}/cmdline`).split('\0')
  const command = [basename(program), ...words].join(' ').trim()
  const short = command.length > MOST_COMMAND_CHARACTERS ? `${command.slice(0, MOST_COMMAND_CHARACTERS)}…` : command
  return `process ${pid} (${short})`
}

// Processes end and devices go while this looks: what cannot be read is not there.

function list(path: string): string[] {
  try {
    return fs.readdirSync(path)
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function lines(path: string): string[] {
  return read(path)
    .split('\n')
    .filter((line) => line !== '')
}

function linkTarget(path: string): string {
  try {
    return fs.readlinkSync(path)
  } catch {
    return ''
  }
}
