import fs, { constants } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Writes `data` as the whole content of `path`, durably: after a crash there is the old content or the new. */
export function replaceFile(path: string, data: string | Uint8Array, mode: number): void {
  const folder = dirname(path)
  const draft = join(folder, `.${basename(path)}.${process.pid}`)
  const fd = fs.openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, mode)
  try {
    fs.writeFileSync(fd, data)
    fs.fsyncSync(fd)
    fs.renameSync(draft, path)
  } catch (error) {
    fs.rmSync(draft, { force: true })
    throw error
  } finally {
    fs.closeSync(fd)
  }
  syncFolder(folder)
}

/**
 * As `replaceFile`, but within the blocks that the file has, for a file system that has no others. A crash meanwhile may
 * leave a mixture.
 */
export function overwriteFile(path: string, data: Uint8Array): void {
  const fd = fs.openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW)
  try {
    if (fs.writeSync(fd, data, 0, data.length, 0) !== data.length) throw new Error('not written as a whole')
    fs.ftruncateSync(fd, data.length)
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

/** Makes the names in a folder durable. */
export function syncFolder(path: string): void {
  const fd = fs.openSync(path, constants.O_RDONLY)
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}
