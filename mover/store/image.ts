import fs, { constants } from 'node:fs'
import { dirname } from 'node:path'
import { PAGE_BYTES } from './page-pool.ts'

/**
 * Makes a sparse image file of `sizeBytes` (a multiple of 4096), readable by its owner only, and makes it durable with
 * its name. Never touches an existing file: throws EEXIST. What it could not finish it removes again.
 */
export function createImage(path: string, sizeBytes: number): void {
  checkSize(path, sizeBytes)
  const fd = fs.openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    fs.ftruncateSync(fd, sizeBytes)
    fs.fsyncSync(fd)
    syncFolder(dirname(path))
  } catch (error) {
    fs.unlinkSync(path)
    throw error
  } finally {
    fs.closeSync(fd)
  }
}

/** Makes the image unless something of that name is there, which is left as it is, whatever it is. */
export function ensureImage(path: string, sizeBytes: number): 'created' | 'present' {
  try {
    createImage(path, sizeBytes)
    return 'created'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // A link to nowhere exists for O_EXCL only.
    fs.statSync(path)
    return 'present'
  }
}

/** Grows an image file to `sizeBytes`, durably. Throws when that would shrink it, or when it is no regular file. */
export function growImage(path: string, sizeBytes: number): void {
  checkSize(path, sizeBytes)
  const fd = fs.openSync(path, constants.O_RDWR)
  try {
    const stat = fs.fstatSync(fd)
    if (!stat.isFile()) throw new Error(`${path}: not an image file; a block device grows by its own tools`)
    if (stat.size > sizeBytes)
      throw new Error(`${path}: has ${stat.size} bytes already and cannot shrink to ${sizeBytes}`)
    fs.ftruncateSync(fd, sizeBytes)
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

function checkSize(path: string, sizeBytes: number): void {
  if (Number.isSafeInteger(sizeBytes) && sizeBytes > 0 && sizeBytes % PAGE_BYTES === 0) return
  throw new RangeError(`${path}: an image of ${sizeBytes} bytes is not a whole number of 4096-byte blocks`)
}

function syncFolder(path: string): void {
  const fd = fs.openSync(path, constants.O_RDONLY)
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}
