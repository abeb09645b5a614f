import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the kernel says about a block device. Sizes are bytes. */
export interface BlockFacts {
  readonly sizeBytes: number
  /** The smallest unit the device addresses. */
  readonly logicalBlockBytes: number
  /** The unit it writes without a read-modify-write. */
  readonly physicalBlockBytes: number
  readonly readOnly: boolean
}

/** Splits a Linux device number (`st_rdev`) as makedev(3) puts it together. */
export function splitDeviceNumber(rdev: bigint): { major: number; minor: number } {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)
  return { major: Number(major), minor: Number(minor) }
}

/**
 * Size and block sizes of the block special file with device number `rdev`, from sysfs. Throws an Error that says what
 * is missing where there is no sysfs (other systems, bare containers).
 */
export function readBlockFacts(rdev: bigint, sysfs = '/sys'): BlockFacts {
  const { major, minor } = splitDeviceNumber(rdev)
  const folder = join(sysfs, 'dev', 'block', `${major}:${minor}`)
  const sectors = readNumber(join(folder, 'size'))
  // A partition has no queue of its own: it is its disk's, one folder up.
  const queue = [join(folder, 'queue'), `${folder}/../queue`].find((path) => hasNumber(`${path}/logical_block_size`))
  if (sectors === null || queue === undefined) {
    throw new Error(`cannot learn the size of block device ${major}:${minor}: ${folder} is missing or not readable`)
  }
  const logicalBlockBytes = readNumber(`${queue}/logical_block_size`) ?? 512
  return {
    sizeBytes: sectors * 512,
    logicalBlockBytes,
    physicalBlockBytes: readNumber(`${queue}/physical_block_size`) ?? logicalBlockBytes,
    readOnly: readNumber(join(folder, 'ro')) === 1,
  }
}

function hasNumber(path: string): boolean {
  return readNumber(path) !== null
}

/** The whole number that a sysfs attribute holds; null when there is no such attribute. */
function readNumber(path: string): number | null {
  let text: string
  try {
    text = readFileSync(path, 'latin1').trim()
  } catch {
    return null
  }
  const value = Number(text)
  if (text === '' || !Number.isSafeInteger(value) || value < 0) throw new Error(`${path} holds '${text}', not a number`)
  return value
}
